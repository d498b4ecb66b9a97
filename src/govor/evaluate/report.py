"""``report.html``: one offline file with everything a person needs to judge a system, and to say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.evaluate.base import verdicts
from govor.evaluate.diagnosis import Diagnosis, titles
from govor.evaluate.edits import align, regions, words
from govor.evaluate.scores import Scores
from govor.evaluate.slices import LEAST_UTTERANCES, LEAST_WORDS, USUAL, parts_of
from govor.evaluate.stored import StoredSummary
from govor.evaluate.summary import prompt_notes
from govor.shown import has_interval, interval_text
from govor.store import atomic_path

Clip = Callable[[int], bytes]
MOST_ROWS = 50_000
"""Utterances inside the page; of a larger set the ones with most errors, the rest are in scores.parquet."""
MOST_OPEN_VALUES = 12
AUDIO_MARK = "<!--audio-->"
SHEET = "verdicts.csv"
SORTS = (
    "most word errors",
    "highest WER",
    "highest CER",
    "most suspicious reference",
    "most confident",
    "longest",
    "order of the data set",
)
BASELINE_SORTS = ("won most against the baseline", "lost most against the baseline")
MIMES = {b"fLaC": "audio/flac", b"OggS": "audio/ogg", b"RIFF": "audio/wav"}


@dataclass(frozen=True)
class Material:
    """What a report is made of.

    Attributes:
        summary: as in ``summary.json``, with diagnosis.
        scores: of the system.
        diagnosis: of the same.
        table: columns of the data set, in the order of the scores.
        confidences: of the model ``[N]``.
        faults: why clips could not be decoded, by id.
        baseline: scores of the baseline, or None.
        key: names this evaluation in the browser's storage.
    """

    summary: StoredSummary
    scores: Scores
    diagnosis: Diagnosis
    table: pl.DataFrame
    confidences: Sequence[float | None]
    faults: Mapping[str, str]
    baseline: Scores | None
    key: str


def write_report(path: Path, material: Material, clip: Clip | None, audio_bytes: int) -> int:
    """Writes the page.

    Args:
        path: of the page.
        material: what it shows.
        clip: encoded audio of a row; None embeds none.
        audio_bytes: most encoded audio inside, of the worst and the most suspicious utterances.

    Returns:
        Number of clips inside.
    """
    from govor.pages import render

    rows = chosen_rows(material.scores)
    page = render("evaluate/report.html", **_context(material, rows))
    head, _, tail = page.rpartition(AUDIO_MARK)
    inside = 0
    with atomic_path(path) as partial, partial.open("w", encoding="utf-8", errors="replace") as file:
        file.write(head)
        for row, uri in _audio(material, rows, clip, audio_bytes):
            file.write(f'<script type="text/plain" id="audio-{row}">{uri}</script>\n')
            inside += 1
        file.write(tail)
    return inside


def chosen_rows(scores: Scores, most: int = MOST_ROWS) -> NDArray[np.int64]:
    """Rows inside the page, in the order of the set: all, or those with most word errors."""
    size = len(scores.ids)
    if size <= most:
        return np.arange(size)
    worst = np.argsort(-scores.words.errors, kind="stable")[:most]
    return np.sort(worst)


def _audio(
    material: Material, rows: NDArray[np.int64], clip: Clip | None, audio_bytes: int
) -> Iterator[tuple[int, str]]:
    from govor.pages import audio_data_uri

    left = audio_bytes if clip else 0
    for row in listening_order(material, rows):
        if left <= 0 or clip is None:
            return
        content = clip(row)
        if len(content) <= left:
            left -= len(content)
            yield row, audio_data_uri(content, mime_of(content))


def listening_order(material: Material, rows: NDArray[np.int64]) -> list[int]:
    """Rows with errors by what a person listens to first: most errors and most suspicious in turn."""
    inside = set(rows.tolist())
    errors = material.scores.words.errors
    worst = [int(row) for row in np.argsort(-errors, kind="stable") if errors[row] > 0 and int(row) in inside]
    suspects = [row for row, _, _ in material.diagnosis.suspects.ranked() if row in inside]
    turns: dict[int, None] = {}
    for n in range(max(len(worst), len(suspects))):
        for queue in (worst, suspects):
            if n < len(queue):
                turns[queue[n]] = None
    return list(turns)


HEADLINES = (("wer", "Word error rate"), ("cer", "Character error rate"))


def mime_of(content: bytes) -> str:
    """MIME type of encoded audio, by its first bytes."""
    return MIMES.get(content[:4], "audio/mpeg")


def _context(material: Material, rows: NDArray[np.int64]) -> dict[str, object]:
    summary = material.summary
    diagnosis = summary["diagnosis"]
    kinds = diagnosis["kinds"]
    return {
        "title": f"{_short(summary['model'])} on {_short(summary['dataset']['path'])}, {summary['split']}",
        "lead": f"{summary['utterances']:,} utterances, {summary['hours']:.2f} hours",
        "tiles": list(_tiles(summary)),
        "notes": list(_notes(summary)),
        "slices": [_slice(name, parts, summary) for name, parts in summary["slices"].items()],
        "guard": f"Values with fewer than {LEAST_UTTERANCES} utterances or {LEAST_WORDS} words are put "
        "together: their rates would say more about chance than about them.",
        "kinds": [{"code": code, **kind} for code, kind in kinds.items() if kind["utterances"]],
        "absent": ", ".join(kind["title"].lower() for kind in kinds.values() if not kind["utterances"]),
        "lists": list(_lists(diagnosis)),
        "explain": _explanation(summary, len(rows)),
        "data": page_data(material, rows),
    }


def _short(name: str) -> str:
    parts = [part for part in str(name).rstrip("/").split("/") if part]
    return "/".join(parts[-2:]) or str(name)


def percent(rate: float | None, digits: int = 1) -> str:
    """A rate for people; an undefined one is a dash."""
    return "–" if rate is None else f"{100 * rate:.{digits}f}%"


def _ends(rate: Mapping[str, Any], groups: Mapping[str, Any] | None) -> str:
    return interval_text(rate, groups, digits=1, unit="%")


def _rate_tile(summary: Mapping[str, Any], name: str, title: str) -> dict[str, str]:
    rate = summary[name]
    return {"name": title, "value": percent(rate["value"]), "note": _ends(rate, summary["groups"])}


def _tiles(summary: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    baseline, comparison = summary.get("baseline"), summary.get("comparison")
    groups = summary["groups"]
    first, second = HEADLINES if summary.get("headline") != "cer" else HEADLINES[::-1]
    yield _rate_tile(summary, *first)
    if baseline:
        name = f"Baseline, {_short(baseline['model'])}"
        rate = baseline[first[0]]
        yield {"name": name, "value": percent(rate["value"]), "note": _ends(rate, groups)}
    if comparison:
        difference = comparison["wer_difference"]
        note = f"{interval_text(difference, groups, digits=1, signed=True)}: {comparison['verdict']}"
        yield {
            "name": "WER, model minus baseline, points",
            "value": f"{100 * difference['value']:+.1f}",
            "note": note,
        }
    yield _rate_tile(summary, *second)
    raw = summary["raw"]
    yield {
        "name": "WER of raw text",
        "value": percent(raw["wer"]["value"]),
        "note": f"CER {percent(raw['cer']['value'])}",
    }
    counts = summary["counts"]["words"]
    yield {
        "name": "Word errors",
        "value": f"{counts['substitutions'] + counts['deletions'] + counts['insertions']:,}",
        "note": f"{counts['substitutions']:,} exchanged, {counts['deletions']:,} missing, "
        f"{counts['insertions']:,} added",
    }
    if summary["rtf"]:
        yield {
            "name": "Real-time factor",
            "value": f"{summary['rtf']:.3g}",
            "note": f"{1 / summary['rtf']:,.0f} times as fast as speech" if summary["rtf"] < 1 else "",
        }


@dataclass(frozen=True)
class Note:
    """A sentence below the figures; a warning where it lessens what they say."""

    text: str
    warn: bool = False


def _notes(summary: StoredSummary) -> Iterator[Note]:
    for text in verdicts(summary):
        yield Note(f"{text[0].upper()}{text[1:]}.", True)
    groups = summary["groups"]
    text = f"95% intervals: {groups['method']}; {groups['count']:,} {groups['unit']}s."
    yield Note(text, False)
    if groups["note"]:
        yield Note(f"{groups['note'].capitalize()}.", True)
    yield Note(f"Normaliser {summary['normaliser']['name']}, on both sides.", False)
    if summary.get("headline") == "cer":
        yield Note(f"Scored by character; words of the WER: {summary['segmentation']}.")
    for note in prompt_notes(summary):
        yield Note(f"{note[0].upper()}{note[1:]}.", False)
    if summary.get("confidence_auc") is not None:
        yield Note(
            f"Confidence tells wrong words from right ones with an AUC of {summary['confidence_auc']:.2f} "
            "(0.5 says nothing, 1 everything)."
        )
    if summary["detectable_difference"] is not None:
        yield Note(
            f"A second system with unrelated errors would have to differ by "
            f"{100 * summary['detectable_difference']:.1f} points of WER to be told apart here (80% power); "
            "paired comparisons usually find less."
        )
    yield from _long_notes(summary.get("long_form"))
    looks = summary.get("test_looks") or 0
    if looks > 1:
        yield Note(
            f"This run was scored {looks} times on {summary['split']}: the best of several looks is "
            "too good. Choose on dev.",
            True,
        )
    for text in _gaps(summary):
        yield Note(text, True)


def _long_notes(found: Mapping[str, Any] | None) -> Iterator[Note]:
    for name, one in (("", found), (" of the baseline", (found or {}).get("baseline"))):
        if one:
            difference, groups = one["difference"], {"unit": "recording", "count": one["recordings"]}
            ends = interval_text(difference, groups, digits=1, signed=True)
            yield Note(
                f"Long form{name}: WER {percent(one['wer']['value'])} "
                f"({_ends(one['wer'], groups)}) on {one['recordings']:,} {one['kind']}; "
                f"{100 * difference['value']:+.1f} points ({ends}) against clip by clip.",
                has_interval(difference) and difference["low"] > 0,
            )


def _gaps(summary: Mapping[str, Any]) -> Iterator[str]:
    empty = summary["empty_references"]
    if summary["missing"]:
        yield f"{summary['missing']:,} utterances have no hypothesis; all their words count as deleted."
    if summary["undecodable"]:
        yield f"{summary['undecodable']:,} clips could not be decoded."
    if empty["count"]:
        yield f"{empty['count']:,} references are empty; the model wrote {empty['insertions']:,} words."


def _slice(name: str, parts: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, object]:
    highs = [part["wer"]["value"] for part in parts.values() if part["wer"]["value"] is not None]
    scale = min(1.5, max([0.05, *(1.6 * high for high in highs)]))
    return {
        "column": name,
        "open": len(parts) <= MOST_OPEN_VALUES and (name not in USUAL or name in ("speaker", "duration")),
        "scale": percent(scale, 0),
        "rows": [_slice_row(value, part, scale) for value, part in parts.items()],
    }


def _slice_row(value: str, part: Mapping[str, Any], scale: float) -> dict[str, object]:
    rate = part["wer"]
    return {
        "value": value,
        "utterances": part["utterances"],
        "hours": "–" if part["hours"] is None else f"{part['hours']:.2f}",
        "wer": percent(rate["value"]),
        "cer": percent(part["cer"]["value"]),
        "interval": _ends(rate, part.get("groups")),
        "range": _range(rate, scale) if has_interval(rate) else None,
    }


def _range(rate: Mapping[str, float], scale: float) -> dict[str, str]:
    low, at, high = (min(100.0, 100 * rate[key] / scale) for key in ("low", "value", "high"))
    return {"low": f"{low:.2f}", "at": f"{at:.2f}", "width": f"{high - low:.2f}"}


def _lists(diagnosis: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    named = (
        ("Words confused", diagnosis["confusions"]),
        ("Split and joined", diagnosis["split_or_joined"]),
        ("Characters confused", diagnosis["character_confusions"]),
        ("Words left out", diagnosis["deleted_words"]),
        ("Words added", diagnosis["inserted_words"]),
        (f"Case, raw text ({diagnosis['casing']['count']:,})", diagnosis["casing"]["most"]),
        (f"Punctuation, raw text ({diagnosis['punctuation']['count']:,})", diagnosis["punctuation"]["most"]),
    )
    for title, entries in named:
        if entries:
            yield {"title": title, "entries": [_entry(entry) for entry in entries]}


def _entry(entry: Mapping[str, Any]) -> dict[str, object]:
    if "word" in entry:
        return {"reference": entry["word"], "hypothesis": None, "count": entry["count"]}
    return {
        "reference": entry["reference"] or "∅",
        "hypothesis": entry["hypothesis"] or "∅",
        "count": entry["count"],
    }


def _explanation(summary: Mapping[str, Any], rows: int) -> str:
    inside = "" if rows == summary["utterances"] else f"The {rows:,} with most errors are here. "
    return (
        f"{inside}Struck through is what the reference has and the model did not write; bold is what the "
        "model wrote instead. Click a bar or a dot to filter. Verdicts stay in this browser; the exported "
        "file goes to: govor review CORPUS verdicts.csv --out CORPUS2."
    )


def page_data(material: Material, rows: NDArray[np.int64]) -> dict[str, object]:
    """What the page's script reads: columns of the utterances, slices and kinds."""
    baseline = material.baseline is not None
    return {
        "key": material.key,
        "sheet": SHEET,
        "sorts": [*SORTS, *(BASELINE_SORTS if baseline else ())],
        "kinds": [
            {"code": code, "title": title, "short": code.replace("_", " "), "meaning": meaning}
            for code, title, meaning in titles()
        ],
        "slices": _slice_codes(material, rows),
        "rows": _columns(material, rows),
    }


def _columns(material: Material, rows: NDArray[np.int64]) -> dict[str, object]:
    scores, order = material.scores, rows.tolist()
    texts = scores.texts
    suspicion = {row: value for row, _, value in material.diagnosis.suspects.ranked()}
    ours = [" ".join(words(text)) for text in texts.normal_references]
    theirs = [" ".join(words(text)) for text in texts.normal_hypotheses]
    changed = ours != list(texts.references) or theirs != list(texts.hypotheses)
    columns: dict[str, object] = {
        "row": order,
        "id": [scores.ids[n] for n in order],
        "ref": [texts.references[n] for n in order],
        "hyp": [texts.hypotheses[n] for n in order],
        "nref": [ours[n] for n in order] if changed else None,
        "nhyp": [theirs[n] for n in order] if changed else None,
        "edits": [_edits(scores, n) for n in order],
        "errors": scores.words.errors[rows].tolist(),
        "words": scores.words.units[rows].tolist(),
        "char_errors": scores.chars.errors[rows].tolist(),
        "chars": scores.chars.units[rows].tolist(),
        "duration": np.round(material.table["duration"].to_numpy()[rows], 2).tolist(),
        "confidence": [material.confidences[n] for n in order],
        "flags": material.diagnosis.flags[rows].tolist(),
        "suspicion": [round(suspicion.get(n, 0.0), 3) for n in order],
        "fault": [material.faults.get(scores.ids[n]) for n in order],
    }
    if material.baseline is not None:
        columns["baseline"] = [material.baseline.texts.hypotheses[n] for n in order]
        columns["baseline_errors"] = material.baseline.words.errors[rows].tolist()
    return columns


def _edits(scores: Scores, row: int) -> list[int]:
    """Regions that differ, flat: reference from, to, hypothesis from, to."""
    if not scores.words.errors[row]:
        return []
    reference, hypothesis = (
        words(texts[row]) for texts in (scores.texts.normal_references, scores.texts.normal_hypotheses)
    )
    return [
        number
        for block in regions(align(reference, hypothesis))
        for number in (block.start, block.end, block.hypothesis_start, block.hypothesis_end)
    ]


def _slice_codes(material: Material, rows: NDArray[np.int64]) -> dict[str, object]:
    found: dict[str, object] = {}
    for column in material.summary["slices"]:
        parts = parts_of(material.scores, material.table[column], column, always=True)
        codes = np.zeros(len(material.scores.ids), np.int64)
        for number, part in enumerate(parts):
            codes[part.rows] = number
        found[column] = {"values": [part.value for part in parts], "codes": codes[rows].tolist()}
    return found
