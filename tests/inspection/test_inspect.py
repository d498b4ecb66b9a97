"""Inspect: every stage of one utterance, in values, words, pictures and one offline page."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from govor.errors import InputError, UsageError
from govor.features import LogMelSpec
from govor.inspection import find_subject, inspect_utterance
from govor.inspection.pictures import envelope, spectrogram_db
from govor.inspection.show import file_stem, lines, summary_of, write_page
from govor.inspection.stages import TOKENS_SHOWN, energy_above, lost_words, word_blocks


def test_an_own_recording_is_shown_without_a_model(recording, tmp_path):
    shown = inspect_utterance(find_subject(str(recording)))
    assert shown.subject.facts.sample_rate == 22_050 and shown.rate_hz == 16_000
    assert shown.features.shape == (LogMelSpec().frames(len(shown.wave)), 80)
    page = write_page(shown, tmp_path)
    html = page.read_text(encoding="utf-8")
    assert (
        re.fullmatch(r"moja_snimka\.wav-[0-9a-f]{8}\.html", page.name) and html.count("data:image/png") == 3
    )
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", html)
    assert "data:audio/flac" in html


@pytest.mark.parametrize("of", ["corpus", "dataset"])
def test_every_stage_of_an_utterance(of, tiny_corpus, tiny_dataset, tiny_ctc):
    from govor.corpora.folder import Corpus
    from govor.models import open_model

    row = Corpus.open(tiny_corpus).scan().collect().row(0, named=True)
    subject = find_subject(str(tiny_corpus if of == "corpus" else tiny_dataset), row["id"])
    shown = inspect_utterance(subject, open_model(tiny_ctc, device="cpu"))
    assert subject.text == row["text"]
    assert subject.seconds == pytest.approx(row["end"] - row["start"], abs=0.02)
    assert shown.tokens.back == shown.normal
    assert "".join(r.text or " " for r in shown.tokens.rows) == shown.normal
    assert shown.tokens.needed >= len(shown.tokens.rows)
    summary = summary_of(shown, tiny_corpus)
    assert summary["round_trip"] is True and summary["frames"] >= summary["frames_needed"]


def test_what_a_model_says_is_aligned_with_the_text(recording, learnt):
    import dataclasses

    from govor.models import open_model

    subject = dataclasses.replace(find_subject(str(recording)), text="Dobar dan svim ljudima!", language="hr")
    shown = inspect_utterance(subject, open_model(learnt, device="cpu"))
    assert shown.hypothesis.text == "dobar dan svima"
    assert shown.blocks[0][:2] == ("equal", "dobar dan")
    assert [word.text for word in shown.hypothesis.words] == ["dobar", "dan", "svima"]
    said = "\n".join(lines(shown, recording))
    assert "svima" in said and "punctuation" in said


def test_a_whisper_model_shows_its_prompt(recording, tiny_whisper):
    import dataclasses

    from govor.models import open_model

    subject = dataclasses.replace(find_subject(str(recording)), text="dobar dan", language="hr")
    shown = inspect_utterance(subject, open_model(tiny_whisper, device="cpu"))
    assert [row.name for row in shown.tokens.rows[:2]] == ["<|hr|>", "<|transcribe|>"]
    assert shown.tokens.frames is None and shown.tokens.limit


def test_what_the_log_mel_loses_is_said_in_words(tmp_path):
    time_s = np.arange(48_000) / 48_000
    hiss = 0.3 * np.sin(2 * np.pi * 12_000 * time_s)
    soundfile.write(tmp_path / "hiss.wav", 0.3 * np.sin(2 * np.pi * 300 * time_s) + hiss, 48_000)
    subject = find_subject(str(tmp_path / "hiss.wav"))
    assert energy_above(subject.wave, 48_000, 8_000) == pytest.approx(0.5, abs=0.02)
    assert "reaches 12" in lost_words(subject, 8_000.0) and "50" in lost_words(subject, 8_000.0)
    assert "Nothing is lost" in lost_words(subject, 24_000.0)


def test_the_spectrogram_has_its_peak_at_the_tone():
    wave = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000).astype(np.float32)
    peak = spectrogram_db(wave, 16_000).mean(axis=0).argmax() * 16_000 / 400
    assert peak == 1_000
    time_s, low, high = envelope(wave, 16_000, 100)
    assert (
        len(time_s) == 100
        and low.min() == pytest.approx(-1, abs=0.01)
        and high.max() == pytest.approx(1, abs=0.01)
    )


def test_pages_of_any_ids_have_names_of_their_own():
    ids = ["дан", "ноћ", "a b", "a_b", "a/b", "你好", "utt-1", "..", "", "x" * 300, "x" * 301, "语" * 200]
    stems = [file_stem(name) for name in ids]
    assert len(set(stems)) == len(ids) and all(len(f"{stem}.html".encode()) < 256 for stem in stems)
    assert stems[0] == "дан" and stems[6] == "utt-1" and not any(stem.startswith(".") for stem in stems)


def test_a_long_text_is_bounded_wherever_it_is_shown(recording, tiny_ctc, tmp_path):
    import dataclasses

    from govor.models import open_model

    text = "dobar dan svima " * 20_000
    subject = dataclasses.replace(find_subject(str(recording)), text=text, language="hr")
    shown = inspect_utterance(subject, open_model(tiny_ctc, device="cpu"))
    assert shown.tokens.count > 100_000 and len(shown.tokens.rows) == TOKENS_SHOWN
    page = write_page(shown, tmp_path)
    words = re.sub(r"base64,[^\"]*", "", page.read_text(encoding="utf-8"))
    assert len(words) < 200_000 and "more characters" in words
    said = lines(shown, page)
    assert max(map(len, said)) < 3_000 and len(said) < 200


def test_words_are_aligned():
    assert word_blocks("a b c", "a x c d") == (
        ("equal", "a", "a"),
        ("replace", "b", "x"),
        ("equal", "c", "c"),
        ("insert", "", "d"),
    )


def test_a_missing_id_names_some(tiny_corpus):
    with pytest.raises(UsageError, match="name one, such as"):
        find_subject(str(tiny_corpus))
    with pytest.raises(InputError, match="no utterance nowhere"):
        find_subject(str(tiny_corpus), "nowhere")
    with pytest.raises(InputError, match="does not exist"):
        find_subject("/nowhere/at/all.wav")


def test_hostile_names_and_texts_stay_text(recording, tmp_path):
    import dataclasses

    evil = "<script>alert(1)</script>"
    subject = dataclasses.replace(find_subject(str(recording)), id=f"../{evil}", text=evil)
    page = write_page(inspect_utterance(subject), tmp_path)
    assert page.parent == tmp_path and evil not in page.read_text(encoding="utf-8")


def test_the_command_prints_one_object(recording, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "govor", "inspect", str(recording), "--out", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    summary = json.loads(done.stdout)
    assert summary["features"][1] == 80 and summary["header"]["sample rate"].startswith("22,050 Hz")


@pytest.mark.parametrize("samples", [1, 200, 3_000])
def test_very_short_recordings_are_shown(tmp_path, samples):
    soundfile.write(tmp_path / "short.wav", np.full(samples, 0.1, np.float32), 16_000)
    assert write_page(inspect_utterance(find_subject(str(tmp_path / "short.wav"))), tmp_path).exists()
