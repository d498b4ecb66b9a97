"""Foreign Arrow and Parquet whose insides are damaged: one sentence, before any value is touched."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from corpus_sources import Imported, touch_audio

from govor.corpora.huggingface import _saved
from govor.errors import CorpusError

Importer = Callable[..., Imported]
FAR = 2**30


def strings(*texts: bytes) -> pa.Array:
    """Texts of any bytes."""
    ends = [sum(map(len, texts[:count])) for count in range(len(texts) + 1)]
    places = pa.array(ends, pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), len(texts), [None, places, pa.py_buffer(b"".join(texts))])


def clips(count: int) -> pa.Array:
    return pa.array([{"bytes": b"RIFF", "path": f"{n}.wav"} for n in range(count)])


def saved(folder: Path, *texts: bytes) -> Path:
    """A data set as ``save_to_disk`` leaves it; its Arrow file."""
    folder.mkdir()
    (folder / "dataset_info.json").write_text("{}")
    batch = pa.record_batch([clips(len(texts)), strings(*texts)], ["audio", "sentence"])
    file = folder / "data.arrow"
    with pa.OSFile(str(file), "wb") as opened, pa.ipc.new_stream(opened, batch.schema) as stream:
        stream.write_batch(batch)
    return file


@pytest.mark.parametrize("places", [(0, 3, FAR), (0, 9, 3), (-FAR, 3, 8)])
def test_texts_that_lie_elsewhere_are_not_read(
    places: tuple[int, ...], tmp_path: Path, imported: Importer
) -> None:
    file = saved(tmp_path / "set", b"hej", b"dobro")
    content, whole = file.read_bytes(), struct.pack("<3i", 0, 3, 8)
    assert content.count(whole) == 1
    file.write_bytes(content.replace(whole, struct.pack("<3i", *places)))
    with pytest.raises(CorpusError, match=r"data\.arrow is damaged \(.*\): copy it again"):
        imported(tmp_path / "set")


def test_texts_of_other_bytes_than_utf8_are_not_read(tmp_path: Path, imported: Importer) -> None:
    saved(tmp_path / "set", b"hej", b"\xe8aj")
    with pytest.raises(CorpusError, match=r"data\.arrow is damaged"):
        imported(tmp_path / "set")


@pytest.mark.parametrize("embedded", [True, False])
def test_parquet_with_other_bytes_than_utf8_is_named(
    embedded: bool, tmp_path: Path, imported: Importer
) -> None:
    touch_audio(tmp_path / "0.wav")
    audio = clips(1) if embedded else pa.array(["0.wav"])
    table = pa.table({"audio": audio, "text": strings(b"hej\xe8")})
    pq.write_table(table, tmp_path / "train.parquet")
    with pytest.raises(CorpusError, match=r"train\.parquet is damaged"):
        imported(tmp_path / "train.parquet")


@pytest.mark.parametrize(
    "named", ['["a\\u0000b"]', '["../other"]', '["/"]', "[3]", "[" * 5000, '{"splits": 3}']
)
def test_splits_are_folders_of_the_set(named: str, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "data.arrow").write_bytes(b"")
    (tmp_path / "set" / "dataset_dict.json").write_text(f'{{"splits": {named}}}')
    assert _saved(tmp_path / "set") == {}
