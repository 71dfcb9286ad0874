"""The reference is what the code says."""

import argparse
from pathlib import Path

import pytest

from tests.docs import checks_page, command_line, report_page, rules_page
from tests.docs.reached import calls
from tests.docs.reference import FOLDER, PAGES, main, outdated, write
from verify.cli.main import VERBS, _parser
from verify.judge.audit.rules import RULES
from verify.probe.discover import find_checks
from verify.report import v3


def test_the_committed_pages_are_what_the_code_says() -> None:
    assert list(outdated(FOLDER)) == [], "write them: ./noxw -s docs"


def test_there_is_no_page_that_nothing_writes() -> None:
    assert {path.name for path in FOLDER.iterdir()} == PAGES.keys()


def test_a_page_that_was_changed_or_is_missing_is_found_and_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.docs.reference.FOLDER", tmp_path)
    assert sorted(write(tmp_path)) == sorted(PAGES)
    (tmp_path / "rules.md").write_text("no rules")
    (tmp_path / "report.md").unlink()
    assert "rules.md, report.md" in main(["--check"])
    assert main([]) == ""
    assert main(["--check"]) == ""


def test_every_verb_and_every_option_of_it_is_told() -> None:
    page = command_line.page()
    for verb in VERBS:
        section = page.partition(f"\n## verify {verb}\n")[2].partition("\n## ")[0]
        assert all(name in section for name in long_options(command_line.verbs_of(_parser([verb]))[verb]))


def long_options(parser: argparse.ArgumentParser) -> set[str]:
    """The names in what `--help` prints, here and one verb deeper."""
    texts = [one.format_help() for one in (parser, *command_line.verbs_of(parser).values())]
    words = {word.strip("[](),|") for text in texts for word in text.split()}
    return {word for word in words if word.startswith("--") and len(word) > 2} - {"--help"}


def test_what_help_says_with_a_percent_sign_or_a_default_is_filled_in() -> None:
    parser = argparse.ArgumentParser("it")
    parser.add_argument("--share", metavar="N", type=int, default=5, help="of all, in %% (default: %(default)s)")
    parser.add_argument("--hidden", help=argparse.SUPPRESS)
    parser.add_argument("way", nargs="*", choices=["a|b", "c"])
    assert command_line.options_table(parser).splitlines()[2:] == [
        "| `--share N` | of all, in % (default: 5) |",
        "| <code>a&#124;b&#124;c…</code> |  |",
        "",
    ]


def test_every_check_has_its_section() -> None:
    page = checks_page.page()
    assert all(f"\n### `{check.id}`\n" in page for check in find_checks())


def test_what_makes_a_check_fail_is_read_from_its_source() -> None:
    section = checks_page.page().partition("### `parity.a_checkpoint_that_transformers_saved_means_the_same_to_mlx`")[2]
    section = section.partition("\n### ")[0]
    assert "*Fails when*" in section
    assert "*If it fails*" in section


def test_every_rule_of_the_audit_is_told_with_what_it_asks() -> None:
    page = rules_page.page()
    for rule in RULES:
        assert " ".join(str(rule.__doc__).split()).replace("``", "`") in page
    assert "| `peak.wording` |" in page
    assert "`100 * rate / peak`" in page


def test_no_rule_is_without_a_finding() -> None:
    rows = [line for line in rules_page.page().splitlines() if line.startswith("| ")]
    assert not [line for line in rows if line.startswith("|  |")]


def test_every_field_of_a_report_is_told_with_its_kind() -> None:
    page = report_page.page()
    for model in report_page.models_of(v3.Report, []):
        section = page.partition(f"\n## {model.__name__}\n")[2].partition("\n## ")[0]
        assert all(f"| `{name}` |" in section for name in model.model_fields)
    assert "| `sequence` | `int` | Position among the reports of this machine and environment, from 1. | v1 |" in page


def test_calls_are_followed_through_functions_of_the_same_file() -> None:
    found = {call.name: call for call in calls(outer)}
    assert list(found) == ["inner", "sorted"]
    assert found["inner"].argument(0) == "a … of it"
    assert found["sorted"].argument(0) == LIMIT


LIMIT = "1e-3"


def outer(name: str) -> None:
    inner(f"a {name} of it")


def inner(_text: str) -> None:
    sorted(LIMIT)
