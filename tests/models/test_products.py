"""Products through oneDNN, and what goes through a model together."""

import threading

import numpy as np
import pytest

from govor.config import ModelConfig, TextConfig
from govor.models import DecodeOptions, new_model, sounds
from govor.models.products import FEWEST_ROWS, FEWEST_ROWS_OF_MANY, MANY_OUTPUTS, fast_products
from govor.text import Normaliser

torch = pytest.importorskip("torch")

CPU = torch.device("cpu")
BY_GROUP = {
    "model_type": "wav2vec2",
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": [16] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "feat_extract_norm": "group",
}


class Counted:
    """Stands for the operation and counts how often it is asked."""

    def __init__(self, monkeypatch) -> None:
        import govor.models.products as products

        self.calls, self._own = 0, products._linear
        monkeypatch.setattr(products, "_linear", self)

    def __call__(self, *arguments):
        self.calls += 1
        return self._own(*arguments)


@pytest.fixture
def counted(monkeypatch):
    if not torch.backends.mkldnn.is_available():
        pytest.skip("torch without oneDNN")
    return Counted(monkeypatch)


def test_a_vocabulary_is_worth_it_for_fewer_rows(counted):
    layer = torch.nn.Linear(8, MANY_OUTPUTS)
    with torch.inference_mode(), fast_products(CPU):
        for rows, calls in ((FEWEST_ROWS_OF_MANY - 1, 0), (FEWEST_ROWS_OF_MANY, 1)):
            values = torch.randn(rows, 1, 8)
            found = layer(values)
            assert counted.calls == calls
            torch.testing.assert_close(found, values @ layer.weight.T + layer.bias, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("biased", [True, False])
def test_products_are_those_of_torch(counted, biased):
    layer = torch.nn.Linear(48, 96, bias=biased)
    values = torch.randn(2, 50, 48)
    with torch.inference_mode():
        expected = layer(values)
        with fast_products(CPU):
            found = layer(values)
    assert counted.calls == 1
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_what_would_not_gain_or_not_be_right_is_left_to_torch(counted):
    layer = torch.nn.Linear(48, 96)
    few, double = torch.randn(FEWEST_ROWS - 1, 48), torch.randn(50, 48, dtype=torch.float64)
    with fast_products(CPU):
        assert layer(torch.randn(50, 48)).requires_grad  # training keeps its gradients
    with torch.inference_mode(), fast_products(CPU):
        layer(few)
        layer.double()(double)
        layer.float()
        with torch.autocast("cpu", torch.bfloat16):
            assert layer(torch.randn(50, 48)).dtype is torch.bfloat16
    with torch.inference_mode(), fast_products(torch.device("meta")):
        layer(torch.randn(50, 48))
    assert counted.calls == 0


def test_other_threads_are_not_touched(counted):
    layer, values = torch.nn.Linear(48, 96), torch.randn(50, 48)

    def elsewhere():
        with torch.inference_mode():
            layer(values)

    with torch.inference_mode(), fast_products(CPU):
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert counted.calls == 0


def test_a_model_that_cannot_mask_padding_hears_each_clip_alone():
    family = new_model(
        ModelConfig(from_scratch=BY_GROUP),
        normaliser=Normaliser.of(TextConfig(), "hr"),
        train_texts=["abcčdđ e"],
        language="hr",
        device="cpu",
        seed=3,
    )
    random = np.random.default_rng(1)
    waves = [random.normal(0, 0.1, round(s * 16_000)).astype(np.float32) for s in (0.5, 2.0, 1.1)]
    together = family.recognise(sounds(waves), DecodeOptions(words=True))
    assert together == [family.recognise(sounds([wave]), DecodeOptions(words=True))[0] for wave in waves]
