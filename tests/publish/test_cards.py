"""Cards: facts that a data set need not have are left out, facts that are damaged are a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from govor.errors import InputError
from govor.publish.cards import dataset_card, render_card

FACTS: dict[str, Any] = {
    "splits": {"test": {"utterances": 3, "hours": 0.5}},
    "license": "cc0-1.0",
    "fingerprint": "f" * 32,
    "sample_rate": 16_000,
    "columns": ["audio", "id", "text"],
    "speakers": {},
    "pseudonymised": False,
}


def test_a_data_set_of_no_one_codec_has_a_card() -> None:
    card = dataset_card(FACTS, {}, [])
    assert "Audio: 16000 Hz mono. `text`" in card
    assert "16000 Hz mono, flac." in dataset_card(FACTS | {"codec": "flac"}, {}, [])


def test_a_card_says_who_wrote_the_texts() -> None:
    shares = {"text_sources": {"human": 1, "machine": 2, "machine_checked": 1}}
    told = "people 25.0%, a model, unchecked 50.0%, a model, checked by people 25.0%"
    assert f"Who wrote the texts (`text_source`): {told}." in dataset_card(FACTS | shares, {}, [])
    assert "Who wrote" not in dataset_card(FACTS, {}, [])


@pytest.mark.parametrize("splits", [{"test": {"utterances": 3}}, {"test": {"utterances": 3, "hours": "x"}}])
def test_a_fact_that_is_damaged_is_named(splits: Any) -> None:
    with pytest.raises(InputError, match=r"a fact that the card shows is missing or damaged \(.*\): prepare"):
        render_card("dataset_card.md", {}, facts=FACTS | {"splits": splits}, rejected={}, source=None)
