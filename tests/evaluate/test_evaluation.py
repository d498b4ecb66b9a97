"""`evaluate` from model to summary, with stubs for the data set and the model."""

import dataclasses
import json

import numpy as np
import polars as pl
import pytest

from govor.commands.evaluate import lines_of
from govor.config import EvaluateConfig
from govor.errors import DatasetError, InputError, LanguageError, LimitError, UsageError
from govor.evaluate import evaluate

CONFIG = EvaluateConfig(slices=("voice",), batch_s=30)


@pytest.fixture
def models(stage, perfect, careless):
    stage[0].update(perfect=perfect, careless=careless)
    return stage


def strict_json(path):
    return json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} in {path}"))


def test_summary_has_the_promised_keys_and_knows_the_answer(models, tmp_path, dataset):
    summary = evaluate("careless", "stub", tmp_path / "e", CONFIG)
    promised = {"split", "utterances", "hours", "wer", "cer", "raw", "baseline", "rtf", "out"}
    assert promised <= summary.keys()
    words = sum(len(text.split()) for text in dataset.table("test")["text"])
    assert summary["wer"]["value"] == pytest.approx(30 / words)
    assert summary["counts"]["words"]["deletions"] == 30
    assert summary["baseline"] is None
    assert summary == strict_json(tmp_path / "e" / "summary.json")
    assert summary["normaliser"]["name"].startswith("govor-1:")


def test_groups_are_speakers_and_their_number_is_shown(models, tmp_path):
    summary = evaluate("careless", "stub", tmp_path / "e", CONFIG)
    assert (summary["groups"]["unit"], summary["groups"]["count"]) == ("speaker", 3)
    assert any("t(2); 3 speakers" in line for line in lines_of(summary))


def test_slices_report_voices_apart(models, tmp_path):
    slices = evaluate("careless", "stub", tmp_path / "e", CONFIG)["slices"]
    assert set(slices["speaker"]) == {"voice0", "voice1", "voice2"}
    assert set(slices["voice"]) == {"heard", "unheard"}
    assert sum(part["utterances"] for part in slices["duration"].values()) == 60


def test_files_are_in_the_order_of_the_split(models, tmp_path, dataset):
    evaluate("careless", "stub", tmp_path / "e", CONFIG)
    ids = dataset.table("test")["id"].to_list()
    lines = [json.loads(line) for line in (tmp_path / "e/hypotheses.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ids
    scores = pl.read_parquet(tmp_path / "e/scores.parquet")
    assert scores["id"].to_list() == ids
    assert scores["deletions"].to_list() == [n % 2 for n in range(60)]
    assert {"wer", "cer", "substitutions", "insertions", "duration", "split", "speaker"} <= {*scores.columns}
    assert not (tmp_path / "e/hypotheses.parts").exists()


def test_the_same_again_decodes_nothing_another_model_decodes_anew(models, tmp_path):
    _, opened = models
    first = evaluate("careless", "stub", tmp_path / "e", CONFIG)
    again = evaluate("careless", "stub", tmp_path / "e", CONFIG)
    assert opened == ["careless"]
    assert again == first
    better = evaluate("perfect", "stub", tmp_path / "e", CONFIG)
    assert opened == ["careless", "perfect"]
    assert better["wer"]["value"] == 0 and better["wer"]["high"] > 0


def test_a_language_that_the_model_does_not_know(models, tmp_path, perfect):
    """Clips that name their own would be decoded in that one, and the option would be a lie."""

    def check_language(tag):
        if tag not in (None, "hr"):
            raise LanguageError(f"the model does not know {tag}")

    perfect.check_language = check_language
    with pytest.raises(LanguageError, match="does not know xx"):
        evaluate("perfect", "stub", tmp_path / "e", dataclasses.replace(CONFIG, language="xx"))
    assert perfect.batches == []
    evaluate("perfect", "stub", tmp_path / "e", dataclasses.replace(CONFIG, language="hr"))


def test_baseline_is_compared_in_pairs(models, tmp_path):
    config = dataclasses.replace(CONFIG, baseline="careless")
    summary = evaluate("perfect", "stub", tmp_path / "e", config)
    assert summary["baseline"]["wer"]["value"] > 0
    comparison = summary["comparison"]
    assert comparison["wer_difference"]["value"] == pytest.approx(-summary["baseline"]["wer"]["value"])
    assert (comparison["wins"], comparison["losses"], comparison["ties"]) == (30, 0, 30)
    assert comparison["verdict"] == "better"
    assert comparison["most_won"][0] == "u01"


def test_interrupted_decoding_goes_on_with_the_same_batches(models, tmp_path, careless):
    whole = evaluate("careless", "stub", tmp_path / "whole", CONFIG)
    batches, careless.batches = careless.batches, []
    recognise = careless.recognise

    def fails_in_the_fourth_batch(sounds, options):
        if len(careless.batches) == 3:
            raise KeyboardInterrupt
        return recognise(sounds, options)

    careless.recognise = fails_in_the_fourth_batch
    with pytest.raises(KeyboardInterrupt):
        evaluate("careless", "stub", tmp_path / "e", CONFIG)
    assert careless.batches == batches[:3]
    careless.recognise, careless.batches = recognise, []
    part = next((tmp_path / "e/hypotheses.parts").rglob("part-*.jsonl"))
    part.write_bytes(part.read_bytes()[:-20])  # as a kill in the middle of a write leaves it
    summary = evaluate("careless", "stub", tmp_path / "e", CONFIG)
    assert careless.batches == batches[2:]
    assert {**summary, "rtf": 0, "out": "", "decoding": 0} == {**whole, "rtf": 0, "out": "", "decoding": 0}


def test_corrupt_clips_are_set_aside_and_count_as_deleted(models, tmp_path, dataset):
    dataset.broken = (4,)
    summary = evaluate("perfect", "stub", tmp_path / "e", CONFIG)
    assert (summary["undecodable"], summary["missing"]) == (1, 1)
    assert summary["counts"]["words"]["deletions"] == len(dataset.table("test")["text"][4].split())
    assert "corrupt" in (tmp_path / "e/hypotheses.jsonl").read_text()


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "txt", "trn"])
def test_hypotheses_of_another_system(models, tmp_path, dataset, form):
    ids = dataset.table("test")["id"].to_list()
    lines = {
        "jsonl": [json.dumps({"audio_filepath": f"clips/{i}.wav", "pred_text": "xx"}) for i in ids],
        "csv": ["id,text", *(f"{i},xx" for i in ids)],
        "tsv": ["path\thypothesis", *(f"{i}.mp3\txx" for i in ids)],
        "txt": [f"{i} xx" for i in ids],
        "trn": [f"xx ({i})" for i in ids],
    }[form]
    path = tmp_path / f"other.{form}"
    path.write_text("\n".join(lines))
    summary = evaluate(None, "stub", tmp_path / "e", CONFIG, hypotheses=path)
    assert summary["counts"]["words"]["substitutions"] == 60
    assert summary["rtf"] is None and summary["missing"] == 0
    assert models[1] == []


def test_hypotheses_twice_or_unknown_are_refused(models, tmp_path):
    (tmp_path / "twice.txt").write_text("u01 da\nu01 ne\n")
    with pytest.raises(InputError, match="twice"):
        evaluate(None, "stub", tmp_path / "e", CONFIG, hypotheses=tmp_path / "twice.txt")
    (tmp_path / "unknown.txt").write_text("u01 da\nu99 ne\n")
    with pytest.raises(InputError, match="u99"):
        evaluate(None, "stub", tmp_path / "e", CONFIG, hypotheses=tmp_path / "unknown.txt")


def test_require_ends_with_status_3_and_keeps_everything(models, tmp_path):
    config = dataclasses.replace(CONFIG, require={"wer": 0.01})
    with pytest.raises(LimitError, match=r"wer is 0\.0\d+, above the required 0\.01") as caught:
        evaluate("careless", "stub", tmp_path / "e", config)
    assert caught.value.summary["utterances"] == 60
    assert (tmp_path / "e/summary.json").exists()
    assert evaluate("careless", "stub", tmp_path / "e", dataclasses.replace(CONFIG, require={"wer": 0.5}))
    with pytest.raises(UsageError, match="no such metric"):
        evaluate("careless", "stub", tmp_path / "e", dataclasses.replace(CONFIG, require={"werr": 0.5}))


def test_sets_are_reported_apart(models, tmp_path, dataset):
    dataset.frame = pl.concat([dataset.frame, dataset.frame.with_columns(split=pl.lit("dev"))])
    dataset.splits = {"test": 60, "dev": 60}
    config = dataclasses.replace(CONFIG, sets={"vox test": "stub:test", "vox dev": ":dev"})
    summary = evaluate("careless", "stub", tmp_path / "e", config)
    assert [one["split"] for one in summary["sets"].values()] == ["test", "dev"]
    assert (tmp_path / "e/vox_dev/scores.parquet").exists()
    assert summary["wer"] == summary["sets"]["vox test"]["wer"]


def test_scoring_a_run_on_test_again_is_counted(models, stage, tmp_path, careless):
    run = tmp_path / "careless"
    (run / "model").mkdir(parents=True)
    (run / "run.json").write_text("{}")
    assert evaluate(str(run), "stub", tmp_path / "a", CONFIG)["test_looks"] == 1
    assert evaluate(str(run), "stub", tmp_path / "a", CONFIG)["test_looks"] == 1
    (run / "model" / "config.json").write_text('{"trained": "more"}')
    summary = evaluate(str(run), "stub", tmp_path / "b", CONFIG)
    assert summary["test_looks"] == 2
    assert any("scored 2 times on test" in line for line in lines_of(summary))


def test_unknown_split_and_column_are_named(models, tmp_path):
    with pytest.raises(DatasetError, match="'nope'; it has test"):
        evaluate("careless", "stub", tmp_path / "e", dataclasses.replace(CONFIG, split="nope"))
    with pytest.raises(DatasetError, match="'dialect' to slice by"):
        evaluate("careless", "stub", tmp_path / "e", dataclasses.replace(CONFIG, slices=("dialect",)))
    assert not list(tmp_path.rglob("hypotheses.jsonl"))  # it is said before anything is decoded


def test_ranges_are_in_order_and_small_groups_stand_together(models, tmp_path, dataset):
    names = ["one", "two", *["many"] * 30, *["more"] * 28]
    dataset.frame = dataset.frame.with_columns(accent=pl.Series(names))
    slices = evaluate("careless", "stub", tmp_path / "e", CONFIG)["slices"]
    assert list(slices["duration"]) == ["under 2 s", "2–5 s", "5–10 s", "10–20 s"]
    assert list(slices["accent"]) == ["many", "more", "(small groups)"]
    assert slices["accent"]["(small groups)"]["utterances"] == 2


def test_english_normaliser_is_named_and_compared_with_itself(models, tmp_path, perfect):
    from govor.evaluate.comparing import compare

    model = tmp_path / "perfect"
    model.mkdir()
    (model / "normalizer.json").write_text('{"colour": "color"}')
    config = dataclasses.replace(CONFIG, rules=("english",))
    for name in ("a", "b"):
        summary = evaluate(str(model), "stub", tmp_path / name, config)
        assert summary["normaliser"]["rules"] == ["english"]
    assert compare([tmp_path / "a", tmp_path / "b"], tmp_path / "c")["wer_difference"]["value"] == 0


def test_unknown_rules_are_refused():
    with pytest.raises(ValueError, match="'nope'"):
        EvaluateConfig(rules=("nope",))


def test_bandwidth_is_measured_and_sliced(models, tmp_path, dataset):
    """The clips are a 220 Hz tone; every third gets noise on top."""
    whole = dataset.wave
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000 * 20).astype(np.float32)

    def wave(split, row):
        samples = whole(split, row)
        if row % 3 == 0:
            samples[1:] += noise[1 : len(samples)]
        return samples

    dataset.wave = wave
    slices = evaluate("careless", "stub", tmp_path / "e", CONFIG)["slices"]
    found = {value: part["utterances"] for value, part in slices["bandwidth_hz"].items()}
    assert found == {"under 3600 Hz": 40, "7600 Hz and more": 20}
