"""Texts scored on a sound by CTC: the log-likelihood of their characters over all alignments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor.models.ctc.alignment import align
from govor.models.listening import Fit


class HeardByCtc:
    """See `govor.models.listening.EncodedSound`; holds the log-probabilities of the frames."""

    def __init__(self, vocabulary: Any, log_probs: NDArray[np.float32]) -> None:
        self.vocabulary, self.log_probs = vocabulary, log_probs
        self.languages: Mapping[str, float] = {}

    def fits(self, texts: Sequence[str]) -> list[Fit]:
        """See `govor.models.listening.EncodedSound`."""
        return [self._fit(self.vocabulary.encode(text)) for text in texts]

    def _fit(self, labels: Sequence[int]) -> Fit:
        runs = align(self.log_probs, labels, self.vocabulary.blank)
        if not runs:
            return Fit(float("-inf"), 1)
        quiet = self._quiet()
        before, after = -quiet[: runs[0].first].sum(), -quiet[runs[-1].last + 1 :].sum()
        return Fit(self._log_likelihood(labels), len(labels), float(before), float(after))

    def _quiet(self) -> NDArray[np.float64]:
        """ln p that a frame writes no letter ``[F]``."""
        silent = list(self.vocabulary.quiet)
        quiet: NDArray[np.float64] = np.logaddexp.reduce(self.log_probs[:, silent].astype(np.float64), axis=1)
        return quiet

    def _log_likelihood(self, labels: Sequence[int]) -> float:
        import torch
        from torch.nn import functional

        frames = torch.from_numpy(np.ascontiguousarray(self.log_probs, np.float32))[:, None]
        sizes = (torch.tensor([len(frames)]), torch.tensor([len(labels)]))
        found = functional.ctc_loss(
            frames, torch.tensor([list(labels)]), *sizes, blank=self.vocabulary.blank, reduction="sum"
        )
        return -float(found)
