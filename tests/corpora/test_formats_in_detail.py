"""What is particular to single formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import ten_seconds
from corpus_sources import Imported, touch_audio, write_json_lines, write_text

from govor.config import CorpusConfig
from govor.corpora import import_corpus
from govor.errors import CorpusError

Importer = Callable[..., Imported]


def old_release(folder: Path) -> Path:
    """A release of the year 2020: no durations, ``accent``, and tables by vote."""
    header = "client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccent\tlocale\tsegment"

    def row(name: str) -> str:
        return f'who\t{name}.mp3\tRečenica "{name}".\t2\t0\t\t\t\tsv-SE\t'

    tables = {
        "train": ["a"],
        "test": ["b"],
        "validated": ["a", "b", "c"],
        "other": ["d"],
        "invalidated": ["e"],
    }
    for table, names in tables.items():
        write_text(folder / f"{table}.tsv", "\n".join([header, *map(row, names)]) + "\n")
    touch_audio(*(folder / "clips" / f"{name}.mp3" for name in "abcde"))
    return folder


@pytest.mark.parametrize(
    ("status", "ids"),
    [
        ((), {"a": "train", "b": "test"}),
        (("validated",), {"a": "train", "b": "test", "c": None}),
        (("other",), {"d": None}),
        (("validated", "other"), {"a": "train", "b": "test", "c": None, "d": None}),
        (("invalidated",), {"e": None}),
    ],
)
def test_common_voice_tables_by_status(
    tmp_path: Path, imported: Importer, status: tuple[str, ...], ids: dict[str, str | None]
) -> None:
    got = imported(old_release(tmp_path / "cv"), status=status)
    assert dict(got.rows.select("id", "split").iter_rows()) == ids
    assert got.rows["text"][0].startswith('Rečenica "')
    assert set(got.rows["language"]) == {"sv-SE"}


def test_common_voice_unknown_status(tmp_path: Path, imported: Importer) -> None:
    with pytest.raises(CorpusError, match="status verified is unknown: Common Voice has validated, other"):
        imported(old_release(tmp_path / "cv"), status=("verified",))


def test_common_voice_archive_unpacks_only_what_is_named(tmp_path: Path, imported: Importer) -> None:
    archive = ten_seconds.source("common-voice-archive", tmp_path / "src")
    got = imported(archive)
    clips = [path.name for path in Path(got.corpus.info.audio_root).iterdir() if path.suffix == ".mp3"]
    assert sorted(clips) == sorted(got.rows["audio"])
    assert not (Path(got.corpus.info.audio_root) / ".tables").exists()


def test_nemo_prediction_is_the_second_transcript(tmp_path: Path, imported: Importer) -> None:
    got = imported(ten_seconds.source("nemo", tmp_path / "src"))
    assert got.corpus.info.notes["second_transcript"] == "pred_text"
    assert got.rows["pred_text"].to_list() == [text.lower() for text in got.rows["text"]]


@pytest.mark.parametrize(
    ("name", "text"), [("voxpopuli", "normalized_text"), ("ljspeech", "normalized_text")]
)
def test_the_normalised_text_can_be_chosen(name: str, text: str, tmp_path: Path, imported: Importer) -> None:
    got = imported(ten_seconds.source(name, tmp_path / "src"), text=text)
    assert set(got.rows["text"]) == {said.text.lower() for said in ten_seconds.utterances()}
    assert set(got.rows["raw_text"]) == {said.text for said in ten_seconds.utterances()}


@pytest.mark.parametrize("name", ["voxpopuli", "ljspeech", "nemo", "parlaspeech"])
def test_a_text_that_is_not_there_is_an_error(name: str, tmp_path: Path, imported: Importer) -> None:
    with pytest.raises(CorpusError, match="has no lyrics to take as text; it has"):
        imported(ten_seconds.source(name, tmp_path / "src"), text="lyrics")


def test_a_setting_that_a_format_does_not_follow_is_refused(tmp_path: Path, imported: Importer) -> None:
    source = ten_seconds.source("kaldi", tmp_path / "src")
    with pytest.raises(CorpusError, match="the format kaldi does not use text"):
        imported(source, text="norm_words")
    with pytest.raises(CorpusError, match="does not use status"):
        imported(source, status=("other",))


def test_text_chooses_a_column_of_a_table(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    file = write_text(tmp_path / "all.csv", "audio,text,heard\na.wav,Dobro.,dobro\n")
    row = imported(file, text="heard").rows.row(0, named=True)
    assert (row["text"], row["source_text"]) == ("dobro", "Dobro.")


def test_reported_recordings_are_set_aside(tmp_path: Path, imported: Importer) -> None:
    folder = ten_seconds.source("spontaneous-speech", tmp_path / "src")
    clip = ten_seconds.utterances()[1].clip
    write_text(
        folder / "ss-reported-audios-hr.tsv", f"audio_id\taudio_file\treason\n1\t{clip}.mp3\toffensive\n"
    )
    got = imported(folder)
    assert (got.summary["kept"], got.reasons) == (3, {clip: "reported"})
    assert set(got.rows["language"]) == {"hr"}


def test_spreadsheets_of_languages_with_a_decimal_comma(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "snimka.wav", seconds=3)
    file = write_text(tmp_path / "all.csv", "\ufeffaudio;text;start;end\nSnimka.WAV;Dobar dan.;0,5;2,25\n")
    row = imported(file).rows.row(0, named=True)
    assert (row["audio"], row["start"], row["end"]) == ("snimka.wav", 0.5, 2.25)


def test_one_table_a_split(tmp_path: Path, imported: Importer) -> None:
    touch_audio(*(tmp_path / f"{name}.wav" for name in "abc"))
    for name, split in zip("abc", ("train", "valid", "test"), strict=True):
        write_text(tmp_path / f"{split}.csv", f"path,sentence\n{name}.wav,Dobro {name}.\n")
    got = imported(tmp_path)
    assert dict(got.rows.select("id", "split").iter_rows()) == {"a": "train", "b": "dev", "c": "test"}


def test_named_columns_are_enough_for_auto(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    file = write_text(tmp_path / "all.csv", "rijeci,gdje\nDobro.,a.wav\n")
    got = imported(file, columns={"text": "rijeci", "audio": "gdje"})
    assert got.rows.select("audio", "text").rows() == [("a.wav", "Dobro.")]


def test_further_columns_are_kept_under_their_names(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    rows = [
        {"audio": "a.wav", "text": "x", "note": None, "score": 1, "tags": {"a": 1}},
        {"audio": "a.wav", "text": "y", "note": "n", "score": 0.5, "tags": {"b": "z"}},
    ]
    got = imported(write_json_lines(tmp_path / "all.jsonl", rows))
    assert got.rows["note"].to_list() == [None, "n"]
    assert got.rows["score"].to_list() == [1.0, 0.5]
    assert got.rows["tags"].to_list() == [{"a": 1, "b": None}, {"a": None, "b": "z"}]


def test_quoted_csv_holds_separators_quotes_and_line_ends(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    text = 'Rekla je: "dobro",\nzar ne; \U0001f642?'
    pl.DataFrame({"audio": ["a.wav"], "text": [text]}).write_csv(tmp_path / "all.csv")
    assert imported(tmp_path / "all.csv").rows["text"].to_list() == [text]


def test_files_of_equal_stem_are_different_recordings(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "s1" / "x.wav", tmp_path / "s2" / "x.wav", tmp_path / "s2" / "y.wav")
    file = write_text(tmp_path / "all.csv", "audio,text\ns1/x.wav,jen\ns2/x.wav,dva\ns2/y.wav,tri\n")
    assert imported(file).rows["id"].to_list() == ["s1/x", "s2/x", "y"]


def test_splits_have_many_names(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    names = ["train", "Validation", "valid", "dev", " test ", "null", "", "eval"]
    rows = [{"id": str(n), "audio": "a.wav", "text": "x", "split": name} for n, name in enumerate(names)]
    got = imported(write_json_lines(tmp_path / "all.jsonl", rows))
    assert got.rows["split"].to_list() == ["train", "dev", "dev", "dev", "test", None, None, "test"]


def test_relative_sources_and_roots_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch_audio(tmp_path / "audio" / "a.wav")
    write_text(tmp_path / "all.csv", "audio,text\na.wav,x\n")
    monkeypatch.chdir(tmp_path)
    config = CorpusConfig(source="all.csv", audio_root="audio")
    import_corpus(config, Path("out"))
    got = Imported(tmp_path / "out", {})
    monkeypatch.chdir("/")
    assert Path(got.corpus.audio_path(got.rows["audio"][0])).is_file()


def test_kaldi_finds_the_folder_its_paths_are_relative_to(tmp_path: Path, imported: Importer) -> None:
    folder = ten_seconds.source("kaldi", tmp_path / "src")
    got = imported(folder / "data" / "train")
    assert got.corpus.info.audio_root == str(folder)
    assert (got.summary["kept"], got.summary["repaired"]) == (2, 0)
