"""A corpus written in another tool's format and imported again is the same, as far as the format holds it."""

import datetime
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
# Kaldi's keys have no white space.
SPEAKERS = {"kaldi": {"u1": "Ana_Š.", "u3": "Ana_Š."}}


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
    "{\\an8}x & <i>y</i>",
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


def odd_corpus(folder, rows):
    """A corpus of these rows, with columns that are called as keys of some formats."""
    for audio in {row[2] for row in rows}:
        (folder / audio).parent.mkdir(exist_ok=True)
        channels = 2 if "stereo" in audio else 1
        sf.write(folder / audio, np.zeros((6 * RATE_HZ, channels), "float32"), RATE_HZ)
    names = ("id", "recording", "audio", "start", "end", "text", "speaker")
    further = {
        "split": "train",
        "language": "hr",
        "file": "a.mp4",
        "lang": "en",
        "offset": 3.5,
        "channel": None,
    }
    frame = pl.DataFrame(
        [dict(zip(names, row, strict=True)) | further for row in rows], infer_schema_length=None
    )
    with CorpusWriter(folder / "corpus", CorpusInfo("table", "x", str(folder))) as writer:
        writer.write(frame)
    return folder / "corpus"


SAME_NAMES = [
    ("s 1", "session", "a/one.wav", 0.0, 1.0, "prvi", "Ana"),
    ("s_1", "session", "b/one.wav", 0.0, 1.0, "drugi", None),
    ("s_2", "other", "stereo.wav", 0.5, 1.0, "treći", "Ana"),
]


@pytest.mark.parametrize("format", FORMATS)
def test_recordings_of_one_name_stay_apart(tmp_path, format):
    corpus = odd_corpus(tmp_path, SAME_NAMES)
    export_corpus(corpus, format, tmp_path / "out")
    import_corpus(CorpusConfig(source=str(tmp_path / "out"), language="hr"), tmp_path / "again")
    back = Corpus.open(tmp_path / "again")
    found = {
        row["text"]: (Path(back.audio_path(row["audio"])).resolve(), row["channel"], row["split"])
        for row in back.scan().collect().iter_rows(named=True)
    }
    split = None if format in BY_RECORDING else "train"
    assert found == {text: (tmp_path / audio, None, split) for _, _, audio, _, _, text, _ in SAME_NAMES}


def side_file(out):
    lines = (out / "not-in-format.jsonl").read_text().split("\n")[:-1]
    return [json.loads(line) for line in lines]


def test_names_that_a_format_changes_stand_in_the_side_file(tmp_path):
    corpus = odd_corpus(tmp_path, SAME_NAMES)
    summary = export_corpus(corpus, "kaldi", tmp_path / "kaldi")
    ids = {item["id"]: item["id_in_format"] for item in side_file(tmp_path / "kaldi")}
    assert ids == {"s 1": "s_1_2", "s_1": None, "s_2": None}
    assert summary.not_held["id_in_format"] == 1 and summary.not_held["recording"] == 1
    assert set(again(tmp_path / "kaldi", tmp_path / "back")["id"]) == {"s_1", "s_1_2", "s_2"}
    export_corpus(corpus, "lhotse", tmp_path / "lhotse")
    assert [(i["id"], i["recording"]) for i in side_file(tmp_path / "lhotse")][1] == ("s_1", "session")


def test_columns_that_are_called_as_the_formats_own_are_kept(tmp_path):
    corpus = odd_corpus(tmp_path, SAME_NAMES)
    export_corpus(corpus, "eaf", tmp_path / "eaf")
    assert {item["file_of_corpus"] for item in side_file(tmp_path / "eaf")} == {"a.mp4"}
    summary = export_corpus(corpus, "nemo", tmp_path / "nemo")
    assert summary.not_held == {"lang": 3, "offset": 3}
    assert again(tmp_path / "nemo", tmp_path / "back")["language"].to_list() == ["hr"] * 3


def test_a_recording_that_is_called_as_the_exports_own_file(tmp_path):
    corpus = odd_corpus(tmp_path, [("a", "export", "export.wav", 0.0, 1.0, "da", None)])
    export_corpus(corpus, "whisper-json", tmp_path / "out")
    assert again(tmp_path / "out", tmp_path / "back")["text"].to_list() == ["da"]


@pytest.mark.parametrize("format", BY_RECORDING)
def test_neighbours_shorter_than_a_millisecond_do_not_overlap(tmp_path, format):
    rows = [
        ("a", "r", "r.wav", 2.0, 2.0004, "a", "Ana"),
        ("b", "r", "r.wav", 2.0004, 3.0, "b", "Ivo"),
    ]
    export_corpus(odd_corpus(tmp_path, rows), format, tmp_path / "out")
    back = again(tmp_path / "out", tmp_path / "back").sort("start")
    assert back["start"].to_list() == [2.0, 2.001] and back["end"].to_list() == [2.001, 3.0]


def test_speakers_whom_a_format_calls_the_same_share_tiers(tmp_path):
    rows = [
        ("a", "r", "r.wav", 0.0, 1.0, "a", "Ana  Š"),
        ("b", "r", "r.wav", 0.5, 2.0, "b", "Ana Š"),
        ("c", "r", "r.wav", 2.0, 3.0, "-", "Ana <&> Š"),
    ]
    corpus = odd_corpus(tmp_path, rows)
    export_corpus(corpus, "eaf", tmp_path / "eaf")
    tiers = (tmp_path / "eaf" / "r.eaf").read_text().count('TIER_ID="tx@Ana Š"')
    assert tiers == 1
    assert set(again(tmp_path / "eaf", tmp_path / "back")["text"]) == {"a", "b"}
    assert [item["text"] for item in side_file(tmp_path / "eaf")] == [None, None, "-"]
    export_corpus(corpus, "vtt", tmp_path / "vtt")
    assert set(again(tmp_path / "vtt", tmp_path / "from-vtt")["speaker"]) == {"Ana Š", "Ana <&> Š"}


@pytest.mark.parametrize("format", FORMATS)
def test_values_that_json_has_no_kind_for_are_text(tmp_path, format):
    corpus = odd_corpus(tmp_path, [("a", "r", "r.wav", 0.0, 1.0, "da", None)])
    values = {
        "born": datetime.date(2001, 2, 3),
        "said": datetime.datetime(2020, 1, 2, 3, 4),
        "took": datetime.timedelta(seconds=1.5),
        "raw": b"\xff\x00",
        "days": [datetime.date(2001, 2, 3)],
    }
    frame = (
        Corpus.open(corpus).scan().collect().with_columns(**{name: pl.lit(v) for name, v in values.items()})
    )
    info = Corpus.open(corpus).info
    with CorpusWriter(tmp_path / "typed", info) as writer:
        writer.write(frame)
    export_corpus(tmp_path / "typed", format, tmp_path / "out")
    back = again(tmp_path / "out", tmp_path / "back").row(0, named=True)
    told = (
        {**back, **{k: v for k, v in side_file(tmp_path / "out")[0].items() if v is not None}}
        if (tmp_path / "out" / "not-in-format.jsonl").stat().st_size
        else back
    )
    assert (told["born"], float(told["took"]), told["raw"]) == ("2001-02-03", 1.5, "/wA=")
