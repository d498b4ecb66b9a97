import pytest

from govor.text.languages import TWO_LETTERS, is_tag, iso_639, nearest_tag


@pytest.mark.parametrize(
    "tag", ["hr", "no", "sr-Latn-RS", "zh-CN", "ca-valencia", "de-1996", "yue", "cmn", "und", "tw", "x-own"]
)
def test_tags_of_bcp_47(tag: str) -> None:
    assert is_tag(tag)


@pytest.mark.parametrize(
    ("tag", "nearest"),
    [("hrv", "hr"), ("hr_HR", "hr-HR"), ("ger", "de"), ("eng-US", "en-US"), ("cz", None), ("jp", None),
     ("Croatian", None), ("*", None), ("@x", None), ("", None), ("hr HR", None)],
)  # fmt: skip
def test_what_is_no_tag_and_what_was_meant(tag: str, nearest: str | None) -> None:
    assert not is_tag(tag)
    assert nearest_tag(tag) == nearest


def test_the_hub_takes_the_language_alone() -> None:
    tags = ["sv-SE", "zh-CN", "hrv", "sr-Latn", "yue", "iw", "x-own", "*", "no"]
    assert [iso_639(tag) for tag in tags] == ["sv", "zh", "hr", "sr", "yue", "he", None, None, "no"]
    assert len(TWO_LETTERS) == 184
