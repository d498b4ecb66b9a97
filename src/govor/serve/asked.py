"""What a request asks for. Every field is honoured or refused: none is passed over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile

from govor.serve import answers
from govor.serve.description import LANGUAGE, LONGEST_PROMPT, STREAM, TRANSCRIPTION, TRANSLATION
from govor.serve.models import ALIAS, ServedModel
from govor.serve.refusals import RequestError, wrong_value

STREAMED = ("true", "1", "True")
LONGEST_VALUE = 200
"""Characters of a value that are shown in a message."""
FIELDS = {"transcribe": tuple(TRANSCRIPTION), "translate": tuple(TRANSLATION)}
"""That a form may hold, by task."""


@dataclass(frozen=True)
class TranscriptionRequest:
    """A request, checked.

    Attributes:
        model: that transcribes.
        task: ``transcribe`` or ``translate``.
        language: given one, or None.
        prompt: text that the model is told before, or None.
        form: one of `answers.FORMATS`.
        granularities: of verbose_json: ``word``, ``segment`` or both.
        logprobs: whether log-probabilities stand beside the text.
        stream: whether the text is sent while it comes.
    """

    model: ServedModel
    task: str = "transcribe"
    language: str | None = None
    prompt: str | None = None
    form: str = "json"
    granularities: tuple[str, ...] = ("segment",)
    logprobs: bool = False
    stream: bool = False

    @property
    def words(self) -> bool:
        """Whether the answer is made of words' times: subtitles break and end where words do."""
        return self.form in answers.TIMED or self.logprobs


def find_model(models: Mapping[str, ServedModel], name: str) -> ServedModel:
    """The model of a name; the first one where none or OpenAI's is given.

    Raises:
        RequestError: there is none.
    """
    if name == ALIAS or not name:
        return next(iter(models.values()))
    if name not in models:
        offered, shown = ", ".join((*models, ALIAS)), name[:LONGEST_VALUE]
        raise RequestError(
            404, f"there is no model {shown!r}; there are {offered}", "model_not_found", "model"
        )
    return models[name]


def read_form(form: FormData, models: Mapping[str, ServedModel], task: str) -> TranscriptionRequest:
    """A form as what it asks for.

    Raises:
        RequestError: a field is wrong, unknown, or asks for what the model cannot do.
    """
    if not isinstance(form.get("file"), UploadFile):
        raise RequestError(400, "the field file is missing, or is not a file", "missing_file", "file")
    _require_known(form, task)
    asked = TranscriptionRequest(
        find_model(models, _text(form, "model")),
        task,
        _text(form, "language").strip() or None,
        _text(form, "prompt").strip() or None,
        _choice(form, "response_format", answers.FORMATS, "json"),
        _several(form, "timestamp_granularities[]", answers.GRANULARITIES) or ("segment",),
        bool(_several(form, "include[]", answers.INCLUDED)),
        _choice(form, "stream", STREAM, "false") in STREAMED,
    )
    _require_possible(asked, form)
    return asked


def _require_known(form: FormData, task: str) -> None:
    known = FIELDS[task]
    for name in dict.fromkeys(form.keys()):
        shown = name[:LONGEST_VALUE]
        if name not in known:
            raise wrong_value(
                shown, f"the field {shown!r} does nothing here: leave it out; fields are {', '.join(known)}"
            )
        if not name.endswith("[]") and len(form.getlist(name)) > 1:
            raise wrong_value(shown, f"{shown} is given {len(form.getlist(name))} times")


def _require_possible(asked: TranscriptionRequest, form: FormData) -> None:
    """Refuses what no model here does, what this one does not, and fields that contradict each other."""
    _require_temperature(_text(form, "temperature"))
    _choice(form, "chunking_strategy", ("auto",), "auto")
    require_model_can(asked.model, asked.task, asked.language, asked.prompt)
    if "timestamp_granularities[]" in form and asked.form != "verbose_json":
        raise wrong_value(
            "timestamp_granularities[]", "timestamp_granularities[] needs response_format=verbose_json"
        )
    if asked.logprobs and asked.form != "json":
        raise wrong_value("include[]", "include[]=logprobs needs response_format=json")
    if asked.stream and asked.form not in answers.STREAMABLE:
        allowed = " or ".join(answers.STREAMABLE)
        raise wrong_value(
            "response_format", f"stream=true sends events of text: response_format must be {allowed}"
        )


def require_model_can(model: ServedModel, task: str, language: str | None, prompt: str | None) -> None:
    """Refuses what `model` would pass over.

    Raises:
        RequestError: a task, language or prompt that makes no difference to it.
        LanguageError: a language that it does not know.
    """
    if language is not None and not re.fullmatch(LANGUAGE, language):
        raise wrong_value("language", "language is not a language tag such as hr")
    with model.borrowed() as recogniser:
        if task not in recogniser.tasks:
            raise wrong_value("model", f"the model {model.name} cannot translate: it writes what is said")
        if language is not None:
            recogniser.check_language(language)
            if (reason := recogniser.language_refusal(language)) is not None:
                raise wrong_value("language", reason)
        if prompt is not None and not recogniser.takes_prompt:
            raise wrong_value("prompt", f"the model {model.name} takes no prompt: leave it out")
    if prompt is not None and len(prompt) > LONGEST_PROMPT:
        raise wrong_value("prompt", f"prompt is longer than {LONGEST_PROMPT} characters, the server's limit")


def _require_temperature(value: str) -> None:
    try:
        sampled = bool(value) and float(value) != 0
    except ValueError:
        raise wrong_value("temperature", f"temperature is {value[:LONGEST_VALUE]!r}; it must be 0") from None
    if sampled:
        raise wrong_value(
            "temperature", "this server writes the likeliest text and does not sample: send temperature 0"
        )


def _text(form: FormData, name: str) -> str:
    """A field's text; a file in its place is refused."""
    value = form.get(name) or ""
    if not isinstance(value, str):
        raise wrong_value(name, f"{name} is a file; it must be a text")
    return value


def _choice(form: FormData, name: str, allowed: tuple[str, ...], default: str) -> str:
    return _one_of(name, _text(form, name) or default, allowed)


def _several(form: FormData, name: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_one_of(name, str(value), allowed) for value in form.getlist(name))


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise wrong_value(
            name, f"{name} is {value[:LONGEST_VALUE]!r}; it must be one of {', '.join(allowed)}"
        )
    return value
