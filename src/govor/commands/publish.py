"""``govor publish``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from govor.console import emit


class Kind(StrEnum):
    """What is published."""

    dataset = "dataset"
    model = "model"
    space = "space"


def command(
    kind: Annotated[Kind, typer.Argument(help="dataset, model or space.")],
    path: Annotated[
        str,
        typer.Argument(help="Data set; run or model; for a Space the published model's name."),
    ],
    repo: Annotated[str, typer.Argument(help="name or organisation/name on the Hub.")],
    license: Annotated[str | None, typer.Option("--license", help="Such as cc-by-4.0; required.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Visible to all; private otherwise.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be uploaded.")] = False,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="Its [publish] license, [transcribe] settings.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="Data set: a further column to publish.")
    ] = None,
    keep_names: Annotated[
        bool, typer.Option("--keep-names", help="Data set: ids, speakers, recordings as they are.")
    ] = False,
    evaluation: Annotated[
        list[Path] | None, typer.Option("--evaluation", help="Model: an evaluation for its card.")
    ] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Model: its data set on the Hub.")] = None,
    base_license: Annotated[
        str | None, typer.Option("--base-license", help="Model: licence of its base.")
    ] = None,
    package: Annotated[
        str, typer.Option("--package", help="Space: govor, a git+ address, or a wheel.")
    ] = "govor",
    out: Annotated[Path | None, typer.Option("--out", help="Space: keep its folder here.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Publish a data set, a model or a Space on the Hub; private unless told otherwise.

    What is sent and its size are shown first. Killed or cut off, the same command goes on; "published" is
    said when the Hub holds the same bytes. The token comes from hf auth login or HF_TOKEN.

    Example: govor publish model run my-lab/wav2vec2-hr --license cc-by-4.0
    """
    from govor.config import load_recipe
    from govor.publish import publish_dataset, publish_model, publish_space
    from govor.publish.dataset import Disclosure
    from govor.publish.model import ModelOrder, require_license

    loaded = load_recipe(recipe) if recipe else None
    licence = require_license(license, loaded.publish.license if loaded else None)
    switches: dict[str, Any] = {"public": public, "dry_run": dry_run}
    if kind is Kind.dataset:
        told = Disclosure(tuple(column or ()), keep_names)
        summary = publish_dataset(Path(path), repo, licence, disclosure=told, **switches)
    elif kind is Kind.model:
        order = ModelOrder(Path(path), repo, licence, tuple(evaluation or ()), dataset, base_license)
        summary = publish_model(order, **switches)
    else:
        summary = publish_space(path, repo, licence, recipe=loaded, package=package, out=out, **switches)
    emit(summary, json, _lines(summary, public))


def _lines(summary: Mapping[str, Any], public: bool) -> list[str]:
    if summary.get("dry_run"):
        return ["nothing was sent (--dry-run)"]
    seen = "public" if public else "private unless it was public before"
    where = f"{summary['repo']} at {summary['revision']} ({seen})"
    return [f"published {where}; all {summary['files']} files verified"]
