"""Markdown, as it lies beside the JSON: readable as plain text and on a code host."""

from collections.abc import Iterator, Sequence

from verify.language.speech import each, later, reworded, say
from verify.render import figures, finetune, summary, words
from verify.render.markup import Row, code, escaped, fenced, listing, table, told
from verify.render.words import NONE
from verify.report import v1, v3
from verify.report.upgrade import newest
from verify.report.versions import AnyReport

LOG_LINES = 30
KINDS = (
    ("functional", later("Functional checks")),
    ("lora", later("LoRA checks")),
    ("benchmark", later("Benchmark checks")),
)


def render(report: AnyReport) -> str:
    """The report as Markdown."""
    newer = newest(report)
    first = (_head, _not_passed, finetune.sections, _machine, _devices, _checks, figures.sections)
    last = (_issues, _frameworks, _times, _left_out, _untold, _record)
    parts = [part for section in (*first, *last) for part in section(newer)]
    return "\n\n".join(parts) + "\n"


def _head(report: v3.Report) -> Iterator[str]:
    yield "# " + say("{}: {}", summary.subject(report), summary.verdict(report))
    yield f"**{summary.headline(report)}**"
    yield say("{} · level {} · {}", summary.totals(report), report.level, summary.when(report))
    found = [
        "- " + say("{}: {}: {}", summary.weight(f), f"`{code(f.subject)}`", told(f.message))
        for f in summary.findings(report)
    ]
    if found:
        yield "\n".join(found)


def _not_passed(report: v3.Report) -> Iterator[str]:
    results = summary.not_passed(report)
    if results:
        yield "## " + say("What did not pass, and what to do")
    for result in results:
        yield "### " + say("{}: {}", f"`{result.id}`", words.outcome(result))
        lines = ["- " + say("claim: {}", told(result.title)), "- " + say("why: {}", told(result.reason or ""))]
        lines += ["- " + say("what to do: {}", told(result.advice))] if result.advice else []
        yield "\n".join(lines)
        if result.log:
            yield fenced(words.visible_lines(result.log, LOG_LINES))


def _machine(report: v3.Report) -> Iterator[str]:
    facts, state = report.facts, report.conditions
    cores = say("{} cores, {} threads", facts.processor.physical_cores, facts.processor.logical_cores)
    sets = ", ".join(facts.processor.instruction_sets)
    build = f" ({facts.system_build})" if facts.system_build else ""
    rows = {
        say("system"): say("{}{}, kernel {}, {}", facts.system_version, build, facts.kernel, facts.architecture),
        say("C library"): facts.libc or NONE,
        say("processor"): f"{facts.processor.name}, {cores}" + (f", {sets}" if sets else ""),
        say("clock"): words.clock(facts.processor),
        say("caches"): words.caches(facts.processor),
        say("memory"): words.size(facts.memory_bytes),
        say("memory limit"): words.size(facts.memory_limit_bytes),
        **({say("processors allowed"): f"{facts.processors_allowed:g}"} if facts.processors_allowed else {}),
        say("container"): facts.container or NONE,
        **_image(facts.image),
        say("power mode"): facts.power_mode or NONE,
        say("Python"): f"{facts.python.implementation} {facts.python.version}, {facts.python.compiler}",
        say("load before"): _known(state.load_before),
        say("load after"): _known(state.load_after),
        say("processors used by others"): _percent(state.others_busy_percent),
        say("processors taken by the hypervisor"): _percent(state.cpu_steal_percent),
        say("meanwhile"): words.pairs(state.other),
        say("disturbed"): reworded(state.inconclusive or NONE),
    }
    yield "## " + say("Machine")
    yield listing(rows)


def _image(image: v1.Image | None) -> dict[str, str]:
    """The image of a container, where it is known; its own digest is what whoever started it told."""
    if image is None:
        return {}
    return {
        say("image"): image.digest or NONE,
        say("source in it"): image.source or NONE,
        say("its base"): image.base or NONE,
    }


def _devices(report: v3.Report) -> Iterator[str]:
    head = each("device", "built", "available", "computes", "what", "cores", "memory", "driver", "runtime", "built for")
    rows = [
        (
            device.name,
            *(_yes(value) for value in (device.built, device.available, device.computes)),
            told(device.title),
            NONE if device.cores is None else str(device.cores),
            words.size(device.memory_bytes),
            *(told(value) for value in (device.driver, device.runtime, device.built_for, device.problem)),
        )
        for device in report.facts.devices
    ]
    yield "## " + say("Devices")
    yield table([(*head, say("problem")), *rows])


def _checks(report: v3.Report) -> Iterator[str]:
    head = each("check", "outcome", "time", "peak memory", "device memory", "claim")
    for kind, title in KINDS:
        rows = [_check(result) for result in summary.ran(report) if result.kind == kind]
        if rows:
            yield f"## {say(title)}"
            yield table([head, *rows])


def _check(result: v3.Result) -> Row:
    memory = words.size(result.peak_memory_bytes), words.size(result.device_peak_memory_bytes)
    time = words.duration(result.seconds)
    return (f"`{result.id}`", words.outcome(result), time, *memory, told(result.title))


def _issues(report: v3.Report) -> Iterator[str]:
    if report.known_issues:
        rows = [
            (escaped(issue.id), issue.expires, told(issue.reason), escaped(issue.link)) for issue in report.known_issues
        ]
        yield "## " + say("Known issues")
        yield table([each("id", "excuses until", "what", "where it is discussed"), *rows])


def _frameworks(report: v3.Report) -> Iterator[str]:
    if report.frameworks:
        yield "## " + say("Frameworks")
        rows = [(escaped(package.name), escaped(package.version)) for package in report.frameworks]
        yield table([each("package", "version"), *rows])


def _times(report: v3.Report) -> Iterator[str]:
    spent = summary.seconds_by_topic(report)
    if not spent:
        return
    total = sum(seconds for _, _, seconds in spent)
    yield "## " + say("Where the time went")
    rows = [
        (f"`{topic}`", str(count), words.duration(seconds), f"{seconds / total:.0%}") for topic, count, seconds in spent
    ]
    yield table([each("topic", "checks", "inside them", "share"), *rows])
    yield say("Inside checks, start-up of their processes left out; those that are no benchmarks ran side by side.")


def _left_out(report: v3.Report) -> Iterator[str]:
    yield from _skipped(say("Needed, but not run"), summary.missed(report))
    yield from _skipped(say("Not asked here"), summary.left_out(report))


def _skipped(title: str, results: Sequence[v3.Result]) -> Iterator[str]:
    if results:
        yield f"## {title}"
        by_reason: dict[str, list[str]] = {}
        for result in results:
            by_reason.setdefault(result.reason or "", []).append(f"`{result.id.partition('[')[0]}`")
        yield table(
            [
                each("checks", "why", "which"),
                *((str(len(ids)), told(why), ", ".join(ids)) for why, ids in by_reason.items()),
            ]
        )


def _untold(report: v3.Report) -> Iterator[str]:
    yield "## " + say("What this report does not say")
    yield "\n".join(f"- {sentence}" for sentence in summary.untold(report))


def _record(report: v3.Report) -> Iterator[str]:
    origin = report.upgraded_from
    rows = {
        say("report"): say("{}, number {} of this machine and environment", report.id, report.sequence),
        say("digest"): report.digest,
        say("predecessor"): report.predecessor or NONE,
        say("upgraded from"): f"{origin.version}, {origin.digest}" if origin else NONE,
        say("environment"): f"{report.environment.name}, {report.environment.digest}",
        say("lock"): say("{}, {} packages, {}", report.lock.name, report.lock.packages, report.lock.digest),
        say("suite"): f"{report.suite.version}, {report.suite.digest}",
        say("machine"): say("{} (a salted digest)", report.machine),
    }
    yield "## " + say("Record")
    yield listing(rows)
    yield say("Digests are SHA-256. GB and MB are decimal.")


def _yes(value: bool) -> str:
    return say("yes") if value else say("no")


def _known(value: float | None) -> str:
    return NONE if value is None else words.number(value)


def _percent(value: float | None) -> str:
    return NONE if value is None else f"{words.number(value)}%"
