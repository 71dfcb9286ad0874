from pathlib import Path

import pytest
from pydantic import ValidationError

from verify.cli.setup import fitting
from verify.errors import UsageError
from verify.spec.environment import (
    environment_names,
    environments_that_fit,
    load_environment,
    reasons_not_to_fit,
)
from verify.spec.machine import Machine, this_machine
from verify.spec.platform import load_platform

OURS = Path(__file__).resolve().parents[2]
GB = 1_000_000_000
STUDIO = Machine("Darwin", "arm64", "Apple M2 Ultra", 64 * 2**30, has_nvidia=False)
BOX = Machine("Linux", "x86_64", None, 24 * GB, has_nvidia=False)


def test_every_environment_of_this_project_loads_and_has_a_platform() -> None:
    assert environment_names(OURS) == ["cpu", "cuda", "m1", "m2", "m4"]
    for name in environment_names(OURS):
        environment = load_environment(OURS, name)
        assert environment.name == name
        assert load_platform(OURS, environment.platform)


@pytest.mark.parametrize(
    ("machine", "fitting"),
    [
        (STUDIO, ["m2"]),
        (Machine("Darwin", "arm64", "Apple M1 Pro", 16 * 2**30, has_nvidia=False), ["m1"]),
        (Machine("Darwin", "arm64", "Apple M4 Pro", 48 * 2**30, has_nvidia=False), ["m4"]),
        (Machine("Darwin", "arm64", "Apple M2 Ultra", 32 * 2**30, has_nvidia=False), []),
        (Machine("Darwin", "x86_64", None, 64 * GB, has_nvidia=False), []),
        (BOX, ["cpu"]),
        (Machine("Linux", "x86_64", None, 24 * GB, has_nvidia=True), ["cuda", "cpu"]),
        (Machine("Linux", "x86_64", None, 2 * GB, has_nvidia=True), []),
        (Machine("Linux", "aarch64", None, 24 * GB, has_nvidia=False), []),
    ],
)
def test_the_environments_that_fit_come_the_most_specific_first(machine: Machine, fitting: list[str]) -> None:
    assert environments_that_fit(OURS, machine) == fitting


def test_reasons_not_to_fit_name_both_sides() -> None:
    m2 = load_environment(OURS, "m2")
    assert reasons_not_to_fit(m2, BOX) == ["is for Darwin on arm64, this is Linux on x86_64"]
    small = Machine("Darwin", "arm64", "Apple M4", 24 * GB, has_nvidia=False)
    assert reasons_not_to_fit(m2, small) == [
        "is for Apple M2 Ultra, this is Apple M4",
        "needs 64 GB of memory, this has 24.0",
    ]
    assert "NVIDIA" in reasons_not_to_fit(load_environment(OURS, "cuda"), BOX)[0]
    assert reasons_not_to_fit(load_environment(OURS, "m2"), STUDIO) == []


def test_one_file_more_is_one_environment_more(project: Path) -> None:
    text = (project / "envs" / "box.toml").read_text()
    (project / "envs" / "big.toml").write_text(text.replace("= 4", "= 16"))
    assert environments_that_fit(project, BOX) == ["big", "box"]


def test_this_machine_is_described() -> None:
    machine = this_machine(environ={"PATH": "/usr/bin:/bin"})
    assert machine.system in {"Linux", "Darwin"}
    assert machine.memory_bytes > GB


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('["cpu"]', '["cpu", "tpu"]'), "envs/box.toml:3: `devices`"),
        (('["cpu"]', "[]"), "envs/box.toml:3: `devices`"),
        (('["cpu"]', '["cpu", "cpu"]'), "a device is named twice"),
        (('["cpu"]', '["cpu", "cuda"]'), "go together"),
        (("= 4", "= -4"), "envs/box.toml:9: `machine.memory_gb_at_least`"),
        (("= 4", "= inf"), "envs/box.toml:9: `machine.memory_gb_at_least`"),
        (('"Linux"', '"Windows"'), "envs/box.toml:7: `machine.system`"),
        (('"box"', '"../box"'), "envs/box.toml:2: `platform`"),
        (('"box"', '"box\\n"'), "envs/box.toml:2: `platform`"),
        (("container", "contaner"), "`contaner` is not a key here"),
        (("false", '"no"'), "envs/box.toml:4: `container`"),
    ],
)
def test_a_wrong_environment_is_refused_with_its_line(project: Path, change: tuple[str, str], said: str) -> None:
    path = project / "envs" / "box.toml"
    path.write_text(path.read_text().replace(*change, 1))
    with pytest.raises(UsageError) as caught:
        load_environment(project, "box")
    assert said in caught.value.message


def test_an_unknown_environment_gets_a_suggestion(project: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_environment(project, "bix")
    assert caught.value.hint == "did you mean `box`?"
    with pytest.raises(UsageError, match=r"no environment `\.\./envs/box`"):
        load_environment(project, "../envs/box")


def test_a_name_that_set_up_needs_is_refused(project: Path) -> None:
    (project / "envs" / "box.toml").rename(project / "envs" / "current.toml")
    with pytest.raises(UsageError, match="set-up needs itself"):
        load_environment(project, "current")


def test_an_environment_cannot_be_changed(project: Path) -> None:
    environment = load_environment(project, "box")
    with pytest.raises(ValidationError):
        environment.title = "another"


def test_a_name_that_is_a_path_is_not_made_into_one(project: Path) -> None:
    with pytest.raises(UsageError, match=r"no environment `\.\./x`") as caught:
        load_environment(project, "../x")
    assert caught.value.hint == "choose one of box"


def test_the_broken_file_of_another_environment_is_no_obstacle(project: Path) -> None:
    machine = this_machine(environ={"PATH": "/usr/bin:/bin"})
    path = project / "envs" / "box.toml"
    here = path.read_text().replace('"Linux"', f'"{machine.system}"').replace('"x86_64"', f'"{machine.arch}"')
    path.write_text(here.replace("_at_least = 4", "_at_least = 0.001"))
    (project / "envs" / "far.toml").write_text(here.replace("_at_least = 4", "_at_least = 99999"))
    (project / "envs" / "broken.toml").write_text("title = ")
    assert fitting(project, "box") == "box"
    with pytest.raises(UsageError, match="`far` does not fit this machine") as caught:
        fitting(project, "far")
    assert "envs/broken.toml:1" in caught.value.hint
