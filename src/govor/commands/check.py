"""``govor check``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from govor.config import TextConfig
from govor.console import emit
from govor.errors import LimitError


def command(
    corpus: Path = typer.Argument(..., help="Corpus folder."),
    out: Path | None = typer.Option(
        None, "--out", help="Folder of the results (default: CORPUS-check beside it)."
    ),
    fail_on: str = typer.Option(
        "", "--fail-on", metavar="CODE,…", help="Findings, or error, warning, that end with status 3."
    ),
    rules: str | None = typer.Option(
        None, "--rules", metavar="RULE,…", help="Text rules to show the effect of."
    ),
    recipe: Path | None = typer.Option(None, "--recipe", help="Recipe whose [text] rules are shown instead."),
    audio: bool = typer.Option(
        True, "--audio/--no-audio", help="Decode all recordings, or look at the table only."
    ),
    workers: int = typer.Option(0, "--workers", help="Processes that decode; 0: one a processor."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Probes all audio, text, times and splits; writes check.json, findings.parquet and report.html.

    findings.parquet lists the utterances of every finding; govor select --exclude takes it with --codes.

    Run again it probes only recordings that are new or changed. Missing durations are filled into the corpus.

    Example: govor check corpus --fail-on unreadable_audio,leak_speaker
    """
    from govor.curate import check_corpus

    where = out or corpus.with_name(f"{corpus.resolve().name}-check")
    codes = tuple(code.strip() for code in fail_on.split(",") if code.strip())
    try:
        summary = check_corpus(
            corpus, where, text=_text(rules, recipe), fail_on=codes, audio=audio, workers=workers
        )
    except LimitError as error:
        if not as_json:
            emit(error.summary, False, _lines(error.summary))
        raise
    emit(summary, as_json, _lines(summary))


def _text(rules: str | None, recipe: Path | None) -> TextConfig:
    from govor.config import load_recipe, recipe_from

    if recipe is not None:
        return load_recipe(recipe).text
    if rules is None:
        return TextConfig()
    names = [name.strip() for name in rules.split(",") if name.strip()]
    return recipe_from({"text": {"rules": names}}, where="--rules").text


def _lines(summary: Mapping[str, Any]) -> list[str]:
    counted = (summary["utterances"], summary["recordings"], summary["hours"])
    lines = ["{:,} utterances of {:,} recordings, {:.2f} h".format(*counted)]
    lines += [f"  {f['severity']:8} {f['message']}" for f in summary["findings"]]
    if summary["findings"]:
        lines.append(f"utterances of each finding: {summary['listing']}")
    return [*lines, f"report: {summary['report']}"]
