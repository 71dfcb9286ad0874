"""What options are given, refused where it can mean nothing."""

import argparse
from pathlib import Path


def given(text: str) -> str:
    """The word that an option is given.

    Raises:
        ArgumentTypeError: It is empty, as of a shell's variable that is not set.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("it is given nothing: an empty word")
    return text


def place(text: str) -> Path:
    """The path that an option is given; an empty one would be the current folder.

    Raises:
        ArgumentTypeError: It is empty.
    """
    return Path(given(text))


def count(text: str) -> int:
    """The number from 1 upwards that an option is given.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 upwards")
    return int(text)
