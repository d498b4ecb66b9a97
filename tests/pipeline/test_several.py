"""A recipe with several corpora: each is imported when it changed, and all are merged."""

import tomllib

import numpy as np
import polars as pl
import pytest
import soundfile as sf

from govor.config import load_recipe, recipe_from
from govor.errors import CorpusError, RecipeError
from govor.pipeline.run import run_recipe


@pytest.fixture
def recipe(tmp_path):
    """Two tables with recordings of the same names, and a recipe that names both."""
    random = np.random.default_rng(0)
    for name in ("one", "two"):
        rows = ["audio\ttext\tspeaker"]
        for number in range(3):
            (tmp_path / name).mkdir(exist_ok=True)
            wave = random.uniform(-0.2, 0.2, 16_000).astype(np.float32)
            sf.write(tmp_path / name / f"c{number}.wav", wave, 16_000)
            rows.append(f"c{number}.wav\tthe text {number} of {name}\tAna")
        (tmp_path / name / "table.tsv").write_text("\n".join(rows) + "\n")
    path = tmp_path / "recipe.toml"
    path.write_text(
        'work = "work"\n'
        '[[corpus]]\nsource = "one/table.tsv"\nname = "one"\nlanguage = "hr"\nlicense = "cc0-1.0"\n'
        '[[corpus]]\nsource = "two/table.tsv"\nname = "two"\nlanguage = "sr"\n'
        '[merge]\nspeakers = "apart"\n'
    )
    return path


def test_each_is_imported_and_all_are_merged(recipe, capsys):
    run_recipe(load_recipe(recipe), last="import")
    table = pl.read_parquet(recipe.parent / "work/corpus/utterances.parquet")
    assert table.select("id", "corpus", "language", "license", "speaker").rows() == [
        *[(f"one/c{n}", "one", "hr", "cc0-1.0", "one/Ana") for n in range(3)],
        *[(f"two/c{n}", "two", "sr", None, "two/Ana") for n in range(3)],
    ]
    capsys.readouterr()
    assert run_recipe(load_recipe(recipe), last="import")["stages"]["import"]["status"] == "unchanged"
    with (recipe.parent / "two/table.tsv").open("a") as file:
        file.write("c0.wav\tanother text\tIva\n")
    summary = run_recipe(load_recipe(recipe), last="import")
    assert summary["stages"]["import"]["reasons"] == ["the source of two changed"]
    assert "import of one: unchanged" in capsys.readouterr().err
    assert summary["stages"]["import"]["summary"]["corpora"] == {"one": 3, "two": 4}
    run_recipe(load_recipe(recipe), first="import", last="import")
    assert "unchanged" not in capsys.readouterr().err


def test_what_check_found_is_printed(recipe, capsys):
    text = recipe.read_text().replace('language = "sr"', 'language = "Serbian"')
    recipe.write_text(text)
    summary = run_recipe(load_recipe(recipe), last="check")
    said = capsys.readouterr().err
    assert (
        said.count("3 utterances have a language that is not a BCP 47 tag ('Serbian')") == 1
        and "check: warning language_tag: 3 utterances" in said
    ), "said once, with its code"
    from govor.commands.run import _lines

    line = next(line for line in _lines(summary) if line.startswith("check"))
    assert "0 errors" in line and "language_tag" in line and line.endswith("report.html")


def test_speakers_of_one_name_stop_a_recipe(recipe):
    recipe.write_text(recipe.read_text().replace('speakers = "apart"', ""))
    with pytest.raises(CorpusError, match=r"1 name of speakers \(Ana\).*\[merge\] speakers"):
        run_recipe(load_recipe(recipe), last="import")


def test_a_recipe_of_several_reads_back_the_same(recipe):
    loaded = load_recipe(recipe)
    assert loaded.corpora[0].source == str(recipe.parent / "one/table.tsv")
    assert loaded.corpus.language is None
    assert recipe_from(tomllib.loads(loaded.to_toml())) == loaded
    assert recipe_from({"corpus": [{"source": "a", "language": "hr"}]}).corpus.language == "hr"
    with pytest.raises(RecipeError, match=r"several \[\[corpus\]\] are called 'x': give each a name"):
        recipe_from({"corpus": [{"source": "a/x"}, {"source": "b/x"}]})
    with pytest.raises(RecipeError, match=r"unknown key corpus\.sorce; did you mean corpus\.source"):
        recipe_from({"corpus": [{"sorce": "a/x"}, {"source": "b/x"}]})
    with pytest.raises(RecipeError, match=r"the recipe has several \[\[corpus\]\]"):
        load_recipe(recipe, ["corpus.language=hr"])
