"""A corpus goes in, a data set that others read comes out."""

import io
import json
import shutil

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
import soundfile as sf

from govor.audio import load_mono
from govor.config import PrepareConfig
from govor.corpora.folder import Corpus
from govor.errors import BusyError, CorpusError, DatasetError, LimitError
from govor.load import Dataset
from govor.prepare import prepare_corpus, projected
from govor.store import locked
from speech import RATE, speak, spoken_rows, write_corpus

ONE = PrepareConfig(workers=1)


def tree(folder):
    """Every visible file and its bytes."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != ".lock"]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files if ".prepare" not in p.parts}


def clips(folder, split):
    table = pq.read_table(sorted((folder / "data").glob(f"{split}-*.parquet"))).to_pylist()
    return {row["id"]: row for row in table}


def test_clips_are_the_cuts_of_the_recordings(tiny_corpus, tiny_dataset):
    utterances = {row["id"]: row for row in Corpus.open(tiny_corpus).scan().collect().to_dicts()}
    root = Corpus.open(tiny_corpus).info.audio_root
    seen = 0
    for split in ("train", "dev", "test"):
        for name, row in clips(tiny_dataset, split).items():
            source = utterances[name]
            heard, rate = sf.read(io.BytesIO(row["audio"]["bytes"]), dtype="float32")
            wanted = load_mono(f"{root}/{source['audio']}", start=source["start"], end=source["end"])
            assert rate == 16_000 and len(heard) == len(wanted) == round(row["duration"] * 16_000)
            assert np.abs(heard - wanted).max() < 1e-4
            assert (row["text"], row["speaker"]) == (source["text"], source["speaker"])
            seen += 1
    assert seen == len(utterances)


def test_datasets_opens_it(tiny_dataset, tmp_path):
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(str(tiny_dataset), cache_dir=str(tmp_path))
    assert {name: len(rows) for name, rows in loaded.items()} == {"train": 12, "dev": 2, "test": 3}
    assert loaded["train"].features["audio"] == datasets.Audio(sampling_rate=16_000)
    row = loaded["dev"].cast_column("audio", datasets.Audio(decode=False))[0]
    assert sf.info(io.BytesIO(row["audio"]["bytes"])).samplerate == 16_000


def test_datasets_tells_sets_of_the_same_name_apart(tmp_path):
    """Its cache knows a local data set by the name of its folder and the header of its card."""
    datasets = pytest.importorskip("datasets")
    rows = spoken_rows(tmp_path / "audio")
    for place, chosen in (("a", rows[:4]), ("b", rows[4:6])):
        corpus = write_corpus(tmp_path / f"corpus-{place}", chosen, tmp_path / "audio")
        prepare_corpus(corpus, str(tmp_path / place / "dataset"), ONE)
        loaded = datasets.load_dataset(str(tmp_path / place / "dataset"), cache_dir=str(tmp_path / "cache"))
        found = [name for split in loaded.values() for name in split["id"]]
        assert sorted(found) == sorted(row["id"] for row in chosen)


def test_the_index_tells_everything(tiny_dataset):
    index = json.loads((tiny_dataset / "dataset.json").read_text())
    assert index["read"] == index["kept"] + index["rejected"] == 17
    assert index["splits"]["train"]["utterances"] == 12
    assert index["sample_rate"] == 16_000 and index["languages"] == ["hr"]
    assert pl.read_parquet(tiny_dataset / "rejected.parquet").height == 0


def test_a_damaged_index_is_written_again(tiny_corpus, tiny_dataset, tmp_path):
    copy = shutil.copytree(tiny_dataset, tmp_path / "dataset")
    whole = (copy / "dataset.json").read_bytes()
    (copy / "dataset.json").write_bytes(whole[: len(whole) // 2])
    prepare_corpus(tiny_corpus, str(copy), ONE)
    assert (copy / "dataset.json").read_bytes() == whole


def test_workers_and_order_do_not_change_bytes(tiny_corpus, tiny_dataset, tmp_path):
    prepare_corpus(tiny_corpus, str(tmp_path / "two"), PrepareConfig(workers=2))
    assert tree(tmp_path / "two") == tree(tiny_dataset)


def test_again_does_nothing(tiny_corpus, tmp_path):
    first = prepare_corpus(tiny_corpus, str(tmp_path), ONE)
    second = prepare_corpus(tiny_corpus, str(tmp_path), ONE)
    assert len(first["written"]) == 3 and second["written"] == []
    assert first["fingerprint"] == second["fingerprint"]


@pytest.mark.parametrize("codec", ["opus", "wav"])
def test_other_codecs(tiny_corpus, tmp_path, codec):
    config = PrepareConfig(workers=1, codec=codec)
    prepare_corpus(tiny_corpus, str(tmp_path / "a"), config)
    prepare_corpus(tiny_corpus, str(tmp_path / "b"), config)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    row = next(iter(clips(tmp_path / "a", "dev").values()))
    assert row["audio"]["path"].endswith(f".{codec}")
    assert abs(len(load_mono(row["audio"]["bytes"])) / 16_000 - row["duration"]) < 0.03


def test_changed_settings_are_named_and_refused(tiny_corpus, tmp_path):
    prepare_corpus(tiny_corpus, str(tmp_path), ONE)
    with pytest.raises(DatasetError, match=r"codec flac \(now wav\)"):
        prepare_corpus(tiny_corpus, str(tmp_path), PrepareConfig(codec="wav"))


def test_what_an_earlier_format_holds_is_not_mixed_and_stays_readable(tiny_corpus, tmp_path):
    prepare_corpus(tiny_corpus, str(tmp_path), ONE)
    plan = tmp_path / ".prepare" / "plan.json"
    stored = json.loads(plan.read_text())
    stored["settings"]["versions"]["format"] = "1"
    plan.write_text(json.dumps(stored))
    with pytest.raises(DatasetError, match=r"format of govor 1 \(now \d+\).*choose another --out") as caught:
        prepare_corpus(tiny_corpus, str(tmp_path), ONE)
    assert "same settings" not in str(caught.value)
    assert Dataset.open(str(tmp_path)).splits


def test_a_busy_target_is_refused(tiny_corpus, tmp_path):
    with locked(tmp_path), pytest.raises(BusyError, match="is being written by process"):
        prepare_corpus(tiny_corpus, str(tmp_path), ONE)


def test_a_target_with_something_else_is_refused(tiny_corpus, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "other.parquet").write_bytes(b"PAR1")
    with pytest.raises(DatasetError, match="does not know"):
        prepare_corpus(tiny_corpus, str(tmp_path), ONE)


@pytest.fixture
def rows(tmp_path):
    return spoken_rows(tmp_path / "audio")


def prepared(tmp_path, rows, config=ONE, name="corpus", **more):
    corpus = write_corpus(tmp_path / name, rows, tmp_path / "audio")
    return prepare_corpus(corpus, str(tmp_path / "dataset"), config, **more)


def encoded(path, container, codec=None):
    """A recording as libsndfile writes it: an MP3 has a header that counts its frames."""
    samples, _ = sf.read(path)
    sink = io.BytesIO()
    sf.write(sink, samples, 24_000, codec, format=container)
    return sink.getvalue()


def test_a_flac_that_understates_its_length_keeps_its_end(tmp_path):
    """Its clip is cut from blocks of four seconds, past the end that the header tells of."""
    (tmp_path / "audio").mkdir()
    sf.write(tmp_path / "audio" / "a.flac", speak("dobar dan svima", "ana") * 0.9, RATE)
    content = bytearray((tmp_path / "audio" / "a.flac").read_bytes())
    samples = sf.info(tmp_path / "audio" / "a.flac").frames
    content[22:26] = (samples // 3).to_bytes(4, "big")
    (tmp_path / "audio" / "a.flac").write_bytes(content)
    prepared(tmp_path, [{"id": "a", "recording": "a", "audio": "a.flac", "text": "x", "split": "train"}])
    assert clips(tmp_path / "dataset", "train")["a"]["duration"] == pytest.approx(samples / RATE, abs=1e-3)


def test_a_wav_from_a_pipe_keeps_its_end(tmp_path):
    """SoX and ffmpeg cannot go back to write its size, and leave a number in its place."""
    (tmp_path / "audio").mkdir()
    sf.write(tmp_path / "audio" / "a.wav", speak("dobar dan svima", "ana"), RATE, "PCM_16")
    content = bytearray((tmp_path / "audio" / "a.wav").read_bytes())
    rows = []
    for name, size in (("sox", 0x7FFFF000), ("ffmpeg", 0xFFFFFFFF), ("pipe", 0)):
        content[40:44] = size.to_bytes(4, "little")
        (tmp_path / "audio" / f"{name}.wav").write_bytes(content)
        rows.append({"id": name, "recording": name, "audio": f"{name}.wav", "text": "x", "split": "train"})
    prepared(tmp_path, rows)
    assert set(clips(tmp_path / "dataset", "train")) == {"sox", "ffmpeg", "pipe"}


def test_bad_files_are_set_aside_with_reasons(tmp_path, rows, capsys):
    audio = tmp_path / "audio"
    bad = {
        "cut.wav": (audio / "dev0.wav").read_bytes()[:20_000],
        "cut.mp3": encoded(audio / "dev0.wav", "MP3")[:-8_000],
        "cut.opus": encoded(audio / "dev0.wav", "OGG", "OPUS")[:-2_000],
        "empty.flac": b"",
        "page.mp3": b"<html>404</html>" * 50,
    }
    for name, content in bad.items():
        (audio / name).write_bytes(content)
    base = {**rows[-1], "split": "test"}
    for name in [*bad, "none.wav"]:
        rows.append({**base, "id": name, "audio": name, "recording": name})
    long = rows[0]
    rows.append({**long, "id": "beyond", "start": 1.0, "end": 900.0})
    rows.append({**long, "id": "backwards", "start": 3.0, "end": 2.0})
    rows.append({**long, "id": "channel", "channel": 5})
    with pytest.raises(LimitError, match="more than --max-rejected") as caught:
        prepared(tmp_path, rows)
    summary = caught.value.summary
    assert summary["read"] == summary["kept"] + summary["rejected"] == len(rows)
    last = capsys.readouterr().err.splitlines()[-1]
    assert "100%" in last and "h/min" in last and f"{summary['rejected']} rejected" in last
    found = pl.read_parquet(tmp_path / "dataset" / "rejected.parquet")
    assert dict(zip(found["id"], found["reason"], strict=True)) == {
        "cut.wav": "truncated",
        "cut.mp3": "truncated",
        "cut.opus": "truncated",
        "empty.flac": "empty_file",
        "page.mp3": "unreadable",
        "none.wav": "missing",
        "beyond": "past_end",
        "backwards": "empty_span",
        "channel": "no_such_channel",
    }
    again = prepared(tmp_path, rows, PrepareConfig(max_rejected=1.0))
    assert again["written"] == []


def test_a_split_without_a_clip_still_loads(tmp_path, rows):
    datasets = pytest.importorskip("datasets")
    for row in rows:
        if row["split"] == "dev":
            (tmp_path / "audio" / row["audio"]).write_bytes(b"nothing of use")
    prepared(tmp_path, rows, PrepareConfig(workers=1, max_rejected=1.0))
    loaded = datasets.load_dataset(str(tmp_path / "dataset"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(split) for name, split in loaded.items()} == {"train": 12, "test": 3}


def test_splits_are_all_or_none(tmp_path, rows, capsys):
    with pytest.raises(CorpusError, match="some utterances have a split"):
        prepared(tmp_path, [*rows, {**rows[0], "id": "x", "split": None}])
    summary = prepared(tmp_path, [{**row, "split": None} for row in rows], name="none")
    assert summary["splits"] == {"train": 17}
    assert "all become train" in capsys.readouterr().err


def test_channels_are_taken_or_mixed(tmp_path):
    rate = 16_000
    left, right = speak("dobar dan", "ana"), speak("hvala lijepa", "ivo")
    size = min(len(left), len(right))
    (tmp_path / "audio").mkdir()
    sf.write(tmp_path / "audio" / "a.wav", np.stack([left[:size], right[:size]], axis=1), 22_050)
    base = {"recording": "a", "audio": "a.wav", "text": "x", "split": "train"}
    rows = [{**base, "id": str(c), "channel": c} for c in (None, 0, 1)]
    prepared(tmp_path, rows)
    heard = {
        name: sf.read(io.BytesIO(row["audio"]["bytes"]), dtype="float32")[0]
        for name, row in clips(tmp_path / "dataset", "train").items()
    }
    for name, channel in (("0", 0), ("1", 1), ("None", None)):
        wanted = load_mono(tmp_path / "audio" / "a.wav", channel=channel, sample_rate=rate)
        assert np.abs(heard[name] - wanted).max() < 1e-4


def test_a_long_recording_gets_shards_of_its_own(tmp_path, rows):
    train = [row for row in rows if row["split"] == "train"]
    config = PrepareConfig(workers=2, shard_bytes=200_000, row_group_bytes=60_000)
    summary = prepared(tmp_path, train, config)
    names = sorted(p.name for p in (tmp_path / "dataset" / "data").glob("*.parquet"))
    assert len(names) == summary["shards"] > 2
    for name in names:
        file = pq.ParquetFile(tmp_path / "dataset" / "data" / name)
        assert len({row["recording"] for row in file.read(["recording"]).to_pylist()}) == 1
    assert set(clips(tmp_path / "dataset", "train")) == {row["id"] for row in train}


def test_vanished_recordings_stop_the_run_and_it_goes_on_later(tmp_path, rows):
    audio = tmp_path / "audio"
    corpus = write_corpus(tmp_path / "corpus", rows, audio)
    audio.rename(tmp_path / "away")
    with pytest.raises(CorpusError, match="bring it back"):
        prepare_corpus(corpus, str(tmp_path / "dataset"), ONE)
    assert not (tmp_path / "dataset" / "dataset.json").exists()
    (tmp_path / "away").rename(audio)
    assert prepare_corpus(corpus, str(tmp_path / "dataset"), ONE)["rejected"] == 0


def test_projection_bounds_what_is_written(tiny_corpus, tiny_dataset):
    said = projected(Corpus.open(tiny_corpus), ONE)
    written = sum(p.stat().st_size for p in (tiny_dataset / "data").iterdir())
    assert said.shards == 3
    assert 0.4 * written < said.bytes < 2.5 * written


def test_texts_that_nobody_checked_are_never_prepared_to_be_scored(tiny_corpus, tmp_path):
    rows = Corpus.open(tiny_corpus).scan().collect()
    marked = pl.when(pl.col("split") == "test").then(pl.lit("machine")).otherwise(pl.lit("human"))
    corpus = tmp_path / "corpus"
    shutil.copytree(tiny_corpus, corpus)
    rows.with_columns(marked.alias("text_source")).write_parquet(corpus / "utterances.parquet")
    count = rows.filter(pl.col("split") == "test").height
    with pytest.raises(CorpusError, match=rf"nobody checked, {count} in test: .*govor select"):
        prepare_corpus(corpus, str(tmp_path / "data"), ONE)
    assert not (tmp_path / "data" / "dataset.json").exists()


def test_who_wrote_a_text_goes_into_the_data_set(tiny_corpus, tmp_path):
    rows = Corpus.open(tiny_corpus).scan().collect()
    marked = pl.when(pl.col("split") == "train").then(pl.lit("machine")).otherwise(pl.lit("machine_checked"))
    corpus = tmp_path / "corpus"
    shutil.copytree(tiny_corpus, corpus)
    rows = rows.with_columns(marked.alias("text_source"), pl.lit("m1").alias("text_model"))
    rows.write_parquet(corpus / "utterances.parquet")
    prepare_corpus(corpus, str(tmp_path / "data"), ONE)
    sources = {row["text_source"] for row in clips(tmp_path / "data", "train").values()}
    assert sources == {"machine"}
    assert {row["text_model"] for row in clips(tmp_path / "data", "test").values()} == {"m1"}
