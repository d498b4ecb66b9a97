"""``govor check``: all audio, all text, all times, all splits of a corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.audio.measures import SPEECH_BY
from govor.audio.voice import NAME as VOICE
from govor.config import TextConfig
from govor.console import say
from govor.corpora.folder import Corpus
from govor.curate.audio_checks import audio_findings, times_findings, true_durations
from govor.curate.filling import fill_durations
from govor.curate.listing import LISTING, write_listing
from govor.curate.offenders import offenders
from govor.curate.plots import plots
from govor.curate.preview import Preview, preview
from govor.curate.probes import probe_corpus
from govor.curate.same_sound import same_sound_findings, spans_of
from govor.curate.shown import change, visible
from govor.curate.table_checks import LOW_SIMILARITY, table_findings
from govor.curate.tally import Tally, tally
from govor.errors import LimitError, UsageError
from govor.findings import SEVERITIES, Finding, codes_of, ranked, renamed
from govor.pages import render
from govor.records import Summary, as_json
from govor.store import locked, write_json, write_text
from govor.text import Normaliser

HISTOGRAM_BINS = 40
CHARACTERS_SHOWN = 200


@dataclass(frozen=True)
class CheckSummary(Summary):
    """What ``govor check`` prints.

    Attributes:
        findings: gravest first.
        utterances: of the corpus.
        recordings: of the corpus.
        speakers: of the corpus.
        hours: of utterances whose duration is known.
        report: the page.
        listing: the table of all utterances of all findings.
        out: the folder.
    """

    findings: tuple[Finding, ...]
    utterances: int
    recordings: int
    speakers: int
    hours: float
    report: str
    listing: str
    out: str


@dataclass(frozen=True)
class Distribution:
    """How a measure is spread: quantiles by share, and counts between edges."""

    count: int
    mean: float
    quantiles: Mapping[str, float]
    histogram: Mapping[str, Sequence[float]]


def check_corpus(
    corpus: Path,
    out: Path,
    *,
    text: TextConfig,
    fail_on: Sequence[str] = (),
    audio: bool = True,
    workers: int = 0,
) -> CheckSummary:
    """Looks at everything in a corpus and writes ``check.json``, ``findings.parquet`` and ``report.html``.

    Durations that the corpus did not know are filled into its table. What was probed once is kept in `out`
    and not probed again while the file stays as it is.

    Args:
        corpus: an existing corpus folder.
        out: folder of the results.
        text: the rules whose effect is shown.
        fail_on: codes of findings, or ``error``, ``warning``, that are a fault.
        audio: also decode all recordings.
        workers: processes that decode; 0 is one a processor.

    Raises:
        UsageError: `fail_on` names a code that there is not.
        LimitError: a finding of `fail_on` came up; results are written all the same.
    """
    fail_on = renamed(fail_on, say)
    _require_codes(fail_on)
    source = Corpus.open(corpus)
    with locked(out):
        facts = tally(source)
        probes = _probed(source, facts, out, workers) if audio else None
        if probes is not None:
            facts = replace(facts, duration=_filled(source, facts, probes))
        findings = all_findings(facts, probes)
        shown = preview(source, Normaliser.of(text, _main_language(facts)))
        summary = _summary(findings, facts, out)
        write_listing(source, findings, out / LISTING)
        write_json(out / "check.json", as_json({**summary, **_details(source, facts, probes, shown)}))
        write_text(out / "report.html", _page(source, facts, probes, findings, shown, summary))
    _fail(findings, fail_on, summary)
    return summary


def all_findings(facts: Tally, probes: pl.DataFrame | None) -> list[Finding]:
    """What is found in the table, and in the audio where it was probed, gravest first."""
    spans = spans_of(facts, probes)
    of_table = [
        *table_findings(facts, spans),
        *same_sound_findings(facts, spans),
        *times_findings(facts, probes),
    ]
    return ranked(of_table + (audio_findings(facts, probes) if probes is not None else []))


def _require_codes(fail_on: Sequence[str]) -> None:
    known = (*SEVERITIES, *codes_of("check"))
    for code in fail_on:
        if code not in known:
            raise UsageError(f"--fail-on {code}: there is no such finding; known are {', '.join(known)}")


def _probed(source: Corpus, facts: Tally, out: Path, workers: int) -> pl.DataFrame:
    names = facts.names["audio"]
    return probe_corpus([(name, source.audio_path(name)) for name in names], out / ".probes", workers)


def _filled(source: Corpus, facts: Tally, probes: pl.DataFrame) -> NDArray[np.float64]:
    """Durations with those that the audio gave, which are also written into the corpus."""
    duration = true_durations(facts, probes)
    found = np.isnan(facts.duration) & ~np.isnan(duration)
    fill_durations(source, duration if found.any() else None)
    if found.any():
        say(f"check: {int(found.sum()):,} durations filled in at {source.table}")
    return duration


def _main_language(facts: Tally) -> str | None:
    codes = facts.keys["language"]
    known = codes[codes >= 0]
    return str(facts.names["language"][int(np.bincount(known).argmax())]) if len(known) else None


def _summary(findings: Sequence[Finding], facts: Tally, out: Path) -> CheckSummary:
    return CheckSummary(
        tuple(findings),
        len(facts.flags),
        len(facts.names["audio"]),
        len(facts.names["speaker"]),
        float(np.nansum(facts.duration)) / 3600,
        str(out / "report.html"),
        str(out / LISTING),
        str(out),
    )


def _details(
    source: Corpus, facts: Tally, probes: pl.DataFrame | None, shown: Preview
) -> Mapping[str, object]:
    """What ``check.json`` holds besides the summary."""
    return {
        "corpus": str(source.folder),
        "fingerprint": source.info.fingerprint,
        "splits": dict(source.info.splits),
        "durations": _distribution(facts.duration),
        "letters_per_s": _distribution(facts.rate),
        "similarity": _similarity(facts),
        "characters": facts.characters.listed(),
        "text": shown,
        "audio": _audio(probes),
    }


def _distribution(values: NDArray[np.float64]) -> Distribution | None:
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    counts, edges = np.histogram(known, HISTOGRAM_BINS)
    shares = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
    quantiles = {f"{share:g}": float(v) for share, v in zip(shares, np.quantile(known, shares), strict=True)}
    histogram = {"counts": counts.tolist(), "edges": edges.tolist()}
    return Distribution(len(known), float(known.mean()), quantiles, histogram)


def _similarity(facts: Tally) -> Mapping[str, object] | None:
    found = _distribution(facts.similarity)
    if found is None:
        return None
    known = facts.similarity[~np.isnan(facts.similarity)]
    share = float((known >= LOW_SIMILARITY).mean())
    limits = {"to": facts.second_transcript, "limit": LOW_SIMILARITY, "share_at_least": share}
    return {**limits, **vars(found)}


HEADERS = ("container", "codec", "sample_rate", "channels", "bits", "error")
MEASURED = (
    *("true_s", "bit_rate", "peak", "dc", "clipped", "silent", "speech", "range_db"),
    *("bandwidth_hz", "pitch_hz", "voice"),
)


def _audio(probes: pl.DataFrame | None) -> Mapping[str, object] | None:
    """Counts of recordings by what their headers say, and distributions of what was measured."""
    if probes is None:
        return None
    counts = {name: probes[name].drop_nulls().value_counts(sort=True).iter_rows() for name in HEADERS}
    return {
        "recordings": probes.height,
        "hours": float(probes["true_s"].sum() or 0.0) / 3600,
        "size_bytes": int(probes["size_bytes"].sum()),
        "speech_by": SPEECH_BY,
        "voice_by": VOICE if probes["voice"].count() else None,
        **{name: {str(value): count for value, count in found} for name, found in counts.items()},
        **{name: _distribution(probes[name].drop_nulls().cast(pl.Float64).to_numpy()) for name in MEASURED},
    }


def _page(
    source: Corpus,
    facts: Tally,
    probes: pl.DataFrame | None,
    findings: Sequence[Finding],
    shown: Preview,
    summary: CheckSummary,
) -> str:
    return render(
        "curate/check.html",
        name=source.folder.name,
        info=asdict(source.info),
        summary=summary,
        findings=findings,
        offenders=offenders(source, findings, facts.second_transcript),
        second=facts.second_transcript,
        plots=plots(facts, facts.duration, probes),
        audio=_audio(probes),
        preview=shown,
        visible=visible,
        change=change,
        characters=facts.characters.listed()[:CHARACTERS_SHOWN],
        gone={entry.code_point for entry in shown.gone()},
        character_count=int((facts.characters.counts > 0).sum()),
    )


def _fail(findings: Sequence[Finding], fail_on: Sequence[str], summary: CheckSummary) -> None:
    asked = [f for f in findings if f.code in fail_on or f.severity in fail_on]
    if asked:
        said = "; ".join(f"{finding.code}: {finding.message}" for finding in asked)
        raise LimitError(f"--fail-on: {said}; see {summary.report}", summary)
