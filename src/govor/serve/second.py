"""The second text model that the page passes transcripts on to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from govor.errors import UsageError
from govor.transcribe.then import INSTRUCTIONS, TextModel, open_text_model, second_text, task_of


@dataclass(frozen=True)
class SecondModel:
    """What the page offers behind a transcript.

    Attributes:
        model: writes the text.
        first: the task that is chosen at first, ``continue`` or ``summarize``.
    """

    model: TextModel
    first: str = "continue"

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def modes(self) -> tuple[str, ...]:
        """All tasks, the chosen one first."""
        return (self.first, *(task for task in INSTRUCTIONS if task != self.first))

    def stream(self, mode: str, text: str) -> Iterator[str]:
        """Pieces of the second text, as they come."""
        return second_text(self.model, mode, text)


def second_model(
    then: str | None, text_model: str | None, llm_url: str | None, llm_model: str | None, device: str
) -> SecondModel | None:
    """What the flags ask for; None where they ask for nothing.

    Raises:
        UsageError: ``--then`` without a model, or both kinds of model.
        ModelError: the local model cannot be opened.
    """
    if then is None and text_model is None and llm_url is None:
        return None
    if text_model is None and llm_url is None:
        raise UsageError(f"--then {then} needs --text-model MODEL (local) or --llm-url URL")
    first = task_of(then) if then else "continue"
    return SecondModel(open_text_model(text_model, llm_url, llm_model, device), first)
