"""``verify report``: shows, validates or converts a stored report."""

import argparse
import sys
from pathlib import Path

from verify.cli.surroundings import project_root
from verify.errors import Exit, UsageError
from verify.report.v2 import Finding, Severity
from verify.report.versions import VERSIONS, AnyReport

PACKAGE = Path(__file__).resolve().parents[1]
NOTHING = UsageError("reports/ holds no report", "make one: ./noxw -s setup verify")
FORMATS = ("text", "markdown", "junit", "json")


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
    convert = verbs.add_parser("convert", help="print a report in a newer version; the stored one stays")
    convert.add_argument("--to", choices=VERSIONS, default=VERSIONS[-1], help=f"default: {VERSIONS[-1]}")
    convert.add_argument("--json", action="store_true", help="accepted for uniformity: the output is JSON in any case")
    convert.set_defaults(act=_convert)
    for verb in (show, convert):
        verb.add_argument("report", nargs="?", type=Path, help="a file of reports/ (default: the newest)")
    validate.add_argument("report", nargs="*", type=Path, help="files of reports/ (default: all)")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked."""
    return int(arguments.act(arguments, project_root(arguments)))


def _show(arguments: argparse.Namespace, root: Path) -> int:
    from verify.render import junit, markdown, text
    from verify.report.canonical import stored_text

    report = _read(_chosen(arguments.report, root), root)
    render = {"text": text.render, "markdown": markdown.render, "junit": junit.render, "json": stored_text}
    sys.stdout.write(render[arguments.format](report).rstrip("\n") + "\n")
    return Exit.HOLDS


def _validate(arguments: argparse.Namespace, root: Path) -> int:
    import json

    from verify.report.chain import verify_chain
    from verify.report.history import strays

    paths = [path.absolute() for path in arguments.report] or _all(root)
    if not paths:
        raise NOTHING
    reports = {path: _read(path, root) for path in paths}
    found = [(path.name, finding) for path, report in reports.items() for finding in _doubts(path, report, root)]
    if not arguments.report:
        found += [("history", finding) for finding in verify_chain(list(reports.values()))]
        found += [("history", _doubt("stray", stray.name, "is no report of ours", "warning")) for stray in strays(root)]
    if arguments.json:
        print(
            json.dumps({"reports": len(reports), "findings": [finding.model_dump() for _, finding in found]}, indent=2)
        )
    else:
        for where, finding in found:
            print(f"{where}: {finding.severity}: {finding.rule}: {finding.subject}: {finding.message}")
        print(f"{len(reports)} of {len(reports)} reports are what was written; findings: {len(found)}")
    return Exit.INTEGRITY if any(finding.severity == "error" for _, finding in found) else Exit.HOLDS


def _read(path: Path, root: Path) -> AnyReport:
    """A report; one of the history must lie at its own place there."""
    from verify.report.history import read_stored
    from verify.report.read import read_report

    return read_stored(path, root) if path.is_relative_to(root / "reports") else read_report(path, root)


def _doubts(path: Path, report: AnyReport, root: Path) -> list[Finding]:
    """What contradicts a stored report, in it and in the page beside it.

    Verdict and page are made again only where environment, rules and renderers are still those of then.
    """
    from verify.judge.verdict import audit
    from verify.render import markdown
    from verify.report.history import page_differs
    from verify.run.assemble import sources_digest
    from verify.run.policies import policy_for
    from verify.spec.environment import environment_names, load_environment

    name = report.environment.name
    known = load_environment(root, name) if name in environment_names(root) else None
    today = report.suite.digest == sources_digest(PACKAGE)
    same = known if known and today and known.digest == report.environment.digest else None
    found = audit(report, policy_for(root, same))
    if not same:
        found = [finding for finding in found if finding.rule != "verdict.differs"]
    page = path.with_suffix(".md")
    if not page.exists():
        found.append(_doubt("missing", page.name, "`verify report show --format markdown` makes it anew", "warning"))
    elif today and page_differs(path, root, report, markdown.render):
        found.append(_doubt("page", page.name, "does not say what its report says", "error"))
    return found


def _doubt(rule: str, subject: str, message: str, severity: Severity) -> Finding:
    return Finding(rule=f"history.{rule}", subject=subject, message=message, severity=severity, grade="certain")


def _convert(arguments: argparse.Namespace, root: Path) -> int:
    from verify.report.canonical import stored_text
    from verify.report.upgrade import upgrade

    report = _read(_chosen(arguments.report, root), root)
    if VERSIONS.index(report.version) > VERSIONS.index(arguments.to):
        raise UsageError(f"a {report.version} report cannot become {arguments.to}", "choose a newer version with --to")
    sys.stdout.write(stored_text(upgrade(report, arguments.to)))
    return Exit.HOLDS


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
