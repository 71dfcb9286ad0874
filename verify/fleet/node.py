"""A project of a node's own, so that many nodes can run from one shared project at once.

Runs of one project wait for each other, for they share its scratch folder and its history. On a node they share
neither: what is read is linked, what is written is the node's, on its own disk, and only the report leaves it.
"""

from pathlib import Path

from verify.errors import UsageError
from verify.spec.builds import environments_directory

READ = ("envs", "lockfiles", "policy", "schemas")
# Beside the links to environments. What a run makes for itself there, its cache and its lock, is the node's own.
ENVIRONMENTS = ("builds", "current")


def own_project(root: Path, folder: Path) -> Path:
    """Make a node's own project from a shared one.

    Args:
        root: The shared one.
        folder: An empty folder on the node's disk.

    Raises:
        UsageError: The shared one has no environment.
        OSError: The disk refused.
    """
    shared, own = environments_directory(root), environments_directory(folder)
    if not shared.is_dir():
        raise UsageError(f"{root} has no environment", "set one up: ./noxw -s setup")
    for name in READ:
        if (root / name).exists():
            (folder / name).symlink_to(root / name)
    own.mkdir()
    for entry in shared.iterdir():
        if entry.is_symlink() or entry.name in ENVIRONMENTS:
            (own / entry.name).symlink_to(entry.resolve() if entry.is_symlink() else entry)
    return folder
