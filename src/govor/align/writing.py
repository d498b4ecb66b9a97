"""What was aligned as a corpus folder, written as ``govor import`` writes one, and lists for people."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from govor.align.outcome import Outcome, PlacedUtterance, Unplaced
from govor.align.refining import probability
from govor.config import AlignConfig, CorpusConfig
from govor.corpora.folder import CorpusInfo, CorpusSummary
from govor.corpora.gather import gather
from govor.corpora.reader import Reading, chunked
from govor.corpora.rows import Row
from govor.corpora.word_times import ABSOLUTE
from govor.models.identity import writer_of
from govor.records import Rejection
from govor.shown import shortened
from govor.store import write_text

FORMAT = "align"
UNSPOKEN_LIST, UNTRANSCRIBED_LIST = "unplaced.tsv", "untranscribed.tsv"
EXAMPLES = 5
LONGEST_SHOWN = 80


def write_corpus(whole: Outcome, out: Path, model: str, config: AlignConfig) -> CorpusSummary:
    """Writes the corpus, ``unplaced.tsv`` and ``untranscribed.tsv``; returns what import would tell."""
    audio = {name: Path(name).absolute() for name in dict.fromkeys(one.audio for one in whole.utterances)}
    root = Path(os.path.commonpath([path.parent for path in audio.values()]))
    rows = (_row(one, audio[one.audio].relative_to(root)) for one in whole.utterances)
    reading = Reading(chunked(out / UNSPOKEN_LIST, _lines(rows, whole.unplaced)), root, word_times=ABSOLUTE)
    _write_lists(whole, out)
    info = CorpusInfo(FORMAT, model, str(root))
    notes = {"align": _notes(whole, model, config), "second_transcript": "hypothesis"}
    return gather(reading, CorpusConfig(language=config.language), out, info, lambda _: notes).summary(out)


def _row(one: PlacedUtterance, audio: Path) -> Row:
    return {
        "audio": str(audio),
        "start": one.start,
        "end": one.end,
        "text": one.text,
        "speaker": one.speaker,
        "language": one.language,
        "words": list(one.words),
        "word_starts": list(one.word_starts),
        "word_ends": list(one.word_ends),
        "hypothesis": one.hypothesis,
        "cer": one.cer,
        "similarity": round(max(0.0, 1 - one.cer), 4),
        "log_probability": one.log_probability,
        "confidence": probability(one.log_probability),
        "source": one.source,
        "source_line": one.line,
    }


def _lines(rows: Iterable[Row], unplaced: Sequence[Unplaced]) -> Iterator[Row | Rejection]:
    """Rows, and pieces that were not sure enough; words that nobody said are in the list alone."""
    for number, row in enumerate(rows, 1):
        yield {**row, "_line": number}
    for one in unplaced:
        if one.reason == "unplaced":
            where = f"{Path(one.source).name}:{one.line}"
            yield Rejection(where, FORMAT, one.reason, f"{one.detail}: {shortened(one.text, LONGEST_SHOWN)}")


def _notes(whole: Outcome, model: str, config: AlignConfig) -> dict[str, object]:
    return {
        "model": model,
        "fingerprint": writer_of(model),
        "settings": config.deciding(),
        "recordings": whole.recordings,
        "texts": whole.texts,
        "speakers": dict(whole.speakers),
        "left_out": examples(whole.unplaced),
        "untranscribed_s": round(sum(one.end - one.start for one in whole.untranscribed), 1),
    }


def examples(unplaced: Sequence[Unplaced]) -> dict[str, dict[str, object]]:
    """How many pieces of text were left, by reason, with the first of each."""
    found: dict[str, list[str]] = {}
    for one in unplaced:
        found.setdefault(one.reason, []).append(
            f"{Path(one.source).name}:{one.line}: {shortened(one.text, LONGEST_SHOWN)}"
        )
    return {reason: {"count": len(texts), "examples": texts[:EXAMPLES]} for reason, texts in found.items()}


def _write_lists(whole: Outcome, out: Path) -> None:
    unplaced = [[one.source, one.line, one.reason, one.text, one.detail] for one in whole.unplaced]
    bare = [[one.audio, one.start, one.end, one.heard] for one in whole.untranscribed]
    write_text(out / UNSPOKEN_LIST, _tsv(["text", "line", "reason", "words", "detail"], unplaced))
    write_text(out / UNTRANSCRIBED_LIST, _tsv(["audio", "start", "end", "heard"], bare))


def _tsv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
