"""The first page: what runs, the forms, and the newest reports."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from verify.checks.finetune import log
from verify.errors import UsageError, VerifyError
from verify.probe.check import LEVELS
from verify.report.overview import Listed
from verify.serve.context import Context
from verify.serve.guard import PRINTED
from verify.serve.orders import Grounds
from verify.serve.pages import page, refused
from verify.serve.runner import summary

NEWEST: Final = 10
MOST_OFFERED: Final = 50
MOST_FOLDERS: Final = 300
DEEPEST: Final = 3
DEFAULTS: Final = {
    "level": "quick",
    "model": "smollm2-135m",
    "rank": "8",
    "alpha": "16",
    "learning_rate": "0.0001",
    "epochs": "1",
    "batch_size": "4",
}


def welcome(context: Context, token: str) -> Response:
    """Take the token for a cookie."""
    if not context.access.opens(token):
        return refused(403, "that is not this server's token", PRINTED)
    # Not a redirect: one that began on another site would come back without a cookie that is strict.
    answer = page("welcome.html")
    answer.set_cookie(context.access.cookie, token, httponly=True, samesite="strict", path="/")
    return answer


async def start(
    context: Context, status: int = 200, wrong: UsageError | None = None, typed: Mapping[str, str] = DEFAULTS
) -> Response:
    """The first page; after a form that was wrong, with what was typed."""
    newest, broken = await run_in_threadpool(_newest, context)
    return page(
        "home.html",
        status,
        access=context.access,
        current=context.runner.current,
        jobs=[summary(job) for job in reversed(context.runner.jobs)],
        newest=list(reversed(newest[-NEWEST:])),
        count=len(newest),
        levels=LEVELS,
        grounds=context.grounds(),
        found=await run_in_threadpool(_data_sets, context.grounds()),
        broken=broken,
        wrong=wrong,
        typed=typed,
    )


def _newest(context: Context) -> tuple[Sequence[Listed], VerifyError | None]:
    """The reports, or why they cannot be listed: who certifies anew must not be kept from it."""
    try:
        return context.listed(), None
    except VerifyError as error:
        return (), error


def _data_sets(grounds: Grounds) -> list[str]:
    """Some files that may be data, for the form to offer."""
    found = (path for folder in grounds.folders for path in _near(folder))
    shown = [str(path.relative_to(grounds.root) if path.is_relative_to(grounds.root) else path) for path in found]
    return sorted(dict.fromkeys(shown))[:MOST_OFFERED]


def _near(top: Path) -> Iterator[Path]:
    """JSON lines in a folder and two below, nothing hidden; of many folders the first, for it must take no time."""
    level = [top]
    for _ in range(DEEPEST):
        below: list[Path] = []
        for folder in level[:MOST_FOLDERS]:
            with suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                        below.append(Path(entry.path))
                    elif entry.name.endswith(".jsonl") and entry.name != log.NAME and entry.is_file():
                        yield Path(entry.path)
        level = below
