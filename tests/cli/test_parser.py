"""The command line in Chinese: help, complaints, errors and what to do."""

import re

import pytest

from tests.cli.conftest import Verify
from tests.language.english import runs
from verify.cli.main import VERBS, main
from verify.errors import Exit
from verify.language.width import columns

# As Chinese engineers write them, and a program's name.
FIELD = {"base model", "docker bake"}
# How we are called, of the program's own words.
CALLED = re.compile(
    rf"verify (?:{'|'.join(VERBS)})(?: (?:show|validate|convert|gather|run|cancel|answer|revoke|make))?"
)


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """How it ended, and all that was said but for the names of verbs."""
    try:
        code = main([*words, "--lang", "zh"])
    except SystemExit as ended:
        code = int(ended.code or 0)
    captured = capsys.readouterr()
    return code, CALLED.sub("verify", captured.out + captured.err)


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_is_chinese(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = shown(capsys, verb, "--help")
    assert code == 0
    assert runs(said) <= FIELD
    assert said.startswith("用法： verify ")
    assert said.count("用法") == 1


def test_help_is_aligned_and_fits_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, said = shown(capsys, "--help")
    assert max(map(columns, said.splitlines())) <= 80
    assert "选项" in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("frobnicate",), "frobnicate' 不在可选值之列"),
        (("report", "show", "--format", "pdf"), "参数 --format：'pdf' 不在可选值之列"),
        (("report",), "缺少必需的参数"),
        (("checks", "--surely"), "无法识别的参数：--surely"),
        (("run", "--jobs", "0"), "参数 --jobs：'0' 不是从 1 起的整数"),
        (("run", "--jobs"), "参数 --jobs：需要一个值"),
    ],
)
def test_a_wrong_word_is_told_in_chinese(words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = shown(capsys, *words)
    assert code == Exit.USAGE
    assert told in said.partition("错误：")[2]
    assert runs(said) == set()


def test_an_error_and_what_to_do_are_chinese(verify: Verify) -> None:
    ended = verify("report", "show", "--lang", "zh")
    assert ended.returncode == Exit.USAGE
    assert ended.stderr.splitlines() == ["错误：reports/ 中没有报告", "提示：生成一份：./noxw -s setup verify"]


def test_the_locale_chooses_where_nobody_asks(verify: Verify) -> None:
    assert verify("history", "list", VERIFY_LANG="", LC_ALL="zh_CN.UTF-8").stderr.startswith("错误：")
    assert verify("history", "list", VERIFY_LANG="", LC_ALL="C").stderr.startswith("error: ")


def test_a_language_that_nobody_speaks_is_a_usage_error(verify: Verify) -> None:
    ended = verify("checks", "--lang", "tlh")
    assert ended.returncode == Exit.USAGE
    assert ended.stderr.splitlines()[0] == "error: --lang tlh: no such language is spoken here"


def test_json_is_the_same_in_every_language(verify: Verify) -> None:
    assert verify("checks", "--json", "--lang", "zh").stdout == verify("checks", "--json").stdout
