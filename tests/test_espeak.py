"""Speech from the wheel: real sound, words with times."""

import numpy as np
import pytest

from govor.espeak import synthesise


def test_words_have_rising_times_inside_the_sound():
    speech = synthesise("dobar dan svima", "hr+f2", 150)
    assert speech.sample_rate == 22_050
    starts = [word.start for word in speech.words]
    assert len(starts) == 3 and starts == sorted(starts)
    assert starts[-1] < len(speech.samples) / speech.sample_rate
    assert np.abs(speech.samples).max() > 0.05
    first = speech.words[0]
    assert (first.character, first.length) == (0, 5)


def test_an_unknown_voice_is_an_error():
    with pytest.raises(ValueError, match="no voice"):
        synthesise("dan", "nowhere")
