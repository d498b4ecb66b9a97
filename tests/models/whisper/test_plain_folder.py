"""CTranslate2 Whisper folders that other programs made open everywhere a model is taken."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from govor.errors import ModelError
from govor.models import DecodeOptions, open_model, sounds
from govor.models.base import Sound
from govor.models.families import foreign_format
from govor.models.opening import configuration_of
from govor.models.saved import read_settings
from govor.models.whisper import ctranslate2 as exporting
from govor.models.whisper.plain_folder import plain_settings
from govor.models.whisper.words import are_parted

pytest.importorskip("ctranslate2")

LEFT = {"config.json", "model.bin", "tokenizer.json"}


def wave(seed: int, seconds: float) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def plain(model, out, vocabulary="vocabulary.json"):
    """The folder as faster-whisper's converter leaves it: no govor.json, no extractor, no generation."""
    exporting.convert(open_model(model, device="cpu"), out, None)
    tokens = json.loads((out / "vocabulary.json").read_text(encoding="utf-8"))
    for path in out.iterdir():
        if path.name not in LEFT:
            path.unlink()
    if vocabulary == "vocabulary.json":
        (out / vocabulary).write_text(json.dumps(tokens), encoding="utf-8")
    else:
        (out / vocabulary).write_text("\n".join(tokens) + "\n", encoding="utf-8")
    return out


@pytest.fixture(scope="module")
def plain_folder(tiny_whisper, tmp_path_factory):
    return plain(tiny_whisper, tmp_path_factory.mktemp("plain") / "ct2")


ENGINE = SimpleNamespace(n_mels=80, is_multilingual=True)
READ = (
    *("extractor", "window_frames", "max_window_s", "max_labels", "vocabulary_size"),
    *("suppress_tokens", "begin_suppress_tokens", "prompt"),
)


@pytest.mark.parametrize("vocabulary", ["vocabulary.json", "vocabulary.txt"])
def test_what_is_read_is_what_an_export_says_of_itself(tiny_whisper, tmp_path, vocabulary):
    folder = plain(tiny_whisper, tmp_path / "ct2", vocabulary)
    exporting.convert(open_model(tiny_whisper, device="cpu"), tmp_path / "own", None)
    own, read = read_settings(tmp_path / "own"), plain_settings(folder, ENGINE)
    assert {name: read[name] for name in READ} == {name: own[name] for name in READ}


def test_it_opens_and_hears(plain_folder):
    opened = open_model(plain_folder, device="cpu")
    [heard] = opened.recognise(sounds([wave(1, 0.7)]), DecodeOptions(words=True))
    assert heard.tokens and heard.text
    assert opened.describe()["backend"] == "ctranslate2" and opened.describe()["window_s"] == 30


def test_words_are_timed_where_stretches_reach_over_a_joint(plain_folder):
    opened = open_model(plain_folder, device="cpu")
    heard = [Sound(wave(1, 0.7)), Sound(wave(1, 0.7), joints=(0.6,))]
    [asked] = opened.recognise(heard[:1], DecodeOptions(timestamps=True, words=True))
    [bare, joined] = opened.recognise(heard, DecodeOptions(timestamps=True))
    assert not bare.words and asked.words and not are_parted(bare.spans, (0.6,))
    assert joined.words == asked.words


def test_one_of_fewer_tokens_is_for_english_alone(plain_folder):
    """Its tokenizer names languages all the same; no prompt has them."""
    opened = open_model(plain_folder, device="cpu")
    assert not opened.prompt.multilingual
    assert opened.prompt.opening(None, opened.manner) == [opened.prompt.start, opened.prompt.no_timestamps]
    opened.check_language("hr")


def test_a_missing_tokenizer_is_named(tiny_whisper, tmp_path):
    folder = plain(tiny_whisper, tmp_path / "ct2")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"ct2 has no tokenizer\.json: copy the one"):
        open_model(folder, device="cpu")
    (folder / "tokenizer.json").write_text('{"added_tokens": 5}', encoding="utf-8")
    with pytest.raises(ModelError, match=r"tokenizer\.json is damaged"):
        open_model(folder, device="cpu")


def test_training_is_refused_by_name(plain_folder):
    with pytest.raises(ModelError, match="ct2 is a ctranslate2 model, which can be decoded but not trained"):
        configuration_of(plain_folder, None)


def test_folders_of_transformers_are_left_to_it(tiny_whisper, tiny_ctc, tmp_path):
    assert foreign_format(tiny_whisper) is None and foreign_format(tiny_ctc) is None
    (tmp_path / "model.bin").write_bytes(b"\x06\x00\x00\x00\x12\x00TransformerSpec\x00")
    assert foreign_format(tmp_path) is None


def test_from_the_hub_by_its_id(plain_folder, tmp_path, monkeypatch):
    """Only what belongs to the model is fetched; a configuration that names a type is transformers'."""
    asked = []

    def fetch_one(repo, name, revision=None):
        if name != "config.json":
            raise OSError(name)
        return str(plain_folder / name)

    def fetch_all(repo, revision=None, allow_patterns=None):
        asked.append((repo, revision, allow_patterns))
        return str(shutil.copytree(plain_folder, tmp_path / "snapshot", dirs_exist_ok=True))

    monkeypatch.setattr("huggingface_hub.hf_hub_download", fetch_one)
    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch_all)
    opened = open_model("others/faster-whisper-tiny", device="cpu", revision="v2")
    assert opened.describe()["backend"] == "ctranslate2"
    [(repo, revision, patterns)] = asked
    assert (repo, revision) == ("others/faster-whisper-tiny", "v2")
    assert {"model.bin", "tokenizer.json", "vocabulary.txt", "config.json"} <= set(patterns)
    assert not any("safetensors" in pattern for pattern in patterns)


class Counted:
    """An engine that notes how many windows each search is given."""

    def __init__(self, engine):
        self._engine, self.searched = engine, []

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def generate(self, states, prompts, **settings):
        self.searched.append((len(prompts), settings["beam_size"]))
        return self._engine.generate(states, prompts, **settings)


@pytest.mark.parametrize(("beams", "parts"), [(1, [4, 1]), (2, [2, 2, 1]), (5, [1, 1, 1, 1, 1])])
def test_on_a_cpu_few_texts_are_written_at_once(plain_folder, monkeypatch, beams, parts):
    monkeypatch.setattr(exporting, "HYPOTHESES_ON_CPU", 4)
    opened = open_model(plain_folder, device="cpu")
    opened.engine = Counted(opened.engine)
    heard = opened.recognise(sounds([wave(n, 0.7) for n in range(5)]), DecodeOptions(beam_size=beams))
    assert len(heard) == 5
    assert opened.engine.searched == [(size, beams) for size in parts]


def test_beams_are_searched_together_where_their_limit_is_the_same(plain_folder, monkeypatch):
    """Beams that do not end are chosen at the limit that the engine is given for all."""
    opened = open_model(plain_folder, device="cpu")
    opened.engine = Counted(opened.engine)
    lengths = [wave(n, seconds) for n, seconds in enumerate((0.7, 1.4, 0.7))]
    for beams, parts in ((1, [3]), (2, [2, 1])):
        opened.engine.searched.clear()
        opened.recognise(sounds(lengths), DecodeOptions(beam_size=beams))
        assert opened.engine.searched == [(size, beams) for size in parts]
