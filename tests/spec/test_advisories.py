"""An advisory is told exactly where what it describes is about to be installed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from verify.errors import UsageError
from verify.spec.advisories import Advisories, Advisory, applying, read_advisories
from verify.spec.environment import load_environment
from verify.spec.lock import Lock, LockedPackage, read_lock
from verify.spec.platform import load_platform

OURS = Path(__file__).resolve().parents[2]
TOML = """
[[advisories]]
id = "torch-numpy"
packages = { torch = ">=2,<2.4", Num_Py = "==2" }
severity = "warn"
reason = "they do not go together"
advice = "lock others"
link = "https://example.org/1"
"""


def advisories(**changes: Any) -> tuple[Advisory, ...]:
    """The advisory above, changed."""
    data = tomllib.loads(TOML)
    data["advisories"][0].update(changes)
    return Advisories.model_validate(data).advisories


def told(project: Path, running: str = "", **changes: Any) -> list[str]:
    """What is told of the little project, whose lock holds torch 2.0 and num-py 2.0."""
    lock = Lock(project, "box", "", "", (LockedPackage("num-py", "2.0", ()), LockedPackage("torch", "2.0", ())))
    found = applying(
        advisories(**changes), load_environment(project, "box"), load_platform(project, "box"), lock, running
    )
    return [advisory.id for advisory in found]


def write(project: Path, text: str) -> None:
    (project / "policy").mkdir(exist_ok=True)
    (project / "policy" / "advisories.toml").write_text(text)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"packages": {"torch": "==2"}},
        {"without": ["numpy"]},
        {"python": ">=3.11,<3.12"},
        {"system": "Linux"},
        {"devices": ["mps", "cpu"]},
        {"environments": ["box"]},
    ],
)
def test_what_it_describes_is_told(project: Path, changes: dict[str, Any]) -> None:
    assert told(project, **changes) == ["torch-numpy"]


@pytest.mark.parametrize(
    "changes",
    [
        {"packages": {"torch": ">=2.1"}},
        {"packages": {"torch": "==2", "mlx": ">0"}},
        {"without": ["num.py"]},
        {"python": ">=3.12"},
        {"system": "Darwin"},
        {"macos": "<14"},
        {"devices": ["mps"]},
        {"environments": ["chest"]},
    ],
)
def test_what_it_does_not_describe_is_not(project: Path, changes: dict[str, Any]) -> None:
    assert told(project, **changes) == []


@pytest.mark.parametrize(("running", "expected"), [("13.7.4", ["torch-numpy"]), ("14.0", []), ("26.2", []), ("", [])])
def test_macos_is_compared_by_number_and_nowhere_else(project: Path, running: str, expected: list[str]) -> None:
    assert told(project, running, macos="<14") == expected


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (TOML.replace('"warn"', '"panic"'), 5, "'refuse' or 'warn'"),
        (TOML.replace("2.4", "2.x"), 4, "pattern"),
        (TOML.replace("severity", "gravity"), 5, "is not a key here"),
        (TOML.replace("https", "http"), 8, "pattern"),
        (TOML.replace('{ torch = ">=2,<2.4", Num_Py = "==2" }', "{}"), 4, "at least 1"),
        (TOML + 'python = "3.14"\n', 9, "pattern"),
        (TOML + 'devices = ["tpu"]\n', 9, "'mlx'"),
        (TOML.replace('link = "https://example.org/1"\n', ""), 2, "is missing"),
        (TOML + TOML, 1, "torch-numpy is the id of two advisories"),
        (TOML + "[[advisories]", 9, "is not TOML"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(project: Path, text: str, line: int, said: str) -> None:
    write(project, text)
    with pytest.raises(UsageError) as error:
        read_advisories(project)
    assert error.value.message.startswith(f"policy/advisories.toml:{line}: ")
    assert said in error.value.message


def test_a_file_that_is_gone_is_missed(project: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_advisories(project)


def test_the_documented_advisory_is_one_of_the_project() -> None:
    page = (OURS / "docs/how-to/known-issues.md").read_text(encoding="utf-8")
    (shown,) = [text for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[[advisories]]" in text]
    (documented,) = Advisories.model_validate(tomllib.loads(shown)).advisories
    assert documented in read_advisories(OURS)


ROPE, LAUNCH = "transformers-5-mlx-lm-rope", "accelerate-cpu-one-process"
STREAM = "streamed-parquet-aborts-at-exit"


# What is told today, and true: an alarm more or less is looked at before it is written down here.
@pytest.mark.parametrize(
    ("name", "running", "expected"),
    [
        ("cpu", "", [ROPE, LAUNCH, STREAM]),
        ("cuda", "", ["compiled-layer-norm-gradients", LAUNCH, STREAM]),
        ("m1", "26.2", [ROPE, "mps-products-past-32767", LAUNCH, STREAM]),
        ("m2", "14.0", [ROPE, "mps-products-past-32767", LAUNCH, STREAM]),
        ("m4", "26.2", [ROPE, LAUNCH, STREAM]),
        ("m4", "13.7.4", ["torch-before-macos-14", ROPE, LAUNCH, STREAM]),
    ],
)
def test_the_locks_of_the_project_raise_no_false_alarm(name: str, running: str, expected: list[str]) -> None:
    environment = load_environment(OURS, name)
    platform = load_platform(OURS, environment.platform)
    found = applying(read_advisories(OURS), environment, platform, read_lock(OURS, platform.name), running)
    assert [advisory.id for advisory in found] == expected
    assert [advisory.id for advisory in found if advisory.severity == "refuse"] == expected[: "13" in running]


# Where each would be told: in which environment, with which packages instead of the locked ones (None for none).
@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("m4", {"datasets": "3.0.0"}, "datasets-python-3-14"),
        ("cpu", {"mlx-cpu": None}, "mlx-linux-without-backend"),
        ("m2", {"torch": "2.10.0"}, "mps-products-past-32767"),
        ("m1", {"torch": "2.14.0"}, "mps-batched-products-past-32766"),
        ("m4", {"torch": "2.10.0"}, "mps-attention-before-2-11"),
        ("m4", {"mlx": "0.30.6"}, "mlx-kernel-panics"),
        ("m4", {"mlx": "0.31.2"}, "mlx-quantized-rows-past-32768"),
    ],
)
def test_an_advisory_of_the_project_is_told_of_what_it_is_about(
    name: str, changes: dict[str, str | None], expected: str
) -> None:
    environment = load_environment(OURS, name)
    platform = load_platform(OURS, environment.platform)
    lock = read_lock(OURS, platform.name)
    versions = {package.name: package.version for package in lock.packages} | changes
    packages = tuple(LockedPackage(package, version, ()) for package, version in versions.items() if version)
    changed = Lock(lock.path, lock.platform, lock.digest, lock.platform_digest, packages)
    before, after = (
        {advisory.id for advisory in applying(read_advisories(OURS), environment, platform, one, "26.2")}
        for one in (lock, changed)
    )
    assert expected in after
    assert expected == "mps-products-past-32767" or expected not in before
