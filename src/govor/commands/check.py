"""``govor check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from govor.commands.flags import AsJson, items
from govor.config import TextConfig
from govor.console import emit_made

if TYPE_CHECKING:
    from govor.curate.check import CheckSummary


def command(
    corpus: Path = typer.Argument(..., help="Corpus folder."),
    out: Path | None = typer.Option(
        None, "--out", help="Folder of the results (default: CORPUS-check beside it)."
    ),
    fail_on: str = typer.Option(
        "", "--fail-on", metavar="CODE,…", help="Findings, or error or warning, that end with status 3."
    ),
    rules: str | None = typer.Option(
        None, "--rules", metavar="RULE,…", help="Text rules whose effect is shown."
    ),
    recipe: Path | None = typer.Option(None, "--recipe", help="Recipe whose [text] rules are shown instead."),
    audio: bool = typer.Option(
        True, "--audio/--no-audio", help="Decode all recordings, or look at the table only."
    ),
    workers: int = typer.Option(0, "--workers", help="Processes that decode; 0: one a processor."),
    as_json: AsJson = False,
) -> None:
    """Probes all audio, text, times and splits; writes check.json, findings.parquet and report.html.

    findings.parquet lists the utterances of every finding; govor select --exclude takes it with --codes.

    Run it again, and it probes only new or changed recordings. It writes missing durations into the corpus.

    Example: govor check corpus --fail-on unreadable_audio,leak_speaker
    """
    from govor.curate import check_corpus

    where = out or corpus.with_name(f"{corpus.resolve().name}-check")
    codes = tuple(items([fail_on]))
    text = _text(rules, recipe)
    emit_made(
        lambda: check_corpus(corpus, where, text=text, fail_on=codes, audio=audio, workers=workers),
        as_json,
        _lines,
    )


def _text(rules: str | None, recipe: Path | None) -> TextConfig:
    from govor.config import load_recipe, recipe_from

    if recipe is not None:
        return load_recipe(recipe).text
    if rules is None:
        return TextConfig()
    return recipe_from({"text": {"rules": items([rules])}}, where="--rules").text


def _lines(summary: CheckSummary) -> list[str]:
    counted = (summary.utterances, summary.recordings, summary.hours)
    lines = ["{:,} utterances of {:,} recordings, {:.2f} h".format(*counted)]
    lines += [f"  {f.severity:8} {f.message}" for f in summary.findings]
    if summary.findings:
        lines.append(f"utterances of each finding: {summary.listing}")
    return [*lines, f"report: {summary.report}"]
