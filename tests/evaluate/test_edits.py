"""Counts against jiwer and against sclite (PAINS 24)."""

import random
import re
import shutil
import subprocess

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.evaluate import align, char_edits, corpus_rate, word_edits
from govor.records import EditCounts
from govor.text.spacing import is_unspaced

SENTENCES = (
    "Poštovane kolegice i kolege, molim vas da zauzmete svoja mjesta.",
    "Det var en gång en katt som bodde i ett litet hus vid sjön.",
    "A quick brown fox, they said, jumps over the laziest of 27 dogs!",
    "Съешь же ещё этих мягких французских булок да выпей чаю",
    "हम सब एक साथ मिलकर इस काम को पूरा करेंगे",
    "هذا كتاب مفيد جدا لكل من يريد أن يتعلم",
    "Η γρήγορη αλεπού πηδάει πάνω από το τεμπέλικο σκυλί",
    "l'été dernier nous avons vu qu'il n'y avait personne",
    "今日は とても いい 天気 です ね",
    "Yn y dechreuad yr oedd y Gair a'r Gair oedd gyda Duw",
)


def edited(text: str, random: random.Random) -> str:
    """`text` with words and characters dropped, doubled, exchanged and joined."""
    words = text.split()
    for _ in range(random.randrange(6)):
        place = random.randrange(len(words)) if words else 0
        kind = random.randrange(6)
        if kind == 0 and words:
            del words[place]
        elif kind == 1:
            words.insert(place, random.choice(random.choice(SENTENCES).split()))
        elif kind == 2 and words:
            words[place] = random.choice(random.choice(SENTENCES).split())
        elif kind == 3 and words and len(words[place]) > 1:
            cut = random.randrange(len(words[place]))
            words[place] = words[place][:cut] + words[place][cut + 1 :]
        elif kind == 4 and len(words) > place + 1:
            words[place : place + 2] = ["".join(words[place : place + 2])]
        elif kind == 5:
            words += words[-2:] * random.randrange(4)
    return " ".join(words)


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, str]]:
    generator = random.Random(7)
    return [
        (reference, edited(reference, generator))
        for reference in (generator.choice(SENTENCES) for _ in range(20_000))
    ]


@pytest.fixture(scope="module")
def spaced(pairs):
    """The pairs in scripts that write spaces: jiwer knows no other words."""
    return [pair for pair in pairs if not any(is_unspaced(letter) for text in pair for letter in text)]


def counts(output) -> EditCounts:
    return EditCounts(output.hits, output.substitutions, output.deletions, output.insertions)


def test_equals_jiwer_on_thousands_of_edits_in_several_scripts(spaced):
    assert sum(reference != hypothesis for reference, hypothesis in spaced) > 5_000
    references, hypotheses = map(list, zip(*spaced, strict=True))
    whole = sum((word_edits(*pair) for pair in spaced), EditCounts())
    chars = sum((char_edits(*pair) for pair in spaced), EditCounts())
    assert whole == counts(jiwer.process_words(references, hypotheses))
    assert chars == counts(jiwer.process_characters(references, hypotheses))
    assert corpus_rate(spaced) == pytest.approx(jiwer.wer(references, hypotheses))
    assert corpus_rate(spaced, characters=True) == pytest.approx(jiwer.cer(references, hypotheses))


def test_equals_jiwer_pair_by_pair(spaced):
    for reference, hypothesis in spaced[:2000]:
        assert word_edits(reference, hypothesis) == counts(jiwer.process_words(reference, hypothesis))


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected", "rate"),
    [
        ("", "", EditCounts(), 0.0),
        ("", "a b", EditCounts(insertions=2), float("inf")),
        ("a b", "", EditCounts(deletions=2), 1.0),
        ("a b c", "a x c", EditCounts(2, 1, 0, 0), 1 / 3),
        ("a b c d", "x a b c", EditCounts(3, 0, 1, 1), 2 / 4),
        ("a\u00a0b", " a \n b ", EditCounts(hits=2), 0.0),
        ("a", "a b c", EditCounts(1, 0, 0, 2), 2.0),
    ],
)
def test_known_counts(reference, hypothesis, expected, rate):
    found = word_edits(reference, hypothesis)
    assert found == expected
    assert found.rate == rate


def test_characters_count_spaces_between_words():
    assert char_edits("ne znanim", "neznanim") == EditCounts(8, 0, 1, 0)


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_alignment_covers_both_sides_once_and_agrees_with_the_counts(reference, hypothesis):
    blocks = align(reference, hypothesis)
    edges = [(0, 0), *((b.end, b.hypothesis_end) for b in blocks)]
    assert [(b.start, b.hypothesis_start) for b in blocks] == edges[:-1]
    assert edges[-1] == (len(reference), len(hypothesis))
    sizes = dict.fromkeys(("equal", "replace", "delete", "insert"), 0)
    for block in blocks:
        sizes[block.tag] += max(block.end - block.start, block.hypothesis_end - block.hypothesis_start)
    found = word_edits(" ".join(reference), " ".join(hypothesis))
    assert (found.hits, found.substitutions, found.deletions, found.insertions) == tuple(sizes.values())


def cost_4_3(reference: list[str], hypothesis: list[str]) -> int:
    """Least cost when a substitution costs 4 and an insertion or a deletion 3, as sclite counts."""
    row = [3 * j for j in range(len(hypothesis) + 1)]
    for i, word in enumerate(reference, 1):
        before, row = row, [3 * i]
        for j, other in enumerate(hypothesis, 1):
            exchange = before[j - 1] + (0 if word == other else 4)
            row.append(min(exchange, before[j] + 3, row[-1] + 3))
    return row[-1]


@pytest.mark.skipif(not shutil.which("sctk"), reason="sclite is not installed (Debian: sctk)")
def test_agrees_with_sclite(spaced, tmp_path):
    """sclite's alignments are shortest under 4/3/3: its cost is ours under 4/3/3, its errors never fewer."""
    some = [pair for pair in spaced if pair[1] and pair[0].isascii()][:300]
    assert len(some) > 100
    for name, side in (("ref", 0), ("hyp", 1)):
        lines = [f"{pair[side].lower()} (s1_{row:05d})\n" for row, pair in enumerate(some)]
        (tmp_path / name).write_text("".join(lines))
    command = [
        "sctk",
        "sclite",
        "-r",
        "ref",
        "trn",
        "-h",
        "hyp",
        "trn",
        "-i",
        "rm",
        "-o",
        "pralign",
        "stdout",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    scores = re.findall(r"^Scores: \(#C #S #D #I\) (\d+) (\d+) (\d+) (\d+)", done.stdout, re.MULTILINE)
    names = re.findall(r"^id: \(s1_(\d+)\)", done.stdout, re.MULTILINE)
    assert len(scores) == len(names) == len(some)
    same = 0
    for name, found in zip(names, scores, strict=True):
        reference, hypothesis = (text.lower() for text in some[int(name)])
        theirs, ours = EditCounts(*map(int, found)), word_edits(reference, hypothesis)
        cost = 4 * theirs.substitutions + 3 * (theirs.deletions + theirs.insertions)
        assert cost == cost_4_3(reference.split(), hypothesis.split())
        assert theirs.reference_length == ours.reference_length
        assert theirs.errors >= ours.errors
        same += theirs.errors == ours.errors
    assert same > 0.9 * len(some)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "by_word", "by_character"),
    [
        ("今天天气很好", "今天天气狠好", (6, 1), (6, 1)),
        ("今天 天气", "今天天气", (4, 0), (4, 0)),
        ("我用 ChatGPT 写", "我用ChatGPT写", (4, 0), (12, 2)),
        ("ผู้ใหญ่", "ผู้ใหญ", (3, 1), (7, 1)),
        ("dobar dan", "dobardan", (2, 2), (9, 1)),
    ],
)
def test_scripts_without_spaces_are_parted_by_character(reference, hypothesis, by_word, by_character):
    """(units, errors): marks stay with their character, and spaces inside such a script are no edits."""
    for count, (units, errors) in ((word_edits, by_word), (char_edits, by_character)):
        edits = count(reference, hypothesis)
        assert (edits.hits + edits.substitutions + edits.deletions, edits.errors) == (units, errors)
