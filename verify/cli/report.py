"""``verify report``: shows, validates or converts a stored report."""

import argparse
import sys
from pathlib import Path

from verify.cli.formats import FORMATS, shown
from verify.cli.options import given, place
from verify.cli.surroundings import now, project_root
from verify.errors import Exit, UsageError
from verify.language.speech import say
from verify.report.v2 import Finding, Severity
from verify.report.versions import VERSIONS, AnyReport, Version

NOTHING = UsageError("reports/ holds no report", "make one: ./noxw -s setup verify")


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's own verbs."""
    verbs = parser.add_subparsers(dest="action", required=True, metavar="show|validate|convert")
    show = verbs.add_parser("show", help="render a report for people, or for machines")
    show.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    show.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")
    show.set_defaults(act=_show)
    validate = verbs.add_parser(
        "validate", help="prove that reports are what was written, and do not contradict themselves"
    )
    validate.add_argument("--json", action="store_true", help="for machines")
    validate.set_defaults(act=_validate)
    convert = verbs.add_parser(
        "convert",
        help="print a report in a newer version, or Markdown that somebody wrote as one; the stored one stays",
    )
    convert.add_argument("--environment", metavar="NAME", type=given, help="whose history a written report is of")
    convert.add_argument("--to", choices=VERSIONS, default=VERSIONS[-1], help=f"default: {VERSIONS[-1]}")
    convert.add_argument("--json", action="store_true", help="accepted for uniformity: the output is JSON in any case")
    convert.set_defaults(act=_convert)
    for verb in (show, convert):
        verb.add_argument("report", nargs="?", type=place, help="a file of reports/ (default: the newest)")
    validate.add_argument("report", nargs="*", type=place, help="files of reports/ (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked."""
    return int(arguments.act(arguments, project_root(arguments)))


def _show(arguments: argparse.Namespace, root: Path) -> int:
    sys.stdout.write(shown(_read(_chosen(arguments.report, root), root), arguments.format))
    return Exit.HOLDS


def _validate(arguments: argparse.Namespace, root: Path) -> int:
    import json

    from verify.judge.waivers import gone, questions_of, successions
    from verify.render.words import said, visible
    from verify.report.chain import verify_chain
    from verify.report.history import strays
    from verify.run.judging import doubts, page_doubts, standards_of
    from verify.run.policies import waivers

    paths = [path.absolute() for path in arguments.report] or _all(root)
    if not paths:
        raise NOTHING
    reports = {path: _read(path, root) for path in paths}
    standards = standards_of(root)
    found = [
        (path.name, finding)
        for path, report in reports.items()
        for finding in (*doubts(report, standards), *page_doubts(path, report, standards))
    ]
    if not arguments.report:
        found += [("history", finding) for finding in verify_chain(list(reports.values()))]
        pairs = successions(map(questions_of, reports.values()))
        found += [("history", finding) for finding in gone(pairs, waivers(root), now()[:10])]
        found += [("history", _doubt("stray", stray.name, "is no report of ours", "warning")) for stray in strays(root)]
    if arguments.json:
        print(
            json.dumps({"reports": len(reports), "findings": [finding.model_dump() for _, finding in found]}, indent=2)
        )
    else:
        for where, finding in found:
            print(f"{visible(where)}: {said(finding)}")
        print(say("{} of {} reports are what was written; findings: {}", len(reports), len(reports), len(found)))
    return Exit.INTEGRITY if any(finding.severity == "error" for _, finding in found) else Exit.HOLDS


def _read(path: Path, root: Path) -> AnyReport:
    """A report; one of the history must lie at its own place there."""
    from verify.report.history import read_stored
    from verify.report.read import read_report

    return read_stored(path, root) if path.is_relative_to(root / "reports") else read_report(path, root)


def _doubt(rule: str, subject: str, message: str, severity: Severity) -> Finding:
    return Finding(rule=f"history.{rule}", subject=subject, message=message, severity=severity, grade="certain")


def _convert(arguments: argparse.Namespace, root: Path) -> int:
    from verify.cli.printed import printed
    from verify.report.upgrade import upgrade
    from verify.run.auditing import WRITTEN

    path = _chosen(arguments.report, root)
    if path.suffix in WRITTEN:
        sys.stdout.write(printed(_carried(path, root, arguments.to, arguments.environment)))
        return Exit.HOLDS
    report = _read(path, root)
    if VERSIONS.index(report.version) > VERSIONS.index(arguments.to):
        raise UsageError(f"a {report.version} report cannot become {arguments.to}", "choose a newer version with --to")
    sys.stdout.write(printed(upgrade(report, arguments.to)))
    return Exit.HOLDS


def _carried(path: Path, root: Path, version: Version, environment: str | None) -> AnyReport:
    """What somebody wrote, as a report whose every value is carried; it is judged, and can only be refused."""
    from verify.claims.convert import carried
    from verify.claims.read import read_markdown
    from verify.judge.verdict import judge
    from verify.report import v1
    from verify.report.canonical import seal
    from verify.report.disk import read_regular
    from verify.report.read import LARGEST_FILE
    from verify.run.policies import policy_for
    from verify.spec.environment import load_environment

    if environment is None:
        raise UsageError("a written report does not say whose history it is of", "name it: --environment NAME")
    known = load_environment(root, environment)
    document = read_markdown(read_regular(path, path.parent, LARGEST_FILE), path.name)
    draft = carried(document, version, known.name, known.platform, now())
    if not isinstance(draft, v1.Report):
        draft = draft.model_copy(update={"verdict": judge(draft, policy_for(root, known))})
    return seal(draft, 1, None)


def _chosen(path: Path | None, root: Path) -> Path:
    if path is not None:
        return path.absolute()
    known = _all(root)
    if not known:
        raise NOTHING
    return max(known, key=lambda known_path: known_path.name)


def _all(root: Path) -> list[Path]:
    from verify.report.history import environments, stored

    return [path for environment in environments(root) for path in stored(root, environment)]
