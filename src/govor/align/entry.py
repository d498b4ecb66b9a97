"""The entry: recordings and texts that nobody aligned become a corpus folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor.align.documents import OTHER_TEXTS, READERS, Document, read_document
from govor.align.grouping import Group, Listener, align_group
from govor.align.hearing import Hearing, Hearings, hear
from govor.align.letters import FOLDS
from govor.align.outcome import NONE, Outcome, PlacedShare
from govor.align.pairing import Pair, Proposal, groups_of, pairs_by_stem, proposals, read_pairs
from govor.align.planning import group_folding
from govor.align.rounds import SECOND_ROUND, joined_rounds, mixed
from govor.align.sound import SpeechTimes, speech_in, speech_of_file
from govor.align.writing import write_corpus
from govor.config import AlignConfig
from govor.console import progress, say, table
from govor.corpora.folder import CorpusSummary
from govor.errors import CorpusError, InputError
from govor.memory import release
from govor.store import file_sha256, fingerprint, is_utf8, locked, read_record, write_kept
from govor.transcribe.inputs import local_inputs
from govor.transcribe.kept_frames import read_levels

if TYPE_CHECKING:
    from govor.models.base import Recogniser

GROUPS = "groups"
"""Folder of what is known of each group, in the corpus folder."""
NOT_UTF8 = "its name, or that of a folder on the way to it, is not UTF-8, so no corpus can hold it: rename it"
VERSION = 6
"""Of the method: what an earlier one found is not taken."""


@dataclass(frozen=True)
class AlignSummary(CorpusSummary):
    """What `align_recordings` returns.

    Attributes:
        recordings: each with its status and the share of its speech that was placed.
        texts: each with its status and the share of its letters that was placed.
        unplaced: pieces of text that are nowhere or not surely, by reason.
        untranscribed_s: seconds of speech without a text.
        speakers: how often each name was taken from a line's beginning.
        proposals: pairs that were found by what was heard.
    """

    recordings: Sequence[PlacedShare]
    texts: Sequence[PlacedShare]
    unplaced: Mapping[str, int]
    untranscribed_s: float
    speakers: Mapping[str, int]
    proposals: Sequence[Proposal]


def align_recordings(
    model: str | Path,
    recordings: Sequence[str | Path],
    texts: Sequence[str | Path],
    out: Path,
    config: AlignConfig | None = None,
    device: str = "auto",
) -> AlignSummary:
    """Finds where texts are spoken in recordings, and writes what is sure as a corpus.

    What was heard and every finished group are kept in `out`: the same call goes on after it was killed, and
    a call with other settings decodes nothing again.

    Args:
        model: whatever `open_model` takes; one of a related language may do.
        recordings: files, or folders of them.
        texts: files, or folders of them.
        out: the corpus folder.
        config: pairs, limits, boundaries.
        device: ``auto``, ``cpu`` or ``cuda:N``.

    Raises:
        InputError: nothing can be read, pairs are not clear, or nothing of any text was heard.
    """
    alignment = Alignment(model, out, config or AlignConfig(), device)
    return alignment.write(alignment.placed(recordings, texts))


@dataclass(frozen=True)
class AlignResult:
    """What became of all recordings and texts.

    Attributes:
        outcomes: of the groups, in order.
        groups: the recordings and the texts of each.
        recordings: all names.
        documents: the texts by name.
        unread: why others cannot be read, by name.
        hearing: what was heard.
        proposals: pairs that were found by what was heard.
    """

    outcomes: Sequence[Outcome]
    groups: Sequence[tuple[list[str], list[str]]]
    recordings: Sequence[str]
    documents: Mapping[str, Document]
    unread: Mapping[str, str]
    hearing: Hearings
    proposals: Sequence[Proposal]

    def whole(self) -> Outcome:
        """All groups as one.

        Raises:
            CorpusError: nothing was placed.
        """
        made = _whole(self.outcomes, self.recordings, self.documents, self.hearing.failed, self.unread)
        if not made.utterances:
            raise CorpusError(_nothing(made))
        return made


class Alignment:
    """Aligns in one round or two; what was heard and found is kept in a corpus folder."""

    def __init__(self, model: str | Path, out: Path, config: AlignConfig, device: str) -> None:
        self.model, self.out, self.config, self.device = str(model), out, config, device
        self._opened: Recogniser | None = None

    def placed(self, recordings: Sequence[str | Path], texts: Sequence[str | Path]) -> AlignResult:
        """Hears the recordings and finds the texts in them; nothing is written but what is kept."""
        names = [item.source for item in local_inputs([str(name) for name in recordings])]
        heard, odd = _writable(names)
        documents, unread = read_all(find_texts([Path(name) for name in texts]), self.config.encoding)
        pairs = self._named_pairs(names, documents, unread)
        hearing = hear(self.model, heard, self.out, self.config, self._recogniser)
        release()
        hearing = replace(hearing, failed={**hearing.failed, **odd})
        found = self._retrieved(pairs, hearing, documents)
        pairs += [Pair(one.recording, one.text) for one in found if one.sure and one.text]
        groups = groups_of([pair for pair in pairs if pair.recording in hearing.heard])
        outcomes = self._outcomes(groups, hearing, documents)
        return AlignResult(outcomes, groups, names, documents, unread, hearing, found)

    def again(self, first: AlignResult, model: str) -> AlignResult:
        """A second round: `model` hears what has no text yet, and the texts are looked for there.

        What the first round placed stays as it is.
        """
        bare = {one.audio for outcome in first.outcomes for one in outcome.untranscribed}
        names = [name for name in first.recordings if name in bare]
        second = Alignment(model, self.out / SECOND_ROUND, self.config, self.device)
        heard = hear(model, names, second.out, self.config, second._recogniser)
        hearing = mixed(first.hearing, heard, first.outcomes)
        found = second._outcomes(first.groups, hearing, first.documents)
        outcomes = [joined_rounds(one, two) for one, two in zip(first.outcomes, found, strict=True)]
        return replace(first, outcomes=outcomes)

    def write(self, aligned: AlignResult, out: Path | None = None) -> AlignSummary:
        """Writes the corpus, to its own folder or another one."""
        whole = aligned.whole()
        written = write_corpus(whole, out or self.out, self.model, self.config)
        return _summary(written, whole, aligned.proposals)

    def _named_pairs(
        self, recordings: Sequence[str], documents: Mapping[str, Document], unread: Mapping[str, str]
    ) -> list[Pair]:
        """Pairs of a list, else by names; a text that cannot be read is in none."""
        texts = [*documents, *unread]
        if self.config.pairs is not None:
            pairs = read_pairs(Path(self.config.pairs), recordings, texts)
        elif len(recordings) == 1 and len(texts) == 1:
            pairs = [Pair(recordings[0], texts[0])]
        else:
            pairs = pairs_by_stem(recordings, texts)
        return [pair for pair in pairs if pair.text in documents]

    def _retrieved(
        self, pairs: Sequence[Pair], hearing: Hearings, documents: Mapping[str, Document]
    ) -> list[Proposal]:
        """Texts for the recordings that names say nothing of; used where the user said so.

        Raises:
            InputError: he did not.
        """
        lonely = [name for name in hearing.heard if name not in {pair.recording for pair in pairs}]
        free = [name for name in documents if name not in {pair.text for pair in pairs}]
        if self.config.pairs is not None or not lonely or not free:
            return []
        found = _proposals(lonely, free, hearing, documents, self.config.language)
        for line in proposal_lines(found):
            say(line)
        if self.config.pair != "auto":
            raise InputError(
                f"the names of {len(lonely)} recordings and {len(free)} texts do not say which belong "
                "together: use the table of what was heard with --pair auto, or name them with --pairs FILE"
            )
        return found

    def _outcomes(
        self,
        groups: Sequence[tuple[list[str], list[str]]],
        hearing: Hearings,
        documents: Mapping[str, Document],
    ) -> list[Outcome]:
        outcomes = []
        with locked(self.out / GROUPS), progress("aligning", len(groups), "groups") as bar:
            for recordings, texts in groups:
                heard = [hearing.heard[name] for name in recordings]
                outcomes.append(self._group(heard, [documents[name] for name in texts]))
                bar.advance()
        return outcomes

    def _group(self, heard: Sequence[Hearing], documents: Sequence[Document]) -> Outcome:
        """What becomes of a group; taken from its file where that still holds."""
        language = self.config.language or next((one.language for one in heard if one.language), None)
        key = self._key(heard, documents)
        path = self.out / GROUPS / f"{key}.json"
        if path.exists():
            return read_record(path, Outcome)
        made = align_group(Group(heard, documents, language), self.config, self._listener())
        write_kept(path, replace(made, key=key))
        return made

    def _key(self, heard: Sequence[Hearing], documents: Sequence[Document]) -> str:
        settings = {k: v for k, v in self.config.deciding().items() if k not in ("pair", "pairs")}
        return fingerprint(
            {
                "version": VERSION,
                "settings": settings,
                "model": self.model,
                "heard": [one.said() for one in heard],
                "texts": [(str(one.file), file_sha256(one.file)) for one in documents],
            }
        )

    def _listener(self) -> Listener:
        from govor.models.base import Placing

        recogniser = self._recogniser()
        rate = recogniser.sample_rate

        def speech(heard: Hearing) -> SpeechTimes:
            kept = read_levels(Path(heard.levels)) if heard.levels else None
            return speech_in(kept) if kept else speech_of_file(Path(heard.audio), rate)

        @lru_cache(maxsize=FOLDS)
        def normalised(word: str) -> str:
            return recogniser.normaliser(word, self.config.language)

        placing = recogniser if isinstance(recogniser, Placing) else None
        return Listener(speech, placing, rate, normalised)

    def _recogniser(self) -> Recogniser:
        if self._opened is None:
            from govor.models import open_model

            self._opened = open_model(self.model, device=self.device)
        return self._opened


def _writable(recordings: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Recordings whose names a corpus can hold, and why others are set aside.

    Raises:
        InputError: there is none of the first.
    """
    odd = {name: NOT_UTF8 for name in recordings if not is_utf8(name)}
    for name in odd:
        say(f"set aside: {name}: {NOT_UTF8}")
    if len(odd) == len(recordings):
        raise InputError(f"{recordings[0]}: {NOT_UTF8}")
    return [name for name in recordings if name not in odd], odd


def find_texts(paths: Sequence[Path]) -> list[Path]:
    """The texts that paths mean: files, and all texts below folders.

    Texts of kinds that cannot be read are among them, unless there is one of the same name that can.

    Raises:
        InputError: one does not exist, or a folder holds no text.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = _texts_below(path)
            if not inside:
                raise InputError(f"{path} holds no text: it needs files of the kinds {', '.join(READERS)}")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise InputError(f"{path} does not exist: name a text, or a folder of them")
    return list(dict.fromkeys(found))


def _texts_below(folder: Path) -> list[Path]:
    files = sorted(p for p in folder.rglob("*") if not p.name.startswith((".", "~$")) and p.is_file())
    known = {file.with_suffix("") for file in files if file.suffix.lower() in READERS}
    return [
        file
        for file in files
        if file.suffix.lower() in READERS
        or (file.suffix.lower() in OTHER_TEXTS and file.with_suffix("") not in known)
    ]


def read_all(files: Sequence[Path], encoding: str | None) -> tuple[dict[str, Document], dict[str, str]]:
    """The texts by name, and why others cannot be read.

    Raises:
        CorpusError: none can be read.
    """
    read, unread = {}, {}
    for file in files:
        try:
            if not is_utf8(file):
                raise CorpusError(f"{file}: {NOT_UTF8}")
            read[str(file)] = read_document(file, encoding)
        except CorpusError as error:
            unread[str(file)] = str(error)
            if len(files) == 1:
                raise
            say(f"set aside: {error}")
    if not read:
        raise CorpusError(f"none of {len(files)} texts can be read; the first: {next(iter(unread.values()))}")
    return read, unread


def _proposals(
    recordings: Sequence[str],
    texts: Sequence[str],
    hearing: Hearings,
    documents: Mapping[str, Document],
    language: str | None,
) -> list[Proposal]:
    said = {name: [word.text for word in hearing.heard[name].words] for name in recordings}
    written = {name: [w for line in documents[name].lines for w in line.text.split()] for name in texts}
    fold = group_folding([*chain(*written.values())], [*chain(*said.values())], language)
    return proposals(
        {name: "".join(map(fold, words)) for name, words in said.items()},
        {name: "".join(map(fold, words)) for name, words in written.items()},
    )


def proposal_lines(found: Sequence[Proposal]) -> list[str]:
    """A table of proposed pairs, for people."""
    rows = [
        [one.recording, one.text or "-", f"{one.score:.3f}", f"{one.second:.3f}", "yes" if one.sure else "no"]
        for one in found
    ]
    return table(rows, ["recording", "text", "score", "next best", "sure"])


def _whole(
    outcomes: Sequence[Outcome],
    recordings: Sequence[str],
    texts: Mapping[str, Document],
    failed: Mapping[str, str],
    unread: Mapping[str, str],
) -> Outcome:
    """All groups as one; recordings and texts without a group have no counterpart."""
    parts = {part.name: part for outcome in outcomes for part in outcome.recordings}
    text_parts = {part.name: part for outcome in outcomes for part in outcome.texts}
    lonely = "no text was paired with it", "no recording was paired with it"
    speakers: dict[str, int] = {}
    for outcome in outcomes:
        for name, count in outcome.speakers.items():
            speakers[name] = speakers.get(name, 0) + count
    return Outcome(
        "",
        tuple(one for outcome in outcomes for one in outcome.utterances),
        tuple(one for outcome in outcomes for one in outcome.unplaced),
        tuple(one for outcome in outcomes for one in outcome.untranscribed),
        tuple(parts.get(n) or PlacedShare(n, NONE, 0.0, (), failed.get(n, lonely[0])) for n in recordings),
        tuple(
            text_parts.get(n) or PlacedShare(n, NONE, 0.0, (), unread.get(n, lonely[1]))
            for n in [*texts, *unread]
        ),
        speakers,
    )


def _nothing(whole: Outcome) -> str:
    first = whole.recordings[0]
    pair = f"{first.partners[0]} and {first.name}" if first.partners else first.name
    why = first.detail or "no text belongs to it"
    return (
        f"not one utterance could be placed ({pair}: {why}): is it the right text, the right --language, and "
        "a model that knows the language a little? What was heard is kept"
    )


def _summary(written: CorpusSummary, whole: Outcome, found: Sequence[Proposal]) -> AlignSummary:
    reasons: dict[str, int] = {}
    for one in whole.unplaced:
        reasons[one.reason] = reasons.get(one.reason, 0) + 1
    facts: dict[str, Any] = vars(written)
    return AlignSummary(
        **facts,
        recordings=whole.recordings,
        texts=whole.texts,
        unplaced=reasons,
        untranscribed_s=round(sum(one.end - one.start for one in whole.untranscribed), 1),
        speakers=whole.speakers,
        proposals=tuple(found),
    )
