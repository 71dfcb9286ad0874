"""Data in a page is data, whatever it holds."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verify.render.html.island import island

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(VALUES)
@example("</script><script>alert(1)</script><!-- \u2028 &amp;")
def test_what_goes_in_comes_out_and_ends_no_element(value: object) -> None:
    text = str(island(value))
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        island([float("nan")])
