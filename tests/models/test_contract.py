"""What every family promises, whatever it is; a new family is added to `bases` and must pass."""

import numpy as np
import pytest

from govor.config import ModelConfig
from govor.features import Example
from govor.models import DecodeOptions, Family, Recogniser, new_model, open_model, resume_model, sounds
from govor.text import Normaliser
from govor.train.memory import in_pieces

torch = pytest.importorskip("torch")

FAMILIES = ["tiny_ctc", "tiny_whisper"]


@pytest.fixture(params=FAMILIES)
def base(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def family(base) -> Family:
    return new_model(
        ModelConfig(base=str(base)), normaliser=Normaliser(), train_texts=["ab"], language="hr", device="cpu"
    )


def wave(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def example(family, seconds: float, text: str, seed: int = 0) -> Example:
    features = family.extractor(wave(seconds, seed))
    labels = tuple(family.encode_text(text, "hr", seconds))
    return Example(f"u{seed}", features, labels, seconds, padding=family.extractor.padding(features))


def test_it_is_a_recogniser(base):
    assert isinstance(open_model(base, device="cpu"), Recogniser)


def test_text_comes_back(family):
    assert family.decode_text(family.encode_text("dobar dan", "hr")) == "dobar dan"


def test_padding_changes_no_loss(family):
    family.model.eval()
    one, two = example(family, 0.8, "ab", 1), example(family, 1.9, "abcabc", 2)
    with torch.no_grad():
        (first, n), (second, m) = family.loss(family.collate([one])), family.loss(family.collate([two]))
        both, units = family.loss(family.collate([one, two]))
    assert units == n + m
    assert both.item() == pytest.approx(first.item() + second.item(), rel=1e-3)


def test_pieces_of_a_batch_add_up(family):
    """A batch that does not fit and is run in pieces has the loss, units and gradients of the whole."""
    family.model.eval()
    batch = family.collate([example(family, 0.8 + n / 3, "abcabc"[: n + 2], n) for n in range(4)])
    whole, units = family.loss(batch)
    whole.backward()
    gradients = gradients_of(family)
    family.model.zero_grad()
    parts = [family.loss(piece) for piece in in_pieces(batch, 3)]
    for loss, _ in parts:
        loss.backward()
    assert len(parts) == 2 and sum(n for _, n in parts) == units
    assert sum(loss.item() for loss, _ in parts) == pytest.approx(whole.item(), rel=1e-5)
    assert torch.dist(gradients_of(family), gradients) < 0.02 * gradients.norm()


def gradients_of(family):
    return torch.cat([p.grad.flatten() for p in family.model.parameters() if p.grad is not None])


def test_recognising_leaves_mode_and_streams_alone(family):
    family.model.train()
    before = torch.get_rng_state()
    family.recognise(sounds([wave(0.5)]), DecodeOptions())
    assert family.model.training and torch.equal(before, torch.get_rng_state())


def test_one_clip_is_learned_and_decoded(family):
    batch = family.collate([example(family, 1.0, "abc")])
    optimiser = torch.optim.AdamW(family.model.parameters(), lr=1e-2)
    family.model.train()
    for _ in range(80):
        total, units = family.loss(batch)
        optimiser.zero_grad()
        (total / units).backward()
        optimiser.step()
        if total.item() / units < 0.02:
            break
    assert total.item() / units < 0.2


def test_saved_and_taken_up(family, base, tmp_path):
    family.save(tmp_path)
    again = resume_model(ModelConfig(base=str(base)), tmp_path, device="cpu")
    for (name, one), (same, other) in zip(
        family.model.state_dict().items(), again.model.state_dict().items(), strict=True
    ):
        assert name == same and torch.equal(one, other)
    facts = open_model(tmp_path, device="cpu").describe()
    for key in ("family", "architecture", "parameters", "precision", "device", "base", "normaliser"):
        assert key in facts
    assert {p.suffix for p in tmp_path.rglob("*") if p.is_file()} <= {
        ".json",
        ".safetensors",
        ".txt",
        ".jinja",
    }


def test_empty_input(family):
    assert family.recognise([], DecodeOptions()) == []
