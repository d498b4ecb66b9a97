"""A few clips as they are and as a remedy would make them, to be listened to before anything is changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from govor.preflight.clips import Clip
from govor.store import atomic_path

CLIPS = 3


def write_rate_preview(folder: Path, clips: Sequence[Clip], stated_hz: int, likely_hz: int) -> Path:
    """Writes the first clips under the rate that they state and under the likely one: ``ID-before.wav``, …

    Args:
        folder: where to; clips of an earlier preview are removed.
        clips: the odd ones.
        stated_hz: what their headers say.
        likely_hz: at which they sound natural.
    """
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.wav"):
        old.unlink()
    for clip in clips[:CLIPS]:
        name = re.sub(r"[^\w.-]+", "_", clip.id)[-80:]
        for when, rate_hz in (("before", stated_hz), ("after", likely_hz)):
            with atomic_path(folder / f"{name}-{when}.wav") as partial:
                soundfile.write(partial, clip.wave, rate_hz, format="WAV", subtype="PCM_16")
    return folder
