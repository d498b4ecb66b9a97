"""No file imports, however indirectly, a file that imports it; what only type checkers read counts too."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "govor"
ROOT = "govor"  # its names are opened when they are asked for; it stands above all and below all


def name_of(path):
    parts = ("govor", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path, names):
    """Files that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in names else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_file_imports_itself_through_others():
    paths = {name_of(path): path for path in SOURCE.rglob("*.py")}
    graph = {name: set(imports_of(path, paths)) & set(paths) - {name, ROOT} for name, path in paths.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" imports ".join(reversed(error.args[1]))) from None
