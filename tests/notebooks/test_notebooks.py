"""The notebooks run as they are, twice: the second "run all" finds everything done."""

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from govor.demo.script import plan_recordings
from govor.demo.showcase import recipe_text
from govor.demo.studio import make_corpus

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def test_there_are_two():
    assert [path.stem for path in NOTEBOOKS] == ["colab", "kaggle"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_carry_no_outputs_and_no_paths(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs") and "/home/" not in cell.source and "/root/" not in cell.source


@pytest.fixture(scope="module")
def small_demo(tmp_path_factory):
    """The demo's recipe with few recordings and few steps."""
    folder = tmp_path_factory.mktemp("demo")
    plan = plan_recordings(scale=0.06)
    make_corpus(plan, folder)
    recipe = recipe_text(plan).replace("steps = ", "steps = 6  # ").replace("minutes = ", "minutes = 5.0  # ")
    (folder / "recipe.toml").write_text(recipe)
    return folder


def execute(path, folder, mirror, monkeypatch):
    """Runs all cells in `folder`; gives what they printed."""
    monkeypatch.setenv("GOVOR_RECIPE", str(folder / "recipe.toml"))
    monkeypatch.setenv("GOVOR_MIRROR", str(mirror))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=900, kernel_name="python3").execute(cwd=str(folder))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


@pytest.mark.slow
def test_run_all_and_run_all_again(small_demo, tmp_path, monkeypatch):
    first = execute(NOTEBOOKS[0], small_demo, tmp_path / "drive", monkeypatch)
    assert "WER {'value'" in first
    assert list((tmp_path / "drive").rglob("*.safetensors")), "nothing was mirrored"
    again = execute(NOTEBOOKS[1], small_demo, tmp_path / "drive", monkeypatch)
    assert "train: unchanged" in again and "evaluate: unchanged" in again, again
