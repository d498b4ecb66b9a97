"""The words of a stretch of time."""

from hypothesis import given
from hypothesis import strategies as st

from govor.align.heard import HeardWord, WordsByTime

TIMES = st.integers(0, 40).map(lambda tenth: tenth / 10)


@given(
    st.lists(st.tuples(TIMES, TIMES), max_size=12),
    st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=5),
)
def test_words_of_a_stretch_are_those_of_a_look_at_all(spans, stretches):
    words = [HeardWord(str(n), min(span), max(span), 0) for n, span in enumerate(spans)]
    by_time = WordsByTime(words)
    for start, end in stretches:
        wanted = [word for word in words if word.end > start and word.start < end]
        assert by_time.between(start, end) == wanted
