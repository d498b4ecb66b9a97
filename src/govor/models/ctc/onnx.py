"""CTC models in ONNX: onnxruntime alone decodes them, without torch.

The graph takes one wave's features of any length and gives log-probabilities. Waves are decoded one by one:
without padding there is nothing to mask, the results are those of the model alone with the clip, and on a CPU
a batch gains nothing. Only what is shorter than 16 frames or 0.1 s is padded, which moves log-probabilities a
little.

Shapes: T samples, F frames, D feature size, V tokens.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor.errors import ModelError, UsageError
from govor.extras import required
from govor.features import Extractor, Wave, WaveSpec
from govor.models.base import AskedWord, DecodeOptions, ModelFacts, Recogniser, Sound
from govor.models.ctc.alignment import Part, place_parts, place_words
from govor.models.ctc.frames import collapse, hypothesis_of, kept
from govor.models.ctc.fusion import beam_runs, is_searched, texts_of
from govor.models.ctc.model import CtcFamily
from govor.models.ctc.vocabulary import Vocabulary
from govor.models.exported import common_settings, extractor_from
from govor.models.saved import normaliser_of, read_settings, write_settings
from govor.records import Hypothesis, PlacedWord
from govor.shown import first_line

MODEL = "model.onnx"
FEWEST_FRAMES = 16
FEWEST_SAMPLES = 1_600
LONGEST_INPUT_S = 3600.0
EXAMPLE_S = 3.0
QUANTIZATIONS = ("float32", "int8")


READERS: Mapping[str, object] = {}
FOREIGN_FILES: Sequence[str] = ()


def claims(folder: Path) -> bool:
    """None: a graph alone does not say what it reads."""
    return False


def convert(original: CtcFamily, out: Path, quantization: str | None) -> None:
    """Writes an ONNX folder that `open_model` reads.

    Raises:
        UsageError: unknown quantization.
        ModelError: its graph cannot be taken.
        MissingExtraError: onnx, onnxscript or onnxruntime is not installed.
    """
    if quantization and quantization not in QUANTIZATIONS:
        raise UsageError(
            f"--quantization {quantization}: for onnx it must be one of {', '.join(QUANTIZATIONS)}"
        )
    _export_graph(original, out / MODEL)
    if quantization == "int8":
        _quantize(out / MODEL)
    if not original.vocabulary.by_character:
        original.vocabulary.tokenizer.save_pretrained(out)
    write_settings(out, _settings(original, quantization))


def _export_graph(original: CtcFamily, path: Path) -> None:
    with required():
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    import torch

    from govor.models.quiet import quiet
    from govor.models.weights import core_of

    core = core_of(original.model).to("cpu").float().eval()

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.core = core

        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return torch.log_softmax(self.core(values).logits, dim=-1)

    example = torch.from_numpy(_example(original.extractor))[None]
    length = torch.export.Dim("length", min=FEWEST_FRAMES, max=_most(original.extractor))
    try:
        with quiet(), torch.inference_mode():
            program = torch.onnx.export(
                Graph().eval(),
                (example,),
                dynamo=True,
                dynamic_shapes={"values": {1: length}},
                input_names=["values"],
                output_names=["log_probs"],
                verbose=False,
            )
    except Exception as error:
        raise ModelError(f"{original.name} cannot be written as ONNX: {first_line(error)}") from error
    assert program is not None  # only with dynamo=False
    program.save(str(path), external_data=False)


def _example(extractor: Extractor) -> NDArray[np.float32]:
    wave = np.random.default_rng(0).normal(0, 0.05, round(EXAMPLE_S * extractor.sample_rate))
    return extractor(wave.astype(np.float32))


def _most(extractor: Extractor) -> int:
    return extractor.frames(round(LONGEST_INPUT_S * extractor.sample_rate))


def _quantize(path: Path) -> None:
    """Weights of matrix products in 8 bits; activations are quantised while running."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    full = path.with_suffix(".float32.onnx")
    path.replace(full)
    quantize_dynamic(full, path, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"])
    full.unlink()


def _settings(original: CtcFamily, quantization: str | None) -> dict[str, object]:
    vocabulary = original.vocabulary
    return {
        **common_settings(original, "onnx", quantization),
        "language": original.written_language,  # an export holds one adapter
        "frame_s": original.frame_s,
        "vocabulary": {
            "tokens": list(vocabulary.tokens),
            "blank": vocabulary.blank,
            "delimiter": vocabulary.delimiter,
            "unknown": vocabulary.unknown,
            "upper": vocabulary.upper,
        },
    }


def open_folder(folder: Path, device: str = "auto", precision: str = "auto") -> Recogniser:
    """Opens an exported folder.

    Raises:
        MissingExtraError: onnxruntime is not installed.
        ModelError: the folder is incomplete.
    """
    return OnnxCtc(folder, device)


class OnnxCtc:
    """An exported CTC model; see `govor.models.base.Recogniser`."""

    max_window_s: float | None = None

    def __init__(self, folder: Path, device: str = "auto") -> None:
        settings = read_settings(folder)
        self.name, self.settings = str(folder), settings
        self.normaliser = normaliser_of(settings)
        self.extractor: Extractor = extractor_from(settings["extractor"])
        self.sample_rate = self.extractor.sample_rate
        self.frame_s: float = settings["frame_s"]
        self.session = _session(folder / MODEL, device)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The model's tokens."""
        fields = self.settings["vocabulary"]
        tokenizer = None
        if fields["delimiter"] is None:
            from transformers import AutoTokenizer

            tokenizer = AutoTokenizer.from_pretrained(self.name)
        return Vocabulary(
            tuple(fields["tokens"]),
            fields["blank"],
            fields["delimiter"],
            fields["unknown"],
            fields["upper"],
            tokenizer=tokenizer,
        )

    def log_probs(self, waves: Sequence[Wave]) -> list[NDArray[np.float32]]:
        """Log-probabilities ``[F, V]`` of each wave."""
        return [self._run(wave) for wave in waves]

    def searched_texts(self, log_probs: Sequence[NDArray[np.float32]], options: DecodeOptions) -> list[str]:
        """See `govor.models.base.Searched`."""
        return texts_of(log_probs, self.vocabulary, options)

    def place(self, wave: Wave, words: Sequence[AskedWord]) -> list[PlacedWord | None]:
        """See `govor.models.base.Placing`."""
        return place_words(self._run(wave), words, self.vocabulary, self.frame_s)

    def place_in(self, parts: Sequence[Part], strange: bool = False) -> list[list[PlacedWord | None]]:
        """See `govor.models.base.Placing`."""
        return place_parts(parts, self.vocabulary, self.frame_s, strange)

    def _run(self, wave: Wave) -> NDArray[np.float32]:
        values = self.extractor(wave)
        fewest = FEWEST_SAMPLES if isinstance(self.extractor, WaveSpec) else FEWEST_FRAMES
        if len(values) < fewest:
            rest = np.full((fewest - len(values), *values.shape[1:]), self.extractor.padding(values))
            values = np.concatenate([values, rest.astype(np.float32)])
        found: NDArray[np.float32] = self.session.run(None, {"values": values[None]})[0][0]
        return found

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        """The best token of each frame, or beam search where `options` ask for it."""
        return [
            self._hypothesis(scores, options) for scores in self.log_probs([sound.wave for sound in sounds])
        ]

    def _hypothesis(self, scores: NDArray[np.float32], options: DecodeOptions) -> Hypothesis:
        if is_searched(options):
            runs = beam_runs(scores, self.vocabulary, options)
        else:
            best = scores.argmax(axis=-1)
            peaks = np.exp(np.take_along_axis(scores, best[:, None], axis=-1)[:, 0])
            runs = collapse(best, peaks, self.vocabulary.special)
        language = self.settings.get("language")
        said = hypothesis_of(runs, self.vocabulary, self.frame_s, language, words=options.words)
        return replace(said, frames=kept(scores)) if options.frames else said

    def describe(self) -> ModelFacts:
        """Facts for reports."""
        return {
            "family": "ctc",
            "parameters": self.settings.get("parameters"),
            "precision": self.settings.get("quantization", "float32"),
            "device": self.session.get_providers()[0],
            "base": self.settings.get("base"),
            "backend": "onnx",
            "sample_rate": self.sample_rate,
            "vocabulary": len(self.vocabulary.tokens),
            "frame_s": self.frame_s,
            "normaliser": self.normaliser.name,
            "original": self.settings.get("original"),
        }


def _session(path: Path, device: str) -> Any:
    with required():
        import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        options.intra_op_num_threads = int(asked)
    providers = ["CPUExecutionProvider"]
    if device != "cpu" and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        providers.insert(0, "CUDAExecutionProvider")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:
        raise ModelError(f"{path} cannot be opened by onnxruntime: {error}") from error
