"""Upgrade to packages with a known fault in one of five, and write down what the gate said: docs/planted-upgrades.md.

Each candidate holds five distributions of ours, packed again from what is installed; four of them only have another
version. What the gate must find is in the fifth.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.gate.planted import planted_lock, repacked
from verify.spec.interpreter import interpreter_of
from verify.spec.lock import read_lock

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "planted-upgrades.md"
PACKED = ("accelerate", "datasets", "huggingface-hub", "peft", "transformers")
# No local versions: `==1.15.0` of the lock in use would take `1.15.0+same` for what it asks.
SAME, FAULTY = ".post1", ".post2"

ABOVE = """# What the gate says of upgrades with a known fault

A gate that refuses nothing proves nothing. Here each candidate changes five packages, packed again from what is
installed: four have another version and nothing else, the fifth has the fault. `./noxw -s planted` writes this page
from what `verify upgrade` said, asked for the stage that is named; with `-- --bisect` it had to name the package, too.

| the fault | stage | verdict | found | in the gate's words | by bisection | subsets tried |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and what must be said of it.

    Attributes:
        what: In words.
        stage: Which stage has to see it.
        package: Where it is; empty where there is none.
        rule: Of the finding.
        subject: How the finding's subject starts.
        edits: File, what stands there, and what takes its place.
    """

    what: str
    stage: str
    package: str
    rule: str
    subject: str
    edits: Mapping[str, tuple[str, str]] = field(default_factory=dict)


MODEL = "transformers/models/llama/modeling_llama.py"
MLP = "        down_proj = self.down_proj(self.act_fn(self.gate_proj(x)) * self.up_proj(x))\n"
HEAD = "logits = self.lm_head(hidden_states)"
LOADED = "load_result = model.load_state_dict(peft_model_state_dict, strict=False)\n"
HALVED = """halved = {name: value / 2 for name, value in peft_model_state_dict.items()}
        load_result = model.load_state_dict(halved, strict=False)
"""
FAULTS: Mapping[str, Fault] = {
    "slow": Fault(
        "slower: each layer multiplies by one of its three matrices once more",
        "figures",
        "transformers",
        "figures.regressed",
        "forward",
        {MODEL: (MLP, f"        self.gate_proj(x)\n{MLP}")},
    ),
    "leak": Fault(
        "leaking: every layer keeps a copy of its input",
        "figures",
        "transformers",
        "figures.regressed",
        "memory_growth",
        {MODEL: (MLP, f"        self.__dict__.setdefault('kept', []).append(x.detach().clone())\n{MLP}")},
    ),
    "logits": Fault(
        "shifted logits: 0.001 is added",
        "behaviour",
        "transformers",
        "behaviour.drift",
        "logits.",
        {MODEL: (HEAD, f"{HEAD} + 1e-3 * torch.arange(self.vocab_size).remainder(2)")},
    ),
    "loading": Fault(
        "halved adapters: loading one halves its weights",
        "behaviour",
        "peft",
        "behaviour.drift",
        "adapters.",
        {
            "peft/utils/save_and_load.py": (
                LOADED,
                HALVED,
            )
        },
    ),
    "capability": Fault(
        "missing merge_and_unload",
        "checks",
        "peft",
        "checks.newly_failing",
        "lora.",
        {"peft/tuners/tuners_utils.py": ("def merge_and_unload(", "def merge_and_unload_is_gone(")},
    ),
    "none": Fault("none: five other versions of the same code", "figures", "", "", ""),
}


def main(words: Sequence[str] | None = None) -> int:
    """Try the faults that are named, or all; 1 when one was not found, or what is sound was refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fault", nargs="*", choices=[*FAULTS, []], help="default: all")
    parser.add_argument("--bisect", action="store_true", help="let the gate name the package too")
    asked = parser.parse_args(words)
    missed = 0
    for name in asked.fault or FAULTS:
        with tempfile.TemporaryDirectory(prefix="planted-") as folder:
            gate = upgraded(FAULTS[name], Path(folder), bisect=asked.bisect)
        row, as_it_should = told(FAULTS[name], gate)
        missed += not as_it_should
        keep(row)
        print(row, flush=True)
    return 1 if missed else 0


def upgraded(fault: Fault, folder: Path, *, bisect: bool) -> dict[str, Any]:
    """What ``verify upgrade`` says of the candidate with a fault."""
    interpreter = interpreter_of(ROOT, None, environ=os.environ)
    (site_packages,) = interpreter.python.parents[1].glob("lib/python*/site-packages")
    lock = read_lock(ROOT, interpreter.platform)
    versions = {package.name: package.version for package in lock.packages}
    wheels = [
        repacked(
            site_packages,
            name,
            version=f"{versions[name]}{FAULTY if name == fault.package else SAME}",
            edits=fault.edits if name == fault.package else {},
            folder=folder / "wheels",
        )
        for name in PACKED
    ]
    candidate = folder / "candidate.txt"
    candidate.write_bytes(planted_lock(lock, wheels))
    command = [str(ROOT / ".tools" / "bin" / "verify"), "upgrade", "--environment", interpreter.environment]
    command += ["--candidate", str(candidate), "--only", fault.stage, "--json", *(["--bisect"] if bisect else [])]
    links = ",".join(filter(None, [os.environ.get("UV_FIND_LINKS", ""), str(folder / "wheels")]))
    environ = {**os.environ, "UV_FIND_LINKS": links}
    said = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=False).stdout
    if not said:
        raise SystemExit(f"{fault.what}: there was no gate; what went wrong stands above")
    gate: dict[str, Any] = json.loads(said)
    return gate


def told(fault: Fault, gate: Mapping[str, Any]) -> tuple[str, bool]:
    """A row of the table, and whether it is what must be said."""
    verdict = gate["verdict"]
    refusing = [finding for finding in verdict["findings"] if finding["severity"] == "error"]
    found = [
        finding
        for finding in refusing
        if finding["rule"] == fault.rule and finding["subject"].startswith(fault.subject)
    ]
    bisected = [each for each in gate["bisections"] if each["packages"]]
    named = {tuple(each["packages"]) for each in bisected}
    blamed = ", ".join(sorted({package for packages in named for package in packages})) or "not asked"
    tried = sum(each["trials"] for each in bisected)
    first = found[0] if found else None
    words = f"`{first['subject']}`: {first['message']}"[:160].replace("|", "\\|") if first else "nothing"
    cells = (fault.what, fault.stage, verdict["value"], fault.rule or "nothing", words, blamed, str(tried or "—"))
    fine = bool(found) if fault.package else not refusing
    return f"| {' | '.join(cells)} |", fine and (not bisected or named == {(fault.package,)})


def keep(row: str) -> None:
    """Put a row into the page, in the place of an earlier one of the same fault."""
    rows = TABLE.read_text(encoding="utf-8").removeprefix(ABOVE).splitlines() if TABLE.exists() else []
    what = row.split(" | ", maxsplit=1)[0]
    kept = [old for old in rows if not old.startswith(what)]
    TABLE.write_text(ABOVE + "\n".join([*kept, row]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
