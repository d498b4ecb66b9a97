import pytest

from govor.curate.finding import KINDS, Finding, ranked


@pytest.mark.parametrize(
    ("code", "one"),
    [
        ("missing_audio", "1 recording is not there"),
        ("unreadable_audio", "1 recording cannot be decoded"),
        (
            "narrow_band",
            "1 recording holds telephone speech: nothing above 4 kHz, whatever their sample rate",
        ),
        ("empty_text", "1 utterance has no text"),
        ("mixed_scripts", "1 text mixes scripts within a word"),
        ("overlap", "1 utterance overlaps the one before in their recording"),
        ("duplicate_id", "1 id occurs more than once"),
    ],
)
def test_one_is_singular(code: str, one: str) -> None:
    assert Finding(code, 1).message == one
    assert Finding(code, 1_200).message.startswith("1,200 ")


def test_errors_come_first() -> None:
    order = [
        finding.code
        for finding in ranked(
            [Finding("several_channels", 1), Finding("overlap", 1), Finding("empty_text", 1)]
        )
    ]
    assert order == ["empty_text", "overlap", "several_channels"]


def test_every_kind_has_a_sentence_with_its_count() -> None:
    for code, kind in KINDS.items():
        assert "{count}" in kind.says, code
        assert kind.fix, code
