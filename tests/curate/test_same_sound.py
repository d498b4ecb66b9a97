"""What is said of utterances of one sound, of times that are no seconds, and of who speaks which language."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.corpora.folder import Corpus
from govor.curate.check import all_findings
from govor.curate.probe import probe_recording
from govor.curate.probes import SCHEMA
from govor.curate.spans import MIX, Spans
from govor.curate.tally import tally
from govor.findings import Finding


def noise(seconds: float, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, int(seconds * 16_000)).astype(np.float32)


@pytest.fixture
def findings(make_corpus: Any) -> Any:
    """Findings by code for a corpus of rows; audio in this process."""

    def check(rows: list[dict[str, Any]], audio: bool = False) -> dict[str, Finding]:
        source = Corpus.open(
            make_corpus([{"text": f"some words {chr(97 + n)}"} | r for n, r in enumerate(rows)])
        )
        facts = tally(source)
        names = facts.names["audio"]
        probes = [asdict(probe_recording(name, source.audio_path(name))) for name in names if audio]
        table = pl.DataFrame(probes, schema=SCHEMA) if audio else None
        return {finding.code: finding for finding in all_findings(facts, table)}

    return check


def test_one_file_with_two_texts(found: Any) -> None:
    rows = [
        {"audio": "a.wav", "text": "one way of writing it", "split": "train"},
        {"audio": "a.wav", "text": "quite another text here", "split": "test"},
        {"audio": "b.wav", "split": "dev"},
    ]
    counts = found(rows)
    assert (counts["other_text"], counts["leak_audio"]) == (2, 1)
    assert "overlap" not in counts


def test_the_same_row_twice(found: Any) -> None:
    rows = [{"audio": "a.wav", "text": text} for text in ("Da, to.", "da to", "DA TO!")]
    counts = found(rows)
    assert counts["same_again"] == 2
    assert "other_text" not in counts


def test_parts_of_a_recording_are_no_copies(found: Any) -> None:
    spans = [(0.0, 2.0, "train"), (2.0, 4.0, "test"), (3.9, 6.0, "train")]
    rows = [
        {"audio": "a.wav", "recording": "a", "start": a, "end": b, "duration": b - a, "split": split}
        for a, b, split in spans
    ]
    counts = found(rows)
    assert "leak_audio" not in counts and "other_text" not in counts
    assert counts["leak_recording"] == 1


def test_a_part_of_a_whole_file_in_another_split(found: Any) -> None:
    rows = [
        {"audio": "a.wav", "duration": 60.0, "split": "train"},
        {"audio": "a.wav", "start": 10.0, "end": 12.0, "duration": 2.0, "split": "test"},
    ]
    assert found(rows)["leak_audio"] == 1


def test_two_speakers_at_the_same_time_are_crosstalk(found: Any) -> None:
    both = {"audio": "a.wav", "start": 1.0, "end": 3.0, "duration": 2.0}
    counts = found([{**both, "speaker": "s"}, {**both, "speaker": "t"}])
    assert counts == {"overlap": 1}


def test_copies_of_a_file_with_other_texts(found: Any, tmp_path: Path) -> None:
    sf.write(tmp_path / "a.wav", noise(2), 16_000)
    (tmp_path / "b.wav").write_bytes((tmp_path / "a.wav").read_bytes())
    counts = found([{"audio": "a.wav", "split": "dev"}, {"audio": "b.wav", "split": "test"}], audio=True)
    assert (counts["other_text"], counts["duplicate_audio"], counts["leak_audio"]) == (2, 1, 1)


@pytest.fixture
def found(findings: Any) -> Any:
    """Counts of findings by code."""
    return lambda rows, audio=False: {code: finding.count for code, finding in findings(rows, audio).items()}


spans = st.lists(
    st.tuples(st.integers(0, 2), st.integers(MIX, 1), st.integers(0, 9), st.integers(1, 9), st.booleans()),
    min_size=1,
    max_size=14,
)


@settings(max_examples=200, deadline=None)
@given(spans)
def test_touching_is_sharing_half_of_the_shorter(rows: list[tuple[int, int, int, int, bool]]) -> None:
    recording, channel, start, length, side = (np.array(column) for column in zip(*rows, strict=True))
    begin, end = start.astype(float), (start + length).astype(float)
    nobody = np.full(len(rows), -1)
    found = Spans.of(recording, channel.astype(np.int32), begin, end, end - begin, nobody).touching(
        side, ~side
    )
    for row in range(len(rows)):
        expected = False
        for other in np.flatnonzero(~side):
            shared = min(end[row], end[other]) - max(begin[row], begin[other])
            near = 2 * shared >= min(length[row], length[other])
            hears = MIX in (channel[row], channel[other]) or channel[row] == channel[other]
            expected |= bool(near and hears and recording[row] == recording[other])
        assert found[row] == (expected and side[row])


@pytest.mark.parametrize(("unit", "factor"), [("milliseconds", 1_000), ("samples", 16_000)])
def test_times_that_are_no_seconds(findings: Any, tmp_path: Path, unit: str, factor: int) -> None:
    sf.write(tmp_path / "a.wav", noise(10), 16_000)
    rows = [{"audio": "a.wav", "start": n * 2.0, "end": n * 2.0 + 1.9} for n in range(5)]
    assert "time_unit" not in findings([{**row, "duration": 1.9} for row in rows], True)
    wrong = [{"audio": "a.wav", "start": r["start"] * factor, "end": r["end"] * factor} for r in rows]
    finding = findings([{**r, "duration": r["end"] - r["start"]} for r in wrong], True)["time_unit"]
    assert finding.severity == "error" and finding.limit == f"they fit as {unit}"


def test_milliseconds_without_the_recordings(found: Any) -> None:
    rows = [{"audio": "a.wav", "start": n * 3e3, "end": n * 3e3 + 2e3, "duration": 2e3} for n in range(5)]
    assert found(rows)["time_unit"] == 5


def test_channels_that_cancel_each_other_out(found: Any, tmp_path: Path) -> None:
    wave = noise(2)
    other = noise(2, 1)
    pairs = {"anti": -wave, "weak": -0.8 * wave, "both": other, "one": 0 * wave}
    for name, second in pairs.items():
        sf.write(tmp_path / f"{name}.wav", np.stack([wave, second], axis=1), 16_000)
    rows: list[dict[str, Any]] = [{"audio": f"{name}.wav"} for name in ("anti", "weak", "both", "one")]
    counts = found(rows, audio=True)
    assert counts["antiphase_audio"] == 2
    assert "silent_audio" not in counts
    assert "antiphase_audio" not in found([{"audio": "anti.wav", "channel": 0}], audio=True)


def test_speakers_and_languages_that_are_not_known(found: Any) -> None:
    tags = ["hr", "hr_HR", "hrv", "Croatian", None]
    counts = found([{"language": tag, "speaker": None if tag == "hr" else "s"} for tag in tags])
    assert (counts["language_tag"], counts["unknown_speaker"]) == (3, 1)
