"""Beams of a window share its sound: the same texts as transformers' own, from keys that are kept once."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from govor.models.whisper.beams import Kinship, shared_sound  # noqa: E402
from tiny_families import make_whisper  # noqa: E402

WINDOWS, BEAMS, TOKENS = 3, 4, 12


@pytest.fixture(scope="module")
def family(tiny_whisper_files):
    return make_whisper(tiny_whisper_files)


def searched(family, **more):
    from transformers import GenerationConfig
    from transformers.generation.utils import GenerationMixin
    from transformers.modeling_outputs import BaseModelOutput

    torch.manual_seed(0)
    sound = torch.randn(WINDOWS, 60, family.model.config.d_model)
    settings = GenerationConfig(
        max_new_tokens=TOKENS, num_beams=BEAMS, do_sample=False, eos_token_id=family.prompt.end
    )
    opening = family.prompt.opening("hr", family.manner)
    with torch.no_grad():
        found = GenerationMixin.generate(
            family.model,
            encoder_outputs=BaseModelOutput(last_hidden_state=sound),
            decoder_input_ids=torch.tensor([opening] * WINDOWS),
            generation_config=settings,
            **more,
        )
    return found.tolist()


def test_texts_are_those_of_a_search_that_copies_the_sound(family):
    plain = searched(family)
    with shared_sound(family.model, BEAMS) as cache:
        assert searched(family, past_key_values=cache) == plain
    keys = [layer.keys for layer in cache.cross_attention_cache.layers]
    assert keys and all(len(one) == WINDOWS and one.shape[-2] == 60 for one in keys)
    assert searched(family) == plain  # the model is as it was


def test_the_model_is_left_as_it_was_when_a_search_fails(family):
    with pytest.raises(MemoryError), shared_sound(family.model, BEAMS):
        raise MemoryError
    layers = family.model.get_decoder().layers
    hooks = [(layer.encoder_attn._forward_hooks, layer.encoder_attn._forward_pre_hooks) for layer in layers]
    with shared_sound(family.model, BEAMS):
        inside = [len(pre) for _, pre in hooks]
    assert [len(pre) for _, pre in hooks] == [count - 1 for count in inside]
    assert not any(after for after, _ in hooks)


def test_what_beams_have_in_common_is_known_from_whom_they_go_on():
    kinship, texts, data = Kinship(2), [[9, 9] for _ in range(4)], np.random.default_rng(0)
    kinship.reorder(np.arange(4), 2)
    assert kinship.common == 2  # the prompt
    moved = []
    for step in range(60):
        texts = [[*text, (step, beam)] for beam, text in enumerate(texts)]
        origins = np.concatenate([data.integers(0, 2, 2), data.integers(2, 4, 2)])
        before = [text[: kinship.common] for text in texts]
        texts = [texts[origin] for origin in origins]
        assert [text[: kinship.common] for text in texts] == before  # nothing there had to move
        kinship.reorder(origins, len(texts[0]))
        pairs = [texts[:2], texts[2:]]
        same = [all(a[k] == b[k] for a, b in pairs) for k in range(len(texts[0]))]
        assert kinship.common == (same.index(False) if False in same else len(same))
        moved.append(len(same) - kinship.common)
    assert max(moved) < 30 and any(moved)


def test_a_long_search_outgrows_its_room(family, monkeypatch):
    monkeypatch.setattr("govor.models.whisper.beams.ROOM", 5)
    plain = searched(family)
    with shared_sound(family.model, BEAMS) as cache:
        assert searched(family, past_key_values=cache) == plain
    assert cache.self_attention_cache.layers[0].room[0].shape[-2] > 5
