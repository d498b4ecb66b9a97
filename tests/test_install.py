"""govor as people install it: from the wheel, without a clone."""

import json
import subprocess

import pytest

from fresh_environment import built_wheel, clean, fresh_environment


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fresh")
    return fresh_environment(folder / "env", [str(built_wheel(folder))])


def run(programs, *words, cwd):
    command = [programs / "govor", *words]
    return subprocess.run(command, cwd=cwd, env=clean(), capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_wheel_alone_is_the_whole_program(programs, tmp_path):
    where = [programs / "python", "-c", "import govor; print(govor.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=clean(), capture_output=True, text=True, check=True)
    assert str(programs.parent) in found.stdout
    listed = run(programs, "recipes", "--json", cwd=tmp_path)
    names = list(json.loads(listed.stdout)["recipes"])
    assert "whisper-small-common-voice-sv" in names, "recipes travel with the package"
    assert run(programs, "recipes", names[0], cwd=tmp_path).returncode == 0
    assert (tmp_path / f"{names[0]}.toml").exists()


@pytest.mark.slow
def test_a_corpus_goes_through_what_the_wheel_installed(programs, tiny_corpus, tmp_path):
    done = run(programs, "prepare", str(tiny_corpus), "--out", "dataset", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "dataset" / "dataset.json").read_text())["kept"] > 0
