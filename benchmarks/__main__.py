"""``nox -s benchmarks``: prints the table; ``--cold`` and ``--reachable`` add what takes minutes a round."""

import argparse
from pathlib import Path

from benchmarks import provisioning, reachable, startup, suite

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Print each row as it is known."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "--cold", type=int, default=0, metavar="ROUNDS", help="also set up with empty caches this often"
    )
    parser.add_argument(
        "--reachable", type=int, default=0, metavar="ROUNDS", help="also set our figures beside others' this often"
    )
    arguments = parser.parse_args()
    print("| ours | against | ours, median | theirs, median | figure | rounds |\n|---|---|---|---|---|---|")
    for rows in (
        startup.rows(ROOT),
        startup.supervisor_rows(ROOT),
        suite.quick_rows(ROOT),
        suite.rows(ROOT),
        provisioning.rows(ROOT, arguments.cold),
        reachable.rows(ROOT, arguments.reachable),
    ):
        for row in rows:
            print(row, flush=True)


if __name__ == "__main__":
    main()
