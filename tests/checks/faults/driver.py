"""Run by the environment's own interpreter: put each fault of a file into a framework, and see what the check says.

A file of faults lists ``(fault, check, device, words)``: a context manager of the file, the check that it must make
fail (``kind/topic.claim``), the device, and words of the reason it must fail for.
"""

import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def main(faults: str, names: str, cache: str, answers: str) -> None:
    module = module_at(Path(faults), f"{Path(faults).stem}_faults")
    cases = [case for case in module.CASES if case[0] in names.split(",")]
    found = {fault: ask(getattr(module, fault), check, device, cache) for fault, check, device, _ in cases}
    Path(answers).write_text(json.dumps(found), encoding="utf-8")


def module_at(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ask(fault: Any, check: str, device: str, cache: str) -> dict[str, Any]:
    from verify.probe import worker

    kind_and_topic, _, claim = check.partition(".")
    with tempfile.TemporaryDirectory() as scratch, fault() as changed:
        return worker.answer_to(
            {
                "device": device,
                "seed": 0,
                "threads": 2,
                "root": str(ROOT),
                "lock": str(ROOT / "lockfiles" / "none.txt"),
                "scratch": scratch,
                "cache": cache,
                "settings": {},
                "modules": [],
                "source": str(ROOT / "verify" / "checks" / f"{kind_and_topic}.py"),
                "claim": claim,
                **(changed or {}),
            }
        )


# Faults use what lies beside them in tests/.
sys.path.append(str(ROOT))
# At import, so that processes which a check spawns, which import this file again, find the package too.
module_at(ROOT / "verify" / "probe" / "launch.py", "launch").enter()

if __name__ == "__main__":
    main(*sys.argv[1:])
