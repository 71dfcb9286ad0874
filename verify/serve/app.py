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
from verify.render.html import page as report_page
from verify.report.history import environments, read_stored, stored
from verify.serve import jobs
from verify.serve.desk import BusyError
from verify.serve.front import start, welcome
from verify.serve.gate import LANGUAGE, Guarded
from verify.serve.house import House
from verify.serve.pages import page, refused, rendered, script, style

A_PAGE: Final = 100
REPORT: Final = re.compile(r"[0-9a-f]{12}")
STATUS: Final = {Exit.USAGE: 422, Exit.INTEGRITY: 500, Exit.INPUT_OUTPUT: 500, Exit.COULD_NOT_RUN: 500}


def application(house: House) -> ASGIApp:
    """The server's answers, behind its door."""
    routes = [
        Route("/", _on(house, _home)),
        Route("/history", _on(house, _history)),
        Route("/reports", _on(house, _reports)),
        Route("/reports/{id}", _on(house, _report)),
        Route("/jobs/certification", _on(house, jobs.certify), methods=["POST"]),
        Route("/jobs/finetune", _on(house, jobs.finetune), methods=["POST"]),
        Route("/jobs/{number:int}", _on(house, jobs.job)),
        Route("/jobs/{number:int}/events", _on(house, jobs.events)),
        Route("/jobs/{number:int}/report", _on(house, jobs.job_report)),
        Route("/jobs/{number:int}/cancel", _on(house, jobs.cancel), methods=["POST"]),
        Route("/jobs/{number:int}/resume", _on(house, jobs.resume), methods=["POST"]),
        Route("/language/{language}", _language),
        Route("/style.css", lambda _: PlainTextResponse(style(), media_type="text/css")),
        Route("/serve.js", lambda _: PlainTextResponse(script(), media_type="text/javascript")),
    ]
    handlers: Mapping[Any, Any] = {VerifyError: _told, HTTPException: _missing, OSError: _broken}
    return Guarded(Starlette(routes=routes, exception_handlers=handlers), house.door)


def _on(house: House, answer: Callable[[House, Request], Any]) -> Callable[[Request], Any]:
    async def answered(request: Request) -> Response:
        found: Response = await answer(house, request)
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


async def _home(house: House, request: Request) -> Response:
    if "token" in request.query_params:
        return welcome(house, request.query_params["token"])
    return await start(house)


async def _language(request: Request) -> Response:
    """Remember the reader's language."""
    language = request.path_params["language"]
    if language not in LANGUAGES:
        raise HTTPException(404)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(LANGUAGE, language, httponly=True, samesite="strict", path="/")
    return answer


async def _history(house: House, _: Request) -> Response:
    return rendered(await run_in_threadpool(house.dashboard))


async def _reports(house: House, request: Request) -> Response:
    every = list(reversed(await run_in_threadpool(house.listed)))
    number = request.query_params.get("page", "1")
    at = int(number) if re.fullmatch(r"[1-9][0-9]{0,5}", number) else 1
    shown = every[(at - 1) * A_PAGE : at * A_PAGE]
    return page("reports.html", reports=shown, count=len(every), at=at, more=len(every) > at * A_PAGE, door=house.door)


async def _report(house: House, request: Request) -> Response:
    name = request.path_params["id"]
    if not REPORT.fullmatch(name):
        raise HTTPException(404)
    return rendered(await run_in_threadpool(_page_of, house.grounds().root, name))


def _page_of(root: Path, name: str) -> str:
    paths = [path for one in environments(root) for path in stored(root, one) if path.stem.endswith(f"-{name}")]
    if not paths:
        raise HTTPException(404)
    return report_page.render(read_stored(paths[0], root))
