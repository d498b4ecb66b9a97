"""What two decodings agree on is final, and what is final never changes."""

from hypothesis import given
from hypothesis import strategies as st

from govor.records import Word
from govor.serve.live.agreement import Agreement, bare, common_prefix, continuation

TEXTS = st.sampled_from(["da", "Da.", "ne", "mi", "vi", "…", "kuća", "je"])


def words(text, start=0.0, each=0.5):
    return [Word(one, start + each * n, start + each * n + each) for n, one in enumerate(text.split())]


def said(found):
    return " ".join(word.text for word in found)


decodings = st.lists(st.lists(TEXTS, max_size=8).map(lambda one: words(" ".join(one))), max_size=8)


def test_the_common_prefix_becomes_final_in_its_latest_spelling():
    state, fresh = Agreement().hear(words("dobar dan sv"))
    assert fresh == ()
    state, fresh = state.hear(words("Dobar dan, svima"))
    assert (said(fresh), said(state.tail)) == ("Dobar dan,", "svima")
    state, fresh = state.hear(words("dobar dan svima koji"))
    assert (said(fresh), said(state.tail)) == ("svima", "koji")
    state, fresh = state.settle()
    assert (said(fresh), state.tail) == ("koji", ())
    assert said(state.final) == "Dobar dan, svima koji"


def test_a_decoding_that_hears_the_beginning_otherwise_goes_on_behind_it():
    state, _ = Agreement(tuple(words("jedan dva tri"))).hear(words("jedna dva tri četiri"))
    assert said(state.tail) == "četiri"
    state, _ = Agreement(tuple(words("jedan dva tri"))).hear(words("dva tri četiri", 0.5))
    assert said(state.tail) == "četiri"


def test_who_repeats_a_word_has_said_it_twice():
    """The word stands where no final one was: it is another."""
    state = Agreement(tuple(words("ne", 8.0))).cut(8.5)
    assert said(state.hear(words("ne znam", 10.0))[0].tail) == "ne znam"
    assert said(state.hear(words("ne znam", 8.1))[0].tail) == "znam", "the same one, heard again at the seam"


def test_far_behind_a_cut_nothing_is_kept():
    assert Agreement(tuple(words("a b c d e f"))).cut(2.5).final == tuple(words("a b c d e f"))[3:]


@given(decodings)
def test_final_text_only_grows_and_two_decodings_agreed_on_all_of_it(heard):
    state, text = Agreement(), []
    for one in heard:
        before, (state, fresh) = state, state.hear(one)
        assert state.final == (*before.final, *fresh)
        assert len(fresh) <= len(before.tail)
        assert [bare(w.text) for w in fresh] == [bare(w.text) for w in before.tail[: len(fresh)]]
        kept = one[continuation(before.final, one) :]
        assert [*fresh, *state.tail] == kept, "what is shown is the latest decoding"
        text += fresh
    assert list(state.final) == text


@given(st.lists(TEXTS, max_size=12))
def test_a_text_that_is_heard_twice_is_final_and_stays_so(texts):
    heard = words(" ".join(texts))
    state = Agreement().hear(heard)[0]
    state, fresh = state.hear(heard)
    assert list(fresh) == heard and state.tail == ()
    state, fresh = state.hear(heard)
    assert fresh == () and state.tail == ()


@given(st.lists(TEXTS, max_size=10), st.lists(TEXTS, max_size=10))
def test_what_goes_on_behind_the_final_text_is_found(first, more):
    heard = words(" ".join([*first, *more]))
    assert continuation(heard[: len(first)], heard) == len(first)


@given(st.lists(TEXTS, max_size=6), st.lists(TEXTS, max_size=6))
def test_a_common_prefix_is_one(left, right):
    n = common_prefix(words(" ".join(left)), words(" ".join(right)))
    assert [bare(one) for one in left[:n]] == [bare(one) for one in right[:n]]
    if n < min(len(left), len(right)):
        assert bare(left[n]) != bare(right[n])
