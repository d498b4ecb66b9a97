"""The words of overlapping windows joined so that none is lost and none is said twice.

Inside an overlap both windows report the same words, a little apart in time, and each may have a broken word
at its own edge. The two sequences are aligned (same text, close in time); the seam is put at an agreed word,
of which the one that keeps the surest words, then the one nearest to the middle of the overlap. Where they
agree on nothing, the surest words are kept too, then it is put where it splits no word.
"""

from __future__ import annotations

from collections.abc import Sequence

from govor.records import Word

TOLERANCE_S = 0.5
"""How far apart two windows may place the same word."""
CLOSE_S = 0.1
EVEN = 0.5
"""Confidence of a word that is as likely wrong as right: a surer one is worth keeping, another is not."""
FAR_WORTH = 0.02
"""Agreement further apart than `CLOSE_S` counts, but never against a closer one: words do repeat."""
EDGE_PUNCTUATION = " \t\n.,;:!?…\"'„“”‘’«»()[]-–—¿¡"


def seam(
    left: Sequence[Word], right: Sequence[Word], start_s: float, end_s: float, settled: int = 0
) -> tuple[int, int]:
    """Where to go over from the words of one window to those of the next.

    Args:
        left: words of the earlier window, in order of time, in the recording's seconds.
        right: words of the later window.
        start_s: where the later window begins.
        end_s: where the earlier window ends.
        settled: so many first words of `left` stand for what windows before it have said already; they
            help to align, and the seam is never before them.

    Returns:
        How many words of `left` to keep (at least `settled`), and the index of the first of `right` to keep.
    """
    first = next((i for i, word in enumerate(left) if word.end > start_s), len(left))
    last = next((j for j, word in enumerate(right) if word.start >= end_s), len(right))
    middle_s = (start_s + end_s) / 2
    agreed = _agreed(left[first:], right[:last])
    pairs = [(first + i + 1, j + 1) for i, j in agreed if first + i + 1 >= settled]
    if pairs:
        return max(
            pairs,
            key=lambda pair: (
                _worth_of([*left[first : pair[0]], *right[pair[1] : last]]),
                -abs(_middle(left[pair[0] - 1]) - middle_s),
            ),
        )
    cut_s = _quiet_time(left[first:], right[:last], start_s, end_s)
    if settled:
        cut_s = max(cut_s, left[settled - 1].end)
    kept = sum(_middle(word) < cut_s for word in left)
    return max(kept, settled), sum(_middle(word) < cut_s for word in right)


def _worth_of(words: Sequence[Word]) -> float:
    """How much surer than even these words are together; 0 where no confidence is known."""
    return sum(word.confidence - EVEN for word in words if word.confidence is not None)


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2


def _same(a: Word, b: Word) -> bool:
    if abs(_middle(a) - _middle(b)) > TOLERANCE_S:
        return False
    return _bare(a.text) == _bare(b.text)


def _bare(text: str) -> str:
    return text.strip(EDGE_PUNCTUATION).casefold() or text.strip()


def _agreed(left: Sequence[Word], right: Sequence[Word]) -> list[tuple[int, int]]:
    """Longest common subsequence of words close in time; among equals, the one closest in time."""
    rows, columns = len(left), len(right)
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            if _same(left[i], right[j]):
                best[i][j] = max(best[i][j], best[i + 1][j + 1] + _worth(left[i], right[j]))
    return _path(best, left, right)


def _worth(a: Word, b: Word) -> float:
    return FAR_WORTH + max(0.0, 1.0 - abs(_middle(a) - _middle(b)) / CLOSE_S)


def _path(best: list[list[float]], left: Sequence[Word], right: Sequence[Word]) -> list[tuple[int, int]]:
    pairs, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            pairs.append((i, j))
            i, j = i + 1, j + 1
    return pairs


def _quiet_time(left: Sequence[Word], right: Sequence[Word], start_s: float, end_s: float) -> float:
    """The moment of an overlap that keeps the surest words, else splits least, else is nearest its middle."""
    middle_s, words = (start_s + end_s) / 2, [*left, *right]
    edges = [edge for word in words for edge in (word.start, word.end) if start_s <= edge <= end_s]

    def goodness(time_s: float) -> tuple[float, float, float]:
        before = [word for word in left if _middle(word) < time_s]
        behind = [word for word in right if _middle(word) >= time_s]
        return _worth_of([*before, *behind]), -_split_s(words, time_s), -abs(time_s - middle_s)

    return max([middle_s, *edges], key=goodness)


def _split_s(words: Sequence[Word], time_s: float) -> float:
    return sum(max(0.0, min(time_s - word.start, word.end - time_s)) for word in words)
