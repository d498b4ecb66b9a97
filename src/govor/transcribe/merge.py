"""The words of overlapping windows joined so that none is lost and none is said twice.

Inside an overlap both windows report the same words, a little apart in time, and each may have a broken word
at its own edge. The two sequences are aligned (same text, close in time); the seam is put at the agreed word
nearest to the middle of the overlap. Where they agree on nothing, it is put where it splits no word.
"""

from __future__ import annotations

from collections.abc import Sequence

from govor.records import Word

TOLERANCE_S = 0.5
"""How far apart two windows may place the same word."""
CLOSE_S = 0.1
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
        return min(pairs, key=lambda pair: abs(_middle(left[pair[0] - 1]) - middle_s))
    cut_s = _quiet_time([*left[first:], *right[:last]], start_s, end_s)
    if settled:
        cut_s = max(cut_s, left[settled - 1].end)
    kept = sum(_middle(word) < cut_s for word in left)
    return max(kept, settled), sum(_middle(word) < cut_s for word in right)


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


def _quiet_time(words: Sequence[Word], start_s: float, end_s: float) -> float:
    """The moment of an overlap that splits least of any word, and among those the nearest to its middle."""
    middle_s = (start_s + end_s) / 2
    edges = [edge for word in words for edge in (word.start, word.end) if start_s <= edge <= end_s]
    return min([middle_s, *edges], key=lambda t: (_split_s(words, t), abs(t - middle_s)))


def _split_s(words: Sequence[Word], time_s: float) -> float:
    return sum(max(0.0, min(time_s - word.start, word.end - time_s)) for word in words)
