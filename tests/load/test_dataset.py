"""Any clip by (split, row), from any layout of shards."""

import json
import pickle
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from written_sets import samples_of, write_dataset, write_shard

from govor.errors import AudioError, DatasetError
from govor.load import Dataset
from govor.load.content import LocalContent

LAYOUTS = {
    "plain": {},
    "small pages": {"data_page_size": 2_000, "write_batch_size": 2},
    "page v2": {"data_page_version": "2.0"},
    "page index": {"write_page_index": True},
    "zstd": {"compression": "zstd"},
    "dictionary": {"use_dictionary": True},
}
ADDRESSABLE = {"plain", "small pages", "page v2", "page index"}


def test_facts(folder, durations):
    dataset = Dataset.open(folder)
    assert dataset.splits == {"train": 50, "dev": 3}
    assert dataset.sample_rate == 16_000 and dataset.fingerprint == "f" * 32
    assert dataset.durations("train").tolist() == durations["train"]
    table = dataset.table("dev")
    assert "audio" not in table.columns and table["id"].to_list() == ["dev-0", "dev-1", "dev-2"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_clip_is_the_right_one(layout, tmp_path, durations):
    dataset = Dataset.open(write_dataset(tmp_path / "set", durations, shards=3, **LAYOUTS[layout]))
    rows = np.random.default_rng(1).permutation(50).tolist()
    for row, wave in dataset.waves("train", rows):
        assert np.array_equal(wave, samples_of("train", row, durations["train"][row]))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_positions_are_used_where_they_can_be(layout, tmp_path, durations):
    path = tmp_path / "train-00000-of-00001.parquet"
    write_shard(path, "train", range(20), durations["train"], **LAYOUTS[layout])
    positions = LocalContent(path).positions(pq.read_metadata(path))
    assert (positions is not None) == (layout in ADDRESSABLE)


def test_pickles_as_its_place(folder):
    dataset = Dataset.open(folder)
    dataset.wave("train", 3)
    again = pickle.loads(pickle.dumps(dataset))
    assert len(pickle.dumps(dataset)) < 2_000
    assert np.array_equal(again.wave("train", 3), dataset.wave("train", 3))


def test_another_rate(folder):
    assert len(Dataset.open(folder).wave("dev", 1, sample_rate=8_000)) == 8_000


def test_remote_place_is_read_through_the_cache(folder, tmp_path, monkeypatch):
    import fsspec

    monkeypatch.setenv("GOVOR_CACHE", str(tmp_path / "cache"))
    memory = fsspec.filesystem("memory")
    memory.put(str(folder), "/set", recursive=True)
    dataset, local = Dataset.open("memory://set"), Dataset.open(folder)
    assert dataset.splits == local.splits
    assert dataset.table("train").equals(local.table("train"))
    assert np.array_equal(dataset.wave("train", 40), local.wave("train", 40))
    assert len(list((tmp_path / "cache").rglob("*.parquet"))) == 1  # the shard that was needed


@pytest.mark.parametrize("layout", ["plain", "small pages", "zstd"])
def test_without_room_for_a_copy_clips_are_fetched_one_by_one(
    layout, tmp_path, durations, monkeypatch, capsys
):
    import fsspec

    folder = write_dataset(tmp_path / "set", durations, shards=3, **LAYOUTS[layout])
    monkeypatch.setenv("GOVOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("govor.store.free_bytes", lambda path: 10)
    url = f"memory://no room {layout}"
    fsspec.filesystem("memory").put(str(folder), f"/no room {layout}", recursive=True)
    dataset = Dataset.open(url)
    for row, wave in dataset.waves("train", range(49, -1, -1)):
        assert np.array_equal(wave, samples_of("train", row, durations["train"][row]))
    assert not list((tmp_path / "cache").rglob("*.parquet"))
    assert capsys.readouterr().err.count("fetched one by one") == 1
    again = pickle.loads(pickle.dumps(dataset))
    assert np.array_equal(again.wave("train", 3), dataset.wave("train", 3))
    assert bool(list((tmp_path / "cache").rglob("*.positions.npy"))) == (layout in ADDRESSABLE)


def test_clips_of_an_object_store_without_room_for_a_copy(s3, folder, durations, tmp_path, monkeypatch):
    import fsspec

    monkeypatch.setenv("GOVOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("govor.store.free_bytes", lambda path: 10)
    files, root = fsspec.core.url_to_fs(f"{s3}/set")
    files.put(f"{folder}/", f"{root}/", recursive=True)
    dataset = Dataset.open(f"{s3}/set")
    for row in (49, 0, 25):
        wanted = samples_of("train", row, durations["train"][row])
        assert np.array_equal(dataset.wave("train", row), wanted)
    assert not list((tmp_path / "cache").rglob("*.parquet"))


def test_foreign_parquet_opens(folder, tmp_path):
    shutil.copytree(folder / "data", tmp_path / "data")
    dataset = Dataset.open(tmp_path)
    assert dataset.info == {} and len(dataset.fingerprint) == 32 and dataset.sample_rate == 16_000


def test_unfinished_and_incomplete_sets_say_so(folder, tmp_path):
    copy = tmp_path / "set"
    shutil.copytree(folder, copy)
    info = json.loads((copy / "dataset.json").read_text())
    names = sorted(f"data/{path.name}" for path in (copy / "data").iterdir())
    (copy / "dataset.json").write_text(json.dumps({**info, "shards": names[1:]}))
    assert Dataset.open(copy).splits["train"] == 50
    (copy / names[1]).unlink()
    with pytest.raises(DatasetError, match="is missing"):
        Dataset.open(copy)
    (copy / "dataset.json").unlink()
    (copy / ".prepare").mkdir()
    (copy / ".prepare" / "plan").touch()
    with pytest.raises(DatasetError, match="not finished"):
        Dataset.open(copy)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda d: shutil.rmtree(d / "data"), "not a prepared data set"),
        (lambda d: (d / "dataset.json").write_text("{"), "is damaged"),
        (lambda d: next((d / "data").glob("dev*")).write_bytes(b"PAR1"), "damaged"),
    ],
)
def test_broken_sets_are_one_sentence(break_it, message, folder, tmp_path):
    copy = tmp_path / "set"
    shutil.copytree(folder, copy)
    break_it(copy)
    with pytest.raises(DatasetError, match=message):
        Dataset.open(copy)


def test_wrong_split_and_row(folder):
    dataset = Dataset.open(folder)
    with pytest.raises(DatasetError, match="no split 'test'"):
        dataset.table("test")
    with pytest.raises(DatasetError, match="rows 0 to 2"):
        dataset.clip_bytes("dev", 3)


def test_clip_that_cannot_be_decoded_is_named(tmp_path, monkeypatch):
    folder = write_dataset(tmp_path / "set", {"train": [0.5, 0.6]}, shards=1)
    dataset = Dataset.open(folder)
    monkeypatch.setattr(Dataset, "clip_bytes", lambda *_: b"fLaC" + b"\0" * 50)
    with pytest.raises(AudioError, match="train row 1"):
        dataset.wave("train", 1)
