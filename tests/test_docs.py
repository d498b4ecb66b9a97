"""Every govor command on a page is one that the command line accepts; every page is in the navigation."""

import re
import shlex
from pathlib import Path

import pytest

from govor.cli import COMMANDS, UsageFault, load_command

ROOT = Path(__file__).parents[1]
GENERATED = {"cli.md", "recipes.md", "results.md", "sentences.md"}  # by docs/hooks.py; git ignores them
WRITTEN = [path for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in GENERATED]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *WRITTEN]
PAGES += sorted((ROOT / "src" / "govor" / "publish" / "templates").glob("*.md"))
BLOCK = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(govor [a-z]+ [^`]+)`")


def commands_on(page):
    """Each ``govor NAME …`` of a page, as a list of words."""
    text = page.read_text(encoding="utf-8").replace("{{ facts.repo }}", "lab/model")
    lines = [line for block in BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    for line in lines:
        for part in re.split(r"&&|\||;", line) if '"' not in line else [line]:
            words = _words(part)
            while words and ("=" in words[0] or words[0] in ("$", "time", "nohup")):
                words = words[1:]
            if len(words) > 1 and words[0].rpartition("/")[2] == "govor" and words[1] in COMMANDS:
                yield words[1:]


def _words(line):
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []


FOUND = [(page, words) for page in PAGES for words in commands_on(page)]


def test_the_pages_show_commands():
    assert len(FOUND) > 40
    assert set(COMMANDS) - {words[0] for _, words in FOUND} == set()


@pytest.mark.parametrize(("page", "words"), FOUND, ids=lambda value: getattr(value, "stem", None))
def test_a_command_on_a_page_is_accepted(page, words):
    command = load_command(words[0])
    try:
        command.make_context(words[0], [word for word in words[1:] if "…" not in word])
    except UsageFault as fault:
        raise AssertionError(f"{page.name}: govor {' '.join(words)}: {fault}") from fault


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_options_named_in_passing_exist(page):
    unknown = []
    for line in INLINE.findall(page.read_text(encoding="utf-8")):
        name, options = line.split()[1], re.findall(r"(?<![\w-])--[a-z][a-z-]+", line)
        if name in COMMANDS:
            known = {option for parameter in load_command(name).params for option in parameter.opts} | {
                "--help"
            }
            unknown += [f"govor {name} {option}" for option in options if option not in known]
    assert unknown == []


def test_pictures_are_there_small_and_shown():
    shown = {name for page in PAGES for name in re.findall(r"images/([\w-]+\.png)", page.read_text("utf-8"))}
    pictures = {path.name: path.stat().st_size for path in (ROOT / "docs" / "images").glob("*.png")}
    assert shown == set(pictures) and max(pictures.values()) <= 150_000


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    missing = [p.name for p in (ROOT / "docs").glob("*.md") if p.name not in navigation]
    assert missing == []
