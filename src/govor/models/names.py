"""Names in a recipe that an architecture's configuration must know."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from govor.errors import RecipeError


def require_known(model_type: str, given: Iterable[str], known: Mapping[str, object]) -> None:
    """Refuses sizes of a new model that its configuration does not have.

    Raises:
        RecipeError: the first such name, with the nearest one that there is.
    """
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise RecipeError(f"[model] from_scratch: {model_type} has no setting {name!r}{hint}")
