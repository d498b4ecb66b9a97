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
_UNSEEN = frozenset(
    re.findall(r"\w+", "head title script style template noscript svg math select textarea rt rp")
)
_VOID = frozenset(re.findall(r"\w+", "area base br col embed hr img input link meta param source track wbr"))
_SELF_ENDING = frozenset(("p", "li", "dt", "dd", "td", "th", "tr", "option"))
"""Elements that end where the next one of the same name begins."""
_READINGS = frozenset(("rt", "rp", "rb", "ruby"))
_ENDED_BY_OTHERS = _SELF_ENDING | {"rt", "rp"}
"""Elements that end with the one that they are in."""
_NOT_SHOWN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE)


class _HtmlReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._line: list[str] = []
        self._unseen: list[str] = []
        self._as_typed = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Blocks begin a line; what is not seen is passed over."""
        self._end_by(tag)
        if tag in _BLOCKS and not self._unseen:
            self.end_line()
        if tag in _UNSEEN or tag in self._unseen or (tag not in _VOID and _is_hidden(dict(attrs))):
            self._unseen.append(tag)
        elif tag == "body":
            self._unseen.clear()
        else:
            self._as_typed += tag == "pre"

    def _end_by(self, tag: str) -> None:
        """What a tag ends without saying so: the head before the body's first block, a hidden paragraph."""
        last = self._unseen[-1] if self._unseen else ""
        by_block = tag in _BLOCKS and tag != "br" and last in ("head", "p")
        by_itself = tag == last and tag in _SELF_ENDING
        if by_block or by_itself or (tag in _READINGS and last in ("rt", "rp")):
            self._unseen.pop()

    def handle_endtag(self, tag: str) -> None:
        """Blocks end a line."""
        if tag in self._unseen:
            place = len(self._unseen) - 1 - self._unseen[::-1].index(tag)
            del self._unseen[place:]
            return
        if self._unseen and (tag in _BLOCKS or tag == "ruby") and self._unseen[-1] in _ENDED_BY_OTHERS:
            self._unseen.pop()
        if tag in _BLOCKS:
            self.end_line()
            self._as_typed -= tag == "pre" and self._as_typed > 0

    def handle_data(self, data: str) -> None:
        """Text between tags; within ``pre`` its lines count."""
        if self._unseen:
            return
        first, *more = data.split("\n") if self._as_typed else [data]
        self._line.append(first)
        for line in more:
            self.end_line()
            self._line.append(line)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """``<![``, whatever follows, is a comment up to the next ``>``, as in browsers."""
        return self.parse_bogus_comment(i, report)

    def end_line(self) -> None:
        """What was gathered is a line."""
        text = " ".join("".join(self._line).split())
        self._line = []
        if text:
            self.lines.append(text)


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    return "hidden" in attributes or _NOT_SHOWN.search(attributes.get("style") or "") is not None


def html_lines(page: str) -> list[str]:
    """The lines of a page."""
    reader = _HtmlReader()
    reader.feed(page)
    reader.close()
    reader.end_line()
    return reader.lines
