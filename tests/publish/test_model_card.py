"""A model's card: what it is first, rates beside the base, facts alone; exports with their proofs."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
import yaml
from test_publish_model import EVALUATION

from govor.errors import ModelError
from govor.publish import model_facts
from govor.publish.exports import exported, side_by_side
from govor.publish.model import ModelOrder, plan_model
from hub_rules import errors_of

REPO = "tester/govori-hr"
PROOF = {
    "format": "ctranslate2", "quantization": "int8", "proved": True, "transcripts_equal": False,
    "wer_difference": 0.001, "word_difference": 0.001, "wer_original": 0.2, "wer_exported": 0.201,
    "clips": 32, "clips_from": "/home/ana/dataset:dev", "different": 1, "out": "/home/ana/int8",
    "differences": [{"id": "a", "original": "Ana Horvat", "exported": "Ana"}], "bytes": 5,
    "faster_whisper": {"differences": [{"id": "a", "original": "Ana Horvat", "exported": "x"}], "clips": 32},
}  # fmt: skip


def staged(order, folder):
    plan = plan_model(order, folder / "staged")
    card = (folder / "staged" / "README.md").read_text()
    assert not errors_of(card, "model")
    return plan, card, yaml.safe_load(card.split("---")[1])


@pytest.fixture
def evaluated(tmp_path):
    folder = tmp_path / "test-of-sabor"
    folder.mkdir()
    shown = {**EVALUATION, "better_than_base": True}
    shown["comparison"] = {
        "wer_difference": {"value": -0.65, "low": -0.7, "high": -0.6},
        "groups": EVALUATION["groups"],
    }
    (folder / "summary.json").write_text(json.dumps(shown))
    return folder


@pytest.fixture
def ct2(tmp_path):
    """A folder as `govor export --format ctranslate2` leaves it."""
    folder = tmp_path / "int8"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"\x06\0\0\0weights")
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    (folder / "vocabulary.json").write_text("[]")
    (folder / "export.json").write_text(json.dumps(PROOF))
    (folder / "notes.txt").write_text("mine")
    return folder


def test_it_leads_with_what_it_is_and_how_good_beside_its_base(tiny_ctc, evaluated, tmp_path):
    _, card, header = staged(ModelOrder(tiny_ctc, REPO, "mit", (evaluated,)), tmp_path)
    lines = [line for line in card.split("---\n", 2)[2].splitlines() if line]
    assert lines[0] == "# govori-hr"
    assert lines[1].startswith("**Speech to text for Croatian**")
    assert lines[2].startswith(
        "**WER 25.0% (20.0–31.0)** on 40 utterances of test-of-sabor (`test`), where its base"
    )
    assert "has 90.0% (80.0–100.0) on the same rows: -65.0 points" in lines[2]
    places = [
        card.index(f"## {title}") for title in ("What it is not for", "How to use it", "How good it is")
    ]
    assert places == sorted(places)
    result = header["model-index"][0]["results"][0]
    assert result["dataset"] == {"type": "test-of-sabor", "name": "test-of-sabor", "split": "test"}
    assert [(one["type"], one["value"]) for one in result["metrics"]] == [("wer", 25.0), ("cer", 10.0)]
    assert header["language"] == ["hr"] and "| auto |" not in card


def test_the_worst_utterances_of_a_real_evaluation_are_shown(tiny_ctc, evaluated, tmp_path):
    """Edits are counted in 32 bits there; a card once asked for 64 and refused every run."""
    edits = {
        name: np.array([1, 0], np.int32) for name in ("hits", "substitutions", "deletions", "insertions")
    }
    table = {"id": ["a", "b"], "reference": ["dobar dan", "da"], "hypothesis": ["dobar", "da"]}
    pl.DataFrame({**table, **edits}).write_parquet(evaluated / "scores.parquet")
    _, card, _ = staged(ModelOrder(tiny_ctc, REPO, "mit", (evaluated,)), tmp_path)
    assert "| dobar dan | dobar |" in card and "| da | da |" not in card


@pytest.mark.parametrize("family", ["tiny_ctc", "tiny_whisper"])
def test_a_model_that_govor_did_not_save_is_published(family, request, tmp_path):
    folder = shutil.copytree(request.getfixturevalue(family), tmp_path / "model")
    (folder / "govor.json").unlink()
    plan, card, header = staged(ModelOrder(folder, REPO, "apache-2.0"), tmp_path)
    assert "**Speech to text**, a model of the type" in card and "It has not been evaluated." in card
    assert "language" not in header and "base_model" not in header
    assert {"model.safetensors", "config.json", "README.md"} <= {file.name for file in plan.all}


def test_exports_stand_beside_the_model_each_with_its_proof(tiny_whisper, ct2, tmp_path):
    ggml = tmp_path / "ggml"
    ggml.mkdir()
    (ggml / "ggml-model.bin").write_bytes(b"lmgg")
    order = ModelOrder(tiny_whisper, REPO, "mit", exports=(ct2, ggml))
    plan, card, header = staged(order, tmp_path)
    names = {file.name for file in plan.all}
    assert {"model.safetensors", "ct2/model.bin", "ct2/vocabulary.json", "ggml/ggml-model.bin"} <= names
    assert not any("notes" in name for name in names)
    assert (
        "| `ct2/` | CTranslate2 (faster-whisper), int8 | 0.00 GB | 32 clips: 1 transcripts differ, WER 20.00%"
        in card
    )
    assert "| `ggml/` | ggml (whisper.cpp) | 0.00 GB | not proved" in card
    assert 'allow_patterns="ct2/*"' in card and {"ctranslate2", "ggml"} <= set(header["tags"])
    proof = (tmp_path / "staged" / "ct2" / "export.json").read_text()
    assert "Ana" not in proof and "/home" not in proof and '"clips": 32' in proof


def test_an_export_alone_is_published_as_what_it_is(ct2, tmp_path):
    plan, card, header = staged(ModelOrder(ct2, REPO, "mit"), tmp_path)
    assert header["library_name"] == "ctranslate2" and f'WhisperModel("{REPO}")' in card
    assert "from transformers import pipeline" not in card and "| here | CTranslate2" in card
    assert plan.is_foreign("model.safetensors") and not plan.is_foreign("other/model.safetensors")


def test_two_exports_of_one_format_have_places_of_their_own(ct2, tmp_path):
    other = shutil.copytree(ct2, tmp_path / "float16")
    (other / "export.json").write_text(json.dumps({**PROOF, "quantization": "float16"}))
    assert [one.place for one in side_by_side([ct2, other])] == ["ct2-int8", "ct2-float16"]
    with pytest.raises(ModelError, match="two exports would both be ct2-int8"):
        side_by_side([ct2, ct2])


def test_python_objects_are_no_export(ct2):
    (ct2 / "model.bin").write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelError, match="is in Python's own format"):
        exported(ct2)
    (ct2 / "model.bin").unlink()
    with pytest.raises(ModelError, match="holds no exported model"):
        exported(ct2)


def test_an_export_does_not_take_the_configuration_of_a_model_that_is_there(hub, tiny_whisper, ct2, tmp_path):
    from govor.errors import InputError
    from govor.publish import publish_model

    publish_model(ModelOrder(tiny_whisper, REPO, "mit", exports=(ct2,)))
    with pytest.raises(InputError, match=r"holds model\.safetensors.*publish an export beside its model"):
        publish_model(ModelOrder(ct2, REPO, "mit"))


def test_exports_of_an_earlier_upload_are_named(hub, tiny_whisper, ct2, tmp_path, capsys):
    from govor.publish import publish_model

    publish_model(ModelOrder(tiny_whisper, REPO, "mit", exports=(ct2,)))
    publish_model(ModelOrder(tiny_whisper, REPO, "mit"))
    assert f"{REPO} still holds ct2 of an earlier upload" in capsys.readouterr().err
    assert any(entry["path"] == "ct2/model.bin" for entry in hub.tree("models", REPO))


def test_a_model_tells_what_it_was_trained_on_that_is_withdrawn_since(tiny_dataset, tiny_ctc, tmp_path):
    from govor.prepare.withdrawn import WITHDRAWN, note_trained_on
    from govor.train.status import status, status_lines

    run, data = tmp_path / "work" / "run", tmp_path / "work" / "dataset"
    shutil.copytree(tiny_dataset, data)
    shutil.copytree(tiny_ctc, run / "model")
    (run / "run.json").write_text('{"complete": true, "total_steps": 3}')
    (run / "recipe.toml").write_text(f'name = "hr"\nwork = "{tmp_path / "work"}"\n')
    note_trained_on(run, ["a", "b", "c"])
    _, card, _ = staged(ModelOrder(run, REPO, "mit"), tmp_path)
    assert "withdrawn" not in card and status(run).withdrawn == 0
    note_trained_on(data, ["b", "c", "z"])
    (data / "trained-on.parquet").rename(data / WITHDRAWN)
    _, card, _ = staged(ModelOrder(run, REPO, "mit"), tmp_path / "again")
    assert "> **It was trained on 2 utterances that were withdrawn from its data set since" in card
    found = status(run)
    assert found.withdrawn == 2 and "trained on 2 utterances that were withdrawn" in "\n".join(
        status_lines(found)
    )


def test_publishing_says_that_older_revisions_hold_who_was_withdrawn(hub, tiny_dataset, tmp_path, capsys):
    from govor.prepare.withdrawn import WITHDRAWN, note_trained_on
    from govor.publish import publish_dataset

    data = shutil.copytree(tiny_dataset, tmp_path / "dataset")
    publish_dataset(data, "tester/voices", "cc0-1.0")
    assert "withdrawn" not in capsys.readouterr().err
    note_trained_on(data, ["gone"])
    (data / "trained-on.parquet").rename(data / WITHDRAWN)
    publish_dataset(data, "tester/voices", "cc0-1.0")
    told = capsys.readouterr().err
    assert "1 utterances were withdrawn" in told and "older revisions still do" in told
    assert "super_squash_history('tester/voices', repo_type='dataset')" in told
    files = hub.repo("datasets", "tester/voices") / "files"
    assert "1 utterances were withdrawn since" in (files / "README.md").read_text()
    assert not (files / WITHDRAWN).exists()


def test_a_card_counts_leaks_by_the_rules_of_select(tmp_path):
    """Punctuation and case play no part; unknown speakers and sentences under four words are none."""
    said = {"train": "Danas je lijep dan!", "test": "danas je lijep dan"}
    (tmp_path / "data").mkdir()
    for split, text in said.items():
        rows = {"id": ["1", "2"], "speaker": "unknown", "recording": split, "text": ["Hvala lijepo.", text]}
        pl.DataFrame(rows).write_parquet(tmp_path / "data" / f"{split}-00000-of-00001.parquet")
    assert model_facts._leaks(tmp_path) == {"recordings": 0, "speakers": 0, "sentences": 1}
    assert model_facts._speakers(tmp_path) == {}
