"""Beams of a window share its sound: the same texts as transformers' own, from keys that are kept once."""

import pytest

torch = pytest.importorskip("torch")
from govor.models.whisper.beams import shared_sound  # noqa: E402
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
