"""Labels keep their times; rounding never makes them overlap or vanish."""

from hypothesis import given
from hypothesis import strategies as st

from govor.interchange.label import Label, layers, words_within

TIMES = st.floats(0, 40_000, allow_nan=False)
SPANS = st.lists(st.tuples(TIMES, st.floats(0, 30), st.sampled_from(["Ana", "Ivo", None])), max_size=30)


def labelled(spans):
    return [
        Label.of(str(n), start, start + length, "da", who) for n, (start, length, who) in enumerate(spans)
    ]


@given(SPANS)
def test_every_label_stands_on_one_layer_of_its_speaker_within_a_millisecond(spans):
    labels = labelled(spans)
    found = {label.id: (layer, label) for layer in layers(labels) for label in layer.labels}
    assert found.keys() == {label.id for label in labels}
    for label in labels:
        layer, shown = found[label.id]
        assert layer.speaker == label.speaker
        assert abs(shown.start_ms - label.start_ms) <= 1 and abs(shown.end_ms - label.end_ms) <= 1


@given(SPANS)
def test_labels_of_a_layer_never_overlap_and_take_time(spans):
    for layer in layers(labelled(spans)):
        for one, following in zip(layer.labels, layer.labels[1:], strict=False):
            assert one.start_ms < one.end_ms <= following.start_ms < following.end_ms


def test_overlapping_utterances_of_one_speaker_get_a_second_layer():
    labels = [
        Label.of("a", 0, 2, "prvi", "Ana"),
        Label.of("b", 1, 3, "drugi", "Ana"),
        Label.of("c", 1, 3, "on", "Ivo"),
    ]
    shown = [(layer.speaker, layer.number, [one.id for one in layer.labels]) for layer in layers(labels)]
    assert shown == [("Ana", 1, ["a"]), ("Ana", 2, ["b"]), ("Ivo", 1, ["c"])]


def test_utterances_that_touch_share_a_layer():
    labels = [Label.of("a", 0, 1.2344, "prvi"), Label.of("b", 1.2344, 2, "drugi")]
    (layer,) = layers(labels)
    assert [(one.start_ms, one.end_ms) for one in layer.labels] == [(0, 1234), (1234, 2000)]


@given(st.lists(st.tuples(st.floats(-1, 6), st.floats(0, 2)), max_size=20))
def test_words_stay_inside_their_utterance_in_order(times):
    label = Label.of("a", 1, 5, "text")
    spans = sorted((start, start + length) for start, length in times)
    words = words_within(label, [(str(n), *span) for n, span in enumerate(spans)])
    assert [word.text for word in words] == [str(n) for n in range(len(spans))]
    ends = [label.start_ms, *(time for word in words for time in (word.start_ms, word.end_ms)), label.end_ms]
    assert ends == sorted(ends)
    assert all(word.start_ms < word.end_ms for word in words)


def test_words_that_have_no_room_are_left_out():
    assert (
        words_within(Label.of("a", 0, 0.002, "da ne možda"), [("da", 0, 0), ("ne", 0, 0), ("možda", 0, 0)])
        == ()
    )
