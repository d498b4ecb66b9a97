"""An evaluation names the prompt of the model and of the baseline; the base is decoded as it was released."""

from __future__ import annotations

import pytest

from govor.config import EvaluateConfig, ModelConfig, TextConfig
from govor.evaluate import evaluate
from govor.evaluate.summary import prompt_notes
from govor.models import new_model
from govor.text import Normaliser
from tiny_tokenizer import SYMBOLS, save_symbols_whisper_files

pytest.importorskip("torch")


def test_model_and_baseline_are_each_decoded_with_their_own_prompt(tmp_path, tiny_dataset):
    files = save_symbols_whisper_files(tmp_path / "files")
    scratch = {"model_type": "whisper", "tokenizer": str(files)}
    for name, texts in (("base", []), ("tuned", ["a - b"])):
        family = new_model(
            ModelConfig(from_scratch=scratch, timestamps=name == "tuned"),
            normaliser=Normaliser.of(TextConfig(), "hr"),
            train_texts=texts,
            language="hr",
            device="cpu",
            precision="fp32",
        )
        family.save(tmp_path / name)
    (tmp_path / "base" / "govor.json").unlink()
    config = EvaluateConfig(split="dev", baseline=str(tmp_path / "base"), language="hr")
    summary = evaluate(tmp_path / "tuned", tiny_dataset, tmp_path / "out", config, device="cpu")
    prompt, base = summary["decoding"]["prompt"], summary["baseline"]["decoding"]["prompt"]
    assert (prompt["timestamps"], base["timestamps"]) == (True, False)
    assert prompt["suppressed_tokens"] == len(SYMBOLS) - 3 and base["suppressed_tokens"] == len(SYMBOLS)
    assert base["suppression"] == "as the model was released"
    notes = prompt_notes(summary)
    assert len(notes) == 2 and "as the model was released" in notes[1] and "with timestamps" in notes[0]
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Prompt of the baseline: language hr" in report
