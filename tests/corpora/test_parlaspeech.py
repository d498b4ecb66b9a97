"""ParlaSpeech: spans of long recordings, cut files where there are no others, words with times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpus_sources import Imported, touch_audio, write_json_lines


def first_release(**changes: Any) -> dict[str, Any]:
    row = {
        "path": "seg.a-b_9Jz6KAk_2.5-4.75.flac",
        "orig_file": "a-b_9Jz6KAk.mp3",
        "start": 2.5,
        "end": 4.75,
        "words": ["Hvala", "lijepa."],
        "word_start_times": [0.1, 0.9],
        "norm_words": ["hvala", "lijepa"],
        "norm_words_start_times": [0.1, 0.9],
        "asr_words": ["hvala", "ljepa"],
        "speaker_info": {"Speaker_name": "Maras, Gordan", "Speaker_gender": "M"},
        "split": "train",
    }
    return row | changes


def test_utterances_are_spans_of_the_long_recording(
    tmp_path: Path, imported: Callable[..., Imported]
) -> None:
    touch_audio(tmp_path / "a-b_9Jz6KAk.mp3")
    rows = [first_release(), first_release(start=5.0, end=6.0, split="null", speaker_info=None)]
    write_json_lines(tmp_path / "hr.jsonl", rows)
    got = imported(tmp_path, language="hr")
    assert got.summary["format"] == "parlaspeech"
    row = got.row("a-b_9Jz6KAk_2.50-4.75")
    assert (row["audio"], row["recording"]) == ("a-b_9Jz6KAk.mp3", "a-b_9Jz6KAk")
    assert (row["start"], row["end"], row["duration"]) == (2.5, 4.75, 2.25)
    assert (row["text"], row["words"], row["word_starts"]) == (
        "Hvala lijepa.",
        ["Hvala", "lijepa."],
        [0.1, 0.9],
    )
    assert (row["norm_words"], row["asr_words"]) == (["hvala", "lijepa"], "hvala ljepa")
    assert (row["speaker"], row["split"], row["language"]) == ("Maras, Gordan", "train", "hr")
    assert got.corpus.info.notes["second_transcript"] == "asr_words"
    assert got.rows["split"].to_list() == ["train", None]


def test_the_transcript_is_chosen(tmp_path: Path, imported: Callable[..., Imported]) -> None:
    touch_audio(tmp_path / "a-b_9Jz6KAk.mp3")
    write_json_lines(tmp_path / "hr.jsonl", [first_release()])
    assert imported(tmp_path / "hr.jsonl", text="norm_words").rows["text"].to_list() == ["hvala lijepa"]


def test_without_long_recordings_the_cut_files_are_taken(
    tmp_path: Path, imported: Callable[..., Imported]
) -> None:
    touch_audio(tmp_path / "clips" / "seg.a-b_9Jz6KAk_2.5-4.75.flac")
    write_json_lines(tmp_path / "hr.jsonl", [first_release()])
    row = imported(tmp_path).rows.row(0, named=True)
    assert (row["audio"], row["start"], row["end"]) == ("clips/seg.a-b_9Jz6KAk_2.5-4.75.flac", None, None)
    assert (row["recording"], row["orig_start"], row["duration"]) == ("a-b_9Jz6KAk", 2.5, 2.25)


def test_later_releases_give_words_as_characters(tmp_path: Path, imported: Callable[..., Imported]) -> None:
    touch_audio(tmp_path / "rHMW" / "rHMW_32.36-33.81.flac")
    words = [
        {"time_s": 0.1, "time_e": 0.5, "char_s": 0, "char_e": 4},
        {"time_s": 0.6, "time_e": 1.1, "char_s": 5, "char_e": 9},
    ]
    row = {
        "id": "ParlaMint-HR_2020.u1_30-146",
        "words": words,
        "audio": "rHMW/rHMW_32.36-33.81.flac",
        "audio_length": 1.45,
        "audio_start": 32.36,
        "audio_end": 33.81,
        "text": "Samo kava",
        "speaker_info": {"Speaker_ID": "MarasGordan"},
    }
    write_json_lines(tmp_path / "ParlaSpeech-HR.v2.0.jsonl", [row])
    got = imported(tmp_path).row("ParlaMint-HR_2020.u1_30-146")
    assert (got["words"], got["word_starts"], got["word_ends"]) == (["Samo", "kava"], [0.1, 0.6], [0.5, 1.1])
    assert (got["duration"], got["start"], got["speaker"]) == (1.45, None, "MarasGordan")


def test_names_that_differ_in_white_space_are_repaired(
    tmp_path: Path, imported: Callable[..., Imported]
) -> None:
    touch_audio(tmp_path / "Sjednica 3.mp3")
    write_json_lines(
        tmp_path / "hr.jsonl", [first_release(orig_file="Sjednica  3.mp3", start=s) for s in (1, 2)]
    )
    got = imported(tmp_path)
    assert (got.summary["kept"], got.summary["repaired"]) == (2, 1)
    assert list(got.corpus.info.repairs) == [{"from": "Sjednica  3.mp3", "to": "Sjednica 3.mp3"}]
    assert set(got.rows["audio"]) == {"Sjednica 3.mp3"}


def test_bad_lines_are_named_and_counted(tmp_path: Path, imported: Callable[..., Imported]) -> None:
    touch_audio(tmp_path / "a-b_9Jz6KAk.mp3")
    file = write_json_lines(tmp_path / "hr.jsonl", [first_release(), first_release(start=9.0, end=3.0)])
    with file.open("ab") as more:
        more.write(b'{"orig_file": \n{"orig_file": "\xff"}\n{"words": "a\0b"}\n[1]\n')
    got = imported(tmp_path)
    assert (got.summary["read"], got.summary["kept"]) == (6, 1)
    assert got.reasons == {
        "hr.jsonl:2": "times_swapped",
        "hr.jsonl:3": "bad_json",
        "hr.jsonl:4": "not_utf8",
        "hr.jsonl:5": "nul_character",
        "hr.jsonl:6": "bad_json",
    }
    assert f"{file}:2: start 9.0, end 3.0" in got.details
