"""Rows that are lost, mangled, repeated, reordered or out of date."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

FILES = "functional/datasets.files_load_as_they_were_written"
TRANSFORMS = "functional/datasets.transformations_do_what_they_say"
STREAM = "functional/datasets.a_stream_gives_the_rows_of_the_table"
CACHE = "functional/datasets.a_new_process_finds_what_was_cached_and_only_that"
BATCHES = "functional/dataloading.workers_give_the_batches_of_one_process"
SEEDS = "functional/dataloading.workers_draw_random_numbers_of_their_own"
SHARES = "functional/dataloading.a_stream_gives_each_row_once_over_its_workers"

CASES = [
    ("a_loader_that_loses_the_last_row", FILES, "", "differing_rows"),
    ("a_loader_that_drops_what_is_not_ascii", FILES, "", "differing_rows"),
    ("a_shuffle_that_repeats_rows", TRANSFORMS, "", "shuffling drops or repeats rows"),
    ("a_shuffle_that_ignores_its_seed", TRANSFORMS, "", "the seed of shuffling is not used"),
    ("a_split_that_shares_rows", TRANSFORMS, "", "a split does not hold every row once"),
    ("a_map_that_skips_a_batch", TRANSFORMS, "", "map in batches gave other rows"),
    ("a_stream_in_another_order", STREAM, "", "another order"),
    ("a_fingerprint_that_ignores_the_function", CACHE, "", "a changed mapping"),
    ("a_fingerprint_that_changes_with_the_process", CACHE, "", "another fingerprint"),
    ("a_cache_that_is_never_read", CACHE, "", "calls"),
    ("batches_as_they_come", BATCHES, "cpu", "differing_batches"),
    ("a_last_batch_that_is_dropped", BATCHES, "cpu", "every row once"),
    ("workers_that_drop_the_last_batch", BATCHES, "cpu", "differing_batches"),
    ("shared_memory_that_is_full", BATCHES, "cpu", "shm is too small"),
    ("shared_memory_without_room", SHARES, "", "shm is too small, 0 bytes"),
    ("workers_that_share_numpys_seed", SEEDS, "", "repeated_numbers"),
    ("workers_that_repeat_every_epoch", SEEDS, "", "repeated_numbers"),
    ("workers_that_each_read_the_whole_stream", SHARES, "", "repeated_rows"),
]


@contextmanager
def a_loader_that_loses_the_last_row() -> Iterator[None]:
    with loaded(lambda rows: rows[:-1]):
        yield


@contextmanager
def a_loader_that_drops_what_is_not_ascii() -> Iterator[None]:
    def narrow(row: dict[str, Any]) -> dict[str, Any]:
        text = row["text"]
        return {**row, "text": text and text.encode("ascii", "ignore").decode()}

    with loaded(lambda rows: [narrow(row) for row in rows]):
        yield


@contextmanager
def a_shuffle_that_repeats_rows() -> Iterator[None]:
    import datasets

    exact = datasets.Dataset.shuffle

    def repeating(table: Any, seed: int) -> Any:
        return exact(table, seed=seed).select([0, *range(len(table) - 1)])

    with patch.object(datasets.Dataset, "shuffle", repeating):
        yield


@contextmanager
def a_shuffle_that_ignores_its_seed() -> Iterator[None]:
    import datasets

    exact = datasets.Dataset.shuffle
    with patch.object(datasets.Dataset, "shuffle", lambda table, **_: exact(table, seed=7)):
        yield


@contextmanager
def a_split_that_shares_rows() -> Iterator[None]:
    import datasets

    exact = datasets.Dataset.train_test_split

    def sharing(table: Any, **settings: Any) -> Any:
        split = exact(table, **settings)
        split["train"] = table.select(range(len(split["train"])))
        return split

    with patch.object(datasets.Dataset, "train_test_split", sharing):
        yield


@contextmanager
def a_map_that_skips_a_batch() -> Iterator[None]:
    import datasets

    exact = datasets.Dataset.map

    def skipping(table: Any, function: Any, *, batched: bool = False, **settings: Any) -> Any:
        rows = table.select(range(7, len(table))) if batched else table
        return exact(rows, function, batched=batched, **settings)

    with patch.object(datasets.Dataset, "map", skipping):
        yield


@contextmanager
def a_stream_in_another_order() -> Iterator[None]:
    import datasets

    exact = datasets.IterableDataset.__iter__
    with patch.object(datasets.IterableDataset, "__iter__", lambda stream: iter([*exact(stream)][::-1])):
        yield


@contextmanager
def a_fingerprint_that_ignores_the_function() -> Iterator[None]:
    from datasets import arrow_dataset

    exact = arrow_dataset.update_fingerprint

    def blind(known: str, transform: Any, words: dict[str, Any]) -> str:
        return str(exact(known, transform, {key: word for key, word in words.items() if key != "function"}))

    with patch.object(arrow_dataset, "update_fingerprint", blind), in_this_process():
        yield


@contextmanager
def a_fingerprint_that_changes_with_the_process() -> Iterator[None]:
    from datasets import arrow_dataset

    exact = arrow_dataset.update_fingerprint
    changing = patch.object(arrow_dataset, "update_fingerprint", lambda known, *words: exact(f"{known} here", *words))
    with changing:
        yield


@contextmanager
def a_cache_that_is_never_read() -> Iterator[None]:
    import datasets

    exact = datasets.Dataset.map
    never = patch.object(
        datasets.Dataset, "map", lambda table, function: exact(table, function, load_from_cache_file=False)
    )
    with never, in_this_process():
        yield


@contextmanager
def batches_as_they_come() -> Iterator[None]:
    with loaders(in_order=False):
        yield


@contextmanager
def a_last_batch_that_is_dropped() -> Iterator[None]:
    with loaders(drop_last=True):
        yield


@contextmanager
def workers_that_drop_the_last_batch() -> Iterator[None]:
    with loaders(workers_only=True, drop_last=True):
        yield


@contextmanager
def shared_memory_that_is_full() -> Iterator[None]:
    import torch

    def full(*_: Any, **__: Any) -> Any:
        raise RuntimeError("unable to allocate shared memory(shm) for file </torch_1>: No space left on device (28)")

    with patch.object(torch.UntypedStorage, "_new_using_fd_cpu", full):
        yield


@contextmanager
def shared_memory_without_room() -> Iterator[None]:
    import shutil
    from types import SimpleNamespace

    with patch.object(shutil, "disk_usage", lambda _: SimpleNamespace(free=0)):
        yield


@contextmanager
def workers_that_share_numpys_seed() -> Iterator[None]:
    import numpy as np

    with loaders(worker_init_fn=lambda _: np.random.seed(7)):  # noqa: NPY002 - that generator is what is wrong
        yield


@contextmanager
def workers_that_repeat_every_epoch() -> Iterator[None]:
    import numpy as np

    with loaders(worker_init_fn=np.random.seed):
        yield


@contextmanager
def workers_that_each_read_the_whole_stream() -> Iterator[None]:
    from torch.utils import data

    with patch.object(data, "get_worker_info", lambda: None):
        yield


@contextmanager
def loaders(*, workers_only: bool = False, **settings: Any) -> Iterator[None]:
    """Make every DataLoader with other settings than were asked for."""
    from torch.utils.data import DataLoader

    exact = DataLoader.__init__

    def other(loader: Any, *words: Any, **asked: Any) -> None:
        changed = {} if workers_only and not asked["num_workers"] else settings
        exact(loader, *words, **{**asked, **changed})

    with patch.object(DataLoader, "__init__", other):
        yield


@contextmanager
def loaded(spoil: Any) -> Iterator[None]:
    import datasets

    exact = datasets.load_dataset
    with patch.object(datasets, "load_dataset", lambda *words, **settings: spoil(list(exact(*words, **settings)))):
        yield


@contextmanager
def in_this_process() -> Iterator[None]:
    """Ask the "new process" here, where the fault is."""
    from concurrent.futures import ThreadPoolExecutor

    from verify.checks.functional import datasets

    with patch.object(datasets, "ProcessPoolExecutor", lambda count, **_: ThreadPoolExecutor(count)):
        yield
