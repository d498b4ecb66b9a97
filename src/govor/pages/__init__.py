"""HTML pages with one look: one file each, readable offline, light and dark, wide and narrow."""

from govor.pages.embed import audio_data_uri, embed_json, png_data_uri
from govor.pages.figures import SERIES, figure_png, figure_svg, new_figure
from govor.pages.page import render

__all__ = [
    "SERIES",
    "audio_data_uri",
    "embed_json",
    "figure_png",
    "figure_svg",
    "new_figure",
    "png_data_uri",
    "render",
]
