"""Reports that somebody changed, and sealed again as well as it goes."""

import copy
import json
from typing import Any

from hypothesis import strategies as st

from tests import examples
from verify.report.canonical import digest_of, stored_text, text_of
from verify.report.versions import VERSIONS

# What is likely to be read otherwise by one reader than by another.
STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.0, 1.5, 1e-05, 1e-07, 1e16, 1e22, 5e-324, -0.0, 2**53 - 1, 2**53, 10**30, float("nan"),
    float("inf"), "", "x", "x\n", "a.b", "a.b\n", "0" * 12, "0" * 64 + "\n", "cpu", "2026-02-30T00:00:00Z",
    "2026-02-28T00:00:00Z", "2026-02-28T00:00:00Z\n", "2026-02-28", "v2", "\ud800", "\u0000", "\U0001f600", "é", [],
    {}, [1], [[]], {"a": 1}, ["a.b", "a.b"],
)  # fmt: skip
NAMES = st.sampled_from(["a", "name", "\uffff", "\U0001f600", "é", "1e5", "\ud800"])


@st.composite
def contents(draw: st.DrawFn) -> Any:
    """The plain data of a report of some version, in which one or two parts are others, more or fewer."""
    content = json.loads(stored_text(examples.report(draw(st.sampled_from(VERSIONS)), results=examples.results()[4:8])))
    for _ in range(draw(st.integers(0, 2))):
        _change(draw, content)
    return content


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """The bytes of such a report with the digest of its content, in the form that we write or nearly so."""
    content = draw(contents())
    try:
        content["digest"] = digest_of(content)
        text = text_of(content).encode()
    except ValueError:
        text = json.dumps(content, indent=2).encode()
    return draw(st.sampled_from([text, text[:-1], text.replace(b"1", b"1.0", 1), text.replace(b"\n  ", b"\n ", 1)]))


def _change(draw: st.DrawFn, content: Any) -> None:
    """Put something strange at any depth, or leave something out."""
    place = content
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or draw(st.booleans()):
            break
        place = place[key]
    match draw(st.sampled_from(["another", "less", "more"])):
        case "another":
            place[key] = copy.deepcopy(draw(st.sampled_from(STRANGE)))
        case "less":
            del place[key]
        case _ if isinstance(place, dict):
            place[draw(NAMES)] = copy.deepcopy(draw(st.sampled_from(STRANGE)))
        case _:
            place.append(copy.deepcopy(place[key]))
