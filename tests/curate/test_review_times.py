"""Boundaries moved, utterances split and joined: what becomes of ids, times, splits and exclusions."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from govor.config import MergeConfig, SelectConfig
from govor.curate import merge_corpora, review_corpus, select_corpus
from govor.errors import CorpusError

HEAD = "id,verdict,corrected,comment,new_start,new_end,parent,joined_to\n"


@pytest.fixture
def corpus(make_corpus: Any) -> Path:
    splits = ["train", "test", "train", "dev"]
    return make_corpus(
        [
            {
                "id": f"u{n}",
                "recording": f"r{n // 2}",
                "audio": f"r{n // 2}.wav",
                "start": 10.0 * n,
                "end": 10.0 * n + 8,
                "duration": 8.0,
                "speaker": f"s{n}",
                "text": f"prva rečenica broj {n} i druga rečenica",
                "split": splits[n],
                "asr": "nešto",
                "similarity": 0.5,
                "words": ["prva", "druga"],
                "word_starts": [0.0, 4.0],
                "word_ends": [3.0, 8.0],
                "text_source": "human" if n % 2 else "machine",
            }
            for n in range(4)
        ],
        notes={"second_transcript": "asr"},
    )


def reviewed(corpus: Path, lines: str) -> Path:
    sheet = corpus.parent / "verdicts.csv"
    sheet.write_text(HEAD + lines)
    review_corpus(corpus, sheet, corpus.parent / "reviewed")
    return corpus.parent / "reviewed"


def rows(table: Any, corpus: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in table(corpus).iter_rows(named=True)}


def test_moved_boundaries_keep_the_id_and_the_source_s_times(corpus: Path, table: Any) -> None:
    out = reviewed(
        corpus, "u0,correct,,,0.5,,,\nu1,correct,nov tekst,,,17.25,,\nu2,keep,,,,,,\nu3,unsure,,,,,,\n"
    )
    found = rows(table, out)
    assert list(found) == ["u0", "u1", "u2", "u3"]
    first, second, third, fourth = found.values()
    assert (first["start"], first["end"], first["duration"]) == (0.5, 8.0, 7.5)
    assert (first["start_before"], first["end_before"], first["text_before"]) == (0.0, None, None)
    assert (first["words"], first["word_starts"], first["similarity"]) == (None, None, 0.5)
    assert (second["end"], second["end_before"], second["duration"]) == (17.25, 18.0, 7.25)
    assert (second["text"], second["similarity"]) == ("nov tekst", None)
    assert second["text_before"] == "prva rečenica broj 1 i druga rečenica"
    assert (third["verdict"], third["words"]) == ("keep", ["prva", "druga"])
    assert fourth["verdict"] == "unsure" and fourth["text_before"] is None
    sources = [row["text_source"] for row in found.values()]
    assert sources == ["machine_checked", "human", "machine_checked", "human"]


def test_a_second_review_keeps_what_the_source_had(corpus: Path, table: Any, tmp_path: Path) -> None:
    out = reviewed(corpus, "u0,correct,jedan,,0.5,,,\n")
    (tmp_path / "again.csv").write_text(HEAD + "u0,correct,dva,,0.75,,,\n")
    review_corpus(out, tmp_path / "again.csv", tmp_path / "twice")
    row = rows(table, tmp_path / "twice")["u0"]
    assert (row["text"], row["start"]) == ("dva", 0.75)
    assert (row["text_before"], row["start_before"]) == ("prva rečenica broj 0 i druga rečenica", 0.0)


SPLIT = "u1,split,,,,,,\nu1.1,part,prva rečenica,,10.0,13.5,u1,\nu1.2,part,druga rečenica,,14.0,18.0,u1,\n"


def test_parts_of_a_split_stand_in_the_utterance_s_place(corpus: Path, table: Any, rejected: Any) -> None:
    out = reviewed(corpus, SPLIT)
    found = rows(table, out)
    assert list(found) == ["u0", "u1.1", "u1.2", "u2", "u3"]
    part = found["u1.2"]
    assert (part["parent"], part["split"], part["speaker"]) == ("u1", "test", "s1")
    assert (part["start"], part["end"], part["duration"]) == (14.0, 18.0, 4.0)
    assert (part["text"], part["asr"], part["words"]) == ("druga rečenica", None, None)
    assert found["u0"]["parent"] is None
    assert rejected(out)["u1"] == "split_by_review"


def test_parts_of_parts_belong_to_the_source_s_utterance(corpus: Path, table: Any, tmp_path: Path) -> None:
    out = reviewed(corpus, SPLIT)
    (tmp_path / "again.csv").write_text(
        HEAD + "u1.2,split,,,,,,\na,part,druga,,14,15,u1.2,\nb,part,rečenica,,15,18,u1.2,\n"
    )
    review_corpus(out, tmp_path / "again.csv", tmp_path / "twice")
    assert [rows(table, tmp_path / "twice")[name]["parent"] for name in ("u1.1", "a", "b")] == ["u1"] * 3


def test_a_joined_utterance_goes_with_its_neighbour(corpus: Path, table: Any, rejected: Any) -> None:
    out = reviewed(corpus, "u0,correct,sve zajedno,,0,18,,\nu1,join,,,,,,u0\n")
    assert (rows(table, out)["u0"]["end"], rows(table, out)["u0"]["text"]) == (18.0, "sve zajedno")
    assert rejected(out)["u1"] == "joined_by_review"


def test_kept_splits_and_exclusions_follow_the_parts(corpus: Path, table: Any, tmp_path: Path) -> None:
    out = reviewed(corpus, SPLIT)
    config = SelectConfig(keep_splits=str(corpus), official_splits=False, group_by=("speaker",))
    select_corpus(out, tmp_path / "kept", config)
    assert {name: row["split"] for name, row in rows(table, tmp_path / "kept").items()} == {
        "u0": "train",
        "u1.1": "test",
        "u1.2": "test",
        "u2": "train",
        "u3": "dev",
    }
    config = SelectConfig(keep_splits=str(out), official_splits=False, group_by=("speaker",))
    select_corpus(corpus, tmp_path / "back", config)
    assert rows(table, tmp_path / "back")["u1"]["split"] == "test"
    (tmp_path / "list.txt").write_text("u1\n")
    select_corpus(out, tmp_path / "less", SelectConfig(exclude=(str(tmp_path / "list.txt"),)))
    assert set(rows(table, tmp_path / "less")) == {"u0", "u2", "u3"}


def test_merged_parts_keep_their_utterance(corpus: Path, table: Any, tmp_path: Path) -> None:
    out = reviewed(corpus, SPLIT)
    select_corpus(out, tmp_path / "other", SelectConfig())
    merge_corpora({"a": out, "b": tmp_path / "other"}, tmp_path / "merged", MergeConfig(speakers="same"))
    parents = table(tmp_path / "merged").filter(pl.col("parent").is_not_null())
    assert all(row["id"].startswith(row["parent"]) for row in parents.iter_rows(named=True))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("u1,split,,,,,,\nu1.1,part,a,,10,11,u1,\n", r"row 2: u1 was split, but 1 of its parts"),
        ("u0,keep,,,,,,\nu1.1,part,a,,10,11,u1,\n", r"row 3: a part of u1, which no row says was split"),
        ("u1,split,,,,,,\nu2,part,a,,10,11,u1,\nu9,part,b,,11,12,u1,\n", "part u2 has an id that there is"),
        ("u1,split,,,,,,\nx,part,a,,10,11,u1,\nx,part,b,,11,12,u1,\n", "part x has an id that there is"),
        ("u1,split,,,,,,\nx,part,a,,11,10,u1,\ny,part,b,,11,12,u1,\n", "row 3: a part needs id, parent"),
        ("u1,correct,,,deset,,,\n", "row 2: new_start is 'deset', not a number of seconds"),
        ("u1,correct,,,9,8,,\n", r"row 2 of the sheet: u1 would end \(8 s\) before it begins \(9 s\)"),
        ("u1,correct,,,,9,,\n", r"row 2 of the sheet: u1 would end \(9 s\) before it begins \(10 s\)"),
        ("u1,join,,,,,,\n", "row 2: the verdict is join, but the column joined_to is empty"),
        ("u1,join,,,,,,u0\n", "row 2: u1 is said to be part of u0, which"),
    ],
)
def test_what_cannot_be_carried_out_names_the_row(corpus: Path, lines: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        reviewed(corpus, lines)
