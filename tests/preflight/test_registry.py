"""Checks take what they name, give findings, and never pass without an answer."""

import pytest

from govor.curate.exclusion import Exclusions
from govor.errors import LanguageError, ModelError, UsageError
from govor.findings import Finding
from govor.preflight.budget import Budget, OutOfTimeError
from govor.preflight.ids import write_ids
from govor.preflight.materials import UnavailableError
from govor.preflight.registry import COSTS, Check, all_checks, chosen_checks, require_known
from govor.preflight.run import note_missing, run_check

FOUND = Finding("overlap", "error", "here", "3", "2", "it breaks", "take one away")


class Materials:
    def __init__(self, minutes=1.0):
        self.budget = Budget(minutes)
        self.number = 3

    @property
    def corpus(self):
        raise UnavailableError("there is no corpus")

    @property
    def practice(self):
        return self.family

    @property
    def family(self):
        raise ModelError("base model x has no tokenizer")


def made(function, *needs):
    return Check("some_check", "Something holds", ("overlap",), needs, function)


def test_a_check_gets_what_it_names():
    outcome = run_check(made(lambda number: [FOUND] if number > 2 else [], "number"), Materials(), {})
    assert (outcome.status, outcome.findings) == ("findings", [FOUND])


def test_without_time_a_check_that_needs_a_model_is_inconclusive_never_passed():
    outcome = run_check(made(lambda family: [], "family"), Materials(minutes=0), {})
    assert outcome.status == "inconclusive"
    assert [(one.code, one.severity) for one in outcome.findings] == [("inconclusive", "warning")]


def test_what_had_no_time_is_not_begun_again_for_the_next_check():
    tries = []

    class Slow(Materials):
        @property
        def hearings(self):
            tries.append(1)
            raise OutOfTimeError

    materials, cannot = Slow(minutes=5), {}
    outcomes = [run_check(made(lambda hearings: [], "hearings"), materials, cannot) for _ in range(3)]
    assert [one.status for one in outcomes] == ["inconclusive"] * 3 and len(tries) == 1


def test_without_time_a_check_of_text_runs_all_the_same():
    outcome = run_check(made(lambda number: [FOUND], "number"), Materials(minutes=0), {})
    assert outcome.status == "findings"


@pytest.mark.parametrize(
    ("needs", "cost"),
    [
        ((), "text"),
        (("tables", "recipe"), "text"),
        (("clips", "tables"), "audio"),
        (("tables", "family", "clips"), "model"),
        (("base", "tables"), "decoding"),
        (("family", "saved_model"), "training"),
    ],
)
def test_a_check_costs_what_its_dearest_material_costs(needs, cost):
    assert made(lambda: [], *needs).cost == cost


def test_checks_run_by_cost_and_behind_the_check_whose_figures_they_look_at():
    order = all_checks()
    costs = [COSTS.index(one.cost) for one in order if not one.after]
    assert costs == sorted(costs)
    names = [one.name for one in order]
    for one in order:
        assert not one.after or names.index(one.after) < names.index(one.name)


def test_what_is_missing_skips_the_check_with_its_reason():
    outcome = run_check(made(lambda corpus: [FOUND], "corpus"), Materials(), {})
    assert (outcome.status, outcome.note, outcome.findings) == ("skipped", "there is no corpus", [])


def test_a_model_that_does_not_open_is_told_once():
    cannot = {}
    first = run_check(made(lambda family: [], "family"), Materials(), cannot)
    second = run_check(made(lambda family: [], "family"), Materials(), cannot)
    assert [one.code for one in first.findings] == ["model_unusable"]
    assert "no tokenizer" in first.findings[0].message
    assert (second.status, second.findings) == ("skipped", [])
    third = run_check(made(lambda practice: [], "practice"), Materials(), cannot)
    assert (third.status, third.findings) == ("skipped", [])


def test_a_crash_is_an_error_not_a_pass():
    def crash(number):
        raise RuntimeError("index out of range\nmore")

    outcome = run_check(made(crash, "number"), Materials(), {})
    assert [(one.code, one.severity) for one in outcome.findings] == [("check_failed", "error")]
    assert "RuntimeError: index out of range" in outcome.findings[0].message


def test_an_error_of_two_checks_is_told_once():
    def refuse(number):
        raise ModelError("base model x needs a language")

    cannot = {}
    first, second = (run_check(made(refuse, "number"), Materials(), cannot) for _ in range(2))
    assert [one.code for one in first.findings] == ["check_failed"]
    assert (second.status, second.findings, second.note) == ("skipped", [], "base model x needs a language")


def test_an_unknown_language_is_mended_with_a_related_one():
    class Foreign(Materials):
        @property
        def family(self):
            raise LanguageError("the model does not know the language 'tw'")

    found = run_check(made(lambda family: [], "family"), Foreign(), {}).findings
    assert [one.code for one in found] == ["model_unusable"] and "related language" in found[0].fix


def test_an_unknown_code_to_accept_names_the_nearest():
    with pytest.raises(UsageError, match="did you mean leak_speaker"):
        require_known(["leak_speakr"])


def test_an_earlier_name_of_a_code_is_accepted_and_the_new_one_said(capsys):
    require_known(["split_same_speaker"])
    assert "split_same_speaker is now called leak_speaker" in capsys.readouterr().err


def test_every_earlier_name_of_a_code_is_known():
    from govor.findings import codes

    earlier = [code.once for code in codes().values() if code.once]
    assert len(earlier) == 14
    require_known(earlier)


def test_a_foreign_check_declares_its_codes():
    from govor.findings import codes
    from govor.preflight.registry import REGISTRY, check

    @check("word_far_too_long")
    def words_have_a_length(tables):
        """No transcript holds a word of extreme length."""

    del REGISTRY["words_have_a_length"]
    assert codes().pop("word_far_too_long").by == ("preflight",)


def test_checks_are_chosen_by_name_or_code_with_those_they_follow():
    names = [one.name for one in chosen_checks(["leak_speaker"])]
    assert names == ["nothing_crosses_splits"]
    assert [one.name for one in chosen_checks(["test_split_can_tell"])] == [
        "base_model_is_measured",
        "test_split_can_tell",
    ]
    assert chosen_checks([]) == all_checks()
    with pytest.raises(UsageError, match="did you mean one_batch_is_learnt"):
        chosen_checks(["one_batch_is_lernt"])


def test_a_package_that_is_not_installed_is_one_finding_for_all_checks():
    def needs_torch(tables):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    one, other, well = (
        Check(name, name, (), ("tables",), run)
        for name, run in (("first", needs_torch), ("second", needs_torch), ("third", lambda tables: None))
    )
    made = type("Made", (), {"tables": {}, "budget": Budget(1.0)})()
    outcomes = [run_check(check, made, {}) for check in (one, other, well)]
    note_missing(outcomes)
    found = [finding for outcome in outcomes for finding in outcome.findings]
    assert [(f.code, f.severity) for f in found] == [("not_checked", "warning")]
    assert "first, second" in found[0].measured and "torch is not installed" in found[0].measured
    assert "pip install" in found[0].fix and found[0].where == "2 of 3 checks"
    assert [outcome.status for outcome in outcomes] == ["skipped", "skipped", "passed"]


def test_findings_name_ids_that_select_leaves_out(tmp_path):
    found = [
        Finding("empty_text", "error", ids=("a", "b")),
        Finding("leak_speaker", "warning", ids=("b",)),
        Finding("no_dev_split", "error"),
    ]
    path = write_ids(found, tmp_path)
    assert Exclusions.read([str(path)], ["empty_text"]).exact == {"a", "b"}
    assert Exclusions.read([str(path)], ["leak_speaker"]).exact == {"b"}
    assert write_ids([], tmp_path) is None and not path.exists()
