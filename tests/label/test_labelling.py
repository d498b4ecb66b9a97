"""The whole of it, with a model that knows what is said."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from align.test_align import SENTENCES, Several, spoken
from govor.config import LabelConfig
from govor.corpora.folder import Corpus
from govor.errors import AudioError, CorpusError
from govor.label import label_recordings
from govor.label.entry import foreign_hint
from govor.label.listening import Labeller
from transcribe.known_speech import RATE


class Telling(Several):
    """Hears what it knows, and tells which language it takes each sound for."""

    def __init__(self, known, shares):
        super().__init__(known)
        self.shares, self.detected = shares, 0

    def detect(self, sounds):
        self.detected += len(sounds)
        return [self.shares] * len(sounds)

    def _one(self, sound, options):
        said = super()._one(sound, options)
        return dataclasses.replace(said, languages=self.shares if options.languages else ())

    def language_code(self, tag):
        return tag if tag in dict(self.shares) else None


@pytest.fixture
def tapes(tmp_path, monkeypatch):
    """Two recordings without texts."""
    (tmp_path / "tapes").mkdir()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    one, _ = spoken(tmp_path / "tapes" / "one.wav", SENTENCES[:4], 1)
    two, _ = spoken(tmp_path / "tapes" / "two.wav", SENTENCES[4:], 2)
    monkeypatch.chdir(tmp_path)
    return [one, two]


@pytest.fixture
def model(tapes, monkeypatch):
    return opened(monkeypatch, Several(tapes))


def opened(monkeypatch, model):
    monkeypatch.setattr("govor.models.open_model", lambda *_, **__: model)
    monkeypatch.setattr("govor.label.windows.open_voice", lambda rate: None)
    return model


def run(out="corpus", recordings=("tapes",), **settings):
    return label_recordings("model", recordings, Path(out), LabelConfig(**{"language": "hr", **settings}))


def rows(out="corpus"):
    return Corpus.open(Path(out)).scan().collect()


def test_recordings_become_a_corpus_of_machine_texts(model):
    summary = run()
    assert (summary.recordings, summary.failed, summary.languages) == (2, {}, {"hr": 2})
    found = rows()
    assert summary.kept == found.height >= 2
    words = " ".join(found.sort("recording", "start")["text"]).split()
    assert words == [word.lower() for sentence in SENTENCES for word in sentence.split()]
    assert set(found["text_source"]) == {"machine"}
    assert set(found["text_model"]) == {summary.model}
    assert set(found["split"]) == {"train"}
    assert set(found["language"]) == {"hr"}
    assert found["agreement"].min() == 1
    assert found["language_probability"].null_count() == found.height
    assert Corpus.open(Path("corpus")).info.notes["label"]["fingerprint"] == summary.model


def test_what_is_done_is_not_heard_again(model):
    run()
    calls = model.calls
    summary = run(min_letters=0.5, stock_recordings=0)
    assert model.calls == calls
    assert summary.kept > 0
    run(beam_size=2)
    assert model.calls > calls


def test_a_killed_run_goes_on_with_the_next_recording(model, monkeypatch):
    hear, heard = Labeller.hear, []

    def killed(self, file):
        if heard:
            raise KeyboardInterrupt
        heard.append(file.name)
        return hear(self, file)

    monkeypatch.setattr(Labeller, "hear", killed)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert not Path("corpus/corpus.json").exists()
    monkeypatch.setattr(Labeller, "hear", lambda self, file: heard.append(file.name) or hear(self, file))
    run()
    assert heard == ["one.wav", "two.wav"]


def test_a_bad_recording_is_set_aside_and_counted(model):
    Path("tapes/bad.mp3").write_bytes(b"nonsense" * 100)
    summary = run()
    assert [Path(name).name for name in summary.failed] == ["bad.mp3"]
    assert summary.reasons["unreadable"] == 1
    assert summary.read == summary.kept + summary.rejected
    with pytest.raises(AudioError, match=r"bad\.mp3"):
        run("other", ("tapes/bad.mp3",))


def test_silence_gives_no_row(model):
    silence = np.random.default_rng(0).normal(0, 1e-5, 5 * RATE).astype(np.float32)
    soundfile.write("tapes/silence.wav", silence, RATE, subtype="FLOAT")
    summary = run()
    assert summary.recordings == 3
    assert "silence" not in set(rows()["recording"])
    with pytest.raises(CorpusError, match="nobody speaks"):
        run("other", ("tapes/silence.wav",))


def test_the_language_is_voted_on_where_none_is_given(tapes, monkeypatch):
    model = opened(monkeypatch, Telling(tapes, (("hr", 0.7), ("bs", 0.2), ("en", 0.01))))
    summary = run(language=None)
    assert summary.languages == {"hr": 2}
    assert set(rows()["language_probability"]) == {0.7}
    assert model.detected > 0


def test_another_language_than_the_one_that_is_given_gives_no_row(tapes, monkeypatch):
    opened(monkeypatch, Telling(tapes, (("hr", 0.7), ("bs", 0.2), ("en", 0.01))))
    with pytest.raises(CorpusError, match="wrong_language"):
        run(language="en")


def test_many_segments_of_another_language_than_the_one_that_is_given_are_worth_a_sentence():
    said = foreign_hint({"wrong_language": 14, "no_speech": 2}, 26, "sl")
    assert said.startswith("14 of 26 segments do not sound like sl") and "--min-language-probability" in said
    assert foreign_hint({"wrong_language": 14}, 26, None) is None
    assert foreign_hint({"wrong_language": 3}, 46, "it") is None
    assert foreign_hint({}, 26, "sl") is None


def test_a_second_model_is_what_texts_are_held_against(model, tapes, monkeypatch, tmp_path):
    class Louder(Several):
        def _one(self, sound, options):
            said = super()._one(sound, options)
            return type(said)(said.text + " zz") if said.text else said

    second = Louder(tapes)
    monkeypatch.setattr(
        "govor.models.open_model", lambda name, **_: second if name.endswith("louder") else model
    )
    (tmp_path / "louder").mkdir()
    (tmp_path / "louder" / "config.json").write_text("{}")
    run(second="louder")
    found = rows()
    assert all(text.endswith("zz") for text in found["second_text"])
    assert 0.8 < found["agreement"].max() < 1


def test_the_summary_is_plain(model):
    assert json.loads(json.dumps(dict(run())))["kept"] > 0


class Wavering(Telling):
    """Takes a language that it hardly knows now for one and now for another."""

    TURNS = (
        (("hr", 0.5), ("sk", 0.2), ("sl", 0.02)),
        (("hr", 0.3), ("pl", 0.02), ("sl", 0.04)),
        (("la", 0.3), ("hr", 0.2), ("sl", 0.1)),
    )

    def __init__(self, known, odd):
        super().__init__(known, ())
        self.odd, self.turn = odd, 0

    def language_code(self, tag):
        return tag

    def _one(self, sound, options):
        if options.languages:
            self.turn += 1
            self.shares = self.odd if self.turn == 1 else self.TURNS[self.turn % 3]
        return super()._one(sound, options)


def test_a_language_that_the_model_hardly_knows_is_judged_by_what_is_usual(tapes, monkeypatch, capsys):
    for number in range(10):
        shutil.copy("tapes/one.wav", f"tapes/{number}.wav")
    opened(monkeypatch, Wavering(tapes, (("es", 0.97), ("sl", 0.001))))
    summary = run(language="sl", stock_recordings=0)
    assert summary.read >= 10 and summary.reasons == {"wrong_language": 1}
    assert "often takes sl for hr" in capsys.readouterr().err
    assert Corpus.open(Path("corpus")).info.notes["label"]["counted_as"] == {"sl": ["hr", "sl"]}
    with pytest.raises(CorpusError, match="wrong_language"):
        run(language="sl", stock_recordings=0, min_language_probability=0.05)  # their own limit is kept
    assert run(language="sl", stock_recordings=0, min_language_probability=0).reasons == {}
    kept = rows()["id"].to_list()
    shuffled = sorted(map(str, Path("tapes").glob("*.wav")), reverse=True)
    again = run(language="sl", stock_recordings=0, recordings=shuffled)  # from its files, in another order
    assert again.reasons == {"wrong_language": 1} and again.kept == len(kept) - 1
