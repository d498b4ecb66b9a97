import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.text import similarities, similarity


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [("", "", 1.0), ("abc", "abc", 1.0), ("abc", "", -1.0), ("abcd", "abce", 0.75), ("a", "bcd", -0.5)],
)
def test_known_values(a: str, b: str, expected: float) -> None:
    assert similarity(a, b) == pytest.approx(expected)


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8))))
def test_many_at_once_equal_one_by_one(pairs: list[tuple[str, str]]) -> None:
    a, b = [p[0] for p in pairs], [p[1] for p in pairs]
    np.testing.assert_allclose(similarities(a, b), [similarity(x, y) for x, y in pairs])
