"""Jobs: started by forms, watched as they go, cancelled, gone on with."""

import asyncio
import json
import re
import shlex
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from verify.errors import UsageError
from verify.language.speech import reworded, spoken
from verify.render.html import page as report_page
from verify.report.read import read_report
from verify.serve import orders
from verify.serve.context import Context
from verify.serve.guard import form_of
from verify.serve.home import DEFAULTS, start
from verify.serve.orders import Order
from verify.serve.pages import page, rendered, script_words
from verify.serve.runner import Job

LOOK_SECONDS: Final = 0.3
# A line now and then, by which a browser that is gone is noticed.
IDLE_LOOKS: Final = 40


async def certify(context: Context, request: Request) -> Response:
    """Start a run of the suite."""
    form = await form_of(request, context.access)
    return await _ordered(context, form, lambda: orders.certification(form, context.grounds()))


async def finetune(context: Context, request: Request) -> Response:
    """Start a fine-tune."""
    form = await form_of(request, context.access)
    output = context.grounds().root / "adapters" / f"{context.clock():%Y%m%dT%H%M%SZ}-{len(context.runner.jobs) + 1}"
    return await _ordered(context, form, lambda: orders.finetune(form, context.grounds(), output))


async def _ordered(context: Context, form: Mapping[str, str], order: Callable[[], Order]) -> Response:
    try:
        found = order()
    except UsageError as error:
        return await start(context, 422, error, {**dict.fromkeys(DEFAULTS, ""), **form})
    return _seen(context.runner.start(found))


def _seen(job: Job) -> Response:
    return RedirectResponse(f"/jobs/{job.number}", 303)


def _called(context: Context, request: Request) -> Job:
    number: int = request.path_params["number"]
    if not 1 <= number <= len(context.runner.jobs):
        raise HTTPException(404)
    return context.runner.jobs[number - 1]


async def job(context: Context, request: Request) -> Response:
    """The page of a job."""
    one = _called(context, request)
    command = shlex.join(["verify", *one.order.words])
    began = datetime.fromtimestamp(one.began, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return page("job.html", job=one, command=command, access=context.access, began=began, script_words=script_words())


async def events(context: Context, request: Request) -> Response:
    """What a job tells, as server-sent events; from a number on, where a reader comes again."""
    one = _called(context, request)
    told = request.headers.get("last-event-id", request.query_params.get("after", "0"))
    number = int(told) if re.fullmatch(r"[0-9]{1,9}", told) else 0
    return StreamingResponse(_stream(context, one, number), media_type="text/event-stream")


async def _stream(context: Context, job: Job, number: int) -> AsyncIterator[str]:
    """Events as they come, until the job has told its last: https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    idle = 0
    while not context.ending():
        over, events = not job.running, job.events.after(number)
        if events:
            number, idle = events[-1][0], 0
            yield "".join(f"id: {each}\ndata: {_worded(text)}\n\n" for each, text in events)
        elif over:
            return
        else:
            idle += 1
            if idle % IDLE_LOOKS == 0:
                yield ": still here\n\n"
        await asyncio.sleep(LOOK_SECONDS)


def _worded(text: str) -> str:
    """An event whose reasons, which came as finished English, are in the language that is spoken."""
    if spoken() == "en":
        return text
    facts = json.loads(text)
    if facts.get("reason"):
        facts["reason"] = reworded(facts["reason"])
    for unread in facts.get("unread", []):
        unread |= {name: reworded(words) for name, words in unread.items()}
    return json.dumps(facts)


async def job_report(context: Context, request: Request) -> Response:
    """The report that a job made."""
    one = _called(context, request)
    if one.report is None:
        raise HTTPException(404)
    return rendered(await run_in_threadpool(_page_in, one.report, context.grounds().root))


def _page_in(file: Path, root: Path) -> str:
    return report_page.render(read_report(file, root))


async def cancel(context: Context, request: Request) -> Response:
    """Ask a job to end."""
    one = _called(context, request)
    await form_of(request, context.access)
    await run_in_threadpool(context.runner.cancel, one)
    return _seen(one)


async def resume(context: Context, request: Request) -> Response:
    """Go on with a fine-tune that did not come to its end."""
    one = _called(context, request)
    await form_of(request, context.access)
    if one.running or one.order.output is None:
        raise UsageError(f"job {one.number} is no fine-tune that could go on", "start another")
    return _seen(context.runner.start(orders.resumed(one.order.output, context.grounds())))
