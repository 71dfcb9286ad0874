"""``nox -s benchmarks``: prints the table; ``--cold`` and ``--reachable`` add what takes minutes a round.

``--against-itself``, ``--doubled``, ``--audit`` and ``--pages`` print tables of their own, and nothing else.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from benchmarks import against_itself, doubled, fleets, gates, histories, pages, provisioning, reachable, startup, suite

ROOT = Path(__file__).resolve().parents[1]
HEAD = "| ours | against | ours, median | theirs, median | figure | rounds |\n|---|---|---|---|---|---|"


def main(words: Sequence[str] | None = None) -> None:
    """Print each row as it is known."""
    for row in rows(parser().parse_args(words)):
        print(row, flush=True)


def parser() -> argparse.ArgumentParser:
    """The options."""
    found = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    found.add_argument("--cold", type=int, default=0, metavar="ROUNDS", help="also set up with empty caches this often")
    found.add_argument(
        "--reachable", type=int, default=0, metavar="ROUNDS", help="also set our figures beside others' this often"
    )
    found.add_argument(
        "--only", choices=[*reachable.PARTS], help="of the figures set beside others' these, and nothing else"
    )
    found.add_argument(
        "--against-itself", type=int, metavar="COMPARISONS", help="compare a training run with itself this often"
    )
    found.add_argument(
        "--doubled", action="store_true", help="compare pretraining's conclusions with those of twice the steps"
    )
    found.add_argument(
        "--record-duels", type=int, metavar="GROUPS", help="add the noise of so many duels to benchmarks/recorded/"
    )
    found.add_argument("--audit", type=int, metavar="N", help="prove and question a made-up history of N reports")
    found.add_argument("--gates", type=int, metavar="N", help="simulate so many gates a cell with the recorded noise")
    found.add_argument("--fleet", type=int, metavar="N", help="simulate fleets of up to N nodes, and read N reports")
    found.add_argument("--pages", action="store_true", help="how large the pages are, and how soon they are painted")
    return found


# Tables of their own: those that are told a number, and those that are not.
COUNTED = {
    "against_itself": against_itself.rows,
    "record_duels": gates.record,
    "gates": gates.rows,
    "fleet": fleets.rows,
}
PLAIN = {"doubled": doubled.rows, "pages": pages.rows}


def rows(asked: argparse.Namespace) -> Iterable[str]:
    """The table that was asked for."""
    for name, counted in COUNTED.items():
        number = getattr(asked, name)
        if number is not None:
            return counted(ROOT, number)
    for name, plain in PLAIN.items():
        if getattr(asked, name):
            return plain(ROOT)
    return chain([HEAD], _rows(asked))


def _rows(asked: argparse.Namespace) -> Iterable[str]:
    """The rows of the tables that have our head."""
    if asked.audit:
        return histories.rows(ROOT, asked.audit)
    if asked.only:
        return reachable.PARTS[asked.only](ROOT, asked.reachable)
    return _table(asked.cold, asked.reachable)


def _table(cold: int, rounds: int) -> Iterator[str]:
    yield from startup.rows(ROOT)
    yield from startup.supervisor_rows(ROOT)
    yield from suite.quick_rows(ROOT)
    yield from suite.rows(ROOT)
    yield from provisioning.rows(ROOT, cold)
    if rounds:
        for part in reachable.PARTS.values():
            yield from part(ROOT, rounds)


if __name__ == "__main__":
    main()
