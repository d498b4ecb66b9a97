"""Rendering of pages: jinja2 with escaping always on, one base template for all."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from govor import __version__
from govor.pages.embed import embed_json
from govor.store import readable_bytes, readable_seconds

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **context: Any) -> str:
    """One HTML page as text.

    Args:
        template: ``package/name.html`` is ``govor/package/templates/name.html``; a bare name is one of
            `govor.pages` itself. A page extends ``base.html`` and fills its blocks ``title``, ``lead``,
            ``main``, ``style`` and ``script``.
        context: values of the template; every one is escaped unless it is `markupsafe.Markup`.
    """
    return _environment().get_template(template).render(version=__version__, **context)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(json=embed_json, bytes=readable_bytes, seconds=readable_seconds, count=_count)
    return environment


def _source(name: str) -> str | None:
    package, _, file = name.rpartition("/")
    place = resources.files(f"govor.{package.replace('/', '.') or 'pages'}") / "templates" / file
    return place.read_text(encoding="utf-8") if place.is_file() else None


def _count(number: float) -> str:
    return f"{number:,.0f}".replace(",", "\u202f")
