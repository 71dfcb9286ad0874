"""A gate as JUnit XML: each stage a suite, each finding that refuses a failure, each that could not be told a skip.

An inconclusive verdict is an error of its own, for skips alone would look like a pass.
"""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from verify.language.speech import speaking
from verify.render import words
from verify.report.gate import Report
from verify.report.v2 import Finding

# Which suite a finding belongs to, by the family of its rule.
SUITES = {
    "checks": "checks",
    "behaviour": "behaviour",
    "figures": "figures",
    "advisories": "locks",
    "licences": "locks",
}
TAGS = {"error": "failure", "warning": "skipped"}


@speaking("en")
def render(report: Report) -> str:
    """The gate as JUnit XML."""
    root = ET.Element("testsuites", name=f"verify upgrade {report.environment.name}")
    findings = report.verdict.findings if report.verdict else ()
    for suite in ("checks", "behaviour", "figures", "locks", "verdict"):
        _suite(root, report, suite, [finding for finding in findings if suite_of(finding) == suite])
    for attribute in ("tests", "failures", "errors", "skipped"):
        root.set(attribute, str(sum(int(suite.get(attribute, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def suite_of(finding: Finding) -> str:
    """The stage that a finding is of."""
    family, _, name = finding.rule.partition(".")
    if family == "inconclusive":
        return {"behaviour": "behaviour", "suite": "checks"}.get(
            name, "figures" if name != "interrupted" else "verdict"
        )
    return SUITES.get(family, "verdict")


def _suite(root: ET.Element, report: Report, name: str, findings: Iterable[Finding]) -> None:
    suite = ET.SubElement(root, "testsuite", name=name, timestamp=report.created.rstrip("Z"))
    for subject in _held(report, name):
        ET.SubElement(suite, "testcase", classname=name, name=words.visible(subject))
    for finding in findings:
        case = ET.SubElement(suite, "testcase", classname=finding.rule, name=words.visible(finding.subject))
        if finding.severity in TAGS:
            message = words.visible(finding.message)
            ET.SubElement(case, TAGS[finding.severity], type=finding.rule, message=message)
    if name == "verdict" and report.verdict and report.verdict.value == "inconclusive":
        # Skips alone would look like a pass.
        case = ET.SubElement(suite, "testcase", classname="verdict", name="inconclusive")
        ET.SubElement(case, "error", type="inconclusive", message="too little is known: see what was skipped")
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))


def _held(report: Report, name: str) -> Iterable[str]:
    """What was asked and came out well, as one case each."""
    if name == "behaviour":
        return [f"{row.id} read by {row.reader}" for row in report.behaviours if row.outcome == "passed"]
    if name == "figures":
        return [f"{figure.name}[{figure.device}]" for figure in report.figures if figure.decision == "held"]
    if name == "checks" and report.asked:
        return [f"{report.passed} of {report.asked} passed"]
    return []
