"""Units of a text at the times at which they were said; what nobody said, and speech without a text."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from written_and_said import SENTENCES, said, sentence, side_of

from govor.align.planning import plan_group
from govor.config import AlignConfig


def planned(side, heard, language="en", **settings):
    return plan_group(side, heard, language, AlignConfig(**settings)).plan


def starts(plan):
    return {piece.unit: round(piece.start, 2) for piece in plan.placed}


def test_every_sentence_is_where_it_was_said():
    plan = planned(side_of(SENTENCES[:20]), said(SENTENCES[:20]))
    assert starts(plan) == {n: round(n * 3.7, 2) for n in range(20)}
    assert not (plan.unplaced or plan.missing or plan.unsaid)
    assert all(piece.cer == 0 for piece in plan.placed)


def test_a_heading_that_nobody_says_is_missing_and_moves_nothing():
    text = [*SENTENCES[:10], "Zweiter Aufzug, dritte Szene im Walde", *SENTENCES[10:20]]
    plan = planned(side_of(text), said(SENTENCES[:20]))
    assert plan.missing == [10]
    assert starts(plan)[11] == pytest.approx(37.0, abs=0.2)


def test_words_inside_a_sentence_that_nobody_says_are_left_out():
    text = list(SENTENCES[:12])
    words = text[6].split()
    text[6] = " ".join([*words[:4], "(long and loud applause everywhere)", *words[4:]])
    plan = planned(side_of(text), said(SENTENCES[:12]))
    assert plan.unsaid == list(range(6 * 8 + 4, 6 * 8 + 9))
    assert not planned(side_of(text), said(SENTENCES[:12]), keep_all=True).unsaid


def test_speech_without_a_text_is_in_no_piece():
    talk = said([sentence(20)], begin=40.0)
    heard = [*said(SENTENCES[:10]), *talk, *said(SENTENCES[10:20], begin=60.0)]
    plan = planned(side_of(SENTENCES[:20]), heard)
    assert len(plan.placed) == 20
    assert not any(piece.start < 48 and piece.end > 40 for piece in plan.placed)


def test_an_untranscribed_aside_parts_a_sentence():
    first, rest = SENTENCES[5].split()[:4], SENTENCES[5].split()[4:]
    aside = sentence(10)
    heard = said([*SENTENCES[:5], " ".join(first), aside, " ".join(rest), *SENTENCES[6:12]])
    plan = planned(side_of(SENTENCES[:12]), heard)
    of_it = [piece for piece in plan.placed if piece.unit == 5]
    assert all(piece.end - piece.start < 2.5 for piece in of_it)


def test_another_text_is_not_placed():
    plan = planned(side_of(SENTENCES[:20]), said(SENTENCES[30:50]))
    assert not plan.placed


def test_swapped_sections_are_placed():
    order = SENTENCES[:10] + SENTENCES[20:35] + SENTENCES[10:20]
    plan = planned(side_of(SENTENCES[:35]), said(order))
    assert len(plan.placed) >= 34
    assert starts(plan)[20] == 37.0


def test_two_recordings_of_one_text_and_two_texts_of_one():
    heard = [*said(SENTENCES[:10]), *said(SENTENCES[10:20], recording=1)]
    plan = planned(side_of(SENTENCES[:20]), heard)
    assert [piece.recording for piece in plan.placed] == [0] * 10 + [1] * 10
    plan = planned(side_of(SENTENCES[:10], SENTENCES[10:20]), said(SENTENCES[:20]))
    assert len(plan.placed) == 20


@pytest.mark.parametrize(
    ("written", "spoken", "language"),
    [
        ("1984.", "tisuću devetsto osamdeset i četiri", "hr"),
        ("1984", "nineteen eighty-four", "en"),
        ("1984", "one nine eight four", "en"),
        ("42", "arobaini na mbili", "sw"),
    ],
)
def test_a_number_is_read_as_it_was_said(written, spoken, language):
    text = [*SENTENCES[:5], f"Kamele bonutu {written} davoze lirunu masera.", *SENTENCES[5:10]]
    heard = said([*SENTENCES[:5], f"Kamele bonutu {spoken} davoze lirunu masera.", *SENTENCES[5:10]])
    side = side_of(text)
    piece = next(p for p in planned(side, heard, language).placed if p.unit == 5)
    assert piece.cer == 0
    assert len(piece.words) == 6


@pytest.mark.parametrize(
    ("written", "spoken", "language"),
    [
        ("Rođen je 5. 11. 1984.", "rođen je petog studenog tisuću devetsto osamdeset četvrte", "hr"),
        ("Rast iznosi 3,5 %.", "rast iznosi tri cijela pet posto", "hr"),
        ("Živio je u XIX. stoljeću.", "živio je u devetnaestom stoljeću", "hr"),
        ("Vlak vozi 120 km/h.", "vlak vozi sto dvadeset kilometara na sat", "hr"),
        ("Det kostar 12 500 kr.", "det kostar tolvtusen femhundra kronor", "sv"),
        ("Mae cant a 25% o bobl yma.", "mae cant a dau ddeg pump y cant o bobl yma", "cy"),
        ("Costa 1.999,99 €.", "costa millenovecentonovantanove euro e novantanove", "it"),
        ("Son las 10:30.", "son las diez y media", "es"),
        ("Tela’ b’ 15%.", "tela b ħmistax fil-mija", "mt"),
        ("Tá 21 capall anseo.", "tá fiche a haon capall anseo", "ga"),
        ("Ni 50% ya watu.", "ni asilimia hamsini ya watu", "sw"),
        ("كان بلغ ٥٠٪.", "كان بلغ خمسين في المئة", "ar"),
        ("Take the A4 to B2B at $5.50.", "take the a four to b to b at five dollars fifty", "en"),
        ("Call 091 234 567 now.", "call zero nine one two three four five six seven now", "en"),
        ("Det var 25 personer.", "det var tjuefem personer", "nb"),
        ("I saw CIVIL MIX and DI.", "i saw civil mix and di", "en"),
    ],
)
def test_a_number_is_placed_with_all_that_is_said_of_it(written, spoken, language):
    heard = said([*SENTENCES[:3], spoken, *SENTENCES[3:6]])
    begin = sum(len(one.split()) for one in SENTENCES[:3])
    own = heard[begin : begin + len(spoken.split())]
    plan = planned(side_of([*SENTENCES[:3], written, *SENTENCES[3:6]]), heard, language)
    (piece,) = (piece for piece in plan.placed if piece.unit == 3)
    assert (piece.start, piece.end) == pytest.approx((own[0].start, own[-1].end), abs=0.05)
    assert piece.cer < 0.3


def test_an_abbreviation_is_placed_with_all_that_is_said_of_it():
    heard = said([*SENTENCES[:3], "kamele bonutu davoze i tako dalje", *SENTENCES[3:6]])
    plan = planned(side_of([*SENTENCES[:3], "Kamele, bonutu, davoze itd.", *SENTENCES[3:6]]), heard, "hr")
    (piece,) = (piece for piece in plan.placed if piece.unit == 3)
    assert (piece.start, piece.end, piece.cer) == (pytest.approx(11.1), pytest.approx(13.5), 0)


@pytest.mark.parametrize("where", ["begin", "end"])
def test_words_at_the_edge_of_a_sentence_that_nobody_says_are_left_out(where):
    aside = "(vidi zapisnik od utorka)"
    own = SENTENCES[3].rstrip(".")
    text = [*SENTENCES[:3], f"{aside} {own}." if where == "begin" else f"{own} {aside}.", *SENTENCES[4:6]]
    plan = planned(side_of(text), said(SENTENCES[:6], pause_s=2.5), "hr")
    (piece,) = (piece for piece in plan.placed if piece.unit == 3)
    assert len(piece.words) == len(own.split()) and piece.cer == 0
    assert len(plan.unsaid) == 4


def test_an_initial_is_no_numeral():
    heard = said([*SENTENCES[:3], "protmaze šutija", *SENTENCES[3:6]])
    whole = plan_group(side_of([*SENTENCES[:3], "M. Šuteja.", *SENTENCES[3:6]]), heard, "hr", AlignConfig())
    assert whole.spoken[24] == "M."


def test_another_number_is_no_reading():
    heard = said([*SENTENCES[:3], "rast iznosi četiri posto", *SENTENCES[3:6]])
    plan = planned(side_of([*SENTENCES[:3], "Rast iznosi 8.312,75 %.", *SENTENCES[3:6]]), heard, "hr")
    assert all(piece.cer > 0.3 for piece in [*plan.placed, *plan.unplaced] if piece.unit == 3)


def test_digits_that_a_model_writes_match_words():
    text = [*SENTENCES[:5], "Kamele bonutu forty-two davoze lirunu masera.", *SENTENCES[5:10]]
    heard = said([*SENTENCES[:5], "Kamele bonutu 42 davoze lirunu masera.", *SENTENCES[5:10]])
    piece = next(p for p in planned(side_of(text), heard).placed if p.unit == 5)
    assert piece.cer == 0


def test_scripts_that_differ_are_romanised():
    latin = [
        "Dobro jutro svima u ovoj velikoj dvorani danas.",
        "Pocinjemo sa radom nase narodne skupstine ovde.",
    ]
    cyrillic = [
        "Добро јутро свима у овој великој дворани данас.",
        "Почињемо са радом наше народне скупштине овде.",
    ]
    plan = planned(side_of(cyrillic), said(latin), "sr")
    assert [piece.unit for piece in plan.placed] == [0, 1]
    assert all(piece.cer < 0.1 for piece in plan.placed)


def test_a_long_sentence_is_cut_at_its_pauses():
    long = " ".join(SENTENCES[n].rstrip(".") for n in range(6))
    heard = said(SENTENCES[:6])
    plan = planned(side_of([long]), heard, max_duration=8.0)
    assert all(piece.end - piece.start <= 8.0 for piece in plan.placed)
    assert [round(piece.start, 1) for piece in plan.placed][1:] == [
        t for t in (3.7, 7.4, 11.1, 14.8, 18.5) if t in {round(piece.start, 1) for piece in plan.placed}
    ]


@example([0, 23, 0], [0, 0, 3, 3, 0], False)
@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 59), min_size=1, max_size=25),
    st.lists(st.integers(0, 59), min_size=1, max_size=25),
    st.booleans(),
)
def test_pieces_are_whole_in_order_and_apart(text, heard, keep_all):
    side = side_of([SENTENCES[n] for n in text])
    words = said([SENTENCES[n] for n in heard])
    plan = planned(side, words, keep_all=keep_all)
    pieces = [*plan.placed, *plan.unplaced]
    taken = [w for piece in pieces for w in piece.words]
    assert len(taken) == len(set(taken))
    for piece in pieces:
        assert list(piece.words) == sorted(piece.words)
        assert {int(side.of_word[w]) for w in piece.words} == {piece.unit}
        assert 0 <= piece.start <= piece.end <= words[-1].end + 3.1
        assert piece.times == tuple(sorted(piece.times))
    assert all(piece.cer <= 0.6 for piece in plan.placed)
    units = {piece.unit for piece in pieces} | set(plan.missing)
    assert units == set(range(len(side.units)))
