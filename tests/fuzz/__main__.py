"""Fuzz every reader for a while each, guided by what is covered; keep what it finds in tests/bad/found.

Atheris is in an environment of its own: ./noxw -s fuzz -- --minutes 10
"""

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.seeds import FOUND, ROOT, seeds, sound

# Longer, and a reader takes a time that an attacker chooses.
LONGEST_SECONDS = 10
MOST_MEGABYTES = 2048
LONGEST = 65_536
# Text is read in proportion to its length, some 3 ms a kilobyte: of short texts many more are tried, and a section
# reaches what a report does.
LONGEST_OF = {"markdown": 2048}


def main() -> int:
    """Tell of every target how many inputs it was given and how many it could not stand; 1 where there is one."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="for all targets together (default: %(default)s)")
    parser.add_argument("targets", nargs="*", choices=[*sound(), []], help="which (default: all)")
    parser.add_argument("--corpus", type=Path, help="a folder that keeps what was reached, to go on from it")
    arguments = parser.parse_args()
    names = arguments.targets or list(sound())
    seconds = max(1, int(60 * arguments.minutes / len(names)))
    with tempfile.TemporaryDirectory() as scratch:
        corpus = arguments.corpus or Path(scratch)
        at_fault = sum(fuzzed(name, seconds, corpus / name) for name in names)
    print(f"{at_fault} of {len(names)} targets at fault")
    return 1 if at_fault else 0


def fuzzed(name: str, seconds: int, corpus: Path) -> bool:
    """Fuzz one target; whether it is at fault."""
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds(name):
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    with tempfile.TemporaryDirectory() as kept:
        options = (f"-max_total_time={seconds}", f"-timeout={LONGEST_SECONDS}", f"-rss_limit_mb={MOST_MEGABYTES}")
        told = (f"-artifact_prefix={kept}/", "-print_final_stats=1", f"-max_len={LONGEST_OF.get(name, LONGEST)}")
        words = [sys.executable, "-m", "tests.fuzz.one", name, *options, *told, str(corpus)]
        ended = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False, cwd=ROOT)
        faults = [_keep(name, path) for path in Path(kept).iterdir()]
    runs = re.search(r"number_of_executed_units: +(\d+)", ended.stderr)
    reached = re.findall(r"cov: (\d+)", ended.stderr)
    many = f"{int(runs[1]):,}" if runs else "an unknown number of"
    print(f"{name}: {many} inputs, {reached[-1] if reached else '?'} branches, {len(faults)} faults {' '.join(faults)}")
    if ended.returncode and not faults:
        print(ended.stderr[-2000:], file=sys.stderr)
    for line in re.findall(r"=== Uncaught Python exception: ===\n(?:.*\n){1,30}", ended.stderr):
        print(line, file=sys.stderr)
    return ended.returncode != 0


def _keep(name: str, path: Path) -> str:
    """Keep an input that a reader could not stand; the tests read it from then on."""
    place = FOUND / name / f"{path.name.partition('-')[0]}-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(path.read_bytes())
    return str(place.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
