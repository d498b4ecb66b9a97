"""The notebooks run as they are, twice: the second "run all" finds everything done."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from fresh_environment import built_wheel, fresh_environment
from govor.demo.script import plan_recordings
from govor.demo.showcase import recipe_text
from govor.demo.studio import make_corpus

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["colab", "jupyter", "kaggle"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_carry_no_outputs_and_no_paths(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs") and "/home/" not in cell.source and "/root/" not in cell.source
        if cell.cell_type == "code":
            statements = [line for line in cell.source.splitlines() if line and not line.startswith("import")]
            assert len(statements) <= 8, cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_begin_with_data_that_needs_no_account_and_say_where_to_click(path):
    text = path.read_text(encoding="utf-8")
    assert "google/fleurs" in text and "mozilladatacollective.com" in text and "October 2025" in text
    assert "minutes to expect" in text


@pytest.fixture(scope="module")
def small_demo(tmp_path_factory):
    """The demo's recipe with few recordings and few steps."""
    folder = tmp_path_factory.mktemp("demo")
    plan = plan_recordings(scale=0.06)
    make_corpus(plan, folder)
    recipe = recipe_text(plan).replace("steps = ", "steps = 6  # ").replace("minutes = ", "minutes = 5.0  # ")
    (folder / "recipe.toml").write_text(recipe)
    return folder


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel in a fresh environment, where govor is not installed yet; `%pip` installs the built wheel."""
    folder = tmp_path_factory.mktemp("fresh")
    programs = fresh_environment(folder / "env", [])
    place = folder / "jupyter" / "kernels" / "fresh"
    place.mkdir(parents=True)
    started = [str(programs / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    described = {"argv": started, "display_name": "fresh", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(described))
    return SimpleNamespace(
        environment={
            "GOVOR_PACKAGE": str(built_wheel(folder)),
            "JUPYTER_PATH": str(folder / "jupyter"),
            "PIP_NO_DEPS": "1",
            "PIP_NO_INDEX": "1",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        },
        programs=programs,
    )


def execute(path, folder, mirror, monkeypatch, kernel):
    """Runs all cells in `folder`; gives what they printed."""
    monkeypatch.setenv("GOVOR_RECIPE", str(folder / "recipe.toml"))
    monkeypatch.setenv("GOVOR_SOURCE", str(folder))
    monkeypatch.setenv("GOVOR_MIRROR", str(mirror))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    for name, value in kernel.environment.items():
        monkeypatch.setenv(name, value)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=900, kernel_name="fresh").execute(cwd=str(folder))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


@pytest.mark.slow
def test_run_all_and_run_all_again_from_the_wheel(small_demo, tmp_path, monkeypatch, kernel):
    first = execute(NOTEBOOKS[0], small_demo, tmp_path / "drive", monkeypatch, kernel)
    assert "WER {'value'" in first
    assert list((tmp_path / "drive").rglob("*.safetensors")), "nothing was mirrored"
    site = next((kernel.programs.parent / "lib").glob("python*/site-packages"))
    assert (site / "govor" / "__init__.py").exists(), "the notebook did not install the wheel"
    again = execute(NOTEBOOKS[1], small_demo, tmp_path / "drive", monkeypatch, kernel)
    assert "train: unchanged" in again and "evaluate: unchanged" in again, again
