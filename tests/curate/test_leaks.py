"""Select, check and preflight hold the same things apart, with the same exemptions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govor.config import SelectConfig, recipe_from
from govor.corpora.folder import Corpus, CorpusInfo, CorpusWriter
from govor.curate import select_corpus
from govor.curate.check import all_findings
from govor.curate.leaks import PAIRS, codes_of_hashes, crossings, leak_value, leaking, value_hash
from govor.curate.splits import TRAIN
from govor.curate.tally import tally
from govor.errors import GovorError
from govor.preflight.checks.splits import nothing_crosses_splits

GROUP_CODES = {"leak_speaker", "leak_recording", "leak_sentence"}
SENTENCES = (
    "hvala lijepa",
    "dobar dan svima vama ovdje",
    "Dobar dan, svima vama ovdje!",
    "to je posve nova rečenica",
)
Table = list[Mapping[str, Any]]
row = st.fixed_dictionaries(
    {
        "speaker": st.sampled_from(["ana", "ivo", "eva", "Unknown", "n/a", "", None]),
        "recording": st.sampled_from([f"r{n}" for n in range(6)]),
        "text": st.sampled_from(SENTENCES),
        "split": st.sampled_from(["train", "dev", "test"]),
    }
)


def corpus_of(folder: Path, rows: Table) -> Path:
    whole = [
        {
            **one,
            "id": f"u{n}",
            "audio": f"{one['recording']}.wav",
            "duration": 2.0,
            "start": 3.0 * n,
            "end": 3.0 * n + 2,
        }
        for n, one in enumerate(rows)
    ]
    with CorpusWriter(folder, CorpusInfo("test", "memory", str(folder))) as writer:
        writer.write(pl.DataFrame(whole, infer_schema_length=None))
    return folder


def found_by_check(corpus: Path) -> dict[str, set[str]]:
    ids = Corpus.open(corpus).scan().select("id").collect()["id"].to_list()
    found = all_findings(tally(Corpus.open(corpus)), None)
    return {
        f.code: {ids[n] for n in f.places.everywhere} for f in found if f.code in GROUP_CODES and f.places
    }


def found_by_preflight(rows: Table) -> set[str]:
    frame = pl.DataFrame([{**one, "id": f"u{n}", "normal": one["text"]} for n, one in enumerate(rows)])
    frame = frame.with_columns(pl.col("speaker").cast(pl.String))
    tables = {name: frame.filter(split=name) for name in ("train", "dev", "test")}
    recipe = recipe_from({}, where="test")
    return {f.code for f in nothing_crosses_splits(tables, recipe)}


def by_hand(rows: Table) -> dict[str, set[str]]:
    """The rule again, in the simplest words."""

    def value(one: Mapping[str, Any], key: str) -> str | None:
        if key != "sentence":
            return None if str(one[key]).lower() in ("none", "unknown", "n/a", "") else one[key]
        words = "".join(c for c in one["text"].lower() if c.isalnum() or c == " ").split()
        return " ".join(words) if len(words) >= 4 else None

    found: dict[str, set[str]] = {}
    for key in ("speaker", "recording", "sentence"):
        train = {value(one, key) for one in rows if one["split"] == "train"} - {None}
        ids = {f"u{n}" for n, one in enumerate(rows) if one["split"] != "train" and value(one, key) in train}
        found |= {f"leak_{key}": ids} if ids else {}
    return found


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(row, min_size=2, max_size=14))
def test_check_and_preflight_find_what_the_rule_says(tmp_path_factory: Any, rows: Table) -> None:
    corpus = corpus_of(tmp_path_factory.mktemp("c") / "corpus", rows)
    assert found_by_check(corpus) == by_hand(rows)
    assert found_by_preflight(rows) == set(by_hand(rows))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(row, min_size=4, max_size=14), st.integers(1, 3))
def test_what_select_splits_has_no_leak_for_check(tmp_path_factory: Any, rows: Table, test: int) -> None:
    folder = tmp_path_factory.mktemp("s")
    corpus = corpus_of(folder / "corpus", [{**one, "split": None} for one in rows])
    config = SelectConfig(test=test, max_leak_loss=1.0, count_tolerance=1.0)
    try:
        select_corpus(corpus, folder / "out", config)
    except GovorError:
        return
    assert found_by_check(folder / "out") == {}


@pytest.mark.parametrize("name", ["unknown", "UNKNOWN", " n/a ", "", "?", None])
def test_a_name_of_nobody_joins_nothing(tmp_path: Path, name: str | None) -> None:
    rows = [
        {"speaker": name, "recording": f"r{n}", "text": f"rečenica broj {n} od mnogih", "split": None}
        for n in range(8)
    ]
    select_corpus(corpus_of(tmp_path / "c", rows), tmp_path / "out", SelectConfig(test=2))
    assert Corpus.open(tmp_path / "out").info.splits == {"test": 2, "train": 6}


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 3)), max_size=30))
def test_crossings_do_not_hang_on_the_order_of_rows(rows: list[tuple[int, int]]) -> None:
    codes, splits = (np.array([one[n] for one in rows], np.int64) for n in (0, 1))
    found = leaking(crossings(codes, splits.astype(np.int8), PAIRS), len(rows))
    turned = leaking(crossings(codes[::-1], splits[::-1].astype(np.int8), PAIRS), len(rows))
    assert (found == turned[::-1]).all()
    assert not found[(codes < 0) | (splits <= TRAIN)].any()


def test_values_that_say_nothing_have_no_group() -> None:
    frame = pl.DataFrame({"speaker": ["ana", "unknown", None, "ana", "ivo"]})
    codes = codes_of_hashes(frame.select(value_hash(leak_value("speaker")))["speaker"].to_numpy())
    assert codes[0] == codes[3] != codes[4] and (codes[[1, 2]] == -1).all()
