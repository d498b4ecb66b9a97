"""What is wrong with an ARPA file is said with its line; what is right is read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.errors import InputError
from govor.lm.arpa import read_arpa

GOOD = [
    "\\data\\", "ngram 1=4", "ngram 2=2", "",
    "\\1-grams:", "-1\t<s>\t-0.3", "-1\t</s>", "-1.2\ta\t-0.2", "-2\tb", "",
    "\\2-grams:", "-0.5\t<s> a", "-0.7\ta b", "", "\\end\\",
]  # fmt: skip


def read(tmp_path, lines):
    path = tmp_path / "m.arpa"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_arpa(path)


def test_a_whole_file_is_read(tmp_path):
    model = read(tmp_path, GOOD)
    assert model.order == 2 and set(model.words) == {"<s>", "</s>", "a", "b", "<unk>"}


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        (12, "-0.5\t<s>", "line 12: '-0.5\\t<s>' is not a 2-gram"),
        (13, "-0.7\ta", "line 13: '-0.7\\ta' is not a 2-gram"),
        (13, "-0.7\ta b -0.1 x", "line 13"),
        (13, "nan\ta b", "line 13: 'nan' is not a number"),
        (8, "-1.2\ta\tinf", "line 8: 'inf' is not a number"),
        (8, "x\ta", "line 8: 'x' is not a number"),
        (8, "0.5\ta", "line 8: '0.5' is the logarithm of a probability above 1"),
        (9, "-2\ta", "line 9: the word 'a' is there twice"),
        (13, "-0.5\t<s> a", "line 13: the n-gram of line 12 is there twice"),
        (13, "-0.5\ta c", "line 13: 'c' is not among the 1-grams"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, line, text, said):
    lines = [*GOOD]
    lines[line - 1] = text
    with pytest.raises(InputError) as error:
        read(tmp_path, lines)
    assert said in str(error.value)


@given(st.integers(0, len(GOOD) - 1), st.text(alphabet="\\-0123456789.eninf<s> \tab", max_size=12))
def test_any_other_line_is_read_or_refused(tmp_path_factory, place, text):
    lines = [*GOOD[:place], text, *GOOD[place + 1 :]]
    try:
        model = read(tmp_path_factory.mktemp("arpa"), lines)
    except InputError as error:
        assert "m.arpa" in str(error)
    else:
        assert all(np.isfinite(order.log10_p).all() for order in model.orders)
