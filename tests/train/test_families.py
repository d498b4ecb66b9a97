"""Every architecture named in docs/models.md: made, trained, saved, and opened by transformers alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from train_parts import Killed

from fake_hub import running
from govor.config import Recipe
from govor.load import Dataset
from govor.models import DecodeOptions, open_model, sounds
from govor.train import train

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
WAVES = SMALL | {"conv_dim": [16] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
XLS_R = WAVES | {"model_type": "wav2vec2", "feat_extract_norm": "layer", "do_stable_layer_norm": True}
SCRATCH: dict[str, dict[str, Any]] = {
    "wav2vec2": WAVES | {"model_type": "wav2vec2", "feat_extract_norm": "group"},
    "xls-r": XLS_R,
    "mms": XLS_R | {"adapter_attn_dim": 8},
    "w2v-bert": SMALL | {"model_type": "wav2vec2-bert", "feature_projection_input_dim": 160},
    "fastconformer": SMALL | {"model_type": "parakeet_ctc", "subsampling_factor": 4},
    "whisper": {"model_type": "whisper"},
}


@pytest.mark.parametrize("kind", SCRATCH)
def test_trained_here_and_opened_by_transformers(
    recipe: Callable[..., Recipe], tmp_path: Path, speech: Path, tiny_whisper_files: Path, kind: str
) -> None:
    from transformers import pipeline

    few = {"steps": 2, "max_batch": 4, "eval_utterances": 2, "precision": "fp32"}
    files = {"tokenizer": str(tiny_whisper_files)} if kind == "whisper" else {}
    scratch = {"from_scratch": SCRATCH[kind] | files}
    train(recipe(work=tmp_path / "base", model=scratch, **few), device="cpu")
    summary = train(recipe(work=tmp_path / "base", model=scratch, **few | {"steps": 3}), device="cpu")
    assert summary["resumed_from"] == 2
    made = summary["model"]
    more: dict[str, Any] = {"adapter": True} if kind == "mms" else {"lora": {"r": 2}}
    summary = train(recipe(work=tmp_path / "tuned", model={"base": made, **more}, **few), device="cpu")
    assert summary["complete"] and summary["base_wer"] is not None
    data = Dataset.open(speech)
    waves = [data.wave("dev", row, 16_000) for row in range(2)]
    ours = open_model(summary["model"], device="cpu").recognise(sounds(waves), DecodeOptions())
    pipe = pipeline("automatic-speech-recognition", model=summary["model"], device="cpu")
    said = {"generate_kwargs": {"max_new_tokens": 20, "num_beams": 1}} if kind == "whisper" else {}
    for wave, hypothesis in zip(waves, ours, strict=True):
        heard = pipe(wave.copy(), **said)["text"].replace("<unk>", "").strip()
        assert heard[:15] == hypothesis.text[:15]
    assert len(pipe([wave.copy() for wave in waves], batch_size=2, **said)) == 2


@pytest.mark.slow
def test_a_base_on_the_hub_stays_the_one_that_training_began_with(
    plain: Callable[..., dict[str, Any]], tmp_path: Path, tiny_ctc: Path
) -> None:
    """LoRA matrices go on top of the commit they were begun on, whatever became of the repository since."""
    with running(tmp_path / "hub") as (hub, url):
        hub.create("models", "team/base", False)
        shutil.copytree(tiny_ctc, hub.repo("models", "team/base") / "files", dirs_exist_ok=True)
        hub.commit("models", "team/base", [])
        began = hub.info("models", "team/base")["sha"]
        settings = {
            "HF_ENDPOINT": url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_OFFLINE": "0",
            "HF_HOME": str(tmp_path / "home"),
        }
        more: dict[str, Any] = {"model": {"base": "team/base", "lora": {"r": 2}}, "eval_utterances": 2}
        first = Killed(plain(tmp_path / "run", steps=2, **more), environment=settings).finish()
        assert first["status"] == 0 and first["summary"]["base_wer"] is not None, first
        run = tmp_path / "run" / "run"
        assert json.loads((run / "model" / "govor.json").read_text())["base_revision"] == began
        hub.commit("models", "team/base", [FILE])
        assert hub.info("models", "team/base")["sha"] != began
        hub.log.clear()
        second = Killed(plain(tmp_path / "run", steps=3, **more), environment=settings).finish()
        assert second["status"] == 0 and second["summary"]["resumed_from"] == 2, second
        asked = [path for _, path in hub.log if "/resolve/" in path]
        assert not [path for path in asked if "/resolve/main/" in path]


FILE = {"key": "file", "value": {"path": "note.txt", "content": "bW92ZWQgb24="}}
