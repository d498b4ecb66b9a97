"""The names that notebooks use, and every example of the page about them."""

import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import govor
import known_tapes
from govor.config import SelectConfig
from govor.errors import RecipeError

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_what_is_exported_is_what_is_there():
    assert sorted(govor.__all__) == govor.__all__
    assert 15 <= len(govor.__all__) <= 30
    assert set(dir(govor)) == {*govor.__all__, "__version__"}
    assert all(callable(getattr(govor, name)) for name in govor.__all__)


def test_importing_govor_imports_nothing_heavy():
    code = (
        "import sys, govor; dir(govor); sys.exit(str({'numpy', 'polars', 'torch'} & set(sys.modules) or 0))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stderr.strip() in ("", "0"), ran.stderr


@pytest.mark.parametrize("name", [name for name in govor.__all__ if name != "GovorError"])
def test_every_function_says_what_it_does_and_takes_strings_for_places(name):
    function = getattr(govor, name)
    assert function.__doc__ and function.__doc__[0].isupper()
    kinds = [str(parameter.annotation) for parameter in inspect.signature(function).parameters.values()]
    assert not any(kind.replace(" | None", "") == "Path" for kind in kinds)


def test_keywords_change_what_a_settings_object_says():
    from govor.api import _configured

    config = _configured("select", SelectConfig(dev=5, max_duration=9.0), {"test": 7})
    assert (config.dev, config.test, config.max_duration) == (5, 7, 9.0)
    with pytest.raises(RecipeError, match=r"did you mean select\.max_duration"):
        _configured("select", None, {"max_durations": 3})


def test_every_name_has_an_example():
    shown = "\n".join(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    assert not [name for name in govor.__all__ if f"govor.{name}" not in shown]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_example_of_the_page_runs(tmp_path, monkeypatch, tiny_corpus, tiny_whisper):
    """In one folder, one after the other, as a notebook would."""
    from govor.corpora import Corpus
    from govor.preflight.registry import known_codes

    monkeypatch.chdir(tmp_path)
    found = Corpus.open(tiny_corpus)
    rows = found.scan().collect()
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    lines = ["audio,text,speaker"]
    for number, (audio, text) in enumerate(rows.select("audio", "text").iter_rows()):
        shutil.copy(Path(found.info.audio_root) / audio, recordings / f"{number}.wav")
        lines.append(f'{number}.wav,"{text}",s{number}')
    (recordings / "metadata.csv").write_text("\n".join(lines))
    shutil.copytree(tiny_whisper, tmp_path / "openai" / "whisper-small")
    shutil.copy(recordings / "0.wav", tmp_path / "session.wav")
    shutil.copytree(tiny_corpus, tmp_path / "other-corpus")
    recipe = '[corpus]\nsource = "recordings"\nlanguage = "hr"\n[select]\ndev = 4\ntest = 4\ngroup_by = []\n'
    accepted = known_codes()  # a model of random weights fails much of preflight
    recipe += f"[preflight]\nminutes = 0\naccept = {json.dumps(accepted)}\n"
    (tmp_path / "recipe.toml").write_text(recipe + '[model]\nbase = "openai/whisper-small"\n')
    known_tapes.write(tmp_path)
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    blocks[0] = blocks[0].replace("steps=2,", 'steps=2, preflight={"minutes": 0, "accept": ACCEPTED},')
    seen = {"ACCEPTED": accepted}
    for block in blocks:
        with monkeypatch.context() as patched:
            if '["tapes"]' in block:  # the model of random weights hears no words in them
                knowing = known_tapes.hears(tmp_path)
                patched.setattr("govor.models.open_model", lambda *_, **__: knowing)  # noqa: B023
                patched.setattr("govor.label.windows.open_voice", lambda rate: None)
            exec(compile(block, str(PAGE), "exec"), seen)
    assert seen["scores"]["utterances"] == 5
    assert (seen["placed"].kept, sum(seen["search"].trials.values())) == (3, 2)
