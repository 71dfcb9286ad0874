"""What the CLI costs before it does anything, against a Python that does nothing."""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pairs import command, compare, row

ROUNDS = 15


def rows(root: Path) -> Iterator[str]:
    """`verify --help` and `verify checks`."""
    python = str(root / ".tools/bin/python")
    nothing = command([python, "-c", "pass"])
    for words in (["--help"], ["checks"]):
        pair = compare(command([str(root / ".tools/bin/verify"), *words]), nothing, ROUNDS)
        yield row(f"`verify {words[0]}`", "`python -c pass`", pair, f"+{pair.difference:.3f} s (aim: 0.1 s in all)")


def supervisor_rows(root: Path) -> Iterator[str]:
    """One check that does nothing, against the bare start of its interpreter."""
    import tempfile
    import time

    from verify.probe.discover import find_checks
    from verify.run.plan import plan
    from verify.run.supervise import Bench, ask_all

    checks = [check for check in find_checks([root / "tests/rogue"]) if check.id == "rogue.passes"]
    jobs = plan(checks, level="quick", environment="none", promised=[], locked=[])
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        bench = Bench(Path(sys.executable), {}, root, here / "lock", here / "cache", here / "scratch", 2)

        def ask() -> float:
            start = time.perf_counter()
            (answer,) = ask_all(jobs, bench, lambda _: None)
            if answer.outcome != "passed":
                raise RuntimeError(answer.reason)
            return time.perf_counter() - start

        pair = compare(ask, command([sys.executable, "-c", "pass"]), ROUNDS)
    yield row("a check that does nothing", "`python -c pass`", pair, f"+{pair.difference:.3f} s (aim: 0.15 s)")
