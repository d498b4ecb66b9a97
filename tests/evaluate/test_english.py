"""Whisper's English normaliser is transformers' own, with the real spellings."""

from pathlib import Path

import pytest

from govor.errors import ModelError
from govor.evaluate.english import EnglishNormaliser

TOKENIZER = Path(__file__).parents[3] / "shared/data/whisper-tiny-no-weights"
TEXTS = (
    "Mr. Smith won't pay twenty-five dollars and 7 cents for the colour programme!",
    "He'd been there -- [laughter] um, it's the 3rd of May, two thousand and nineteen.",
    "(aside) They’ll organise 1,000 theatres; that's 50% more, isn't it?",
    "",
)


@pytest.mark.skipif(not TOKENIZER.exists(), reason="shared data is not here")
@pytest.mark.parametrize("text", TEXTS)
def test_agrees_with_the_tokenizer(text):
    from transformers import WhisperTokenizer

    theirs = WhisperTokenizer.from_pretrained(TOKENIZER).normalize(text)
    assert EnglishNormaliser.from_folder(TOKENIZER)(text) == theirs.strip()


@pytest.mark.skipif(not TOKENIZER.exists(), reason="shared data is not here")
def test_spellings_and_numbers_are_united():
    normaliser = EnglishNormaliser.from_folder(TOKENIZER)
    assert normaliser("the colour of twenty five cats") == normaliser("The color of 25 cats.")
    assert normaliser.name.startswith("english (transformers ")


def test_missing_spellings_are_named(tmp_path):
    with pytest.raises(ModelError, match=r"normalizer\.json"):
        EnglishNormaliser.from_folder(tmp_path)
