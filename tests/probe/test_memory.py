import subprocess
import sys
from pathlib import Path

from verify.probe.memory import peak_memory_bytes

ROOT = Path(__file__).resolve().parents[2]
SPEND = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from verify.probe.memory import peak_memory_bytes
before = peak_memory_bytes()
held = b"x" * (200 << 20)
del held
print(before, peak_memory_bytes())
"""


def test_a_peak_is_remembered_after_the_memory_is_given_back() -> None:
    told = subprocess.run([sys.executable, "-c", SPEND], capture_output=True, text=True, check=True).stdout.split()
    before, after = map(int, told)
    assert after - before > 190 << 20


def test_a_parents_size_does_not_count_as_the_childs() -> None:
    held = b"x" * (300 << 20)
    told = subprocess.run([sys.executable, "-c", SPEND], capture_output=True, text=True, check=True).stdout.split()
    assert int(told[0]) < 100 << 20 < peak_memory_bytes()
    del held
