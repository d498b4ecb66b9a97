"""Values from JSON against declared shapes: what fits is taken as it is, what does not is named."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.errors import CorpusError
from govor.shape import ShapeError, fitted, parsed
from govor.store import read_record, write_json


@dataclass(frozen=True)
class Inner:
    rate: int
    share: float = 0.5


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    pairs: tuple[tuple[str, float], ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    kind: Literal["a", "b"] = "a"
    note: str | None = None


class Told(TypedDict):
    wer: float | None
    more: NotRequired[list[str]]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
WHOLE = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    WHOLE, st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.tuples(WHOLE, st.floats(allow_nan=False, allow_infinity=False))),
)  # fmt: skip
def test_what_was_written_comes_back(name: str, rate: int, share: float, pairs: list[Any]) -> None:
    value = Outer(name, Inner(rate, share), tuple(pairs))
    assert fitted(json.loads(json.dumps(asdict(value))), Outer) == value


@given(JSON)
def test_anything_fits_or_is_named_in_one_line(value: Any) -> None:
    for shape in (Outer, Told, dict[str, list[int]], tuple[float, ...]):
        try:
            fitted(value, shape)
        except ShapeError as error:
            assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inner": {}}, "inner.rate is missing"),
        ({"inner": {"rate": 1e308}}, "inner.rate is 1e+308 instead of a whole number"),
        ({"inner": {"rate": True}}, "inner.rate is True instead of a whole number"),
        ({"inner": {"rate": 2**63}}, "instead of a number of at most 64 bits"),
        ({"inner": {"rate": 1, "share": math.nan}}, "inner.share is nan instead of a finite number"),
        ({"pairs": [["a", 1], ["b"]]}, "pairs[1] is ['b'] instead of a list of 2"),
        ({"counts": {"x": "1"}}, "counts.x is '1' instead of a whole number"),
        ({"kind": "c"}, "kind is 'c' instead of 'a' or 'b'"),
        ({"note": []}, "note is [] instead of a text"),
        ({"name": "half \ud800"}, "name is 'half \\ud800' instead of a text of whole letters"),
    ],
)
def test_the_place_of_the_fault_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ShapeError) as caught:
        fitted({"name": "x", "inner": {"rate": 1}, **change}, Outer)
    assert said in str(caught.value)


def test_bytes_of_file_names_are_whole_and_unknown_keys_are_left_out() -> None:
    assert fitted({"name": "b\udce8", "inner": {"rate": 1}, "later": 3}, Outer).name == "b\udce8"


def test_a_typed_dict_keeps_what_it_does_not_know() -> None:
    assert fitted({"wer": 1, "else": [2]}, Told) == {"wer": 1.0, "else": [2]}


def test_a_file_is_named(tmp_path: Any) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"name": 3, "inner": {"rate": 1}})
    with pytest.raises(CorpusError, match=r"x\.json is damaged \(name is 3 instead of a text\)"):
        read_record(path, Outer, CorpusError)
    path.write_text("[" * 100_000)
    with pytest.raises(CorpusError, match="not valid JSON"):
        read_record(path, Outer, CorpusError)


@pytest.mark.parametrize(
    "text", ["[" * 500_000 + "]" * 500_000, "9" * 5000, "", "{", b"\xff", '{"a":' * 5000]
)
def test_a_text_that_is_no_json_for_us_is_a_shape_error(text: str | bytes) -> None:
    with pytest.raises(ShapeError):
        parsed(text)
    assert parsed(b'{"a": [1]}') == {"a": [1]}
