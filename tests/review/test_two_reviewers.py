"""What two people agree on, and how much is wrong: held against what comes out by hand."""

from pathlib import Path
from typing import Any

import pytest

from govor.review.view import GivenVerdict
from govor.shape import fitted
from review.conftest import write_sound

T_3 = 3.182446
"""97.5% quantile of t with 3 degrees of freedom."""
TEXT = "dva tri pet"


@pytest.fixture
def tapes(make_corpus: Any, tmp_path: Path) -> Path:
    """Four recordings of three utterances with the same three words."""
    made = []
    for n in range(12):
        start = 1.0 + 4 * (n % 3)
        times = {"start": start, "end": start + 3, "duration": 3.0}
        place = {"id": f"{n // 3}.{n % 3}", "recording": f"r{n // 3}", "audio": f"r{n // 3}.wav"}
        made.append({**place, **times, "text": TEXT, "asr": None, "speaker": "ana", "language": "hr"})
    folder = Path(make_corpus(made))
    for number in (2, 3):
        write_sound(tmp_path / f"r{number}.wav", 18)
    return folder


def judge(review: Any, who: str, name: str, verdict: str, text: str = "", joined: Any = ()) -> None:
    row = review.utterances.of(name)
    end = review.utterances.of(joined[-1]).end if joined else row.end
    pieces = [{"start": row.start, "end": end, "text": text}] if verdict == "fixed" else []
    given = {"id": name, "verdict": verdict, "pieces": pieces, "joined": list(joined)}
    review.judge(who, fitted(given, GivenVerdict))


def rest(review: Any, who: str) -> None:
    """Keeps what is left, but for what two people differ on."""
    while (current := review.view(who).current) and not current.versions:
        judge(review, who, current.id, "keep")


def test_two_people_as_by_hand(session: Any, tapes: Path) -> None:
    review = session(corpus=tapes, double=1.0)
    judge(review, "Ana", "0.0", "fixed", "dva tri šest")
    judge(review, "Ana", "2.0", "fixed", "Dva, tri pet!")
    rest(review, "Ana")
    judge(review, "Ben", "0.0", "fixed", "dva tri šest osam")
    judge(review, "Ben", "2.0", "fixed", "dva tri pt")
    judge(review, "Ben", "1.0", "drop")
    judge(review, "Ben", "3.0", "unsure")
    rest(review, "Ben")
    found = review.progress().agreement
    assert (found.utterances, found.texts, found.disputed) == (12, 10, 4)
    # 10 of 12 equal, by recording 3, 2, 3, 2: residuals of half a verdict each, s = sqrt(4/3 * 1) / 12,
    # so 0.833 - 3.18 s = 0.527; two that differ are few: the exact binomial interval is [0.516, 0.979]
    assert found.equal.value == pytest.approx(10 / 12)
    assert (found.equal.low, found.equal.high) == (pytest.approx(0.5159, abs=1e-4), 1.0)
    # 2 errors in 30 words; exactly, 2 events are at most 7.2247
    assert found.wer.value == pytest.approx(2 / 30)
    assert (found.wer.low, found.wer.high) == (0.0, pytest.approx(7.2247 / 30, abs=1e-5))
    # 5 characters more and one less in 111; by recording 5 of 34, 0 of 22, 1 of 33, 0 of 22
    rate, sizes = 6 / 111, (34, 22, 33, 22)
    squares = sum((errors - rate * size) ** 2 for errors, size in zip((5, 0, 1, 0), sizes, strict=True))
    assert found.cer.value == pytest.approx(rate)
    assert found.cer.high == pytest.approx(rate + T_3 * (4 / 3 * squares) ** 0.5 / 111, abs=1e-6)
    assert found.groups["unit"] == "recording" and found.groups["count"] == 4
    assert found.sentence.startswith(
        "two reviewers gave 12 utterances the same verdict in 83.3% [51.6, 100.0]; between their texts "
        "WER 6.7% [0.0, 24.1], CER 5.4% [0.0, 17.5]"
    )


def test_what_one_of_two_joined_is_no_difference_of_texts(session: Any, tapes: Path) -> None:
    review = session(corpus=tapes, double=1.0)
    judge(review, "Ana", "0.0", "fixed", f"{TEXT} {TEXT}", ("0.1",))
    rest(review, "Ana")
    rest(review, "Ben")
    found = review.progress().agreement
    assert (found.utterances, found.texts, found.wer.value) == (12, 10, 0.0)
    assert found.equal.value == pytest.approx(10 / 12)


def test_few_verdicts_never_leave_0_to_100_percent(session: Any, tapes: Path) -> None:
    review = session(corpus=tapes, double=1.0)
    for who, verdict in (("Ana", "keep"), ("Ben", "drop")):
        for number in range(4):
            judge(review, who, f"{number}.0", verdict)
    found = review.progress().agreement
    # none of 4 equal: exactly, at most 1 - 0.025 ** (1 / 4)
    assert (found.equal.value, found.equal.low) == (0.0, 0.0)
    assert found.equal.high == pytest.approx(1 - 0.025**0.25)


def test_an_estimate_as_by_hand(session: Any, tapes: Path) -> None:
    review = session(corpus=tapes, sample=12)
    for name in ("0.0", "0.1", "1.0"):
        judge(review, "Ana", name, "drop")
    judge(review, "Ana", "2.0", "fixed", "dva tri pet sto")
    judge(review, "Ana", "2.1", "fixed", "Dva tri pet.")  # a full stop makes no text wrong
    judge(review, "Ana", "3.0", "unsure")
    rest(review, "Ana")
    found = review.progress().estimate
    assert (found.judged, found.wrong, found.unsure) == (11, 4, 1)
    # wrong by recording 2 of 3, 1 of 3, 1 of 3, 0 of 2
    rate = 4 / 11
    squares = sum((wrong - rate * of) ** 2 for wrong, of in ((2, 3), (1, 3), (1, 3), (0, 2)))
    reach = T_3 * (4 / 3 * squares) ** 0.5 / 11
    # 4 of 11, exactly: [0.1093, 0.6921]
    assert found.rate.value == pytest.approx(rate)
    assert found.rate.low == pytest.approx(max(0.0, min(rate - reach, 0.1093)), abs=1e-4)
    assert found.rate.high == pytest.approx(max(rate + reach, 0.6921), abs=1e-4)
    assert found.wer.value == pytest.approx(1 / 25)  # one word more than the 24 that stand there
    assert found.sentence == (
        f"the corpus has 36.4% [{100 * found.rate.low:.1f}, {100 * found.rate.high:.1f}] wrong transcripts "
        "(4 of 11; 1 unsure)"
    )
