"""Pages, docstrings and comments name no module that is gone."""

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "govor"
# Written in texts, of other projects, or made by whoever follows a page.
ELSEWHERE = {
    "app.py": "of a Space",
    "toy/build.py": "of a new family",
    "whisper/transcribe.py": "OpenAI's",
    "whisper/timing.py": "OpenAI's",
    "whisper/utils.py": "OpenAI's",
    "langid.py": "the package",
    "govor.models.toy.build": "of a new family",
}
NO_PARTS = {
    "govor",
    "onnx",
    "text_source",
    "segment_long_utterances",
}  # a program, a format, a column, of Kaldi
FILE = re.compile(r"(?<![\w*])[a-z_.][\w/.-]*\.py\b")
DOTTED = re.compile(r"(?<![\w/.-])govor(?:\.[a-z_]\w*)+(?:\.[A-Z]\w*)?")
NO_MODULES = {"json", "toml", "md", "css", "js", "git"}  # ends of file names: govor.json


@functools.cache
def files():
    folders = [ROOT / name for name in ("src", "tests", "bench", "docs", ".ci")]
    return ["/" + path.relative_to(ROOT).as_posix() for folder in folders for path in folder.rglob("*.py")]


@functools.cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def texts():
    """(where, text) of every page, docstring and comment."""
    for page in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        yield page.name, page.read_text(encoding="utf-8")
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(tree(path)):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                yield path.relative_to(SOURCE).as_posix(), ast.get_docstring(node) or ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if "# " in line:
                yield path.relative_to(SOURCE).as_posix(), line.partition("# ")[2]


def is_there(name):
    """Whether ``govor.a.b`` is a module, or something that the module ``govor.a`` names."""
    parts = name.split(".")[1:]
    place = SOURCE
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if parts and (place / f"{parts[0]}.py").exists():
        place /= f"{parts.pop(0)}.py"
    if not parts:
        return True
    home = place / "__init__.py" if place.is_dir() else place
    return parts[0] in {word for node in ast.walk(tree(home)) for word in words(node)}


def words(node):
    for key in ("id", "attr", "name", "asname", "value"):
        if isinstance(word := getattr(node, key, None), str):
            yield word


def test_no_text_names_a_file_that_is_gone():
    gone = {
        (where, name)
        for where, text in texts()
        for name in FILE.findall(text)
        if name not in ELSEWHERE and not any(file.endswith("/" + name) for file in files())
    }
    assert not gone


def test_no_text_names_a_module_that_is_gone():
    gone = {
        (where, name)
        for where, text in texts()
        for name in DOTTED.findall(text)
        if name not in ELSEWHERE and name.split(".")[1] not in NO_MODULES and not is_there(name)
    }
    assert not gone


@pytest.mark.parametrize("init", sorted(SOURCE.rglob("__init__.py")), ids=lambda path: path.parent.name)
def test_the_parts_that_a_package_names_are_there(init):
    """``one`` word in the docstring of a package is a module of it, or a name in it."""
    named = re.findall(r"(?<!`)`{1,2}([a-z_]+)`{1,2}(?!`)", ast.get_docstring(tree(init)) or "")
    known = {path.stem for path in init.parent.iterdir()}
    known |= {
        word for path in init.parent.glob("*.py") for node in ast.walk(tree(path)) for word in words(node)
    }
    assert set(named) <= known | NO_PARTS
