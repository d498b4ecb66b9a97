"""Which model a model is, wherever it lies, and what it came from."""

import json
import shutil

import pytest

from govor.models.identity import lineage, model_identity, writer_of


@pytest.fixture
def model(tmp_path):
    """A folder that looks like a model; what is in it does not matter."""

    def make(name, weights, **settings):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").write_bytes(weights)
        if settings:
            (folder / "govor.json").write_text(json.dumps({"format": 1, **settings}))
        return folder

    return make


def test_a_model_is_its_files_wherever_they_lie(model, tmp_path):
    one = model("one", b"abc")
    before = model_identity(one)
    shutil.move(one, tmp_path / "elsewhere")
    assert model_identity(tmp_path / "elsewhere") == before
    (tmp_path / "elsewhere" / "model.safetensors").write_bytes(b"abcd")
    assert model_identity(tmp_path / "elsewhere") != before


def test_a_name_that_is_no_folder_stands_for_itself():
    assert model_identity("lab/model") == model_identity("lab/model") != model_identity("lab/other")


def test_a_model_descends_from_what_its_settings_name(model):
    tuned = model("tuned", b"t", ancestors=["b1", "b0"], base="gone")
    assert lineage(tuned) == (model_identity(tuned), "b1", "b0")
    assert writer_of(tuned) == model_identity(tuned)


def test_a_model_of_an_earlier_version_descends_from_its_base(model):
    base = model("base", b"b")
    tuned = model("tuned", b"t", base=str(base))
    assert lineage(tuned) == (model_identity(tuned), model_identity(base))


def test_an_export_stands_for_what_it_was_made_from(model):
    export = model("export", b"e", original_identity="o1", ancestors=["b1"], backend="ctranslate2")
    assert writer_of(export) == "o1"
    assert lineage(export) == ("o1", model_identity(export), "b1")
