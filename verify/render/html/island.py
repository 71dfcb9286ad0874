"""Data in a page, for its script: JSON in which nothing ends the element that holds it."""

import json
from typing import Any

from markupsafe import Markup

# Inside of a script element a browser looks for `</script` and `<!--` whatever the quotes; the last two end a line.
_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def island(data: Any) -> Markup:
    """The data as the text of a script element of type ``application/json``.

    Raises:
        ValueError: It holds a number that JSON has not.
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))  # noqa: S704 - nothing in it is markup any more
