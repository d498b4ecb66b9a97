"""Which files of a model folder are published: those that are known to belong to a model, and no others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govor.errors import ModelError
from govor.publish.exports import format_of, is_of_kind
from govor.publish.files import CARD

CONFIGURATION = (
    r"config\.json",
    r"generation_config\.json",
    r"(pre)?processor_config\.json",
    r"adapter_config\.json",
    r"tokenizer_config\.json",
    r"special_tokens_map\.json",
    r"govor\.json",
    r"export\.json",
)
"""JSON that can name files of this machine; what it names of them is cut to the last part."""
VOCABULARY = (
    r"(tokenizer|vocab|added_tokens|normalizer)\.json",
    r"(vocab|merges)\.txt",
    r"(spiece|tokenizer|sentencepiece(\.bpe)?)\.model",
    r"chat_template\.jinja",
    r"LICENSE(\.txt|\.md)?",
)
KNOWN = (*CONFIGURATION, *VOCABULARY)
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
    """The files of a folder that are published. Links are not followed: their targets were never checked.

    Raises:
        ModelError: there are no weights that may be published.
    """
    found = sorted(path for path in folder.iterdir() if path.name != CARD)
    plain = [path for path in found if path.is_file() and not path.is_symlink()]
    format = format_of(path.name for path in plain)
    if format is None:
        linked = any(path.is_symlink() for path in found)
        mend = (
            "copy the folder with cp -rL, which follows its links"
            if linked
            else "save it with save_pretrained, or export it with govor export"
        )
        raise ModelError(f"{folder} has no weights as safetensors, and no export: {mend}")
    names = tuple(path.name for path in plain if is_of_kind(path, format) or _is_known(path.name))
    return ModelFiles(names, tuple(path.name for path in found if path.name not in names))


def _is_known(name: str) -> bool:
    return any(re.fullmatch(pattern, name) for pattern in KNOWN)


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
