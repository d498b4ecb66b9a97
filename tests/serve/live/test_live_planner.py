"""What is done next, whatever is heard: all sound is dropped as silence, or decoded and closed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.records import Word
from govor.serve.live.agreement import Agreement
from govor.serve.live.planner import (
    BufferCut,
    Close,
    Decode,
    Finish,
    LiveRules,
    Situation,
    Skip,
    Wait,
    next_cut,
    next_move,
    next_step,
)

RULES = LiveRules()


def words(text, start=0.0, each=0.5):
    return tuple(Word(one, start + each * n, start + each * n + each) for n, one in enumerate(text.split()))


@pytest.mark.parametrize(
    ("now", "move"),
    [
        (Situation(0, 0, 0, ()), Wait()),
        (Situation(0, 0, 0, (), ended=True), Finish()),
        (Situation(0, 0.7, 0, ()), Wait()),
        (Situation(0, 5, 0, ()), Skip(4.6)),
        (Situation(0, 5, 3, (), is_open=True), Close(4.6, again=False)),
        (Situation(0, 5, 0, ((3, 5),)), Skip(2.6)),
        (Situation(2.6, 3.5, 0, ((3, 3.5),)), Wait()),
        (Situation(2.6, 4.0, 0, ((3, 4),)), Decode(4.0)),
        (Situation(2.6, 4.4, 4.0, ((3, 4.4),)), Wait()),
        (Situation(2.6, 5.3, 4.0, ((3, 4.0),)), Close(4.4, again=False)),
        (Situation(2.6, 5.4, 4.0, ((3, 4.5),)), Close(4.9, again=True)),
        (Situation(2.6, 5.2, 4.0, ((3, 4.5),)), Decode(5.2)),
        (Situation(2.6, 4.6, 4.0, ((3, 4.5),), ended=True), Close(4.6, again=True)),
        (Situation(2.6, 9.0, 0, ((3, 4), (4.5, 5), (6, 9))), Close(5.4, again=True)),
        (Situation(0, 60, 0, ((0, 60),)), Decode(25.0)),
        (Situation(0, 60, 0, ((0, 50),)), Decode(25.0)),
    ],
)
def test_moves(now, move):
    found = next_move(now, 1.0, RULES)
    assert type(found) is type(move)
    for name in getattr(move, "__dataclass_fields__", ()):
        assert getattr(found, name) == pytest.approx(getattr(move, name)), name


@pytest.mark.parametrize(
    ("final", "tail", "start", "decoded", "cut"),
    [
        ("", "dobar dan", 0, 1, None),
        ("Dobar dan.", "Da", 0, 1.5, BufferCut(1.0)),
        ("Dobar dan.", "", 0, 1.5, None),  # the last word of all may only seem to end a sentence
        ("Dobar dan. Kako", "ste", 0, 2, BufferCut(1.0)),
        ("Dobar dan.", "Da", 1.2, 2.0, None),
        (" ".join("a" * 20), "b " * 11, 0, 15.5, BufferCut(10.0)),
        ("", "b " * 31, 0, 15.5, BufferCut(15.0, 30)),
        ("", "", 0, 15.5, BufferCut(15.1)),
    ],
)
def test_cuts(final, tail, start, decoded, cut):
    before = words(final)
    said = Agreement(before, words(tail, before[-1].end if before else 0.0))
    assert next_cut(said, start, decoded, RULES) == cut


@given(st.floats(0, 40), st.floats(0, 40), st.text("a.b ", max_size=40), st.integers(0, 20))
def test_a_cut_is_behind_the_beginning_and_a_long_buffer_is_always_cut(start, length, text, agreed):
    heard = words(text, start)
    heard = tuple(one for one in heard if one.end <= start + length)
    said = Agreement(heard[:agreed], heard[agreed:])
    cut = next_cut(said, start, start + length, RULES)
    assert cut is not None or length < RULES.buffer_s
    if cut is not None:
        assert start < cut.start_s <= start + length
        assert cut.forced <= len(said.tail)


def test_steps_grow_with_what_decoding_takes_and_shrink_again():
    step = next_step(1.0, 3.0, RULES)
    assert step == 3.0
    assert next_step(step, 100.0, RULES) == RULES.longest_step_s
    for _ in range(20):
        step = next_step(step, 0.1, RULES)
    assert step == RULES.step_s


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0.1, 6), st.floats(0.05, 40)), max_size=5),
    st.floats(0.1, 40),
    st.floats(1, 10),
)
def test_all_speech_is_decoded_and_closed_once_and_no_buffer_outgrows_the_window(stretches, block, step):
    """`stretches`: seconds of silence, then of speech. Sound comes in blocks of any length."""
    spoken, time = [], 0.0
    for silence, length in stretches:
        spoken.append((time + silence, time + silence + length))
        time += silence + length
    start = decoded = end = 0.0
    heard, dropped, moves, is_open = [], [], 0, False
    while True:
        inside = tuple((max(a, start), min(b, end)) for a, b in spoken if min(b, end) - max(a, start) > 1e-6)
        now = Situation(start, end, decoded, inside, end >= time, is_open)
        move = next_move(now, step, RULES)
        moves += 1
        assert moves < 4_000
        if isinstance(move, Wait):
            assert end < time, "at the end there is always something to do"
            end = min(time, end + block)
        elif isinstance(move, Skip):
            dropped.append((start, move.to_s))
            assert move.to_s > start
            start = move.to_s
        elif isinstance(move, Decode):
            assert decoded < move.until_s <= end
            assert move.until_s - start <= RULES.buffer_s + RULES.longest_step_s + 1e-6
            heard.append((start, move.until_s))
            decoded, is_open = move.until_s, True
            cut = next_cut(Agreement(), start, decoded, RULES)
            start = cut.start_s if cut else start
        elif isinstance(move, Close):
            assert start <= move.until_s <= end
            assert move.until_s - start <= RULES.buffer_s + RULES.longest_step_s + 1e-6
            if move.again:
                heard.append((start, move.until_s))
                decoded = move.until_s
            start, is_open = move.until_s, False
        else:
            break
    for a, b in spoken:
        middle = (a + b) / 2
        assert any(x <= middle <= y for x, y in heard), (a, b)
        assert not any(x < middle < y for x, y in dropped), (a, b)
