"""Which files of a model folder are published: those that are known to belong to a model, and no others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govor.errors import ModelError

WEIGHTS = (r"model(-\d{5}-of-\d{5})?\.safetensors", r"adapter(_model|\.[\w-]+)?\.safetensors")
CONFIGURATION = (
    r"config\.json",
    r"generation_config\.json",
    r"(pre)?processor_config\.json",
    r"adapter_config\.json",
    r"tokenizer_config\.json",
    r"special_tokens_map\.json",
    r"govor\.json",
)
"""JSON that can name files of this machine; what it names of them is cut to the last part."""
VOCABULARY = (
    r"model\.safetensors\.index\.json",
    r"(tokenizer|vocab|added_tokens|normalizer)\.json",
    r"(vocab|merges)\.txt",
    r"(spiece|tokenizer|sentencepiece(\.bpe)?)\.model",
    r"chat_template\.jinja",
    r"LICENSE(\.txt|\.md)?",
)
KNOWN = (*WEIGHTS, *CONFIGURATION, *VOCABULARY)
_ROOT = r"(?:file:/+|(?<![\w.:/\\])/(?=[^\s/])|(?<!\w)[A-Za-z]:[\\/]|(?<![\w\\])\\\\(?=[^\s\\]))"
PATH = re.compile(_ROOT + r"(?:[^/\\\n\"'<>|]+[/\\])+")
"""The folders of an absolute path (POSIX, Windows, UNC or file: address) in a text, spaces included."""


@dataclass(frozen=True)
class ModelFiles:
    """The files of a model folder.

    Attributes:
        published: names of those that go.
        left: names of everything else.
    """

    published: tuple[str, ...]
    left: tuple[str, ...]


def model_files(folder: Path) -> ModelFiles:
    """What of a folder is published. Links are not followed: what they point to was never looked at.

    Raises:
        ModelError: there are no weights as safetensors.
    """
    found = sorted(path for path in folder.iterdir() if path.name != "README.md")
    names = tuple(path.name for path in found if _is_known(path))
    if not any(re.fullmatch(pattern, name) for name in names for pattern in WEIGHTS):
        linked = any(path.is_symlink() for path in found)
        mend = (
            "copy the folder with cp -rL, which follows its links"
            if linked
            else "save it with save_pretrained"
        )
        raise ModelError(f"{folder} has no weights as safetensors: {mend}")
    return ModelFiles(names, tuple(path.name for path in found if path.name not in names))


def _is_known(path: Path) -> bool:
    known = any(re.fullmatch(pattern, path.name) for pattern in KNOWN)
    return known and path.is_file() and not path.is_symlink()


def is_configuration(name: str) -> bool:
    """Whether a file is JSON that can name files of this machine."""
    return any(re.fullmatch(pattern, name) for pattern in CONFIGURATION)


def without_paths(value: Any) -> Any:
    """Plain data without absolute paths: of each only the last part stays."""
    if isinstance(value, Mapping):
        return {without_paths(key): without_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_paths(item) for item in value]
    return PATH.sub("", _without_end(value)) if isinstance(value, str) else value


def _without_end(text: str) -> str:
    """A path of a folder without its last stroke, so that the folder's name stays."""
    return text.rstrip("/\\") if PATH.match(text) else text
