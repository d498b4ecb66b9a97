"""The estimate equals a reference written straight from the formulas, and KenLM reads what we write."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.errors import InputError
from govor.lm.arpa import read_arpa, write_arpa
from govor.lm.kneser_ney import estimate
from govor.lm.ngrams import END, START, UNKNOWN

SENTENCES = (
    "danas je lijep dan",
    "danas je ružan dan",
    "sutra je lijep dan",
    "dan je danas lijep i dan je sutra lijep",
    "predsjednik je danas govorio o zakonu",
    "zastupnik je jučer govorio o zakonu i o proračunu",
    "hvala lijepa",
    "hvala lijepa gospodine predsjedniče",
)


class Reference:
    """Modified Kneser-Ney with dictionaries and recursion, as the papers define it."""

    def __init__(self, sentences, order: int) -> None:
        self.order = order
        raw: list[Counter[tuple[str, ...]]] = [Counter() for _ in range(order + 1)]
        for sentence in sentences:
            words = [START, *sentence.split(), END]
            for n in range(1, order + 1):
                raw[n].update(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
        self.vocabulary = {w for (w,) in raw[1]} | {UNKNOWN}
        self.counts = [Counter() for _ in range(order + 1)]
        self.counts[order] = raw[order]
        for n in range(1, order):
            before = defaultdict(set)
            for gram in raw[n + 1]:
                before[gram[1:]].add(gram[0])
            for gram, count in raw[n].items():
                self.counts[n][gram] = count if gram[0] == START else len(before[gram])
        del self.counts[1][(START,)]
        self.discounts = [self._discounts(c) for c in self.counts]

    @staticmethod
    def _discounts(counts):
        t = Counter(counts.values())
        fallback = (0, 0.5, 1.0, 1.5)
        if not (t[1] and t[2] and t[3]):
            return fallback
        y = t[1] / (t[1] + 2 * t[2])
        found = (0, *(k - (k + 1) * y * t[k + 1] / t[k] for k in (1, 2, 3)))
        return found if all(0 <= found[k] <= k for k in (1, 2, 3)) else fallback

    def p(self, word: str, context: tuple[str, ...]) -> float:
        n = len(context) + 1
        lower = 1 / (len(self.vocabulary) - 1) if n == 1 else self.p(word, context[1:])
        here = {g: c for g, c in self.counts[n].items() if g[:-1] == context}
        if not here:
            return lower
        total, discount = sum(here.values()), self.discounts[n]
        count = here.get((*context, word), 0)
        share = sum(discount[min(c, 3)] for c in here.values()) / total
        return (count - discount[min(count, 3)]) / total + share * lower


def probability(model, word: str, context: tuple[str, ...]) -> float:
    return math.exp(model.step(tuple(model.id_of(w) for w in context), model.id_of(word))[0])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_every_probability_equals_the_formulas(order):
    model, reference = estimate(SENTENCES, order), Reference(SENTENCES, order)
    contexts = {g[:-1] for g in reference.counts[order]} | {("nikad", "viđeno")[: order - 1]}
    for context in contexts:
        for word in [*reference.vocabulary - {START}]:
            assert probability(model, word, context) == pytest.approx(reference.p(word, context), rel=1e-9)


def test_one_word_by_hand():
    model = estimate(["a"], order=2)
    assert probability(model, "a", ()) == pytest.approx(0.25 + 0.5 / 3)
    assert probability(model, "b", ()) == pytest.approx(0.5 / 3)
    assert probability(model, "a", (START,)) == pytest.approx(0.5 + 0.5 * (0.25 + 0.5 / 3))


sentences = st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6).map(" ".join), min_size=1)


@settings(max_examples=60, deadline=None)
@given(sentences, st.integers(1, 4), st.lists(st.sampled_from([*"abcdefg", START]), max_size=3))
def test_probabilities_after_any_context_sum_to_one(texts, order, context):
    model = estimate(texts, order)
    context = tuple(context)[-(order - 1) :] if order > 1 else ()
    total = sum(probability(model, word, context) for word in model.words if word != START)
    assert total == pytest.approx(1.0, abs=1e-9)


def test_arpa_comes_back_as_it_was(tmp_path):
    model = estimate(SENTENCES, 3)
    write_arpa(model, tmp_path / "words.arpa")
    again = read_arpa(tmp_path / "words.arpa")
    for sentence in (*SENTENCES, "lijep dan danas", "posve nepoznate riječi je dan"):
        assert again.score(sentence) == pytest.approx(model.score(sentence), abs=1e-4)


def test_kenlm_gives_the_same_scores(tmp_path):
    kenlm = pytest.importorskip("flashlight.lib.text.decoder.kenlm")
    from flashlight.lib.text.dictionary import Dictionary

    model = estimate(SENTENCES, 4)
    path = tmp_path / "words.arpa"
    write_arpa(model, path)
    words = Dictionary()
    for word in model.words:
        words.add_entry(word)
    words.set_default_index(words.get_index(UNKNOWN))
    other = kenlm.KenLM(str(path), words)
    for sentence in (*SENTENCES, "lijep dan danas", "zakonu je nepoznato"):
        state, total = other.start(False), 0.0
        for word in sentence.split():
            state, log10_p = other.score(state, words.get_index(word))
            total += log10_p
        total += other.finish(state)[1]
        assert total * math.log(10) == pytest.approx(model.score(sentence), abs=1e-3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "ends too early"),
        ("\\data\\\nngram 1=2\n\n\\1-grams:\n-1\ta\n", "1 are there"),
        ("\\data\\\nngram 1=1\n\n\\1-grams:\nx\ta\n\n\\end\\\n", "'x' is not a number"),
        ("\\data\\\n\n", "no counts"),
        ("\\data\\\nngram 1=99999999999999\n\n\\1-grams:\n-1\ta\n", "do not fit"),
        (
            "\\data\\\nngram 1=1\nngram 2=0\nngram 3=1\n\n\\1-grams:\n-1\ta\n\n\\2-grams:\n\n"
            "\\3-grams:\n-1\ta a a\n\n\\end\\\n",
            "whose first words",
        ),
    ],
)
def test_a_broken_arpa_file_is_named(tmp_path, content, message):
    path = tmp_path / "broken.arpa"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        read_arpa(path)
    assert str(path) in str(caught.value)


def test_no_text_is_an_error():
    with pytest.raises(InputError, match="no word"):
        estimate(["", "  "])
