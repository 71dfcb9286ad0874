"""``verify report``: shows, validates or converts a stored report."""

import argparse
import sys
from pathlib import Path

from verify.cli.surroundings import project_root
from verify.errors import Exit, UsageError
from verify.report.v2 import Finding
from verify.report.versions import VERSIONS, AnyReport

PACKAGE = Path(__file__).resolve().parents[1]
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
    from verify.report.read import read_report

    report = read_report(_chosen(arguments.report, root), root)
    render = {"text": text.render, "markdown": markdown.render, "junit": junit.render, "json": stored_text}
    sys.stdout.write(render[arguments.format](report).rstrip("\n") + "\n")
    return Exit.HOLDS


def _validate(arguments: argparse.Namespace, root: Path) -> int:
    import json

    from verify.report.chain import verify_chain
    from verify.report.read import read_report

    paths = [path.absolute() for path in arguments.report] or _all(root)
    reports = {path: read_report(path, root) for path in paths}
    found = [(path, finding) for path, report in reports.items() for finding in _audited(report, root)]
    chained = [] if arguments.report else verify_chain(list(reports.values()))
    errors = [finding for finding in [*chained, *(finding for _, finding in found)] if finding.severity == "error"]
    if arguments.json:
        findings = [finding.model_dump() for finding in [*chained, *(finding for _, finding in found)]]
        print(json.dumps({"reports": len(reports), "findings": findings}, indent=2))
    else:
        for path, finding in found:
            print(f"{path.name}: {finding.severity}: {finding.rule}: {finding.subject}: {finding.message}")
        for finding in chained:
            print(f"history: {finding.severity}: {finding.rule}: {finding.subject}: {finding.message}")
        print(f"{len(reports)} reports are whole" + ("" if not errors else f", {len(errors)} contradictions"))
    return Exit.INTEGRITY if errors else Exit.HOLDS


def _audited(report: AnyReport, root: Path) -> list[Finding]:
    """The contradictions of a stored report.

    Its verdict is computed again only where environment and rules are still those of then.
    """
    from verify.judge.verdict import audit
    from verify.run.assemble import sources_digest
    from verify.run.policies import policy_for
    from verify.spec.environment import environment_names, load_environment

    name = report.environment.name
    known = load_environment(root, name) if name in environment_names(root) else None
    today = report.suite.digest == sources_digest(PACKAGE)
    same = known if known and today and known.digest == report.environment.digest else None
    found = audit(report, policy_for(root, same))
    return found if same else [finding for finding in found if finding.rule != "verdict.differs"]


def _convert(arguments: argparse.Namespace, root: Path) -> int:
    from verify.report.canonical import stored_text
    from verify.report.read import read_report
    from verify.report.upgrade import upgrade

    report = read_report(_chosen(arguments.report, root), root)
    if VERSIONS.index(report.version) > VERSIONS.index(arguments.to):
        raise UsageError(f"a {report.version} report cannot become {arguments.to}", "choose a newer version with --to")
    sys.stdout.write(stored_text(upgrade(report, arguments.to)))
    return Exit.HOLDS


def _chosen(path: Path | None, root: Path) -> Path:
    if path is not None:
        return path.absolute()
    known = _all(root)
    if not known:
        raise UsageError("reports/ holds no report", "make one: ./noxw -s setup verify")
    return max(known, key=lambda known_path: known_path.name)


def _all(root: Path) -> list[Path]:
    from verify.report.history import environments, stored

    return [path for environment in environments(root) for path in stored(root, environment)]
