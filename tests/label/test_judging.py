"""Each fault by its code, and nothing wrong with what is right."""

from dataclasses import replace

import pytest

from govor.config import LabelConfig
from govor.findings import codes
from govor.label.judging import OWN_CODES, Surroundings, faults_of, stock_phrases
from govor.label.scripts import scripts_of
from govor.label.segment import HeardRecording, HeardSegment
from govor.label.usual import Usual

RIGHT = HeardSegment(
    start=1.0,
    end=6.0,
    speech_s=4.0,
    voiced_s=3.5,
    text="Danas ćemo govoriti o novom zakonu o obrazovanju.",
    second="danas ćemo govoriti o novom zakonu o obrazovanju",
    confidence=0.8,
    language_probability=0.7,
    no_speech=0.05,
    compression_ratio=1.1,
)
SHORT = {"speech_s": 1.4, "text": "Dobar dan."}
AROUND = Surroundings({"hr": ("LATIN",)}, {"hvala na gledanju": 7}, {"hr": Usual.of("hr", [])})


def codes_of(*segments, **settings):
    faults = faults_of(HeardRecording("one.wav", 60.0, "hr", segments), AROUND, LabelConfig(**settings))
    return [fault and fault[0] for fault in faults]


def code_of(segment, **settings):
    return codes_of(segment, **settings)[0]


def test_a_good_segment_is_kept():
    assert code_of(RIGHT) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"noise": True}, "no_speech"),
        ({"text": " … "}, "no_speech"),
        ({"no_speech": 0.9, "confidence": 0.2}, "no_speech"),
        ({"no_speech": 0.9, "voiced_s": 1.0}, "no_speech"),
        ({"language_probability": 0.01, "languages": (("en", 0.9), ("hr", 0.01))}, "wrong_language"),
        ({"text": "Данас ћемо говорити о новом закону"}, "wrong_script"),
        ({"text": "o zakonu je riječ o zakonu je riječ o zakonu je riječ"}, "repeated_text"),
        ({"broken": True}, "repeated_text"),
        ({"compression_ratio": 3.0}, "repeated_text"),
        ({"speech_s": 0.5}, "impossible_pace"),
        ({"text": "Dobro.", "speech_s": 9.0}, "impossible_pace"),
        ({"lost": True}, "text_incomplete"),
        ({"forced": True}, "cut_in_speech"),
        ({"text": "Nastavljamo sutra. Hvala na gledanju!"}, "stock_phrase"),
    ],
)
def test_each_fault_has_its_code(changes, code):
    assert code_of(replace(RIGHT, **changes)) == code


@pytest.mark.parametrize(
    "changes",
    [
        {"no_speech": 0.9},  # the model alone does not decide
        {"no_speech": None, "confidence": None, "language_probability": None, "voiced_s": None},
        {"language_probability": 0.01, "languages": (("bs", 0.9), ("hr", 0.01))},  # kin
        {
            "speech_s": 1.4,
            "text": "Dobar dan.",
            "language_probability": 0.02,
            "languages": (("en", 0.5), ("hr", 0.02)),
        },
    ],
)
def test_doubts_alone_set_nothing_aside(changes):
    assert code_of(replace(RIGHT, **changes)) is None


def test_short_segments_of_a_recording_in_another_language_go_with_it():
    english = replace(RIGHT, language_probability=0.01, languages=(("en", 0.9), ("hr", 0.01)))
    short = {**SHORT, "language_probability": 0.04, "languages": (("en", 0.4), ("hr", 0.04))}
    doubtful, silent = replace(RIGHT, **short), replace(RIGHT, noise=True)
    assert codes_of(doubtful) == [None]
    assert codes_of(english, doubtful, silent, english) == [
        *["wrong_language"] * 2,
        "no_speech",
        "wrong_language",
    ]


def test_limits_are_settings():
    assert code_of(RIGHT, min_letters=20) == "impossible_pace"
    assert code_of(RIGHT, min_language_probability=0.75) == "wrong_language"


def test_every_code_is_declared_as_one_of_label():
    assert {name for name in OWN_CODES if "label" not in codes()[name].by} == set()


def test_a_segment_at_the_place_of_the_damage_may_be_cut():
    segments = (RIGHT, replace(RIGHT, start=6.0, end=8.95))
    for damage, expected in ((None, [None, None]), ("it was cut off", [None, "cut_in_speech"])):
        one = HeardRecording("one.wav", 9.0, "hr", segments, damage=damage)
        assert [fault and fault[0] for fault in faults_of(one, AROUND, LabelConfig())] == expected


def recordings(*texts):
    made = (replace(RIGHT, text=text) for text in texts)
    return [HeardRecording(f"{n}.wav", 9.0, "hr", (one,)) for n, one in enumerate(made)]


def test_a_phrase_of_many_recordings_is_a_stock_phrase():
    many = recordings(*["Hvala na gledanju."] * 4, "Sasvim nešto drugo.", "Ponedjeljak.")
    assert stock_phrases(many, 4) == {"hvala na gledanju": 4}
    assert stock_phrases(many, 5) == {}
    assert stock_phrases(many, 0) == {}


def test_a_phrase_that_stands_often_in_one_recording_is_none():
    often = HeardRecording("one.wav", 9.0, "hr", tuple([RIGHT] * 9))
    assert stock_phrases([often], 5) == {}


@pytest.mark.parametrize(
    ("language", "texts", "expected"),
    [
        ("sr-Latn", ["добар дан"] * 9, ("LATIN",)),
        ("ar", [], ("ARABIC",)),
        ("ja", [], ("KANA", "CJK")),
        ("sr", ["добар дан"] * 9 + ["dobar dan"], ("CYRILLIC",)),
        ("sr", ["добар дан"], ()),
        (None, [], ()),
    ],
)
def test_the_script_is_that_of_tag_list_or_most_texts(language, texts, expected):
    assert scripts_of(language, texts) == expected
