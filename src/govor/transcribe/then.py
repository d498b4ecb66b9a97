"""The text passed on to a second model: continued or summarised, streamed.

Two kinds of second model: a local transformers text model, or any OpenAI-compatible address. The key of the
latter comes from the environment (``GOVOR_LLM_API_KEY``, else ``OPENAI_API_KEY``) and is never shown.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from govor.errors import InputError, MachineError, ModelError, UsageError
from govor.extras import required
from govor.shape import parsed
from govor.store import fingerprint, read_json, write_text
from govor.transcribe.journal import Journal, TranscribedFile
from govor.waiting import join

if TYPE_CHECKING:
    from govor.transcribe.files import FileLine

TASKS = {"continue": "continue", "summarize": "summarize", "summarise": "summarize"}
INSTRUCTIONS = {
    "continue": "Continue this transcript in its own language and style. Give the continuation only.",
    "summarize": "Summarise the following transcript in its own language, in a few sentences.",
}
PARTS_INSTRUCTION = "Join these summaries of consecutive parts of one transcript into one short summary."
NEW_TOKENS = 300
PART_CHARACTERS = 12_000
"""A longer text is summarised in parts, and the summaries again, until one is left."""
FEWEST_PART_CHARACTERS = 200
CONTINUED_CHARACTERS = 4_000
TIMEOUT_S = 120.0
LONGEST_ANSWER_CHARACTERS = 20_000
"""Of a second text; an address that writes on is not listened to any longer."""
LONGEST_LINE_CHARACTERS = 1_000_000
"""Of one event of an address."""
KEY_VARIABLES = ("GOVOR_LLM_API_KEY", "OPENAI_API_KEY")


class TextModel(Protocol):
    """Writes text after a prompt.

    Attributes:
        name: for people.
    """

    name: str

    def write(self, task: str, text: str, instruction: str) -> Iterator[str]:
        """Pieces of the answer, as they come."""

    def room(self, text: str) -> int:
        """How many characters of `text` it can read at once."""


def task_of(name: str) -> str:
    """The task that `name` means.

    Raises:
        UsageError: there is no such task.
    """
    if name not in TASKS:
        raise UsageError(f"--then {name}: it must be continue or summarize")
    return TASKS[name]


def second_text(model: TextModel, task: str, text: str) -> Iterator[str]:
    """The continuation or summary of a transcript's text, in pieces; nothing for an empty text.

    Args:
        model: from `open_text_model`.
        task: ``continue`` or ``summarize``.
        text: of any length; long ones are summarised in parts, and continued from their end.

    Raises:
        UsageError: no such task.
        ModelError: the model or the address answers with an error.
    """
    yield from _bounded(_second_text(model, task_of(task), text.strip()))


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    """Pieces up to `LONGEST_ANSWER_CHARACTERS`."""
    room = LONGEST_ANSWER_CHARACTERS
    for piece in pieces:
        yield piece[:room]
        room -= len(piece)
        if room <= 0:
            return


def _second_text(model: TextModel, task: str, text: str) -> Iterator[str]:
    if not text:
        return
    if task == "continue":
        yield from model.write(task, text[-CONTINUED_CHARACTERS:], INSTRUCTIONS[task])
        return
    instruction = INSTRUCTIONS[task]
    while len(parts := _parts(text, model.room(text))) > 1:
        shorter = "\n".join("".join(_bounded(model.write(task, part, instruction))).strip() for part in parts)
        if len(shorter) >= len(text):
            raise ModelError(f"{model.name} does not shorten what it summarises: use another text model")
        text, instruction = shorter, PARTS_INSTRUCTION
    yield from model.write(task, text, instruction)


def _parts(text: str, characters: int) -> list[str]:
    """A text cut at spaces into parts of at most so many characters."""
    parts: list[str] = []
    while len(text) > characters:
        cut = text.rfind(" ", 0, characters)
        cut = cut if cut > 0 else characters
        parts.append(text[:cut])
        text = text[cut:].lstrip()
    return [*parts, text]


def open_text_model(
    local: str | None = None, url: str | None = None, remote_name: str | None = None, device: str = "auto"
) -> TextModel:
    """The second model.

    Args:
        local: folder or Hub id of a transformers text model.
        url: OpenAI-compatible address, such as ``http://127.0.0.1:11434/v1``.
        remote_name: which model at `url`.
        device: for a local model.

    Raises:
        UsageError: neither or both are given.
        ModelError: the local model cannot be opened.
    """
    if (local is None) == (url is None):
        raise UsageError("--then needs --text-model MODEL (local) or --llm-url URL, one of the two")
    return LocalTextModel(local, device) if local else ChatAddress(str(url), remote_name or "default")


class LocalTextModel:
    """A transformers text model on this machine."""

    def __init__(self, spec: str, device: str = "auto") -> None:
        from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

        from govor.models.device import choose_device, text_weights
        from govor.models.quiet import readable

        self.name = Path(spec).name
        self.device = choose_device(device)
        with readable(spec):
            self.encodes = bool(AutoConfig.from_pretrained(spec).is_encoder_decoder)
            kind = AutoModelForSeq2SeqLM if self.encodes else AutoModelForCausalLM
            self.tokenizer = AutoTokenizer.from_pretrained(spec)
            self.model = kind.from_pretrained(spec, dtype=text_weights(self.device)).to(self.device).eval()

    def write(self, task: str, text: str, instruction: str) -> Iterator[str]:
        """Pieces of the answer, as they come; greedy decoding."""
        from threading import Thread

        from transformers import TextIteratorStreamer

        streamer = TextIteratorStreamer(
            self.tokenizer, skip_prompt=not self.encodes, skip_special_tokens=True, timeout=TIMEOUT_S
        )
        inputs = self._inputs(task, text, instruction)
        settings = {"max_new_tokens": self._answer(), "do_sample": False, "streamer": streamer}
        failed: list[Exception] = []

        def generate() -> None:
            try:
                self.model.generate(**inputs, **settings)
            except Exception as error:  # shown in the caller's thread
                failed.append(error)
                streamer.end()

        thread = Thread(target=generate, daemon=True)
        thread.start()
        yield from (piece for piece in streamer if piece)
        join(thread)
        if failed:
            raise ModelError(f"the text model {self.name} failed: {failed[0]}") from failed[0]

    def room(self, text: str) -> int:
        """Characters that fit into the context beside the instruction and the answer."""
        beside = len(self.tokenizer(max(*INSTRUCTIONS.values(), PARTS_INSTRUCTION, key=len)).input_ids) + 32
        sample = text[:PART_CHARACTERS]
        a_token = len(sample) / max(1, len(self.tokenizer(sample).input_ids))
        fitting = int((self._context() - beside) * a_token * 0.9)
        return min(PART_CHARACTERS, max(FEWEST_PART_CHARACTERS, fitting))

    def _context(self) -> int:
        """Tokens that can be read: all of an encoder's, of a decoder's those that the answer leaves."""
        return max(16, self._longest - (0 if self.encodes else self._answer()))

    def _answer(self) -> int:
        """Tokens that are written: a quarter of a small context, so that summaries do shorten."""
        return min(NEW_TOKENS, max(16, self._longest // 4))

    @property
    def _longest(self) -> int:
        return getattr(self.model.config, "max_position_embeddings", None) or 2048

    def _inputs(self, task: str, text: str, instruction: str) -> Any:
        """Token ids, the oldest cut away where they exceed the model's context."""
        if self.encodes or (task == "continue" and not self.tokenizer.chat_template):
            prompt = text
        elif self.tokenizer.chat_template:
            messages = [{"role": "user", "content": f"{instruction}\n\n{text}"}]
            prompt = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        else:
            prompt = f"{text}\n\nTL;DR:"
        ids = self.tokenizer(prompt, return_tensors="pt").input_ids[:, -self._context() :].to(self.device)
        return {"input_ids": ids, "attention_mask": ids.new_ones(ids.shape)}


class ChatAddress:
    """An OpenAI-compatible chat address."""

    def __init__(self, url: str, name: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise InputError(
                f"--llm-url {url}: it must be an http(s) address, such as http://127.0.0.1:11434/v1"
            )
        self.url, self.name = url.rstrip("/"), name

    def room(self, text: str) -> int:
        """The context at an address is not known; this much fits into 4,096 tokens of most."""
        return PART_CHARACTERS

    def write(self, task: str, text: str, instruction: str) -> Iterator[str]:
        """Pieces of the answer, as they come."""
        with required():
            import httpx

        request = {
            "model": self.name,
            "stream": True,
            "messages": [{"role": "system", "content": instruction}, {"role": "user", "content": text}],
        }
        address = f"{self.url}/chat/completions"
        try:
            with httpx.stream("POST", address, json=request, headers=_headers(), timeout=TIMEOUT_S) as answer:
                if answer.status_code >= 400:
                    said = next(answer.iter_text(), "")
                    raise ModelError(f"{address} answers {answer.status_code}: {said[:200].strip()}")
                yield from _deltas(_lines(answer.iter_text(), address), address)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise MachineError(f"{address} cannot be reached ({error}): is it running?") from error


def _headers() -> dict[str, str]:
    """The key as a header; one that cannot be a header is refused without being shown."""
    for name in KEY_VARIABLES:
        if key := os.environ.get(name, "").strip():
            if not (key.isascii() and key.isprintable()):
                raise InputError(f"{name} does not hold a key: a key has plain characters only")
            return {"Authorization": f"Bearer {key}"}
    return {}


def _lines(pieces: Iterator[str], address: str) -> Iterator[str]:
    """Lines of a stream of text.

    Raises:
        ModelError: one does not end.
    """
    held = ""
    for piece in pieces:
        *whole, held = (held + piece).split("\n")
        yield from whole
        if len(held) > LONGEST_LINE_CHARACTERS:
            raise ModelError(f"{address} sends a line of over {LONGEST_LINE_CHARACTERS:,} characters")
    yield held


def _deltas(lines: Iterator[str], address: str) -> Iterator[str]:
    """Text pieces of a stream of server-sent events.

    Raises:
        ModelError: the address sends an error, or nothing of the kind.
    """
    answered = False
    for line in lines:
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:") or data == "[DONE]":
            continue
        answered = True
        if piece := _content(data, address):
            yield piece
    if not answered:
        raise ModelError(f"{address} does not answer with a stream of events: is it OpenAI-compatible?")


def _content(data: str, address: str) -> str:
    try:
        event = parsed(data)
        if error := event.get("error"):
            reason = error.get("message") if isinstance(error, dict) else error
            raise ModelError(f"{address} stopped: {str(reason)[:200]}")
        choices = event.get("choices") or [{}]
        return str((choices[0].get("delta") or {}).get("content") or "")
    except (ValueError, AttributeError, TypeError, LookupError):
        return ""


def pass_on(files: Sequence[FileLine], out: Path, task: str, model: TextModel, echo: bool) -> None:
    """Writes the second text of every transcribed file beside its outputs, and names it in its line.

    What an earlier call wrote for the same text is not asked for again.

    Args:
        files: of the summary of `transcribe_files`; each has a txt or json output.
        out: the folder of the outputs.
        task: ``continue`` or ``summarize``.
        model: the second model.
        echo: show the text on stdout as it comes.
    """
    task, journal = task_of(task), Journal(out)
    for file in files:
        if echo and len(files) > 1:
            print(f"{file['audio']}, {task}:")
        path = Path(file["outputs"][0]).with_suffix(f".{task}.txt")
        text = _text_of(file["outputs"])
        name = str(path.relative_to(journal.folder))
        key = fingerprint({"task": task, "model": model.name, "text": text, "output": name})
        if journal.finished(key) is None:
            write_text(path, _whole_text(second_text(model, task, text), echo) + "\n")
            journal.add(key, TranscribedFile(file["audio"], [name]))
        elif echo:
            print(path.read_text(encoding="utf-8"), end="")
        file["then"] = {"task": task, "model": model.name, "output": str(path)}


def _whole_text(pieces: Iterator[str], echo: bool) -> str:
    whole = ""
    for piece in pieces:
        whole += piece
        if echo:
            print(piece, end="", flush=True)
    if echo:
        print()
    return whole.strip()


def _text_of(outputs: Sequence[str]) -> str:
    for output in outputs:
        if output.endswith(".json"):
            return str(read_json(Path(output))["text"])
    for output in outputs:
        if output.endswith(".txt"):
            return Path(output).read_text(encoding="utf-8")
    raise UsageError("--then needs txt or json among the formats")
