"""What is next, for whom, and what comes out of it."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from govor.corpora.folder import Corpus
from govor.curate import review_corpus
from govor.curate.listing import SCHEMA
from govor.curate.sheet_utterances import SheetUtterances
from govor.curate.verdicts import read_verdicts
from govor.errors import BusyError, UsageError
from govor.review import ReviewSettings, sheet_of
from govor.review.session import ConflictError
from govor.review.view import GivenVerdict
from govor.review.worth import EvaluationSigns, queue_of
from govor.shape import fitted


def judge(session: Any, who: str, **given: Any) -> None:
    session.judge(who, fitted(given, GivenVerdict))


def judged(session: Any, who: str, verdict: str = "keep", **more: Any) -> str:
    """Judges what is before somebody; returns its id."""
    name = session.view(who).current.id
    judge(session, who, id=name, verdict=verdict, **more)
    return name


def piece(start: float | None, end: float | None, text: str) -> dict[str, Any]:
    return {"start": start, "end": end, "text": text}


def table(session: Any, corpus: Path, out: Path) -> dict[str, dict[str, Any]]:
    session.write_sheet()
    review_corpus(corpus, session.folder / "verdicts.csv", out)
    return {row["id"]: row for row in Corpus.open(out).scan().collect().iter_rows(named=True)}


def test_what_differs_most_comes_first_and_says_why(session: Any) -> None:
    review = session()
    first = review.view("Ana").current
    assert first.id == "u5" and first.reasons[0].startswith("similarity")
    assert first.heard == "nešto sasvim drugo" and first.clip.begin == 3.0
    judged(review, "Ana")
    assert review.view("Ana").current.id == "u2"


def test_signs_of_check_evaluation_and_agreement(
    session: Any, tmp_path: Path, make_corpus: Any, rows: Any
) -> None:
    made = [{**row, "asr": None, "agreement": 0.4 if row["id"] == "u6" else 1.0} for row in rows]
    review = session(corpus=make_corpus(made))
    findings = {
        "id": ["u1", "u3"],
        "recording": ["r0", "r0"],
        "code": ["clipped", "quiet"],
        "severity": ["error", "info"],
    }
    pl.DataFrame(findings, schema=SCHEMA).write_parquet(tmp_path / "findings.parquet")
    evaluated = EvaluationSigns({"u0": "krivo"}, {"u0": 0.8}, {"u0": 0.9})
    queue = queue_of(review.utterances, tmp_path, evaluated)
    order = [review.utterances.ids[row] for row in queue.order]
    assert order[:4] == ["u0", "u1", "u6", "u3"]
    assert queue.reasons(0) == ["CER 0.80 in the evaluation", "the model is sure (0.90) of something else"]
    assert queue.reasons(1) == ["clipped"] and queue.reasons(6) == ["agreement 0.40"]


def test_nothing_is_given_to_two_people(session: Any) -> None:
    review = session()
    seen = [judged(review, who) for who in ("Ana", "Ben", "Ana", "Ben", "Ana", "Ben", "Ana", "Ben")]
    assert sorted(seen) == [f"u{n}" for n in range(8)]
    assert review.view("Ana").current is None


def test_who_is_gone_for_long_holds_nothing(session: Any) -> None:
    review, now = session(), [0.0]
    review.assignments.clock = lambda: now[0]
    first = review.view("Ana").current.id
    assert review.view("Ben").current.id != first
    now[0] = 3600.0
    assert judged(review, "Cec") == first


def test_undo_brings_back_what_was_written_again_and_again(session: Any) -> None:
    review = session()
    fixed = judged(review, "Ana", "fixed", pieces=[piece(5.0, 8.0, "pet i pol")])
    other = judged(review, "Ana", "drop")
    assert review.undo("Ana").current.id == other
    current = review.undo("Ana").current
    assert (current.id, current.draft.pieces[0].text) == (fixed, "pet i pol")
    assert not review.undo("Ana").can_undo
    assert review.progress().done == 0


def test_verdicts_survive_and_the_review_goes_on(session: Any, tmp_path: Path, corpus: Path) -> None:
    review = session()
    names = [judged(review, "Ana"), judged(review, "Ana", "drop"), judged(review, "Ana", "unsure")]
    review = session()
    assert review.progress().verdicts == {"keep": 1, "drop": 1, "unsure": 1}
    assert review.view("Ana").current.id not in names
    session(corpus=corpus, work=tmp_path / "other")
    assert sheet_of(tmp_path / "corpus-review", corpus).exists()


def test_two_servers_do_not_share_a_folder(session: Any, corpus: Path) -> None:
    session()
    with pytest.raises(BusyError):
        from govor.review import ReviewSession

        ReviewSession(ReviewSettings(corpus))


def test_split_join_and_moved_times_become_a_corpus(session: Any, tmp_path: Path, corpus: Path) -> None:
    review = session()
    parts = [piece(5.0, 6.5, "pet"), piece(6.5, 8.25, "šest sedam")]
    judge(review, "Ana", **{"id": "u5", "verdict": "fixed", "pieces": parts})
    joined = [piece(1.0, 8.0, "jedan dva tri dva tri četiri")]
    judge(review, "Ana", **{"id": "u0", "verdict": "fixed", "pieces": joined, "joined": ["u1"]})
    judge(review, "Ana", **{"id": "u2", "verdict": "fixed", "pieces": [piece(9.1, 12.0, "tri četiri pet")]})
    judge(review, "Ana", **{"id": "u3", "verdict": "drop", "comment": "buka"})
    found = table(review, corpus, tmp_path / "reviewed")
    assert list(found) == ["u0", "u2", "u4", "u5.1", "u5.2", "u6", "u7"]
    assert (found["u0"]["end"], found["u0"]["end_before"]) == (8.0, 4.0)
    assert (found["u2"]["start"], found["u2"]["start_before"], found["u2"]["text_before"]) == (9.1, 9.0, None)
    assert (found["u5.2"]["parent"], found["u5.2"]["end"]) == ("u5", 8.25)
    reasons = dict(Corpus.open(tmp_path / "reviewed").rejected().select("id", "reason").collect().iter_rows())
    assert reasons == {"u1": "joined_by_review", "u3": "dropped_by_review", "u5": "split_by_review"}


def test_what_another_person_has_cannot_be_joined(session: Any) -> None:
    review = session()
    held = review.view("Ben").current.id
    assert held == "u5"
    body = {"id": "u4", "verdict": "fixed", "pieces": [piece(1.0, 8.0, "sve")], "joined": ["u5"]}
    with pytest.raises(ConflictError, match="Ben has the next utterance, u5"):
        judge(review, "Ana", **body)
    assert review.progress().done == 0
    with pytest.raises(ValueError, match="directly after"):
        judge(review, "Ana", **{**body, "joined": ["u7"]})


@pytest.mark.parametrize(
    "given",
    [
        {"id": "u1", "verdict": "perhaps"},
        {"id": "none", "verdict": "keep"},
        {"id": "u1", "verdict": "fixed"},
        {"id": "u1", "verdict": "fixed", "pieces": [{"start": 3, "end": 2, "text": "a"}]},
        {"id": "u1", "verdict": "fixed", "pieces": [{"start": 3, "end": 4, "text": "  "}]},
        {"id": "u1", "verdict": "fixed", "pieces": [{"start": float("nan"), "end": 4, "text": "a"}]},
    ],
)
def test_what_is_no_verdict_is_not_noted(session: Any, given: dict[str, Any]) -> None:
    review = session()
    with pytest.raises(ValueError):
        judge(review, "Ana", **given)
    assert review.journal.entries == []


def test_two_people_blind_to_each_other(session: Any, tmp_path: Path, corpus: Path) -> None:
    review = session(double=1.0)
    for _ in range(8):
        judged(review, "Ana")
    shown = review.view("Ben").current
    assert shown.versions == () and shown.draft is None
    wrong = review.utterances.of(shown.id)
    text = wrong.text.replace(wrong.text.split()[0], "nula")
    judged(review, "Ben", "fixed", pieces=[piece(wrong.start, wrong.end, text)])
    for _ in range(7):
        judged(review, "Ben")
    found = review.progress().agreement
    assert found is not None
    assert (found.utterances, found.texts, found.disputed) == (8, 8, 1)
    assert found.equal.value == pytest.approx(7 / 8)
    assert found.wer is not None and found.wer.value == pytest.approx(1 / 24)
    assert found.groups["unit"] == "recording"
    disputed = review.view("Ana").current
    assert disputed.id == shown.id and [one.reviewer for one in disputed.versions] == [
        "Ana",
        "Ben",
    ]
    assert table(review, corpus, tmp_path / "open")[shown.id]["verdict"] is None
    judge(review, "Ana", **{"id": shown.id, "verdict": "drop"})
    assert review.progress().disputed == 0 and review.view("Ben").current is None
    assert shown.id not in table(review, corpus, tmp_path / "settled")
    assert review.progress().agreement.equal.value == pytest.approx(7 / 8)


def test_the_double_share_is_a_share(session: Any) -> None:
    review = session(double=0.5)
    assert 0 < len(review.book.double) < 8
    with pytest.raises(UsageError, match=r"double 0\.5, not 0\.25"):
        session(double=0.25)


def test_an_estimate_hides_what_a_model_said_and_counts_what_is_wrong(session: Any) -> None:
    review = session(sample=8)
    shown = review.view("Ana").current
    assert (shown.heard, shown.reasons, shown.followers) == (None, [], [])
    row = review.utterances.of(shown.id)
    full_stop = [piece(row.start, row.end, row.text.title() + ".")]
    judged(review, "Ana", "fixed", pieces=full_stop)
    judged(review, "Ana", "drop")
    judged(review, "Ana", "unsure")
    for _ in range(5):
        judged(review, "Ana")
    found = review.progress().estimate
    assert found is not None
    assert (found.judged, found.wrong, found.unsure) == (7, 1, 1)
    assert found.rate.value == pytest.approx(1 / 7) and found.rate.low < 1 / 7 < found.rate.high
    assert found.sentence.startswith("the corpus has 14.3% [")
    assert review.view("Ana").summary.sentences == [found.sentence]


@pytest.mark.parametrize("settings", [{"sample": 8}, {"sample": 8, "blank": True}])
def test_what_chance_draws_stays_whole(session: Any, settings: dict[str, Any]) -> None:
    review = session(**settings)
    for more in (
        {"pieces": [piece(5.0, 6.0, "pet"), piece(6.0, 8.0, "šest")]},
        {"pieces": [piece(1.0, 8.0, "sve")], "joined": ["u1"], "id": "u0"},
    ):
        with pytest.raises(ValueError, match="stay whole"):
            judge(review, "Ana", **{"id": "u5", "verdict": "fixed", **more})
    assert review.journal.entries == []


def test_blank_shows_no_text_and_is_remembered(session: Any, corpus: Path) -> None:
    review = session(sample=3, blank=True)
    shown = review.view("Ana").current
    assert shown.text == "" and shown.heard is None
    with pytest.raises(ValueError, match="write what is said"):
        judge(review, "Ana", **{"id": shown.id, "verdict": "keep"})
    row = review.utterances.of(shown.id)
    judged(review, "Ana", "fixed", pieces=[piece(row.start, row.end, row.text)])
    assert review.progress().estimate.wrong == 0
    review.write_sheet()
    [(name, verdict)] = read_verdicts(Path(review.progress().sheet))
    assert (name, verdict.verdict, verdict.corrected) == (shown.id, "correct", row.text)
    assert verdict.from_nothing  # a text of a person, even where a model's was the same
    assert sorted(SheetUtterances.read(corpus).ids()) == sorted(review.order)


def test_clips_come_from_the_recording_with_context(session: Any) -> None:
    import io

    import numpy as np
    import soundfile as sf

    samples, rate = sf.read(io.BytesIO(session().clip("u1", 0)))
    assert rate == 16_000 and len(samples) == 7 * 16_000  # 5 to 8 s, and two before and behind
    peak = np.argmax(np.abs(np.fft.rfft(samples[:16_000])))
    assert peak == 200 + 20 * 3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"host": "0.0.0.0"}, "--reviewer NAME"),
        ({"allowed_hosts": ("review.example.org",)}, "--reviewer NAME"),
        ({"reviewers": ("A\u0000",)}, "printable"),
        ({"sample": 0}, "--sample 0"),
    ],
)
def test_settings_that_let_everybody_in_are_refused(
    corpus: Path, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        ReviewSettings(corpus, **settings)
