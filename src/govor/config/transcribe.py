"""``[transcribe]``: recordings of any length to text with times."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.clip import clip_of
from govor.config.setting import HYPOTHESES, NOTHING, REPORTS, Section, setting

FORMATS = ("txt", "srt", "vtt", "vtt-words", "tsv", "json", "textgrid", "eaf")


@dataclass(frozen=True)
class TranscribeConfig(Section):
    """Settings of ``govor transcribe``."""

    files: tuple[str, ...] = setting((), "recordings that the run's model transcribes", HYPOTHESES)
    format: tuple[str, ...] = setting(
        ("txt", "srt", "json"), "kinds of files that are written", REPORTS, choices=FORMATS
    )
    chunk: float | None = setting(
        None, "fixed window; none: cut at speech pauses", HYPOTHESES, above=0, unit="s"
    )
    stride: float = setting(0.0, "overlap on each side of a fixed window", HYPOTHESES, least=0, unit="s")
    window: float | None = setting(
        None,
        "longest window cut at pauses; none: 25 s for models with a window of their own, else 20 s",
        HYPOTHESES,
        above=0,
        unit="s",
    )
    clip: str | None = setting(
        None, "stretch that is transcribed, such as 10:00-12:30; none: the whole recording", HYPOTHESES
    )
    channels: str = setting(
        "mix",
        "channels of a recording: mixed, or split, each transcribed by itself",
        HYPOTHESES,
        choices=("mix", "split"),
    )
    language: str | None = setting(
        None,
        "language; none: the model's own, or detected for every stretch; one: detected once for all",
        HYPOTHESES,
    )
    task: str | None = setting(
        None,
        "what a multilingual model does; none: what it was trained for",
        HYPOTHESES,
        choices=("transcribe", "translate"),
    )
    timestamps: bool | None = setting(
        None,
        "Whisper: whether the model writes begin and end of each segment; none: as it was trained; if that "
        "is not known, govor tries it on the first windows",
        HYPOTHESES,
    )
    words: bool = setting(False, "times of words in JSON (subtitles use them in any case)", HYPOTHESES)
    prompt: str | None = setting(
        None,
        "Whisper: text that the model gets as if it had been said before: names, spellings, a style",
        HYPOTHESES,
    )
    hotwords: str | None = setting(
        None, "text file of words and names that are likely to be said, one a line", HYPOTHESES
    )
    batch_s: float = setting(
        180.0,
        "seconds computed together; for Whisper a short window counts as a whole one",
        NOTHING,
        above=0,
        unit="s",
    )
    beam_size: int | None = setting(
        None,
        "beams, 1 is greedy; none: 5 for decoders that write token by token, otherwise 1",
        HYPOTHESES,
        least=1,
    )
    lm: str | None = setting(None, "ARPA file for CTC beam search", HYPOTHESES)
    lm_weight: float | None = setting(
        None, "weight of the language model; none: chosen on dev by govor lm, otherwise 0.5", HYPOTHESES
    )
    word_bonus: float | None = setting(
        None, "added for every word; none: chosen on dev, otherwise 0", HYPOTHESES
    )
    line_characters: int = setting(42, "longest line of a subtitle", REPORTS, above=0, unit="characters")
    lines: int = setting(2, "lines of a subtitle", REPORTS, above=0)
    reading_speed: float = setting(
        17.0, "characters a viewer reads in a second", REPORTS, above=0, unit="characters/s"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clip is not None:
            clip_of(self.clip)
        if self.chunk is not None and self.chunk <= 2 * self.stride:
            raise ValueError(
                f"chunk is {self.chunk:g} s, it must be longer than both strides of {self.stride:g} s"
            )
        if self.stride and self.chunk is None:
            raise ValueError("stride needs chunk: windows that are cut at pauses do not overlap")
