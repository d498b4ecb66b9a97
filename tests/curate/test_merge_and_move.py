"""Several corpora as one, and one whose recordings were moved: nothing is mixed up, nothing gets lost."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile as sf

from govor.config import MergeConfig, SelectConfig
from govor.corpora.folder import Corpus
from govor.curate import merge_corpora, move_corpus, review_corpus, sample_corpus, select_corpus
from govor.curate.merge import named_apart
from govor.curate.sheet_utterances import SheetUtterances
from govor.errors import CorpusError, LimitError, UsageError


def merge(folders: list[Path], **settings: Any) -> tuple[dict[str, Any], pl.DataFrame]:
    out = folders[0].parent / "merged"
    summary = merge_corpora(named_apart(folders), out, MergeConfig(**settings))
    return summary, Corpus.open(out).scan().collect()


def test_ids_and_recordings_are_kept_apart_and_columns_joined(make_corpus: Any, tmp_path: Path) -> None:
    one = make_corpus([{"language": "hr", "age": 30}, {"id": "own"}], "one", root=str(tmp_path / "x"))
    two = make_corpus([{"language": "sr", "age": "old"}, {"speaker": "s"}], "two", root=str(tmp_path / "y/z"))
    summary, table = merge([one, two], licenses={"two": "cc0-1.0"})
    assert (summary["read"], summary["kept"], summary["rejected"]) == (6, 4, 2)
    assert (summary["corpora"], summary["renamed"]) == ({"one": 2, "two": 2}, 2)
    assert table["id"].to_list() == ["one/u0", "own", "two/u0", "u1"]
    assert table["recording"].to_list() == ["one/r0", "one/r1", "two/r0", "two/r1"]
    assert table["audio"].to_list() == ["x/r0.wav", "x/r1.wav", "y/z/r0.wav", "y/z/r1.wav"]
    assert table["corpus"].to_list() == ["one", "one", "two", "two"]
    assert table["license"].to_list() == [None, None, "cc0-1.0", "cc0-1.0"]
    assert table["language"].to_list() == ["hr", None, "sr", None]
    assert table["age"].to_list() == ["30", None, "old", None]
    assert Corpus.open(tmp_path / "merged").info.audio_root == str(tmp_path)


def test_a_column_without_a_value_takes_the_other_corpuss_type(make_corpus: Any) -> None:
    # A model without such measures leaves them empty, and an empty column is kept as text.
    _, table = merge([make_corpus([{"no_speech": None}], "one"), make_corpus([{"no_speech": 0.25}], "two")])
    assert table["no_speech"].to_list() == [None, 0.25]


def test_a_recording_in_two_corpora_is_one_and_does_not_leak(make_corpus: Any, tmp_path: Path) -> None:
    shared = {"recording": "talk", "audio": "talk.wav", "duration": 2.0}
    one = [{**shared, "start": n * 2.0, "end": n * 2.0 + 2} for n in range(5)] + [{} for _ in range(20)]
    two = [
        {**shared, "recording": "other name", "start": 50.0 + n * 2, "end": 52.0 + n * 2} for n in range(5)
    ]
    _, table = merge([make_corpus(one, "one"), make_corpus(two, "two")])
    assert table.filter(pl.col("audio") == "talk.wav")["recording"].unique().to_list() == ["talk"]
    settings = SelectConfig(dev=5, test=10, group_by=("recording",))
    select_corpus(tmp_path / "merged", tmp_path / "s", settings)
    splits = Corpus.open(tmp_path / "s").scan().filter(pl.col("recording") == "talk").collect()["split"]
    assert splits.n_unique() == 1 and splits.len() == 10


def test_speakers_of_one_name_are_asked_about(make_corpus: Any) -> None:
    folders = [make_corpus([{"speaker": "Ana"}, {"speaker": name}], name) for name in ("one", "two")]
    with pytest.raises(CorpusError, match=r"1 name of speakers \(Ana\).*--speakers same"):
        merge(folders)
    assert merge(folders, speakers="same")[1]["speaker"].to_list() == ["Ana", "one", "Ana", "two"]
    assert merge(folders, speakers="apart")[1]["speaker"].to_list() == ["one/Ana", "one", "two/Ana", "two"]


def test_what_was_sampled_stays_known(make_corpus: Any, tmp_path: Path) -> None:
    sf.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    folders = [make_corpus([{"audio": "a.wav"}], name) for name in ("one", "two")]
    sample_corpus(folders[0], tmp_path / "s.csv", 1)
    merge(folders)
    assert SheetUtterances.read(tmp_path / "merged").ids() == ["one/u0"]


def test_what_cannot_be_merged(make_corpus: Any, tmp_path: Path) -> None:
    one, two = make_corpus([{}], "one"), make_corpus([{}], "two")
    with pytest.raises(UsageError, match="two or more"):
        merge([one])
    with pytest.raises(UsageError, match="named twice"):
        named_apart([one, tmp_path / "." / "one"])
    with pytest.raises(UsageError, match="--license three: there is no such corpus; there are one, two"):
        merge([one, two], licenses={"three": "x"})
    with pytest.raises(UsageError, match="is the corpus one itself"):
        merge_corpora({"one": one, "two": two}, one, MergeConfig())
    assert list(named_apart([Path("x/corpus"), Path("y/corpus")])) == ["x-corpus", "y-corpus"]
    clash = make_corpus([{"id": "two/u0"}], "three")
    with pytest.raises(CorpusError, match="rename a folder"):
        merge([one, two, clash])


def test_moved_recordings_are_found_and_reviews_stay(make_corpus: Any, tmp_path: Path, table: Any) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for name in ("a/x.wav", "a/y.wav"):
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        sf.write(old / name, np.zeros(8_000), 16_000)
    rows = [{"audio": "a/x.wav"}, {"audio": f"{old}/a/y.wav", "duration": None}]
    corpus = make_corpus(rows, root=str(old))
    (tmp_path / "v.csv").write_text("id,verdict,corrected\nu0,,ispravak\n")
    review_corpus(corpus, tmp_path / "v.csv", tmp_path / "reviewed")
    before = Corpus.open(tmp_path / "reviewed").info
    old.rename(new)
    summary = move_corpus(tmp_path / "reviewed", new)
    assert (summary["found"], summary["missing"], summary["kept"]) == (2, 0, 2)
    after = Corpus.open(tmp_path / "reviewed")
    assert after.info.audio_root == str(new) and after.info.fingerprint == before.fingerprint
    assert after.info.notes == before.notes
    found = table(tmp_path / "reviewed")
    assert found["text"].to_list()[0] == "ispravak"
    assert all(Path(after.audio_path(audio)).exists() for audio in found["audio"])


def test_recordings_that_are_not_there_are_counted(make_corpus: Any, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    corpus = make_corpus([{}, {}], root=str(tmp_path / "old"))
    with pytest.raises(CorpusError, match=r"none of the 2 recordings .* r0\.wav"):
        move_corpus(corpus, tmp_path / "new")
    assert Corpus.open(corpus).info.audio_root == str(tmp_path / "old")
    (tmp_path / "new/r1.wav").touch()
    with pytest.raises(LimitError, match=r"1 of 2 recordings are not found .*\(r0\.wav\)") as caught:
        move_corpus(corpus, tmp_path / "new")
    assert (caught.value.summary["found"], caught.value.summary["missing"]) == (1, 1)
    assert Corpus.open(corpus).info.audio_root == str(tmp_path / "new")
