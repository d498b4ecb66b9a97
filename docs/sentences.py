"""The sentences that govor prints, as they stand in its source, each under the page that explains it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "govor"
VARIES = "…"
TITLE = """# Sentences

What govor says when it ends with an error, and what it remarks on the way, taken from its source. `…` stands
for a name, a number or a list: search for the words around it. Those met most have their background in
[troubleshooting](troubleshooting.md). [Exit codes](exit-codes.md) says what a status means. The codes of
check and preflight are in [findings](findings.md).
"""
PAGES = {
    **{"align": "align.md", "audio": "check.md", "commands": "exit-codes.md", "config": "recipes.md"},
    **{"corpora": "import.md", "curate": "select.md", "demo": "index.md", "evaluate": "evaluate.md"},
    **{"export": "export.md", "inspection": "inspect.md", "interchange": "export-corpus.md", "lm": "lm.md"},
    **{"label": "label.md", "review": "review.md"},
    **{"load": "prepare.md", "models": "which-model.md", "pipeline": "recipes.md"},
    **{"preflight": "preflight.md", "prepare": "prepare.md", "publish": "publish.md", "serve": "serve.md"},
    **{"text": "text.md", "train": "train.md", "transcribe": "transcribe.md", "tune": "tune.md"},
    **{"doctor": "doctor.md"},
    **{
        f"curate/{name}": "review.md"
        for name in ("review", "sample", "sheet", "sheet_ids", "sheet_utterances")
    },
    **{"curate/merge": "merge.md", "curate/move": "merge.md", "curate/check": "check.md"},
}
"""Pages by package, or by module where a package has several; other modules: `EVERYWHERE`."""
EVERYWHERE = "exit-codes.md"
FOREIGN = ("ValueError", "AttributeError", "RuntimeError", "TypeError", "OSError", "ShapeError")
"""Errors that govor turns into sentences of its own before anybody sees them."""
SHORTEST = 4
"""Words of its own that a sentence needs; shorter ones are details inside of others."""


def page() -> str:
    """The whole page, as Markdown."""
    found: dict[str, set[str]] = {}
    for where, said in sentences():
        found.setdefault(where, set()).add(said)
    return TITLE + "".join(_section(where, found[where]) for where in sorted(found))


def _section(where: str, said: set[str]) -> str:
    lines = "\n".join(f"- `` {sentence} ``" for sentence in sorted(said))
    title = where.removesuffix(".md").replace("-", " ").capitalize()
    return f"\n## {title}\n\n[The page]({where})\n\n{lines}\n"


def sentences() -> Iterator[tuple[str, str]]:
    """(page, sentence) for every error and remark with words of its own."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and _is_said(node):
                said = " ".join(text_of(node.args[0]).split())
                if _own_words(said) >= SHORTEST:
                    yield page_of(path), said


def strings() -> Iterator[str]:
    """Every string of the source, with `VARIES` for what is put in."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Constant, ast.JoinedStr, ast.BinOp)):
                yield " ".join(text_of(node).split())


def page_of(path: Path) -> str:
    """The page that explains what a module says."""
    module = path.relative_to(SOURCE).with_suffix("").as_posix()
    return PAGES.get(module) or PAGES.get(module.split("/")[0], EVERYWHERE)


def text_of(node: ast.AST) -> str:
    """A string in the source, with `VARIES` for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return text_of(node.left) + text_of(node.right)
    return VARIES


def _is_said(call: ast.Call) -> bool:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    return name == "say" or (name.endswith("Error") and name not in FOREIGN)


def _own_words(said: str) -> int:
    return sum(any(letter.isalpha() for letter in word) for word in said.replace(VARIES, " ").split())
