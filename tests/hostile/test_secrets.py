"""No file of the project holds a secret: keys and tokens are known by the forms that their makers gave them.

Of the tools that look for more, the well-kept ones ask a service on a network; by entropy alone digests would be found.
"""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORMS = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{16}",
    "a token of GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})",
    "a token of GitLab": r"\bglpat-[A-Za-z0-9_-]{20}",
    "a token of Hugging Face": r"\bhf_[A-Za-z]{34}\b",
    "a token of PyPI": r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}",
    "a key of AWS": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a key of Google": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "a key of OpenAI or Anthropic": r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}",
    "a token of Slack": r"\bxox[abprs]-[A-Za-z0-9-]{20,}",
    "a signed web token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "a password in an address": r"\b[a-z][a-z0-9+.-]*://[^\s/:@'\"{}<>$]+:[^\s/@'\"{}<>$]+@[a-z0-9]",
}
# Files that name what is no secret, to see it refused.
MADE_UP_IN = {Path(__file__), ROOT / "tests/spec/test_platform.py"}
FORM = re.compile("|".join(f"(?P<f{number}>{form})" for number, form in enumerate(FORMS.values())))


def secrets(text: str) -> list[str]:
    """What a text holds, by its form."""
    names = list(FORMS)
    return [names[int((found.lastgroup or "f0")[1:])] for found in FORM.finditer(text)]


def tracked() -> list[Path]:
    """Every file that is, or is about to be, under version control."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("needs git, which knows the files of the project")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_of_the_project_holds_a_secret() -> None:
    found = {
        str(path.relative_to(ROOT)): what
        for path in tracked()
        if path.is_file() and path not in MADE_UP_IN and (what := secrets(path.read_text("utf-8", "replace")))
    }
    assert found == {}


# Put together here, so that they are in no file.
MADE_UP = {
    "a private key": "-----BEGIN " + "PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA",
    "a token of GitHub": "ghp" + "_" + "a" * 36,
    "a token of GitLab": "glpat" + "-" + "a" * 20,
    "a token of Hugging Face": "hf" + "_" + "a" * 34,
    "a token of PyPI": "pypi-" + "AgEIcHlwaS5vcmc" + "a" * 60,
    "a key of AWS": "AKIA" + "A" * 16,
    "a key of Google": "AIza" + "a" * 35,
    "a key of OpenAI or Anthropic": "sk-" + "ant-" + "a" * 40,
    "a token of Slack": "xoxb" + "-" + "1" * 24,
    "a signed web token": "eyJ" + "a" * 12 + ".eyJ" + "b" * 12 + "." + "c" * 24,
    "a password in an address": "https://ada" + ":" + "secret@example.org",
}


@pytest.mark.parametrize("kind", FORMS)
def test_a_secret_is_seen(kind: str) -> None:
    assert secrets(f"token = '{MADE_UP[kind]}'") == [kind]


@pytest.mark.parametrize("text", ["https://example.org:8080/a@b", "0" * 64, "HF_TOKEN", "-----BEGIN PUBLIC KEY-----"])
def test_what_is_none_is_let_be(text: str) -> None:
    assert secrets(text) == []
