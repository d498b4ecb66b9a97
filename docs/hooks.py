"""Pages that are made from the code: commands, recipe settings, measured results.

MkDocs calls this before it builds. Zensical has no hooks: run ``python docs/hooks.py`` before it.
"""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent


def on_pre_build(config: Any) -> None:
    """Writes the generated pages beside the others (git ignores them)."""
    write()


def write() -> None:
    """Writes each page that differs from what is there, so that a watching server does not build for ever."""
    for name, made in (
        ("cli.md", commands),
        ("recipes.md", recipes),
        ("results.md", results),
        ("sentences.md", sentences),
    ):
        page, content = DOCS / name, made()
        if not page.exists() or page.read_text(encoding="utf-8") != content:
            page.write_text(content, encoding="utf-8")


def commands() -> str:
    """All commands with their options, from the command line's own definitions."""
    from govor.cli import COMMANDS, load_command

    parts = ["# Commands\n\nAll have `--help`. Exit status: see [exit codes](exit-codes.md).\n"]
    for name in COMMANDS:
        command = load_command(name)
        parts.append(f"## govor {name}\n\n{_paragraphs(command.help or '')}\n\n{_options(command)}\n")
    return "\n".join(parts)


def _paragraphs(text: str) -> str:
    lines = []
    for paragraph in text.strip().split("\n\n"):
        joined = " ".join(paragraph.split())
        example = joined.startswith("Example: ")
        lines.append(f"```sh\n{joined.removeprefix('Example: ')}\n```" if example else joined)
    return "\n\n".join(lines)


def _options(command: Any) -> str:
    rows = ["| | meaning | default |", "|---|---|---|"]
    for parameter in command.params:
        argument = parameter.param_type_name == "argument"
        name = (parameter.metavar or parameter.name.upper()) if argument else ", ".join(parameter.opts)
        default = parameter.default if isinstance(parameter.default, (str, int, float)) else ""
        help_text = (getattr(parameter, "help", "") or "").replace("|", "\\|")
        rows.append(f"| `{name}` | {help_text} | {'' if default in ('', False) else f'`{default}`'} |")
    return "\n".join(rows)


def recipes() -> str:
    """Every setting of a recipe with its default, unit, meaning and what a change of it changes."""
    from govor.config.listing import listed_settings

    parts = [(DOCS / "recipes.in.md").read_text(encoding="utf-8")]
    for section, rows in itertools.groupby(listed_settings(), lambda row: row.section):
        title = f"[{section}]" if section else "At the top"
        parts.append(f"\n## {title}\n\n{_settings(rows)}")
    return "\n".join(parts)


def _settings(rows: Any) -> str:
    lines = ["| setting | default | meaning | changes |", "|---|---|---|---|"]
    for row in rows:
        shown = f"`{row.default}` {row.unit}".strip() if row.default else ""
        may_be = ", ".join(row.choices) if row.choices else row.bounds
        meaning = row.meaning + (f" ({may_be})" if may_be else "")
        lines.append(f"| `{row.name}` | {shown} | {meaning.replace('|', chr(92) + '|')} | {row.changes} |")
    return "\n".join(lines)


def results() -> str:
    """The measured figures."""
    return (ROOT / "bench" / "RESULTS.md").read_text(encoding="utf-8")


def sentences() -> str:
    """What govor says when it ends with an error, each sentence under its page."""
    found = importlib.util.spec_from_file_location("sentences", DOCS / "sentences.py")
    assert found and found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return str(module.page())


if __name__ == "__main__":
    write()
