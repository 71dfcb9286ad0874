"""A verb, or an option that names a file, which no hostile file was tried on, fails here."""

import argparse
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.hostile.entries import ENTRIES
from tests.hostile.test_names import SPOKEN
from tests.hostile.test_project_files import FILES, READ_STATE
from tests.hostile.test_stored import READERS
from verify.cli.main import VERBS
from verify.cli.options import place

ROOT = Path(__file__).resolve().parents[2]
_FLEET, _NODES, _IMAGE = "tests/fleet/test_standing.py", "tests/fleet/test_inbox.py", "tests/cli/test_image.py"
# Verbs and options whose files are of another kind, and those that write one: each with the test that holds it.
ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("fleet run", "fleet gather", "fleet collectives", "fleet answer"), _NODES),
    **dict.fromkeys(("fleet list", "fleet report", "fleet cancel"), _FLEET),
    **{f"fleet {verb} --folder": _NODES for verb in ("run", "gather", "collectives", "list", "report", "cancel")},
    **dict.fromkeys(("image build", "image base", "image seal", "image verify", "image verify --out"), _IMAGE),
    "sbom --out": "tests/cli/test_sbom.py",
    "serve": "tests/serve/test_server.py",
    "serve --folder": "tests/cli/test_serve.py",
    "monitor": "tests/cli/test_monitor.py",
    "key make --out": "tests/hostile/test_names.py",
    "lora --output": "tests/cli/test_lora.py",
    "upgrade --markdown": "tests/cli/test_upgrade.py",
    "upgrade --junit": "tests/cli/test_upgrade.py",
}


def declared() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every verb, and every verb of a verb, with what it declares."""
    for verb in VERBS:
        parser = argparse.ArgumentParser(prog=verb)
        importlib.import_module(f"verify.cli.{verb}").declare(parser)
        yield from _leaves(verb, parser)


def _leaves(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    # There is no other way to ask argparse what was declared.
    parts = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    if not parts:
        yield name, parser
    for part in parts:
        for word, inner in part.choices.items():
            yield from _leaves(f"{name} {word}", inner)


def options() -> Iterator[str]:
    """Every option that names a file: ``history prove --head``."""
    for name, parser in declared():
        for action in parser._actions:  # noqa: SLF001
            if action.type in (place, Path):
                yield f"{name} {action.option_strings[-1] if action.option_strings else action.dest}"


def tried() -> set[str]:
    """The verbs that were tried."""
    lines = [entry.words("FILE") for entry in ENTRIES]
    lines += [*READERS.values(), *SPOKEN.values(), *READ_STATE, *(line for many in FILES.values() for line in many)]
    lines += [("schemas",)]
    return {" ".join(line[:length]) for line in lines for length in (1, 2)}


@pytest.mark.parametrize("name", [name for name, _ in declared()])
def test_every_verb_was_tried(name: str) -> None:
    assert name in tried() or _held_elsewhere(name), f"{name}: add it to tests/hostile/entries.py or test_stored.py"


@pytest.mark.parametrize("option", list(options()))
def test_every_option_that_names_a_file_was_given_hostile_ones(option: str) -> None:
    known = {entry.option for entry in ENTRIES}
    assert option in known or _held_elsewhere(option), f"{option}: add it to tests/hostile/entries.py"


def _held_elsewhere(name: str) -> bool:
    return name in ELSEWHERE and (ROOT / ELSEWHERE[name]).is_file()


def test_no_entry_is_of_an_option_that_is_gone() -> None:
    texts = {"history show report", "history diff reports", "run --changed-since", "fit --model", "lora --data"}
    assert {entry.option for entry in ENTRIES} - texts - set(options()) == set()
    assert set(ELSEWHERE) - set(options()) - {name for name, _ in declared()} == set()
