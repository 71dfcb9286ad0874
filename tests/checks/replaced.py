"""What faults do to a framework."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch


@contextmanager
def replaced(owner: Any, name: str, other: Any) -> Iterator[None]:
    """A function of a framework, replaced by one that is handed the exact one first."""
    exact = getattr(owner, name)
    with patch.object(owner, name, lambda *inputs, **settings: other(exact, *inputs, **settings)):
        yield
