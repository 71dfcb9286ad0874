"""Ways to spoil a history that is at rest, each of which must be found."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path

Spoil = Callable[[random.Random, list[Path]], None]


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1 << at % 7
    path.write_bytes(data)


def a_bit(chance: random.Random, reports: list[Path]) -> None:
    """One bit of one report is another."""
    _flip(chance.choice(reports), chance.randrange(10**6))


def cut_off(chance: random.Random, reports: list[Path]) -> None:
    """The end of a report is gone."""
    path = chance.choice(reports)
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data))])


def zeros(chance: random.Random, reports: list[Path]) -> None:
    """A block of a report is zeros, as some disks leave it."""
    path = chance.choice(reports)
    data = bytearray(path.read_bytes())
    at = chance.randrange(len(data))
    data[at : at + 512] = bytes(len(data[at : at + 512]))
    path.write_bytes(data)


def deleted(chance: random.Random, reports: list[Path]) -> None:
    """A report is gone, with all that lies beside it."""
    path = chance.choice(reports)
    for beside in path.parent.glob(f"{path.stem}*"):
        beside.unlink()


def last_deleted(_: random.Random, reports: list[Path]) -> None:
    """The last report by name is gone, with all that lies beside it."""
    for beside in reports[-1].parent.glob(f"{reports[-1].stem}*"):
        beside.unlink()


def swapped(chance: random.Random, reports: list[Path]) -> None:
    """Two reports have changed places."""
    one, two = chance.sample(reports, 2)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def doubled(chance: random.Random, reports: list[Path]) -> None:
    """A report is there twice."""
    path = chance.choice(reports)
    path.with_name(f"20990101T000000Z-{path.stem[-12:]}.json").write_bytes(path.read_bytes())


def a_head(chance: random.Random, reports: list[Path]) -> None:
    """One bit of a head is another."""
    _flip(chance.choice(sorted(reports[0].parent.glob("*.head"))), chance.randrange(10**6))


def a_page(chance: random.Random, reports: list[Path]) -> None:
    """The page beside a report says something else."""
    page = chance.choice(reports).with_suffix(".md")
    page.write_text(page.read_text(encoding="utf-8") + "\nAll checks passed.\n", encoding="utf-8")


SPOIL: Mapping[str, Spoil] = {
    "a bit": a_bit,
    "cut off": cut_off,
    "zeros": zeros,
    "deleted": deleted,
    "last deleted": last_deleted,
    "swapped": swapped,
    "doubled": doubled,
    "a head": a_head,
    "a page": a_page,
}
