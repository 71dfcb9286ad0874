"""What the reports of a long history asked, in order, without holding it all."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from verify.judge.waivers import Questions
from verify.report.shelf import Shelf


class Asking:
    """What reports asked. Most of a history ask the same: a plan is held once, and what else is on a shelf."""

    def __init__(self) -> None:
        self._plans: list[tuple[str, ...]] = []
        self._places: dict[tuple[str, ...], int] = {}
        self._shelf = Shelf(self._packed, self._unpacked)

    def put(self, asked: Questions) -> None:
        """Add what a report asked.

        Raises:
            StorageError: There is no room for temporary files.
        """
        self._shelf.put((asked.environment, asked.machine, asked.level), asked.sequence, asked.id, asked)

    def successions(self) -> Iterator[tuple[Questions, Questions]]:
        """Each report's questions with those of the one of its machine, environment and level before it."""
        for group in self._shelf.groups():
            yield from pairwise(self._shelf.group(*group))

    def _packed(self, asked: Questions) -> tuple[str | int, ...]:
        plan = self._places.setdefault(asked.planned, len(self._plans))
        if plan == len(self._plans):
            self._plans.append(asked.planned)
        return asked.id, asked.environment, asked.machine, asked.level, asked.sequence, plan

    def _unpacked(self, *parts: Any) -> Questions:
        id_, environment, machine, level, sequence, plan = parts
        return Questions(id_, environment, machine, level, sequence, self._plans[plan])
