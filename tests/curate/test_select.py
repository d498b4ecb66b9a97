import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from govor.config import SelectConfig
from govor.corpora.folder import Corpus
from govor.curate import exclusion, select_corpus
from govor.curate.exclusion import Exclusions
from govor.errors import CorpusError, InputError, LimitError, UsageError


def select(corpus: Path, **settings: Any) -> tuple[dict[str, Any], Path]:
    out = corpus.parent / f"{corpus.name}-selected"
    return select_corpus(corpus, out, SelectConfig(**settings)), out


def test_kept_and_rejected_are_what_was_read(make_corpus: Any, rejected: Any, table: Any) -> None:
    corpus = make_corpus([{"duration": d} for d in (0.2, 1.0, 5.0, 40.0)])
    summary, out = select(corpus, min_duration=0.5, max_duration=30.0)
    assert (summary["read"], summary["kept"], summary["rejected"]) == (5, 2, 3)
    assert rejected(out) == {"gone": "empty_text", "u0": "too_short", "u3": "too_long"}
    details = dict(Corpus.open(out).rejected().collect().select("id", "detail").iter_rows())
    assert details["u3"] == "40.0 s is above 30.0 s"
    assert table(out)["id"].to_list() == ["u1", "u2"]
    assert table(out)["text"].to_list() == ["sentence number 1 of many", "sentence number 2 of many"]


def test_similarity_bands(make_corpus: Any, rejected: Any, table: Any) -> None:
    rows = [
        {"text": "abcd", "asr": "abcd"},
        {"text": "abcd", "asr": "abce"},
        {"text": "abcd", "asr": "wxyz"},
        {"text": "abcd", "asr": None},
        {"text": "", "asr": ""},
    ]
    corpus = make_corpus(rows, notes={"second_transcript": "asr"})
    _, out = select(corpus, min_similarity=0.75)
    assert table(out)["similarity"].to_list() == [1.0, 0.75, 1.0]
    assert rejected(out) | {"gone": ""} == {"gone": "", "u2": "low_similarity", "u3": "no_second_transcript"}
    _, out = select(corpus, min_similarity=0.5, max_similarity=0.9)
    assert table(out)["id"].to_list() == ["u1"]
    assert rejected(out)["u0"] == "high_similarity"


def test_letters_compare_what_is_said(make_corpus: Any, table: Any) -> None:
    corpus = make_corpus([{"text": "Dobar dan, svima!", "asr": "dobar dan svima"}])
    _, out = select(corpus, similarity_to="asr", compare="letters")
    assert table(out)["similarity"].to_list() == [1.0]
    _, out = select(corpus, similarity_to="asr")
    assert table(out)["similarity"][0] == pytest.approx(1 - 2 * 3 / 32)


def test_similarity_needs_a_second_transcript(make_corpus: Any) -> None:
    corpus = make_corpus([{}])
    with pytest.raises(CorpusError, match="name its column with --similarity-to"):
        select(corpus, min_similarity=0.8)
    with pytest.raises(CorpusError, match="no column 'asr'"):
        select(corpus, similarity_to="asr")


def test_missing_durations_are_a_fault_until_checked(make_corpus: Any, rejected: Any) -> None:
    rows = [{"duration": None}, {"duration": 3.0}]
    with pytest.raises(CorpusError, match=r"1 of 2 utterances .* run govor check"):
        select(make_corpus(rows), max_duration=5)
    _, out = select(make_corpus(rows, "checked", notes={"check": {}}), max_duration=5)
    assert rejected(out)["u0"] == "unknown_duration"


def test_exact_counts_and_rows_in_any_order(make_corpus: Any, table: Any) -> None:
    rows = [{"id": f"x{i}", "speaker": f"s{i // 4}", "recording": f"r{i // 2}"} for i in range(200)]
    summary, out = select(make_corpus(rows), dev=20, test=24, seed=3)
    assert summary["splits"] == {"dev": 20, "test": 24, "train": 156}
    first = dict(table(out).select("id", "split").iter_rows())
    _, again = select(make_corpus(rows[::-1], "backwards"), dev=20, test=24, seed=3)
    assert dict(table(again).select("id", "split").iter_rows()) == first
    _, other = select(make_corpus(rows), dev=20, test=24, seed=4)
    assert dict(table(other).select("id", "split").iter_rows()) != first
    assert not any(table(out).group_by("speaker").agg(pl.col("split").n_unique())["split"] > 1)


def test_same_sentence_stays_in_one_split_short_ones_do_not_join(make_corpus: Any, table: Any) -> None:
    same = [
        {"text": ("Ovo je ista rečenica, da." if i % 2 else "ovo je ista rečenica da")} for i in range(20)
    ]
    short = [{"text": "hvala lijepo svima"} for _ in range(80)]
    _, out = select(make_corpus(same + short), dev=15, test=15)
    found = table(out)
    assert found.head(20)["split"].n_unique() == 1
    assert found.tail(80)["split"].n_unique() == 3


def test_leaks_within_the_limit_are_set_aside_with_their_key(make_corpus: Any, rejected: Any) -> None:
    rows = [
        {"speaker": f"s{i // 10}", "recording": f"r{i - 1 if i % 10 == 0 and i else i}"} for i in range(400)
    ]
    summary, out = select(make_corpus(rows), dev=20, test=20)
    assert summary["splits"]["dev"] == summary["splits"]["test"] == 20
    assert summary["way"] == "first_key"
    lost = [i for i, reason in rejected(out).items() if reason == "leak_recording"]
    assert lost
    assert summary["reasons"]["leak_recording"] == len(lost)
    assert summary["leak_loss"] == pytest.approx(len(lost) / 360)


def test_too_many_leaks_fail_with_the_costs_and_write_nothing(make_corpus: Any) -> None:
    rows = [{"speaker": f"s{i % 40}", "recording": f"r{i % 9}"} for i in range(720)]
    corpus = make_corpus(rows)
    with pytest.raises(LimitError, match=r"--group-by speaker: 0\.0% of train set aside") as caught:
        select(corpus, dev=36, test=36)
    assert {tuple(g["keys"]) for g in caught.value.summary["groupings"]} >= {("speaker",), ("recording",)}
    assert not (corpus.parent / "corpus-selected").exists()
    json.dumps(caught.value.summary)


def test_official_splits_are_honoured(make_corpus: Any, table: Any) -> None:
    rows = [{"split": s} for s in ["train"] * 50 + ["test"] * 20] + [{"split": None}] * 5
    summary, _ = select(make_corpus(rows))
    assert summary["splits"] == {"train": 55, "test": 20}
    assert "5 utterances" in summary["statements"][0]
    summary, out = select(make_corpus(rows), dev=10, test=15)
    assert summary["splits"] == {"train": 45, "dev": 10, "test": 15}
    assert set(table(out).filter(pl.col("split") == "test")["id"]) <= {f"u{i}" for i in range(50, 70)}
    assert summary["reasons"]["over_count"] == 5
    summary, _ = select(make_corpus(rows), official_splits=False, dev=10, test=15)
    assert summary["splits"] == {"train": 50, "dev": 10, "test": 15}


def test_official_splits_that_leak_are_kept_and_said(make_corpus: Any) -> None:
    rows = [
        {"split": split, "speaker": speaker, "recording": f"r{i}", "text": f"text {i}"}
        for i, (split, speaker) in enumerate([("train", "A"), ("train", "B"), ("test", "A"), ("test", "C")])
    ]
    summary, _ = select(make_corpus(rows))
    assert summary["splits"] == {"train": 2, "test": 2}
    (said,) = summary["statements"]
    assert "of 2 dev and test utterances 1 share a speaker with train; --resplit" in said
    summary, _ = select(make_corpus([*rows[:2], rows[3]]))
    assert summary["statements"] == []


def test_a_smaller_official_split_is_kept_and_said(make_corpus: Any) -> None:
    summary, _ = select(make_corpus([{"split": s} for s in ["train"] * 50 + ["test"] * 20]), test=30)
    assert summary["splits"] == {"train": 50, "test": 20}
    assert summary["statements"] == ["the corpus's own test has 20 utterances, not 30: kept as it is"]


def test_no_splits_stay_no_splits(make_corpus: Any) -> None:
    summary, _ = select(make_corpus([{}, {}]))
    assert summary["splits"] == {"none": 2}


def test_held_out_speakers_are_marked_and_never_heard(make_corpus: Any, table: Any) -> None:
    rows = [{"speaker": f"s{i % 10}"} for i in range(100)]
    summary, out = select(make_corpus(rows), hold_out=("s1", "s2"), test=10, dev=10)
    found = table(out)
    assert set(found.filter("held_out")["speaker"]) == {"s1", "s2"}
    assert set(found.filter("held_out")["split"]) == {"test"}
    assert found.filter("held_out").height == 20
    assert summary["splits"] == {"train": 60, "dev": 10, "test": 30}


def test_held_out_sentences_leave_train_where_they_are_a_key(make_corpus: Any, rejected: Any) -> None:
    rows = [
        {"speaker": "new", "text": "one two three four"},
        {"speaker": "old", "text": "One two, three four."},
    ]
    rows += [{"speaker": "old", "text": f"word {i} and more"} for i in range(20)]
    corpus = make_corpus(rows)
    _, out = select(corpus, hold_out=("new",))
    assert rejected(out)["u1"] == "leak_sentence"
    _, out = select(corpus, hold_out=("new",), group_by=("speaker",))
    assert "u1" not in rejected(out)


def test_unknown_speaker_is_named_with_the_nearest(make_corpus: Any) -> None:
    with pytest.raises(CorpusError, match=r"'ana'.* did you mean Ana"):
        select(make_corpus([{"speaker": "Ana"}]), hold_out=("ana",))


def test_hours_count_everything_and_choose_train_by_seed(make_corpus: Any, table: Any) -> None:
    rows = [{"duration": 3.6} for _ in range(1000)]
    summary, _ = select(make_corpus(rows), hours=0.5, dev=100, test=100)
    assert summary["splits"] == {"train": 300, "dev": 100, "test": 100}
    assert summary["hours"] == pytest.approx(0.5)
    summary, _ = select(make_corpus(rows + rows[:100], "grown"), hours=0.6, dev=100, test=100)
    assert summary["splits"]["train"] == 400
    with pytest.raises(InputError, match="dev and test alone have"):
        select(make_corpus(rows), hours=0.1, dev=100, test=100)


def test_bytes_are_projected(make_corpus: Any) -> None:
    rows = [{"duration": 10.0} for _ in range(100)]
    summary, _ = select(make_corpus(rows), max_bytes=10_000_000, bytes_per_s=20_000)
    assert summary["kept"] == 50
    assert summary["reasons"]["over_budget"] == 50


def test_earlier_assignment_is_kept_when_rows_are_added(make_corpus: Any, table: Any, rejected: Any) -> None:
    rows = [{"id": f"x{i}", "speaker": f"s{i // 5}"} for i in range(100)]
    _, old = select(make_corpus(rows, "old"), dev=10, test=10)
    before = dict(table(old).select("id", "split").iter_rows())
    tested = table(old).filter(pl.col("split") == "test")["speaker"][0]
    new = [{"id": f"y{i}", "speaker": f"new{i}"} for i in range(40)] + [{"id": "z", "speaker": tested}]
    summary, out = select(make_corpus(new + rows, "new"), keep_splits=str(old), dev=10, test=10)
    after = dict(table(out).select("id", "split").iter_rows())
    assert {i: after[i] for i in before} == before
    assert all(after[f"y{i}"] == "train" for i in range(40))
    assert rejected(out)["z"] == "leak_speaker"
    assert summary["splits"] == {"train": 120, "dev": 10, "test": 10}


def test_keep_splits_needs_splits(make_corpus: Any) -> None:
    with pytest.raises(CorpusError, match="has no splits to keep"):
        select(make_corpus([{}]), keep_splits=str(make_corpus([{}], "old")))


def test_listed_utterances_are_left_out(make_corpus: Any, rejected: Any, tmp_path: Path) -> None:
    rows = [
        {"id": "plain"},
        {"id": "other", "audio": "clips/clip-7.mp3", "recording": "q"},
        {"id": "a", "recording": "_vid-_x", "start": 10965.9, "end": 10982.88},
        {"id": "b", "recording": "_vid-_x", "start": 10965.95, "end": 10982.88},
        {"id": "c", "recording": "_vid-_x", "start": 0.0, "end": 2.0},
        {"id": "stays"},
    ]
    corpus = make_corpus(rows)
    listed = tmp_path / "list.txt"
    listed.write_text("\ufeffplain\n\n/data/clips/clip-7.wav\n_vid-_x_10965.90-10982.884.wav\nnobody\n")
    table = tmp_path / "more.csv"
    table.write_text("name,id\nx,_vid-_x_0-2.01\n")
    summary, out = select(corpus, exclude=(str(listed), str(table)))
    assert {i for i, reason in rejected(out).items() if reason == "excluded"} == {"plain", "other", "a", "c"}
    assert summary["statements"] == ["1 of 5 entries to exclude match nothing here, such as nobody"]


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_a_list_whose_name_is_not_utf8_is_read(tmp_path: Path, ending: str) -> None:
    table, plain = pl.DataFrame({"id": ["a", "b"]}), tmp_path / f"list.{ending}"
    write = {"jsonl": table.write_ndjson, "parquet": table.write_parquet}.get(ending, table.write_csv)
    write(plain)
    odd = plain.rename(tmp_path / f"l\udce8.{ending}")
    assert Exclusions.read([str(odd)]).unmet() == ["a", "b"]


def test_times_of_thousands_of_digits_are_a_name(tmp_path: Path) -> None:
    (tmp_path / "list").write_text(f"vid_{'9' * 5000}-1.52\n")
    assert len(Exclusions.read([str(tmp_path / "list")]).unmet()) == 1


def test_a_list_in_which_a_library_panics_is_said(tmp_path: Path, monkeypatch: Any) -> None:
    """polars' panics are no `Exception`."""

    class PanicException(BaseException):
        pass

    def panic(*_: Any, **__: Any) -> Any:
        raise PanicException("not yet implemented")

    (tmp_path / "list.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr(pl, "read_parquet_schema", panic)
    monkeypatch.setitem(exclusion.TABLES, ".parquet", panic)
    with pytest.raises(CorpusError, match=r"list\.parquet cannot be read \(not yet implemented\)"):
        Exclusions.read([str(tmp_path / "list.parquet")])


def test_same_stem_in_another_folder_is_not_meant(make_corpus: Any, rejected: Any, tmp_path: Path) -> None:
    rows = [{"id": f"{s}/001", "audio": f"{s}/001.wav", "recording": f"{s}/001"} for s in ("anna", "bo")]
    (tmp_path / "list").write_text("anna/001.wav\n")
    _, out = select(make_corpus(rows), exclude=(str(tmp_path / "list"),))
    assert rejected(out) == {"gone": "empty_text", "anna/001": "excluded"}


def test_missing_list(make_corpus: Any) -> None:
    with pytest.raises(CorpusError, match=r"nowhere\.txt does not exist"):
        select(make_corpus([{}]), exclude=("nowhere.txt",))


def test_long_utterances_are_cut_at_pauses(make_corpus: Any, table: Any, rejected: Any) -> None:
    words = {
        "text": "Jedan dva, tri četiri.",
        "words": ["jedan", "dva", "tri", "četiri"],
        "word_starts": [0.5, 2.0, 6.0, 8.0],
        "word_ends": [1.5, 4.0, 7.5, 9.5],
    }
    long = {"id": "long", "recording": "rec", "start": 100.0, "end": 110.0, "duration": 10.0, **words}
    hopeless = {"id": "hopeless", "duration": 10.0, "words": None, "word_starts": None, "word_ends": None}
    short = {"id": "short", "duration": 3.0, "words": ["a"], "word_starts": [0.0], "word_ends": [1.0]}
    summary, out = select(make_corpus([short, long, hopeless]), max_duration=6, split_at_words=True)
    found = table(out).select("id", "start", "end", "duration", "text", "cut_from").rows()
    assert found[1:] == [
        ("rec_100.00-105.00", 100.0, 105.0, 5.0, "Jedan dva,", "long"),
        ("rec_105.00-110.00", 105.0, 110.0, 5.0, "tri četiri.", "long"),
    ]
    assert found[0][0] == "short"
    assert rejected(out)["hopeless"] == "too_long"
    assert summary["cut"] == {"utterances": 1, "pieces": 2}
    assert table(out)["words"].to_list() == [["a"], None, None]


def test_settings_that_contradict_each_other() -> None:
    for settings, message in (
        ({"min_similarity": 0.9, "max_similarity": 0.8}, "above max_similarity"),
        ({"dev": -1}, "dev is -1; it must be 0 or more"),
        ({"max_leak_loss": 2.0}, "it must be a share between 0 and 1"),
        ({"split_at_words": True}, "needs max_duration"),
    ):
        with pytest.raises(ValueError, match=message):
            SelectConfig(**settings)


def test_onto_itself(make_corpus: Any) -> None:
    corpus = make_corpus([{}])
    with pytest.raises(UsageError, match="choose another folder"):
        select_corpus(corpus, corpus, SelectConfig())


def test_empty_corpus(make_corpus: Any) -> None:
    from govor.corpora.folder import CorpusInfo, CorpusWriter

    corpus = make_corpus([{}]).parent / "empty"
    with CorpusWriter(corpus, CorpusInfo("test", "memory", ".")):
        pass
    summary, _ = select(corpus, max_duration=5)
    assert summary["kept"] == 0


def test_cut_texts_are_the_sources_own(make_corpus: Any, table: Any) -> None:
    """The aligner writes "twenty one" and no marks; the transcript's 21 and its marks stay."""
    words = ["it", "was", "twenty", "one", "he", "said"]
    row = {
        "text": "It was 21 — he said!",
        "start": 10.0,
        "end": 16.0,
        "duration": 6.0,
        "words": words,
        "word_starts": [float(n) for n in range(6)],
        "word_ends": [n + 0.7 for n in range(6)],
    }
    _, out = select(make_corpus([row]), max_duration=4.2, split_at_words=True)
    assert table(out)["text"].to_list() == ["It was 21 —", "he said!"]


def test_few_speakers_end_with_what_to_type(make_corpus: Any) -> None:
    rows = [{"speaker": "a"}] + [{"speaker": "b"}] * 36 + [{"speaker": "c"}] * 100
    corpus = make_corpus([dict(row) for row in rows])
    with pytest.raises(
        CorpusError, match=r"(?s)do not add up to test 10 and dev 10.*--test 1 --dev 36"
    ) as caught:
        select(corpus, dev=10, test=10)
    assert "--group-by recording,sentence: 0.0% of train set aside, test 10, dev 10" in str(caught.value)
    assert "share a speaker with train" in str(caught.value) and "--count-tolerance" in str(caught.value)
    assert not (corpus.parent / "corpus-selected").exists()
    summary, _ = select(corpus, dev=36, test=1)
    assert summary["splits"] == {"dev": 36, "test": 1, "train": 100}


def test_unknown_speakers_are_said_where_splits_are_made(make_corpus: Any) -> None:
    rows = [{"speaker": "a" if n < 5 else None} for n in range(40)]
    summary, _ = select(make_corpus(rows), dev=5, test=5)
    assert summary["statements"][0].startswith("35 of 40 utterances name no speaker, so govor cannot tell")
    assert "--speaker-from" in summary["statements"][0]
