"""``[transcribe]``: recordings of any length to text with times."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import setting


@dataclass(frozen=True)
class TranscribeConfig:
    """Settings of ``govor transcribe``."""

    files: tuple[str, ...] = setting((), "recordings that the run's model transcribes")
    format: tuple[str, ...] = setting(("txt", "srt", "json"), "txt, srt, vtt, tsv, json")
    chunk: float | None = setting(None, "fixed window; none: cut at speech pauses", unit="s")
    stride: float = setting(0.0, "overlap on each side of a fixed window", unit="s")
    language: str | None = setting(None, "language; none: the model's own, or detected")
    batch_s: float = setting(240.0, "padded seconds decoded together", unit="s")
    beam_size: int = setting(1, "beams; 1 is greedy")
    lm: str | None = setting(None, "ARPA file for CTC beam search")
    lm_weight: float = setting(0.5, "weight of the language model")
