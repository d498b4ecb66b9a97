"""One place for prompts: trained, decoded, described alike; timestamps; shares; text from before."""

import json
from dataclasses import replace

import numpy as np
import pytest

from govor.config import recipe_from
from govor.errors import RecipeError
from govor.features import Example
from govor.models import DecodeOptions, open_model, sounds
from govor.models.base import prompt_of
from govor.models.whisper.prompt import Manner
from govor.models.whisper.rules import rules_for
from tiny_families import make_whisper as make

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def timed(tiny_whisper_files):
    return make(tiny_whisper_files, timestamps=True, previous_share=0.25)


@pytest.fixture(scope="module")
def plain(tiny_whisper_files):
    return make(tiny_whisper_files)


def wave(seconds=1.0, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def writing(family, tokens):
    """Makes the model want `tokens` behind its prompt, one after the other, then the end of text."""
    script = iter([*tokens, *[family.prompt.end] * 99])

    def wanting(module, args, output):
        output = torch.zeros_like(output)
        output[:, -1, next(script)] = 50.0
        return output

    family.model.proj_out.register_forward_hook(wanting)
    return family


def test_the_prompt_that_is_trained_is_the_one_that_is_decoded(plain, timed):
    for family in (plain, timed):
        opening = family.prompt.opening("hr", family.manner)
        labels = family.label("ab c", "hr", 2.0).tokens
        assert [family.prompt.start, *labels][: len(opening)] == opening
        written = family.prompt.written(labels)
        assert written == list(labels[len(opening) - 1 :])
    assert plain.prompt.opening("hr", plain.manner)[-1] == plain.prompt.no_timestamps
    assert timed.prompt.no_timestamps not in timed.label("ab c", "hr", 2.0).tokens


@pytest.mark.parametrize("timestamps", [False, True])
def test_decoding_prompts_as_the_model_was_trained(timestamps, tiny_whisper_files, monkeypatch):
    from transformers.generation.utils import GenerationMixin

    family = make(tiny_whisper_files, timestamps=timestamps)
    seen, generate = [], GenerationMixin.generate

    def spied(self, **arguments):
        seen.append(arguments["decoder_input_ids"].tolist()[0])
        return generate(self, **arguments)

    monkeypatch.setattr(GenerationMixin, "generate", spied)
    for asked in (None, not timestamps):
        family.recognise(sounds([wave()]), DecodeOptions(timestamps=asked))
    assert seen[0] == family.prompt.opening("hr", family.manner)
    assert [prompt[-1] == family.prompt.no_timestamps for prompt in seen] == [not timestamps, timestamps]


def test_the_task_is_the_models_own_unless_another_is_asked(tiny_whisper_files):
    family = make(tiny_whisper_files, task="translate")
    assert family.manner.asked(DecodeOptions()).task == "translate"
    assert family.manner.asked(DecodeOptions(task="transcribe")).task == "transcribe"
    assert prompt_of(family, DecodeOptions())["task"] == "translate"


def test_times_part_the_text_and_are_no_part_of_it(tiny_whisper_files):
    family = make(tiny_whisper_files, timestamps=True)
    prompt, text = family.prompt, family.text_tokens
    tokens = [
        prompt.timestamp(0.0),
        *text("ab c"),
        prompt.timestamp(0.8),
        prompt.timestamp(1.0),
        *text("d"),
        0,
    ]
    tokens[-1] = prompt.timestamp(1.5)
    (heard,) = writing(family, tokens).recognise(sounds([wave(2.0)]), DecodeOptions())
    assert heard.text == "ab cd" and heard.tokens == (*text("ab c"), *text("d"))
    assert [(span.text, span.start, span.end) for span in heard.spans] == [
        ("ab c", 0.0, pytest.approx(0.8)),
        ("d", pytest.approx(1.0), pytest.approx(1.5)),
    ]
    assert 0.9 < heard.confidence <= 1


def test_a_stretch_without_an_end_ends_with_the_audio(timed):
    prompt, text = timed.prompt, timed.text_tokens
    assert prompt.spans([prompt.timestamp(0.5), *text("ab")], 3.0) == [(0.5, 3.0, text("ab"), False)]
    assert prompt.spans([prompt.timestamp(0.5), *text("ab"), prompt.timestamp(9.0)], 3.0)[0][1] == 3.0
    assert prompt.spans(text("ab"), 3.0) == []


@pytest.mark.parametrize("seconds", [0.001, 0.02, 1.239, 29.999, 30.0])
@pytest.mark.parametrize("words", ["", "a", "ab c đ"])
@pytest.mark.parametrize("kind", ["plain", "timed"])
def test_the_rules_of_decoding_let_every_label_through(kind, words, seconds, request):
    """Teacher-forced through the very processors that decoding uses."""
    family = request.getfixturevalue(kind)
    prompt, opening = family.prompt, family.prompt.opening("hr", family.manner)
    labels = family.label(words, "hr", seconds).tokens
    written = prompt.written(labels)
    size = family.model.config.vocab_size
    rules = rules_for(
        prompt,
        family.manner,
        type(family.suppression)(family.suppression.always, frozenset()),  # an empty text is decided by texts
        family.model.generation_config,
        size=size,
        prompt_length=len(opening),
        device=torch.device("cpu"),
    )
    for place, token in enumerate(written):
        scores = torch.zeros(1, size)
        scores[0, token] = 20.0
        kept = rules(torch.tensor([[*opening, *written[:place]]]), scores)
        assert torch.isfinite(kept[0, token]), (place, token, written)


def test_without_timestamps_none_is_written(plain):
    size = plain.model.config.vocab_size
    rules = rules_for(
        plain.prompt,
        Manner(),
        plain.suppression,
        plain.model.generation_config,
        size=size,
        prompt_length=2,
        device=torch.device("cpu"),
    )
    kept = rules(torch.tensor([[1, 2, 3]]), torch.zeros(1, size))
    assert not torch.isfinite(kept[0, plain.prompt.end + 1 :]).any() and torch.isfinite(
        kept[0, plain.prompt.end]
    )


def test_a_share_is_trained_without_timestamps_the_same_on_every_machine(timed):
    def kinds(share):
        timed.settings["plain_share"] = share
        drawn = [timed.label("ab", "hr", 2.0, draw=draw).tokens for draw in range(400)]
        return [timed.prompt.no_timestamps in tokens for tokens in drawn]

    shares = {share: kinds(share) for share in (0.0, 0.1, 0.5, 0.9)}
    again = kinds(0.5)
    timed.settings["plain_share"] = 0.5
    assert [round(sum(found) / 400, 1) for found in shares.values()] == [0.0, 0.1, 0.5, 0.9]
    assert again == shares[0.5]
    assert all(not a or b for a, b in zip(shares[0.1], shares[0.5], strict=True))  # nested


def test_what_is_decoded_is_never_drawn(timed):
    labels = timed.label("ab", "hr", 2.0, previous="cd")
    assert timed.prompt.no_timestamps not in labels.tokens and labels.context == ()


def test_the_text_before_stands_in_front_and_is_not_in_the_loss(timed):
    timed.settings["previous_share"] = 1.0
    labels = timed.label("ab", "hr", 2.0, draw=7, previous="cd e")
    alone = timed.label("ab", "hr", 2.0, draw=7)
    timed.settings["previous_share"] = 0.25
    prompt = timed.prompt
    assert labels.tokens == alone.tokens and alone.context == ()
    assert list(labels.context) == [prompt.previous, *timed.text_tokens("cd e")]
    features = timed.features(wave(2.0))
    made = [Example("u", features, one.tokens, 2.0, context=one.context) for one in (labels, alone)]
    batch = timed.collate(made)
    inputs, targets = batch.inputs["decoder_input_ids"], batch.labels
    assert inputs[0].tolist() == [*labels.context, prompt.start, *labels.tokens[:-1]]
    assert targets[0].tolist() == [-100] * len(labels.context) + list(labels.tokens)
    assert timed.loss(batch)[1] == 2 * len(labels.tokens)


def test_it_changes_the_loss_only_through_what_the_decoder_sees(timed):
    timed.settings["previous_share"] = 1.0
    labels = timed.label("ab", "hr", 2.0, draw=7, previous="cd e")
    timed.settings["previous_share"] = 0.25
    timed.model.eval()
    features = timed.features(wave(2.0))
    batch = timed.collate([Example("u", features, labels.tokens, 2.0, context=labels.context)])
    ours, _ = timed.loss(batch)
    with torch.no_grad():
        logits = timed.model(
            input_features=batch.inputs["input_features"],
            decoder_input_ids=torch.tensor([[*labels.context, timed.prompt.start, *labels.tokens[:-1]]]),
        ).logits[0, len(labels.context) :]
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor(labels.tokens), reduction="sum")
    assert float(ours.detach()) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize(("text", "before"), [(10, 1000), (300, 1000), (430, 1000), (441, 9), (443, 9)])
def test_text_before_takes_half_and_never_more_than_there_is(timed, text, before):
    timed.settings.update(previous_share=1.0, plain_share=0.0)
    labels = timed.label("a" * text, "hr", 2.0, draw=1, previous="b" * before)
    timed.settings.update(previous_share=0.25, plain_share=0.5)
    room = timed.max_labels - len(labels.tokens)
    assert len(labels.context) <= min(224, max(room, 0)) and len(labels.context) + len(labels.tokens) <= 448
    assert len(labels.context) == (min(224, before + 1, room) if room > 1 else 0)
    example = Example("u", timed.features(wave(2.0)), labels.tokens, 2.0, context=labels.context)
    assert timed.collate([example]).impossible == []


def test_how_it_was_trained_is_saved_and_taken(timed, tmp_path):
    timed.save(tmp_path)
    saved = json.loads((tmp_path / "govor.json").read_text())
    assert (saved["timestamps"], saved["plain_share"], saved["previous_share"]) == (True, 0.5, 0.25)
    assert json.loads((tmp_path / "generation_config.json").read_text())["return_timestamps"] is True
    opened = open_model(tmp_path, device="cpu")
    assert prompt_of(opened, DecodeOptions())["timestamps"] is True
    assert opened.label("ab", "hr", 1.0) == timed.label("ab", "hr", 1.0)


def test_a_pipeline_reads_a_model_with_timestamps(timed, tmp_path):
    from transformers import pipeline

    timed.save(tmp_path)
    pipe = pipeline("automatic-speech-recognition", model=str(tmp_path), device="cpu")
    heard = pipe(wave(), generate_kwargs={"max_new_tokens": 12})
    assert "<|" not in heard["text"]


@pytest.mark.parametrize(
    "model",
    [{"timestamps": True, "plain_share": 1.0}, {"plain_share": 1.5}, {"previous_share": -0.1}],
)
def test_shares_have_their_bounds(model):
    with pytest.raises(RecipeError, match="share"):
        recipe_from({"model": model})


def test_ctc_has_no_prompt(tiny_ctc):
    family = open_model(tiny_ctc, device="cpu")
    assert prompt_of(family, DecodeOptions()) is None
    assert list(family.label("ab", "hr", 1.0, draw=3, previous="c").tokens) == family.encode_text("ab", "hr")


def test_of_too_long_a_text_the_end_is_told_and_that_is_said_once(timed, capsys):
    prompt = replace(timed.prompt, name="a name of its own")
    assert prompt.context(range(7), 16) == [prompt.previous, *range(7)]
    assert capsys.readouterr().err == ""
    for _ in range(2):
        assert prompt.context(range(8), 16) == [prompt.previous, *range(1, 8)]
    assert capsys.readouterr().err.count("longer than the 7 tokens that a name of its own can be told") == 1
