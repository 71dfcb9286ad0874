"""What the server shows and does, and by what."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from verify.report.overview import Listed
from verify.serve.desk import Desk
from verify.serve.door import Door
from verify.serve.orders import Grounds


@dataclass(frozen=True, slots=True)
class House:
    """What the server shows and does.

    Attributes:
        door: Who may come in.
        desk: Where jobs are done.
        grounds: What orders may name now.
        listed: The reports of the history, the oldest first.
        dashboard: The page over the history.
        ending: Whether the server is about to end.
        clock: Now, UTC.
    """

    door: Door
    desk: Desk
    grounds: Callable[[], Grounds]
    listed: Callable[[], Sequence[Listed]]
    dashboard: Callable[[], str]
    ending: Callable[[], bool]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
