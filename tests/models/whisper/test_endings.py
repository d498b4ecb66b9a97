"""When a search without an end is over: each window at its own limit, and where all of its beams loop."""

import pytest

torch = pytest.importorskip("torch")
from govor.models.whisper.endings import LOOK_EVERY, endings_for  # noqa: E402

END, PROMPT = 1000, (1001, 1002)
LOOPS = [7, 8] * 100
TIMED_LOOP = [1500, 7, 8, 1501] * 50
SAYS = list(range(200))


def over(endings, *windows):
    """After how many tokens each window is over; a window is the texts of its beams."""
    found = {}
    for written in range(1, 100):
        texts = [[*PROMPT, *beam[:written]] for beams in windows for beam in beams]
        told = endings(torch.tensor(texts), None)
        each = len(texts) // len(windows)
        for window, state in enumerate(told.view(len(windows), each).tolist()):
            assert len(set(state)) == 1  # all that goes on of a window, or none of it
            if state[0]:
                found.setdefault(window, written)
    return [found.get(window) for window in range(len(windows))]


@pytest.mark.parametrize("loops", [True, False])
def test_every_window_stops_at_its_own_limit(loops):
    endings = endings_for([20, 50, 30], END, len(PROMPT), loops=loops)
    assert over(endings, [SAYS], [SAYS], [SAYS]) == [20, 50, 30]
    assert endings.limits == [20, 50, 30]


def test_a_window_is_over_where_all_of_its_beams_loop():
    endings = endings_for([90] * 4, END, len(PROMPT), loops=True)
    begins = [*SAYS[:10], *LOOPS]
    windows = [LOOPS, begins], [LOOPS, SAYS], [SAYS, SAYS], [TIMED_LOOP, TIMED_LOOP]
    assert over(endings, *windows) == [48, 90, 90, 48]
    assert endings.limits == [48, 90, 90, 48]
    assert 48 % LOOK_EVERY == 0


def test_a_text_that_ended_without_a_loop_keeps_its_window_open():
    ended = [*SAYS[:30], *[END] * 100]
    endings = endings_for([90], END, len(PROMPT), loops=True)
    assert over(endings, [LOOPS, ended]) == [90]


def test_loops_are_left_where_the_text_is_to_be_the_models_own():
    assert over(endings_for([90], END, len(PROMPT), loops=False), [LOOPS, LOOPS]) == [90]
