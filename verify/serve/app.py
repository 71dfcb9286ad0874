"""What is answered where."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from verify.errors import Exit, VerifyError
from verify.language.speech import LANGUAGES
from verify.render import difference as difference_text
from verify.render.html import page as report_page
from verify.report.difference import difference
from verify.report.history import environments, read_stored, stored
from verify.report.upgrade import newest
from verify.report.versions import AnyReport
from verify.serve import jobs
from verify.serve.context import Context
from verify.serve.guard import LANGUAGE, Guarded
from verify.serve.home import start, welcome
from verify.serve.pages import page, refused, rendered, script, style
from verify.serve.runner import BusyError

A_PAGE: Final = 100
REPORT: Final = re.compile(r"[0-9a-f]{12}")
STATUS: Final = {Exit.USAGE: 422, Exit.INTEGRITY: 500, Exit.INPUT_OUTPUT: 500, Exit.COULD_NOT_RUN: 500}


def application(context: Context) -> ASGIApp:
    """The answers of the server."""
    routes = [
        Route("/", _on(context, _home)),
        Route("/history", _on(context, _history)),
        Route("/reports", _on(context, _reports)),
        Route("/reports/{id}", _on(context, _report)),
        Route("/compare", _on(context, _compare)),
        Route("/jobs/certification", _on(context, jobs.certify), methods=["POST"]),
        Route("/jobs/finetune", _on(context, jobs.finetune), methods=["POST"]),
        Route("/jobs/{number:int}", _on(context, jobs.job)),
        Route("/jobs/{number:int}/events", _on(context, jobs.events)),
        Route("/jobs/{number:int}/report", _on(context, jobs.job_report)),
        Route("/jobs/{number:int}/cancel", _on(context, jobs.cancel), methods=["POST"]),
        Route("/jobs/{number:int}/resume", _on(context, jobs.resume), methods=["POST"]),
        Route("/language/{language}", _language),
        Route("/style.css", lambda _: PlainTextResponse(style(), media_type="text/css")),
        Route("/serve.js", lambda _: PlainTextResponse(script(), media_type="text/javascript")),
    ]
    handlers: Mapping[Any, Any] = {VerifyError: _told, HTTPException: _missing, OSError: _broken}
    return Guarded(Starlette(routes=routes, exception_handlers=handlers), context.access)


def _on(context: Context, answer: Callable[[Context, Request], Any]) -> Callable[[Request], Any]:
    async def answered(request: Request) -> Response:
        found: Response = await answer(context, request)
        return found

    return answered


def _told(_: Request, error: Exception) -> Response:
    """What could not be done, as a page."""
    if not isinstance(error, VerifyError):
        raise error
    return refused(409 if isinstance(error, BusyError) else STATUS[error.exit], error.message, error.hint)


def _missing(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refused(status, "there is nothing here", "go back to the start")


def _broken(_: Request, error: Exception) -> Response:
    return refused(500, str(error), "make room or mend permissions, then load the page again")


async def _home(context: Context, request: Request) -> Response:
    if "token" in request.query_params:
        return welcome(context, request.query_params["token"])
    return await start(context)


async def _language(request: Request) -> Response:
    """Remember the reader's language."""
    language = request.path_params["language"]
    if language not in LANGUAGES:
        raise HTTPException(404)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(LANGUAGE, language, httponly=True, samesite="strict", path="/")
    return answer


async def _history(context: Context, _: Request) -> Response:
    return rendered(await run_in_threadpool(context.dashboard))


async def _reports(context: Context, request: Request) -> Response:
    every = list(reversed(await run_in_threadpool(context.listed)))
    number = request.query_params.get("page", "1")
    at = int(number) if re.fullmatch(r"[1-9][0-9]{0,5}", number) else 1
    shown = every[(at - 1) * A_PAGE : at * A_PAGE]
    return page(
        "reports.html", reports=shown, count=len(every), at=at, more=len(every) > at * A_PAGE, access=context.access
    )


async def _report(context: Context, request: Request) -> Response:
    name, root = request.path_params["id"], context.grounds().root
    return rendered(await run_in_threadpool(lambda: report_page.render(_called(root, name))))


async def _compare(context: Context, request: Request) -> Response:
    before, after = (request.query_params.get(name, "") for name in ("before", "after"))
    root = context.grounds().root
    lines = await run_in_threadpool(_compared, root, before, after) if before or after else []
    newest_first = list(reversed(await run_in_threadpool(context.listed)))
    return page("compare.html", before=before, after=after, lines=lines, reports=newest_first[:A_PAGE])


def _compared(root: Path, *names: str) -> list[str]:
    """As `verify history diff` tells it, of any two reports."""
    before, after = (newest(_called(root, name)) for name in names)
    return difference_text.render(before, after, difference(before, after)).splitlines()


def _called(root: Path, name: str) -> AnyReport:
    if not REPORT.fullmatch(name):
        raise HTTPException(404)
    paths = [path for one in environments(root) for path in stored(root, one) if path.stem.endswith(f"-{name}")]
    if not paths:
        raise HTTPException(404)
    return read_stored(paths[0], root)
