"""What can be wrong with a Whisper model alone: tokens around the text, and what decoding may not write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from govor.features import Example
from govor.findings import Finding, count_of, share_of, some
from govor.models.own_checks import DataFacts
from govor.models.weights import core_of
from govor.models.whisper.generation import LISTS

if TYPE_CHECKING:
    from govor.models.whisper.model import WhisperFamily
    from govor.models.whisper.prompt import Prompt

TEXTS_TRIED = 200
SUPPRESSED_SHARE = 0.01
"""Above this share of the train texts, tokens that cannot come out are an error, else a warning."""


@dataclass(frozen=True)
class TextLabels:
    """The labels of one text.

    Attributes:
        id: of the utterance.
        language: tag that its row names, or None.
        tokens: label ids.
        inputs: what the decoder is fed for them.
    """

    id: str
    language: str | None
    tokens: list[int]
    inputs: list[int]


def own_checks(family: WhisperFamily, seen: DataFacts) -> Iterator[Finding]:
    """All checks of a Whisper family."""
    yield from _english_only(family, seen)
    labels = list(_labels(family, seen))
    if labels:
        yield from _start(family, labels)
        yield from _end(family, labels)
        yield from _language(family, labels, seen)
        yield from _task(family, labels, seen)
        yield from _timestamps(family, labels)
    yield from _suppressed(family, seen)


def _labels(family: WhisperFamily, seen: DataFacts) -> Iterator[TextLabels]:
    """Labels as training makes them, times of their clips included, of train texts spread over the split."""
    texts = seen.texts.get("train", ())
    for row in range(0, len(texts), max(1, len(texts) // TEXTS_TRIED)):
        language = seen.row_languages["train"][row] if "train" in seen.row_languages else seen.language
        tokens = family.encode_text(texts[row], language, seen.seconds["train"][row])
        if len(tokens) > (family.max_labels or len(tokens)):
            continue  # training leaves it out, and another check finds it
        yield TextLabels(seen.ids["train"][row], language, tokens, _inputs(family, tokens))


def _inputs(family: WhisperFamily, tokens: Sequence[int]) -> list[int]:
    """Decoder inputs of one example, from the family's own collating."""
    silence = family.extractor(_silence(family))
    example = Example("", silence, tuple(tokens), 0.1, padding=family.extractor.padding(silence))
    try:
        batch = family.collate([example])
    except AssertionError:
        return [family.prompt.start, *tokens[:-1]]
    return [int(token) for token in batch.inputs["decoder_input_ids"][0]]


def _silence(family: WhisperFamily) -> Any:
    import numpy as np

    return np.zeros(family.sample_rate // 10, np.float32)


def _name(family: WhisperFamily, token: int) -> str:
    return str(family.tokenizer.convert_ids_to_tokens(token))


def _start(family: WhisperFamily, labels: Sequence[TextLabels]) -> Iterator[Finding]:
    start = family.prompt.start
    counts = Counter(one.inputs.count(start) for one in labels)
    first = sum(one.inputs[:1] == [start] for one in labels)
    own = {core_of(family.model).config.decoder_start_token_id, _generation(family).decoder_start_token_id}
    if counts == {1: len(labels)} and first == len(labels) and own == {start}:
        return
    if own != {start}:
        measured = f"decoding starts with {some(_name(family, token) for token in sorted(own))}"
    else:
        often = some(f"{count_of(n, 'time')} in {count_of(m, 'text')}" for n, m in sorted(counts.items()))
        measured = f"the decoder is fed the start token {often}"
    yield Finding(
        "start_token",
        "error",
        "decoder inputs",
        measured,
        f"exactly one {_name(family, start)}, in front",
        "the model learns to repeat the start token, or never sees the one that decoding gives it",
        "labels begin after the start token: take it out of them (add_special_tokens = False), and keep"
        " decoder_start_token_id of the base model",
    )


def _end(family: WhisperFamily, labels: Sequence[TextLabels]) -> Iterator[Finding]:
    wrong = [one for one in labels if one.tokens[-1:] != [family.prompt.end]]
    if wrong:
        yield Finding(
            "end_token",
            "error",
            "labels",
            f"{share_of(len(wrong), len(labels))} tried texts do not end with the end token",
            f"every text ends with {_name(family, family.prompt.end)}",
            "the model never learns to stop: it repeats itself until the window is full",
            "use the base model's tokenizer unchanged",
            tuple(one.id for one in wrong[:5]),
        )


def _generation(family: WhisperFamily) -> Any:
    return core_of(family.model).generation_config


def _language(family: WhisperFamily, labels: Sequence[TextLabels], seen: DataFacts) -> Iterator[Finding]:
    prompt = family.prompt
    if not prompt.multilingual:
        return
    codes = {token: code for code, token in prompt.languages.items()}
    given = Counter(next((codes[t] for t in one.tokens if t in codes), None) for one in labels)
    spoken = {prompt.language(tag) for tag in seen.languages}
    asked = prompt.language(seen.decode_language)
    if None in given:
        yield _language_finding(
            f"{share_of(given[None], len(labels))} tried texts have no language token",
            "a multilingual model is given one",
            seen,
            prompt,
        )
    elif spoken and None not in spoken and (wrong := {code for code in given if code not in spoken}):
        yield _language_finding(
            f"the labels say {some(sorted(map(repr, wrong)))}, the data {some(sorted(map(repr, spoken)))}",
            "labels and data name one language",
            seen,
            prompt,
        )
    elif asked and (differ := {code for code in given if code != asked}):
        yield _language_finding(
            f"the labels say {some(sorted(map(repr, differ)))}, decoding is told {asked!r}",
            "training and decoding name one language",
            seen,
            prompt,
        )


def _language_finding(measured: str, limit: str, seen: DataFacts, prompt: Prompt) -> Finding:
    names = [tag for tag in sorted(seen.languages) if prompt.language(tag)]
    known = f"set [model] language = {names[0]!r}" if names else ""
    if seen.languages and not names:
        known = (
            "the model does not know this language: set [model] language to the code of a related one that it"
            " knows, whose token is then trained for yours"
        )
    return Finding(
        "language_token",
        "error",
        "language token",
        measured,
        limit,
        "the loss falls all the same, but decoding writes another language or spelling",
        known or "set [corpus] language and [model] language to the language of the recordings",
    )


def _task(family: WhisperFamily, labels: Sequence[TextLabels], seen: DataFacts) -> Iterator[Finding]:
    tasks = {token: task for task, token in family.prompt.tasks.items()}
    if not tasks:
        return
    given = Counter(next((tasks[t] for t in one.tokens if t in tasks), None) for one in labels)
    foreign = {tag for tag in seen.languages if family.prompt.language(tag) != "en"}
    decoding = seen.decode_task
    if set(given) == {decoding} and (decoding == "transcribe" or not foreign):
        return
    measured = ", ".join(f"{task or 'no task'} in {count_of(n, 'text')}" for task, n in given.items())
    yield Finding(
        "task_token",
        "error",
        "task token",
        f"the labels say {measured}; decoding is told {decoding}",
        "transcribe, in labels and decoding",
        "with translate the model is pulled towards English, and a task it never saw decodes badly",
        "set [model] task = 'transcribe'",
    )


def _timestamps(family: WhisperFamily, labels: Sequence[TextLabels]) -> Iterator[Finding]:
    plain = family.prompt.no_timestamps
    kinds = Counter(_kind(one.tokens, plain) for one in labels)
    decoded = "with" if family.manner.timestamps else "without"
    other = getattr(_generation(family), "no_timestamps_token_id", plain)
    if set(kinds) == {decoded} and other in (None, plain):
        return
    measured = ", ".join(f"{n} texts {kind} timestamps" for kind, n in sorted(kinds.items()))
    measured += f"; decoding asks for text {decoded} them"
    if other not in (None, plain):
        measured += f" and takes {_name(family, other)!r} for the token that switches them off"
    yield Finding(
        "timestamps_mixed",
        "error",
        "timestamp tokens",
        measured,
        "labels and decoding with them, or both without",
        "half on, the model learns neither: times are wrong, and text is lost where times are expected",
        "use tokenizer and generation_config.json of the base model unchanged, and set [model] timestamps",
    )


def _kind(tokens: Sequence[int], plain: int) -> str:
    times = sum(token > plain for token in tokens)
    if plain in tokens:
        return "half with" if times else "without"
    return "with" if times >= 2 else "half with"


def _english_only(family: WhisperFamily, seen: DataFacts) -> Iterator[Finding]:
    generation = _generation(family)
    says = getattr(generation, "is_multilingual", None)
    foreign = sorted(tag for tag in seen.languages if not tag.lower().startswith("en"))
    faults = []
    if says is False and family.prompt.multilingual:
        faults.append("its generation settings list languages, but say is_multilingual = false")
    if not family.prompt.multilingual or says is False:
        if foreign:
            faults.append(f"the data are {some(map(repr, foreign))}")
        if seen.decode_task == "translate":
            faults.append("[model] task is translate")
        if seen.decode_language and not seen.decode_language.lower().startswith("en"):
            faults.append(f"[model] language is {seen.decode_language!r}")
    if faults:
        yield Finding(
            "english_only_model",
            "error",
            "the base model",
            f"it knows English only; {'; '.join(faults)}",
            "an English-only model gets English and no language or task",
            "its tokens are another set, without languages: it spells other languages in pieces, or stops",
            "take the multilingual model of that size (its name has no '.en')",
        )


def _suppressed(family: WhisperFamily, seen: DataFacts) -> Iterator[Finding]:
    """Tokens of the texts that the model's own settings keep it from writing: in train, else elsewhere."""
    train = {"train": seen.texts.get("train", ())}
    others = {split: texts for split, texts in seen.texts.items() if split != "train"}
    for texts in (train, others):
        hit = list(_undecodable(family, seen, texts))
        total = sum(len(part) for part in texts.values())
        if hit:
            yield _suppressed_finding(family, hit, total, "train" in texts)
            return


def _undecodable(
    family: WhisperFamily, seen: DataFacts, texts: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, list[int]]]:
    """(id, tokens that cannot come out) of every text that has such."""
    suppression = family.suppression
    suspect = suppression.suspicion(family.tokenizer, family.prompt)
    for split, part in texts.items():
        rows = [row for row, text in enumerate(part) if suspect(text)]
        for row in rows:
            language = seen.row_languages[split][row] if split in seen.row_languages else seen.language
            labels = family.encode_text(part[row], language, seen.seconds[split][row])
            if found := suppression.undecodable(labels, family.prompt):
                yield seen.ids[split][row], found


def _suppressed_finding(
    family: WhisperFamily, hit: Sequence[tuple[str, list[int]]], total: int, train: bool
) -> Finding:
    counts = Counter(token for _, found in hit for token in found)
    listed = some(f"{_name(family, t)!r} ({t}, {n} times)" for t, n in counts.most_common())
    asked = set((family.settings.get("generation") or {}).get("asked", {})) & set(LISTS)
    many = train and len(hit) > SUPPRESSED_SHARE * total
    return Finding(
        "decoding_settings",
        "error" if many else "warning",
        "suppress_tokens of generation_config.json",
        f"{share_of(len(hit), total)} {'train' if train else 'other'} texts hold tokens that decoding never "
        f"writes: {listed}",
        f"at most {SUPPRESSED_SHARE:.0%} of the train texts" if train else "none",
        "the loss falls, but these tokens cannot come out" if train else "these always count as errors",
        f"take them out of [model] generation ({' and '.join(sorted(asked))})"
        if asked
        else "set [model] generation = {suppress_tokens = [], begin_suppress_tokens = []}, add train texts"
        " with these symbols, or let [text] rules rewrite them",
        tuple(name for name, _ in hit[:5]),
    )
