"""One speaker and a recogniser that knows what was said: nothing is lost, nothing said twice."""

from contextlib import nullcontext

import numpy as np
import pytest

from govor.models.base import DecodeOptions
from govor.records import Hypothesis, Word
from govor.serve.live.planner import LiveRules
from govor.serve.live.session import Ear, LiveSession

RATE = 16_000
WORD_S = 0.4


class Script:
    """Hears the words of a script that are whole in the sound; a mark in the sound says which.

    A word is `WORD_S` of noise that varies as speech does; one sample in 160 says which word it is. A word
    that is cut is heard wrong.
    """

    def __init__(self, language="hr"):
        self.heard, self.language, self.asked = [], language, []

    def recognise(self, sounds, options):
        (sound,) = sounds
        self.heard.append(len(sound.wave) / RATE)
        self.asked.append((sound.language, options))
        words, at = [], 0
        codes = np.round(np.abs(sound.wave[:: RATE // 100]) * 1000).astype(int).tolist()
        while at < len(codes):
            end = at
            while end < len(codes) and codes[end] == codes[at]:
                end += 1
            if codes[at]:
                whole = end - at >= WORD_S * 100 - 3
                words.append(Word(text_of(codes[at]) if whole else "mmm", at / 100, end / 100))
            at = end
        return [Hypothesis(" ".join(w.text for w in words), tuple(words), None, self.language)]


def text_of(code):
    return f"w{code}" + "." * (code % 7 == 0)


def spoken(plan, first=100):
    """Sound of `plan`: numbers of words, and seconds of silence (floats); and its text."""
    pieces, code, text, random = [], first, [], np.random.default_rng(5)
    for part in plan:
        if isinstance(part, float):
            pieces.append(random.normal(0, 1e-4, round(part * RATE)).astype(np.float32))
            continue
        for _ in range(part):
            levels = np.repeat(random.uniform(0.01, 0.9, round(WORD_S * 50)), RATE // 50)
            wave = (levels * random.uniform(-1, 1, len(levels))).astype(np.float32)
            wave[:: RATE // 100] = code / 1000
            pieces.append(wave)
            text.append(text_of(code))
            code += 1
    return np.concatenate(pieces), " ".join(text)


def session(script, rules=None, longest_s=30.0, takes_prompt=False, language=None, now=None):
    asked = []

    def options(before):
        asked.append(before)
        return DecodeOptions(words=True)

    ear = Ear(lambda: nullcontext(script), options, RATE, longest_s, takes_prompt)
    return LiveSession(ear, language, rules, now or (lambda: 0.0)), asked


def played(one, sound, block_s=0.1):
    """All events; sound comes in blocks, and every block is looked at."""
    told, block = [], round(block_s * RATE)
    for at in range(0, len(sound), block):
        one.feed(sound[at : at + block])
        while (events := one.step()) is not None:
            told += events
    one.end()
    while not one.is_done:
        told += one.step()
    return told


def finals(told):
    return "".join(event["text"] for event in told if event["type"] == "final")


PLANS = {
    "one utterance": [0.5, 10, 1.5],
    "pauses": [0.5, 10, 0.5, 10, 1.2, 20, 2.0, 1, 1.0],
    "long": [0.2, 150, 1.0],
    "no end": [0.3, 12],
    "late": [40.0, 5, 1.0],
}


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("block_s", [0.05, 0.7, 8.0])
def test_all_that_is_said_is_told_once(plan, block_s):
    script = Script()
    one, _ = session(script)
    sound, text = spoken(PLANS[plan])
    told = played(one, sound, block_s)
    assert finals(told) == text == one.text == told[-1]["text"]
    assert max(script.heard) <= 30.0
    assert told[-1] == {
        "type": "done", "text": text, "duration": pytest.approx(len(sound) / RATE, abs=0.01), "reason": "end",
    }  # fmt: skip


def test_partial_text_stands_behind_the_final_one_and_utterances_are_closed():
    one, _ = session(Script())
    sound, _ = spoken([0.3, 8, 1.0, 4, 1.0])
    told = played(one, sound)
    shown = [event for event in told if event["type"] in ("partial", "final")]
    assert shown[0]["type"] == "partial" and shown[0]["text"]
    assert [event["closed"] for event in told if event["type"] == "final"].count(True) == 2
    last = [event for event in told if event["type"] == "partial"][-1]
    assert last["text"] == "", "nothing stays that is not final"
    times = [word for event in told if event["type"] == "final" for word in event["words"]]
    assert times[0]["word"] == "w100" and times[0]["start"] == pytest.approx(0.3, abs=0.03)
    assert times[8]["start"] == pytest.approx(0.3 + 8 * WORD_S + 1.0, abs=0.03)


def test_words_become_final_while_somebody_speaks():
    one, _ = session(Script())
    sound, _ = spoken([0.2, 20])
    one.feed(sound[: 4 * RATE])
    told = one.step()
    assert [event["type"] for event in told] == ["partial"], "one decoding alone makes nothing final"
    assert one.step() is None
    one.feed(sound[4 * RATE : 5 * RATE + 800])
    told = one.step()
    assert told[0]["type"] == "final" and told[0]["text"].startswith("w100 w101")
    assert not told[0]["closed"]


def test_nothing_is_decoded_of_silence():
    script = Script()
    one, _ = session(script)
    told = played(one, np.zeros(60 * RATE, np.float32))
    assert script.heard == [] and [event["type"] for event in told] == ["done"] and one.text == ""


def test_a_slow_recogniser_is_asked_less_often_and_that_is_told():
    clock = [0.0]

    class Slow(Script):
        def recognise(self, sounds, options):
            clock[0] += self.took_s
            return super().recognise(sounds, options)

    script = Slow()
    script.took_s = 4.0
    one, _ = session(script, now=lambda: clock[0])
    sound, text = spoken([0.2, 40, 1.0, 10, 1.0, 10, 1.0, 10, 1.0, 10, 1.0, 10, 1.0, 10, 1.0, 10, 1.0])
    half = len(sound) // 3
    told = []
    for at in range(0, len(sound), RATE // 2):
        script.took_s = 4.0 if at < half else 0.1
        one.feed(sound[at : at + RATE // 2])
        while (events := one.step()) is not None:
            told += events
    one.end()
    while not one.is_done:
        told += one.step()
    paces = [event["step_s"] for event in told if event["type"] == "pace"]
    assert paces[0] == 4.0 and paces[-1] == LiveRules().step_s
    assert finals(told) == text
    assert len(script.heard) < 60


def test_the_first_seconds_of_speech_settle_the_language():
    script = Script("sv")
    one, _ = session(script)
    played(one, spoken([0.2, 100, 1.0])[0])
    asked = [language for language, _ in script.asked]
    assert asked[0] is None and asked[-1] == "sv" and asked == sorted(asked, key=bool)
    given = Script("sv")
    one, _ = session(given, language="hr")
    played(one, spoken([0.2, 20, 1.0])[0])
    assert {language for language, _ in given.asked} == {"hr"}


def test_the_final_text_before_is_told_to_models_that_take_it():
    one, asked = session(Script(), takes_prompt=True)
    _, text = spoken([0.2, 30, 1.0])
    played(one, spoken([0.2, 30, 1.0])[0])
    assert asked[0] is None and text.startswith(asked[-1]) and len(asked[-1]) > 20
    one, asked = session(Script())
    played(one, spoken([0.2, 30, 1.0])[0])
    assert set(asked) == {None}


def test_what_comes_behind_the_end_is_left_out():
    one, _ = session(Script())
    sound, text = spoken([0.2, 5, 1.0])
    one.feed(sound)
    one.end("too_long")
    one.feed(spoken([5])[0])
    one.end()
    told = []
    while not one.is_done:
        told += one.step()
    assert finals(told) == text and told[-1]["reason"] == "too_long"
