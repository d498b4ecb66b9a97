"""Plots in the look of the pages: drawn once, in colours that follow the page's light or dark theme."""

from __future__ import annotations

import re
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any, cast

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, FAINT, GRID = "#0a0b0c", "#0a0b0d", "#0a0b0e"
SERIES = ("#0a0c01", "#0a0c02", "#0a0c03", "#0a0c04")
"""Placeholders; `figure_svg` turns them into the page's CSS variables, `figure_png` into light colours."""

_CSS = {INK: "var(--ink)", FAINT: "var(--faint)", GRID: "var(--line)"} | {
    colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, 1)
}
_LIGHT = {
    INK: "#1c2330",
    FAINT: "#5b6677",
    GRID: "#dde2ea",
    **dict(zip(SERIES, ("#2f6f8f", "#c4572e", "#4d8a3d", "#8757a8"), strict=True)),
}
_STYLE: dict[str, object] = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": FAINT,
    "axes.edgecolor": GRID,
    "axes.titlecolor": INK,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "govor",
}


def new_figure(width_in: float = 5.6, height_in: float = 2.7) -> tuple[Figure, Any]:
    """A figure with one pair of axes; colour data with `SERIES`, text is coloured already.

    No global state: pyplot is not touched, so it works in any thread and with any backend.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(cast("Any", _STYLE)):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.tick_params(length=0, colors=FAINT)
    return figure, axes


def figure_svg(figure: Figure, label: str) -> Markup:
    """The figure as inline SVG in the page's colours.

    Args:
        figure: from `new_figure`.
        label: what the plot shows, for those who hear the page.
    """
    import matplotlib

    buffer = StringIO()
    _take_literally(figure)
    with matplotlib.rc_context(cast("Any", _STYLE)):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', "", svg, count=1)
    for placeholder, variable in _CSS.items():
        svg = svg.replace(placeholder, variable)
    svg = re.sub(r'(font: [^";]*?)\'[^;"]*', r"\1var(--sans)", svg)
    image = Markup('<svg role="img" aria-label="{}"').format(label)
    return Markup(svg.replace("<svg", str(image), 1))


def _take_literally(figure: Figure) -> None:
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)


def figure_png(figure: Figure, dpi: int = 144) -> bytes:
    """The figure as PNG in the light theme's colours, on white, for files that stand alone."""
    from matplotlib.colors import to_hex

    for artist in figure.findobj():
        for name in ("color", "facecolor", "edgecolor"):
            _recolour(artist, name, to_hex)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, facecolor="white")
    return buffer.getvalue()


def _recolour(artist: Any, name: str, to_hex: Any) -> None:
    getter, setter = getattr(artist, f"get_{name}", None), getattr(artist, f"set_{name}", None)
    if getter is None or setter is None:
        return
    try:
        found = to_hex(getter())
    except (ValueError, TypeError):
        return
    if found in _LIGHT:
        setter(_LIGHT[found])
