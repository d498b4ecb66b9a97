"""A data set on the Hub: pseudonymised, described, and opened again by the usual libraries."""

import json
import os
import subprocess
import sys

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from govor.errors import DatasetError
from govor.publish import publish_dataset
from govor.publish.dataset import Disclosure, plan_dataset
from govor.publish.pseudonyms import KEY_FILE, Pseudonyms

REPO = "tester/voices"


@pytest.fixture
def source(tiny_dataset, tmp_path):
    """A data set of the test's own."""
    import shutil

    return shutil.copytree(tiny_dataset, tmp_path / "dataset")


def tables(folder):
    return pl.concat(
        [pl.read_parquet(path) for path in sorted((folder / "data").glob("*.parquet"))], how="diagonal"
    )


def test_names_do_not_travel_and_audio_stays_the_same(source, tmp_path):
    plan = plan_dataset(source, tmp_path / "copy", "cc0-1.0", Disclosure())
    before, after = tables(source), tables(tmp_path / "copy")
    for column in ("id", "speaker", "recording"):
        assert not set(before[column].drop_nulls()) & set(after[column].drop_nulls())
        assert before[column].n_unique() == after[column].n_unique()
    assert before["audio_sha256"].to_list() == after["audio_sha256"].to_list()
    assert [a["bytes"] for a in before["audio"]] == [a["bytes"] for a in after["audio"]]
    everything = b"".join(file.path.read_bytes() for file in plan.all)
    for name in {*before["recording"], *before["speaker"].drop_nulls()}:
        if len(name) > 3:
            assert name.encode() not in everything
    assert KEY_FILE not in {file.name for file in plan.all}
    assert (source / KEY_FILE).stat().st_mode & 0o077 == 0


def test_a_repeated_copy_is_equal_and_an_unfinished_one_goes_on(source, tmp_path):
    first = plan_dataset(source, tmp_path / "copy", "cc0-1.0", Disclosure())
    hashes = {file.name: file.sha256 for file in first.all}
    stamps = {file.name: file.path.stat().st_mtime_ns for file in first.files}
    first.files[0].path.unlink()
    second = plan_dataset(source, tmp_path / "copy", "cc0-1.0", Disclosure())
    assert {file.name: file.sha256 for file in second.all} == hashes
    assert [file.path.stat().st_mtime_ns for file in second.files[1:]] == list(stamps.values())[1:]


def test_only_allowed_columns_unless_asked(source, tmp_path):
    plan_dataset(source, tmp_path / "a", "cc0-1.0", Disclosure())
    kept = set(tables(tmp_path / "a").columns)
    further = set(tables(source).columns) - kept
    with pytest.raises(DatasetError, match="has no column 'nothing'"):
        plan_dataset(source, tmp_path / "b", "cc0-1.0", Disclosure(("nothing",)))
    if further:
        name = sorted(further)[0]
        plan_dataset(source, tmp_path / "c", "cc0-1.0", Disclosure((name,)))
        assert name in tables(tmp_path / "c").columns


def test_a_different_key_gives_different_names(tmp_path):
    (tmp_path / "b").mkdir()
    one, other = Pseudonyms.beside(tmp_path), Pseudonyms.beside(tmp_path / "b")
    assert one.of("speaker", "Ana") == Pseudonyms.beside(tmp_path).of("speaker", "Ana")
    assert one.of("speaker", "Ana") != other.of("speaker", "Ana")
    assert one.of("speaker", "Ana") != one.of("recording", "Ana")


def test_a_data_set_whose_clips_were_all_set_aside_is_not_published(source, tmp_path):
    facts = json.loads((source / "dataset.json").read_text())
    facts["splits"] = {name: {**split, "utterances": 0} for name, split in facts["splits"].items()}
    (source / "dataset.json").write_text(json.dumps(facts))
    with pytest.raises(DatasetError, match="has no clips: there is nothing to publish"):
        plan_dataset(source, tmp_path / "copy", "cc0-1.0", Disclosure())


def test_no_data_set_is_named(tmp_path):
    with pytest.raises(DatasetError, match="is not a data set"):
        plan_dataset(tmp_path, tmp_path / "copy", "cc0-1.0", Disclosure())


CHILD = """
import json
from datasets import Audio, load_dataset
found = load_dataset({repo!r})
found = found.cast_column("audio", Audio(decode=False))
print(json.dumps({{name: [len(split), split.features["text"].dtype] for name, split in found.items()}}))
"""


@pytest.mark.slow
def test_load_dataset_opens_it_from_the_hub(hub, source):
    summary = publish_dataset(source, REPO, "cc0-1.0")
    assert summary["verified"] is True
    assert publish_dataset(source, REPO, "cc0-1.0")["sent"] == 0
    code = CHILD.format(repo=REPO)
    environment = {**os.environ, **hub.environment}
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    info = json.loads((source / "dataset.json").read_text())
    expected = {name: [split["utterances"], "string"] for name, split in info["splits"].items()}
    assert json.loads(ran.stdout.splitlines()[-1]) == expected


def test_names_that_are_no_texts_are_said(source, tmp_path):
    shard = sorted((source / "data").glob("*.parquet"))[0]
    table = pq.read_table(shard)
    place, lists = table.column_names.index("speaker"), pa.array([["a"]] * table.num_rows)
    pq.write_table(table.set_column(place, "speaker", lists), shard)
    with pytest.raises(DatasetError, match="the column speaker of the data set holds no texts"):
        plan_dataset(source, tmp_path / "copy", "cc0-1.0", Disclosure())


def test_who_wrote_a_text_is_published_and_counted(source, tmp_path):
    for path in (source / "data").glob("*.parquet"):
        table = pq.read_table(path)
        written = pa.array(["machine_checked"] * table.num_rows, pa.string())
        info = json.loads(table.schema.metadata[b"huggingface"])
        info["info"]["features"]["text_source"] = {"dtype": "string", "_type": "Value"}
        table = table.append_column("text_source", written)
        metadata = {**table.schema.metadata, b"huggingface": json.dumps(info).encode()}
        pq.write_table(table.replace_schema_metadata(metadata), path)
    plan_dataset(source, tmp_path / "copy", "cc0-1.0", Disclosure())
    assert set(tables(tmp_path / "copy")["text_source"]) == {"machine_checked"}
    facts = json.loads((tmp_path / "copy" / "dataset.json").read_text())
    assert facts["text_sources"] == {"machine_checked": tables(source).height}
    assert "checked by people 100.0%" in (tmp_path / "copy" / "README.md").read_text()
