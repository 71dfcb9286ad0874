"""An audit as JUnit XML: a suite a file, a failure for what is wrong, a skip for what is doubtful."""

from collections import defaultdict
from itertools import chain
from xml.etree import ElementTree as ET

from verify.claims.finding import Audited, AuditFinding
from verify.language.speech import speaking
from verify.render import words
from verify.render.audit import sum_of

TAGS = {"error": "failure", "warning": "skipped"}


@speaking("en")
def render(audited: Audited) -> str:
    """The audit as JUnit XML."""
    root = ET.Element("testsuites", name="verify audit")
    by_file: dict[str, list[AuditFinding]] = defaultdict(list)
    for finding in audited.findings:
        by_file[finding.place.file].append(finding)
    # What is wrong with the history as a whole is of no file that was looked at.
    for file in dict.fromkeys([*chain.from_iterable(audited.looked_at.values()), *by_file]):
        found = by_file[file]
        suite = ET.SubElement(root, "testsuite", name=words.visible(file))
        if not found:
            ET.SubElement(suite, "testcase", classname="audit", name="nothing was found")
        for finding in found:
            name = f"line {finding.place.line}: {finding.subject}" if finding.place.line else finding.subject
            case = ET.SubElement(suite, "testcase", classname=finding.rule, name=words.visible(name))
            if finding.severity in TAGS:
                message = words.visible(finding.message)
                told = ET.SubElement(case, TAGS[finding.severity], type=finding.grade, message=message)
                told.text = words.visible(sum_of(finding))
        suite.set("tests", str(len(suite)))
        for attribute, tag in (("failures", "failure"), ("skipped", "skipped")):
            suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    for attribute in ("tests", "failures", "skipped"):
        root.set(attribute, str(sum(int(suite.get(attribute, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
