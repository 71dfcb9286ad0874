"""The sentences that every format begins with: the verdict, the totals, and what they rest on."""

from collections.abc import Sequence

from verify.language.speech import later, reworded, say
from verify.probe.facts import HIGHEST
from verify.render.kept import word
from verify.render.words import duration
from verify.report import v3
from verify.report.fields import OUTCOMES, moment
from verify.report.v2 import Finding

_FINETUNED = {
    "certified": later("The adapter learned: held-out text costs less than before, and what was saved says the same."),
    "conditional": later("The adapter learned, but for what is named below."),
    "refused": later("This fine-tune does not hold, for the reasons below."),
}
_BECAUSE = {"error": later("refused"), "warning": later("conditional"), "note": later("worth knowing")}


def verdict(report: v3.Report) -> str:
    """One word, or that the level gives none."""
    return word(report.verdict.value) if report.verdict else say("not judged")


def subject(report: v3.Report) -> str:
    """What the verdict is about: a machine of a class, or a fine-tune on one."""
    return say("fine-tune on {}", report.environment.name) if report.finetune else report.environment.name


def headline(report: v3.Report) -> str:
    """What the verdict means, in one sentence."""
    name = report.environment.name
    if report.verdict is None:
        return say("This is a {} look at a machine of class {}: it certifies nothing.", report.level, name)
    if report.finetune:
        return say(_FINETUNED[report.verdict.value])
    return {
        "certified": say("This machine is what {} promises: every required check passed.", name),
        "conditional": say("This machine is what {} promises, but for what is named below.", name),
        "refused": say("This machine is not what {} promises, for the reasons below.", name),
    }[report.verdict.value]


def totals(report: v3.Report) -> str:
    """``9 checks planned: 7 passed, 1 failed, 1 skipped``."""
    counted = report.counts.model_dump()
    parts = [f"{counted[name]} {word(name)}" for name in OUTCOMES if counted[name] or name == "passed"]
    one = counted["planned"] == 1
    return say("{} check planned: {}" if one else "{} checks planned: {}", counted["planned"], say(", ").join(parts))


def when(report: v3.Report) -> str:
    """``2026-02-15 16:30:05 UTC, 11 min 32 s``."""
    seconds = (moment(report.finished) - moment(report.created)).total_seconds()
    return say("{} UTC, {}", f"{moment(report.created):%Y-%m-%d %H:%M:%S}", duration(max(seconds, 0)))


def findings(report: v3.Report) -> Sequence[Finding]:
    """What the rules found, the gravest first."""
    return report.verdict.findings if report.verdict else ()


def disturbed(report: v3.Report) -> list[Finding]:
    """Those of the findings that another run may do away with: figures that something disturbed."""
    return [finding for finding in findings(report) if finding.rule == "inconclusive.measurement"]


def weight(finding: Finding) -> str:
    """What a finding does to the verdict."""
    return say(_BECAUSE[finding.severity]) + ((" " + say("(likely)")) if finding.grade == "likely" else "")


def not_passed(report: v3.Report) -> list[v3.Result]:
    """The results that need a reader: they ran, and did not pass."""
    return [result for result in report.results if result.outcome not in ("passed", "skipped")]


def missed(report: v3.Report) -> list[v3.Result]:
    """The results that a certificate needs, and that were skipped."""
    return [result for result in report.results if result.outcome == "skipped" and result.required]


def left_out(report: v3.Report) -> list[v3.Result]:
    """The results of checks that do not apply here."""
    return [result for result in report.results if result.outcome == "skipped" and not result.required]


def ran(report: v3.Report) -> list[v3.Result]:
    """The results of checks that were asked."""
    return [result for result in report.results if result.outcome != "skipped"]


def seconds_by_topic(report: v3.Report) -> list[tuple[str, int, float]]:
    """Each topic that was asked, its number of checks and the seconds inside them, the longest first."""
    spent: dict[str, list[float]] = {}
    for result in ran(report):
        spent.setdefault(result.id.partition(".")[0], []).append(result.seconds)
    return sorted(((topic, len(each), sum(each)) for topic, each in spent.items()), key=lambda row: -row[2])


def benchmarks(report: v3.Report) -> list[v3.Result]:
    """The results of benchmarks that have figures."""
    return [result for result in report.results if result.kind == "benchmark" and result.measurements]


def figures(report: v3.Report, *, benchmarks: bool) -> list[tuple[v3.Result, v3.Measurement]]:
    """Every measurement with its result: those of benchmarks, or all others."""
    return [
        (result, figure)
        for result in report.results
        if (result.kind == "benchmark") == benchmarks
        for figure in result.measurements
    ]


def _without_peak(result: v3.Result, figure: v3.Measurement) -> bool:
    return result.device == "cpu" and figure.unit.endswith("FLOPS") and figure.percent_of_peak is None


def _why_unknown(clock: str | None) -> str:
    if clock is None:
        return say("its highest clock is not told")
    return (
        say("its cores are in no datasheet")
        if clock == HIGHEST
        else say("the clock that is told is {}", reworded(clock))
    )


def untold(report: v3.Report) -> list[str]:
    """What the report does not say, so that nobody reads it into it."""
    asked = {result.device for result in ran(report)}
    absent = [device.name for device in report.facts.devices if device.name not in asked]
    shares = [figure.percent_of_peak for _, figure in figures(report, benchmarks=True) if figure.percent_of_peak]
    said = [say("Every figure was taken in this run, on this machine, under its conditions, and holds for no others.")]
    if absent:
        said.append(say("Nothing was asked of {}.", ", ".join(absent)))
    if not any(result.kind == "benchmark" and result.outcome == "passed" for result in report.results):
        said.append(say("No benchmark ran to its end: nothing is said about speed."))
    if any("not verified" in share.source for share in shares):
        said.append(say("Percentages marked * are of a peak that was derived, or not read in its source."))
    if any(_without_peak(result, figure) for result, figure in figures(report, benchmarks=True)):
        said.append(
            say(
                "How near the processor came to its peak is unknown: {}.", _why_unknown(report.facts.processor.clock_is)
            )
        )
    if not any("J" in figure.unit.split("/") for result in report.results for figure in result.measurements):
        said.append(say("No energy was measured: nothing is said about efficiency."))
    said.append(
        say("A certificate ends when its lock, a driver or the system changes, and with its age: `verify status`.")
    )
    return said
