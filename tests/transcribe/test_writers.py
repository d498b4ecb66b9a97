"""Files that players and scripts read, with times a subtitler accepts."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.records import Word
from govor.transcribe import Segment, Transcript, render
from govor.transcribe.subtitles import LONGEST_CUE_S, SHORTEST_CUE_S, CueRules, break_lines, cues

SEGMENTS = (
    Segment(0.5, 2.0, "Dobar dan.", (Word("Dobar", 0.5, 1.0), Word("dan.", 1.2, 2.0))),
    Segment(3661.25, 3663.0, "Drugi & <treći> --> kraj"),
)
TRANSCRIPT = Transcript("a.mp3", 3700.0, "hr", SEGMENTS, {"load_s": 0.1, "decode_s": 1.0, "rtf": 0.0003})


def test_srt():
    assert render(TRANSCRIPT, "srt") == (
        "1\n00:00:00,500 --> 00:00:02,000\nDobar dan.\n\n"
        "2\n01:01:01,250 --> 01:01:03,000\nDrugi & <treći> -> kraj\n"
    )


def test_vtt_escapes_what_would_be_markup():
    text = render(TRANSCRIPT, "vtt")
    assert text.startswith("WEBVTT\n\n00:00:00.500 --> 00:00:02.000\nDobar dan.\n\n01:01:01.250")
    assert "Drugi &amp; &lt;treći&gt; --&gt; kraj" in text


def test_tsv_is_in_milliseconds():
    assert render(TRANSCRIPT, "tsv").splitlines()[:2] == ["start\tend\ttext", "500\t2000\tDobar dan."]


def test_txt_and_json():
    assert render(TRANSCRIPT, "txt").splitlines()[0] == "Dobar dan."
    data = json.loads(render(TRANSCRIPT, "json"))
    assert set(data) == {"audio", "duration", "language", "text", "segments", "timing"}
    assert data["segments"][0]["words"][1] == {"word": "dan.", "start": 1.2, "end": 2.0}
    assert "words" not in data["segments"][1]


def test_an_empty_transcript_is_valid_everywhere():
    empty = Transcript("a.mp3", 3.0, None, ())
    assert render(empty, "srt") == "" == render(empty, "txt")
    assert render(empty, "vtt").startswith("WEBVTT")
    assert json.loads(render(empty, "json"))["text"] == ""


@st.composite
def timed_segments(draw):
    at, segments = draw(st.floats(0, 2)), []
    for _ in range(draw(st.integers(1, 6))):
        words = []
        for _ in range(draw(st.integers(1, 30))):
            text = "a" * draw(st.integers(1, 14)) + draw(st.sampled_from(["", "", "", ".", ","]))
            length = draw(st.floats(0.1, 0.6))
            words.append(Word(text, at, at + length))
            at += length + draw(st.sampled_from([0.0, 0.05, 0.3, 1.5]))
        text = " ".join(word.text for word in words)
        keep = draw(st.booleans())
        segments.append(Segment(words[0].start, words[-1].end, text, tuple(words) if keep else ()))
    return segments


@given(timed_segments())
def test_subtitles_keep_every_word_and_every_rule(segments):
    made = cues(segments, CueRules())
    shown = " ".join(line for cue in made for line in cue.lines)
    assert shown.split() == " ".join(s.text for s in segments).split()
    for cue in made:
        assert len(cue.lines) <= 2 and all(len(line) <= 42 for line in cue.lines)
        assert cue.end - cue.start <= LONGEST_CUE_S + 1e-6
    for before, after in pairwise(made):
        assert before.end <= after.start
        if after.start - before.start > SHORTEST_CUE_S + 0.1:
            assert before.end - before.start >= SHORTEST_CUE_S - 1e-6
    assert made[-1].end - made[-1].start >= SHORTEST_CUE_S - 1e-6


@given(timed_segments(), st.floats(0, 3))
def test_subtitles_end_with_the_recording_and_take_time(segments, rest_s):
    until_s = segments[-1].end + rest_s
    made = cues(segments, CueRules(), until_s)
    assert all(cue.start < cue.end <= until_s + 1e-9 for cue in made)


def test_words_of_one_moment_are_shown_one_after_the_other():
    words = tuple(Word("riječ", 1.0, 1.0) for _ in range(60))
    made = cues([Segment(1.0, 1.0, " ".join(w.text for w in words), words)], CueRules())
    assert len(made) > 1 and all(cue.start < cue.end for cue in made)
    assert all(before.end <= after.start for before, after in pairwise(made))


def test_a_short_remark_stays_until_it_is_read():
    text = "x" * 34
    (cue, _) = cues([Segment(1.0, 1.2, text), Segment(9.0, 10.0, "dalje")], CueRules(reading_speed=17))
    assert cue.end == 3.0


def test_lines_are_even():
    words = ["jedan", "dva", "tri", "četiri", "pet", "šest", "sedam", "osam", "devet"]
    lines = break_lines([words[0], *(f" {word}" for word in words[1:])], CueRules())
    assert len(lines) == 2
    assert abs(len(lines[0]) - len(lines[1])) <= 8


def test_srt_numbers_count_up():
    words = tuple(Word(f"riječ{n}", n * 0.5, n * 0.5 + 0.4) for n in range(60))
    text = " ".join(w.text for w in words)
    srt = render(Transcript("a", 30, None, (Segment(0, 30, text, words),)), "srt")
    numbers = [int(n) for n in re.findall(r"(?m)^(\d+)$", srt)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 4


def chinese(characters, spaced_words):
    """A segment as Whisper gives it (a word a character), or as a CTC model does (one word)."""
    if not spaced_words:
        return Segment(0.0, 20.0, characters, (Word(characters, 0.0, 20.0),))
    step_s = 20.0 / len(characters)
    words = tuple(Word(one, i * step_s, (i + 1) * step_s) for i, one in enumerate(characters))
    return Segment(0.0, 20.0, characters, words)


@pytest.mark.parametrize("spaced_words", [True, False])
def test_subtitles_of_scripts_without_spaces_have_short_lines_and_no_spaces(spaced_words):
    text = "今天我们来谈一谈语言和语音识别的问题，" * 4
    made = cues([chinese(text, spaced_words)], CueRules())
    assert "".join(line for cue in made for line in cue.lines) == text
    assert len(made) > 2 and all(len(line) <= 21 for cue in made for line in cue.lines)
    assert not any(line.startswith("，") for cue in made for line in cue.lines)


def test_segments_of_chinese_are_joined_without_spaces_in_the_whole_text():
    segments = (Segment(0, 1, "你好。"), Segment(1, 2, "今天"), Segment(2, 3, "OK"))
    made = Transcript("a.wav", 9.0, "zh", segments)
    assert made.text == "你好。今天 OK"


INTERVIEW = Transcript(
    "/recordings/a.wav",
    5.0,
    "hr",
    (
        Segment(
            0.5, 2.0, "Dobar dan.", (Word("Dobar", 0.5, 1.0), Word("dan.", 1.2, 2.0)), speaker="channel 1"
        ),
        Segment(1.5, 3.0, "I <&>.", (Word("I", 1.5, 1.6), Word("<&>.", 1.7, 3.0)), speaker="channel 2"),
        Segment(4.0, 4.5, "Hvala.", speaker="channel 1"),
    ),
)


def test_eaf_has_a_tier_a_speaker_and_its_words_below(tmp_path):
    pympi = pytest.importorskip("pympi")
    path = tmp_path / "a.eaf"
    path.write_text(render(INTERVIEW, "eaf"), encoding="utf-8")
    read = pympi.Elan.Eaf(str(path))
    assert set(read.tiers) == {f"{kind}@channel {n}" for kind in ("tx", "words") for n in (1, 2)}
    assert read.get_parameters_for_tier("words@channel 1")["PARENT_REF"] == "tx@channel 1"
    assert read.get_annotation_data_for_tier("tx@channel 1") == [
        (500, 2000, "Dobar dan."),
        (4000, 4500, "Hvala."),
    ]
    words = read.get_annotation_data_for_tier("words@channel 1")
    assert [word[:3] for word in words] == [(500, 1000, "Dobar"), (1200, 2000, "dan.")]


def test_textgrid_covers_the_recording(tmp_path):
    textgrid = pytest.importorskip("praatio.textgrid")
    path = tmp_path / "a.TextGrid"
    path.write_text(render(INTERVIEW, "textgrid"), encoding="utf-8")
    read = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    assert read.maxTimestamp == 5.0
    assert [tuple(one) for one in read.getTier("tx@channel 2").entries] == [(1.5, 3.0, "I <&>.")]
    assert [one.label for one in read.getTier("words@channel 1").entries] == ["Dobar", "dan."]


def test_words_light_up_as_they_are_said():
    text = render(INTERVIEW, "vtt-words")
    assert "<v channel 1><c>Dobar</c> <00:00:01.200><c>dan.</c>\n" in text
    assert "<v channel 2><c>I</c> <00:00:01.700><c>&lt;&amp;&gt;.</c>\n" in text
    assert "<v channel 1>Hvala.\n" in text  # no time of a word was measured


def test_subrip_and_tables_name_who_speaks_where_it_is_known():
    assert "\nchannel 1: Dobar dan.\n" in render(INTERVIEW, "srt")
    assert render(INTERVIEW, "tsv").splitlines() == [
        "start\tend\ttext\tspeaker",
        "500\t2000\tDobar dan.\tchannel 1",
        "1500\t3000\tI <&>.\tchannel 2",
        "4000\t4500\tHvala.\tchannel 1",
    ]


def test_a_name_takes_its_room_in_the_lines():
    words = tuple(Word("riječ", i * 0.3, i * 0.3 + 0.2) for i in range(14))
    text = " ".join(word.text for word in words)
    said = Segment(0.0, 4.1, text, words, speaker="channel 1")
    assert [len(cue.lines) for cue in cues([said], CueRules())] == [2]  # 41 characters each
    named = cues([said], CueRules(), named=True)
    assert len(named) == 2 and all(cue.lines[0].startswith("channel 1: riječ") for cue in named)
    assert all(len(line) <= 42 for cue in named for line in cue.lines)
    assert " ".join(" ".join(cue.lines).removeprefix("channel 1: ") for cue in named) == text


def test_empty_annotations_are_valid():
    empty = Transcript("a.mp3", 3.0, None, ())
    assert "xmax = 3" in render(empty, "textgrid") and "<ANNOTATION_DOCUMENT" in render(empty, "eaf")
