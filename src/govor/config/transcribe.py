"""``[transcribe]``: recordings of any length to text with times."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import setting

FORMATS = ("txt", "srt", "vtt", "tsv", "json")


@dataclass(frozen=True)
class TranscribeConfig:
    """Settings of ``govor transcribe``."""

    files: tuple[str, ...] = setting((), "recordings that the run's model transcribes")
    format: tuple[str, ...] = setting(("txt", "srt", "json"), "txt, srt, vtt, tsv, json")
    chunk: float | None = setting(None, "fixed window; none: cut at speech pauses", unit="s")
    stride: float = setting(0.0, "overlap on each side of a fixed window", unit="s")
    window: float | None = setting(
        None, "longest window cut at pauses; none: the model's own limit, or 20 s", unit="s"
    )
    language: str | None = setting(None, "language; none: the model's own, or detected")
    task: str | None = setting(
        None,
        "what a multilingual model does; none: what it was trained for",
        choices=("transcribe", "translate"),
    )
    timestamps: bool | None = setting(
        None, "Whisper: whether the model writes begin and end of what it hears; none: as it was trained"
    )
    words: bool = setting(False, "times of words in JSON (subtitles use them in any case)")
    batch_s: float = setting(
        240.0, "seconds computed together; for Whisper a short window counts as a whole one", unit="s"
    )
    beam_size: int = setting(1, "beams; 1 is greedy")
    lm: str | None = setting(None, "ARPA file for CTC beam search")
    lm_weight: float | None = setting(
        None, "weight of the language model; none: chosen on dev by govor lm, else 0.5"
    )
    word_bonus: float | None = setting(None, "added for every word; none: chosen on dev, else 0")
    line_characters: int = setting(42, "longest line of a subtitle", unit="characters")
    lines: int = setting(2, "lines of a subtitle")
    reading_speed: float = setting(17.0, "characters a viewer reads in a second", unit="characters/s")

    def __post_init__(self) -> None:
        for name in self.format:
            if name not in FORMATS:
                raise ValueError(f"format is {name!r}; it is one of {', '.join(FORMATS)}")
        for name in ("chunk", "window", "batch_s", "beam_size", "line_characters", "lines", "reading_speed"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is {value:g}; it must be more than 0")
        if not self.stride >= 0:
            raise ValueError(f"stride is {self.stride:g} s; it must not be negative")
        if self.chunk is not None and self.chunk <= 2 * self.stride:
            raise ValueError(
                f"chunk is {self.chunk:g} s, it must be longer than both strides of {self.stride:g} s"
            )
        if self.stride and self.chunk is None:
            raise ValueError("stride needs chunk: windows that are cut at pauses do not overlap")
