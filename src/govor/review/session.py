"""One review: what is next for whom, and every verdict on the disk before that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from threading import RLock
from typing import Any

from govor.curate.groups import seeded_order
from govor.curate.sample import draw
from govor.curate.sheet_utterances import SheetUtterances
from govor.errors import UsageError
from govor.records import Summary, as_json
from govor.review.agreement import Agreement, Estimate, agreement, estimate
from govor.review.assigning import Assignments
from govor.review.clips import Clips, begin_of
from govor.review.journal import FILE, FIXED, GIVEN, KEEP, UNDO, Entry, Journal, ReviewPiece, read_entries
from govor.review.settings import ReviewSettings, SessionRecord, keep_record
from govor.review.sheet import SHEET, write_verdicts
from govor.review.utterances import SECOND, Utterances
from govor.review.verdict_book import VerdictBook
from govor.review.worth import Evaluated, Queue, queue_of
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
    agreement: Agreement | None
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
        evaluated = Evaluated.read(settings.evaluation) if settings.evaluation else None
        utterances = Utterances.read(settings.corpus, settings.split)
        self.utterances = utterances.with_hypotheses(evaluated.hypotheses) if evaluated else utterances
        with ExitStack() as held:
            held.enter_context(locked(self.folder))
            keep_record(self.folder, _record(settings, self.utterances))
            self.queue, self.order = self._ordered(evaluated)
            self.journal = Journal.open(self.folder / FILE)
            self._held = held.pop_all()
        self.book = VerdictBook.replayed(self.journal.entries, _double(settings, self.order))
        self.assignments = Assignments(self.order, self.book)
        self.clips = Clips(self.utterances.corpus)
        self._done = sum(map(self.book.is_done, self.order))
        self.write_sheet()

    def _ordered(self, evaluated: Evaluated | None) -> tuple[Queue, Sequence[str]]:
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

    def view(self, reviewer: str) -> dict[str, Any]:
        """What a reviewer's page shows."""
        with self._lock:
            mine = self.assignments.of(reviewer) or self._disputed()
            for name in mine[1:2]:
                row = self.utterances.row(self.utterances.places[name])
                self.clips.prepare(row, row["end"])
            return {
                "reviewer": reviewer,
                "mode": self.settings.mode,
                "progress": self._progress(reviewer),
                "current": self._shown(mine[0], reviewer) if mine else None,
                "upcoming": self._clip_of(mine[1], 0) if len(mine) > 1 else None,
                "can_undo": self.book.last_of(reviewer) is not None,
                "summary": None if mine else self._told(),
            }

    def judge(self, reviewer: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Notes a verdict; it is on the disk when what is next is returned.

        Args:
            reviewer: who.
            given: what the page sent: id, verdict, pieces, joined, comment, seconds.

        Raises:
            ValueError: it is no verdict.
            ConflictError: it joins what another reviewer has.
        """
        entry = _entry(reviewer, given)
        if self.settings.blank and entry.verdict == KEEP:
            raise ValueError("write what is said: nobody sees the corpus's text here")
        with self._lock:
            self._require_possible(entry)
            entry = self._settling(entry)
            was_done = [self.book.is_done(name) for name in (entry.id, *entry.joined)]
            self.journal.append(entry)
            self.book.note(entry)
            self._done += sum(map(self.book.is_done, (entry.id, *entry.joined))) - sum(was_done)
            return self.view(reviewer)

    def undo(self, reviewer: str) -> dict[str, Any]:
        """Takes a reviewer's last verdict back; its utterance is before them again, with what they wrote."""
        with self._lock:
            last = self.book.last_of(reviewer)
            if last is None:
                return self.view(reviewer)
            names = (last.id, *last.joined)
            was_done = sum(map(self.book.is_done, names))
            entry = Entry(_now(), reviewer, last.id, UNDO)
            self.journal.append(entry)
            self.book.note(entry)
            self._done += sum(map(self.book.is_done, names)) - was_done
            if not last.settles:
                self.assignments.put_back(reviewer, last.id)
            view = self.view(reviewer)
            if view["current"] and view["current"]["id"] == last.id:
                view["current"]["draft"] = as_json(last)
            return view

    def clip(self, name: str, joined: int) -> bytes:
        """WAV of an utterance and of so many behind it.

        Raises:
            KeyError: there is none of that id.
            GovorError: the recording cannot be decoded.
        """
        place = self.utterances.places[name]
        row, followers = self.utterances.row(place), self.utterances.followers(place)
        last = self.utterances.row(followers[joined - 1]) if joined else row
        return self.clips.clip(row, last["end"])

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
            write_verdicts(self.folder / SHEET, self.utterances, self.book)

    def close(self) -> None:
        """Writes the sheet and lets go of everything."""
        self.write_sheet()
        self.journal.close()
        self.clips.close()
        self._held.close()

    def _disputed(self) -> list[str]:
        """What two people differ about, once there is nothing else."""
        if self.settings.is_drawn or not self.book.double:
            return []
        return [name for name in self.order if self.book.is_disputed(name)][:1]

    def _settling(self, entry: Entry) -> Entry:
        pair = self.book.pair(entry.id)
        if (
            pair is None
            or not self.book.is_disputed(entry.id)
            or entry.id in self.assignments.of(entry.reviewer)
        ):
            return entry
        return Entry(**{**vars(entry), "settles": True})

    def _require_possible(self, entry: Entry) -> None:
        place = self.utterances.places.get(entry.id)
        if place is None:
            raise ValueError(f"there is no utterance {entry.id}")
        followers = [self.utterances.ids[row] for row in self.utterances.followers(place)]
        if list(entry.joined) != followers[: len(entry.joined)]:
            raise ValueError("only the utterances right behind it can be joined")
        for name in entry.joined:
            others = [one for one in self.book.given.get(name, {}) if one != entry.reviewer]
            if who := [*others, *self.assignments.holders(name, entry.reviewer)]:
                raise ConflictError(
                    f"{who[0]} has the next utterance, {name}: take the join back, or judge this one later"
                )

    def _progress(self, reviewer: str) -> dict[str, Any]:
        acts = self.book.acts.get(reviewer, [])
        times = [entry.seconds for entry in acts[-PACE_OF:] if 0 < entry.seconds < LONGEST_LOOK_S]
        pace = median(times) if times else None
        left = len(self.order) - self._done
        return {
            "done": self._done,
            "total": len(self.order),
            "mine": len(acts),
            "pace_s": pace,
            "left_s": None if pace is None else pace * left,
        }

    def _told(self) -> dict[str, Any]:
        found = self.progress()
        said = [one.sentence for one in (found.estimate, found.agreement) if one is not None]
        return {"sentences": said, "disputed": found.disputed, "waiting": found.utterances - found.done}

    def _clip_of(self, name: str, joined: int) -> dict[str, Any]:
        return {
            "id": name,
            "begin": begin_of(self.utterances.row(self.utterances.places[name])),
            "joined": joined,
        }

    def _shown(self, name: str, reviewer: str) -> dict[str, Any]:
        """One utterance as a page shows it; of a drawn one nothing that a model said."""
        place = self.utterances.places[name]
        row, drawn, blank = self.utterances.row(place), self.settings.is_drawn, self.settings.blank
        shown = {
            key: row[key] for key in ("id", "recording", "speaker", "start", "end", "duration", "language")
        }
        pair = self.book.pair(name) if self.book.is_disputed(name) else None
        return {
            **shown,
            "text": "" if blank else row["text"] or "",
            "heard": None if drawn else row[SECOND],
            "reasons": [] if drawn else self.queue.reasons(place),
            "clip": self._clip_of(name, 0),
            "followers": [] if drawn else self._followers(place, reviewer),
            "versions": [as_json(entry) for entry in pair or ()],
            "draft": None,
        }

    def _followers(self, place: int, reviewer: str) -> list[dict[str, Any]]:
        """Those behind an utterance that nobody judged yet or has before them."""
        found = []
        for row in self.utterances.followers(place):
            name = self.utterances.ids[row]
            if self.book.given.get(name) or self.assignments.holders(name, reviewer):
                break
            other = self.utterances.row(row)
            shown = {key: other[key] for key in ("id", "start", "end", "text")}
            found.append({**shown, "heard": other[SECOND]})
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


def _entry(reviewer: str, given: Mapping[str, Any]) -> Entry:
    """A verdict as the page sends it.

    Raises:
        ValueError: it is something else.
    """
    verdict, pieces = given["verdict"], given.get("pieces") or []
    if verdict not in GIVEN:
        raise ValueError(f"{verdict!r} is not a verdict")
    made = tuple(_piece(piece) for piece in pieces) if verdict == FIXED else ()
    joined = tuple(str(name) for name in given.get("joined") or ()) if made else ()
    if verdict == FIXED and not made:
        raise ValueError("nothing was changed")
    return Entry(
        _now(),
        reviewer,
        str(given["id"]),
        verdict,
        made,
        joined,
        str(given.get("comment") or "").strip(),
        max(0.0, float(given.get("seconds") or 0.0)),
    )


def _piece(given: Mapping[str, Any]) -> ReviewPiece:
    start, end = (None if given[key] is None else round(float(given[key]), 3) for key in ("start", "end"))
    text = " ".join(str(given["text"]).split())
    if (
        not text
        or (start is not None and not 0 <= start < float("inf"))
        or not (end is None or end > (start or 0))
    ):
        raise ValueError("every part needs a text, and an end behind its beginning")
    return ReviewPiece(start, end, text)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def sheet_of(folder: Path, corpus: Path) -> Path:
    """The sheet of a review's folder, written anew from its journal; nothing may be reviewed there meanwhile.

    Raises:
        UsageError: the folder holds no review.
    """
    if not (folder / FILE).exists():
        raise UsageError(f"{folder} holds no review: give a sheet, or the folder that govor review keeps")
    utterances = Utterances.read(corpus)
    with locked(folder):
        book = VerdictBook.replayed(read_entries(folder / FILE), ())
        write_verdicts(folder / SHEET, utterances, book)
    return folder / SHEET
