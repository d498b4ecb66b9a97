"""All stages of a recipe, each run only when its inputs or settings changed.

``snapshot`` says what files look like, ``record`` keeps what a stage saw and made, ``stages`` is the table of
stages, ``run`` walks it, ``projection`` says what it would cost.
"""

from govor.pipeline.run import run_recipe

__all__ = ["run_recipe"]
