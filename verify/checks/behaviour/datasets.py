"""Do data come as they came, in the order in which they came?"""

import hashlib
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.checks.behaviour.exchange import exchange_of, reading
from verify.checks.behaviour.tokenizers import TEXTS
from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import datasets

Row = dict[str, Any]

NEEDS = ("datasets", "pyarrow")
# Beyond 32 bits, where a number that was kept in too few comes back as another one.
LARGE = 2**40
ROWS, TEST_ROWS, BUFFER = 200, 40, 50
KINDS = ("json", "parquet", "disk")


@check(needs=NEEDS)
def rows_that_were_written_are_read_the_same(ctx: Context) -> None:
    """Rows that another environment wrote to JSON lines, Parquet and its own format are read as they were there.

    Data that were prepared before the upgrade are something else after it: prepare them anew, or keep the version.
    """
    exchange = exchange_of(ctx, rows_that_were_written_are_read_the_same)
    written = _rows()
    table = _table(written)
    table.to_json(str(exchange.left / "table.json"))
    table.to_parquet(str(exchange.left / "table.parquet"))
    table.save_to_disk(str(exchange.left / "table.disk"))
    own = {kind: _read(ctx, kind, exchange.left / f"table.{kind}") for kind in KINDS}
    exchange.leave("rows", own)
    for kind, rows in own.items():
        conditions = {"format": kind, "written": "here", "sha256": _digest(rows)}
        ctx.measure("differing_rows", _differing(rows, written), unit="1", equals=0, conditions=conditions)
    if exchange.kept:
        for kind, rows in exchange.found("rows").items():
            with reading(f"what was written as {kind}"):
                found = _read(ctx, kind, exchange.place_of(f"table.{kind}"))
            # By their JSON, in which 1 and 1.0 differ.
            differing = _differing([*map(json.dumps, found)], [*map(json.dumps, rows)])
            conditions = {"format": kind, "written": "there", "sha256": _digest(found)}
            ctx.measure("differing_rows", differing, unit="1", equals=0, conditions=conditions)


@check(needs=NEEDS)
def the_same_seed_gives_the_same_order(ctx: Context) -> None:
    """A seed shuffles, splits, shards and streams the rows in the order in which it did.

    Another order trains another model and, where a split changed, tests it on what it was trained with. Keep the split
    as files, not as a seed.
    """
    exchange = exchange_of(ctx, the_same_seed_gives_the_same_order)
    table = _table(_numbers())
    shuffled, split = table.shuffle(seed=ctx.seed), table.train_test_split(test_size=TEST_ROWS, seed=ctx.seed)
    streamed = table.to_iterable_dataset(num_shards=4)
    orders = {
        "mapped": _order(table.map(_doubled, batched=True, batch_size=7)),
        "shuffled": _order(shuffled),
        "train": _order(split["train"]),
        "test": _order(split["test"]),
        "sharded": _order(shuffled.shard(num_shards=3, index=1)),
        "streamed": _order(streamed.shuffle(seed=ctx.seed, buffer_size=BUFFER)),
    }
    exchange.leave("orders", orders)
    whole = list(range(ROWS))
    ctx.require(orders["mapped"] == [2 * n for n in whole], "the mapping gave other rows than Python")
    for name in ("shuffled", "streamed"):
        ctx.require(sorted(orders[name]) == whole != orders[name], f"{name} rows are not all of them in another order")
    ctx.require(sorted(orders["train"] + orders["test"]) == whole, "the split does not hold every row once")
    for name, order in orders.items():
        if exchange.kept:
            moved = _differing(order, exchange.found("orders")[name])
            ctx.measure("moved_rows", moved, unit="1", equals=0, conditions={"what": name})


@check(needs=NEEDS)
def the_same_steps_have_the_same_fingerprint(ctx: Context) -> None:
    """Making, mapping, shuffling and splitting a data set give it the fingerprints that they gave it before.

    What was cached is not found again: tokenising is repeated once, which costs time and nothing else. Accept it.
    """
    exchange = exchange_of(ctx, the_same_steps_have_the_same_fingerprint)
    first, again = _fingerprints(ctx.seed), _fingerprints(ctx.seed)
    exchange.leave("fingerprints", first)
    ctx.note(**first)
    ctx.require(first == again, f"the same steps gave {first} and {again}")
    ctx.require(len({*first.values()}) == len(first), f"different steps share a fingerprint: {first}")
    if exchange.kept:
        other = exchange.found("fingerprints")
        differing = [name for name in first if first[name] != other[name]]
        ctx.require(not differing, f"other fingerprints after: {', '.join(differing)}")


def _rows() -> list[Row]:
    """Rows with what readers stumble over: large numbers, gaps, lists, many scripts.

    The shares are such as ten digits hold: datasets writes no more of them as JSON.
    """
    texts = [*TEXTS.values(), "two\nlines", 'a "quoted", text', "  spaces  "]
    full = [{"n": LARGE + n, "share": n / 8, "ids": list(range(n % 4)), "text": text} for n, text in enumerate(texts)]
    return [
        *full,
        {"n": None, "share": None, "ids": None, "text": None},
        {"n": -1, "share": 0.0, "ids": [7], "text": ""},
    ]


def _numbers() -> list[Row]:
    return [{"n": n} for n in range(ROWS)]


def _table(rows: list[Row]) -> "datasets.Dataset":
    import datasets

    return datasets.Dataset.from_dict({name: [row[name] for row in rows] for name in rows[0]})


def _read(ctx: Context, kind: str, place: Path) -> list[Row]:
    import datasets

    if kind == "disk":
        return list(datasets.load_from_disk(str(place)))
    return list(datasets.load_dataset(kind, data_files=str(place), split="train", cache_dir=str(ctx.scratch / "cache")))


def _digest(rows: list[Row]) -> str:
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def _differing(found: Sequence[Any], other: Sequence[Any]) -> int:
    """How many places hold another thing, or nothing on one side."""
    return sum(one != another for one, another in itertools.zip_longest(found, other))


def _order(rows: Any) -> list[int]:
    return [row["n"] for row in rows]


def _doubled(rows: dict[str, list[int]]) -> dict[str, list[int]]:
    return {"n": [2 * n for n in rows["n"]]}


def _fingerprints(seed: int) -> dict[str, str]:
    table = _table(_numbers())
    mapped = table.map(_doubled, batched=True)
    split = mapped.train_test_split(test_size=TEST_ROWS, seed=seed)
    steps = {"made": table, "mapped": mapped, "shuffled": mapped.shuffle(seed=seed), **split}
    return {name: str(step._fingerprint) for name, step in steps.items()}  # noqa: SLF001 - it has no other name
