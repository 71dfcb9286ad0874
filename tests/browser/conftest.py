"""One browser for the pages of a file of tests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from benchmarks.chromium import launched


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as started:
        yield started
