"""Thinned windows: which positions stand, what they count for, and that the model hears what it heard."""

from dataclasses import replace

import numpy as np
import pytest

from govor.features import Example
from govor.models.base import THINNED_S, EncoderWindows
from govor.models.whisper.windows import AFTER_AUDIO, REST, thinned, thinned_length
from tiny_families import make_whisper

torch = pytest.importorskip("torch")

WINDOW = 1500


@pytest.mark.parametrize("heard", [50, 117, 400, 1000, 1195])
def test_every_position_of_the_window_is_counted_once(heard):
    length = thinned_length(heard, WINDOW)
    assert length == heard + AFTER_AUDIO + REST
    found = thinned(heard, length, WINDOW, draw=3)
    assert len(found.positions) == len(found.counts) == length
    assert found.counts.sum() == WINDOW and (np.diff(found.positions) > 0).all()
    own = heard + AFTER_AUDIO
    assert (found.positions[:own] == np.arange(own)).all() and (found.counts[:own] == 1).all()
    assert (found.positions[-1], found.counts[-1]) == (WINDOW - 1, 1)


def test_each_position_lies_in_the_stretch_that_it_stands_for():
    found = thinned(200, 350, WINDOW, draw=5)
    ends = np.cumsum(found.counts)
    assert (found.positions >= ends - found.counts).all() and (found.positions < ends).all()


def test_where_thinning_saves_little_the_window_is_full():
    assert (
        thinned_length(1199, WINDOW) < WINDOW == thinned_length(1200, WINDOW) == thinned_length(1500, WINDOW)
    )


def test_a_short_clip_beside_a_long_one_keeps_more_of_the_rest():
    found = thinned(100, 600, WINDOW, draw=0)
    assert found.counts.sum() == WINDOW and found.counts.max() <= 4


def test_the_choice_hangs_on_the_draw_alone():
    one, same, other = (thinned(100, 250, WINDOW, draw).positions for draw in (7, 7, 8))
    assert (one == same).all() and (one != other).any()


@pytest.fixture
def family(tiny_whisper_files):
    made = make_whisper(tiny_whisper_files)
    made.model.eval()
    return made


def clip(family, seconds: float, text: str, draw: int = 0) -> Example:
    wave = np.random.default_rng(draw).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)
    features = family.features(wave)
    labels = tuple(family.encode_text(text, "hr", seconds))
    return Example(text, features, labels, seconds, padding=family.extractor.padding(features), draw=draw)


def batch_of(family, windows: str, *clips: Example):
    return family.collate(clips, EncoderWindows(windows))


def loss_of(family, batch) -> float:
    with torch.no_grad():
        return float(family.loss(batch)[0])


def test_they_are_full_ones_where_the_silence_is_alike(family):
    """With one row for all silent positions, sampling them loses nothing: the loss is that of 30 s."""
    table = family.model.get_encoder().embed_positions.weight
    with torch.no_grad():
        table[150:] = table[150]
    clips = clip(family, 2.0, "ab", 1), clip(family, 1.0, "ab c", 2)
    full, thin, short = (batch_of(family, windows, *clips) for windows in ("full", "thinned", "short"))
    assert thin.inputs["input_features"].shape[-1] == 2 * (101 + AFTER_AUDIO + REST)
    expected = loss_of(family, full)
    assert loss_of(family, thin) == pytest.approx(expected, rel=1e-5)
    assert loss_of(family, short) != pytest.approx(expected, rel=1e-4)
    assert loss_of(family, full) == expected  # nothing of the thinned pass is left behind


def test_a_clip_has_its_own_positions_whatever_stands_beside_it(family):
    one, other = clip(family, 2.0, "ab", 1), clip(family, 2.0, "ab c", 2)
    first = batch_of(family, "thinned", one, other).inputs["positions"]
    second = batch_of(family, "thinned", other, one).inputs["positions"]
    assert torch.equal(first, second.flip(0)) and not torch.equal(first[0], first[1])
    again = batch_of(family, "thinned", replace(one, draw=9), other).inputs["positions"]
    assert torch.equal(again[1], first[1]) and not torch.equal(again[0], first[0])


def test_a_batch_in_pieces_has_the_same_loss(family):
    from govor.train.memory import in_pieces

    batch = batch_of(family, "thinned", clip(family, 2.0, "ab", 1), clip(family, 1.5, "abc", 2))
    pieces = sum(loss_of(family, piece) for piece in in_pieces(batch, 2))
    assert pieces == pytest.approx(loss_of(family, batch), rel=1e-5)


def test_long_clips_get_the_full_window(family):
    batch = batch_of(family, "thinned", clip(family, 25.0, "ab"))
    assert batch.inputs["input_features"].shape[-1] == 3000 and "positions" not in batch.inputs


def test_plans_count_the_silence_that_thinned_windows_have() -> None:
    assert (AFTER_AUDIO + REST) * 20 == 1000 * THINNED_S
