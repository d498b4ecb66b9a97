"""The whole: a clean corpus gives no finding, a fault stops the run, reports and page are written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import soundfile
from preflight_parts import RATE_HZ, recipe_with

from govor.config import PrepareConfig
from govor.corpora.folder import CorpusInfo, CorpusWriter
from govor.preflight.registry import all_checks, known_codes
from govor.preflight.report import terminal_lines
from govor.preflight.run import run_checks, summarise

SLOW = pytest.mark.slow


@pytest.fixture(scope="module")
def work(clean, tmp_path_factory):
    """A work folder with a corpus of files and the data set prepared from it."""
    from govor.prepare import prepare_corpus

    root = tmp_path_factory.mktemp("work")
    tables, waves = clean
    rows = []
    for split, table in tables.items():
        for row in table.iter_rows(named=True):
            path = root / "audio" / f"{row['id']}.wav"
            path.parent.mkdir(exist_ok=True)
            soundfile.write(path, waves[row["id"]], RATE_HZ)
            kept = {key: row[key] for key in ("id", "recording", "text", "language", "speaker")}
            rows.append({**kept, "audio": path.name, "split": split})
    with CorpusWriter(root / "selected", CorpusInfo("table", "test", str(root / "audio"))) as writer:
        writer.write(pl.DataFrame(rows))
    prepare_corpus(root / "selected", str(root / "dataset"), PrepareConfig(workers=1))
    return root


def recipe_file(work, **sections):
    path = work / "recipe.toml"
    recipe = recipe_with(**sections)
    path.write_text(recipe.to_toml().replace('work = ""', f'work = "{work}"'), encoding="utf-8")
    return path


def govor(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "govor", *map(str, arguments)], capture_output=True, text=True
    )


@SLOW
def test_a_clean_corpus_gives_no_finding_at_all(work):
    enough = {"batch_s": 8.0, "epochs": 30}
    done = govor("preflight", recipe_file(work, train=enough), "--device", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["findings"] == [] and (summary["errors"], summary["warnings"]) == (0, 0)
    skipped = {one["check"] for one in summary["checks"] if one["status"] == "skipped"}
    assert skipped == {  # a new model hears nothing yet
        *("base_model_is_measured", "base_model_is_as_good_as_known", "own_text_fits_best", "ends_are_said"),
        *("language_is_the_stated_one", "numbers_are_written_alike", "one_text_is_heard"),
    }
    assert set(summary["projection"]) == {"seconds", "memory_bytes", "disk_bytes"}
    page = (work / "run" / "preflight" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", page)
    assert json.loads((work / "run" / "preflight" / "report.json").read_text())["errors"] == 0


@SLOW
def test_an_error_ends_with_status_3_and_stops_training(work):
    recipe = recipe_file(work, preflight={"quota_disk": 1000})
    done = govor("train", recipe, "--device", "cpu", "--json")
    assert done.returncode == 3 and not (work / "run" / "checkpoints").exists()
    summary = json.loads(done.stdout)
    assert [one["code"] for one in summary["findings"] if one["severity"] == "error"] == ["disk_over_quota"]


def test_without_time_what_needs_rows_alone_runs_and_the_rest_is_inconclusive(materials_of, tables, tmp_path):
    made = materials_of(recipe_with(preflight={"minutes": 0.0}), {**tables, "dev": tables["train"]})
    summary = summarise(run_checks(made), made, tmp_path)
    assert {one["status"] for one in summary["checks"] if one["cost"] != "text"} == {"inconclusive"}
    assert "inconclusive" not in {one["status"] for one in summary["checks"] if one["cost"] == "text"}
    assert "duplicate_id" in {one["code"] for one in summary["findings"]}
    [told] = [one for one in summary["findings"] if one["code"] == "inconclusive"]
    assert {"one_batch_is_learnt", "transcripts_come_back"} <= set(re.findall(r"\w+", told["why"]))
    assert "--minutes 5" in told["fix"] and "--only" in told["fix"]
    assert not {"family", "clips", "sources"} & set(vars(made))


def test_what_is_begun_is_said(materials_of, capsys):
    run_checks(materials_of(recipe_with(preflight={"minutes": 0.0})))
    said = capsys.readouterr().err
    assert "at most 0 min" in said and "learnt by heart" not in said


def test_the_table_says_what_to_type(materials_of, tables, tmp_path):
    made = materials_of(tables={split: table for split, table in tables.items() if split != "dev"})
    made.budget.total_s = 0.0
    made.settings.__dict__["accept"] = ("no_dev_split",)
    from govor.preflight.registry import REGISTRY
    from govor.preflight.run import run_check

    made.budget.total_s = 60.0
    summary = summarise([run_check(REGISTRY["the_test_split_chooses_nothing"], made, {})], made, tmp_path)
    text = "\n".join(terminal_lines(replace(summary, wall_s=1.0)))
    assert "accepted  no_dev_split" in text and "do:           set [select] dev" in text


def test_a_missing_data_set_is_one_sentence(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text('[model]\nbase = "x"\n', encoding="utf-8")
    done = govor("preflight", path)
    assert done.returncode == 1 and "Traceback" not in done.stderr and done.stderr.startswith("govor: ")


def test_an_unknown_code_is_wrong_usage(work):
    done = govor("preflight", recipe_file(work), "--accept", "leak_speker")
    assert done.returncode == 2 and "did you mean leak_speaker" in done.stderr


def test_every_code_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "preflight.md").read_text(encoding="utf-8")
    undocumented = [code for code in known_codes() if f"`{code}`" not in page and code != "inconclusive"]
    assert not undocumented


def test_every_check_says_what_holds():
    for one in all_checks():
        assert one.title and not one.title.endswith(".") and one.name.islower()


def test_a_fact_without_an_interval_is_written_as_such(tmp_path):
    from govor.preflight.report import write_report
    from govor.preflight.summary import PreflightSummary

    facts = {"base_wer": {"value": 0.5, "low": None, "high": None, "utterances": 1}, "other": {"value": 1}}
    summary = PreflightSummary(0, 0, [], [], [], facts, projection={}, wall_s=1.0, out=str(tmp_path))
    write_report(summary, tmp_path, "x")
    page = (tmp_path / "report.html").read_text()
    assert "0.5000, no interval, utterances 1" in page and "None" not in page
