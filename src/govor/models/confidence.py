"""How sure a model is of what it wrote."""

from __future__ import annotations

import math
from collections.abc import Sequence


def geometric_mean(probabilities: Sequence[float]) -> float:
    """exp(mean(log p)) of at least one probability."""
    return math.exp(sum(math.log(max(p, 1e-30)) for p in probabilities) / len(probabilities))
