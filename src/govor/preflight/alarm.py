"""Loss small, decoding wrong: the two disagree, and something between them is set wrong.

The loss sees the right text while it is computed (teacher forcing, or CTC's sum over alignments); decoding
does not. When the same utterances have a small loss and a large error rate, the model has learnt and what
turns its outputs into text is set wrong: delimiter, language or task token, suppressed tokens, blank.
"""

from __future__ import annotations

from collections.abc import Sequence

from govor.findings import Finding
from govor.records import EditCounts

LEARNT_NATS = 0.5
"""Loss a label below which most labels are right; a model that only knows the commonest has 2 to 3."""
WRONG_RATE = 0.8
SHOWN_SAMPLES = 5
LOOP_WORDS = 4
"""A word repeated so often in a row is a loop."""


def word_error_rate(references: Sequence[str], hypotheses: Sequence[str]) -> float:
    """Errors over words of all pairs together."""
    from govor.evaluate import word_edits

    total = EditCounts()
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        total = total + word_edits(reference, hypothesis)
    return total.rate


def decoding_alarm(
    loss_per_label: float,
    references: Sequence[str],
    hypotheses: Sequence[str],
    where: str = "training",
) -> Finding | None:
    """A finding when loss and decoding of the same utterances disagree.

    Args:
        loss_per_label: nats a label, over these very utterances.
        references: normalised texts.
        hypotheses: normalised texts that were decoded.
        where: what the finding names, such as a step.
    """
    rate = word_error_rate(references, hypotheses)
    if loss_per_label > LEARNT_NATS or rate < WRONG_RATE:
        return None
    pairs = zip(references, hypotheses, strict=True)
    return Finding(
        "loss_and_decoding_disagree",
        "error",
        where,
        f"the loss is {loss_per_label:.2f} nats a label, but decoding has a WER of {rate:.2f}",
        f"below {LEARNT_NATS:g} nats a label most words are right",
        "the model has learnt, but the settings that turn its outputs into text are wrong: more "
        "training does not help",
        advice(references, hypotheses),
        tuple(f"{reference!r} decoded as {hypothesis!r}" for reference, hypothesis in pairs)[:SHOWN_SAMPLES],
    )


def advice(references: Sequence[str], hypotheses: Sequence[str]) -> str:
    """The setting that usually gives hypotheses like these."""
    if not any(text.strip() for text in hypotheses):
        return (
            "nothing is decoded: compare the blank (pad_token_id) of configuration and tokenizer, and look"
            " at suppress_tokens, begin_suppress_tokens and max_length of the generation configuration"
        )
    if _joined(references) == _joined(hypotheses):
        return (
            "only the spaces differ: make the tokenizer's word delimiter the vocabulary's token for the space"
        )
    if any(mark in text for text in hypotheses for mark in ("[unk]", "<unk>", "⁇")):
        return "unknown tokens are decoded: set the word delimiter and vocabulary right ([model] delimiter)"
    if _loops(hypotheses):
        return (
            "the same words repeat: labels lack the end token, or the start tokens are not those of decoding;"
            " compare them with govor inspect"
        )
    if _scripts(references).isdisjoint(_scripts(hypotheses)):
        return "another script is decoded: set [model] language and task to those of the data"
    return (
        "set [model] language and task to those of the data, and compare labels and decoded tokens with"
        " govor inspect"
    )


def _joined(texts: Sequence[str]) -> list[str]:
    return ["".join(text.split()) for text in texts]


def _loops(texts: Sequence[str]) -> bool:
    for text in texts:
        words = text.split()
        for start in range(len(words) - LOOP_WORDS + 1):
            if len(set(words[start : start + LOOP_WORDS])) == 1:
                return True
    return False


def _scripts(texts: Sequence[str]) -> set[str]:
    import unicodedata

    return {unicodedata.name(c, "?").split(" ")[0] for text in texts for c in text if c.isalpha()}
