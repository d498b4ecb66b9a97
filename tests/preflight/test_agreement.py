"""Audio against text: what scores of own and other texts say, with answers that are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from preflight_parts import recipe_with

from govor.models.listening import EncodedSound, Fit
from govor.preflight.agreement import (
    another_heard,
    by_chance,
    ends,
    how_sure,
    matched,
    other_languages,
    unsaid,
)
from govor.preflight.budget import Budget
from govor.preflight.clips import Clip
from govor.preflight.hearing import ClipFit, SourceOrder, choose, hear, shorter
from govor.preflight.lengths import Lengths
from govor.preflight.materials import Materials
from govor.preflight.registry import REGISTRY, all_checks
from govor.preflight.run import run_check

SAID = [f"sentence {number} about {word} and more of it" for number, word in enumerate("abcdefghijkl" * 4)]
LANGUAGES = {"hr": 0.9, "en": 0.1}


@dataclass(frozen=True)
class Scripted:
    """A `EncodedSound` whose answers are known.

    Attributes:
        answers: by text; others fit badly.
        languages: see `EncodedSound`.
    """

    answers: Mapping[str, Fit]
    languages: Mapping[str, float] = field(default_factory=dict)

    def fits(self, texts: Sequence[str]) -> list[Fit]:
        """The answers."""
        return [self.answers.get(text, Fit(-8.0 * len(text.split()), len(text.split()))) for text in texts]


def right(words: int = 8, before: float = 1.0, after: float = 1.0) -> Fit:
    return Fit(-0.8 * words, words, before, after)


class Ears:
    """A family that knows what is said in every clip: the number that its wave holds."""

    def __init__(self, languages=None):
        self.languages = languages if languages is not None else LANGUAGES

    def listen(self, sound, windows: str = "full") -> EncodedSound:
        return Scripted(answers_for(SAID[int(sound.wave[0])]), self.languages)

    def language_code(self, tag):
        return tag if tag in self.languages else None


def answers_for(said: str) -> dict[str, Fit]:
    """The said text fits; without an end speech goes on; with a word more that costs ten nats."""
    words = said.split()
    found = {said: right(len(words))}
    for n in (1, 2, 3):
        found[" ".join(words[:-n])] = right(len(words) - n, after=10.0)
        found[" ".join(words[n:])] = right(len(words) - n, before=9.0)
    for extra in ("anna:", "anna: berg:"):
        more = extra.split()
        found[f"{extra} {said}"] = Fit(
            -0.8 * len(words) - 10.0 * len(more), len(words) + len(more), 10.0, 1.0
        )
    return found


def hearings(texts, languages=None, count=24, language="hr"):
    """What is heard where clip n, in which `SAID[n]` is said, has the text n of `texts`."""
    order = SourceOrder(texts, {f"c{n}": n for n in range(len(texts))})
    clips = [Clip(f"c{n}", "train", n, np.array([n], np.float32), texts[n], language) for n in range(count)]
    return hear(Ears(languages), clips, order, "full", 0, Budget(5.0))


@pytest.fixture
def outcome(tmp_path):
    """Codes and severities that a check gives for hearings."""
    all_checks()

    def run(name, heard, lengths=(tuple(range(100)), tuple(range(100)))):
        made = Materials(recipe_with(), "cpu", tmp_path)
        made.__dict__["hearings"] = heard
        letters, seconds = (10.0 + np.array(one) for one in lengths)
        made.__dict__["lengths"] = Lengths(tuple(map(str, range(len(letters)))), letters, seconds)
        result = run_check(REGISTRY[name], made, {})
        return result.findings

    return run


def codes(findings):
    return [(one.code, one.severity) for one in findings]


def test_right_texts_are_quiet(outcome) -> None:
    heard = hearings(SAID)
    assert len(matched(heard).own) == 24
    for name in ("own_text_fits_best", "ends_are_said", "language_is_the_stated_one"):
        assert outcome(name, heard) == []


@pytest.mark.parametrize("offset", [-2, -1, 1, 2])
def test_texts_a_row_off_are_named_with_their_distance(outcome, offset) -> None:
    texts = list(np.roll(SAID, -offset))
    found = outcome("own_text_fits_best", hearings(texts))
    assert codes(found) == [("transcripts_shifted", "error")]
    assert ("before" if offset > 0 else "after") in found[0].measured
    assert "sure" in found[0].limit and len(found[0].ids) == found[0].count >= 20


def test_shuffled_texts_stop_a_run_where_lengths_say_the_same(outcome) -> None:
    heard = hearings(list(np.roll(SAID, 17)))
    mixed = np.random.default_rng(0).permutation(100)
    found = outcome("own_text_fits_best", heard, (range(100), mixed))
    assert codes(found) == [("transcripts_shuffled", "error")]


def test_a_model_that_hears_no_text_anywhere_stops_nothing(outcome) -> None:
    """As an untrained one: texts and recordings go together by their lengths."""
    found = outcome("own_text_fits_best", hearings(list(np.roll(SAID, 17))))
    assert codes(found) == [("transcripts_shuffled", "warning")]
    assert "never trained" in found[0].why


def test_a_few_wrong_texts_are_named(outcome) -> None:
    texts = list(SAID)
    texts[3], texts[9], texts[15] = texts[40], texts[41], texts[42]
    found = outcome("own_text_fits_best", hearings(texts))
    assert codes(found) == [("transcript_not_said", "warning")]
    assert set(found[0].ids) == {"c3", "c9", "c15"}


def test_missing_ends(outcome) -> None:
    found = outcome("ends_are_said", hearings([" ".join(text.split()[:-2]) for text in SAID]))
    assert codes(found) == [("ends_missing", "error")] and len(found[0].ids) == 24


def test_a_quarter_of_missing_ends_is_a_warning_that_names_them(outcome) -> None:
    texts = [" ".join(t.split()[:-1]) if n % 4 == 0 else t for n, t in enumerate(SAID)]
    found = outcome("ends_are_said", hearings(texts))
    assert codes(found) == [("ends_missing", "warning")]
    assert found[0].ids == ("c0", "c4", "c8", "c12", "c16", "c20")


def test_missing_beginnings(outcome) -> None:
    found = outcome("ends_are_said", hearings([" ".join(text.split()[1:]) for text in SAID]))
    assert codes(found) == [("beginnings_missing", "error")]


def test_words_that_nobody_says_are_not_missing_beginnings(outcome) -> None:
    found = outcome("ends_are_said", hearings([f"anna: {text}" for text in SAID]))
    assert codes(found) == [("words_not_said", "error")] and "'anna:'" in found[0].measured


def test_words_of_a_hard_language_are_not_unsaid() -> None:
    assert unsaid(Fit(-40.0, 10), [Fit(-35.0, 9), Fit(-30.0, 8)]) == 0
    assert unsaid(Fit(-40.0, 10), [Fit(-12.0, 8)]) == 1
    assert unsaid(Fit(-40.0, 10), [Fit(float("-inf"), 1)]) == 0


def test_another_language_than_the_stated_one(outcome) -> None:
    heard = hearings(SAID, {"hr": 0.02, "sv": 0.9, "en": 0.08})
    found = outcome("language_is_the_stated_one", heard)
    assert codes(found) == [("other_language", "warning")] and "'sv'" in found[0].measured
    assert other_languages(hearings(SAID, {"hr": 0.3, "sr": 0.7})) == []
    assert other_languages(hearings(SAID, {"sv": 1.0}, language="xx")) == []
    assert other_languages(hearings(SAID, {})) == []


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ({"hr": 0.04, "sv": 0.37, "no": 0.2, "la": 0.2}, True),
        ({"hr": 0.08, "la": 0.24, "uk": 0.2}, False),
        ({"hr": 0.09, "sr": 0.4}, False),
        ({"hr": 0.001, "sv": 0.2, "no": 0.2}, False),
    ],
    ids=["short clips that sound like several", "no language is heard", "a near one", "two alike"],
)
def test_languages_are_told_over_all_clips(shares, told) -> None:
    assert bool(other_languages(hearings(SAID, shares))) == told


def test_beginnings_are_not_judged_where_another_language_is_heard(outcome) -> None:
    late = [" ".join(text.split()[1:]) for text in SAID]
    assert codes(outcome("ends_are_said", hearings(late, {"hr": 0.9}))) == [("beginnings_missing", "error")]
    assert outcome("ends_are_said", hearings(late, {"hr": 0.02, "sv": 0.9})) == []


def test_ends_are_counted_apart() -> None:
    seen = ends(hearings(SAID[:1] + SAID[1:], count=10))
    assert not any((seen.unsaid_first, seen.unsaid_last, seen.speech_before, seen.speech_after))


def test_what_is_scored() -> None:
    assert shorter("a b c d e") == (["b c d e", "c d e", "d e"], ["a b c d", "a b c", "a b"])
    assert shorter("a b c") == (["b c"], ["a b"]) and shorter("a b") == ([], [])
    clips = [
        Clip(f"c{n}", "train", n, np.zeros(n * 16_000, np.float32), f"t{n % 5}", "hr") for n in range(30)
    ]
    chosen = choose(clips, 16_000, 4)
    assert len({clip.normal for clip in chosen}) == 4


def test_how_sure_it_is() -> None:
    assert by_chance(0, 10, 0.1) == pytest.approx(1.0) and by_chance(10, 10, 0.5) == pytest.approx(2**-10)
    assert how_sure(1e-9).startswith("sure") and how_sure(0.01) == "chance does this once in 100"


def test_a_new_model_is_not_asked(tmp_path) -> None:
    all_checks()
    result = run_check(REGISTRY["own_text_fits_best"], Materials(recipe_with(), "cpu", tmp_path), {})
    assert result.status == "skipped" and "new model" in result.note


def overheard(next_nats: float, spread: float = 0.8, count: int = 24) -> list[ClipFit]:
    """Clips whose own text fits well, the next row's by `next_nats` a unit better than the others'."""
    rng = np.random.default_rng(0)

    def fit(nats: float) -> Fit:
        return Fit(float(10 * (nats + spread * rng.standard_normal())), 10)

    def one(number: int) -> ClipFit:
        near = {step: fit(-5.0 + (next_nats if step == 1 else 0.0)) for step in (-2, -1, 1, 2)}
        return ClipFit(f"c{number}", "a b c", fit(-2.5), near, [fit(-5.0) for _ in range(3)])

    return [one(number) for number in range(count)]


def test_the_next_rows_text_is_heard_beside_the_own_one() -> None:
    found = another_heard(overheard(1.6))
    assert found is not None and found.offset == 1 and found.total == 24 and len(found.clips) > 12
    assert found.nats == pytest.approx(1.6, abs=0.4)


def test_a_second_voice_in_half_of_the_clips_is_heard_too() -> None:
    found = another_heard([*overheard(2.5, count=12), *overheard(0.0)[12:]])
    assert found is not None and found.offset == 1 and 9 <= len(found.clips) <= 16


def test_texts_too_long_for_their_clips_hide_no_second_voice() -> None:
    """CTC gives no probability to a text that has more letters than the clip has frames."""
    impossible = Fit(float("-inf"), 1)
    heard = [replace(one, others=[impossible, *one.others[1:]]) for one in overheard(2.5)]
    found = another_heard(heard)
    assert found is not None and found.offset == 1 and 1.0 < found.nats < 4.0


def test_rows_a_third_of_which_are_shifted_are_no_second_voice() -> None:
    right, moved = overheard(0.0)[:16], overheard(3.0)[16:]
    assert another_heard([*right, *(replace(one, own=one.others[0]) for one in moved)]) is None


def test_next_texts_that_both_neighbours_resemble_are_no_second_voice() -> None:
    """A book read aloud: the texts before and after go with a clip as well as each other."""
    heard = overheard(2.0)
    near = [{**one.neighbours, -1: one.neighbours[1]} for one in heard]
    both = [replace(one, neighbours=mine) for one, mine in zip(heard, near, strict=True)]
    assert another_heard(both) is None


@pytest.mark.parametrize("nats", [0.0, 0.3, 0.5])
def test_neighbours_that_share_words_are_no_second_voice(nats) -> None:
    assert another_heard(overheard(nats)) is None


def test_a_few_clips_are_no_evidence_of_a_second_voice() -> None:
    assert another_heard(overheard(2.0, count=7)) is None
