"""What a reviewer's page shows, and what it sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from govor.review.journal import FIXED, GIVEN, ReviewPiece, VerdictEntry
from govor.shape import ShapeError


@dataclass(frozen=True)
class ClipPlace:
    """Sound to ask for: of an utterance, from so many seconds into the recording on."""

    id: str
    begin: float


@dataclass(frozen=True)
class FollowingUtterance:
    """An utterance that can be joined."""

    id: str
    start: float | None
    end: float | None
    text: str
    heard: str | None


@dataclass(frozen=True)
class ShownUtterance:
    """One utterance; of a drawn one nothing that a model said.

    Attributes:
        id: of the corpus, as are the next ones.
        recording: its name.
        speaker: who speaks.
        start: seconds into the recording.
        end: seconds.
        duration: seconds.
        language: BCP 47 tag.
        text: the corpus's, empty in blank mode.
        heard: what a model wrote.
        reasons: why it is here.
        clip: its sound.
        followers: what can be joined.
        versions: of two people who differ.
        draft: what the reviewer had given before an undo.
    """

    id: str
    recording: str
    speaker: str | None
    start: float | None
    end: float | None
    duration: float | None
    language: str | None
    text: str
    heard: str | None
    reasons: Sequence[str]
    clip: ClipPlace
    followers: Sequence[FollowingUtterance]
    versions: Sequence[VerdictEntry]
    draft: VerdictEntry | None = None


@dataclass(frozen=True)
class ReviewPace:
    """Utterances done, in all and of this reviewer; seconds for each and for the rest, if known."""

    done: int
    total: int
    mine: int
    pace_s: float | None
    left_s: float | None


@dataclass(frozen=True)
class ReviewEnd:
    """What is said when nothing is left: sentences, utterances in dispute, and those that wait for others."""

    sentences: Sequence[str]
    disputed: int
    waiting: int


@dataclass(frozen=True)
class ReviewView:
    """All that a page shows of a review.

    Attributes:
        reviewer: whose page.
        mode: ``queue``, ``estimate`` or ``blank``.
        progress: how far it is.
        current: the utterance on the screen; None: nothing is left.
        upcoming: sound of the next.
        can_undo: whether there is a verdict to take back.
        summary: said when nothing is left.
    """

    reviewer: str
    mode: str
    progress: ReviewPace
    current: ShownUtterance | None
    upcoming: ClipPlace | None
    can_undo: bool
    summary: ReviewEnd | None


@dataclass(frozen=True)
class GivenVerdict:
    """A verdict as a page sends it; see `govor.review.journal.VerdictEntry`."""

    id: str
    verdict: str
    pieces: tuple[ReviewPiece, ...] = ()
    joined: tuple[str, ...] = ()
    comment: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.verdict not in GIVEN:
            raise ShapeError(f"{self.verdict!r} is not a verdict")
        if self.verdict == FIXED and not self.pieces:
            raise ShapeError("nothing was changed")

    def entry(self, reviewer: str, at: str) -> VerdictEntry:
        """What is noted of it; only a fixed utterance has pieces.

        Raises:
            ShapeError: a piece without a text, or with an end that is not behind its beginning.
        """
        fixed = self.verdict == FIXED
        pieces = tuple(_tidy(piece) for piece in self.pieces) if fixed else ()
        joined = self.joined if fixed else ()
        seconds = max(0.0, self.seconds)
        return VerdictEntry(
            at, reviewer, self.id, self.verdict, pieces, joined, self.comment.strip(), seconds
        )


def _tidy(piece: ReviewPiece) -> ReviewPiece:
    start, end = (None if time is None else round(time, 3) for time in (piece.start, piece.end))
    text = " ".join(piece.text.split())
    begins = start is None or 0 <= start < float("inf")
    if not text or not begins or not (end is None or (start or 0.0) < end < float("inf")):
        raise ShapeError("every part needs a text, and an end after its beginning")
    return ReviewPiece(start, end, text)
