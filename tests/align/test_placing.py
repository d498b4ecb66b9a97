"""Which pieces of a text are sure."""

import pytest

from govor.align.placing import Piece, judged


def piece(share, cer, letters=40):
    return Piece(0, (0,), 0, 1.0, 1.0 + 0.06 * letters, (0, letters), letters, share, cer, ((1.0, 3.0),))


@pytest.mark.parametrize(
    ("share", "cer", "sure"),
    [(1.0, 0.55, True), (0.5, 0.55, True), (0.49, 0.55, False), (0.49, 0.39, True), (1.0, 0.61, False)],
)
def test_less_than_half_of_a_sentence_has_to_be_heard_better(share, cer, sure):
    assert judged([piece(share, cer)], 0.06, 0.6) == [sure]
