"""What options are given, refused where it can mean nothing."""

import argparse
import os
from pathlib import Path


def given(text: str) -> str:
    """The word that an option is given.

    Raises:
        ArgumentTypeError: It is empty, as of a shell's variable that is not set, or is no text.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("it is given nothing: an empty word")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(f"{text!a} is not UTF-8") from error
    if "\0" in text:
        raise argparse.ArgumentTypeError(f"{text!a} holds a NUL")
    return text


def one_line(text: str) -> str:
    """The line of text that an option is given.

    Raises:
        ArgumentTypeError: It is empty, is several, or holds what cannot be seen.
    """
    if not given(text).isprintable():
        raise argparse.ArgumentTypeError(f"{text!a} is no line that can be read")
    return text


def place(text: str) -> Path:
    """The path that an option is given; an empty one would be the current folder.

    Raises:
        ArgumentTypeError: It is empty, or holds a NUL, as no name does.
    """
    if "\0" in text:
        raise argparse.ArgumentTypeError(f"{text!a} holds a NUL")
    # A name need not be text.
    given(os.fsencode(text).decode("utf-8", "replace"))
    return Path(text)


def count(text: str) -> int:
    """The number from 1 upwards that an option is given.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!a} is no number from 1 upwards")
    return int(text)
