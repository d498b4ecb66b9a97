import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor import pages

HOSTILE = "</script><script>alert(1)</script><!-- ' \" & \u2028"


def test_embedded_json_cannot_leave_its_script() -> None:
    embedded = str(pages.embed_json({"text": HOSTILE, HOSTILE: 1}))
    assert not set(embedded) & set("<>&'\u2028")
    assert json.loads(embedded) == {"text": HOSTILE, HOSTILE: 1}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_embedded_json_is_the_same_data(value: object) -> None:
    assert json.loads(str(pages.embed_json(value))) == value


def test_numbers_that_json_lacks_become_null() -> None:
    assert json.loads(str(pages.embed_json([float("nan"), float("inf"), 1.5]))) == [None, None, 1.5]


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)


def test_context_is_escaped() -> None:
    page = pages.render("message.html", title=HOSTILE, lead="lead", paragraphs=[HOSTILE])
    parser = Elements()
    parser.feed(page)
    assert "script" not in parser.seen
    assert "&lt;/script&gt;" in page


def test_page_fetches_nothing() -> None:
    page = pages.render("message.html", title="t", lead="l", paragraphs=["p"])
    assert not re.findall(r"(?:src|href)=[\"']?https?:", page)
    assert "default-src 'none'" in page


def test_missing_value_is_a_fault() -> None:
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        pages.render("message.html", title="t")


def test_figure_follows_the_theme() -> None:
    figure, axes = pages.new_figure()
    axes.bar(["</svg><script>", "b"], [1, 2], color=pages.SERIES[0])
    axes.set_title("Titel")
    svg = str(pages.figure_svg(figure, 'a "label"'))
    assert svg.startswith('<svg role="img" aria-label="a &#34;label&#34;"')
    assert "var(--series-1)" in svg
    assert "var(--ink)" in svg
    assert "<script>" not in svg
    assert "#0a0" not in svg


def test_figure_as_png_has_real_colours() -> None:
    import io

    from PIL import Image

    figure, axes = pages.new_figure()
    axes.bar(["a"], [1], color=pages.SERIES[0])
    image = Image.open(io.BytesIO(pages.figure_png(figure))).convert("RGB")
    colours = {colour for _, colour in image.getcolors(1 << 20)}
    assert (0x2F, 0x6F, 0x8F) in colours
    assert (0x0A, 0x0C, 0x01) not in colours


def test_audio_and_picture_as_data() -> None:
    assert pages.audio_data_uri(b"abc") == "data:audio/flac;base64,YWJj"
    figure, _ = pages.new_figure()
    assert pages.png_data_uri(figure).startswith("data:image/png;base64,iVBOR")
