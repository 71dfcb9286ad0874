"""What a launcher starts, once a process, by its path."""
