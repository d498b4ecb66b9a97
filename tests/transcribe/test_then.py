"""The second model: pieces as they come, long texts in parts, keys never shown."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from govor.errors import InputError, MachineError, ModelError, UsageError
from govor.transcribe.then import (
    LONGEST_ANSWER_CHARACTERS,
    NEW_TOKENS,
    _deltas,
    _lines,
    open_text_model,
    pass_on,
    second_text,
)


class Echo:
    name = "echo"

    def __init__(self):
        self.asked = []

    def write(self, task, text, instruction):
        self.asked.append((task, text))
        yield "out"
        yield f"-{len(self.asked)}"

    def room(self, text):
        return 12_000


def test_an_empty_text_asks_nobody():
    model = Echo()
    assert list(second_text(model, "summarize", "  ")) == []
    assert model.asked == []


def test_a_long_text_is_summarised_in_parts_that_lose_nothing():
    model = Echo()
    text = " ".join(f"word{n}" for n in range(5000))
    pieces = list(second_text(model, "summarise", text))
    parts = [asked for _, asked in model.asked[:-1]]
    assert " ".join(parts) == text
    assert len(parts) > 1
    assert pieces == ["out", f"-{len(parts) + 1}"]


class Halving(Echo):
    """Answers with a third of the words, in order."""

    def write(self, task, text, instruction):
        self.asked.append((task, text))
        yield " ".join(text.split()[::3])

    def room(self, text):
        return 1_000


def test_summaries_that_do_not_fit_together_are_summarised_again():
    model = Halving()
    text = " ".join(f"word{n}" for n in range(5000))
    (summary,) = second_text(model, "summarize", text)
    assert len(summary) <= 400
    assert max(len(asked) for _, asked in model.asked) <= 1_000
    assert int(summary.split()[-1].removeprefix("word")) > 4_000, "the end of the text is left out"


def test_a_model_that_does_not_summarise_is_named_instead_of_asked_for_ever():
    class Parrot(Halving):
        def write(self, task, text, instruction):
            yield text + "!"

    with pytest.raises(ModelError, match="does not shorten"):
        list(second_text(Parrot(), "summarize", "riječ " * 1000))


def test_an_endless_answer_is_not_listened_to_for_ever():
    class Endless(Echo):
        def write(self, task, text, instruction):
            while True:
                yield "on and on "

    assert len("".join(second_text(Endless(), "continue", "go"))) == LONGEST_ANSWER_CHARACTERS


def test_a_line_without_an_end_is_refused():
    with pytest.raises(ModelError, match="sends a line of over"):
        list(_lines(iter(lambda: "x" * 100_000, None), "http://127.0.0.1/v1"))
    assert list(_lines(iter(["data: a\nda", "ta: b\r\n", "\nend"]), "")) == [
        "data: a",
        "data: b\r",
        "",
        "end",
    ]


def test_both_models_or_none_is_wrong_usage():
    for local, url in ((None, None), ("a", "http://b")):
        with pytest.raises(UsageError):
            open_text_model(local, url)


def test_pass_on_writes_beside_the_outputs(tmp_path, capsys):
    (tmp_path / "talk.json").write_text(json.dumps({"text": "nešto"}))
    file = {"audio": "talk.mp3", "outputs": [str(tmp_path / "talk.json")]}
    model = Echo()
    pass_on([file], tmp_path, "continue", model, echo=True)
    assert (tmp_path / "talk.continue.txt").read_text() == "out-1\n"
    assert file["then"]["output"] == str(tmp_path / "talk.continue.txt")
    assert capsys.readouterr().out == "out-1\n"
    pass_on([file], tmp_path, "continue", model, echo=True)
    assert len(model.asked) == 1, "the same text is not passed on twice"
    assert capsys.readouterr().out == "out-1\n"
    (tmp_path / "talk.json").write_text(json.dumps({"text": "nešto drugo"}))
    pass_on([file, file], tmp_path, "continue", model, echo=True)
    assert model.asked[1:] == [("continue", "nešto drugo")]
    assert capsys.readouterr().out.count("talk.mp3, continue:\n") == 2


@pytest.fixture
def chat():
    """An OpenAI-compatible address on this machine; `seen` holds what it was sent."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append((self.path, self.headers.get("Authorization"), body))
            if body["model"] == "broken":
                self.send_error(404, "no such model")
                return
            self.send_response(200)
            self.end_headers()
            for piece in ("Ukrat", "ko."):
                event = {"choices": [{"delta": {"content": piece}}]}
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", seen
    server.shutdown()


def test_an_address_streams_and_gets_the_key_from_the_environment(chat, monkeypatch):
    url, seen = chat
    monkeypatch.setenv("GOVOR_LLM_API_KEY", "secret-key")
    assert list(second_text(open_text_model(None, url, "m"), "summarize", "dug tekst")) == ["Ukrat", "ko."]
    path, authorization, body = seen[0]
    assert (path, authorization) == ("/v1/chat/completions", "Bearer secret-key")
    assert body["messages"][1]["content"] == "dug tekst"


@pytest.mark.parametrize("key", ["secret-key\n", " secret-key "])
def test_a_key_with_white_space_around_it_is_used_without(chat, monkeypatch, key):
    url, seen = chat
    monkeypatch.setenv("GOVOR_LLM_API_KEY", key)
    list(second_text(open_text_model(None, url, "m"), "summarize", "x"))
    assert seen[0][1] == "Bearer secret-key"


@pytest.mark.parametrize("key", ["secret-\nkey", "secret-ključ"])
def test_a_key_that_no_header_can_hold_is_not_shown(chat, monkeypatch, key):
    monkeypatch.setenv("GOVOR_LLM_API_KEY", key)
    with pytest.raises(InputError, match="GOVOR_LLM_API_KEY") as caught:
        list(second_text(open_text_model(None, chat[0], "m"), "summarize", "x"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ('data: {"error": {"message": "out of memory"}}\n\n', "out of memory"),
        ('data: {"error": "overloaded"}\n\n', "overloaded"),
        ('{"choices": [{"message": {"content": "whole"}}]}', "with a stream"),
        ("", "with a stream"),
    ],
)
def test_an_answer_that_is_no_text_is_an_error(sent, message):
    with pytest.raises(ModelError, match=message):
        list(_deltas(iter(sent.splitlines()), "http://a/v1"))


def test_events_of_other_shapes_are_passed_over():
    lines = ["data: [1]", "data: x", 'data: {"choices": []}']
    lines.append('data: {"choices": [{"delta": {"content": "a"}}]}')
    assert list(_deltas(iter(lines), "http://a/v1")) == ["a"]


def test_errors_of_an_address_name_it_and_hide_the_key(chat, monkeypatch):
    url, _ = chat
    monkeypatch.setenv("GOVOR_LLM_API_KEY", "secret-key")
    with pytest.raises(ModelError, match="404") as caught:
        list(second_text(open_text_model(None, url, "broken"), "summarize", "x"))
    assert "secret" not in str(caught.value)
    with pytest.raises(MachineError, match="cannot be reached"):
        list(second_text(open_text_model(None, "http://127.0.0.1:9", "m"), "summarize", "x"))


@pytest.fixture(scope="module")
def tiny_text_model(tmp_path_factory):
    """A random GPT-2 that knows a few words."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("text-model")
    vocabulary = {"<eos>": 0, "<unk>": 1, **{f"word{n}": n for n in range(2, 40)}}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>", unk_token="<unk>")
    fast.save_pretrained(folder)
    config = GPT2Config(
        vocab_size=len(vocabulary), n_positions=512, n_embd=16, n_layer=1, n_head=2,
        eos_token_id=0, bos_token_id=0, pad_token_id=0,
    )  # fmt: skip
    model = GPT2LMHeadModel(config)
    model.generation_config.suppress_tokens = [0]  # random weights could end the text before it begins
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("task", ["continue", "summarize"])
def test_a_local_model_streams(tiny_text_model, task):
    model = open_text_model(str(tiny_text_model), device="cpu")
    pieces = list(second_text(model, task, "word2 word3 " * 400))
    assert len(pieces) > 1
    words = "".join(pieces).split()
    assert 0 < len(words) <= 300


def test_a_local_model_reads_all_of_a_long_text(tiny_text_model):
    model = open_text_model(str(tiny_text_model), device="cpu")
    read = []
    asked = model._inputs
    model._inputs = lambda task, text, how: read.append(text) or asked(task, text, how)
    text = "word2 word3 word4 " * 300
    list(second_text(model, "summarize", text))
    parts = " ".join(read).split()
    assert parts[:900] == text.split()
    assert all(len(part.split()) + 40 <= 512 - min(NEW_TOKENS, 128) for part in read), "none is cut"


def test_a_missing_local_model_is_one_sentence(tmp_path):
    with pytest.raises(ModelError, match="cannot be opened"):
        open_text_model(str(tmp_path / "nothing"))
