"""``[evaluate]``: which sets, and what must hold."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import HYPOTHESES, NOTHING, REPORTS, Section, setting
from govor.config.text import TextConfig

RELEASED = ("english", "leaderboard", "basic")
"""Normalisers that others released; each stands alone in ``rules``."""
BETTER_THAN_BASE = "better_than_base"
"""The one requirement without a number: a lower WER than the base model, on the same rows."""
CPU_BATCH_S, GPU_BATCH_S = 240.0, 960.0
"""Seconds that a model computes at once while decoding; for Whisper a clip counts its whole window."""


@dataclass(frozen=True)
class EvaluateConfig(Section):
    """Settings of ``govor evaluate``."""

    split: str = setting("test", "split that is decoded", HYPOTHESES)
    sets: dict[str, str] = setting(
        {}, "name = 'folder:split' for several sets, each reported separately", HYPOTHESES
    )
    baseline: str | None = setting(None, "model compared on the same rows", HYPOTHESES)
    slices: tuple[str, ...] = setting((), "columns to slice by, besides the usual ones", REPORTS)
    rules: tuple[str, ...] | None = setting(
        None,
        "rules of the normaliser, or one that others released, alone: english or basic (Whisper's), "
        "leaderboard (Open ASR's); none: the model's own",
        REPORTS,
    )
    language: str | None = setting(
        None, "language given to a multilingual model; none: each clip's own", HYPOTHESES
    )
    timestamps: bool | None = setting(
        None, "Whisper: whether the prompt asks for begin and end; none: as the model was trained", HYPOTHESES
    )
    batch_s: float | None = setting(
        None,
        f"computed seconds decoded together; none: {CPU_BATCH_S:g} on a CPU, {GPU_BATCH_S:g} on a GPU",
        NOTHING,
        above=0,
        unit="s",
    )
    beam_size: int = setting(1, "beams; 1 is greedy", HYPOTHESES, least=1)
    lm: str | None = setting(None, "ARPA file for CTC beam search", HYPOTHESES)
    lm_weight: float | None = setting(
        None, "weight of the language model; none: chosen on dev by govor lm, otherwise 0.5", HYPOTHESES
    )
    word_bonus: float | None = setting(
        None, "added for every word; none: chosen on dev, otherwise 0", HYPOTHESES
    )
    long_form: bool = setting(False, "also transcribe whole recordings, as govor transcribe does", HYPOTHESES)
    require: dict[str, float | bool] = setting(
        {},
        "wer = 0.3: exit 3 when a metric is above it; better_than_base = true: or if the WER is not below "
        "the base's",
        REPORTS,
    )
    seed: int = setting(0, "seed of the bootstrap", REPORTS)
    audio_bytes: int = setting(50_000_000, "most audio inside report.html", REPORTS, least=0, unit="bytes")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rules is not None and not self._is_released():
            self._require_known_rules(self.rules)
        for name, bound in self.require.items():
            if name == BETTER_THAN_BASE:
                if not isinstance(bound, bool):
                    raise ValueError(f"require.{name} is {bound!r}; it must be true or false")
                continue
            if isinstance(bound, bool) or not isinstance(bound, (int, float)):
                raise ValueError(f"require.{name} is {bound!r}; it must be a number, such as wer = 0.3")

    def _require_known_rules(self, rules: tuple[str, ...]) -> None:
        try:
            TextConfig(rules=rules)
        except ValueError as error:
            raise ValueError(f"{error}; or, alone, one of {', '.join(RELEASED)}") from None

    def _is_released(self) -> bool:
        named = [name for name in self.rules or () if name in RELEASED]
        if named and len(self.rules or ()) > 1:
            raise ValueError(f"rules: {named[0]} is a whole normaliser: name it alone")
        return bool(named)
