"""Long-form decoding of tiny models: the same alone, in a batch, and in both backends; what it measures."""

import numpy as np
import pytest

from govor.models import DecodeOptions, open_model, sounds
from govor.models.base import Detecting, Timing
from tiny_families import make_whisper as make

torch = pytest.importorskip("torch")
LONG = DecodeOptions(timestamps=True, retries=True, words=True)


@pytest.fixture(scope="module")
def timed(tiny_whisper_files):
    return make(tiny_whisper_files, timestamps=True, previous_share=0.25)


def waves(*seconds):
    return [
        np.random.default_rng(i).normal(0, 0.1, round(s * 16_000)).astype(np.float32)
        for i, s in enumerate(seconds)
    ]


def plain(said):
    return said.text, said.tokens, [(s.text, s.start, s.end, s.closed) for s in said.spans], said.broken


def test_a_window_says_the_same_alone_and_in_a_batch(timed):
    """Its retries too: these random models loop, so all of them are made."""
    batch = waves(0.6, 1.2)
    together = timed.recognise(sounds(batch, "hr"), LONG)
    alone = [timed.recognise(sounds([wave], "hr"), LONG)[0] for wave in batch]
    assert [plain(one) for one in together] == [plain(one) for one in alone]
    for one, other in zip(together, alone, strict=True):
        assert one.measures.avg_logprob == pytest.approx(other.measures.avg_logprob, rel=1e-3)
        assert one.measures.no_speech_prob == pytest.approx(other.measures.no_speech_prob, rel=1e-3)


def test_what_is_measured_is_within_its_bounds(timed):
    (said,) = timed.recognise(sounds(waves(1.0), "hr"), LONG)
    assert said.measures.avg_logprob < 0 and 0 < said.measures.no_speech_prob < 1
    assert said.measures.temperature == 0.0
    assert all(0 < word.confidence <= 1 for word in said.words)
    if said.spans:
        assert [word for span in said.spans for word in span.words] == list(said.words)
        assert all(span.measures == said.measures for span in said.spans)


def test_without_retries_nothing_is_measured_of_silence_and_languages_that_are_known(timed):
    (said,) = timed.recognise(sounds(waves(0.5), "hr"), DecodeOptions())
    assert said.measures.no_speech_prob is None and said.languages == ()


def test_detected_languages_come_with_their_probabilities(tiny_whisper_files):
    family = make(tiny_whisper_files)
    family.settings["language"] = None
    (said,) = family.recognise(sounds(waves(0.5)), DecodeOptions())
    names, shares = zip(*said.languages, strict=True)
    assert said.language == names[0] and set(names) <= set(family.prompt.languages)
    assert list(shares) == sorted(shares, reverse=True) and 0 < sum(shares) <= 1 + 1e-6


def test_all_languages_are_told_where_that_is_asked_for(timed):
    """They are what `detect` tells, whichever language is decoded."""
    (wave,) = waves(0.5)
    (said,) = timed.recognise(sounds([wave], "hr"), DecodeOptions(languages=True))
    (detected,) = timed.detect(sounds([wave]))
    assert isinstance(timed, Detecting)
    assert said.language == "hr"
    assert {name for name, _ in said.languages} == set(timed.prompt.languages)
    assert dict(said.languages) == pytest.approx(dict(detected), rel=1e-4)
    assert sum(share for _, share in detected) == pytest.approx(1.0, abs=1e-4)
    assert (timed.language_code("hr-HR"), timed.language_code("xx")) == ("hr", None)


def test_text_from_before_stands_in_its_slot_and_is_bounded(timed, monkeypatch):
    from transformers.generation.utils import GenerationMixin

    seen, generate = [], GenerationMixin.generate

    def spied(self, **arguments):
        seen.append(arguments["decoder_input_ids"].tolist()[0])
        return generate(self, **arguments)

    monkeypatch.setattr(GenerationMixin, "generate", spied)
    timed.recognise(sounds(waves(0.3), "hr"), DecodeOptions(prompt="ab c", hotwords=("d", "e")))
    opening = timed.prompt.opening("hr", timed.manner)
    assert seen[0] == [timed.prompt.previous, *timed.encode_plain("d, e ab c"), *opening]
    timed.recognise(sounds(waves(0.3), "hr"), DecodeOptions(prompt="ab c " * 500))
    assert len(seen[1]) == timed.max_labels // 2 + len(opening)
    assert seen[1][1 : -len(opening)] == timed.encode_plain("ab c " * 500)[-(timed.max_labels // 2 - 1) :]


def test_what_a_model_was_trained_to_write_is_known_and_of_others_it_is_not(timed, tiny_whisper_files):
    assert isinstance(timed, Timing)
    assert timed.writes_times is True and make(tiny_whisper_files).writes_times is False
    timed.settings.pop("timestamps")
    assert timed.writes_times is None
    timed.settings["timestamps"] = True


def test_both_backends_say_and_measure_the_same(timed, tmp_path):
    pytest.importorskip("ctranslate2")
    from govor.models.whisper.ctranslate2 import convert

    convert(timed, tmp_path, "float32")
    exported = open_model(tmp_path, device="cpu")
    assert exported.writes_times is True
    greedy = DecodeOptions(timestamps=True, words=True, prompt="ab c")
    for options in (greedy, DecodeOptions(timestamps=True, words=True)):
        (ours,) = timed.recognise(sounds(waves(1.0), "hr"), options)
        (theirs,) = exported.recognise(sounds(waves(1.0), "hr"), options)
        assert ours.tokens == theirs.tokens and len(ours.spans) == len(theirs.spans)
        assert ours.measures.avg_logprob == pytest.approx(theirs.measures.avg_logprob, abs=0.02)
        pairs = zip(ours.words, theirs.words, strict=True)
        assert all(a.confidence == pytest.approx(b.confidence, abs=0.02) for a, b in pairs)
    assert exported.recognise(sounds(waves(0.6), "hr"), LONG)[0].measures.no_speech_prob == pytest.approx(
        timed.recognise(sounds(waves(0.6), "hr"), LONG)[0].measures.no_speech_prob, rel=0.02
    )


@pytest.mark.parametrize("beams", [1, 2])
def test_windows_of_different_limits_are_searched_together(endless, monkeypatch, beams):
    """Each as if it were alone, though one may write seven times as much as the other."""
    family, batch = endless[0], waves(0.5, 9.0, 0.5)
    options = DecodeOptions(timestamps=False, beam_size=beams)
    alone = [family.recognise(sounds([wave], "hr"), options)[0].tokens for wave in batch]
    assert [len(tokens) for tokens in alone] == [41, 443, 41]
    together = family.recognise(sounds(batch, "hr"), options)
    assert [said.tokens for said in together] == alone


@pytest.mark.parametrize("beams", [1, 5])
def test_a_search_that_loops_is_given_up_early(endless, beams):
    """A random model without an end writes the same for ever: what is left stands before the first repeat."""
    family, steps = endless[0], []
    hook = family.model.get_decoder().register_forward_hook(lambda *_: steps.append(1))
    try:
        (said,) = family.recognise(sounds(waves(9.0), "hr"), DecodeOptions(beam_size=beams))
        whole, steps[:] = len(steps), []
        (cut,) = family.recognise(sounds(waves(9.0), "hr"), DecodeOptions(beam_size=beams, retries=True))
    finally:
        hook.remove()
    assert whole >= 443 and len(steps) < 3 * 443 / 2
    assert cut.broken and said.tokens[: len(cut.tokens)] == cut.tokens


@pytest.mark.parametrize(("beams", "told"), [(1, None), (2, "ab c " * 500)])
def test_a_text_without_end_stops_before_the_last_place_in_the_decoder(endless, beams, told):
    options = DecodeOptions(timestamps=False, words=True, beam_size=beams, prompt=told)
    for model in endless:
        (said,) = model.recognise(sounds(waves(9.0), "hr"), options)
        prompt = 4 + (224 if told else 0)
        assert len(said.tokens) == 448 - prompt - 1


@pytest.fixture(scope="module")
def endless(tiny_whisper_files, tmp_path_factory):
    """A model that never writes the end, in both backends."""
    pytest.importorskip("ctranslate2")
    from govor.models.whisper.ctranslate2 import convert

    family = make(tiny_whisper_files)
    with torch.no_grad():
        family.model.get_output_embeddings().weight[family.prompt.end] = 0.0
    folder = tmp_path_factory.mktemp("endless")
    convert(family, folder, "float32")
    return family, open_model(folder, device="cpu")
