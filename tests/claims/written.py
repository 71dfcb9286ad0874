"""Short reports to read, and ways to ask what was read."""

from textwrap import dedent

from verify.claims.claim import Claim, Document, Statement, Topic
from verify.claims.read import read_markdown

FILE = "old.md"


def read(text: str) -> Document:
    """What a report says whose lines may be indented as the test is."""
    return read_markdown(dedent(text).encode(), FILE)


def claim(document: Document, topic: Topic) -> Claim:
    """The one claim of a topic."""
    (found,) = claims(document, topic)
    return found


def claims(document: Document, topic: Topic) -> list[Claim]:
    """The claims of a topic, in their order."""
    return [told for told in document.claims if told.topic == topic]


def claim_of(text: str) -> Claim:
    """The one claim of a text."""
    (found,) = read(text).claims
    return found


def said(document: Document) -> set[tuple[str, str, bool]]:
    """What the statements say, of what, and whether it is denied."""
    return {(told.says, told.about, told.denied) for told in document.statements}


def marks(document: Document) -> dict[str, Statement]:
    """The last statement of each capability."""
    return {told.about: told for told in document.statements}
