"""How the names of packages compare, on both sides of the wall."""

import re


def normalised(name: str) -> str:
    """A name as indexes compare it: https://packaging.python.org/en/latest/specifications/name-normalization."""
    return re.sub(r"[-_.]+", "-", name).lower()
