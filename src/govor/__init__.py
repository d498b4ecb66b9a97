"""govor: from recordings and transcripts to a served speech recogniser, on the machine you have.

An utterance travels recording -> utterance -> clip -> example -> batch -> hypothesis -> score; the
packages stand in that order: corpora, curate, prepare, load, models, train, evaluate, transcribe,
export, serve, publish. The names below are what notebooks and scripts use; each is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from govor.api import (
        align_recordings,
        check_corpus,
        compare_evaluations,
        estimate_lm,
        evaluate_model,
        export_model,
        import_corpus,
        label_recordings,
        load_recipe,
        merge_corpora,
        move_corpus,
        open_corpus,
        open_dataset,
        open_model,
        prepare_corpus,
        publish_dataset,
        publish_model,
        review_corpus,
        run_preflight,
        run_recipe,
        sample_corpus,
        select_corpus,
        train_model,
        transcribe_files,
        tune_recipe,
    )
    from govor.errors import GovorError

__version__ = "0.1.0"

__all__ = [
    "GovorError",
    "align_recordings",
    "check_corpus",
    "compare_evaluations",
    "estimate_lm",
    "evaluate_model",
    "export_model",
    "import_corpus",
    "label_recordings",
    "load_recipe",
    "merge_corpora",
    "move_corpus",
    "open_corpus",
    "open_dataset",
    "open_model",
    "prepare_corpus",
    "publish_dataset",
    "publish_model",
    "review_corpus",
    "run_preflight",
    "run_recipe",
    "sample_corpus",
    "select_corpus",
    "train_model",
    "transcribe_files",
    "tune_recipe",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'govor' has no attribute {name!r}")
    import importlib

    place = "govor.errors" if name == "GovorError" else "govor.api"
    return getattr(importlib.import_module(place), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
