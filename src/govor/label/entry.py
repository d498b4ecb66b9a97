"""The entry: recordings without texts become a corpus folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from govor.config import LabelConfig, TranscribeConfig
from govor.console import progress, say
from govor.corpora.folder import CorpusSummary
from govor.errors import AudioError, CorpusError
from govor.findings import count_of, some
from govor.label.judging import Surroundings
from govor.label.listening import Labeller
from govor.label.segment import HeardRecording
from govor.label.usual import Usual
from govor.label.writing import Author, write_corpus
from govor.store import fingerprint, locked, read_record, write_json
from govor.transcribe.inputs import Input, local_inputs
from govor.transcribe.journal import key_of

LABELS = "labels"
"""Folder of what each recording became, in the corpus folder."""
VERSION = 2
"""Of the method: what an earlier one wrote is not taken."""
MANY_FOREIGN = 0.2
"""Share of the segments set aside as of another language from which on it is worth a sentence."""
WRITING = ("language", "max_duration", "beam_size")
"""Settings that the texts depend on; the others only judge them."""

Failures = dict[str, tuple[str, str]]


@dataclass(frozen=True)
class LabelSummary(CorpusSummary):
    """What `label_recordings` returns.

    Attributes:
        recordings: that were labelled.
        failed: recordings that were set aside, and why.
        languages: recordings by language.
        speech_s: seconds of speech in all segments.
        model: fingerprint of the model, as the column ``text_model`` has it.
    """

    recordings: int
    failed: Mapping[str, str]
    languages: Mapping[str, int]
    speech_s: float
    model: str


def label_recordings(
    model: str | Path,
    recordings: Sequence[str | Path],
    out: Path,
    config: LabelConfig | None = None,
    device: str = "auto",
) -> LabelSummary:
    """Writes a model's texts for recordings that have none, as a corpus with measures of how sure they are.

    Each recording that is done is kept in `out`: the same call goes on after it was killed, and a call with
    other limits decodes nothing again.

    Args:
        model: whatever `open_model` takes.
        recordings: files, or folders of them.
        out: the corpus folder.
        config: segments, second model, limits.
        device: ``auto``, ``cpu`` or ``cuda:N``.

    Raises:
        InputError: a recording does not exist, or is an address.
        AudioError: the only recording cannot be decoded.
        CorpusError: not one segment can be kept.
    """
    return Labelling(str(model), out, config or LabelConfig(), device).run([str(name) for name in recordings])


class Labelling:
    """Recordings on their way to a corpus.

    Args:
        model: whatever `open_model` takes.
        out: the corpus folder.
        config: segments, second model, limits.
        device: ``auto``, ``cpu`` or ``cuda:N``.
    """

    def __init__(self, model: str, out: Path, config: LabelConfig, device: str) -> None:
        self.model, self.out, self.config = model, out, config
        self.listener = Labeller(model, config, device)

    def run(self, recordings: Sequence[str]) -> LabelSummary:
        """See `label_recordings`."""
        from govor.models.identity import writer_of

        inputs = local_inputs(recordings)
        done, failed = self._all(inputs)
        if not any(one.segments for one in done):
            raise CorpusError(_nothing(len(done), failed))
        if silent := [one.audio for one in done if not one.segments]:
            say(f"nobody speaks in {count_of(len(silent), 'recording')}: {some(silent, 3)}")
        author = Author(self.model, writer_of(self.model), self.config.second)
        around = Surroundings.of(done, self.config)
        written = write_corpus(done, failed, self.out, author, self.config, around)
        self._tell(written, around)
        return _summary(written, done, failed, author)

    def _tell(self, written: CorpusSummary, around: Surroundings) -> None:
        """What people should know of how the languages were told."""
        hints = [] if self.config.min_language_probability is not None else confused_hints(around.usual)
        foreign = foreign_hint(written.reasons, written.read, self.config.language)
        for hint in [*hints, *filter(None, [foreign])]:
            say(hint)

    def _all(self, inputs: Sequence[Input]) -> tuple[list[HeardRecording], Failures]:
        done: list[HeardRecording] = []
        failed: Failures = {}
        with locked(self.out / LABELS), progress("labelling", len(inputs), "recordings") as bar:
            for item in inputs:
                try:
                    done.append(self.one(item))
                except AudioError as error:
                    if len(inputs) == 1:
                        raise
                    say(f"set aside: {error}")
                    failed[item.source] = error.code, str(error)
                bar.advance()
        return done, failed

    def one(self, item: Input) -> HeardRecording:
        """What a recording became; taken from its file where that still holds."""
        path = self.out / LABELS / f"{self._key(item)}.json"
        if path.exists():
            return read_record(path, HeardRecording)
        made = self.listener.hear(Path(item.source))
        write_json(path, made)
        if made.damage:
            say(f"{item.source} is labelled up to {made.duration:.2f} s: {made.damage}")
        return made

    def _key(self, item: Input) -> str:
        asked = TranscribeConfig()
        return fingerprint(
            {
                "version": VERSION,
                "settings": {name: getattr(self.config, name) for name in WRITING},
                "heard": key_of(item, self.model, asked),
                "second": self.config.second and key_of(item, self.config.second, asked),
            }
        )


def foreign_hint(reasons: Mapping[str, int], segments: int, language: str | None) -> str | None:
    """What is said where a language was given and the model takes many segments for another."""
    count = reasons.get("wrong_language", 0)
    if language is None or not count or count < MANY_FOREIGN * segments:
        return None
    return (
        f"{count:,} of {segments:,} segments do not sound like {language} to the model: if they are, it "
        "hardly knows the language: give a low --min-language-probability (0: none is set aside)"
    )


def confused_hints(usual: Mapping[str | None, Usual]) -> list[str]:
    """What is said where a model does not tell a language from others."""
    return [
        f"the model often takes {language} for {', '.join(one.confused)}: nothing is set aside for that, and "
        f"recordings in {', '.join(one.confused)} may pass for {language}"
        for language, one in usual.items()
        if one.confused
    ]


def _nothing(recordings: int, failed: Failures) -> str:
    if not recordings:
        return f"none of {len(failed)} recordings can be decoded; the first: {next(iter(failed.values()))[1]}"
    return f"nobody speaks in {recordings} recordings: are they the right ones?"


def _summary(
    written: CorpusSummary, done: Sequence[HeardRecording], failed: Failures, author: Author
) -> LabelSummary:
    languages = Counter(one.language or "unknown" for one in done)
    return LabelSummary(
        **vars(written),
        recordings=len(done),
        failed={audio: detail for audio, (_, detail) in failed.items()},
        languages=dict(languages.most_common()),
        speech_s=round(sum(segment.speech_s for one in done for segment in one.segments), 1),
        model=author.fingerprint,
    )
