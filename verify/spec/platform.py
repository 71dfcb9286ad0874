"""A platform: what gets installed on a kind of machine (``envs/platforms/*.toml``)."""

import difflib
import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator

from verify.errors import UsageError
from verify.probe.package_name import normalised
from verify.spec.environment import CLOSED, Name, Title, Words, as_tuple
from verify.spec.toml import read_toml, validated

_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"
_REQUIREMENT: Final = re.compile(
    rf"({_NAME})(?:\[[a-z0-9_-]+(?:,[a-z0-9_-]+)*\])?"
    r"(?:(?:==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!]+(?:,(?:==|>=|<=|~=|!=|<|>)[A-Za-z0-9.*+!]+)*)?"
)


class Index(BaseModel):
    """A package index that some packages, and no others, come from."""

    model_config = CLOSED

    url: str = Field(pattern=r"^https://[A-Za-z0-9.-]+(?::\d{1,5})?/[A-Za-z0-9._/-]*$", max_length=200)
    packages: Words = Field(min_length=1)


class Platform(BaseModel):
    """What is installed on a kind of machine."""

    model_config = CLOSED

    name: Name = Field(description="The file's name.")
    digest: str = Field(description="SHA-256 of the file's bytes.")
    title: Title
    python: str = Field(pattern=r"^3\.(?:1[1-9]|[2-9]\d)$", description="The Python it runs.")
    python_platform: Name = Field(description="uv's name of the platform that wheels must fit.")
    macos: str | None = Field(default=None, pattern=r"^\d{2}\.\d{1,2}$", description="The oldest macOS.")
    disk_gb_at_least: float = Field(gt=0, le=10_000, description="Free decimal gigabytes a set-up needs.")
    requirements: Words = Field(min_length=1, description="What is wanted directly.")
    ignore_dependencies_of: Words = Field(default=(), description="Packages wanted without what they ask for.")
    indexes: Annotated[tuple[Index, ...], BeforeValidator(as_tuple)] = ()

    @field_validator("requirements")
    @classmethod
    def _requirements_are_plain(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if not _REQUIREMENT.fullmatch(word):
                raise ValueError(f"{word!r} is not a package name with an optional extra and version")
        return words

    @model_validator(mode="after")
    def _names_what_it_requires(self) -> "Platform":
        required = {package_of(word) for word in self.requirements}
        named = [*self.ignore_dependencies_of, *(word for index in self.indexes for word in index.packages)]
        for word in named:
            if normalised(word) not in required:
                raise ValueError(f"{word!r} is not among the requirements")
        return self


def platform_names(root: Path) -> list[str]:
    """Name the platforms of a project, sorted."""
    return sorted(path.stem for path in (root / "envs" / "platforms").glob("*.toml"))


def load_platform(root: Path, name: str) -> Platform:
    """Read one platform.

    Raises:
        UsageError: When there is none of that name, or its file is wrong.
    """
    known = platform_names(root)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"choose one of {', '.join(known)}"
        raise UsageError(f"there is no platform `{name}` in envs/platforms/", hint)
    toml = read_toml(root, root / "envs" / "platforms" / f"{name}.toml")
    return validated(Platform, toml, name=name, digest=toml.digest)


def package_of(requirement: str) -> str:
    """Return the normalised name of the package that a requirement asks for."""
    return normalised(re.split(r"[\[=<>!~ ;]", requirement, maxsplit=1)[0])
