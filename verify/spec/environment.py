"""An environment: a machine class, and what must hold on it (``envs/*.toml``)."""

import difflib
import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from verify.errors import UsageError
from verify.spec.builds import PLAIN_NAME, SLOTS
from verify.spec.machine import Machine
from verify.spec.toml import read_toml, validated

RESERVED: Final = frozenset({"builds", "cache", "current", "lock", "machine", "run", "scratch", "state"}) | SLOTS
_GIGABYTE: Final = 1_000_000_000


def as_tuple(value: object) -> object:
    """TOML has lists where frozen data wants tuples."""
    return tuple(value) if isinstance(value, list) else value


Device = Literal["cpu", "cuda", "mps", "mlx"]
Words = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], BeforeValidator(as_tuple)]
Title = Annotated[str, Field(min_length=1, max_length=120)]
Name = Annotated[str, Field(pattern=f"^{PLAIN_NAME}$")]
CLOSED: Final = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Limits(BaseModel):
    """What a machine must be to belong to the class."""

    model_config = CLOSED

    system: Literal["Linux", "Darwin"]
    arch: Literal["x86_64", "arm64"]
    memory_gb_at_least: float = Field(gt=0, le=100_000, description="Installed memory in decimal gigabytes.")
    chips: Words = Field(default=(), description="Apple's exact brand strings; empty for any.")
    gpus_at_least: int = Field(default=0, ge=0, le=1024, description="NVIDIA GPUs that must be there.")


class Environment(BaseModel):
    """A machine class and what must hold on it."""

    model_config = CLOSED

    name: Name = Field(description="The file's name.")
    digest: str = Field(description="SHA-256 of the file's bytes.")
    title: Title
    platform: Name = Field(description="What is installed: a file of envs/platforms/.")
    devices: Annotated[tuple[Device, ...], BeforeValidator(as_tuple)] = Field(
        min_length=1, description="The devices that are promised to compute."
    )
    container: bool = Field(description="Whether the class is used from inside a container.")
    machine: Limits

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "Environment":
        if len(set(self.devices)) != len(self.devices):
            raise ValueError("a device is named twice")
        if ("cuda" in self.devices) != (self.machine.gpus_at_least > 0):
            raise ValueError("`cuda` among the devices and `machine.gpus_at_least` go together")
        return self


def environment_names(root: Path) -> list[str]:
    """Name the environments of a project, sorted."""
    return sorted(path.stem for path in (root / "envs").glob("*.toml"))


def load_environment(root: Path, name: str) -> Environment:
    """Read one environment.

    Raises:
        UsageError: When there is none of that name, or its file is wrong.
    """
    known = environment_names(root)
    if name not in known:
        raise UsageError(f"there is no environment `{name}`", _choice(name, known))
    if name in RESERVED:
        raise UsageError(f"envs/{name}.toml: `{name}` is a name that set-up needs itself", "rename the file")
    toml = read_toml(root, root / "envs" / f"{name}.toml")
    return validated(Environment, toml, name=name, digest=toml.digest)


def environments_that_fit(root: Path, machine: Machine) -> list[str]:
    """Name the environments that fit a machine, the most specific first.

    Raises:
        UsageError: When a file is wrong.
    """
    every = [load_environment(root, name) for name in environment_names(root)]
    fitting = [environment for environment in every if not reasons_not_to_fit(environment, machine)]
    return [environment.name for environment in sorted(fitting, key=_generality)]


def reasons_not_to_fit(environment: Environment, machine: Machine) -> list[str]:
    """Say why a machine is not of an environment's class; nothing when it is."""
    limits = environment.machine
    if (machine.system, machine.arch) != (limits.system, limits.arch):
        return [f"is for {limits.system} on {limits.arch}, this is {machine.system} on {machine.arch}"]
    reasons = []
    if limits.chips and machine.chip not in limits.chips:
        reasons.append(f"is for {' or '.join(limits.chips)}, this is {machine.chip or 'another chip'}")
    if machine.memory_bytes < limits.memory_gb_at_least * _GIGABYTE:
        has = machine.memory_bytes / _GIGABYTE
        reasons.append(f"needs {limits.memory_gb_at_least:g} GB of memory, this has {has:.1f}")
    if limits.gpus_at_least and not machine.has_nvidia:
        reasons.append("needs an NVIDIA GPU with its driver, this has none")
    return reasons


def elsewhere(environment: Environment, machine: Machine) -> Machine:
    """A machine of an environment's class that runs what this one installs: so of its system and its architecture."""
    limits = environment.machine
    return replace(
        machine,
        chip=limits.chips[0] if limits.chips else None,
        memory_bytes=int(limits.memory_gb_at_least * _GIGABYTE),
        has_nvidia=limits.gpus_at_least > 0,
    )


def _generality(environment: Environment) -> tuple[bool, int, float, str]:
    limits = environment.machine
    return (not limits.chips, -limits.gpus_at_least, -limits.memory_gb_at_least, environment.name)


def _choice(name: str, known: list[str]) -> str:
    if not known:
        return "add one to envs/"
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    addition = f", or add envs/{name}.toml" if re.fullmatch(PLAIN_NAME, name) else ""
    return f"choose one of {', '.join(known)}{addition}"
