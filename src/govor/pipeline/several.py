"""Several ``[[corpus]]`` of a recipe: each imported when it changed, then merged."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from govor.config import CorpusConfig, Recipe, Workspace
from govor.config.recipe import corpus_name
from govor.console import say
from govor.pipeline.record import RUNNING, StageRecord, as_stored, load_record
from govor.pipeline.snapshot import source_fingerprints

if TYPE_CHECKING:
    from govor.curate.merge import MergeSummary


def import_several(recipe: Recipe) -> MergeSummary:
    """Imports each corpus that is new or changed into ``corpora/NAME`` and merges all into ``corpus``."""
    from govor.curate import merge_corpora

    place = Workspace.of(recipe)
    folders = {corpus_name(corpus): place.corpora / corpus_name(corpus) for corpus in recipe.corpora}
    for corpus in recipe.corpora:
        _import(corpus, folders[corpus_name(corpus)], place.root)
    _forget_others(place.corpora, set(folders))
    licenses = {corpus_name(corpus): corpus.license for corpus in recipe.corpora if corpus.license}
    config = dataclasses.replace(recipe.merge, licenses={**recipe.merge.licenses, **licenses})
    return merge_corpora(folders, place.corpus, config)


def forget_imports(recipe: Recipe, root: Path) -> None:
    """All of them are imported again."""
    for corpus in recipe.corpora:
        (root / "stages" / f"{_stage(corpus)}.json").unlink(missing_ok=True)


def _stage(corpus: CorpusConfig) -> str:
    return f"import-{corpus_name(corpus)}"


def _import(corpus: CorpusConfig, out: Path, root: Path) -> None:
    from govor.corpora import import_corpus

    settings = as_stored({f"corpus.{name}": value for name, value in corpus.deciding().items()})
    inputs = source_fingerprints(corpus)
    record = _with_dotted_names(load_record(root, _stage(corpus)))
    if record and not record.reasons_to_run(settings, inputs) and not record.changed_by_hand():
        say(f"import of {corpus_name(corpus)}: unchanged")
        return
    attempt = StageRecord(_stage(corpus), RUNNING, settings, inputs)
    attempt.save(root)
    attempt.as_done(import_corpus(corpus, out), out).save(root)


def _with_dotted_names(record: StageRecord | None) -> StageRecord | None:
    """Earlier versions left the section away."""
    if record is None:
        return None
    named = {key if "." in key else f"corpus.{key}": value for key, value in record.settings.items()}
    return dataclasses.replace(record, settings=named)


def _forget_others(folder: Path, kept: set[str]) -> None:
    """Corpora that the recipe no longer names go; they are copies of tables, no audio."""
    for path in folder.iterdir() if folder.exists() else ():
        if path.name not in kept and (path / "corpus.json").exists():
            shutil.rmtree(path, ignore_errors=True)
