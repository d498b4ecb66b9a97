import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile as sf

from govor.audio import load_mono
from govor.audio.voice import open_voice
from govor.config import SelectConfig, TextConfig
from govor.corpora.folder import Corpus
from govor.curate import check_corpus, select_corpus
from govor.curate.probes import listened
from govor.errors import LimitError, UsageError
from govor.espeak import synthesise

SENTENCE = "Riječ je o povećanju za pet milijuna kuna i o tome da bi se s tim nabavio uređaj."


def check(corpus: Path, **more: Any) -> tuple[dict[str, Any], Path]:
    out = corpus.parent / f"{corpus.name}-check"
    return check_corpus(corpus, out, text=more.pop("text", TextConfig()), workers=1, **more), out


def counts(summary: dict[str, Any]) -> dict[str, int]:
    return {finding["code"]: finding["count"] for finding in summary["findings"]}


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A synthesised Croatian sentence at 48 kHz, ``[T]``."""
    made = synthesise(SENTENCE, voice="hr")
    path = tmp_path_factory.mktemp("speech") / "hr.wav"
    sf.write(path, made.samples, made.sample_rate)
    return load_mono(path, sample_rate=48_000)


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., str]:
    def write(name: str, samples: Any, rate: int, **more: Any) -> str:
        sf.write(tmp_path / name, samples, rate, **more)
        return name

    return write


def tone(seconds: float, rate: int = 16_000, size: float = 0.3) -> Any:
    random = np.random.default_rng(0)
    return (random.standard_normal(int(seconds * rate)) * size / 3).clip(-0.9, 0.9).astype(np.float32)


def test_audio_faults_are_found_and_named(make_corpus: Any, store: Any, tmp_path: Path, speech: Any) -> None:
    store("good.wav", tone(2), 16_000)
    store("silent.wav", np.zeros(32_000, np.float32), 16_000)
    store("clipped.wav", np.clip(tone(2) * 30, -1, 1), 16_000)
    store("offset.wav", tone(2) * 0.5 + 0.2, 16_000)
    telephone = load_mono(_stored(tmp_path, speech, 48_000), sample_rate=8_000)
    telephone = load_mono(_stored(tmp_path, telephone, 8_000), sample_rate=48_000)
    store("telephone.wav", telephone, 48_000)
    store("low.wav", tone(2, 8_000), 8_000)
    (tmp_path / "broken.wav").write_bytes(b"RIFF nothing at all")
    whole = (tmp_path / "good.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "copy.wav").write_bytes(whole)
    names = ["good", "silent", "clipped", "offset", "telephone", "low", "broken", "cut", "copy", "gone"]
    corpus = make_corpus([{"id": n, "audio": f"{n}.wav", "duration": None, "text": "a b c"} for n in names])
    summary, out = check(corpus)
    found = counts(summary)
    single = [
        "silent_audio",
        "clipped_audio",
        "dc_offset",
        "narrow_band",
        "low_sample_rate",
        "truncated_audio",
    ]
    single += ["unreadable_audio", "missing_audio", "duplicate_audio"]
    assert {code: found.get(code) for code in single} == dict.fromkeys(single, 1)
    report = (out / "report.html").read_text()
    assert "broken.wav" in report
    assert _first_id(report, "narrow_band") == "telephone"
    assert _first_id(report, "truncated_audio") == "cut"
    details = json.loads((out / "check.json").read_text())
    assert details["audio"]["codec"]["pcm_16"] == 8
    assert details["audio"]["speech_by"] == "levels of 50 ms frames"
    assert details["audio"]["error"] == {"missing": 1, "unreadable": 1}


def test_the_neural_detector_hears_a_sample_that_names_draw(
    make_corpus: Any, store: Any, speech: Any
) -> None:
    names = [f"{n}.wav" for n in range(500)]
    assert len(listened(names)) == 100 and listened(names) == listened(names[::-1])
    store("noise.wav", tone(3), 16_000)
    store("speech.wav", speech, 48_000)
    corpus = make_corpus(
        [{"id": n, "audio": f"{n}.wav", "duration": None, "text": "a b c"} for n in ("noise", "speech")]
    )
    audio = json.loads((check(corpus)[1] / "check.json").read_text())["audio"]
    if open_voice(16_000) is None:
        assert audio["voice_by"] is None and audio["voice"] is None
    else:
        assert audio["voice_by"] == "silero-vad 6" and audio["voice"]["count"] == 2


def test_noise_and_tones_are_told_from_speech(make_corpus: Any, store: Any, speech: Any) -> None:
    store("noise.wav", tone(3), 16_000)
    store("tone.wav", np.sin(np.arange(48_000) * 0.2).astype(np.float32) * 0.3, 16_000)
    store("speech.wav", speech, 48_000)
    hiss = tone(len(speech) / 48_000 + 1, 48_000, 0.01)[: len(speech)]
    store("loud.wav", np.clip(speech + hiss, -1, 1), 48_000)
    store("silent.wav", np.zeros(32_000, np.float32), 16_000)
    names = ["noise", "tone", "speech", "loud", "silent"]
    corpus = make_corpus([{"id": n, "audio": f"{n}.wav", "duration": None, "text": "a b c"} for n in names])
    summary, out = check(corpus)
    assert counts(summary)["steady_audio"] == 2 and counts(summary)["silent_audio"] == 1
    assert _first_id((out / "report.html").read_text(), "steady_audio") in ("noise", "tone")


def _stored(folder: Path, samples: Any, rate: int) -> Path:
    sf.write(folder / "between.wav", samples, rate)
    return folder / "between.wav"


def test_an_ogg_that_was_cut_off_is_found(make_corpus: Any, tmp_path: Path) -> None:
    for name in ("whole", "cut"):
        sf.write(tmp_path / f"{name}.ogg", tone(6 + (name == "cut")), 16_000, format="OGG", subtype="VORBIS")
    content = (tmp_path / "cut.ogg").read_bytes()
    (tmp_path / "cut.ogg").write_bytes(content[: len(content) * 2 // 3])
    rows = [{"id": n, "audio": f"{n}.ogg", "duration": None, "text": "a b c"} for n in ("whole", "cut")]
    summary, out = check(make_corpus(rows))
    assert counts(summary)["truncated_audio"] == 1
    assert _first_id((out / "report.html").read_text(), "truncated_audio") == "cut"


def _first_id(report: str, code: str) -> str:
    section = report[report.index(f'id="{code}"') :]
    match = re.search(r"<td><code>(.*?)</code>", section)
    assert match is not None
    return match[1]


def test_samples_under_a_wrong_header_are_found(make_corpus: Any, store: Any, speech: Any) -> None:
    store("right.wav", speech, 48_000)
    store("wrong.wav", speech, 16_000)
    rows = [{"id": n, "audio": f"{n}.wav", "duration": None, "text": SENTENCE} for n in ("right", "wrong")]
    summary, out = check(make_corpus(rows))
    assert counts(summary)["wrong_sample_rate"] == 1
    assert _first_id((out / "report.html").read_text(), "wrong_sample_rate") == "wrong"


def test_missing_durations_are_filled_into_the_corpus(make_corpus: Any, store: Any, table: Any) -> None:
    store("a.wav", tone(2.5), 16_000)
    rows = [
        {"audio": "a.wav", "duration": None},
        {"audio": "a.wav", "start": 1.0, "duration": None},
        {"audio": "a.wav", "duration": 2.5},
        {"audio": "none.wav", "duration": None},
    ]
    corpus = make_corpus(rows)
    before = Corpus.open(corpus).info
    summary, _ = check(corpus)
    assert table(corpus)["duration"].to_list() == [2.5, 1.5, 2.5, None]
    assert Corpus.open(corpus).info.fingerprint == before.fingerprint
    assert Corpus.open(corpus).info.hours == pytest.approx(6.5 / 3600)
    assert summary["hours"] == pytest.approx(6.5 / 3600)
    made = select_corpus(corpus, corpus.parent / "s", SelectConfig(max_duration=2.0))
    assert made["reasons"] == {"empty_text": 1, "too_long": 2, "unknown_duration": 1}


def test_nothing_is_probed_twice(make_corpus: Any, store: Any, tmp_path: Path, monkeypatch: Any) -> None:
    store("a.wav", tone(1), 16_000)
    store("b.wav", tone(1.5), 16_000)
    corpus = make_corpus([{"audio": "a.wav"}, {"audio": "b.wav"}])
    check(corpus)
    import govor.curate.probes as probes

    asked: list[str] = []
    real = probes.probe_chunk
    monkeypatch.setattr(
        probes, "probe_chunk", lambda w, r, s: asked.extend(name for name, *_ in r) or real(w, r, s)
    )
    check(corpus)
    assert asked == []
    store("b.wav", tone(1.7), 16_000)
    check(corpus)
    assert asked == ["b.wav"]


TEXTS = {
    "empty_text": " ",
    "damaged_encoding": "cafÃ© je\ufffd",
    "mixed_scripts": "р" + "ech",
    "invisible_characters": "a\u00adb",
    "not_nfc": "c\u030cas",
    "odd_punctuation": "„da“",
    "digits_in_text": "u 2020.",
    "tags_in_text": "da [smijeh]",
    "very_long_text": "abc " * 300,
}


def test_text_faults(make_corpus: Any) -> None:
    rows = [{"id": code, "text": text} for code, text in TEXTS.items()] + [
        {"text": "Čist tekst, 'l'été', हिन्दी, 你好"}
    ]
    summary, out = check(make_corpus(rows), audio=False)
    found = counts(summary)
    assert {code: found.get(code) for code in TEXTS} == dict.fromkeys(TEXTS, 1)
    report = (out / "report.html").read_text()
    assert all(_first_id(report, code) == code for code in TEXTS)
    characters = json.loads((out / "check.json").read_text())["characters"]
    soft_hyphen = next(c for c in characters if c["code_point"] == "U+00AD")
    assert (soft_hyphen["name"], soft_hyphen["count"]) == ("SOFT HYPHEN", 1)


def test_times(make_corpus: Any, store: Any) -> None:
    store("a.wav", tone(10), 16_000)
    spans = [
        ("first", 0.0, 3.0),
        ("overlap", 2.0, 4.0),
        ("inside", 2.5, 3.5),
        ("beyond", 8.0, 12.0),
        ("short", 5.0, 5.1),
    ]
    rows: list[dict[str, Any]] = [
        {"id": n, "audio": "a.wav", "start": a, "end": b, "duration": b - a} for n, a, b in spans
    ]
    rows.append({"id": "other channel", "audio": "a.wav", "start": 0.0, "end": 3.0, "channel": 0})
    rows.append({"id": "long", "audio": "other.wav", "duration": 31.0})
    rows.append(
        {"id": "negative", "audio": "a.wav", "start": -1.0, "end": 0.5, "duration": 1.5, "channel": 3}
    )
    rows.append({"id": "swapped", "audio": "a.wav", "start": 5.0, "end": 4.0, "duration": 1.0, "channel": 4})
    found = counts(check(make_corpus(rows))[0])
    assert found["overlap"] == 2
    for code in ("beyond_end", "too_short", "too_long", "negative_time", "times_swapped"):
        assert found[code] == 1, code


def test_stated_durations_are_held_against_the_file(make_corpus: Any, store: Any) -> None:
    store("a.wav", tone(4), 16_000)
    rows = [{"audio": "a.wav", "duration": 4.01}, {"audio": "a.wav", "duration": 8.0}]
    assert counts(check(make_corpus(rows))[0])["stated_duration"] == 1


def test_rates_far_from_the_language(make_corpus: Any) -> None:
    rows = [{"duration": 2.0, "text": "dvadeset slova tu ima da", "language": "hr"} for _ in range(40)]
    rows += [{"id": "fast", "duration": 0.4, "text": "dvadeset slova tu ima da", "language": "hr"}]
    rows += [{"id": "slow", "duration": 20.0, "text": "dvadeset slova tu ima da", "language": "hr"}]
    summary, out = check(make_corpus(rows), audio=False)
    assert counts(summary)["fast_speech"] == 1
    assert counts(summary)["slow_speech"] == 1
    assert _first_id((out / "report.html").read_text(), "slow_speech") == "slow"


def test_similarity_histogram_and_share(make_corpus: Any) -> None:
    rows = [{"text": "abcde", "asr": asr} for asr in ("abcde", "abcdx", "vwxyz", None)]
    summary, out = check(make_corpus(rows, notes={"second_transcript": "asr"}), audio=False)
    assert counts(summary)["low_similarity"] == 1
    details = json.loads((out / "check.json").read_text())["similarity"]
    assert details["share_at_least"] == pytest.approx(2 / 3)
    assert sum(details["histogram"]["counts"]) == 3


def test_duplicates_and_leaks(make_corpus: Any, store: Any, tmp_path: Path) -> None:
    store("a.wav", tone(1), 16_000)
    store("b.wav", tone(1.1), 16_000)
    (tmp_path / "c.wav").write_bytes((tmp_path / "a.wav").read_bytes())
    same = "ova je rečenica svugdje ista"
    rows = [
        {"id": "x", "audio": "a.wav", "recording": "a", "speaker": "s", "split": "train", "text": same},
        {
            "id": "x",
            "audio": "b.wav",
            "recording": "b",
            "speaker": "s",
            "split": "test",
            "text": same.upper(),
        },
        {
            "id": "y",
            "audio": "c.wav",
            "recording": "a",
            "speaker": "t",
            "split": "dev",
            "text": "kratko je to",
        },
        {
            "id": "z",
            "audio": "b.wav",
            "recording": "d",
            "speaker": "u",
            "split": None,
            "text": "kratko je to",
        },
    ]
    found = counts(check(make_corpus(rows))[0])
    expected = {"duplicate_id": 1, "duplicate_audio": 1, "duplicate_text": 1, "some_unsplit": 1}
    expected |= {"leak_speaker": 1, "leak_recording": 1, "leak_sentence": 1, "leak_audio": 1}
    assert {code: found.get(code) for code in expected} == expected


def test_fail_on_ends_with_a_limit_and_the_results_stay(make_corpus: Any) -> None:
    corpus = make_corpus([{"text": ""}])
    with pytest.raises(LimitError, match="empty_text: 1 utterance has no text") as caught:
        check(corpus, audio=False, fail_on=("empty_text",))
    assert caught.value.summary["findings"]
    assert (corpus.parent / "corpus-check" / "report.html").exists()
    with pytest.raises(LimitError):
        check(corpus, audio=False, fail_on=("error",))
    with pytest.raises(LimitError, match="empty_text: 1 utterance has no text"):
        check(corpus, audio=False, fail_on=("empty_reference",))  # its earlier name
    check(corpus, audio=False, fail_on=("leak_speaker",))
    with pytest.raises(UsageError, match="no such finding"):
        check(corpus, audio=False, fail_on=("no_such",))


def test_preview_counts_what_rules_change(make_corpus: Any) -> None:
    corpus = make_corpus([{"text": "Da, to."}, {"text": "da to"}, {"text": "…"}])
    _, out = check(corpus, audio=False, text=TextConfig(rules=("lower", "punctuation", "spaces")))
    text = json.loads((out / "check.json").read_text())["text"]
    assert (text["texts"], text["changed"], text["emptied"]) == (3, 2, 1)
    assert [(rule["rule"], rule["changed"]) for rule in text["rules"]] == [
        ("lower", 1),
        ("punctuation", 2),
        ("spaces", 2),
    ]
    assert text["rules"][0]["examples"] == [{"before": "Da, to.", "after": "da, to."}]
    assert {c["character"] for c in text["gone"]} == {"D", ",", ".", "…"}


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_hostile_transcripts_are_text_in_the_report(make_corpus: Any, store: Any) -> None:
    store("a.wav", tone(1), 16_000)
    evil = "</script></td><script>alert(1)</script><img src=x onerror=alert(2)> [x] \u2028 '\""
    row = {
        "id": evil,
        "text": evil,
        "speaker": evil,
        "recording": evil,
        "audio": "a.wav",
        "asr": evil + "xyz" * 90,
    }
    _, out = check(make_corpus([row], notes={"second_transcript": "asr"}))
    parser = Tags()
    parser.feed((out / "report.html").read_text())
    names = [tag for tag, _ in parser.tags]
    assert "img" not in names
    assert "script" not in names
    assert not [attrs for _, attrs in parser.tags if any(name.startswith("on") for name in attrs)]
    assert any(evil.strip() in text.strip() for text in parser.text)
    sources = [attrs["src"] for tag, attrs in parser.tags if tag == "audio"]
    assert sources
    assert all(source.startswith("data:audio/flac;base64,") for source in sources)


def test_players_hold_the_span(make_corpus: Any, store: Any) -> None:
    store("a.wav", tone(10), 16_000)
    corpus = make_corpus([{"audio": "a.wav", "start": 2.0, "end": 2.2, "duration": 0.2}])
    _, out = check(corpus)
    parser = Tags()
    parser.feed((out / "report.html").read_text())
    import base64
    import io

    source = next(attrs["src"] for tag, attrs in parser.tags if tag == "audio")
    samples, rate = sf.read(io.BytesIO(base64.b64decode(source.split(",")[1])), dtype="float32")
    assert (len(samples), rate) == (3_200, 16_000)
    np.testing.assert_allclose(samples, tone(10)[32_000:35_200], atol=1e-3)


def test_empty_and_bare_corpora(make_corpus: Any, tmp_path: Path) -> None:
    from govor.corpora.folder import CorpusInfo, CorpusWriter

    with CorpusWriter(tmp_path / "empty", CorpusInfo("test", "memory", ".")):
        pass
    summary, _ = check(tmp_path / "empty")
    assert summary["utterances"] == 0
    assert summary["findings"] == []


@pytest.mark.slow
def test_a_killed_check_goes_on_where_it_was(make_corpus: Any, store: Any, tmp_path: Path) -> None:
    """SIGKILL in the middle; the second run decodes only what is left and finds the same."""
    import os
    import signal
    import subprocess
    import sys
    import time

    for number in range(150):
        store(f"{number}.wav", tone(20 + number / 100), 16_000)
    corpus = make_corpus([{"audio": f"{n}.wav", "duration": None} for n in range(150)])
    code = (
        "import sys, govor.curate.probes as p; p.STORE_EVERY_S = 0.0; from pathlib import Path; "
        "from govor.config import TextConfig; from govor.curate import check_corpus; "
        "check_corpus(Path(sys.argv[1]), Path(sys.argv[2]), text=TextConfig(), workers=1)"
    )
    out = tmp_path / "killed"
    process = subprocess.Popen([sys.executable, "-c", code, str(corpus), str(out)])
    while not list(out.glob(".probes/part-*.parquet")):
        assert process.poll() is None
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    stored = sum(pl.read_parquet(part).height for part in out.glob(".probes/part-*.parquet"))
    assert 0 < stored < 150
    again = check_corpus(corpus, out, text=TextConfig(), workers=1)
    total = sum(pl.read_parquet(part).height for part in out.glob(".probes/part-*.parquet"))
    assert total == 150
    untouched = check_corpus(corpus, tmp_path / "fresh", text=TextConfig(), workers=1)
    assert again["findings"] == untouched["findings"]
    assert again["hours"] == untouched["hours"]


def test_texts_that_a_program_cut_and_two_ways_of_writing(make_corpus: Any) -> None:
    words = SENTENCE.split()
    texts = [" ".join(words[n % 5 :] + words[: n % 7 + 2]).capitalize() + "." for n in range(60)]
    clean = counts(_texts_checked(make_corpus, "clean", texts))
    assert not {"texts_cut", "mixed_casing", "mixed_punctuation"} & set(clean)
    cut = counts(_texts_checked(make_corpus, "cut", [text[:30] for text in texts]))
    assert cut["texts_cut"] > 30
    mixed = [text.upper() if n % 2 else text.rstrip(".") for n, text in enumerate(texts)]
    found = {one.code: one for one in _texts_checked(make_corpus, "mixed", mixed).findings}
    assert found["mixed_casing"].count == found["mixed_punctuation"].count == 30
    assert found["mixed_casing"].severity == "info", "the rule lower makes them one"
    as_written = _texts_checked(make_corpus, "raw", mixed, rules=("nfc", "spaces"))
    assert {one.code: one.severity for one in as_written.findings}["mixed_casing"] == "warning"


def _texts_checked(make_corpus: Any, name: str, texts: list[str], **text: Any) -> Any:
    rows = [{"id": f"u{n}", "audio": f"{n}.wav", "text": said} for n, said in enumerate(texts)]
    corpus = make_corpus(rows, name)
    return check_corpus(corpus, corpus.parent / f"{name}-check", text=TextConfig(**text), audio=False)
