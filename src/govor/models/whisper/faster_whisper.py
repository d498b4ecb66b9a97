"""An exported Whisper in faster-whisper, called as the model card says.

faster-whisper reads neither ``generation_config.json`` nor the ``suppress_ids`` of the folder: unless told
otherwise it suppresses by a list of its own and asks for timestamps, whatever the model was trained with. So
card and proof call it with the arguments that `arguments_of` gives, and with no others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from govor.features import Wave
from govor.models.base import DecodeOptions, ModelFacts, Sound
from govor.models.saved import SavedSettings, normaliser_of, read_settings
from govor.models.whisper.prompt import ALIASES, Manner
from govor.records import Hypothesis
from govor.text import primary_language


def arguments_of(settings: SavedSettings) -> Mapping[str, object]:
    """Arguments of ``WhisperModel.transcribe`` for a model with these ``govor.json`` settings.

    A model that was not trained here is left its own list, which is the one it was released with.
    """
    manner = Manner.of(settings)
    primary = primary_language(settings.get("language"))
    language = ALIASES.get(primary, primary)
    return {
        **({"language": language} if language else {}),
        **({"task": manner.task} if manner.task != "transcribe" else {}),
        **({"suppress_tokens": []} if settings.get("generation") else {}),
        "without_timestamps": not manner.timestamps,
        "beam_size": 1,
        "temperature": 0,
    }


def call_of(settings: SavedSettings, recording: str) -> str:
    """The call as the card writes it."""
    named = ", ".join(f"{name}={value!r}" for name, value in arguments_of(settings).items())
    return f'transcribe("{recording}", {named})'


class FasterWhisper:
    """An exported folder opened by faster-whisper itself, for the proof; a `govor.models.base.Recogniser`.

    Raises:
        ImportError: faster-whisper is not installed.
    """

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        from faster_whisper import WhisperModel

        self.name, self._settings = str(folder), read_settings(folder)
        self.sample_rate = 16_000
        self.max_window_s: float | None = None
        self.normaliser = normaliser_of(self._settings)
        self._model = WhisperModel(str(folder), device=device.partition(":")[0], compute_type="default")

    call_of = staticmethod(call_of)

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        """One wave after the other, as the card has it; a clip's language takes the place of none."""
        return [self._hypothesis(sound.wave, sound.language) for sound in sounds]

    def _hypothesis(self, wave: Wave, language: str | None) -> Hypothesis:
        own = self._settings.get("language")
        arguments = arguments_of({**self._settings, "language": own or language})
        segments, _ = self._model.transcribe(wave, **arguments)
        return Hypothesis("".join(segment.text for segment in segments).strip())

    @property
    def arguments(self) -> Mapping[str, object]:
        """What it is called with, as the card has it."""
        return arguments_of(self._settings)

    def describe(self) -> ModelFacts:
        """Facts for reports."""
        facts = {"family": "whisper", "backend": "faster-whisper", **self.arguments}
        return cast(ModelFacts, facts)  # with what it is called with
