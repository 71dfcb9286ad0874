"""``verify history``: proves, lists, compares and questions the reports that are kept."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from verify.cli.formats import FORMATS, shown
from verify.cli.options import given, place
from verify.cli.report import NOTHING
from verify.cli.surroundings import project_root
from verify.errors import Exit, UsageError
from verify.language.speech import each, say
from verify.report.query import Answers
from verify.report.v2 import Finding
from verify.report.versions import AnyReport


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's own verbs."""
    verbs = parser.add_subparsers(dest="action", required=True, metavar="list|show|diff|sql|changes|html|prove")
    listed = verbs.add_parser("list", help="one line for each report, oldest first")
    listed.set_defaults(act=_list)
    show = verbs.add_parser("show", help="render a report, by its id or its number")
    show.add_argument("report", type=given, help="its id, its file, or with --environment its number")
    show.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    show.set_defaults(act=_show)
    diff = verbs.add_parser("diff", help="what differs between two reports, and what that did to the figures")
    diff.add_argument("reports", nargs=2, type=given, metavar="REPORT", help="id, file, or with --environment number")
    diff.add_argument("--all", action="store_true", help="also figures that differ by less than their spread")
    diff.set_defaults(act=_diff)
    sql = verbs.add_parser("sql", help="ask all reports in SQL: tables reports, results, measurements, packages")
    sql.add_argument("query", type=given, help="a SELECT; median(value) and percentile(value, p) are there too")
    sql.add_argument("--csv", action="store_true", help="for spreadsheets")
    sql.set_defaults(act=_sql)
    changes = verbs.add_parser("changes", help="where a figure's history has a step, and what changed beside it")
    changes.add_argument("--metric", metavar="NAME", type=given, help="only figures, or checks, of this name")
    changes.add_argument(
        "--last", type=_several, default=200, metavar="N", help="of each history, so many (default: 200)"
    )
    changes.set_defaults(act=_changes)
    page = verbs.add_parser("html", help="one page over the history: courses, reports, any two compared; on stdout")
    page.add_argument(
        "--last", type=_several, default=200, metavar="N", help="of each course, so many values (default: 200)"
    )
    page.set_defaults(act=_html)
    prove = verbs.add_parser("prove", help="whether every byte of the history is what was written")
    prove.add_argument("--head", type=place, action="append", default=[], help="a head that was kept elsewhere")
    prove.set_defaults(act=_prove)
    for verb in (show, diff, changes, listed, page):
        verb.add_argument("--environment", metavar="NAME", type=given, help="only reports of this one")
    for verb in verbs.choices.values():
        verb.add_argument("--json", action="store_true", help="for machines")


def _several(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked."""
    return int(arguments.act(arguments, project_root(arguments)))


def _list(arguments: argparse.Namespace, root: Path) -> int:
    from verify.cli.index import fresh_index
    from verify.render.kept import word
    from verify.render.text import aligned
    from verify.report.query import asked

    with asked(fresh_index(root), _LIST, {"environment": arguments.environment}) as answers:
        if arguments.json:
            print(_as_json(answers))
            return Exit.HOLDS
        rows = [["" if cell is None else word(str(cell)) for cell in row] for row in answers.rows]
    if not rows:
        raise NOTHING
    print(
        aligned(
            [each("id", "environment", "machine", "number", "created", "level", "verdict", "passed", "planned"), *rows]
        )
    )
    return Exit.HOLDS


_LIST = """
SELECT id, environment, substr(machine, 1, 12) AS machine, sequence AS number, created, level, verdict, passed, planned
FROM reports WHERE :environment IS NULL OR environment = :environment ORDER BY environment, machine, sequence
"""


def _show(arguments: argparse.Namespace, root: Path) -> int:
    report = _called(arguments.report, arguments.environment, root)
    sys.stdout.write(shown(report, "json" if arguments.json else arguments.format))
    return Exit.HOLDS


def _diff(arguments: argparse.Namespace, root: Path) -> int:
    from dataclasses import asdict

    from verify.render import difference as rendering
    from verify.report.difference import difference
    from verify.report.upgrade import newest

    before, after = (newest(_called(name, arguments.environment, root)) for name in arguments.reports)
    found = difference(before, after)
    if arguments.json:
        print(json.dumps({"before": before.id, "after": after.id, **asdict(found)}, indent=2))
    else:
        sys.stdout.write(rendering.render(before, after, found, every=arguments.all))
    return Exit.HOLDS


def _called(name: str, environment: str | None, root: Path) -> AnyReport:
    """A report by its id or file, which tell the environment, or by its number, which does not."""
    from verify.cli.stored import report_called
    from verify.report.history import environments

    known = [environment] if environment else environments(root)
    if len(known) == 1:
        return report_called(name, root, known[0])
    if not known:
        raise NOTHING
    return report_called(name, root, _environment_of(name, root))


def _environment_of(name: str, root: Path) -> str:
    from verify.cli.stored import ID
    from verify.report.history import environments, stored

    if not ID.fullmatch(name):
        return Path(name).absolute().parent.name
    found = [one for one in environments(root) for path in stored(root, one) if path.stem.endswith(f"-{name}")]
    if not found:
        raise UsageError(f"reports/ holds no report {name}", "`verify history list` tells their ids")
    return found[0]


def _sql(arguments: argparse.Namespace, root: Path) -> int:
    from verify.cli.index import fresh_index
    from verify.render.sheet import csv_lines
    from verify.render.text import aligned
    from verify.render.words import visible
    from verify.report.query import asked

    with asked(fresh_index(root), arguments.query) as answers:
        if arguments.json:
            print(_as_json(answers))
        elif arguments.csv:
            sys.stdout.writelines(csv_lines(answers.columns, answers.rows))
        else:
            rows = [["NULL" if cell is None else visible(str(cell)) for cell in row] for row in answers.rows]
            print(aligned([[visible(name) for name in answers.columns], *rows]) if rows else say("no rows"))
    return Exit.HOLDS


def _as_json(answers: Answers) -> str:
    if len(set(answers.columns)) < len(answers.columns):
        raise UsageError("the query: two columns have one name", "name each: SELECT … AS …")
    return json.dumps([dict(zip(answers.columns, row, strict=True)) for row in answers.rows], indent=2)


def _changes(arguments: argparse.Namespace, root: Path) -> int:
    from verify.cli.changes import courses, told
    from verify.cli.index import fresh_index
    from verify.report.series import series_of

    narrowed = {"environment": arguments.environment, "metric": arguments.metric, "last": arguments.last}
    found = courses(root, series_of(fresh_index(root), **narrowed))
    sys.stdout.write(told(found, as_json=arguments.json))
    return Exit.HOLDS


def _html(arguments: argparse.Namespace, root: Path) -> int:
    from verify.cli.dashboard import dashboard
    from verify.render.html.dashboard import render

    history = dashboard(root, arguments.environment, arguments.last)
    if not history.reports:
        raise NOTHING
    sys.stdout.write(render(history))
    return Exit.HOLDS


def _prove(arguments: argparse.Namespace, root: Path) -> int:
    from verify.report.head import read_head
    from verify.report.wholeness import Asked, verify_history
    from verify.run.heads import unsealing

    unseal = unsealing(root)
    heads = [read_head(path.absolute(), path.absolute().parent, unseal) for path in arguments.head]
    seen: list[Path] = []
    found = verify_history(root, Asked(elsewhere=heads, unseal=unseal, seen=seen.append))
    if not seen and not found:
        raise NOTHING
    if arguments.json:
        print(json.dumps({"reports": len(seen), "findings": [finding.model_dump() for finding in found]}, indent=2))
    else:
        print("\n".join([*_lines(found), say("reports looked at: {}; findings: {}", len(seen), len(found))]))
    return Exit.INTEGRITY if any(finding.severity == "error" for finding in found) else Exit.HOLDS


def _lines(found: Sequence[Finding]) -> Iterator[str]:
    from verify.render.words import said

    for finding in found:
        yield said(finding)
