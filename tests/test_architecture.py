"""Imports point one way; what stands before models never imports torch; families stay in models.

``GOVOR_WRITE_MAP=1 pytest tests/test_architecture.py`` writes the table of docs/map.md anew from `ORDER`.
"""

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "govor"
# From top to bottom: a package may import those above it. Packages on one line may not import each other.
ORDER = [
    {"errors", "bars", "interrupts", "shown", "waiting"},
    {"records", "extras", "espeak", "memory", "packing", "hosts", "machine", "shape"},
    {"store", "console", "filesystems"},
    {"memory_floor", "parquet"},
    {"config"},
    {"text", "audio", "features", "pages", "findings"},
    {"corpora"},
    {"curate", "interchange"},
    {"prepare"},
    {"load"},
    {"lm"},
    {"models"},
    {"transcribe"},
    {"align"},
    {"label"},
    {"evaluate"},
    {"review"},
    {"export"},
    {"inspection"},
    {"doctor"},
    {"preflight"},
    {"train"},
    {"tune"},
    {"serve"},
    {"publish"},
    {"pipeline"},
    {"demo"},
    {"api"},
    {"commands"},
    {"cli"},
    {"__main__"},
]
# Joints, each with its reason.
JOINTS = {}
NO_TORCH = ["text", "audio", "features", "corpora", "curate", "prepare", "load", "pages"]
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}


@cache
def modules():
    return sorted(SOURCE.rglob("*.py"))


@cache
def tree_of(path):
    """A file's source, parsed once for all tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


def package(path):
    relative = path.relative_to(SOURCE)
    return relative.parts[0].removesuffix(".py")


def imported_modules(path):
    """Top names of everything a file imports, wherever it does so."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)


def imported_packages(path):
    for node in ast.walk(tree_of(path)):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = (
                [node.module] if node.module != "govor" else [f"govor.{alias.name}" for alias in node.names]
            )
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("govor."):
                yield name.split(".")[1]


def test_every_package_has_its_place():
    assert {package(path) for path in modules()} - {"__init__"} <= set(RANK)


def test_imports_point_up_only():
    wrong = []
    for path in modules():
        here = package(path)
        for there in imported_packages(path):
            if here == "__init__" or there == here or there not in RANK or (here, there) in JOINTS:
                continue
            if RANK[there] >= RANK[here]:
                wrong.append(f"{path.relative_to(SOURCE)} imports {there}")
    assert not wrong, wrong


MAP = SOURCE.parents[1] / "docs" / "map.md"
BEGIN, END = (
    "<!-- written from ORDER in tests/test_architecture.py -->\n",
    "<!-- end of what is written -->\n",
)
EVERYWHERE = max(RANK["config"], RANK["parquet"])  # what stands no lower is imported by nearly all


def file_of(name):
    folder = SOURCE / name
    return folder / "__init__.py" if folder.is_dir() else SOURCE / f"{name}.py"


def described(name):
    """The first sentence of a package's docstring, or of a module's."""
    line = ast.get_docstring(tree_of(file_of(name))).splitlines()[0]
    return line.split("; see docs/")[0].rstrip(".")


def offered(name):
    """Functions and classes that a package gives to the others: its ``__all__`` without constants."""
    for node in tree_of(file_of(name)).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [one for one in ast.literal_eval(node.value) if not one.isupper()]
    return []


def imports():
    """Package: the packages that it imports."""
    found = {name: set() for name in RANK}
    for path in modules():
        if package(path) in found:
            found[package(path)] |= set(imported_packages(path)) & set(RANK) - {package(path)}
    return found


def quoted(names):
    return ", ".join(f"`{name}`" for name in names) or "–"


def table_of_the_map():
    lines = ["| | what it does | offers | imports |", "|---|---|---|---|"]
    drawn = imports()
    for names in ORDER:
        for name in sorted(names):
            above = [one for one in RANK if one in drawn[name] and RANK[one] > EVERYWHERE]
            above.sort(key=lambda one: (RANK[one], one))
            lines.append(f"| `{name}` | {described(name)} | {quoted(offered(name))} | {quoted(above)} |")
    return "\n".join(lines) + "\n"


def test_the_map_is_written_from_this_order():
    page = MAP.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    kept, after = rest.split(END)
    made = f"\n{table_of_the_map()}\n"
    if os.environ.get("GOVOR_WRITE_MAP"):
        MAP.write_text(before + BEGIN + made + END + after, encoding="utf-8")
        kept = made
    assert kept == made, "GOVOR_WRITE_MAP=1 pytest tests/test_architecture.py writes it anew"


def test_stages_before_training_never_import_torch():
    code = f"""
import importlib, pkgutil, sys, govor
for top in {NO_TORCH}:
    module = importlib.import_module(f"govor.{{top}}")
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"govor.{{top}}."):
        importlib.import_module(found.name)
sys.exit("torch was imported" if "torch" in sys.modules else 0)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    for path in modules():
        if package(path) in NO_TORCH:
            assert "torch" not in set(imported_modules(path)), path


def test_no_drawer_for_everything():
    names = {path.stem for path in modules()}
    assert not names & {"utils", "helpers", "common", "misc"}


# Where a family's name is that of something else: what it is there.
OTHER_MEANINGS = {
    "models/families.py": "the registry",
    "models/adapters.py": "ctc_head of transformers' Parakeet",
    "models/extractors.py": "transformers' WhisperFeatureExtractor",
    "evaluate/released.py": "transformers' module of Whisper's normalisers",
    "publish/model_facts.py": "faster-whisper, the program",
    "corpora/transcript_files.py": "the files that Whisper's own command writes",
    "interchange/segments_json.py": "whisper-json, the same files written",
    "serve/models.py": "whisper-1, a name in OpenAI's API",
    "lm/beam.py": "ln p of the labels, in any model that gives frames",
}


def names_in(path):
    """Names and strings of one word that a file's code holds."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom):
            yield from (node.module or "", *(alias.name for alias in node.names))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            yield node.value
        else:
            yield from (
                str(getattr(node, key)) for key in ("id", "attr", "arg", "name") if hasattr(node, key)
            )


def test_family_names_stay_in_their_folders():
    """Nothing else asks which family it has, models included."""
    families = {folder.name for folder in (SOURCE / "models").iterdir() if (folder / "build.py").exists()}
    assert {"ctc", "whisper"} <= families
    found = {}
    for path in modules():
        place = path.relative_to(SOURCE)
        if place.parts[0] == "models" and place.parts[1] in families:
            continue
        for name in names_in(path):
            if families & {word.lower() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+", name)}:
                found.setdefault(place.as_posix(), set()).add(name)
    assert not found.keys() - OTHER_MEANINGS.keys(), found
    assert not OTHER_MEANINGS.keys() - found.keys(), "no longer needed"


def test_test_files_have_names_of_their_own():
    """pytest collects no two files of one name where their folders are no packages."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(set(names)) == sorted(names)


LINES_OF_A_FUNCTION = 60
ARGUMENTS_OF_A_COMMAND = 8
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
ANY_BY_NAME = re.compile(r"\b(?:dict|Mapping|MutableMapping)\[str, Any\]")
MOST_ANY_BY_NAME = 80  # in the whole source; fewer are welcome


def trees():
    return [(path, tree_of(path)) for path in modules()]


def public(body):
    """Public functions, methods and attributes in a file or class, one after another."""
    for node in body:
        if getattr(node, "name", "").startswith("_") and node.name != "__init__":
            continue
        if isinstance(node, ast.ClassDef):
            yield from public(node.body)
            yield from (field for field in node.body if isinstance(field, ast.AnnAssign))
        elif isinstance(node, FUNCTION):
            yield node


def said_types(node):
    """What a signature or an attribute says its types are."""
    if isinstance(node, ast.AnnAssign):
        return [node.annotation]
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [one for one in (*(argument.annotation for argument in given), node.returns) if one]


def test_functions_are_small():
    long = [
        f"{path.relative_to(SOURCE)}: {node.name}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, FUNCTION) and node.end_lineno - node.lineno >= LINES_OF_A_FUNCTION
    ]
    assert not long, long


def test_commands_take_few_arguments():
    many = [
        f"{path.stem}: {node.name}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if package(path) == "commands" and isinstance(node, FUNCTION)
        if len(node.args.args) + len(node.args.kwonlyargs) > ARGUMENTS_OF_A_COMMAND
    ]
    assert not many, many


def test_each_class_has_a_name_of_its_own():
    """A noun means one thing: who knows the class of one package is not misled in another."""
    places = {}
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(path.relative_to(SOURCE).as_posix())
    assert not {name: found for name, found in places.items() if len(found) > 1}


def test_public_signatures_say_what_they_take_and_give():
    """A dataclass, a TypedDict, or plain `object` for what is only handed on."""
    vague = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path, tree in trees()
        for node in public(tree.body)
        if any(ANY_BY_NAME.search(ast.unparse(one)) for one in said_types(node))
    ]
    assert not vague, vague


def test_values_of_unknown_type_are_few():
    count = sum(len(ANY_BY_NAME.findall(path.read_text(encoding="utf-8"))) for path in modules())
    assert count <= MOST_ANY_BY_NAME
