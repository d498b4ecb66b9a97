"""Rules of the diagnosis, each on an utterance that was made to break it, and on one that was not."""

import pytest

from govor.config import TextConfig
from govor.evaluate import score
from govor.evaluate.diagnosis import KINDS, diagnose
from govor.evaluate.edits import align
from govor.evaluate.patterns import boundary_pairs, letter_pairs, main_script, repeats
from govor.text import Normaliser

LONG = "poštovane kolegice i kolege molim vas da zauzmete svoja mjesta u dvorani"


def flags(reference: str, hypothesis: str, **context) -> set[str]:
    scores = score({"u": reference}, {"u": hypothesis}, Normaliser.of(TextConfig(), "hr"))
    found = diagnose(scores, **{key: [value] for key, value in context.items()})
    return {code for code in found.codes if len(found.rows(code))}


@pytest.mark.parametrize(
    ("code", "reference", "hypothesis", "context"),
    [
        ("repeated_phrase", LONG, "poštovane " + "kolegice i kolege " * 4, {}),
        ("repeated_phrase", "dobar dan", "dobar daaaaaaaaaaan", {}),
        ("runaway_insertions", "dobar dan", "dobar dan svima koji nas danas gledaju", {}),
        ("text_on_silence", "", "hvala na gledanju", {}),
        ("text_on_silence", "dobar dan", "hvala", {"levels_db": -75.0}),
        ("language_switch", LONG, "уважаемые коллеги прошу вас занять места", {}),
        ("language_switch", LONG, "please take your seats", {"languages": "hr", "heard_languages": "en"}),
        ("truncated_output", LONG, "poštovane kolegice i kolege", {}),
        ("truncated_output", LONG, "zauzmete svoja mjesta u dvorani", {}),
        ("no_output", LONG, "", {}),
        ("split_or_joined", "o neznanim stvarima", "o ne znanim stvarima", {}),
        ("split_or_joined", "o ne znanim stvarima", "o neznanim stvar", {}),
        ("number_format", "imamo 25 zastupnika", "imamo dvadeset pet zastupnika", {}),
    ],
)
def test_rule_finds_what_it_is_for(code, reference, hypothesis, context):
    assert code in flags(reference, hypothesis, **context)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "context"),
    [
        (LONG, LONG, {}),
        ("nula nula nula nula nula", "nula nula nula nula", {}),
        (LONG, LONG.replace("dvorani", "sali"), {"languages": "hr", "heard_languages": "hr-HR"}),
        ("imamo 25 zastupnika", "imamo 25 zastupnica", {}),
        ("dobar dan", "dobar dam", {"levels_db": -25.0}),
    ],
)
def test_rules_leave_ordinary_errors_alone(reference, hypothesis, context):
    assert flags(reference, hypothesis, **context) == set()


def test_boundaries_are_found_beside_other_errors():
    reference, hypothesis = ["ne", "znanim", "osobama"], ["neznanim", "osobe"]
    assert boundary_pairs(align(reference, hypothesis), reference, hypothesis) == [("ne znanim", "neznanim")]


def test_confusions_are_counted_reference_first():
    references = {"a": "kuća je velika", "b": "kuća je mala", "c": "lijep dan"}
    hypotheses = {"a": "kuča je velika", "b": "kuča mala", "c": "lijep sunčan dan"}
    found = diagnose(score(references, hypotheses)).as_dict(["a", "b", "c"])
    assert found["confusions"] == [{"reference": "kuća", "hypothesis": "kuča", "count": 2}]
    assert found["character_confusions"] == [{"reference": "ć", "hypothesis": "č", "count": 2}]
    assert found["deleted_words"] == [{"word": "je", "count": 1}]
    assert found["inserted_words"] == [{"word": "sunčan", "count": 1}]


def test_casing_and_punctuation_errors_are_named():
    scores = score(
        {"u": "Hrvatski sabor, u Zagrebu."},
        {"u": "hrvatski Sabor u Zagrebu!"},
        Normaliser.of(TextConfig(), "hr"),
    )
    found = diagnose(scores).as_dict(["u"])
    assert found["casing"]["count"] == 2
    pairs = {(m["reference"], m["hypothesis"]) for m in found["punctuation"]["most"]}
    assert pairs == {(",", ""), (".", "!")}


def test_letters_of_unlike_words_are_not_confusions():
    assert letter_pairs("kuća", "automobil") == []
    assert letter_pairs("znanim", "znanm") == [("i", "")]


def test_suspects_are_confident_disagreements_and_incomplete_transcripts():
    references = {f"good{n}": LONG for n in range(8)} | {
        "wrong": "nešto sasvim drugo",
        "short": "kolegice i kolege",
    }
    references |= {"unsure": "prelazimo na drugu točku"}
    hypotheses = {f"good{n}": LONG for n in range(8)} | {
        "wrong": LONG,
        "short": "kolegice i kolege molim za mir",
    }
    hypotheses |= {"unsure": "bla bla truć"}
    confidences = [0.5 + n / 100 for n in range(8)] + [0.99, 0.98, 0.01]
    scores = score(references, hypotheses)
    ranked = diagnose(scores, confidences=confidences).suspects.ranked()
    assert [(scores.ids[row], reason) for row, reason, _ in ranked] == [
        ("wrong", "transcript of something else"),
        ("short", "transcript incomplete"),
    ]


def test_a_model_that_is_mostly_wrong_accuses_nobody():
    references = {str(n): LONG for n in range(6)}
    scores = score(references, dict.fromkeys(references, "nešto sasvim drugo"))
    assert not diagnose(scores, confidences=[0.9] * 6).suspects.rows


def test_scripts():
    assert main_script("ће бити") == "CYRILLIC"
    assert main_script("これは日本語") == "JAPANESE"
    assert main_script("12 !") is None


def test_repeats_need_three_in_a_row():
    assert repeats(["a", "b", "a", "b", "a", "b"])
    assert not repeats(["a", "b", "a", "b", "c"])
    assert repeats(["da", "da", "da", "da"])
    assert not repeats(["da", "da", "da"])


def test_codes_are_stable_names():
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert all(code.isidentifier() and code == code.lower() for code in codes)
