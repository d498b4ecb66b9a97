"""The whole of it: recordings whose words are known, texts beside them, a corpus behind."""

import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import soundfile

from govor.align import align_recordings
from govor.align.grouping import with_edges, without
from govor.align.sound import SpeechTimes
from govor.config import AlignConfig
from govor.corpora.folder import Corpus
from govor.errors import CorpusError, InputError, ModelError
from govor.records import Hypothesis, Word
from transcribe.known_speech import RATE, KnowingRecogniser, Several, noise_words

SENTENCES = [
    "Poštovane dame i gospodo dobar dan svima u dvorani",
    "Danas ćemo govoriti o novom zakonu o obrazovanju",
    "Vlada je prošli tjedan poslala prijedlog u sabor",
    "Molim vas da se javite za riječ ako imate pitanja",
    "Hvala lijepa na ovom opširnom izlaganju ministre",
    "Sutra nastavljamo raspravu u devet sati ujutro",
]


def spoken(path, sentences, seed):
    """A recording of swelling noise for words; returns what knows it, and when each sentence begins."""
    words, starts, at = [], [], 0.5
    for sentence in sentences:
        starts.append(at)
        for word in sentence.split():
            length = 0.06 * len(word) + 0.1
            words.append(Word(word.lower(), at, at + length))
            at += length
        at += 0.8
    samples = noise_words([(word.start, word.end) for word in words], at, seed)
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return KnowingRecogniser(samples, words), starts


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Two recordings and their texts under one name each, and the model that hears them."""
    (tmp_path / "tapes").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    one, starts = spoken(tmp_path / "tapes" / "one.wav", SENTENCES[:4], 1)
    two, _ = spoken(tmp_path / "tapes" / "two.wav", SENTENCES[4:], 2)
    text = "\n".join(["ZAPISNIK SA SJEDNICE ODBORA ZA KULTURU", *(f"{s}." for s in SENTENCES[:4])])
    (tmp_path / "texts" / "one.txt").write_text(text)
    (tmp_path / "texts" / "two.txt").write_text("\n".join(f"{s}." for s in SENTENCES[4:]))
    model = Several([one, two])
    monkeypatch.setattr("govor.models.open_model", lambda *_, **__: model)
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("starts.json").write_text(json.dumps(starts))
    return model


def run(out="corpus", recordings=("tapes",), texts=("texts",), **settings):
    return align_recordings("model", recordings, texts, Path(out), AlignConfig(language="hr", **settings))


def test_recordings_and_texts_become_a_corpus(world, tmp_path):
    summary = run()
    assert summary.kept == 6
    assert {part.status for part in summary.recordings} == {"placed"}
    corpus = Corpus.open(tmp_path / "corpus")
    rows = corpus.scan().collect()
    first = rows.filter(pl.col("recording") == "one").sort("start")
    starts = json.loads((tmp_path / "starts.json").read_text())
    assert first["start"].to_list() == pytest.approx(starts, abs=0.15)
    assert first["text"].to_list() == [f"{s}." for s in SENTENCES[:4]]
    assert first["word_starts"][1][0] == pytest.approx(0, abs=0.15)
    assert rows["similarity"].min() > 0.9
    assert corpus.info.notes["second_transcript"] == "hypothesis"
    listed = pl.read_csv(tmp_path / "corpus" / "unplaced.tsv", separator="\t")
    assert listed["words"].to_list() == ["ZAPISNIK SA SJEDNICE ODBORA ZA KULTURU"]
    assert listed["reason"].to_list() == ["unspoken"]


def test_a_second_try_hears_nothing_again(world):
    run()
    calls = world.calls
    again = run(max_cer=0.5)
    assert world.calls == calls
    assert again.kept == 6


def test_a_group_that_is_finished_is_not_done_again(world, tmp_path, monkeypatch):
    from govor.align import entry

    groups = []

    def killed(group, *more):
        groups.append(group.heard[0].audio)
        if len(groups) == 2:
            raise MemoryError
        return align_group(group, *more)

    align_group = entry.align_group
    monkeypatch.setattr(entry, "align_group", killed)
    with pytest.raises(MemoryError):
        run()
    assert not (tmp_path / "corpus" / "corpus.json").exists()
    assert run().kept == 6
    assert groups == ["tapes/one.wav", "tapes/two.wav", "tapes/two.wav"]


def test_names_that_say_nothing_need_a_word(world, tmp_path, capsys):
    (tmp_path / "texts" / "one.txt").rename(tmp_path / "texts" / "monday.txt")
    (tmp_path / "texts" / "two.txt").rename(tmp_path / "texts" / "tuesday.txt")
    with pytest.raises(InputError, match=r"--pair auto.*--pairs FILE"):
        run()
    assert "monday.txt" in capsys.readouterr().err
    summary = run(pair="auto")
    assert summary.kept == 6
    assert all(one.sure for one in summary.proposals)


def test_a_list_of_pairs_and_a_text_without_counterpart(world, tmp_path):
    (tmp_path / "pairs.csv").write_text("one.wav,one.txt\n")
    summary = run(pairs="pairs.csv")
    assert summary.kept == 4
    status = {part.name.rpartition("/")[2]: part.status for part in [*summary.recordings, *summary.texts]}
    assert [name for name, what in status.items() if what == "no counterpart"] == ["two.wav", "two.txt"]


def test_a_text_that_cannot_be_read_does_not_stop_the_others(world, tmp_path):
    (tmp_path / "texts" / "two.txt").unlink()
    (tmp_path / "texts" / "two.docx").write_bytes(b"PK damaged")
    (tmp_path / "pairs.csv").write_text("one.wav;one.txt\ntwo.wav;two.docx\n")
    for settings in ({"pairs": "pairs.csv"}, {}):
        summary = run(**settings)
        assert summary.kept == 4
        assert [part.status for part in summary.texts] == ["partly placed", "no counterpart"]
        assert "not a complete .docx" in summary.texts[1].detail


def test_texts_of_kinds_that_are_not_read_are_told(world, tmp_path, capsys):
    (tmp_path / "texts" / "two.txt").rename(tmp_path / "texts" / "two.pdf")
    (tmp_path / "texts" / "one.doc").write_bytes(b"an older copy")
    summary = run()
    assert [(part.name, part.status) for part in summary.texts][1:] == [("texts/two.pdf", "no counterpart")]
    assert "save it as text first" in summary.texts[1].detail
    assert "two.pdf is a PDF" in (said := capsys.readouterr().err) and "one.doc" not in said


@pytest.mark.parametrize(
    ("pairs", "said"),
    [("one.wav," + "x" * 200_000, "cannot be read as a table|line 1"), ("one.wav,three.txt\n", "line 1")],
)
def test_a_list_that_names_no_pairs_is_one_sentence(pairs, said, world, tmp_path):
    (tmp_path / "pairs.csv").write_text(pairs)
    with pytest.raises(CorpusError, match=rf"pairs\.csv.*(?:{said})"):
        run(pairs="pairs.csv")


def test_names_that_are_not_utf8_are_set_aside(world, tmp_path, capsys):
    odd = os.fsencode(tmp_path)
    os.rename(odd + b"/tapes/two.wav", odd + b"/tapes/tw\xe9.wav")
    os.rename(odd + b"/texts/two.txt", odd + b"/texts/tw\xe9.txt")
    summary = run()
    assert summary.kept == 4
    assert sum("not UTF-8" in str(part) for part in (*summary.recordings, *summary.texts)) == 2
    assert "tw\\xe9.wav: its name" in capsys.readouterr().err
    with pytest.raises(InputError, match="not UTF-8"):
        run(recordings=(os.fsdecode(odd + b"/tapes/tw\xe9.wav"),))


def test_speech_without_a_text_is_told(world, tmp_path):
    lines = (tmp_path / "texts" / "one.txt").read_text().split("\n")
    (tmp_path / "texts" / "one.txt").write_text("\n".join([*lines[:2], *lines[3:]]))
    summary = run()
    told = pl.read_csv(tmp_path / "corpus" / "untranscribed.tsv", separator="\t")
    assert told["heard"].to_list() == [SENTENCES[1].lower()]
    assert summary.untranscribed_s == pytest.approx(float((told["end"] - told["start"]).sum()), abs=0.1)


def test_another_text_is_one_sentence_and_what_was_heard_is_kept(world, tmp_path):
    (tmp_path / "wrong.txt").write_text(
        "Ovo je sasvim druga priča.\nNitko je ovdje nikad nije ispričao naglas.\n"
    )
    with pytest.raises(CorpusError, match="not one utterance") as error:
        run(recordings=("tapes/one.wav",), texts=("wrong.txt",))
    assert "\n" not in str(error.value)
    assert (tmp_path / "corpus" / "hypotheses" / "one.json").exists()


def test_silence_has_no_counterpart(world, tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE * 3, np.float32), RATE)
    with pytest.raises(CorpusError, match="nothing was heard"):
        run(recordings=("silence.wav",), texts=("texts/one.txt",))


def test_what_is_not_there_is_named(world, tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        run(texts=("no.txt",))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no text"):
        run(texts=("empty",))
    with pytest.raises(InputError, match="is an address"):
        run(recordings=("https://example.org/a.mp3",))


def test_a_model_without_word_times_is_named(world, monkeypatch):
    class Wordless(Several):
        def recognise(self, sounds, options):
            return [Hypothesis("nešto se čulo") for _ in sounds]

    monkeypatch.setattr("govor.models.open_model", lambda *_, **__: Wordless([]))
    with pytest.raises(ModelError, match="no times for words"):
        run()


def test_speakers_and_their_undoing(world, tmp_path):
    names = ["ANA", "IVO", "ANA", "IVO"]
    text = "\n".join(f"{n}: {s}." for n, s in zip(names, SENTENCES[:4], strict=True))
    (tmp_path / "texts" / "one.txt").write_text(text)
    summary = run()
    assert summary.speakers == {"ANA": 2, "IVO": 2}
    rows = Corpus.open(tmp_path / "corpus").scan().filter(pl.col("recording") == "one").collect()
    assert rows.sort("start")["speaker"].to_list() == names
    assert not run("kept", keep_all=True).speakers


def test_what_is_covered_is_taken_off():
    speech = SpeechTimes(np.array([0.0, 6.0, 9.0]), np.array([5.0, 8.0, 12.0]), 13.0)
    assert without(speech, []) == [(0.0, 12.0)]
    assert without(speech, [(1.0, 4.0), (7.0, 10.0)]) == [(0.0, 1.0), (4.0, 7.0), (10.0, 12.0)]
    assert without(speech, [(-1.0, 20.0)]) == []


def test_speech_without_a_text_is_told_with_its_soft_edges():
    covered = [(1.0, 4.0), (5.05, 7.0)]
    stretches = [(0.05, 0.95), (4.5, 5.0), (8.0, 9.95)]
    expected = [(0.0, 1.0), (4.4, 5.05), (7.9, 10.0)]
    found = list(with_edges(stretches, covered, 10.0))
    assert [pytest.approx(one) for one in expected] == found
    assert list(with_edges([(0.0, 12.0)], [], 12.0)) == [(0.0, 12.0)]
