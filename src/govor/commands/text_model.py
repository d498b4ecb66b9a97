"""The flags of ``--then``: the text model that transcripts are passed on to."""

from __future__ import annotations

from dataclasses import dataclass

from govor.commands.flags import flag
from govor.config.setting import Section


@dataclass(frozen=True)
class TextModelFlags(Section):
    """Which text model continues or summarizes, and where it is."""

    then: str | None = flag(None, "what the text model does with the text: continue or summarize")
    text_model: str | None = flag(None, "local or Hub text model (transformers) for --then")
    llm_url: str | None = flag(None, "OpenAI-compatible address for --then; key in OPENAI_API_KEY")
    llm_model: str | None = flag(None, "which model at --llm-url")
