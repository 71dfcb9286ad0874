"""The files that engines read agree with each other, and with what the project says elsewhere."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from verify.image.certify import MACHINE_ID, REPORTS, STATE
from verify.image.engine import ORDER
from verify.image.recipe import DOCKERFILE, EPOCH, tag_of
from verify.image.seal import VARIABLE
from verify.spec.environment import load_environment

ROOT = Path(__file__).resolve().parents[2]
DOCKER = (ROOT / DOCKERFILE).read_text(encoding="utf-8")
BAKE = (ROOT / "docker/docker-bake.hcl").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker/compose.yaml").read_text(encoding="utf-8"))
DEVCONTAINER: dict[str, Any] = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
ARGUMENTS = set(re.findall(r"^ARG (\w+)", DOCKER, re.MULTILINE))
TARGETS = ["cpu", "cuda"]


def stage(name: str) -> str:
    """What the Dockerfile does in a stage."""
    return DOCKER[DOCKER.index(f" AS {name}\n") :].partition("\nFROM ")[0]


def test_the_dockerfile_has_a_stage_for_each_target_and_ends_as_nobody_special() -> None:
    stages = re.findall(r"^FROM \S+ AS (\w+)$", DOCKER, re.MULTILINE)
    assert stages[-2:] == TARGETS
    assert re.findall(r"^USER (.+)$", DOCKER, re.MULTILINE) == ["10001:10001"]
    assert "USER" not in stage("cpu") + stage("cuda")


def test_no_base_is_named_that_could_be_another_tomorrow() -> None:
    assert re.findall(r"^FROM (\S+) AS (\w+)$", DOCKER, re.MULTILINE)[:2] == [
        ("scratch", "wheels"),
        ("${BASE_IMAGE}", "linux"),
    ]
    assert re.search(r"^ARG BASE_IMAGE$", DOCKER, re.MULTILINE), "without a default"


def test_nothing_of_the_building_but_tools_and_environment_is_in_the_image() -> None:
    copied = re.findall(r"^COPY (.+)$", stage("installed"), re.MULTILINE)
    assert copied == ["--from=build /opt/python /opt/python", "--from=build /opt/llm-verify /opt/llm-verify"]
    assert not re.search(r"gcc|g\+\+|build-essential|\bmake\b", DOCKER)


def test_the_image_starts_the_command_and_is_watched_by_the_quick_level() -> None:
    assert 'ENTRYPOINT ["verify"]' in DOCKER
    check = re.search(r"^HEALTHCHECK .*\\\n +CMD (\[.*\])$", DOCKER, re.MULTILINE)
    assert check is not None
    assert json.loads(check[1]) == ["verify", "run", "--level", "quick", "--select", "*"]


def test_the_writable_folders_are_those_that_are_documented_and_mounted() -> None:
    volumes = json.loads(re.findall(r"^VOLUME (.+)$", DOCKER, re.MULTILINE)[0])
    assert volumes == [REPORTS, STATE]
    assert f"ln -s {STATE} .environments/state" in DOCKER
    assert f"HOME={STATE}" in DOCKER
    assert f"TMPDIR={STATE}" in DOCKER
    guide = (ROOT / "docs/how-to/images.md").read_text(encoding="utf-8")
    assert all(volume in guide for volume in volumes)


def test_the_labels_tell_lock_source_and_base() -> None:
    labels = re.findall(r'([a-z.-]+)="\$\{(\w+)\}"', DOCKER)
    assert {
        ("llm-verify.lock.digest", "LOCK_DIGEST"),
        ("llm-verify.source.digest", "SOURCE_DIGEST"),
        ("org.opencontainers.image.base.digest", "BASE_DIGEST"),
        ("org.opencontainers.image.base.name", "BASE_IMAGE"),
    } <= set(labels)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_of_the_environment_of_its_name(target: str) -> None:
    environment = load_environment(ROOT, target)
    assert ("cuda" in environment.devices) == (target == "cuda")
    assert ("NVIDIA_VISIBLE_DEVICES" in stage(target)) == (target == "cuda")


@pytest.mark.parametrize("target", TARGETS)
def test_compose_builds_the_target_with_every_argument(target: str) -> None:
    service = COMPOSE["services"][target]
    assert service["image"] == tag_of(target)
    build = service["build"]
    assert (ROOT / "docker" / build["context"]).resolve() == ROOT
    assert (build["dockerfile"], build["target"], build["args"]["ENVIRONMENT"]) == (DOCKERFILE, target, target)
    assert set(build["args"]) == ARGUMENTS


@pytest.mark.parametrize("target", TARGETS)
def test_compose_confines_the_container_and_gives_it_the_volumes(target: str) -> None:
    service = COMPOSE["services"][target]
    assert (service["read_only"], service["network_mode"], service["cap_drop"]) == (True, "none", ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    mounted = dict(place.split(":", 1) for place in service["volumes"])
    assert mounted == {"reports": REPORTS, "state": STATE, str(MACHINE_ID): f"{MACHINE_ID}:ro"}
    assert set(COMPOSE["volumes"]) == {"reports", "state"}
    assert VARIABLE in service["environment"]


def test_compose_reserves_gpus_for_the_class_that_has_them_only() -> None:
    [device] = COMPOSE["services"]["cuda"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    assert "deploy" not in COMPOSE["services"]["cpu"]


def test_bake_has_the_targets_and_gives_every_argument() -> None:
    given = set(re.findall(r"^ +([A-Z_]+) += \1$", BAKE, re.MULTILINE))
    assert given | {"ENVIRONMENT"} == ARGUMENTS
    assert given == set(re.findall(r'^variable "(\w+)"', BAKE, re.MULTILINE))
    for target in TARGETS:
        block = BAKE[BAKE.index(f'target "{target}"') :].partition("\n}")[0]
        assert f'target   = "{target}"' in block
        assert f'ENVIRONMENT = "{target}"' in block
        assert tag_of(target) in block


def test_all_say_the_same_time_where_nobody_tells_another() -> None:
    assert set(re.findall(r"^ARG SOURCE_DATE_EPOCH=(\d+)$", DOCKER, re.MULTILINE)) == {str(EPOCH)}
    assert f'variable "SOURCE_DATE_EPOCH" {{ default = "{EPOCH}" }}' in BAKE
    assert COMPOSE["x-arguments"]["SOURCE_DATE_EPOCH"] == f"${{SOURCE_DATE_EPOCH:-{EPOCH}}}"


def test_the_development_container_is_made_by_the_same_file() -> None:
    build = DEVCONTAINER["build"]
    assert (ROOT / ".devcontainer" / build["dockerfile"]).resolve() == ROOT / DOCKERFILE
    assert f" AS {build['target']}\n" in DOCKER
    assert set(build["args"]) <= ARGUMENTS
    assert set(DEVCONTAINER["hostRequirements"]) == {"cpus", "memory", "storage", "gpu"}
    assert (
        int(DEVCONTAINER["hostRequirements"]["memory"].removesuffix("gb"))
        >= load_environment(ROOT, "cpu").machine.memory_gb_at_least
    )


def test_the_guide_names_the_engines_in_their_order() -> None:
    guide = (ROOT / "docs/how-to/images.md").read_text(encoding="utf-8")
    places = [guide.index(f"`{name}`") for name in ORDER]
    assert places == sorted(places)
