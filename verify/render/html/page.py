"""The page of a report: what its template needs, and nothing of how it looks."""

from verify.language.speech import later
from verify.render.html.pictures import pictures
from verify.render.html.sheet import sheets
from verify.render.html.templates import filled
from verify.report.roofline import positions
from verify.report.upgrade import newest
from verify.report.versions import AnyReport

# The first screen is for what has to be done.
FIRST_FINDINGS = 5
KINDS = (
    ("functional", later("Functional checks")),
    ("lora", later("LoRA checks")),
    ("benchmark", later("Benchmark checks")),
)


def render(report: AnyReport) -> str:
    """The report as one HTML file."""
    newer = newest(report)
    bounds = positions(newer)
    return filled(
        "report.html",
        report=newer,
        pictures=pictures(newer),
        bounds={id(position.figure): position for position in bounds},
        roofs=list(dict.fromkeys(position.roof.origin if position.roof else None for position in bounds)),
        benchmarks=list(sheets(newer, benchmarks=True)),
        others=list(sheets(newer, benchmarks=False)),
        kinds=KINDS,
        first_findings=FIRST_FINDINGS,
        places={result.id: f"c{number}" for number, result in enumerate(newer.results)},
    )


# What lies beside every report and its Markdown, by its suffix.
BESIDE = {".html": render}
