"""The usual learning rates: by family, size, adapters and amount of data, without opening weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from transformers import AutoConfig, WhisperConfig

from govor.config import ModelConfig, TrainConfig
from govor.errors import ModelError
from govor.models.rates import first_rate, seconds_used, usual_rate

HOUR = 3600.0


def base(folder: Path, kind: str, **sizes: Any) -> ModelConfig:
    """A base of which there is nothing but its configuration."""
    AutoConfig.for_model(kind, **sizes).save_pretrained(folder)
    return ModelConfig(base=str(folder))


@pytest.mark.parametrize(
    ("width", "rate"),
    [(384, 3.75e-5), (512, 2.5e-5), (768, 1.25e-5), (1024, 6.25e-6), (1280, 4.375e-6), (16, 3.75e-5)],
)
def test_whisper_by_size(width: int, rate: float, tmp_path: Path) -> None:
    WhisperConfig(d_model=width).save_pretrained(tmp_path)
    assert usual_rate(ModelConfig(base=str(tmp_path))) == pytest.approx(rate)
    assert usual_rate(ModelConfig(base=str(tmp_path), lora={"r": 8})) == 1e-3


@pytest.mark.parametrize(
    ("kind", "sizes", "rate"),
    [
        ("wav2vec2", {"hidden_size": 1024}, 3e-4),
        ("hubert", {"hidden_size": 768}, 3e-4),
        ("wav2vec2", {"hidden_size": 1280}, 7.5e-5),
        ("wav2vec2-bert", {"hidden_size": 1024}, 5e-5),
        ("parakeet_ctc", {}, 1e-4),
    ],
)
def test_ctc_by_architecture(kind: str, sizes: dict[str, int], rate: float, tmp_path: Path) -> None:
    assert usual_rate(base(tmp_path, kind, **sizes)) == rate


def test_language_adapters(tmp_path: Path) -> None:
    base(tmp_path, "wav2vec2", hidden_size=1280)
    assert usual_rate(ModelConfig(base=str(tmp_path), adapter=True)) == 1e-3


def test_new_models(tmp_path: Path) -> None:
    small = {"model_type": "parakeet_ctc", "hidden_size": 144, "num_attention_heads": 4}
    assert usual_rate(ModelConfig(from_scratch=small)) == 2e-3
    assert usual_rate(ModelConfig(from_scratch={**small, "hidden_size": 1024})) == 1e-3
    assert usual_rate(ModelConfig(from_scratch={"model_type": "whisper", "d_model": 384})) == 1.5e-3
    WhisperConfig(d_model=512).save_pretrained(tmp_path)
    assert usual_rate(ModelConfig(from_scratch={"model_type": "whisper", "tokenizer": str(tmp_path)})) == 1e-3


def test_less_for_sets_below_an_hour_where_a_whole_pretrained_model_is_trained(tmp_path: Path) -> None:
    WhisperConfig(d_model=512).save_pretrained(tmp_path)
    whole = ModelConfig(base=str(tmp_path))
    small, large = first_rate(whole, 600.0), first_rate(whole, HOUR)
    assert (small.rate, large.rate) == (1e-5, 2.5e-5)
    assert "2.5e-05, times 0.4 because the set has less than 1 h" in small.sentence
    assert first_rate(ModelConfig(base=str(tmp_path), lora={"r": 8}), 600.0).rate == 1e-3
    assert first_rate(ModelConfig(from_scratch={"hidden_size": 64}), 600.0).rate == 2e-3
    assert seconds_used(TrainConfig(hours=0.5), 2 * HOUR) == HOUR / 2
    assert seconds_used(TrainConfig(), 2 * HOUR) == 2 * HOUR


def test_no_such_base(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model's folder"):
        usual_rate(ModelConfig(base=str(tmp_path / "nothing")))
