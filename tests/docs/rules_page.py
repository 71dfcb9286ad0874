"""The page of the rules: what each finding's rule asks, its sums, and how much it weighs, from their sources."""

import ast
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import get_args

from tests.docs.reached import Called, calls
from tests.docs.table import code, prose, table
from verify.judge import rules as judgement
from verify.judge.audit import recompute
from verify.judge.audit import rules as audit
from verify.report.v2 import Grade, Severity

RuleFunction = Callable[..., object]

ABOVE = """# Rules

A rule looks at a whole report and yields findings. A finding names its rule as `family.name`, and weighs: an
**error** refuses the certificate or makes the audit exit with 1, a **warning** makes it conditional, a **note**
informs. Its grade is *certain* (arithmetic, contradiction, documented behaviour) or *likely* (knowledge of the
field).

To add one: [add a rule to the audit](../how-to/add-a-rule.md).

"""
OURS = """## Rules for our own reports

Asked before a report is written, and again whenever it is proven: `verify run`, `verify report validate`,
`verify audit`.

"""
THEIRS = """## Rules of the audit

Asked of what people wrote, and of our own reports as claims: `verify audit`. A sum is shown with its inputs
beside each finding; names in it are those of the inputs.

"""
SUMS = """What `recompute.relations` redoes:

"""


def page() -> str:
    """All of it, in Markdown."""
    return ABOVE + OURS + "".join(_families(judgement.RULES)) + THEIRS + "".join(_families(audit.RULES)).rstrip() + "\n"


def _families(rules: Sequence[RuleFunction]) -> Iterator[str]:
    for family, group in itertools.groupby(rules, key=_family):
        members = list(group)
        yield f"### {family}\n\n{_asks(members[0])}\n\n" + _table([_row(rule) for rule in members])
        if members[0].__module__ == recompute.__name__:
            yield SUMS + table(["figure", "sum"], ((one.topic, code(one.formula)) for one in recompute.RELATIONS))


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    """The rules of a family; without a column that none of them has anything in."""
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    return table(names, ([row[name] for name in names] for row in rows))


def _family(rule: RuleFunction) -> str:
    return rule.__module__.rpartition(".")[2]


def _asks(rule: RuleFunction) -> str:
    """What the file of a rule says of itself."""
    return prose(str(rule.__globals__["__doc__"]))


def _row(rule: RuleFunction) -> dict[str, str]:
    made = list(calls(rule))
    findings = [call for call in made if call.name in WEIGHTS]
    sums = dict.fromkeys(str(call.argument(0)) for call in made if call.name == "redo" and _is_named(call))
    names = dict.fromkeys(str(call.argument(0, "rule")) for call in findings)
    return {
        "rule": ", ".join(map(code, names)),
        "asks": prose(str(rule.__doc__)),
        "sum": ", ".join(code(one) for one in sums if not one.isidentifier()),
        "weighs": ", ".join(dict.fromkeys(map(_weight, findings))),
    }


def _is_named(call: Called) -> bool:
    """Whether a sum's formula stands in the source, and is not made from what was read."""
    return isinstance(call.node.args[0], ast.Constant | ast.Name)


# What makes findings, and what they weigh where the call does not say.
WEIGHTS = {"found": "error", "error": "error", "warning": "warning", "note": "note"}


# After those that they have in common: of `found` by keyword only.
GRADE = 3


def _weight(call: Called) -> str:
    """``error``, or ``warning, likely``."""
    weight = call.argument(len(call.node.args), "severity") or WEIGHTS[call.name]
    grade = call.argument(len(call.node.args) if call.name == "found" else GRADE, "grade") or "certain"
    return ", ".join([_told(weight, Severity), *([] if grade == "certain" else [_told(grade, Grade)])])


def _told(word: str, words: object) -> str:
    """A weight or grade; one that depends on what was found has no name."""
    return word if word in get_args(words) else "as found"
