"""Benchmarks, notebooks and tests import only what govor has, in functions that seldom run too."""

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
USERS = sorted(
    path
    for folder in ("bench", "notebooks", "tests")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".ipynb") and ".ipynb_checkpoints" not in path.parts
)


def code_of(path):
    """Python in a file; of a notebook its code cells, without the lines that are for the shell."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    cells = [cell["source"] for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    lines = (line for cell in cells for line in "".join(cell).splitlines())
    return "\n".join(re.sub(r"^(\s*)[!%].*", r"\1pass", line) for line in lines)


def file_of(module):
    place = SOURCE.joinpath(*module.split("."))
    return next((one for one in (place.with_suffix(".py"), place / "__init__.py") if one.exists()), None)


@cache
def names_of(module):
    """What stands at the top of a module, and the modules of a package."""
    path = file_of(module)
    found = {one.stem for one in path.parent.glob("*")} if path.name == "__init__.py" else set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def missing(code):
    """Modules and names of govor that `code` imports and that are not there."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            asked = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            asked = [(node.module, alias.name) for alias in node.names]
        else:
            continue
        for module, name in asked:
            if module.split(".")[0] != "govor":
                continue
            if file_of(module) is None or (name and name not in names_of(module) | lazy(module)):
                yield f"line {node.lineno}: {module} {name or ''}".rstrip()


def lazy(module):
    """Names that a package gives when asked for them."""
    if module != "govor":
        return set()
    import govor

    return set(dir(govor))


@pytest.mark.parametrize("path", USERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_name_is_there(path):
    assert not list(missing(code_of(path)))


def test_names_that_moved_are_found_missing():
    code = "def f():\n    from govor.train import opening, train\n    import govor.train.journal"
    assert list(missing(code)) == ["line 2: govor.train opening", "line 3: govor.train.journal"]
