"""A page as a reader of HTML takes it apart."""

from html.parser import HTMLParser


class Reader(HTMLParser):
    """Collects tags, their attributes, and the text that is shown, in order.

    Attributes:
        tags: Names of the elements.
        attributes: Element, name and value of each.
        text: Of the page without its style and its scripts.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self._shown: list[str] = []
        self._inside = ""
        self.feed(page)

    @property
    def text(self) -> str:
        """In one line, elements apart."""
        return " ".join(" ".join(self._shown).split())

    @property
    def raw(self) -> str:
        """As it stands."""
        return "".join(self._shown)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, _tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("style", "script"):
            self._shown.append(data)
