"""Exports open like any model, say the same, and are refused where they do not."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import wave as wavefile

import numpy as np
import pytest

from govor.config import ModelConfig
from govor.errors import InputError, LimitError, ModelError, UsageError
from govor.export import export_model
from govor.export.proof import Proof
from govor.models import DecodeOptions, new_model, open_model, sounds
from govor.models.identity import lineage, writer_of
from govor.records import Hypothesis
from govor.text import Normaliser

pytest.importorskip("ctranslate2")
pytest.importorskip("onnxruntime")

RATE = 16_000


def waves(*seconds: float) -> list[np.ndarray]:
    """Noise that swells and fades ten times."""
    random = np.random.default_rng(5)
    made = []
    for length in (round(s * RATE) for s in seconds):
        envelope = np.repeat(random.uniform(0, 0.2, 10), length // 10 + 1)[:length]
        made.append((random.normal(0, 1, length) * envelope).astype(np.float32))
    return made


def one_wrong(recogniser):
    """Makes a recogniser say something else about every clip."""
    from dataclasses import replace

    original = recogniser.recognise

    def recognise(*arguments):
        return [replace(h, text=h.text + " krivo") for h in original(*arguments)]

    recogniser.recognise = recognise
    return recogniser


@pytest.fixture(scope="module")
def ctc_export(tiny_ctc, tmp_path_factory):
    out = tmp_path_factory.mktemp("export") / "onnx"
    return out, export_model(tiny_ctc, "onnx", out, device="cpu")


@pytest.fixture(scope="module")
def whisper_export(tiny_whisper, tmp_path_factory):
    out = tmp_path_factory.mktemp("export") / "ct2"
    return out, export_model(tiny_whisper, "ctranslate2", out, device="cpu")


def test_onnx_says_the_same_at_lengths_it_was_not_traced_with(ctc_export, tiny_ctc):
    out, summary = ctc_export
    assert summary["transcripts_equal"] and summary["clips"] > 0
    original, exported = open_model(tiny_ctc, device="cpu"), open_model(out, device="cpu")
    clips = waves(0.3, 0.7, 3.0, 11.3)
    theirs = [original.log_probs([wave])[0] for wave in clips]
    for ours, expected in zip(exported.log_probs(clips), theirs, strict=True):
        assert np.abs(ours[: len(expected)] - expected).max() < 1e-3
    options = DecodeOptions(words=True)
    for wave in clips:
        a, b = original.recognise(sounds([wave]), options)[0], exported.recognise(sounds([wave]), options)[0]
        assert (a.text, a.tokens) == (b.text, b.tokens)
        assert [(w.start, w.end) for w in a.words] == [(w.start, w.end) for w in b.words]
    assert exported.describe()["backend"] == "onnx"


KINDS = {
    "wav2vec2 by group": {"model_type": "wav2vec2", "conv_dim": [16] * 7, "num_conv_pos_embeddings": 16},
    "wav2vec2 by layer": {
        "model_type": "wav2vec2",
        "conv_dim": [16] * 7,
        "num_conv_pos_embeddings": 16,
        "feat_extract_norm": "layer",
        "do_stable_layer_norm": True,
    },
    "wav2vec2-bert": {"model_type": "wav2vec2-bert", "feature_projection_input_dim": 160},
    "parakeet": {"model_type": "parakeet_ctc", "subsampling_factor": 4, "subsampling_conv_channels": 8},
}
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_onnx_of_every_kind_equals_torch_at_other_lengths(kind, tmp_path):
    from govor.models.ctc.onnx import convert

    original = new_model(
        ModelConfig(from_scratch={**SMALL, **KINDS[kind]}),
        normaliser=Normaliser(),
        train_texts=["abcčdž e"],
        language="hr",
        device="cpu",
        precision="fp32",
        seed=2,
    )
    convert(original, tmp_path, None)
    exported = open_model(tmp_path, device="cpu")
    limits = {0.2: 1e-2, 0.61: 2e-4, 3.0: 2e-4, 7.77: 2e-4, 23.4: 2e-4}  # the shortest is padded, unmasked
    for wave, limit in zip(waves(*limits), limits.values(), strict=True):
        expected, found = original.log_probs([wave])[0], exported.log_probs([wave])[0]
        assert len(found) >= len(expected) > 0
        assert np.abs(found[: len(expected)] - expected).max() < limit


def test_onnx_int8_is_smaller_and_lists_what_changed(ctc_export, tiny_ctc, tmp_path):
    whole, _ = ctc_export
    summary = export_model(
        tiny_ctc, "onnx", tmp_path / "int8", quantization="int8", max_wer_difference=2.0, device="cpu"
    )
    sizes = [(folder / "model.onnx").stat().st_size for folder in (tmp_path / "int8", whole)]
    assert sizes[0] < sizes[1]
    exported = open_model(tmp_path / "int8", device="cpu")
    assert exported.describe()["precision"] == "int8"
    original = open_model(tiny_ctc, device="cpu")
    wave = waves(3.0)[0]
    apart = np.abs(exported.log_probs([wave])[0] - original.log_probs([wave])[0]).max()
    assert 0 < apart < 1.0  # eight bits, but still the same model
    assert summary["different"] == len(summary["differences"])
    assert summary["transcripts_equal"] == (summary["different"] == 0)


class Elsewhere:
    """An export that hears what nobody said."""

    def recognise(self, sounds, options):
        return [Hypothesis("nitko nije rekao ovo") for _ in sounds]


def test_onnx_int8_above_the_limit_exits_3(tiny_ctc, tmp_path, monkeypatch):
    place = export_model.__globals__
    prove = place["prove"]
    monkeypatch.setitem(place, "prove", lambda original, exported, *more: prove(original, Elsewhere(), *more))
    with pytest.raises(LimitError, match="max-wer-difference") as caught:
        export_model(tiny_ctc, "onnx", tmp_path / "out", quantization="int8", device="cpu")
    assert caught.value.summary["differences"]


def test_onnx_decodes_without_torch(ctc_export):
    out, _ = ctc_export
    code = (
        "import sys, numpy as np\n"
        "from govor.models.ctc.onnx import open_folder\n"
        "from govor.models.base import DecodeOptions, Sound\n"
        "from pathlib import Path\n"
        f"m = open_folder(Path({str(out)!r}), 'cpu')\n"
        "m.recognise([Sound(np.zeros(16000, np.float32))], DecodeOptions(words=True))\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_ctranslate2_says_the_same(whisper_export, tiny_whisper):
    out, summary = whisper_export
    assert summary["transcripts_equal"]
    original, exported = open_model(tiny_whisper, device="cpu"), open_model(out, device="cpu")
    clips = waves(0.6, 2.5)
    for language, options in (("hr", DecodeOptions()), ("sv", DecodeOptions(words=True))):
        heard = sounds(clips, language)
        theirs, ours = original.recognise(heard, options), exported.recognise(heard, options)
        for a, b in zip(theirs, ours, strict=True):
            assert (a.text, a.tokens, a.language) == (b.text, b.tokens, b.language)
            assert len(a.words) == len(b.words)
            for one, other in zip(a.words, b.words, strict=True):
                assert one.text == other.text
                assert abs(one.start - other.start) < 0.25
    detected = [m.recognise(sounds(clips), DecodeOptions())[0].language for m in (original, exported)]
    assert detected[0] == detected[1]


def test_ctranslate2_says_the_same_in_windows_that_fit(whisper_export, tiny_whisper, monkeypatch):
    from govor.models.base import FITTED

    for name, value in (("BEHIND_S", 0.2), ("LEAST_S", 0.8), ("STEP_S", 0.4)):
        monkeypatch.setattr(f"govor.models.whisper.fitted.{name}", value)
    original, exported = open_model(tiny_whisper, device="cpu"), open_model(whisper_export[0], device="cpu")
    clips, options = waves(0.5, 1.2, 0.4), DecodeOptions(windows=FITTED)
    theirs, ours = (model.recognise(sounds(clips, "hr"), options) for model in (original, exported))
    assert [(one.text, one.tokens) for one in theirs] == [(one.text, one.tokens) for one in ours]


def test_an_engine_that_cannot_tell_languages_tells_none(whisper_export):
    """It takes models of so few tokens for English ones."""
    exported = open_model(whisper_export[0], device="cpu")
    assert exported.detect(sounds(waves(0.6), "hr")) == [()]
    (said,) = exported.recognise(sounds(waves(0.6), "hr"), DecodeOptions(languages=True))
    assert (said.language, said.languages) == ("hr", ())


def test_an_export_stands_for_the_model_that_it_was_made_from(whisper_export, tiny_whisper):
    assert writer_of(whisper_export[0]) == writer_of(tiny_whisper)
    assert set(lineage(tiny_whisper)) < set(lineage(whisper_export[0]))


def test_faster_whisper_loads_it(whisper_export):
    faster_whisper = pytest.importorskip("faster_whisper")
    out, _ = whisper_export
    model = faster_whisper.WhisperModel(str(out), device="cpu", compute_type="float32")
    segments, info = model.transcribe(waves(1.0)[0], language="en", beam_size=1, max_new_tokens=5)
    list(segments)
    assert info.duration == pytest.approx(1.0)


@pytest.mark.parametrize("quantization", ["int8", "float16"])
def test_ctranslate2_in_fewer_bits(quantization, whisper_export, tiny_whisper, tmp_path):
    whole, _ = whisper_export
    summary = export_model(
        tiny_whisper,
        "ctranslate2",
        tmp_path / "out",
        quantization=quantization,
        max_wer_difference=2.0,
        device="cpu",
    )
    sizes = [(folder / "model.bin").stat().st_size for folder in (tmp_path / "out", whole)]
    assert sizes[0] < sizes[1]
    assert summary["different"] == len(summary["differences"])
    assert open_model(tmp_path / "out", device="cpu").recognise(sounds(waves(1.0), "hr"), DecodeOptions())


def test_windows_encoded_one_by_one_are_those_encoded_together(whisper_export):
    out, _ = whisper_export
    model = open_model(out, device="cpu")
    clips = waves(0.5, 1.5, 4.0)
    full = model.settings["window_frames"]
    together = np.array(model.engine.encode(model._views.from_array(model._windows(clips, full))))
    np.testing.assert_allclose(np.array(model._encoded(clips, full)), together, atol=1e-4)
    hypotheses = model.recognise(sounds(clips, "hr"), DecodeOptions())
    alone = [model.recognise(sounds([clip], "hr"), DecodeOptions())[0] for clip in clips]
    for one, other in zip(hypotheses, alone, strict=True):
        length = min(len(one.tokens), len(other.tokens))  # the limit of tokens is the longest clip's
        assert one.tokens[:length] == other.tokens[:length]


@pytest.mark.parametrize("fixture", ["ctc_export", "whisper_export"])
def test_transcribe_and_evaluate_take_exports(fixture, request, tiny_dataset, tmp_path):
    from govor.config import EvaluateConfig, TranscribeConfig
    from govor.evaluate import evaluate
    from govor.transcribe import transcribe_files

    out, _ = request.getfixturevalue(fixture)
    recording = tmp_path / "a.wav"
    with wavefile.open(str(recording), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((waves(2.0)[0] * 32_000).astype("<i2").tobytes())
    config = TranscribeConfig(format=("txt",))
    summary = transcribe_files(out, [recording], tmp_path / "texts", config, device="cpu")
    assert summary["files"][0]["duration_s"] == pytest.approx(2.0)
    assert (tmp_path / "texts" / "a.txt").exists()
    scores = evaluate(out, tiny_dataset, tmp_path / "evaluation", EvaluateConfig(split="dev"), device="cpu")
    assert scores["wer"]["value"] >= 0


@pytest.mark.slow
def test_a_real_server_serves_an_export_says_where_and_stops_gracefully(ctc_export, tmp_path):
    import io
    import signal
    import socket
    import time

    import httpx

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    out, _ = ctc_export
    command = [sys.executable, "-m", "govor", "serve", f"mine={out}", "--port", str(port), "--no-page"]
    server = subprocess.Popen([*command, "--device", "cpu"], stderr=subprocess.PIPE, text=True)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                httpx.get(f"{address}/health")
                break
            except httpx.TransportError:
                assert server.poll() is None, server.stderr.read()
                time.sleep(0.1)
        file = io.BytesIO()
        with wavefile.open(file, "wb") as made:
            made.setparams((1, 2, RATE, 0, "NONE", ""))
            made.writeframes((waves(2.0)[0] * 32_000).astype("<i2").tobytes())
        form = {"files": {"file": ("a.wav", file.getvalue())}, "data": {"model": "mine"}, "timeout": 60}
        answer = httpx.post(f"{address}/v1/audio/transcriptions", **form)
        assert answer.status_code == 200 and "text" in answer.json()
        server.send_signal(signal.SIGTERM)
        said = server.communicate(timeout=60)[1]
    finally:
        server.kill()
    assert server.returncode == 0
    assert f"mine: {out}" in said and f"{address}/v1/audio/transcriptions" in said
    assert "this machine only" in said and "stopped" in said


def test_the_words_of_many_prompts_are_aligned_apart(whisper_export):
    out, _ = whisper_export
    model = open_model(out, device="cpu")
    clips = waves(1.0, 1.5, 2.0)
    mixed = model.recognise(sounds(clips, ["hr", "sv", "hr"]), DecodeOptions(words=True))
    for wave, hypothesis, language in zip(clips, mixed, ["hr", "sv", "hr"], strict=True):
        assert hypothesis.language == language
        alone = model.recognise(sounds([wave], [language]), DecodeOptions())[0]
        assert (hypothesis.text, hypothesis.tokens) == (alone.text, alone.tokens)
        assert all(w.end <= len(wave) / RATE + 1e-6 for w in hypothesis.words)


def test_a_change_above_the_limit_is_listed_and_exits_3(tiny_ctc, tmp_path, monkeypatch):
    import govor.models as models

    whole = models.open_model

    def open_wrongly(spec, **settings):
        return one_wrong(whole(spec, **settings)) if spec == tmp_path / "out" else whole(spec, **settings)

    monkeypatch.setattr(models, "open_model", open_wrongly)
    with pytest.raises(LimitError) as caught:
        export_model(tiny_ctc, "transformers", tmp_path / "out", device="cpu")
    summary = caught.value.summary
    assert not summary["transcripts_equal"]
    assert summary["different"] == summary["clips"] == len(summary["differences"])
    assert summary["differences"][0]["exported"].endswith("krivo")
    assert summary["wer_difference"] is None and summary["word_difference"] > 0.5
    assert "(no clip has a reference)" in str(caught.value)
    assert json.loads((tmp_path / "out" / "export.json").read_text())["different"] == summary["different"]


@pytest.mark.parametrize(
    ("before", "after", "changed", "failure"),
    [
        (0.30, 0.20, 0.4, None),
        (0.30, 0.304, 0.4, None),
        (0.30, 0.32, 0.1, "changes the WER by +0.0200, the limit is 0.005,"),
        (None, None, 0.4, None),
        (None, None, 0.75, "changes 75.0% of the words, the limit is 50% (no clip has a reference),"),
    ],
)
def test_only_a_rise_is_a_failure(before, after, changed, failure):
    assert Proof(3, "clips", (), before, after, changed).failure(0.005) == failure


def test_proof_on_a_data_set_measures_wer(tiny_ctc, tiny_dataset, tmp_path):
    summary = export_model(
        tiny_ctc, "transformers", tmp_path / "out", clips=[f"{tiny_dataset}:dev"], device="cpu"
    )
    assert summary["wer_original"] == summary["wer_exported"] is not None
    assert summary["clips_from"].endswith(":dev")


def lora_family(tiny_whisper):
    """The tiny Whisper model with an adapter that changes it much."""
    import torch

    from govor.config import TextConfig

    torch.manual_seed(4)
    config = ModelConfig(base=str(tiny_whisper), lora={"r": 2})
    normaliser = Normaliser.of(TextConfig(), "hr")
    family = new_model(config, normaliser=normaliser, train_texts=[], language="hr", device="cpu")
    with torch.no_grad():
        for name, parameter in family.model.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, 0.3)
    return family


def logits(family):
    """Scores ``[T, V]`` of a fixed sentence after fixed features: no decision that a rounding could turn."""
    import torch

    features = torch.from_numpy(np.random.default_rng(3).normal(0, 1, (1, 80, 3000)).astype(np.float32))
    with torch.no_grad():
        made = family.model.eval()(input_features=features, decoder_input_ids=torch.arange(20)[None])
    return made.logits[0].numpy()


def test_lora_is_merged(tiny_whisper, tmp_path):
    tuned = lora_family(tiny_whisper)
    expected = logits(tuned)
    tuned.save(tmp_path / "tuned")
    for format in ("transformers", "ctranslate2"):
        export_model(tmp_path / "tuned", format, tmp_path / format, device="cpu", max_wer_difference=2.0)
    exported = logits(open_model(tmp_path / "transformers", device="cpu"))
    np.testing.assert_allclose(exported, expected, atol=1e-4)
    assert np.abs(logits(open_model(tiny_whisper, device="cpu")) - expected).max() > 0.1
    export_model(
        tmp_path / "transformers", "ctranslate2", tmp_path / "by way of", device="cpu", max_wer_difference=2.0
    )
    weights = [(tmp_path / name / "model.bin").read_bytes() for name in ("ctranslate2", "by way of")]
    assert weights[0] == weights[1]
    assert open_model(tmp_path / "ctranslate2", device="cpu").recognise(sounds(waves(1.0)), DecodeOptions())


def test_wrong_family_or_format_is_one_sentence(tiny_ctc, tiny_whisper, tmp_path):
    with pytest.raises(ModelError, match="--format onnx"):
        export_model(tiny_ctc, "ctranslate2", tmp_path / "a", device="cpu")
    with pytest.raises(ModelError, match="--format ctranslate2"):
        export_model(tiny_whisper, "onnx", tmp_path / "b", device="cpu")
    with pytest.raises(UsageError, match="--format"):
        export_model(tiny_ctc, "gguf", tmp_path / "c", device="cpu")
    with pytest.raises(UsageError, match="--quantization"):
        export_model(tiny_ctc, "onnx", tmp_path / "d", quantization="int3", device="cpu")


def test_what_lies_in_out_is_not_overwritten(tiny_ctc, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        export_model(tiny_ctc, "onnx", tmp_path, device="cpu")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_recordings_serve_as_clips(tiny_ctc, tmp_path):
    path = tmp_path / "talk.wav"
    samples = (waves(12.0)[0] * 20_000).astype(np.int16)
    with wavefile.open(str(path), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    summary = export_model(tiny_ctc, "transformers", tmp_path / "out", clips=[str(path)], device="cpu")
    assert summary["clips"] >= 1 and summary["wer_original"] is None


def files_of(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != ".lock"}


def test_a_model_that_somebody_trained_is_not_replaced(tiny_ctc, tmp_path):
    export_model(tiny_ctc, "transformers", tmp_path / "model", device="cpu")
    (tmp_path / "model" / "export.json").unlink()  # now it is as training leaves one
    before = files_of(tmp_path / "model")
    with pytest.raises(InputError, match="holds no export"):
        export_model(tiny_ctc, "onnx", tmp_path / "model", device="cpu")
    assert files_of(tmp_path / "model") == before


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"format": "onnx", "quantization": "int3"}, UsageError),
        ({"format": "ctranslate2"}, ModelError),
        ({"format": "onnx", "clips": ["nowhere.wav"]}, InputError),
    ],
)
def test_an_export_that_fails_leaves_the_one_before(tiny_ctc, tmp_path, wrong, error):
    out = tmp_path / "out"
    export_model(tiny_ctc, "transformers", out, device="cpu")
    before = files_of(out)
    with pytest.raises(error):
        export_model(tiny_ctc, out=out, device="cpu", **wrong)
    assert files_of(out) == before


def test_a_proof_on_nothing_is_none(tiny_ctc, tmp_path):
    silence = tmp_path / "silence.wav"
    with wavefile.open(str(silence), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes(bytes(2 * RATE * 3))
    with pytest.raises(InputError, match="no clip"):
        export_model(tiny_ctc, "transformers", tmp_path / "out", clips=[str(silence)], device="cpu")


@pytest.mark.slow
def test_a_killed_export_is_made_by_the_same_command(tiny_ctc, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "govor", "export", str(tiny_ctc), "--format", "onnx", "--out", str(out)]
    process = subprocess.Popen([*command, "--device", "cpu"], stderr=subprocess.DEVNULL)
    while process.poll() is None and not (out / ".export").exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert (out / ".export").exists() and not (out / "govor.json").exists()
    done = subprocess.run([*command, "--device", "cpu", "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["transcripts_equal"] and not (out / ".export").exists()
    assert json.loads((out / "export.json").read_text())["proved"]


@pytest.fixture(scope="module")
def fitted_export(tmp_path_factory):
    """A tiny Whisper with timestamps whose train texts need dashes: (folder, export, summary)."""
    from tiny_tokenizer import save_symbols_whisper_files

    folder = tmp_path_factory.mktemp("fitted")
    files = save_symbols_whisper_files(folder / "files")
    family = new_model(
        ModelConfig(from_scratch={"model_type": "whisper", "tokenizer": str(files)}, timestamps=True),
        normaliser=Normaliser(),
        train_texts=["a - b"],
        language="hr",
        device="cpu",
        precision="fp32",
        seed=2,
    )
    family.save(folder / "model")
    summary = export_model(folder / "model", "ctranslate2", folder / "out", device="cpu", count=2)
    return folder / "model", folder / "out", summary


def test_what_is_suppressed_goes_with_the_export(fitted_export):
    model, out, _ = fitted_export
    saved = json.loads((model / "generation_config.json").read_text())
    converted = json.loads((out / "config.json").read_text())
    assert converted["suppress_ids"] == saved["suppress_tokens"]
    assert converted["suppress_ids_begin"] == saved["begin_suppress_tokens"]
    original, exported = open_model(model, device="cpu"), open_model(out, device="cpu")
    for options in (DecodeOptions(), DecodeOptions(timestamps=False)):
        assert exported.describe_prompt(options, None) == original.describe_prompt(options, None)
        assert exported.describe_prompt(options, None)["timestamps"] == (options.timestamps is None)


def test_an_export_with_timestamps_says_the_same_and_keeps_them_out_of_the_text(fitted_export):
    model, out, _ = fitted_export
    original, exported = open_model(model, device="cpu"), open_model(out, device="cpu")
    (wave,) = waves(1.0)
    for options in (DecodeOptions(), DecodeOptions(words=True), DecodeOptions(timestamps=False)):
        (one,), (other,) = (
            original.recognise(sounds([wave]), options),
            exported.recognise(sounds([wave]), options),
        )
        assert one.tokens == other.tokens and one.text == other.text
        assert all(token < original.prompt.end for token in one.tokens)
        assert [span.text for span in one.spans] == [span.text for span in other.spans]
        assert bool(one.spans) == (options.timestamps is None and bool(one.text))


def test_the_proof_with_faster_whisper_is_made_as_the_card_says(fitted_export, tiny_whisper):
    from govor.models.saved import read_settings
    from govor.models.whisper.faster_whisper import arguments_of, call_of

    model, _, summary = fitted_export
    expected = {
        "language": "hr",
        "suppress_tokens": [],
        "without_timestamps": False,
        "beam_size": 1,
        "temperature": 0,
    }
    assert summary["faster_whisper"]["arguments"] == expected == arguments_of(read_settings(model))
    assert summary["faster_whisper"]["clips"] == 2
    assert "suppress_tokens=[]" in call_of(read_settings(model), "a.wav")
    plain = arguments_of(read_settings(tiny_whisper))
    assert plain["without_timestamps"] is True
    assert arguments_of({"language": "nb-NO"})["language"] == "no"
    assert "suppress_tokens" not in arguments_of(
        {"base": "openai/whisper-base"}
    )  # its own list is the released one


def test_synthesised_sentences_are_spoken_in_their_own_language(monkeypatch):
    from govor import espeak
    from govor.export.clips import proof_clips

    spoken = {}

    def synthesise(text, voice="none"):
        spoken[text] = voice
        return espeak.Speech(np.zeros(8_000, np.float32), 16_000, ())

    monkeypatch.setattr(espeak, "synthesise", synthesise)
    clips, source = proof_clips("a model", (), 32, 16_000)

    assert source == "synthesised sentences"
    assert len(clips) == len(spoken)
    assert spoken["the quick brown fox jumps over the lazy dog"] == "en"
    assert spoken["en två tre fyra fem"] == "sv"
    assert spoken["hvala lijepa"] == "hr"
