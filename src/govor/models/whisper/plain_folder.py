"""A CTranslate2 Whisper that other programs converted: model, tokenizer, vocabulary, and no ``govor.json``.

faster-whisper ships such folders. What ``govor.json`` would say is read from the tokenizer and the engine:
``lang_ids`` of their ``config.json`` is not asked (in English-only models it is one off), and
``preprocessor_config.json`` may be absent, so mel bins are the engine's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from govor.errors import ModelError
from govor.features import LogMelSpec
from govor.models.exported import extractor_as_dict
from govor.models.saved import SavedPrompt, SavedSettings
from govor.models.whisper.decoding import MOST_TOKENS
from govor.store import read_json, read_record

FILES = (
    "config.json",
    "model.bin",
    "preprocessor_config.json",
    "tokenizer.json",
    "vocabulary.json",
    "vocabulary.txt",
)
KIND = b"WhisperSpec"  # stands in the first bytes of model.bin, after its version
HEADER_BYTES = 64
WINDOW_S = 30  # of every Whisper


class Configuration(TypedDict, total=False):
    """The fields of ``config.json`` that are read."""

    suppress_ids: list[int] | None
    suppress_ids_begin: list[int] | None


class AddedToken(TypedDict):
    """A special token in ``tokenizer.json``."""

    id: int
    content: str


class TokenizerFile(TypedDict):
    """The fields of ``tokenizer.json`` that are read."""

    added_tokens: list[AddedToken]


def is_plain(folder: Path) -> bool:
    """Whether a folder is such a model."""
    try:
        with (folder / "model.bin").open("rb") as file:
            return KIND in file.read(HEADER_BYTES)
    except OSError:
        return False


def plain_settings(folder: Path, engine: Any) -> SavedSettings:
    """What ``govor.json`` would say of the model.

    Args:
        folder: of the model.
        engine: the model, opened with ctranslate2.

    Raises:
        ModelError: the tokenizer is not there, or not Whisper's.
    """
    extractor = LogMelSpec(mels=engine.n_mels, limit_samples=WINDOW_S * LogMelSpec.sample_rate)
    config = _configuration(folder)
    return {
        "backend": "ctranslate2",
        "base": str(folder),
        "extractor": extractor_as_dict(extractor),
        "window_frames": WINDOW_S * extractor.sample_rate // extractor.hop_samples,
        "max_window_s": float(WINDOW_S),
        "max_labels": MOST_TOKENS,
        "vocabulary_size": _outputs(folder),
        "suppress_tokens": list(config.get("suppress_ids") or ()),
        "begin_suppress_tokens": list(config.get("suppress_ids_begin") or ()),
        "prompt": _prompt(folder, multilingual=bool(engine.is_multilingual)),
    }


def _configuration(folder: Path) -> Configuration:
    path = folder / "config.json"
    return read_record(path, Configuration, ModelError) if path.exists() else {}


def _outputs(folder: Path) -> int:
    """Tokens that the decoder writes: lines of the text file, or entries of the JSON list."""
    listed = folder / "vocabulary.json"
    if listed.exists():
        return len(read_json(listed))
    return (folder / "vocabulary.txt").read_bytes().rstrip(b"\n").count(b"\n") + 1


def _prompt(folder: Path, multilingual: bool) -> SavedPrompt:
    """Ids of the special tokens, from the tokenizer."""
    ids = _special_tokens(folder)

    def known(name: str) -> int:
        if name not in ids:
            raise ModelError(f"{folder}: its tokenizer.json has no <|{name}|>, so it is not Whisper's")
        return ids[name]

    start, translate = known("startoftranscript"), known("translate")
    languages = {name: token for name, token in ids.items() if start < token < translate}
    tasks = {name: known(name) for name in ("transcribe", "translate")}
    return {
        "start": start,
        "end": known("endoftext"),
        "no_timestamps": known("notimestamps"),
        "languages": languages if multilingual else {},
        "tasks": tasks if multilingual else {},
        "previous": ids.get("startofprev"),
    }


def _special_tokens(folder: Path) -> dict[str, int]:
    """Id of every ``<|name|>`` token, times too."""
    path = folder / "tokenizer.json"
    if not path.exists():
        raise ModelError(
            f"{folder} has no tokenizer.json: copy the one of the Whisper model that it was converted from"
        )
    added = read_record(path, TokenizerFile, ModelError)["added_tokens"]
    return {token["content"].strip("<|>"): token["id"] for token in added}
