"""Pauses of a recording, its cuts, and words in the frames of a CTC model."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from govor.align import refining
from govor.align.placing import Piece
from govor.align.refining import FixedPiece, at_pauses, placed_in_frames, placed_in_sound
from govor.align.sound import SpeechTimes, cuts, cuts_of_file, speech_of
from govor.models.ctc.alignment import place_parts, place_words
from govor.models.ctc.vocabulary import Vocabulary
from govor.records import PlacedWord
from govor.transcribe.damage import readable_blocks
from govor.transcribe.kept_frames import KeptFrames

RATE = 1_000


def noise(seconds, loud, seed=0):
    generator = np.random.default_rng(seed)
    swell = 1 + 0.9 * np.sin(np.arange(round(seconds * 16_000)) / 900)
    return (generator.normal(0, loud, round(seconds * 16_000)) * swell).astype(np.float32)


def test_speech_begins_and_ends_where_it_is_loud():
    parts = [noise(1.0, 1e-4), noise(2.0, 0.1, 1), noise(1.0, 1e-4, 2), noise(1.5, 0.1, 3), noise(0.5, 1e-4)]
    whole = np.concatenate(parts)
    speech = speech_of(np.array_split(whole, 13), 16_000)
    assert speech.starts == pytest.approx([1.0, 4.0], abs=0.06)
    assert speech.ends == pytest.approx([3.0, 5.5], abs=0.06)
    assert speech.duration == pytest.approx(6.0)
    assert speech.moved_start(1.15, 0.2) == pytest.approx(0.95, abs=0.06)
    assert speech.moved_start(2.0, 0.2) == 2.0
    assert speech.moved_end(2.9, 0.2) == pytest.approx(3.05, abs=0.06)


SPOKEN = SpeechTimes(np.array([1.0, 3.0, 6.0]), np.array([2.0, 5.0, 6.1]), 8.0)


@pytest.mark.parametrize(
    ("span", "right"),
    [
        ((1.95, 3.8), (2.95, 3.8)),  # begins in its neighbour's last sound, before the pause
        ((1.9, 3.2), (1.9, 3.2)),  # 0.1 s before the pause, 0.2 s behind it: either may be right
        ((1.7, 3.8), (1.7, 3.8)),  # 0.3 s are no scrap
        ((4.0, 6.05), (4.0, 5.05)),  # ends in what is said after the pause
        ((1.9, 6.1), (2.95, 5.05)),
        ((1.2, 1.9), (1.2, 1.9)),
        ((1.95, 2.0), (1.95, 2.0)),
        ((7.0, 7.5), (7.0, 7.5)),
    ],
)
def test_a_span_has_no_scrap_of_speech_on_the_other_side_of_a_pause(span, right):
    assert SPOKEN.without_scraps(*span) == pytest.approx(right)


def test_a_word_that_begins_just_before_a_pause_is_spoken_behind_it():
    one = Piece(0, (0, 1), 0, 1.2, 3.9, (0, 1), 9, 1.0, 0.0, ((1.2, 1.95), (1.95, 3.9)))
    [fixed] = at_pauses([FixedPiece(one)], SPOKEN, 0.2)
    assert fixed.piece.times[1] == pytest.approx((2.95, 3.9))
    alone = Piece(0, (1,), 0, 1.95, 3.9, (0, 1), 5, 1.0, 0.0, ((1.95, 3.9),))
    [fixed] = at_pauses([FixedPiece(alone)], SPOKEN, 0.04)
    assert fixed.piece.start == pytest.approx(2.95)


@given(
    st.lists(st.integers(0, 40), max_size=30),
    st.lists(st.tuples(st.integers(-5, 300), st.integers(0, 60)), max_size=8),
)
def test_cuts_are_the_samples_of_their_spans(sizes, spans):
    whole = np.arange(sum(sizes), dtype=np.float32)
    blocks = np.split(whole, np.cumsum(sizes)[:-1]) if sizes else []
    wanted = sorted((start / RATE, (start + length) / RATE) for start, length in spans)
    for number, wave in cuts(iter(blocks), wanted, RATE):
        start, end = wanted[number]
        assert wave.tolist() == whole[max(round(start * RATE), 0) : max(round(end * RATE), 0)].tolist()


VOCABULARY = Vocabulary(("<pad>", "|", "a", "b", "c"), 0, 1, None, False, None)


def frames(text):
    """Sure log-probabilities of a string of tokens, one a frame; ``-`` is the blank."""
    index = {"-": 0, "|": 1, "a": 2, "b": 3, "c": 4}
    table = np.full((len(text), 5), np.log(0.01), np.float32)
    table[np.arange(len(text)), [index[c] for c in text]] = np.log(0.96)
    return table


def test_words_are_where_their_letters_are():
    found = place_words(frames("--ab-|--cc-a--"), ["ab", "ca"], VOCABULARY, 0.1)
    assert [(round(w.start, 1), round(w.end, 1)) for w in found] == [(0.2, 0.4), (0.8, 1.2)]
    assert found[0].log_probability > -0.1


def test_other_talk_before_between_and_behind_is_passed_over():
    found = place_words(frames("bccb|-ab-|ccbbc|ca-|bbb"), ["ab", "ca"], VOCABULARY, 1.0)
    assert [(w.start, w.end) for w in found] == [(6.0, 8.0), (16.0, 18.0)]


def test_a_word_without_letters_and_words_that_do_not_fit():
    assert place_words(frames("-a-"), ["?", "a"], VOCABULARY, 1.0)[0] is None
    assert place_words(frames("-a"), ["abc", "abc"], VOCABULARY, 1.0) == [None, None]
    assert place_words(frames(""), ["a"], VOCABULARY, 1.0) == [None]


def test_parts_that_are_looked_at_together_are_found_as_each_alone():
    parts = [
        (frames("--ab-|--cc-a--"), ["ab", "ca"]),
        (frames("-a"), ["abc", "abc"]),
        (frames("bccb|-ab-|ccbbc|ca-|bbb"), ["ab", "?", "ca"]),
        (frames(""), ["a"]),
        (frames("-a-a-aab"), ["aa", "ab"]),
        (frames("a"), ["a"]),
    ]
    together = place_parts(parts, VOCABULARY, 0.1)
    assert together == [place_words(*part, VOCABULARY, 0.1) for part in parts]
    assert [len(part) for part in together] == [2, 2, 3, 1, 2, 1]
    assert together[1] == [None, None]


def test_a_word_that_is_not_there_is_unlikely():
    found = place_words(frames("--b-b-b--"), ["ca"], VOCABULARY, 1.0)
    assert found[0].log_probability < -2


def test_a_letter_scores_what_all_that_may_be_written_for_it_scores():
    often, seldom = {"b": 0.8, "c": 0.15, "": 0.05}, {"a": 1.0}
    sound = frames("--b-a-|-c-a--")
    first, second = place_words(sound, [[often, seldom], [often, seldom]], VOCABULARY, 1.0)
    assert [(w.start, w.end) for w in (first, second)] == [(2.0, 5.0), (8.0, 11.0)]
    of_b, of_c = (np.log(0.96 * share + 0.01 * rest) for share, rest in ((0.8, 0.2), (0.15, 0.85)))
    of_a = np.log(0.96)
    assert first.log_probability == pytest.approx((of_b + of_a) / 2, abs=1e-3)
    assert second.log_probability == pytest.approx((of_c + of_a) / 2, abs=1e-3)
    hard = place_words(sound, ["ba", "ba"], VOCABULARY, 1.0)
    assert hard[0].log_probability > first.log_probability
    assert second.log_probability > hard[1].log_probability


def test_letters_that_are_often_not_written_cost_little_where_they_are_not():
    [found] = place_words(frames("--a-b--"), [[{"a": 1.0}, {"c": 0.5, "": 0.5}, {"b": 1.0}]], VOCABULARY, 1.0)
    assert (found.start, found.end) == (2.0, 5.0)
    assert found.log_probability == pytest.approx((2 * np.log(0.96) + np.log(0.485)) / 3, abs=1e-3)
    assert place_words(frames("-a-"), [[{"x": 1.0}], [{"": 1.0}]], VOCABULARY, 1.0) == [None, None]


def test_one_letter_for_each_is_the_letter():
    plain = place_words(frames("--ab-|--cc-a--"), ["ab", "ca"], VOCABULARY, 0.1)
    each = [[{letter: 1.0} for letter in word] for word in ("ab", "ca")]
    assert place_words(frames("--ab-|--cc-a--"), each, VOCABULARY, 0.1) == plain


def piece(start, end, words=1):
    times = tuple(
        (start + n * (end - start) / words, start + (n + 1) * (end - start) / words) for n in range(words)
    )
    return Piece(0, tuple(range(words)), 0, start, end, (0, 1), 5, 1.0, 0.0, times)


def test_neighbours_never_overlap():
    speech = SpeechTimes(np.array([0.9, 2.1]), np.array([2.0, 4.0]), 5.0)
    fixed = at_pauses([FixedPiece(piece(1.0, 2.2)), FixedPiece(piece(2.0, 3.9, 2))], speech, 0.2)
    first, second = (one.piece for one in fixed)
    assert first.start == pytest.approx(0.85)
    assert first.end <= second.start
    assert second.end == pytest.approx(4.05)
    assert all(second.start <= a <= b <= second.end for a, b in second.times)


def test_pieces_move_to_where_a_model_hears_them(tmp_path):
    import soundfile

    from govor.records import PlacedWord

    class Model:
        def place(self, wave, words):
            return [PlacedWord(0.7, 0.9, -0.1) if word == "x" else None for word in words]

    soundfile.write(tmp_path / "a.wav", np.zeros(16_000 * 4, np.float32), 16_000)
    given = piece(2.0, 2.6, 2)
    fixed = placed_in_sound([given], tmp_path / "a.wav", Model(), 16_000, lambda word: "xy"[word])
    assert fixed[0].piece.start == pytest.approx(2.0 - 0.6 + 0.7)
    assert fixed[0].piece.end == pytest.approx(2.0 - 0.6 + 0.9)
    assert fixed[0].log_probability == pytest.approx(-0.1)


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_spans_far_apart_are_cut_from_a_file_as_in_one_pass(tmp_path, suffix):
    wave = np.random.default_rng(0).normal(0, 0.1, 16_000 * 200).astype(np.float32)
    soundfile.write(tmp_path / f"a.{suffix}", wave, 16_000)
    spans = [(-0.3, 0.5), (1.25, 2.0), (90.125, 91.0), (90.5, 92.0), (195.1, 230.0)]
    [*found] = cuts_of_file(tmp_path / f"a.{suffix}", spans, 16_000)
    [*wanted] = cuts(readable_blocks(tmp_path / f"a.{suffix}", 16_000), spans, 16_000)
    assert [number for number, _ in found] == [0, 1, 2, 3, 4]
    for (_, one), (_, other) in zip(found, wanted, strict=True):
        assert one == pytest.approx(other, abs=1e-6)  # MP3: the last bit, behind a jump


def test_pieces_are_placed_batch_by_batch_as_at_once(monkeypatch):
    held = []

    class Model:
        frame_s = 0.1

        def place_in(self, parts, strange):
            held.append(sum(len(frames) for frames, _ in parts))
            return [[PlacedWord(0.0, 0.1, float(frames[0, 0])) for _ in words] for frames, words in parts]

    windows = [KeptFrames(n * 10.0, n * 10.0 + 10, np.full((100, 3), n, np.float16)) for n in range(40)]
    pieces = [piece(n * 10.0 + 2, n * 10.0 + 4) for n in range(40)]
    made, rest = placed_in_frames(pieces, windows, Model(), lambda word: "x")
    assert [one.log_probability for one in made] == list(range(40))
    assert (len(held), rest) == (1, [])
    monkeypatch.setattr(refining, "MOST_TOGETHER_S", 10.0)
    assert placed_in_frames(pieces, windows, Model(), lambda word: "x") == (made, rest)
    assert max(held[1:]) <= 3 * 34  # of 3.2 s each, at whole frames


def test_pieces_are_placed_in_frames_that_are_kept():
    from govor.records import PlacedWord

    class Model:
        frame_s = 0.1

        def place_in(self, parts, strange):
            for frames, _ in parts:
                assert 18 <= len(frames) <= 20  # the piece with 0.6 s on both sides, at whole frames
            return [[PlacedWord(0.7, 0.9, -0.1) for _ in words] for _, words in parts]

    window = KeptFrames(1.0, 5.0, np.zeros((40, 3), np.float16))
    inside, outside = piece(2.0, 2.6), piece(4.8, 5.4)
    made, rest = placed_in_frames([inside, outside], [window], Model(), lambda word: "x")
    assert rest == [outside]  # no window holds all of it: it has to be heard
    assert made[0].piece.start == pytest.approx(2.0 - 0.6 + 0.7, abs=0.11)
    assert placed_in_frames([inside], [], Model(), str) == ([], [inside])


def test_a_ctc_model_places_words(tiny_ctc):
    from govor.models import open_model
    from govor.models.base import Placing

    model = open_model(tiny_ctc, device="cpu")
    assert isinstance(model, Placing)
    wave = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    found = model.place(wave, ["dobar", "dan"])
    assert 0 <= found[0].start < found[0].end <= found[1].start < found[1].end <= 2.1
