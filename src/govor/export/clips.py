"""The clips an export is proved on: the data set's own where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from govor.errors import DatasetError, GovorError, InputError
from govor.features import Wave

LONGEST_S = 30.0
SPLITS = ("dev", "test", "train")
SYNTHETIC_SENTENCES = (
    ("hr", "dobar dan poštovane kolegice i kolege"),
    ("en", "the quick brown fox jumps over the lazy dog"),
    ("hr", "hvala lijepa"),
    ("sv", "en två tre fyra fem"),
    ("en", "one hundred and twenty three"),
    ("hr", "danas je lijep dan a sutra će padati kiša"),
)
"""Each with the voice that can speak it: what no one understands is heard otherwise after any rounding."""


@dataclass(frozen=True)
class ProofClip:
    """A clip to compare transcripts on.

    Attributes:
        id: of the utterance, or the file's name.
        wave: mono ``[T]`` at the model's rate.
        reference: what is said, or None.
        language: BCP 47 tag or None.
    """

    id: str
    wave: Wave
    reference: str | None = None
    language: str | None = None


def proof_clips(
    model: str, sources: Sequence[str], count: int, sample_rate: int
) -> tuple[list[ProofClip], str]:
    """Clips to compare on, and a word on where they are from.

    Args:
        model: as the user named it; a run knows its data set.
        sources: recordings, or a data set's folder (``folder:split`` names the split); empty: the run's
            own data set, else synthesised sentences.
        count: most clips.
        sample_rate: of the model in Hz.

    Raises:
        InputError: a source is neither recording nor data set.
        DatasetError: the data set has no rows in the split.
    """
    if sources:
        clips, source = _named_clips(sources, count, sample_rate)
        if not clips:
            raise InputError(f"{source} has no clip of at most {LONGEST_S:g} s to prove the export on")
        return clips, source
    dataset = _dataset_of_run(Path(model))
    if dataset:
        try:
            clips = _rows(dataset, None, count, sample_rate)
        except GovorError:
            clips = []
        if clips:
            return clips, dataset
    return _synthetic(count, sample_rate), "synthesised sentences"


def _named_clips(sources: Sequence[str], count: int, sample_rate: int) -> tuple[list[ProofClip], str]:
    clips: list[ProofClip] = []
    for source in sources:
        folder, _, split = source.partition(":") if not Path(source).exists() else (source, "", "")
        if (Path(folder) / "dataset.json").exists():
            clips += _rows(folder, split or None, count, sample_rate)
        elif Path(source).is_file():
            clips += _pieces(Path(source), count - len(clips), sample_rate)
        else:
            raise InputError(f"{source} is neither a recording nor a data set: name one of them")
    return clips[:count], ", ".join(sources)


def _rows(dataset: str, split: str | None, count: int, sample_rate: int) -> list[ProofClip]:
    from govor.load import Dataset

    data = Dataset.open(dataset)
    split = split or next((name for name in SPLITS if data.splits.get(name)), "")
    total = data.splits.get(split, 0)
    if not total:
        raise DatasetError(f"{dataset} has no rows in {split or 'any split'}")
    if data.sample_rate != sample_rate:
        raise DatasetError(f"{dataset} is at {data.sample_rate} Hz, the model hears {sample_rate} Hz")
    rows = [int(r) for r in np.unique(np.linspace(0, total - 1, min(count, total)).round())]
    table = data.table(split)
    clips = []
    for row, wave in data.waves(split, rows):
        facts = table.row(row, named=True)
        if len(wave) <= LONGEST_S * sample_rate:
            clips.append(ProofClip(str(facts["id"]), wave, facts["text"], facts.get("language")))
    return clips


def _pieces(path: Path, count: int, sample_rate: int) -> list[ProofClip]:
    """A recording cut at its pauses, as transcribing cuts it."""
    from govor.audio import mono_blocks
    from govor.transcribe.buffer import Buffer
    from govor.transcribe.windows import cut_at_pauses

    clips: list[ProofClip] = []
    buffer = Buffer(mono_blocks(path, sample_rate=sample_rate), sample_rate)
    for window in cut_at_pauses(buffer, LONGEST_S, full=False):
        if len(clips) >= count:
            break
        clips.append(ProofClip(f"{path.name}@{window.start:.2f}", window.samples))
    return clips


def _dataset_of_run(model: Path) -> str | None:
    """The data set that the recipe of a run (or of the run around its ``model/``) names."""
    from govor.config import Workspace, load_recipe

    for folder in (model, model.parent, model.parent.parent):
        recipe = folder / "recipe.toml"
        if recipe.exists():
            try:
                return Workspace.of(load_recipe(recipe)).dataset
            except GovorError:
                return None
    return None


def _synthetic(count: int, sample_rate: int) -> list[ProofClip]:
    """Sentences by espeak-ng where it is installed, else bursts of noise shaped like syllables."""
    import soxr

    clips = []
    for number, (voice, sentence) in enumerate(SYNTHETIC_SENTENCES[:count]):
        try:
            from govor.espeak import synthesise

            speech = synthesise(sentence, voice)
            wave = soxr.resample(speech.samples, speech.sample_rate, sample_rate).astype(np.float32)
        except GovorError:
            wave = _syllables(number, sample_rate)
        clips.append(ProofClip(f"synthetic-{number}", wave))
    return clips


def _syllables(seed: int, sample_rate: int) -> Wave:
    random = np.random.default_rng(seed)
    envelope = np.repeat(random.uniform(0, 0.2, 20), sample_rate // 8)
    return (random.normal(0, 1, len(envelope)) * envelope).astype(np.float32)
