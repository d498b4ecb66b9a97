"""Quantiles of levels, computed faster than numpy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from govor.transcribe.speech import _quantiles

levels = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 60), st.just(2)),
    elements=st.floats(-120, 0, width=32, allow_nan=False),
)


@given(levels)
def test_they_are_numpys(values):
    found = np.array(_quantiles(values, (0.01, 0.995)))
    assert found == pytest.approx(np.quantile(values, (0.01, 0.995), axis=0), abs=1e-3)
