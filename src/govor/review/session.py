"""One review: what is next for whom, and every verdict on the disk before that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from threading import RLock

from govor.curate.groups import seeded_order
from govor.curate.sample import draw
from govor.curate.sheet_utterances import SheetUtterances
from govor.errors import UsageError
from govor.records import Summary
from govor.review.agreement import Estimate, ReviewerAgreement, agreement, estimate
from govor.review.assigning import Assignments
from govor.review.clips import ReviewClips, begin_of
from govor.review.journal import FILE, GIVEN, KEEP, UNDO, VerdictEntry, VerdictJournal, read_entries
from govor.review.settings import ReviewSettings, SessionRecord, keep_record, mode_of
from govor.review.sheet import SHEET, write_verdicts
from govor.review.utterances import Utterances
from govor.review.verdict_book import VerdictBook
from govor.review.view import (
    ClipPlace,
    FollowingUtterance,
    GivenVerdict,
    ReviewEnd,
    ReviewPace,
    ReviewView,
    ShownUtterance,
)
from govor.review.worth import EvaluationSigns, Queue, queue_of
from govor.store import locked

PACE_OF = 20
"""Verdicts whose median is the pace."""
LONGEST_LOOK_S = 600.0
"""More than this is a break."""


class ConflictError(UsageError):
    """A verdict that goes against what another reviewer is doing; nothing was noted."""


@dataclass(frozen=True)
class ReviewProgress(Summary):
    """How far a review has come.

    Attributes:
        mode: ``queue``, ``estimate`` or ``blank``.
        utterances: to judge.
        done: that need nobody any more.
        reviewers: verdicts by reviewer.
        verdicts: that hold, by kind.
        disputed: where two people differ.
        estimate: of wrong transcripts, where utterances were drawn at random.
        agreement: of two people, where any utterance was judged by two.
        sheet: that ``govor review CORPUS SHEET --out NEW`` takes.
    """

    mode: str
    utterances: int
    done: int
    reviewers: Mapping[str, int]
    verdicts: Mapping[str, int]
    disputed: int
    estimate: Estimate | None
    agreement: ReviewerAgreement | None
    sheet: str


class ReviewSession:
    """A review under way, for any number of reviewers at once; every method may be called from any thread.

    Args:
        settings: what is reviewed.

    Raises:
        GovorError: corpus, findings or evaluation cannot be read, or the folder is of another review.
    """

    def __init__(self, settings: ReviewSettings) -> None:
        self.settings, self.folder = settings, settings.folder
        self._lock = RLock()
        evaluated = EvaluationSigns.read(settings.evaluation) if settings.evaluation else None
        utterances = Utterances.read(settings.corpus, settings.split)
        self.utterances = utterances.with_hypotheses(evaluated.hypotheses) if evaluated else utterances
        with ExitStack() as held:
            held.enter_context(locked(self.folder))
            keep_record(self.folder, _record(settings, self.utterances))
            self.queue, self.order = self._ordered(evaluated)
            self.journal = VerdictJournal.open(self.folder / FILE)
            self._held = held.pop_all()
        self.book = VerdictBook.replayed(self.journal.entries, _double(settings, self.order))
        self.assignments = Assignments(self.order, self.book)
        self.clips = ReviewClips(self.utterances.corpus)
        self._done = sum(map(self.book.is_done, self.order))
        self.write_sheet()

    def _ordered(self, evaluated: EvaluationSigns | None) -> tuple[Queue, Sequence[str]]:
        settings, ids = self.settings, self.utterances.ids
        if not settings.is_drawn:
            queue = queue_of(self.utterances, settings.check, evaluated, settings.seed)
            return queue, [ids[row] for row in queue.order.tolist()]
        drawn = draw(
            self.utterances.corpus, settings.sample or len(ids), settings.seed, settings.split, set()
        )
        if settings.blank:
            sampled = SheetUtterances.read(settings.corpus).without_sheet(self.folder.name)
            sampled.plus(drawn, self.folder.name, settings.seed).write(settings.corpus)
        return Queue(seeded_order([], 0).astype("int64")), drawn

    def view(self, reviewer: str) -> ReviewView:
        """What a reviewer's page shows."""
        with self._lock:
            mine = self.assignments.of(reviewer) or self._disputed_ids()
            for name in mine[1:2]:
                row = self.utterances.of(name)
                self.clips.prepare(row, row.end)
            return ReviewView(
                reviewer,
                self.settings.mode,
                self._pace(reviewer),
                self._utterance_shown(mine[0], reviewer) if mine else None,
                self._clip_of(mine[1]) if len(mine) > 1 else None,
                self.book.last_of(reviewer) is not None,
                None if mine else self._end(),
            )

    def judge(self, reviewer: str, given: GivenVerdict) -> ReviewView:
        """Notes a verdict; it is on the disk when what is next is returned.

        Args:
            reviewer: who.
            given: what the page sent.

        Raises:
            ValueError: it is not a verdict.
            ConflictError: it joins what another reviewer has.
        """
        entry = given.entry(reviewer, _now())
        if self.settings.blank and entry.verdict == KEEP:
            raise ValueError("write what is said: nobody sees the corpus's text here")
        if self.settings.is_drawn and (entry.joined or len(entry.pieces) > 1):
            raise ValueError("utterances drawn at random stay whole: split and join utterances in the queue")
        with self._lock:
            self._require_possible(entry)
            entry = self._settling(entry)
            was_done = [self.book.is_done(name) for name in (entry.id, *entry.joined)]
            self.journal.append(entry)
            self.book.note(entry)
            self._done += sum(map(self.book.is_done, (entry.id, *entry.joined))) - sum(was_done)
            return self.view(reviewer)

    def undo(self, reviewer: str) -> ReviewView:
        """Takes a reviewer's last verdict back; its utterance is before them again, with what they wrote."""
        with self._lock:
            last = self.book.last_of(reviewer)
            if last is None:
                return self.view(reviewer)
            names = (last.id, *last.joined)
            was_done = sum(map(self.book.is_done, names))
            entry = VerdictEntry(_now(), reviewer, last.id, UNDO)
            self.journal.append(entry)
            self.book.note(entry)
            self._done += sum(map(self.book.is_done, names)) - was_done
            if not last.settles:
                self.assignments.put_back(reviewer, last.id)
            view = self.view(reviewer)
            if view.current is None or view.current.id != last.id:
                return view
            return replace(view, current=replace(view.current, draft=last))

    def clip(self, name: str, joined: int) -> bytes:
        """WAV of an utterance and of so many behind it.

        Raises:
            KeyError: there is none of that id.
            GovorError: the recording cannot be decoded.
        """
        place = self.utterances.places[name]
        row, followers = self.utterances.row(place), self.utterances.followers(place)
        last = self.utterances.row(followers[joined - 1]) if joined else row
        return self.clips.clip(row, last.end)

    def progress(self) -> ReviewProgress:
        """How far it has come, and what it says about the corpus."""
        with self._lock:
            finals = [self.book.final(name) for name in self.book.judged()]
            kinds = [entry.verdict for entry in finals if entry is not None]
            drawn = self.settings.is_drawn
            return ReviewProgress(
                self.settings.mode,
                len(self.order),
                self._done,
                {name: len(acts) for name, acts in self.book.acts.items() if acts},
                {kind: kinds.count(kind) for kind in GIVEN if kind in kinds},
                sum(self.book.is_disputed(name) for name in self.book.judged()),
                estimate(self.utterances, self.book, self.order) if drawn else None,
                agreement(self.utterances, self.book),
                str(self.folder / SHEET),
            )

    def write_sheet(self) -> None:
        """Writes what ``govor review CORPUS SHEET --out NEW`` takes."""
        with self._lock:
            write_verdicts(self.folder / SHEET, self.utterances, self.book, blank=self.settings.blank)

    def close(self) -> None:
        """Writes the sheet and lets go of everything."""
        self.write_sheet()
        self.journal.close()
        self.clips.close()
        self._held.close()

    def _disputed_ids(self) -> list[str]:
        """What two people differ about, once there is nothing else."""
        if self.settings.is_drawn or not self.book.double:
            return []
        return [name for name in self.order if self.book.is_disputed(name)][:1]

    def _settling(self, entry: VerdictEntry) -> VerdictEntry:
        pair = self.book.pair(entry.id)
        if (
            pair is None
            or not self.book.is_disputed(entry.id)
            or entry.id in self.assignments.of(entry.reviewer)
        ):
            return entry
        return replace(entry, settles=True)

    def _require_possible(self, entry: VerdictEntry) -> None:
        place = self.utterances.places.get(entry.id)
        if place is None:
            raise ValueError(f"there is no utterance {entry.id}")
        followers = [self.utterances.ids[row] for row in self.utterances.followers(place)]
        if list(entry.joined) != followers[: len(entry.joined)]:
            raise ValueError("only the utterances directly after it can be joined")
        for name in entry.joined:
            others = [one for one in self.book.given.get(name, {}) if one != entry.reviewer]
            if who := [*others, *self.assignments.holders(name, entry.reviewer)]:
                raise ConflictError(
                    f"{who[0]} has the next utterance, {name}: take the join back, or judge this one later"
                )

    def _pace(self, reviewer: str) -> ReviewPace:
        acts = self.book.acts.get(reviewer, [])
        times = [entry.seconds for entry in acts[-PACE_OF:] if 0 < entry.seconds < LONGEST_LOOK_S]
        pace_s = median(times) if times else None
        left = len(self.order) - self._done
        left_s = None if pace_s is None else pace_s * left
        return ReviewPace(self._done, len(self.order), len(acts), pace_s, left_s)

    def _end(self) -> ReviewEnd:
        found = self.progress()
        said = [one.sentence for one in (found.estimate, found.agreement) if one is not None]
        return ReviewEnd(said, found.disputed, found.utterances - found.done)

    def _clip_of(self, name: str) -> ClipPlace:
        return ClipPlace(name, begin_of(self.utterances.of(name)))

    def _utterance_shown(self, name: str, reviewer: str) -> ShownUtterance:
        place = self.utterances.places[name]
        row, drawn = self.utterances.row(place), self.settings.is_drawn
        pair = self.book.pair(name) if self.book.is_disputed(name) else None
        return ShownUtterance(
            *(row.id, row.recording, row.speaker, row.start, row.end, row.duration, row.language),
            text="" if self.settings.blank else row.text or "",
            heard=None if drawn else row.second,
            reasons=[] if drawn else self.queue.reasons(place),
            clip=self._clip_of(name),
            followers=[] if drawn else self._followers(place, reviewer),
            versions=pair or (),
        )

    def _followers(self, place: int, reviewer: str) -> list[FollowingUtterance]:
        """Those behind an utterance that nobody judged yet or has before them."""
        found: list[FollowingUtterance] = []
        for row in self.utterances.followers(place):
            other = self.utterances.row(row)
            if self.book.given.get(other.id) or self.assignments.holders(other.id, reviewer):
                break
            found.append(FollowingUtterance(other.id, other.start, other.end, other.text or "", other.second))
        return found


def _record(settings: ReviewSettings, utterances: Utterances) -> SessionRecord:
    return SessionRecord(
        utterances.corpus.info.fingerprint,
        settings.mode,
        settings.sample,
        settings.split,
        settings.seed,
        settings.double,
    )


def _double(settings: ReviewSettings, order: Sequence[str]) -> frozenset[str]:
    """The share that two people judge: by id and seed, so that it stays the same."""
    numbers = seeded_order((f"double {name}" for name in order), settings.seed)
    share = numbers < int(settings.double * ((1 << 64) - 1))
    return frozenset(name for name, chosen in zip(order, share.tolist(), strict=True) if chosen)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def sheet_of(folder: Path, corpus: Path) -> Path:
    """The sheet of a review's folder, written again from its journal; nobody may review there meanwhile.

    Raises:
        UsageError: the folder holds no review.
    """
    if not (folder / FILE).exists():
        raise UsageError(f"{folder} holds no review: give a sheet, or the folder that govor review keeps")
    utterances = Utterances.read(corpus)
    with locked(folder):
        book = VerdictBook.replayed(read_entries(folder / FILE), ())
        write_verdicts(folder / SHEET, utterances, book, blank=mode_of(folder) == "blank")
    return folder / SHEET
