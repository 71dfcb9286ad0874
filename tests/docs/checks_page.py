"""The page of the checks: what each proves, where it is asked, what it holds its figures against, what broke it."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.checks.cases import Case, every_case
from tests.docs.reached import Called, calls
from tests.docs.table import code, prose
from verify.probe.check import Check
from verify.probe.discover import find_checks, load, question

ABOVE = """# Checks

{count} checks. Each is asked of every device that it names and the machine class promises, in a process of its
own. *Required* checks must run for a certificate; an *optional* one may skip, with a reason. *Fails when* is
what the source holds figures against: names in capitals are constants beside the check, with their reasons.
*Seen failing under* names faults that were put under it; [what makes each check fail](../mutations.md) has what
it said then.

"""
# A condition that does not hold, as it is said.
BROKEN = {"at_most": "above", "at_least": "below", "equals": "other than"}


def page() -> str:
    """All of it, in Markdown."""
    checks = find_checks()
    faults: dict[str, list[Case]] = {}
    for case in every_case():
        faults.setdefault(case.check, []).append(case)
    return (ABOVE.format(count=len(checks)) + "".join(_topics(checks, faults))).rstrip() + "\n"


def _topics(checks: Sequence[Check], faults: Mapping[str, Sequence[Case]]) -> Iterator[str]:
    for (kind, source), group in itertools.groupby(checks, key=lambda check: (check.kind, check.source)):
        said = prose((load(Path(source)).__doc__ or "").strip().partition("\n\n")[0])
        yield f"## {Path(source).stem}\n\n{said} *({kind})*\n\n"
        for check in group:
            yield _section(check, faults.get(check.id, ()))


def _section(check: Check, faults: Sequence[Case]) -> str:
    lines = [
        f"**{prose(check.title)}.**",
        _terms(check),
        f"*If it fails*: {prose(check.advice)}",
        _listed("Fails when", _failures(check)),
        _listed("Seen failing under", dict.fromkeys(case.fault.replace("_", " ") for case in faults)),
    ]
    return f"### `{check.id}`\n\n" + "\n\n".join(filter(None, lines)) + "\n\n"


def _terms(check: Check) -> str:
    terms = check.terms
    parts = [
        f"from level {terms.level} on",
        f"asked of {', '.join(terms.devices)}" if terms.devices else "asked once, of no device",
        f"needs {', '.join(terms.needs)}" if terms.needs else "needs no package",
        "optional" if terms.optional else "required",
        f"at most {terms.timeout_seconds:g} s",
    ]
    return " · ".join(parts)


def _listed(what: str, items: Mapping[str, None]) -> str:
    return f"*{what}*: {'; '.join(items)}." if items else ""


def _failures(check: Check) -> dict[str, None]:
    """What makes it fail, as far as its own file says so, in the order in which it looks."""
    claim = check.id.partition(".")[2]
    found = (_failure(call) for call in calls(question(Path(check.source), claim)))
    return dict.fromkeys(filter(None, found))


def _failure(call: Called) -> str | None:
    if call.name == "require":
        return prose(call.argument(1) or "")
    if call.name not in ("measure", "derive"):
        return None
    limits = [(words, call.argument(len(call.node.args), keyword)) for keyword, words in BROKEN.items()]
    broken = [f"{words} {code(limit)}" for words, limit in limits if limit not in (None, "None")]
    name = code(call.argument(0, "name") or "")
    return f"{name} is {' or '.join(broken)}" if broken else None
