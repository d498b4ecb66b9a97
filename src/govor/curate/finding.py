"""What ``govor check`` can find: every code with its severity, what it means and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORST = 200
"""Utterances that a finding keeps, worst first."""


@dataclass(frozen=True)
class Kind:
    """A sort of finding.

    Attributes:
        severity: ``error`` (training would be harmed or fail), ``warning`` or ``info``.
        says: the sentence, with ``{count}``.
        fix: what to do about it.
    """

    severity: str
    says: str
    fix: str


_RESPLIT = "govor select --resplit --dev N --test N makes splits without leaks"
KINDS: dict[str, Kind] = {
    "missing_audio": Kind("error", "{count} recordings are not there", "check --audio-root of the import"),
    "unreadable_audio": Kind(
        "error", "{count} recordings cannot be decoded", "replace them; prepare sets their utterances aside"
    ),
    "truncated_audio": Kind(
        "error",
        "{count} recordings end before their header or their last page does",
        "fetch them again: they were cut off",
    ),
    "longer_than_declared": Kind(
        "warning",
        "{count} recordings are longer than their header says",
        "trust the decoded length, as prepare does",
    ),
    "stated_duration": Kind(
        "warning", "{count} utterances state another duration than their file has", "trust the decoded length"
    ),
    "wrong_sample_rate": Kind(
        "error",
        "{count} recordings play too slowly or too fast: the sample rate in their header is not the true one",
        "write the true rate into the header (sox -r RATE in.raw …), or leave them out with --exclude",
    ),
    "silent_audio": Kind(
        "warning", "{count} recordings are silent", "leave them out with govor select --exclude"
    ),
    "steady_audio": Kind(
        "warning",
        "{count} recordings are equally loud from beginning to end: noise or a tone, no speech",
        "listen to one; leave them out with govor select --exclude",
    ),
    "clipped_audio": Kind(
        "warning", "{count} recordings are clipped", "use a better copy where there is one"
    ),
    "dc_offset": Kind(
        "warning", "{count} recordings have a DC offset", "harmless for most models; high-pass at 20 Hz"
    ),
    "narrow_band": Kind(
        "warning",
        "{count} recordings hold telephone speech: nothing above 4 kHz, whatever their sample rate",
        "train and test on the bandwidth that will be used, or leave them out with --exclude",
    ),
    "low_sample_rate": Kind(
        "warning", "{count} recordings are below 16 kHz", "fine for telephone speech; models expect 16 kHz"
    ),
    "antiphase_audio": Kind(
        "error",
        "{count} recordings go silent when mixed to mono: one channel is the other upside down",
        "give their utterances one channel: import with a column channel that is 0, or leave them out",
    ),
    "mixed_sample_rates": Kind(
        "info", "there are {count} different sample rates", "prepare resamples all to one"
    ),
    "several_channels": Kind(
        "info", "{count} recordings have several channels", "prepare mixes them to mono"
    ),
    "time_unit": Kind(
        "error",
        "{count} utterances state times that are no seconds",
        "import again with start, end and duration in seconds",
    ),
    "empty_text": Kind("error", "{count} utterances have no text", "leave them out, or transcribe them"),
    "damaged_encoding": Kind(
        "error", "{count} texts were decoded with a wrong encoding", "import again from a source in UTF-8"
    ),
    "mixed_scripts": Kind(
        "warning",
        "{count} texts mix scripts within a word",
        "a look-alike letter, most often: correct the source",
    ),
    "invisible_characters": Kind(
        "warning", "{count} texts hold invisible characters", "the text rule invisible takes them away"
    ),
    "not_nfc": Kind("info", "{count} texts are not in Unicode form NFC", "the text rule nfc composes them"),
    "odd_punctuation": Kind(
        "info", "{count} texts hold typographic quotes or dashes", "the text rule punctuation takes them away"
    ),
    "digits_in_text": Kind(
        "info",
        "{count} texts hold digits",
        "a model learns them as they are spelt; write numbers out where it matters",
    ),
    "tags_in_text": Kind(
        "info", "{count} texts hold tags or entities", "the text rule tags takes brackets away"
    ),
    "very_long_text": Kind(
        "warning", "{count} texts are longer than 1,000 characters", "cut them: govor select --split-at-words"
    ),
    "fast_speech": Kind(
        "warning",
        "{count} utterances have more text than could be said in their time",
        "most often a wrong transcript",
    ),
    "slow_speech": Kind(
        "warning",
        "{count} utterances have far less text than time",
        "most often an incomplete transcript",
    ),
    "negative_time": Kind("error", "{count} utterances begin before 0", "correct the times"),
    "times_swapped": Kind("error", "{count} utterances end before they begin", "correct the times"),
    "beyond_end": Kind(
        "error", "{count} utterances end after their recording does", "correct times or audio"
    ),
    "overlap": Kind(
        "warning", "{count} utterances overlap the one before in their recording", "fine for crosstalk"
    ),
    "too_short": Kind(
        "warning", "{count} utterances are shorter than 0.3 s", "govor select --min-duration 0.3"
    ),
    "too_long": Kind(
        "warning",
        "{count} utterances are longer than 30 s, the window of Whisper models",
        "govor select --max-duration 30, with --split-at-words where word times are known",
    ),
    "unknown_duration": Kind(
        "warning", "{count} utterances have no known duration", "their audio cannot be read"
    ),
    "low_similarity": Kind(
        "warning",
        "{count} utterances agree by less than 0.8 with the second transcript",
        "govor select --min-similarity 0.8",
    ),
    "duplicate_id": Kind(
        "error", "{count} ids occur more than once", "import again: ids are made unique there"
    ),
    "other_text": Kind(
        "error",
        "{count} utterances have the same sound as another, but another text",
        "keep the right one; where each is a part of the recording, import with start and end",
    ),
    "same_again": Kind(
        "warning", "{count} utterances repeat an earlier one, sound and text", "leave copies out"
    ),
    "duplicate_audio": Kind(
        "warning", "{count} recordings have the same bytes as another", "leave copies out"
    ),
    "duplicate_text": Kind(
        "info",
        "{count} utterances repeat a sentence of the same speaker",
        "a few are normal; many teach the sentence",
    ),
    "leak_speaker": Kind("warning", "{count} dev and test utterances are by speakers of train", _RESPLIT),
    "leak_recording": Kind("warning", "{count} dev and test utterances are of recordings in train", _RESPLIT),
    "leak_sentence": Kind("warning", "{count} dev and test utterances say a sentence of train", _RESPLIT),
    "leak_audio": Kind(
        "error", "{count} dev and test utterances have the same sound as one in another split", _RESPLIT
    ),
    "unknown_speaker": Kind(
        "warning",
        "{count} utterances name no speaker: nobody can tell whether splits share speakers",
        "import again with --speaker-from folder, name or column, where one of them tells",
    ),
    "language_tag": Kind(
        "warning",
        "{count} utterances have a language that is not a BCP 47 tag",
        "import again with --language TAG, such as hr or sr-Latn, or correct the column",
    ),
    "some_unsplit": Kind("error", "{count} utterances have no split while others have one", _RESPLIT),
}
SEVERITIES = ("error", "warning", "info")
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        code: one of `KINDS`.
        count: how many recordings, utterances, … it is about.
        rows: utterances to look at, worst first ``[<= WORST]``.
        everywhere: all utterances that it is about, ascending ``[count, or those of count recordings]``.
        measured: what was measured at each of `rows`.
        detail: what stands behind the sentence.
    """

    code: str
    count: int
    rows: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    measured: tuple[str, ...] = ()
    detail: str = ""
    everywhere: Rows = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def kind(self) -> Kind:
        """Severity, sentence and advice."""
        return KINDS[self.code]

    @property
    def message(self) -> str:
        """The sentence for people."""
        said = self.kind.says.format(count=f"{self.count:,}")
        if self.count == 1:
            said = _singular(said)
        return f"{said} ({self.detail})" if self.detail else said

    def as_dict(self) -> dict[str, Any]:
        """What ``--json`` shows."""
        return {
            "code": self.code,
            "severity": self.kind.severity,
            "count": self.count,
            "message": self.message,
            "fix": self.kind.fix,
        }


_VERBS = {
    **{"are": "is", "have": "has", "were": "was", "do": "does"},
    **{
        verb: f"{verb}s"
        for verb in (
            "hold",
            "play",
            "state",
            "begin",
            "end",
            "overlap",
            "agree",
            "repeat",
            "say",
            "name",
        )
    },
    **{"mix": "mixes", "occur": "occurs", "go": "goes"},
}


def _singular(said: str) -> str:
    """The sentence about one: the first plural noun and its verb change."""
    words = said.split(" ")
    for place, word in enumerate(words):
        if word in ("recordings", "utterances", "texts", "ids", "rates"):
            words[place] = word[:-1]
        elif word in _VERBS:
            words[place] = _VERBS[word]
            break
        elif word == "cannot":
            break
    return " ".join(words)


def ranked(findings: list[Finding]) -> list[Finding]:
    """Errors first, then warnings; within these as `KINDS` lists them."""
    order = list(KINDS)
    return sorted(findings, key=lambda f: (SEVERITIES.index(f.kind.severity), order.index(f.code)))


def of_rows(
    code: str, rows: NDArray[np.bool_], rank: NDArray[Any] | None = None, unit: str = "", detail: str = ""
) -> list[Finding]:
    """A finding about utterances, none where there are none.

    Args:
        code: one of `KINDS`.
        rows: the utterances ``[N]``.
        rank: what they are ranked by, greatest first, and shown with ``[N]``.
        unit: format of a ranked value, such as ``{:.1f} s``.
        detail: for the sentence.
    """
    found = np.flatnonzero(rows)
    if not len(found):
        return []
    if rank is not None:
        found = found[np.argsort(-rank[found], kind="stable")]
    worst = found[:WORST]
    said = tuple(unit.format(abs(rank[row])) for row in worst) if rank is not None and unit else ()
    return [Finding(code, len(found), worst, said, detail, np.flatnonzero(rows))]
