"""The second model: pieces as they come, long texts in parts, keys never shown."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from govor.errors import MachineError, ModelError, UsageError
from govor.transcribe.then import open_text_model, pass_on, second_text


class Echo:
    name = "echo"

    def __init__(self):
        self.asked = []

    def write(self, task, text, instruction):
        self.asked.append((task, text))
        yield "out"
        yield f"-{len(self.asked)}"


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


def test_both_models_or_none_is_wrong_usage():
    for local, url in ((None, None), ("a", "http://b")):
        with pytest.raises(UsageError):
            open_text_model(local, url)


def test_pass_on_writes_beside_the_outputs(tmp_path, capsys):
    (tmp_path / "talk.json").write_text(json.dumps({"text": "nešto"}))
    summary = {"files": [{"audio": "talk.mp3", "outputs": [str(tmp_path / "talk.json")]}]}
    pass_on(summary, "continue", Echo(), echo=True)
    assert (tmp_path / "talk.continue.txt").read_text() == "out-1\n"
    assert summary["files"][0]["then"]["output"] == str(tmp_path / "talk.continue.txt")
    assert capsys.readouterr().out == "out-1\n"


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


def test_a_missing_local_model_is_one_sentence(tmp_path):
    with pytest.raises(ModelError, match="cannot be opened"):
        open_text_model(str(tmp_path / "nothing"))
