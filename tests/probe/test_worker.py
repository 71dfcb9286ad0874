import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, timeout=60)


def test_the_worker_and_the_whole_suite_need_the_standard_library_alone() -> None:
    program = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import verify.probe.worker
from verify.probe.discover import find_checks
find_checks()
foreign = [name for name in sys.modules if name.split(".")[0] in ("pydantic", "jsonschema", "torch", "numpy", "uv")]
print(*foreign)
"""
    ended = python("-I", "-S", "-c", program)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "\n", "")


def test_the_launcher_puts_nothing_on_the_path_but_enters_the_package(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    launch = ROOT / "verify/probe/launch.py"
    program.write_text(f"""
import runpy, sys
before = list(sys.path)
runpy.run_path({str(launch)!r}, run_name="entered")
assert sys.path == before, sys.path
import verify.probe.worker
""")
    ended = subprocess.run(
        [sys.executable, "-I", "-S", str(program)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (ended.returncode, ended.stderr) == (0, "")
