"""The flags for a second model, and what the page gets from them."""

import pytest

from govor.errors import UsageError
from govor.serve.second import SecondModel, second_model


class Echo:
    name = "echo"

    def write(self, task, text, instruction):
        yield from (task, " ", text)


def test_the_chosen_task_comes_first_and_texts_are_streamed():
    second = SecondModel(Echo(), "summarize")
    assert second.modes == ("summarize", "continue")
    assert "".join(second.stream("continue", "dobar dan")) == "continue dobar dan"


def test_flags_that_do_not_go_together():
    assert second_model(None, None, None, None, "cpu") is None
    with pytest.raises(UsageError, match="needs --text-model MODEL"):
        second_model("continue", None, None, None, "cpu")
    with pytest.raises(UsageError):
        second_model("dance", None, "http://127.0.0.1:1/v1", None, "cpu")
    assert second_model("summarize", None, "http://127.0.0.1:1/v1", "m", "cpu").modes[0] == "summarize"
