"""A fleet: one certification a node, started by Slurm, gathered here."""
