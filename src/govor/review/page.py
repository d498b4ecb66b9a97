"""The page that people review on: one file with all its scripts; texts come later, as data."""

from __future__ import annotations

from functools import cache
from importlib import resources

from markupsafe import Markup

from govor.pages import render

LIBRARIES = ("wavesurfer.min.js", "regions.min.js")


@cache
def page(corpus: str, mode: str, with_keys: bool) -> bytes:
    """The page.

    Args:
        corpus: name of the corpus.
        mode: ``queue``, ``estimate`` or ``blank``.
        with_keys: whether people have keys instead of giving names.
    """
    folder = resources.files("govor.review") / "wavesurfer"
    libraries = [Markup((folder / name).read_text(encoding="utf-8")) for name in LIBRARIES]
    context = {"corpus": corpus, "libraries": libraries, "facts": {"mode": mode, "keys": with_keys}}
    return render("review/review.html", **context).encode()
