"""``govor publish``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from govor.commands.flags import AsJson, Flag, Overrides, flag, flags
from govor.config import PublishConfig, Recipe
from govor.config.setting import Section
from govor.console import emit
from govor.errors import UsageError
from govor.records import Summary

if TYPE_CHECKING:
    from govor.publish.licenses import License


class PublishKind(StrEnum):
    """What is published."""

    dataset = "dataset"
    model = "model"
    space = "space"


@dataclass(frozen=True)
class DetailFlags(Section):
    """What goes along with a data set, a model or a Space."""

    column: tuple[str, ...] = flag((), "data set: another column to publish")
    keep_names: bool = flag(False, "data set: ids, speakers, recordings as they are")
    evaluation: tuple[str, ...] = flag((), "model: an evaluation for its card")
    base_license: str | None = flag(None, "model: licence of its base")
    base_model: str | None = flag(None, "model: its base on the Hub, if training began with a folder")
    export: tuple[str, ...] = flag((), "model: an exported folder, beside it as ct2/, onnx/ or ggml/")
    benchmark: str | None = flag(None, "model: registered benchmark of the Hub whose rows were evaluated")
    package: str | None = flag(None, "Space: a wheel or a git+ address (default: this govor)")
    secret: str | None = flag(None, "Space: variable with a token for a private model, to be its secret")
    out: str | None = flag(None, "Space: folder in which its files stay")


class Switches(TypedDict):
    """What all kinds take."""

    public: bool
    dry_run: bool


def command(
    kind: Annotated[PublishKind, typer.Argument(help="dataset, model or space.")],
    path: Annotated[
        str,
        typer.Argument(help="Data set; run or model; for a Space the published model's name."),
    ],
    given: Annotated[
        Overrides[PublishConfig],
        flags(
            PublishConfig,
            "license",
            "license_name",
            "license_link",
            "public",
            dataset=Flag(help="model: its data set on the Hub"),
        ),
    ],
    details: Annotated[
        Overrides[DetailFlags],
        flags(
            DetailFlags,
            *("column", "keep_names", "base_license", "base_model", "benchmark", "package", "secret", "out"),
            evaluation=Flag(metavar="FOLDER", commas=False),
            export=Flag(metavar="FOLDER", commas=False),
        ),
    ],
    repo: Annotated[
        str | None,
        typer.Argument(
            help="name or organisation/name on the Hub (default: the recipe's [publish] model or dataset)."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be uploaded.")] = False,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", help="Recipe with [publish] and [transcribe] settings.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Publish a data set, a model or a Space on the Hub; private unless told otherwise.

    It first shows what it will send, and its size. After a kill, the same command continues. It says
    "published" when the Hub has the same bytes. The token comes from hf auth login or HF_TOKEN.

    Example: govor publish model run my-lab/wav2vec2-hr --license cc-by-4.0
    """
    from govor.config import load_recipe

    loaded = load_recipe(recipe) if recipe else None
    asked = given.over(loaded.publish if loaded else PublishConfig())
    order = PublishOrder(path, repo, asked, details.settings(), loaded, dry_run)
    publish = {PublishKind.dataset: _dataset, PublishKind.model: _model, PublishKind.space: _space}[kind]
    emit(summary := publish(order), json, _lines(summary, asked.public))


@dataclass(frozen=True)
class PublishOrder:
    """What is to be published, and how."""

    path: str
    repo: str | None
    asked: PublishConfig
    details: DetailFlags
    recipe: Recipe | None
    dry_run: bool

    @property
    def licence(self) -> License:
        """With its name and its address."""
        from govor.publish.licenses import License

        return License.of(self.asked.license, self.asked.license_name, self.asked.license_link)

    @property
    def switches(self) -> Switches:
        """What all kinds take."""
        return Switches(public=self.asked.public, dry_run=self.dry_run)


def _dataset(order: PublishOrder) -> Summary:
    from govor.publish import publish_dataset
    from govor.publish.dataset import Disclosure

    disclosure = Disclosure(order.details.column, order.details.keep_names)
    target = _target(order.repo, order.asked.dataset, PublishKind.dataset)
    return publish_dataset(Path(order.path), target, order.licence, disclosure=disclosure, **order.switches)


def _model(order: PublishOrder) -> Summary:
    from govor.publish import publish_model
    from govor.publish.model import ModelOrder

    more, target = order.details, _target(order.repo, order.asked.model, PublishKind.model)
    model = ModelOrder(
        *(Path(order.path), target, order.licence, tuple(map(Path, more.evaluation)), order.asked.dataset),
        *(more.base_license, tuple(map(Path, more.export)), more.base_model, more.benchmark),
    )
    return publish_model(model, **order.switches)


def _space(order: PublishOrder) -> Summary:
    from govor.publish import publish_space

    more, target = order.details, _target(order.repo, None, PublishKind.space)
    return publish_space(
        *(order.path, target, order.licence),
        recipe=order.recipe,
        package=more.package,
        secret=more.secret,
        out=Path(more.out) if more.out else None,
        **order.switches,
    )


def _target(repo: str | None, recipe: str | None, kind: PublishKind) -> str:
    if found := repo or recipe:
        return found
    setting = "" if kind is PublishKind.space else f", or a recipe with [publish] {kind.value}"
    raise UsageError(f"name the repository on the Hub, such as my-lab/name{setting}")


def _lines(summary: Mapping[str, object], public: bool) -> list[str]:
    if summary.get("dry_run"):
        return ["nothing was sent (--dry-run)"]
    seen = "public" if public else "private unless it was public before"
    where = f"{summary['repo']} at {summary['revision']} ({seen})"
    return [f"published {where}; all {summary['files']} files verified"]
