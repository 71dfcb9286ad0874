"""JUnit XML, for whatever shows test results.

| outcome | becomes |
|---|---|
| passed | a test case |
| failed | ``failure`` |
| errored, crashed, timed_out, out_of_memory | ``error``, its type the outcome |
| skipped, and not required | ``skipped`` |
| skipped, but required | ``failure``: a certificate needs it |
| any but passed, with a known issue that has not expired | ``skipped``, its type ``known_issue`` |

Findings of the verdict that refuse it and belong to no check are failures of a suite called ``verdict``.
"""

from xml.etree import ElementTree as ET

from verify.language.speech import speaking
from verify.render import summary, words
from verify.report import v3
from verify.report.upgrade import newest
from verify.report.v2 import Finding
from verify.report.versions import AnyReport

KINDS = ("functional", "lora", "benchmark")
LOG_LINES = 200


@speaking("en")
def render(report: AnyReport) -> str:
    """The report as JUnit XML."""
    newer = newest(report)
    root = ET.Element("testsuites", name=f"verify {newer.environment.name}")
    for kind in KINDS:
        results = [result for result in newer.results if result.kind == kind]
        if results:
            _suite(root, newer, kind, results)
    _verdict(root, newer)
    for attribute in ("tests", "failures", "errors", "skipped"):
        root.set(attribute, str(sum(int(suite.get(attribute, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, report: v3.Report, kind: str, results: list[v3.Result]) -> None:
    suite = ET.SubElement(root, "testsuite", name=kind, timestamp=report.created.rstrip("Z"))
    properties = ET.SubElement(suite, "properties")
    told = {"report": report.id, "digest": report.digest, "verdict": summary.verdict(report), "level": report.level}
    for name, value in told.items():
        ET.SubElement(properties, "property", name=name, value=value)
    for result in results:
        _case(suite, result, report.finished[:10])
    suite.set("time", f"{sum(result.seconds for result in results):.3f}")
    _count(suite)


def _case(suite: ET.Element, result: v3.Result, day: str) -> None:
    topic, _, claim = result.id.partition(".")
    case = ET.SubElement(suite, "testcase", classname=topic, name=claim, time=f"{result.seconds:.3f}")
    if result.outcome == "passed":
        return
    issue = result.known_issue
    tag, kind, message = _tag(result), str(result.outcome), result.reason or ""
    if issue is not None and issue.expires >= day:
        tag, kind, message = "skipped", "known_issue", f"{message}; {issue.reason}: {issue.link}"
    told = ET.SubElement(case, tag, type=kind, message=words.visible(message))
    told.text = words.visible(result.advice or "")
    if result.log:
        ET.SubElement(case, "system-out").text = words.visible_lines(result.log, LOG_LINES)


def _tag(result: v3.Result) -> str:
    if result.outcome == "skipped":
        return "failure" if result.required else "skipped"
    return "failure" if result.outcome == "failed" else "error"


def _verdict(root: ET.Element, report: v3.Report) -> None:
    grave = [finding for finding in summary.findings(report) if _is_its_own(finding)]
    if grave:
        suite = ET.SubElement(root, "testsuite", name="verdict")
        for finding in grave:
            case = ET.SubElement(suite, "testcase", classname=finding.rule, name=words.visible(finding.subject))
            ET.SubElement(case, "failure", type=finding.rule, message=words.visible(finding.message))
        _count(suite)


def _is_its_own(finding: Finding) -> bool:
    return finding.severity == "error" and not finding.rule.startswith("outcomes.")


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
