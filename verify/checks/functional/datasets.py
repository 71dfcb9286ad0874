"""Do data arrive as they were written, and does every transformation do what it says, once more and elsewhere?"""

import csv
import gc
import importlib
import json
import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.probe.check import check
from verify.probe.context import Context

if TYPE_CHECKING:
    import datasets

Row = dict[str, Any]

# Beyond 32 bits, where a number that was kept in too few comes back as another one.
LARGE = 2**40
# What encoders, splitters of lines and readers of quotes stumble over; no empty text, which CSV cannot tell from none.
TEXTS = (
    "plain",
    "机器学习",
    "🙂👩‍🔬",
    'a "quoted", text',
    "two\nlines",
    "naïve café",
    "  spaces  ",
    "\u2028 separates",
    "last",
)
ROWS = 100
TEST_ROWS = 20
# The read-ahead of a new process that imports datasets takes seconds.
CHILD_SECONDS = 90


@check(needs=["datasets", "pyarrow"])
def files_load_as_they_were_written(ctx: Context) -> None:
    """Rows written to JSON lines, CSV and Parquet load as they were written, whole or as a stream.

    Training text is lost or mangled on its way in: compare the file's first and last lines with what was loaded.
    """
    import datasets

    rows: list[Row] = [{"n": LARGE + index, "text": text} for index, text in enumerate(TEXTS)]
    with_gaps: list[Row] = [*rows, {"n": None, "text": ""}, {"n": -1, "text": None}, {"n": 0, "text": "after the gaps"}]
    for kind, written in (("json", with_gaps), ("csv", rows), ("parquet", with_gaps)):
        path = ctx.scratch / f"rows.{kind}"
        WRITERS[kind](path, written)
        settings: Row = {"data_files": str(path), "split": "train", "cache_dir": str(ctx.scratch / "cache")}
        for way in ("whole", "streamed"):
            loaded = list(datasets.load_dataset(kind, **settings, streaming=way == "streamed"))
            # What is left of a stream of Parquet may abort the process at its exit, rows and all already told: threads
            # of Arrow are joined while it runs, or not at all (https://github.com/apache/arrow/issues/45214).
            gc.collect()
            wrong = _differing(loaded, written)
            ctx.measure("differing_rows", wrong, unit="1", equals=0, conditions={"format": kind, "way": way})


@check(needs=["datasets", "pyarrow"])
def transformations_do_what_they_say(ctx: Context) -> None:
    """Mapping, filtering, shuffling, splitting and saving a data set give the rows that Python gives.

    Rows that are dropped, repeated or reordered bias training without a word: pin another version of datasets.
    """
    import datasets

    table, own = _numbers(ctx), list(range(ROWS))
    squares = [n * n for n in own]
    one_by_one = table.map(lambda row: {"n": row["n"] ** 2})["n"]
    in_batches = table.map(lambda rows: {"n": [n * n for n in rows["n"]]}, batched=True, batch_size=7)["n"]
    ctx.require(list(one_by_one) == squares, "map gave other rows than Python")
    ctx.require(list(in_batches) == squares, "map in batches gave other rows than one by one")
    odd = list(table.filter(lambda row: row["n"] % 2)["n"])
    ctx.require(odd == own[1::2], "filter kept other rows than Python")
    first, again, other = (list(table.shuffle(seed=seed)["n"]) for seed in (ctx.seed, ctx.seed, ctx.seed + 1))
    ctx.require(sorted(first) == own, "shuffling drops or repeats rows")
    ctx.require(first == again, "shuffling twice with one seed gave two orders")
    ctx.require(own not in (first, other) and first != other, "the seed of shuffling is not used")
    split = table.train_test_split(test_size=TEST_ROWS, seed=ctx.seed)
    train, test = list(split["train"]["n"]), list(split["test"]["n"])
    ctx.require(sorted(train + test) == own and len(test) == TEST_ROWS, "a split does not hold every row once")
    split.save_to_disk(str(ctx.scratch / "saved"))
    saved = datasets.load_from_disk(str(ctx.scratch / "saved"))
    ctx.require([list(saved[name]["n"]) for name in ("train", "test")] == [train, test], "saving changed the rows")


@check(needs=["datasets", "pyarrow"], timeout_seconds=240)
def a_stream_gives_the_rows_of_the_table(ctx: Context) -> None:
    """A stream over several files gives the rows of the loaded table in their order, and shuffled each of them once.

    What is streamed trains on other data than what is loaded: look at how files are divided among readers.
    """
    import datasets

    paths = [ctx.scratch / f"part-{part}.json" for part in range(3)]
    for part, path in enumerate(paths):
        _write_json_lines(path, [{"n": n} for n in range(part * ROWS, (part + 1) * ROWS)])
    settings: Row = {"data_files": [*map(str, paths)], "split": "train", "cache_dir": str(ctx.scratch / "cache")}
    table = [row["n"] for row in datasets.load_dataset("json", **settings)]
    stream = datasets.load_dataset("json", **settings, streaming=True)
    ctx.require(table == [*range(3 * ROWS)], "the table does not hold the files' rows in their order")
    ctx.require([row["n"] for row in stream] == table, "the stream gave other rows, or another order")
    shuffled = [row["n"] for row in stream.shuffle(seed=ctx.seed, buffer_size=50)]
    ctx.require(sorted(shuffled) == table, "shuffling the stream drops or repeats rows")
    ctx.require(shuffled != table, "shuffling the stream changed nothing")
    taken = [row["n"] for row in stream.skip(ROWS + 5).take(3)]
    ctx.require(taken == table[ROWS + 5 : ROWS + 8], "skipping in the stream came out elsewhere")


@check(needs=["datasets", "pyarrow"], timeout_seconds=240)
def a_new_process_finds_what_was_cached_and_only_that(ctx: Context) -> None:
    """A mapping that was cached is found again by a new process, and a changed mapping is computed anew.

    A fingerprint that differs repeats hours of tokenising; one that ignores the function trains on stale data.
    """
    folder = str(ctx.scratch)
    _numbers(ctx).save_to_disk(str(ctx.scratch / "table"))
    first = _mapped(folder, 2)
    calls = _calls(ctx)
    ctx.require(first["rows"] == [2 * n for n in range(ROWS)], "the mapping gave other rows than Python")
    ctx.measure("calls", calls, unit="1", equals=ROWS, conditions={"process": "first"})
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        again, changed = (pool.submit(_mapped, folder, factor).result(CHILD_SECONDS) for factor in (2, 3))
    ctx.require(again["rows"] == first["rows"], "the new process got other rows from the same mapping")
    ctx.require(
        again["fingerprint"] == first["fingerprint"], "the new process gave the same mapping another fingerprint"
    )
    ctx.require(changed["rows"] == [3 * n for n in range(ROWS)], "a changed mapping got the rows of the one before")
    ctx.require(
        changed["fingerprint"] != first["fingerprint"], "a changed mapping has the fingerprint of the one before"
    )
    ctx.measure("calls", _calls(ctx) - calls, unit="1", equals=ROWS, conditions={"process": "second"})


def _mapped(folder: str, factor: int) -> Row:
    """The table mapped by a function that leaves a mark at each call, which a row from the cache does not."""
    import datasets

    marks = Path(folder) / "calls"

    # Made here, it is hashed by what it does; a function of a module would be by its name alone.
    def times(row: Row) -> Row:
        with marks.open("a") as file:
            file.write("x")
        return {"n": row["n"] * factor}

    mapped = datasets.load_from_disk(str(Path(folder) / "table")).map(times)
    return {"rows": list(mapped["n"]), "fingerprint": mapped._fingerprint}  # noqa: SLF001 - it has no other name


def _calls(ctx: Context) -> int:
    return len((ctx.scratch / "calls").read_text(encoding="utf-8"))


def _numbers(ctx: Context) -> "datasets.Dataset":
    """The numbers from 0, from a file, for what is in memory only is not cached."""
    import datasets

    path = ctx.scratch / "numbers.json"
    _write_json_lines(path, [{"n": n} for n in range(ROWS)])
    return datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(ctx.scratch / "cache"))


def _differing(loaded: Sequence[Row], written: Sequence[Row]) -> int:
    """How many rows differ, are missing or too many."""
    same = sum(one == other for one, other in zip(loaded, written, strict=False))
    return max(len(loaded), len(written)) - same


def _write_json_lines(path: Path, rows: Sequence[Row]) -> None:
    # Without the newline at the end that some readers need to see the last row.
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")


def _write_csv(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(path: Path, rows: Sequence[Row]) -> None:
    # By their names, as nothing else of the suite needs them.
    table, parquet = importlib.import_module("pyarrow").Table, importlib.import_module("pyarrow.parquet")
    parquet.write_table(table.from_pylist(list(rows)), path)


WRITERS: Mapping[str, Callable[[Path, Sequence[Row]], None]] = {
    "json": _write_json_lines,
    "csv": _write_csv,
    "parquet": _write_parquet,
}
