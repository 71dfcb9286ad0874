"""Data that come otherwise, or in another order."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.checks.replaced import replaced

READ = "behaviour/datasets.rows_that_were_written_are_read_the_same"
ORDER = "behaviour/datasets.the_same_seed_gives_the_same_order"
FINGERPRINT = "behaviour/datasets.the_same_steps_have_the_same_fingerprint"

CASES = [
    ("a_last_row_that_is_dropped", READ, "", "differing_rows is 1"),
    ("whole_numbers_that_become_others", READ, "", "differing_rows"),
    ("a_file_that_cannot_be_read", READ, "", "what was written as parquet cannot be read here: ValueError: version"),
    ("text_that_is_stripped", READ, "", "differing_rows"),
    ("a_shuffle_of_another_order", ORDER, "", "moved_rows"),
    ("a_split_of_another_order", ORDER, "", "moved_rows"),
    ("a_stream_of_another_order", ORDER, "", "moved_rows"),
    ("a_shuffle_that_leaves_the_order", ORDER, "", "shuffled rows are not all of them in another order"),
    ("a_split_that_repeats_rows", ORDER, "", "the split does not hold every row once"),
    ("a_mapping_that_does_nothing", ORDER, "", "the mapping gave other rows"),
    ("a_hash_of_another_kind", FINGERPRINT, "", "other fingerprints after: made, mapped, shuffled"),
    ("a_hash_that_is_drawn", FINGERPRINT, "", "the same steps gave"),
    ("steps_that_leave_no_mark", FINGERPRINT, "", "different steps share a fingerprint"),
]


@contextmanager
def loaded(change: Any) -> Iterator[None]:
    """Files of the other environment that are read otherwise."""
    import datasets

    def other(exact: Any, kind: str, data_files: str, **settings: Any) -> Any:
        table = exact(kind, data_files=data_files, **settings)
        return change(table, kind) if "/first/" in data_files else table

    with replaced(datasets, "load_dataset", other):
        yield


@contextmanager
def a_last_row_that_is_dropped() -> Iterator[None]:
    with loaded(lambda table, _: table.select(range(len(table) - 1))):
        yield


@contextmanager
def whole_numbers_that_become_others() -> Iterator[None]:
    import datasets

    with loaded(lambda table, _: table.cast_column("n", datasets.Value("float64"))):
        yield


@contextmanager
def a_file_that_cannot_be_read() -> Iterator[None]:
    def refuse(table: Any, kind: str) -> Any:
        if kind == "parquet":
            raise ValueError("version 3 is not known")
        return table

    with loaded(refuse):
        yield


@contextmanager
def text_that_is_stripped() -> Iterator[None]:
    with loaded(lambda table, _: [{**row, "text": row["text"] and row["text"].strip()} for row in table]):
        yield


@contextmanager
def method(kind: str, name: str, change: Any) -> Iterator[None]:
    """A method of a kind of data set that is given, or gives, something else."""
    import datasets

    with replaced(getattr(datasets, kind), name, change):
        yield


def of_the_next_seed(exact: Any, table: Any, *, seed: int, **settings: Any) -> Any:
    return exact(table, seed=seed + 1, **settings)


@contextmanager
def a_shuffle_of_another_order() -> Iterator[None]:
    with method("Dataset", "shuffle", of_the_next_seed):
        yield


@contextmanager
def a_split_of_another_order() -> Iterator[None]:
    with method("Dataset", "train_test_split", of_the_next_seed):
        yield


@contextmanager
def a_stream_of_another_order() -> Iterator[None]:
    with method("IterableDataset", "shuffle", of_the_next_seed):
        yield


@contextmanager
def a_shuffle_that_leaves_the_order() -> Iterator[None]:
    with method("Dataset", "shuffle", lambda _exact, table, **_: table):
        yield


@contextmanager
def a_split_that_repeats_rows() -> Iterator[None]:
    with method("Dataset", "train_test_split", lambda _exact, table, **_: {"train": table, "test": table}):
        yield


@contextmanager
def a_mapping_that_does_nothing() -> Iterator[None]:
    with method("Dataset", "map", lambda _exact, table, *_, **__: table):
        yield


@contextmanager
def generated(change: Any) -> Iterator[None]:
    from datasets import arrow_dataset

    with replaced(arrow_dataset, "generate_fingerprint", change):
        yield


@contextmanager
def a_hash_of_another_kind() -> Iterator[None]:
    with generated(lambda exact, table: exact(table)[::-1]):
        yield


@contextmanager
def a_hash_that_is_drawn() -> Iterator[None]:
    drawn = itertools.count()
    with generated(lambda _exact, _table: f"{next(drawn):016x}"):
        yield


@contextmanager
def steps_that_leave_no_mark() -> Iterator[None]:
    with method("Dataset", "map", lambda _exact, table, *_, **__: table):
        yield
