"""``govor.json`` beside the weights: what transformers has no place for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from govor.errors import ModelError
from govor.store import read_record, write_json
from govor.text import Normaliser

FORMAT = 1
NAME = "govor.json"


class DevVerdict(TypedDict, total=False):
    """How the model did against its base on dev."""

    better: bool | None
    sentence: str


class FittedGeneration(TypedDict, total=False):
    """What training changed in the generation settings of a released model."""

    released_tokens: list[int]
    released_first_tokens: list[int]
    asked: Mapping[str, object]


class SavedPrompt(TypedDict):
    """Ids of the tokens of an exported model's prompt."""

    start: int
    end: int
    no_timestamps: int
    languages: Mapping[str, int]
    tasks: Mapping[str, int]
    previous: int | None


class SavedVocabulary(TypedDict):
    """The tokens of an exported model without a decoder."""

    tokens: list[str]
    blank: int
    delimiter: int | None
    unknown: int | None
    upper: bool


class SavedSettings(TypedDict, total=False):
    """The fields of ``govor.json`` that are read: for every model, for trained ones and for exported ones."""

    format: int
    backend: str
    family: str
    language: str | None
    task: str | None
    timestamps: bool | None
    plain_share: float | None
    previous_share: float | None
    normaliser: Mapping[str, object] | None
    base: str | None
    base_revision: str | None
    new_head: bool
    generation: FittedGeneration | None
    base_on_dev: DevVerdict | None
    quantization: str
    original: str
    original_identity: str
    ancestors: list[str]
    parameters: int
    extractor: Mapping[str, object]
    frame_s: float
    window_frames: int
    max_window_s: float | None
    max_labels: int | None
    vocabulary_size: int
    suppress_tokens: list[int]
    begin_suppress_tokens: list[int]
    prompt: SavedPrompt
    vocabulary: SavedVocabulary


def write_settings(folder: Path, settings: Mapping[str, object]) -> None:
    """Writes the settings of a model."""
    write_json(folder / NAME, {"format": FORMAT, **settings})


def read_settings(folder: Path) -> SavedSettings:
    """Settings of a saved model; empty where the model was not saved by govor.

    Raises:
        ModelError: a later version wrote them.
    """
    path = folder / NAME
    return _settings_in(path) if path.exists() else {}


def hub_settings(repo: str, revision: str | None = None) -> SavedSettings:
    """Settings of a model on the Hub; empty where it was not saved by govor, or the Hub is out of reach.

    Raises:
        ModelError: a later version wrote them.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return _settings_in(Path(hf_hub_download(repo, NAME, revision=revision)))
    except (HfHubHTTPError, OSError, ValueError):  # opening the model itself says what is wrong with a name
        return {}


def hub_commit(place: Path | str, revision: str | None) -> str | None:
    """The commit of a Hub model whose configuration was just opened; None for a folder."""
    from huggingface_hub import try_to_load_from_cache

    if isinstance(place, Path):
        return None
    found = try_to_load_from_cache(place, "config.json", revision=revision)
    return Path(found).parent.name if isinstance(found, str) else None


def _settings_in(path: Path) -> SavedSettings:
    settings = read_record(path, SavedSettings, ModelError)
    if settings.get("format", 0) > FORMAT:
        raise ModelError(
            f"{path} has format {settings['format']}, this govor reads up to {FORMAT}: install a newer govor"
        )
    return settings


def normaliser_of(settings: SavedSettings) -> Normaliser:
    """The normaliser a model was trained with; the default rules where it says none."""
    from govor.config import TextConfig

    saved = settings.get("normaliser")
    return Normaliser.from_dict(saved) if saved else Normaliser.of(TextConfig(), settings.get("language"))
