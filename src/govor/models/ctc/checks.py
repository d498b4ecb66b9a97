"""What can be wrong with a CTC model alone: its head, its special ids, its vocabulary, its masks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from govor.findings import Finding, count_of, some
from govor.models.own_checks import DataFacts
from govor.models.weights import core_of

if TYPE_CHECKING:
    from govor.models.ctc.model import CtcFamily

UNUSED = "<unused-"
"""How a head's outputs without a token are called in `govor.models.ctc.vocabulary`."""


def own_checks(family: CtcFamily, seen: DataFacts) -> Iterator[Finding]:
    """All checks of a CTC family."""
    yield from _head(family)
    yield from _space(family)
    yield from _special_ids(family)
    yield from _vocabulary_source(family, seen)
    yield from _mask(family, seen)


def _head(family: CtcFamily) -> Iterator[Finding]:
    vocabulary = family.vocabulary
    outputs = head_outputs(family.model) or len(vocabulary.tokens)
    unused = [i for i, t in enumerate(vocabulary.tokens) if t.startswith(UNUSED) and i != vocabulary.blank]
    tokens = len(vocabulary.tokens) - len(unused)
    if outputs != tokens and (unused or outputs != len(vocabulary.tokens)):
        yield Finding(
            "head_size",
            "error",
            "the model's head",
            f"it has {outputs} outputs, the tokenizer {tokens} tokens",
            "one output a token",
            "outputs without a token turn into nothing when decoded, tokens without an output stop training",
            "use the tokenizer of these weights, or set [model] vocabulary = 'build' for a new head",
        )


def head_outputs(model: Any) -> int | None:
    """Outputs of the last layer that gives tokens, or None where it cannot be told."""
    core = core_of(model)
    for name in ("lm_head", "ctc_head"):
        head = getattr(core, name, None)
        if head is None:
            continue
        weight = getattr(head, "weight", None)
        if weight is not None:
            return int(weight.shape[0])
        return int(getattr(head, "out_features", 0)) or None
    return None


def _space(family: CtcFamily) -> Iterator[Finding]:
    delimiter = family.delimiter
    if delimiter is not None and delimiter != " " and " " in family.vocabulary.tokens:
        yield Finding(
            "delimiter_mismatch",
            "error",
            "tokenizer",
            f"the vocabulary has a token {' '!r}, but the tokenizer writes spaces as {delimiter!r}",
            "one token stands for the space",
            "the output that learnt word boundaries is never used, and another one has to learn them again",
            "make word_delimiter_token in tokenizer_config.json the vocabulary's own token for the space, or"
            " set [model] vocabulary = 'build'",
        )


def _special_ids(family: CtcFamily) -> Iterator[Finding]:
    vocabulary, tokenizer = family.vocabulary, family.vocabulary.tokenizer
    faults = []
    blank = vocabulary.tokens[vocabulary.blank] if vocabulary.blank < len(vocabulary.tokens) else None
    if blank is None:
        faults.append(f"the blank is id {vocabulary.blank}, beyond the {len(vocabulary.tokens)} tokens")
    elif len(blank) == 1 and (blank.isalnum() or vocabulary.blank == vocabulary.delimiter):
        faults.append(f"the blank is id {vocabulary.blank}, which is the token {blank!r}")
    pad = getattr(tokenizer, "pad_token_id", None)
    known_pad = pad is not None and pad < len(vocabulary.tokens)
    if known_pad and vocabulary.by_character and pad != vocabulary.blank:
        faults.append(
            f"the tokenizer pads with id {pad} ({tokenizer.pad_token!r}), the blank is {vocabulary.blank}"
        )
    if vocabulary.unknown is not None and vocabulary.unknown in (vocabulary.blank, vocabulary.delimiter):
        other = "blank" if vocabulary.unknown == vocabulary.blank else "word delimiter"
        faults.append(f"unknown characters and the {other} share id {vocabulary.unknown}")
    if faults:
        yield Finding(
            "special_ids_mixed",
            "error",
            "pad, blank and unknown ids",
            "; ".join(faults),
            "the blank is the padding token, and neither is a letter, the delimiter or the unknown token",
            "a letter is learnt as silence, or silence is written as letters: the WER stays near 1.0",
            "make pad_token_id of config.json the id of the tokenizer's pad token, and give the unknown token"
            " an id of its own; or set [model] vocabulary = 'build'",
        )


def _vocabulary_source(family: CtcFamily, seen: DataFacts) -> Iterator[Finding]:
    """A vocabulary that holds exactly what train and test hold was built from both."""
    if not family.vocabulary.by_character or "train" not in seen.texts:
        return
    delimiter = family.vocabulary.delimiter
    letters = {t for t, i in family.vocabulary.ids.items() if len(t) == 1 and i != delimiter}
    upper = family.vocabulary.upper
    held = {split: _characters(texts, upper) for split, texts in seen.texts.items()}
    elsewhere = set().union(*(found for split, found in held.items() if split != "train"))
    only_there = (letters & elsewhere) - held["train"]
    if only_there and not letters - held["train"] - elsewhere:
        yield Finding(
            "vocabulary_from_test",
            "error",
            "vocabulary",
            f"{count_of(len(only_there), 'character')} of it occur in dev or test but never in train:"
            f" {some(map(repr, sorted(only_there)), 8)}; all others occur in train",
            "a vocabulary is built from train text alone",
            "the model knows something about the test set, and these outputs are never trained",
            "set [model] vocabulary = 'build', which reads the train split only",
        )


def _characters(texts: Any, upper: bool) -> set[str]:
    found = set().union(*map(set, texts)) if texts else set()
    return {c for text in found for c in (text.upper() if upper else text)} - {" "}


def _mask(family: CtcFamily, seen: DataFacts) -> Iterator[Finding]:
    span = mask_span_frames(core_of(family.model).config)
    if not span or "train" not in seen.seconds:
        return
    short = [
        (name, seconds)
        for name, seconds in zip(seen.ids["train"], seen.seconds["train"], strict=True)
        if (family.label_frames(seconds) or 0) < span
    ]
    if short:
        yield Finding(
            "mask_longer_than_clip",
            "error",
            "mask_time_length",
            f"{count_of(len(short), 'train clip')} have fewer than {span} output frames,"
            f" the shortest {min(s for _, s in short):.2f} s",
            f"a masking span is {span} frames long",
            "a batch of such clips stops training with an error, or is masked from end to end",
            f"set [select] min_duration = {span * family.frame_s + family.frame_s:.2f}, or [model] settings ="
            " { mask_time_length = … } lower, or mask_time_prob = 0.0",
            tuple(f"{name}: {seconds:.2f} s" for name, seconds in short[:5]),
        )


def mask_span_frames(configuration: Any) -> int:
    """Frames that the model's own SpecAugment masks at a time, 0 where it masks nothing."""
    masks = getattr(configuration, "apply_spec_augment", False) and getattr(
        configuration, "mask_time_prob", 0
    )
    return int(getattr(configuration, "mask_time_length", 0)) if masks else 0
