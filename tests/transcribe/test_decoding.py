"""A recogniser that writes times: tried where nothing says so; languages by stretch; nothing ignored."""

import json
from dataclasses import replace

import numpy as np
import pytest
from known_speech import RATE, noise_words

from govor.config import TranscribeConfig
from govor.errors import InputError, UsageError
from govor.models.base import DecodeOptions, Timing
from govor.records import Hypothesis, Measures, Span, Word
from govor.text import Normaliser
from govor.transcribe import Transcriber
from govor.transcribe.decoding import Decoding
from govor.transcribe.window import Window

MEASURES = Measures(-0.25, 1.3, 0.02)


class Timed:
    """Writes one stretch over each window, in the language that its place in the recording has."""

    name, sample_rate, normaliser, max_window_s = "timed", RATE, Normaliser(), 30.0

    def __init__(self, writes_times=True, can=True, languages=()):
        self.writes_times, self.can, self.languages = writes_times, can, list(languages)
        self.asked = []

    def recognise(self, sounds, options):
        self.asked += [(sound.language, options) for sound in sounds]
        return [self.hear(sound, options) for sound in sounds]

    def hear(self, sound, options):
        seconds = len(sound.wave) / RATE
        code = sound.language or (self.languages.pop(0) if self.languages else "en")
        text = f"{code} " + "word " * round(3 * seconds)
        closed = bool(options.timestamps) and self.can
        spans = (Span(text.strip(), 0.0, seconds, (), closed, MEASURES),) if options.timestamps else ()
        shares = () if sound.language else ((code, 0.97), ("xx", 0.01))
        return Hypothesis(text.strip(), (), 0.8, code, (), spans, MEASURES, shares)

    def describe(self):
        return {}


@pytest.fixture(autouse=True)
def noise_stands_for_speech(monkeypatch):
    """A neural detector would not take it for that."""
    monkeypatch.setattr("govor.transcribe.transcriber.open_voice", lambda rate: None)


def recording(*parts_s, pause_s=3.0):
    times, at = [], 1.0
    for seconds in parts_s:
        times += [(at + k, at + k + 0.9) for k in range(seconds)]
        at += seconds + pause_s
    return noise_words(times, at)


def test_the_fake_is_what_it_stands_for():
    assert isinstance(Timed(), Timing)


@pytest.mark.parametrize(
    ("writes_times", "can", "asked"),
    [(True, True, [True]), (False, True, [False]), (None, True, [True]), (None, False, [True, False])],
)
def test_whether_a_model_has_times_is_read_else_tried(writes_times, can, asked, capsys):
    model = Timed(writes_times, can)
    transcript = Transcriber(model, TranscribeConfig(language="en")).transcribe([recording(10)])
    assert [options.timestamps for _, options in model.asked] == asked
    assert all(options.retries for _, options in model.asked)
    assert ("writes no begin and end" in capsys.readouterr().err) == (len(asked) == 2)
    assert transcript.text.startswith("en word")


def test_a_model_is_told_where_pauses_were_left_out_and_not_asked_for_words():
    heard = []

    class Told(Timed):
        def hear(self, sound, options):
            heard.append((sound.joints, options.words))
            return super().hear(sound, options)

    samples = np.zeros(10 * RATE, np.float32)
    window = Window(100.0, samples, RATE, (100.0, 116.0), gaps=((102.0, 106.0), (110.0, 112.0)))
    list(Decoding(Told(), DecodeOptions(), "en", 60.0, eager=False).decode([window]))
    assert heard == [((2.0, 6.0), False)]


def test_freed_memory_is_handed_back_now_and_then(monkeypatch):
    """Windows of 10 s: after 30, 60 and 90 s."""
    called = []
    monkeypatch.setattr("govor.transcribe.transcriber.trim", lambda: called.append(None))
    monkeypatch.setattr("govor.transcribe.transcriber.TRIM_EVERY_S", 25.0)
    Transcriber(Timed(), TranscribeConfig(language="en", chunk=10.0)).transcribe([recording(100)])
    assert len(called) == 3


class HardlyHeard(Timed):
    """One that makes nothing sure of the first window, and closes no time there."""

    def __init__(self, **first):
        super().__init__(writes_times=None)
        self.first = first

    def hear(self, sound, options):
        said = super().hear(sound, options)
        if len(self.asked) > 1:
            return said
        return replace(said, spans=(replace(said.spans[0], closed=False),), **self.first)


@pytest.mark.parametrize(
    "first",
    [{"broken": True}, {"measures": Measures(-1.3, 1.3, 0.02)}, {"measures": Measures(-0.2, 3.6, 0.02)}],
)
def test_a_text_that_is_not_sure_does_not_tell_whether_a_model_has_times(first, capsys):
    model = HardlyHeard(**first)
    Transcriber(model, TranscribeConfig(language="en")).transcribe([recording(20, 20)])
    assert len(model.asked) > 1 and all(options.timestamps for _, options in model.asked)
    assert "writes no begin and end" not in capsys.readouterr().err


def test_long_recordings_are_heard_in_windows_that_fit_and_one_window_as_evaluation_hears_it():
    for parts_s, pause_s, windows in (((20, 15), 3.0, "fitted"), ((10,), 0.5, "full")):
        model = Timed()
        Transcriber(model, TranscribeConfig(language="en")).transcribe([recording(*parts_s, pause_s=pause_s)])
        assert {options.windows for _, options in model.asked} == {windows}


def test_what_is_asked_for_is_not_tried():
    model = Timed(None, can=False)
    Transcriber(model, TranscribeConfig(language="en", timestamps=True)).transcribe([recording(10)])
    assert {options.timestamps for _, options in model.asked} == {True}


def test_every_stretch_is_decoded_in_its_own_language():
    model = Timed(languages=["en", "de"])
    transcript = Transcriber(model).transcribe([recording(20, 15)])
    assert [segment.language for segment in transcript.segments] == ["en", "de"]
    plain = json.loads(json.dumps(transcript.as_dict()))
    assert [one["language"] for one in plain["languages"]] == ["en", "de"]
    assert plain["languages"][1]["start"] > 20 and plain["language"] == "en"
    assert plain["segments"][0]["avg_logprob"] == -0.25 and plain["segments"][0]["temperature"] == 0.0


def test_a_tag_that_the_model_has_another_code_for_costs_nothing_and_is_kept():
    class Coded(Timed):
        def hear(self, sound, options):
            return replace(super().hear(sound, options), language="no")

    model = Coded()
    transcript = Transcriber(model, TranscribeConfig(language="nb-NO")).transcribe([recording(20, 15)])
    assert [language for language, _ in model.asked] == ["nb-NO", "nb-NO"]
    assert {segment.language for segment in transcript.segments} == {"nb-NO"} == {transcript.language}


def test_an_odd_window_is_decoded_again_in_the_language_around_it():
    model = Timed(languages=["en", "cy", "en"])
    transcript = Transcriber(model).transcribe([recording(20, 5, 20)])
    assert [segment.language for segment in transcript.segments] == ["en"] * 3
    assert [language for language, _ in model.asked] == [None, None, None, "en"]


def test_one_language_for_all_is_said_where_windows_disagree(capsys):
    model = Timed(languages=["en", "de"])
    transcript = Transcriber(model, TranscribeConfig(language="one")).transcribe([recording(20, 15)])
    assert [segment.language for segment in transcript.segments] == ["en", "en"]
    assert "sounds like de" in capsys.readouterr().err


def test_the_text_is_the_same_however_windows_are_batched():
    samples = recording(20, 5, 20, 15)
    found = [
        Transcriber(Timed(languages=["en", "de", "en", "de"]), TranscribeConfig(batch_s=batch_s)).transcribe(
            [samples]
        )
        for batch_s in (1.0, 60.0, 1e4)
    ]
    assert found[0].segments == found[1].segments == found[2].segments


def test_what_a_model_would_ignore_is_refused(tmp_path):
    samples = [np.zeros(RATE, np.float32)]
    with pytest.raises(UsageError, match="--lm"):
        Transcriber(Timed(), TranscribeConfig(lm="words.arpa")).transcribe(samples)

    class Plain:
        name, sample_rate, normaliser, max_window_s = "plain", RATE, Normaliser(), None

    with pytest.raises(UsageError, match="--prompt"):
        Transcriber(Plain(), TranscribeConfig(prompt="before")).transcribe(samples)
    with pytest.raises(InputError, match="--hotwords"):
        Transcriber(Timed(), TranscribeConfig(hotwords=str(tmp_path / "none.txt"))).transcribe(samples)


def test_prompt_and_hotwords_reach_the_recogniser(tmp_path):
    (tmp_path / "names.txt").write_text("\ufeffŠibenik\n\n  Krka \n", encoding="utf-8")
    model = Timed()
    config = TranscribeConfig(language="en", prompt="Before.", hotwords=str(tmp_path / "names.txt"))
    Transcriber(model, config).transcribe([recording(5)])
    ((_, options),) = model.asked
    assert options.prompt == "Before." and options.hotwords == ("Šibenik", "Krka")


def test_speech_without_text_is_told():
    class Deaf(Timed):
        def hear(self, sound, options):
            return Hypothesis("", language="en", measures=MEASURES)

    transcript = Transcriber(Deaf(), TranscribeConfig(language="en")).transcribe([recording(10)])
    assert not transcript.segments
    (lost,) = transcript.as_dict()["lost"]
    assert lost["start"] == pytest.approx(1, abs=0.5) and lost["end"] == pytest.approx(11, abs=0.6)


@pytest.mark.parametrize(("can", "told"), [(True, True), (False, False)])
def test_the_prompt_that_is_told_is_the_one_that_was_used(can, told):
    class Prompted(Timed):
        def describe_prompt(self, options, language):
            return {"timestamps": options.timestamps, "language": language, "previous_text": False}

    config = TranscribeConfig(language="en", prompt="Before.")
    transcript = Transcriber(Prompted(None, can), config).transcribe([recording(5)])
    assert transcript.prompt == {"timestamps": told, "language": "en", "previous_text": True}


class Forgetful(Timed):
    """Leaves out what lies behind the first 10 s of a window; gives the times of words where asked."""

    def hear(self, sound, options):
        seconds = min(len(sound.wave) / RATE, 10.0)
        count = round(3 * seconds)
        text = " ".join(["word"] * count)
        words = tuple(Word("word", k / 3, k / 3 + 0.3, 0.9) for k in range(count)) if options.words else ()
        span = Span(text, 0.0, seconds, words, True, MEASURES)
        return Hypothesis(text, words, 0.9, sound.language, (), (span,), MEASURES)


def test_what_was_left_out_of_overlapping_windows_is_not_lost_for_want_of_times():
    """Windows that overlap are joined by words, so what is decoded again needs them too."""
    wave = noise_words([(k / 3, k / 3 + 0.33) for k in range(180)], 60.0)  # no pause to cut at
    model = Forgetful()
    transcript = Transcriber(model, TranscribeConfig(language="en")).transcribe([wave])
    assert all(options.words for _, options in model.asked)
    assert len(transcript.text.split()) > 150 and not transcript.lost
