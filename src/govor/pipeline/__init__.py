"""Runs all stages of a recipe, each only if its inputs or settings changed.

``snapshot`` says what files look like, ``record`` keeps what a stage saw and made, ``stages`` is the table of
stages, ``run`` walks it, ``projection`` says what it would cost.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from govor.pipeline.run import run_recipe

__all__ = ["run_recipe"]


def __getattr__(name: str) -> Any:
    if name == "run_recipe":  # with it come all stages
        from govor.pipeline.run import run_recipe

        return run_recipe
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
