"""Nobody is told of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.report.hygiene import leaks, scrub

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
