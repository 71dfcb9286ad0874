"""What the server shows and does, and by what."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from verify.report.overview import Listed
from verify.serve.access import Access
from verify.serve.orders import Grounds
from verify.serve.runner import Runner


@dataclass(frozen=True, slots=True)
class Context:
    """What the server shows and does.

    Attributes:
        access: Who may come in.
        runner: Where jobs are done.
        grounds: What orders may name now.
        listed: The reports of the history, the oldest first.
        dashboard: The page over the history.
        ending: Whether the server is about to end.
        clock: Now, UTC.
    """

    access: Access
    runner: Runner
    grounds: Callable[[], Grounds]
    listed: Callable[[], Sequence[Listed]]
    dashboard: Callable[[], str]
    ending: Callable[[], bool]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
