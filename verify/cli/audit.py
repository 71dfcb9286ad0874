"""``verify audit``: may these reports be believed? Our own history, stored reports, and reports that people wrote."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import verify
from verify.claims.finding import Audited, AuditFinding
from verify.cli.counting import Counting
from verify.cli.options import place
from verify.cli.surroundings import project_root
from verify.errors import Exit, UsageError
from verify.judge.finding import family
from verify.language.speech import say
from verify.render import audit as page
from verify.render import audit_junit, sarif
from verify.run.auditing import How, audited_files, audited_history
from verify.run.memory import FILE
from verify.spec.builds import environments_directory

# Families whose errors mean that something is not what was written, whatever it claims.
INTEGRITY = frozenset({"chain", "history", "signature", "integrity"})
FORMATS = ("text", "json", "junit", "sarif", "markdown")


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "path", nargs="*", type=place, help="JSON of ours, Markdown of anybody, or folders (default: our history)"
    )
    parser.add_argument("--signatures", action="store_true", help="look at the attestations of the history too")
    parser.add_argument(
        "--head", metavar="FILE", type=place, action="append", default=[], help="a head of the history kept elsewhere"
    )
    parser.add_argument(
        "--anew", action="store_true", help="judge every report of the history again, whatever is remembered"
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")


def run(arguments: argparse.Namespace) -> int:
    """Audit what is named, or the history."""
    root = project_root(arguments)
    if arguments.path and (arguments.signatures or arguments.head or arguments.anew):
        raise UsageError("--signatures, --head and --anew are about the whole history", "leave the files out")
    audited = audited_files(root, arguments.path) if arguments.path else _history(root, arguments)
    sys.stdout.write(_rendered(audited, arguments.format))
    return exit_of(audited.findings)


def exit_of(findings: Sequence[AuditFinding]) -> int:
    """4 where something is not what was written, 1 where a claim is wrong, else 0."""
    wrong = {family(finding) for finding in findings if finding.severity == "error"}
    if wrong & INTEGRITY:
        return Exit.INTEGRITY
    return Exit.REFUSED if wrong else Exit.HOLDS


def _history(root: Path, arguments: argparse.Namespace) -> Audited:
    memory = None if arguments.anew else environments_directory(root) / FILE
    now = datetime.now(UTC)
    moment = now if arguments.signatures else None
    with Counting(say("audited"), say("reports"), sys.stderr) as counting:
        how = How(heads=arguments.head, moment=moment, today=f"{now:%Y-%m-%d}", memory=memory, told=counting.told)
        return audited_history(root, how)


def _rendered(audited: Audited, form: str) -> str:
    match form:
        case "json":
            return _json(audited)
        case "junit":
            return audit_junit.render(audited)
        case "sarif":
            return sarif.render(audited, verify.__version__)
        case "markdown":
            return page.markdown(audited)
    return page.text(audited, colour=sys.stdout.isatty())


def _json(audited: Audited) -> str:
    told = {
        "looked_at": {name: kind for kind, names in audited.looked_at.items() for name in names},
        "findings": [finding.model_dump(mode="json") for finding in audited.findings],
        "unread": {file: list(lines) for file, lines in audited.unread.items()},
    }
    # Names and claims may hold what turns a terminal around: so nothing but ASCII.
    return json.dumps(told, indent=2) + "\n"
