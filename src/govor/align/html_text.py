"""The text of a web page, a line for each block; scripts, styles and the head are left out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote br center dd details dialog div dl dt fieldset figcaption figure"
        " footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table td th tr ul",
    )
)
_UNSEEN = frozenset(("head", "script", "style", "template", "noscript", "svg", "math", "select", "textarea"))


class _HtmlReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._line: list[str] = []
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Blocks begin a line; what is not seen is passed over."""
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag == "body":
            self._unseen.clear()
        elif tag in _BLOCKS:
            self.end_line()

    def handle_endtag(self, tag: str) -> None:
        """Blocks end a line."""
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        elif tag in _BLOCKS:
            self.end_line()

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if not self._unseen:
            self._line.append(data)

    def end_line(self) -> None:
        """What was gathered is a line."""
        text = " ".join("".join(self._line).split())
        self._line = []
        if text:
            self.lines.append(text)


def html_lines(page: str) -> list[str]:
    """The lines of a page."""
    reader = _HtmlReader()
    reader.feed(page)
    reader.close()
    reader.end_line()
    return reader.lines
