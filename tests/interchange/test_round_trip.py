"""A corpus written in another tool's format and imported again is the same, as far as the format holds it."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile as sf

from govor.config import CorpusConfig
from govor.corpora import Corpus, CorpusInfo, CorpusWriter, import_corpus
from govor.errors import CorpusError, UsageError
from govor.interchange import FORMATS, export_corpus

RATE_HZ = 8_000
ROWS = [
    # id, recording, start, end, text, speaker, split
    ("u1", "razgovor", 0.5, 2.0004, 'Dobar dan, "Ivo" & <svi>!', "Ana Š.", "train"),
    ("u2", "razgovor", 1.5, 3.25, "Dobar dan.", "Ivo", "train"),
    ("u3", "razgovor", 1.75, 4.0, "i još nešto", "Ana Š.", "train"),
    ("u4", "razgovor", 4.0, 5.3333, "कृपया धीरे बोलिए", "Ivo", "train"),
    ("u5", "predavanje 2", 0.0, 6.0, "مرحبا بالعالم", None, "test"),
]
WORDS = {"u3": (["i", "još", "nešto"], [0.1, 0.4, 1.0], [0.3, 0.9, 2.0])}
BY_RECORDING = ("eaf", "textgrid", "srt", "vtt", "audacity", "whisper-json")
WITH_SPEAKER = ("eaf", "textgrid", "vtt", "whisper-json", "csv", "kaldi", "nemo", "lhotse")
WITH_ID = ("csv", "kaldi", "nemo", "lhotse")
WITH_WORDS = ("eaf", "textgrid", "whisper-json", "nemo", "lhotse")
# Mark-up cannot be told from text in SubRip: what looks like it is left out, and stands in the side file.
MARK_UP_LOST = {"srt": {"u1": 'Dobar dan, "Ivo" & !'}}
# Kaldi's keys have no white space; a speaker that nobody named is called like the utterance.
SPEAKERS = {"kaldi": {"u1": "Ana_Š.", "u3": "Ana_Š.", "u5": "u5"}}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interchange")
    for name in {row[1] for row in ROWS}:
        sf.write(folder / f"{name}.wav", np.zeros(6 * RATE_HZ, "float32"), RATE_HZ)
    made = folder / "corpus"
    with CorpusWriter(made, CorpusInfo("table", "x", str(folder))) as writer:
        writer.write(pl.DataFrame([utterance(*row) for row in ROWS], infer_schema_length=None))
    return made


def utterance(id, recording, start, end, text, speaker, split):
    words, starts, ends = WORDS.get(id, (None, None, None))
    core = {
        "id": id,
        "recording": recording,
        "audio": f"{recording}.wav",
        "start": start,
        "end": end,
        "text": text,
    }
    return core | {
        "speaker": speaker,
        "split": split,
        "language": "hr",
        "dob": 30.5,
        "words": words,
        "word_starts": starts,
        "word_ends": ends,
    }


def again(out, folder):
    import_corpus(CorpusConfig(source=str(out), language="hr"), folder)
    return Corpus.open(folder).scan().collect()


@pytest.mark.parametrize("format", FORMATS)
def test_a_corpus_survives_the_way_there_and_back(corpus, tmp_path, format):
    summary = export_corpus(corpus, format, tmp_path / "out")
    assert (summary.written, summary.rejected) == (len(ROWS), {})
    rows = {
        (Path(r["audio"]).stem, round(r["start"], 2), r["end"] > 0): r
        for r in again(tmp_path / "out", tmp_path / "again").iter_rows(named=True)
    }
    assert len(rows) == len(ROWS)
    for id, recording, start, end, text, speaker, _ in ROWS:
        row = rows[recording, round(start, 2), True]
        assert row["text"] == MARK_UP_LOST.get(format, {}).get(id, text)
        assert abs(row["start"] - start) <= 0.001 and abs(row["end"] - end) <= 0.001
        if format in WITH_SPEAKER:
            assert row["speaker"] == SPEAKERS.get(format, {}).get(id, speaker)
        if format in WITH_ID:
            assert row["id"] == id
        if format in WITH_WORDS and id in WORDS and format not in ("eaf", "textgrid"):
            assert row["words"] == WORDS[id][0]
            assert row["word_starts"] == pytest.approx(WORDS[id][1], abs=0.0011)


@pytest.mark.parametrize("format", FORMATS)
def test_what_a_format_does_not_hold_stands_in_the_side_file(corpus, tmp_path, format):
    summary = export_corpus(corpus, format, tmp_path / "out")
    lines = (tmp_path / "out" / "not-in-format.jsonl").read_text().splitlines()
    values = {
        (item.get("id"), key): value
        for item in map(json.loads, lines)
        for key, value in item.items()
        if value is not None
    }
    if format in BY_RECORDING:
        assert {values[id, "split"] for id, *_ in ROWS} == {"train", "test"}
        assert summary.not_held["dob"] == len(ROWS)
    if format == "srt":
        assert values["u1", "text"] == ROWS[0][4] and ("u2", "text") not in values
        assert values["u2", "speaker"] == "Ivo"
    if format in ("csv", "kaldi"):
        assert values["u3", "words"] == WORDS["u3"][0]
    if format in ("nemo", "lhotse"):
        assert values == {} and summary.not_held == {}


def test_elan_opens_it(corpus, tmp_path):
    pympi = pytest.importorskip("pympi")
    export_corpus(corpus, "eaf", tmp_path / "out")
    eaf = pympi.Elan.Eaf(str(tmp_path / "out" / "razgovor.eaf"))
    assert set(eaf.get_tier_names()) == {"tx@Ana Š.", "tx2@Ana Š.", "words2@Ana Š.", "tx@Ivo"}
    assert eaf.get_annotation_data_for_tier("tx@Ana Š.") == [(500, 2000, ROWS[0][4])]
    assert eaf.get_annotation_data_for_tier("words2@Ana Š.")[2][:2] == (2750, 3750)
    assert eaf.get_parameters_for_tier("words2@Ana Š.")["PARENT_REF"] == "tx2@Ana Š."
    assert eaf.get_parameters_for_tier("tx@Ivo")["PARTICIPANT"] == "Ivo"
    assert (tmp_path / "out" / "razgovor.wav").is_symlink()


def test_praat_opens_it(corpus, tmp_path):
    praatio = pytest.importorskip("praatio.textgrid")
    export_corpus(corpus, "textgrid", tmp_path / "out", "none")
    grid = praatio.openTextgrid(str(tmp_path / "out" / "razgovor.TextGrid"), includeEmptyIntervals=False)
    assert grid.maxTimestamp == 6.0
    assert [(e.start, e.end, e.label) for e in grid.getTier("tx@Ivo").entries] == [
        (1.5, 3.25, "Dobar dan."),
        (4.0, 5.333, "कृपया धीरे बोलिए"),
    ]
    assert not (tmp_path / "out" / "razgovor.wav").exists()


def test_subtitle_editors_open_it(corpus, tmp_path):
    pysubs2 = pytest.importorskip("pysubs2")
    for format in ("srt", "vtt"):
        export_corpus(corpus, format, tmp_path / format)
        cues = pysubs2.load(str(tmp_path / format / f"predavanje 2.{format}"))
        assert [(cue.start, cue.end, cue.plaintext) for cue in cues] == [(0, 6000, "مرحبا بالعالم")]


def test_utterances_that_no_annotation_can_show_are_counted(tmp_path):
    rows = [
        utterance("blank", "r", 0.0, 1.0, "  ", None, None),
        utterance("open", "r", 1.0, None, "da", None, None),
    ]
    with CorpusWriter(tmp_path / "corpus", CorpusInfo("table", "x", str(tmp_path))) as writer:
        writer.write(
            pl.DataFrame(
                [*rows, utterance("good", "r", 0.0, 1.0, "da", None, None)], infer_schema_length=None
            )
        )
    summary = export_corpus(tmp_path / "corpus", "eaf", tmp_path / "out")
    assert (summary.written, summary.rejected) == (1, {"empty_text": 1, "no_duration": 1})
    assert set(pl.read_parquet(tmp_path / "out" / "rejected.parquet")["id"]) == {"blank", "open"}


def test_another_folder_is_never_replaced(corpus, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.doc").write_text("years of work")
    with pytest.raises(CorpusError, match="holds something other"):
        export_corpus(corpus, "srt", tmp_path / "mine")
    export_corpus(corpus, "srt", tmp_path / "out")
    export_corpus(corpus, "vtt", tmp_path / "out")
    assert {path.suffix for path in (tmp_path / "out").glob("razgovor.*")} == {".vtt", ".wav"}
    with pytest.raises(UsageError, match="eaf, textgrid"):
        export_corpus(corpus, "doc", tmp_path / "other")


ODD = [
    "a\ttab and two  spaces",
    "first\n\nbehind an empty line",
    "00:00:01,000 --> 00:00:02,000",
    'she said "no", then',
    "\u0645\u0631\u062d\u0628\u0627 \u200f(\u05d0)",
]


@pytest.mark.parametrize("format", FORMATS)
def test_odd_texts_come_back_or_stand_in_the_side_file(corpus, tmp_path, format):
    frame = Corpus.open(corpus).scan().collect()
    rows = (
        frame.head(1)
        .drop("id", "start", "end", "text", "speaker")
        .join(
            pl.DataFrame(
                {
                    "id": [f"o{n}" for n in range(len(ODD))],
                    "start": [2.0 * n for n in range(len(ODD))],
                    "end": [2.0 * n + 1.5 for n in range(len(ODD))],
                    "text": ODD,
                    "speaker": 'Ana "A"',
                }
            ),
            how="cross",
        )
    )
    with CorpusWriter(tmp_path / "odd", Corpus.open(corpus).info) as writer:
        writer.write(rows.with_columns(duration=None))
    export_corpus(tmp_path / "odd", format, tmp_path / "out")
    lines = (tmp_path / "out" / "not-in-format.jsonl").read_text().splitlines()
    noted = {item["id"]: item for item in map(json.loads, lines)}
    back = {round(r["start"]): r for r in again(tmp_path / "out", tmp_path / "again").iter_rows(named=True)}
    assert len(back) == len(ODD)
    for number, text in enumerate(ODD):
        found = back[2 * number]["text"]
        assert found == text or noted[f"o{number}"]["text"] == text, (format, found)
