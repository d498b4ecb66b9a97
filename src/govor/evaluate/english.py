"""The English normaliser that leaderboards use (Whisper's), as transformers has it.

It writes numbers as digits, undoes contractions, drops fillers and unites British and American spelling, so
its rates are lower than those of other normalisers and only comparable with its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from govor.errors import ModelError
from govor.store import fingerprint

SPELLINGS = "normalizer.json"


@dataclass(frozen=True)
class EnglishNormaliser:
    """Whisper's English normaliser.

    Attributes:
        spellings: British to American spelling, from a model's ``normalizer.json``.
        source: folder that the spellings were read from.
    """

    spellings: Mapping[str, str]
    source: str

    language = "en"

    @classmethod
    def from_folder(cls, folder: str | Path) -> EnglishNormaliser:
        """With the spellings of a model's folder.

        Raises:
            ModelError: the folder has no ``normalizer.json``.
        """
        for place in (Path(folder), Path(folder) / "model"):
            if (place / SPELLINGS).is_file():
                return cls(json.loads((place / SPELLINGS).read_text(encoding="utf-8")), str(place))
        raise ModelError(
            f"{folder} has no {SPELLINGS}, which the rule english takes its spellings from: copy it from an "
            "English or multilingual Whisper model"
        )

    @cached_property
    def _apply(self) -> Any:
        from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

        return EnglishTextNormalizer(self.spellings)

    @property
    def name(self) -> str:
        """Name with versions, as reports show it."""
        from importlib.metadata import version

        return (
            f"english (transformers {version('transformers')}, spellings {fingerprint(self.spellings)[:8]})"
        )

    def as_dict(self) -> dict[str, object]:
        """Plain data for ``summary.json``."""
        return {"name": self.name, "rules": ["english"], "language": self.language, "source": self.source}

    def __call__(self, text: str, language: str | None = None) -> str:
        """`text` normalised; the language is always English."""
        return str(self._apply(text)).strip()
