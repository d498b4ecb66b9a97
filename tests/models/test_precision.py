"""Which arithmetic trains, which decodes, and what stays in float32 while bf16 trains on a processor."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from govor.features import Example
from govor.models import open_model
from govor.models.depthwise import keep_depthwise_in_float32
from govor.models.device import choose_precision, in_words, moved, settle, training_precision

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True}, "bf16"),
        ({"amx_bf16": True}, "bf16"),
        ({"avx512_f": True}, "fp32"),
        ({}, "fp32"),
    ],
)
def test_training_takes_bf16_where_the_processor_multiplies_in_it(monkeypatch, capabilities, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    assert training_precision("auto", CPU) == expected
    assert training_precision("fp32", CPU) == "fp32"
    assert choose_precision("auto", CPU) == "fp32"


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(4, 4, 3, groups=4),
        nn.Conv1d(4, 8, 1),
        nn.Unflatten(1, (8, 1)),
        nn.Conv2d(8, 8, 1, groups=8),
    )


def test_depthwise_convolutions_stay_in_float32_and_others_do_not():
    kept, plain = model(), model()
    keep_depthwise_in_float32(kept)
    assert [type(m).__name__ for m in kept] == ["Float32Conv1d", "Conv1d", "Unflatten", "Float32Conv2d"]
    assert list(kept.state_dict()) == list(plain.state_dict())
    values = torch.randn(2, 4, 9)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        first = copy.deepcopy(kept)[0](values.bfloat16())
        second = kept[1](values)
    assert first.dtype is torch.float32 and second.dtype is torch.bfloat16
    assert torch.equal(first, plain[0](values.bfloat16().float()))


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.93])
def test_batches_of_bf16_training_are_padded_to_few_lengths(tiny_ctc, seconds):
    family = open_model(tiny_ctc, device="cpu")
    wave = np.zeros(round(seconds * 16_000), np.float32)
    examples = [Example("a", family.features(wave), (1,), seconds)]
    exact = family.collate(examples)
    family.frame_multiple = 16
    rounded = family.collate(examples)
    frames = rounded.inputs["input_features"].shape[1]
    assert frames % 16 == 0 and 0 <= frames - exact.inputs["input_features"].shape[1] < 16
    assert rounded.inputs["attention_mask"].sum() == exact.inputs["attention_mask"].sum()
    assert torch.equal(rounded.frames, exact.frames)
    assert rounded.window_s == pytest.approx(frames / 100, rel=0.02)


@pytest.fixture
def switches():
    """torch's own switches, afterwards as they were."""
    cudnn = torch.backends.cudnn
    before = torch.get_float32_matmul_precision(), cudnn.allow_tf32, cudnn.benchmark
    yield cudnn
    torch.set_float32_matmul_precision(before[0])
    cudnn.allow_tf32, cudnn.benchmark = before[1:]


@pytest.mark.parametrize(("precision", "tf32"), [("bf16", True), ("fp16", True), ("fp32", False)])
def test_float32_is_tf32_on_a_gpu_unless_fp32_was_asked_for(switches, precision, tf32):
    switches.benchmark = True
    settle(precision, torch.device("cuda:0"))
    assert torch.get_float32_matmul_precision() == ("high" if tf32 else "highest")
    assert switches.allow_tf32 is tf32 and switches.benchmark is False
    assert ("TF32" in in_words(precision, torch.device("cuda:0"))) is tf32


def test_a_processor_keeps_its_switches(switches):
    torch.set_float32_matmul_precision("highest")
    settle("bf16", CPU)
    assert torch.get_float32_matmul_precision() == "highest" and "TF32" not in in_words("bf16", CPU)


class OnItsWay:
    """A tensor that writes down what is done to it."""

    def __init__(self, device="cpu"):
        self.device, self.done = torch.device(device), []

    def pin_memory(self):
        self.done.append("pinned")
        return self

    def to(self, device, non_blocking):
        self.done.append((str(device), non_blocking))
        return self


@pytest.mark.parametrize(
    ("source", "target", "done"),
    [
        ("cpu", "cuda:0", ["pinned", ("cuda:0", True)]),
        ("cuda:0", "cuda:0", [("cuda:0", True)]),
        ("cpu", "cpu", [("cpu", True)]),
    ],
)
def test_what_goes_to_a_gpu_goes_from_pinned_memory(source, target, done):
    value = OnItsWay(source)
    moved(value, torch.device(target))
    assert value.done == done
