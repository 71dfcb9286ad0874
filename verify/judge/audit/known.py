"""What the rules of the audit know beside the document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from verify.claims.claim import Document
from verify.judge.hardware import Hardware


class Advisory(Protocol):
    """What goes wrong with packages together, as policy/advisories.toml tells it."""

    @property
    def id(self) -> str:
        """A short name of its own."""

    @property
    def packages(self) -> Mapping[str, str]:
        """Name and range of the releases that have it, all of which must be there."""

    @property
    def without(self) -> tuple[str, ...]:
        """It applies only where none of these is there."""

    @property
    def python(self) -> str | None:
        """In which versions of Python; in all when None."""

    @property
    def system(self) -> str | None:
        """``Linux`` or ``Darwin``; both when None."""

    @property
    def macos(self) -> str | None:
        """On which versions of macOS; all when None."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Where one of these is used; everywhere when empty."""

    @property
    def environments(self) -> tuple[str, ...]:
        """On which classes of machine, such as ``m2``; all when empty."""

    @property
    def severity(self) -> str:
        """``refuse`` or ``warn``."""

    @property
    def reason(self) -> str:
        """What happens."""

    @property
    def advice(self) -> str:
        """What to do about it."""

    @property
    def link(self) -> str:
        """Where it is told."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a document is held against.

    Attributes:
        hardware: Datasheets.
        advisories: What is known to go wrong with versions together.
        earlier: Other documents about the same machine, from before this one.
        secrets: Texts that no report may hold, and what stands for each.
    """

    hardware: Hardware
    advisories: tuple[Advisory, ...] = ()
    earlier: tuple[Document, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
