"""Findings about utterances of a corpus, made of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor.findings import Finding, Places, counted

WORST = 200
"""Utterances that a finding keeps, worst first."""


def of_rows(
    code: str, rows: NDArray[np.bool_], rank: NDArray[Any] | None = None, unit: str = "", detail: str = ""
) -> list[Finding]:
    """A finding about utterances, none where there are none.

    Args:
        code: one of `govor.findings.codes`.
        rows: the utterances ``[N]``.
        rank: what they are ranked by, greatest first, and shown with ``[N]``.
        unit: format of a ranked value, such as ``{:.1f} s``.
        detail: for the sentence.
    """
    found = np.flatnonzero(rows)
    if not len(found):
        return []
    order = found if rank is None else found[np.argsort(-rank[found], kind="stable")]
    worst = order[:WORST]
    said = tuple(unit.format(abs(rank[row])) for row in worst) if rank is not None and unit else ()
    return [counted(code, len(found), detail, Places(worst, said, found))]
