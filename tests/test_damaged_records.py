"""What fuzzing found in govor's own files, one case of each kind: a sentence names file and place."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from govor.corpora.folder import Corpus, CorpusInfo, CorpusWriter
from govor.errors import CorpusError, DatasetError, InputError, ModelError
from govor.lm.arpa import read_arpa
from govor.lm.settings import fusion_settings
from govor.load import Dataset
from govor.load.positions import clip_positions
from govor.train import checkpoint
from govor.train.metrics import read_metrics


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    rows = pl.DataFrame(
        {"id": ["a", "b"], "recording": ["r", "r"], "audio": ["r.wav", "r.wav"], "text": ["x", "y"]}
    )
    with CorpusWriter(tmp_path / "corpus", CorpusInfo("table", "here", str(tmp_path))) as writer:
        writer.write(rows)
    return tmp_path / "corpus"


def changed(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_corpus_whose_record_is_of_another_shape(corpus: Path) -> None:
    changed(corpus / "corpus.json", audio_root=[])
    with pytest.raises(CorpusError, match=r"json is damaged \(audio_root is \[\] instead of a text\)"):
        Corpus.open(corpus)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.drop("channel"), "has no column channel"),
        (lambda t: t.with_columns(start=pl.lit("0")), "the column start is String instead of Float64"),
        (lambda t: t.with_columns(end=pl.lit(float("nan"))), "2 rows without end"),
        (lambda t: t.with_columns(id=pl.lit(None, pl.String)), "2 rows without id"),
    ],
)
def test_a_corpus_whose_table_is_another(corpus: Path, change: Any, said: str) -> None:
    path = corpus / "utterances.parquet"
    change(pl.read_parquet(path)).write_parquet(path)
    for read in (Corpus.scan, lambda found: list(found.batches())):
        with pytest.raises(CorpusError, match=said):
            read(Corpus.open(corpus))


def _dataset(folder: Path, **columns: Any) -> Path:
    (folder / "data").mkdir(parents=True)
    audio = pa.array(
        [{"bytes": b"x", "path": "a"}], pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    )
    table = pa.table({"id": ["a"], "audio": audio, "text": ["x"], "duration": [1.0], **columns})
    pq.write_table(table, folder / "data" / "dev-00000-of-00001.parquet")
    (folder / "dataset.json").write_text(json.dumps({"fingerprint": "f", "sample_rate": 16_000}))
    return folder


@pytest.mark.parametrize("rate", [1e308, -1, 3, "16000", 10**12])
def test_a_data_set_of_a_rate_that_is_none(tmp_path: Path, rate: Any) -> None:
    place = _dataset(tmp_path / "set")
    changed(place / "dataset.json", sample_rate=rate)
    with pytest.raises(DatasetError, match=str(place)):
        _ = Dataset.open(place).sample_rate


def test_a_data_set_whose_columns_are_others(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="the column text of split dev is Int64; it holds texts"):
        Dataset.open(_dataset(tmp_path / "a", text=[1])).table("dev")
    with pytest.raises(DatasetError, match="durations that are not seconds"):
        Dataset.open(_dataset(tmp_path / "b", duration=[float("nan")])).durations("dev")
    with pytest.raises(DatasetError, match=r"has no column audio\.bytes"):
        Dataset.open(_dataset(tmp_path / "c", audio=["x"])).clip_bytes("dev", 0)


class _Chunk:
    """A column chunk of one page."""

    compression, has_dictionary_page = "UNCOMPRESSED", False
    data_page_offset, total_compressed_size = 0, 100
    num_row_groups = num_columns = 1
    path = "audio.bytes"
    schema = property(lambda self: self)
    column = row_group = lambda self, number: self


@pytest.mark.parametrize(
    "header", [b"", b"\x15\x00", b"\x15\x00\x15\x00\x15\x07\x00" + bytes(90), b"\xff" * 40]
)
def test_page_headers_that_are_none_end_the_walk(header: bytes) -> None:
    with pytest.raises(ValueError, match="page"):
        clip_positions(lambda offset, size: header[offset : offset + size], _Chunk())


def test_a_checkpoint_names_no_file_outside_of_it(tmp_path: Path) -> None:
    place = tmp_path / "checkpoints" / "step-00000001"
    facts = {"step": 1, "position": {"step": 1, "epoch": 0.5, "seconds": 1.0}}
    checkpoint.write(place, lambda folder: (folder / "config.json").write_text("{}") and None, facts)
    assert checkpoint.verify(place).position.epoch == 0.5
    changed(place / "checkpoint.json", files={"../../x": {"bytes": 1, "sha256": ""}})
    with pytest.raises(ModelError, match=r"names '\.\./\.\./x' outside of it"):
        checkpoint.read(place)


def test_a_damaged_manifest_gives_way_to_the_checkpoint_before(tmp_path: Path) -> None:
    for step in (1, 2):
        facts = {"step": step, "position": {"step": step, "epoch": 0.5, "seconds": 1.0}}
        checkpoint.write(tmp_path / f"step-0000000{step}", lambda folder: None, facts)
    changed(tmp_path / "step-00000002" / "checkpoint.json", position=[1])
    said: list[str] = []
    found = checkpoint.newest_good(tmp_path, said.append)
    assert found is not None and found.step == 1
    assert "position is [1] instead of an object" in said[0] and "govor uses the one before" in said[0]


@pytest.mark.parametrize(
    "torn", [b'{"kind": "train", "st', b"\xff\n", b"[]\n", b'{"kind": 3, "step": 1}\n', b"{}\n"]
)
def test_metrics_are_read_up_to_the_damage(tmp_path: Path, torn: bytes) -> None:
    good = b'{"kind": "train", "step": 1, "loss": null}\n'
    (tmp_path / "metrics.jsonl").write_bytes(good + torn + good)
    assert read_metrics(tmp_path) == [{"kind": "train", "step": 1, "loss": None}]


def test_the_weight_of_a_language_model_is_a_number(tmp_path: Path) -> None:
    (tmp_path / "words.json").write_text('{"lm_weight": [{}]}')
    with pytest.raises(InputError, match=r"words\.json is damaged \(lm_weight is \[\{\}\] instead"):
        fusion_settings(tmp_path / "words.arpa")


@pytest.mark.parametrize("tasks", [{}, {"transcribe": 5}, {"transcribe": "x", "translate": 6}, [1]])
def test_a_whisper_whose_tasks_are_damaged(tasks: Any) -> None:
    from types import SimpleNamespace

    from govor.models.whisper.prompt import Prompt

    class Tokenizer:
        def __len__(self) -> int:
            return 10

    generation = SimpleNamespace(lang_to_id={"<|hr|>": 3}, task_to_id=tasks)
    with pytest.raises(ModelError, match=r"task_to_id in generation_config\.json .*: copy it again"):
        Prompt.of(generation, Tokenizer(), "m")


def test_a_count_of_thousands_of_digits_is_no_count(tmp_path: Path) -> None:
    (tmp_path / "words.arpa").write_text("\\data\\\nngram 1=" + "9" * 5000 + "\n\n\\1-grams:\n")
    with pytest.raises(InputError, match="a count of 5,000 digits"):
        read_arpa(tmp_path / "words.arpa")


def test_a_plan_without_units() -> None:
    from types import SimpleNamespace

    from govor.prepare.state import UNIT_COLUMNS, stored_plan

    content = io.BytesIO()
    pl.DataFrame(schema=UNIT_COLUMNS).write_parquet(content)
    target: Any = SimpleNamespace(name="d", read=lambda name: content.getvalue())
    stored: Any = SimpleNamespace(layout=SimpleNamespace(task=[0]))
    with pytest.raises(DatasetError, match="it has no units"):
        stored_plan(target, stored)


@pytest.mark.parametrize("architectures", [0.1, "WhisperForConditionalGeneration", [7]])
def test_a_model_whose_architecture_is_no_list_of_names(tmp_path: Path, architectures: Any) -> None:
    from govor.models.opening import configuration_of

    said = {"model_type": "parakeet_ctc", "architectures": architectures}
    (tmp_path / "config.json").write_text(json.dumps(said))
    with pytest.raises(ModelError, match=r"cannot be opened: architectures"):
        configuration_of(tmp_path, None)
