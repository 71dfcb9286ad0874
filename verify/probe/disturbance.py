"""Whatever keeps a figure from being believed while it is taken: neighbours, or a device that is slowed."""

from collections.abc import Callable

from verify.probe import contention, throttling


def watch(device: str) -> Callable[[], str | None]:
    """Begin to watch; what is returned tells what has disturbed since, or None.

    Args:
        device: Whose temperature and throttling are watched, beside the processors.
    """
    before, sensors = contention.now(), throttling.now(device)

    def disturbed() -> str | None:
        return contention.since(before).reason or throttling.reason(sensors, throttling.now(device))

    return disturbed
