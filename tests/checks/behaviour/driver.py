"""Run by the environment's own interpreter: leave as it is, find as it is, then find with each fault of a file put in.

Files of faults are as those of the suite (tests/checks/faults/driver.py says how), but for checks of behaviour.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[3]))

from tests.checks.faults.driver import ask, module_at


def main(faults: str, names: str, cache: str, scratch: str, answers: str) -> None:
    module, place = module_at(Path(faults), f"{Path(faults).stem}_faults"), Path(scratch)
    cases = [case for case in module.CASES if case[0] in names.split(",")]
    found = {}
    for check, device in dict.fromkeys((check, device) for _, check, device, _ in cases):
        for name, kept in (("first", ""), ("control", place / "first")):
            found[f"{check} {name}"] = ask(between(nullcontext, place / name, kept), check, device, cache)
    for fault, check, device, _ in cases:
        put_in = between(getattr(module, fault), place / fault, place / "first")
        found[fault] = ask(put_in, check, device, cache)
    Path(answers).write_text(json.dumps(found), encoding="utf-8")


def between(fault: Any, leave: Path, kept: Path | str) -> Any:
    """The fault, and the folders of the two environments, as a check is told of them."""

    @contextmanager
    def told() -> Iterator[dict[str, Any]]:
        with fault() as changed:
            yield {"settings": {"leave": str(leave), "kept": str(kept)}, **(changed or {})}

    return told


if __name__ == "__main__":
    main(*sys.argv[1:])
