"""What fuzzing gives to readers, without a fuzzer: sound files, what was found before, and bytes that change."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import FOUND, found, seeds, sound
from tests.fuzz.targets import TARGETS, tried

# Head and envelope are of one chain and one key: what is sound for another is refused here.
REFUSED = {"head", "signed"}


def test_every_target_has_something_to_begin_with() -> None:
    assert set(sound()) == set(TARGETS)
    assert {path.name for path in FOUND.glob("*") if path.is_dir()} <= set(TARGETS)


@pytest.mark.parametrize("name", sorted(set(TARGETS) - REFUSED))
def test_what_is_sound_is_read(name: str) -> None:
    for text in sound()[name]:
        TARGETS[name](text.encode())


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_before_is_stood(name: str) -> None:
    for path in found(name):
        tried(TARGETS[name], path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_bytes_that_change_are_stood(name: str, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(list(seeds(name))))
    at = data.draw(st.integers(0, len(whole)))
    put = data.draw(
        st.binary(max_size=8) | st.sampled_from([b"9" * 400, b"[" * 200, b"|" * 200, b"\n# ", b'"', b"1e99"])
    )
    tried(TARGETS[name], whole[:at] + put + whole[at + data.draw(st.integers(0, 8)) :])
