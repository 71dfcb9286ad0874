"""Nobody is told of."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.report.hygiene import leaks, may_tell_a_home, scrub

SECRETS = {"/srv/people/ada": "~", "/srv/people/ada/project": ".", "ada": "<user>", "analytical-engine": "<host>"}


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("/srv/people/ada/project/envs/m2.toml", "./envs/m2.toml"),
        ("/srv/people/ada/.cache", "~/.cache"),
        ("on analytical-engine: ada", "on <host>: <user>"),
        ("adamant and nevada stay, Ada too", "adamant and nevada stay, Ada too"),
        ("/home/grace/x /Users/grace.h/y C:\\Users\\grace\\z", "~/x ~/y ~\\z"),
        ("/root/.cache/huggingface", "~/.cache/huggingface"),
        (
            "a square root; /rooted; https://example.org/home/page",
            "a square root; /rooted; https://example.org/home/page",
        ),
        ("half a \ud800 pair", "half a ? pair"),
    ],
)
def test_secrets_are_replaced(text: str, scrubbed: str) -> None:
    assert scrub(text, SECRETS) == scrubbed


@given(st.text())
def test_what_was_scrubbed_tells_nothing_and_can_be_stored(text: str) -> None:
    done = scrub(text + " ada /home/ada " + text, SECRETS)
    assert list(leaks(done, SECRETS)) == []
    done.encode()


HOMES = st.sampled_from(
    ["/home/ada", "/Users/ada", "/root/", "C:\\Users\\ada", "C:\\\\Users\\\\ada", "/home", "/root", "~", "\n"]
)


@given(st.lists(HOMES | st.text(max_size=5), max_size=5).map("".join))
def test_where_no_home_can_be_told_none_is(text: str) -> None:
    written = json.dumps({text: [text]}, ensure_ascii=False)
    assert may_tell_a_home(text) or list(leaks(text, {})) == []
    assert may_tell_a_home(written) or list(leaks(text, {})) == []


def test_a_text_without_any_sign_is_told_apart() -> None:
    assert not may_tell_a_home("https://example.org and ~/.cache")


def test_a_leak_is_named_by_what_it_stands_for() -> None:
    assert list(leaks("/home/ada on analytical-engine", SECRETS)) == [
        "what should be <user>",
        "what should be <host>",
        "a home folder",
    ]


@pytest.mark.parametrize("name", ["root", "runner", "", "x", "Ubuntu"])
def test_names_that_anybody_may_have_are_no_secrets(name: str) -> None:
    assert scrub("root runner x ubuntu", {name: "<user>"}) == "root runner x ubuntu"
    assert list(leaks("root runner x ubuntu", {name: "<user>"})) == []
