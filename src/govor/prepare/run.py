"""`prepare_corpus`: plan, do what is missing, write the index last."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from govor.config import PrepareConfig
from govor.corpora.folder import INFO as CORPUS_INFO
from govor.corpora.folder import Corpus
from govor.corpora.text_source import machine_in_scored
from govor.errors import CorpusError, DatasetError, LimitError
from govor.machine import peak_rss_bytes
from govor.prepare.index import Totals
from govor.prepare.preparation import Preparation
from govor.prepare.target import open_target
from govor.records import Summary


@dataclass(frozen=True)
class PrepareSummary(Summary):
    """What became of a corpus.

    Attributes:
        read: utterances.
        kept: clips.
        rejected: utterances set aside.
        reasons: rejected by reason.
        hours: of clips.
        bytes: of the shards.
        shards: how many there are.
        written: names of those that this call wrote.
        replaced: recordings that were replaced under their names since.
        splits: clips by split.
        wall_s: seconds that it took.
        cpu_s: CPU seconds, those of the workers included.
        peak_rss_mb: most memory of a worker, in MB.
        parent_peak_rss_mb: most memory of this process, in MB.
        fingerprint: of rows, settings, verdicts and what is heard in the clips.
        out: as it was given.
    """

    read: int
    kept: int
    rejected: int
    reasons: Mapping[str, int]
    hours: float
    bytes: int
    shards: int
    written: list[str]
    replaced: list[str]
    splits: Mapping[str, int]
    wall_s: float
    cpu_s: float
    peak_rss_mb: float
    parent_peak_rss_mb: float
    fingerprint: str
    out: str


def prepare_corpus(
    corpus: Path, out: str, config: PrepareConfig, *, update: bool = False, retry_rejected: bool = False
) -> PrepareSummary:
    """Turns a corpus into a data set; run again to continue.

    Args:
        corpus: corpus folder.
        out: folder, or a URL that fsspec reaches.
        config: settings.
        update: the corpus changed since: rewrite the shards concerned.
        retry_rejected: ask again about everything that was set aside.

    Raises:
        CorpusError: the corpus cannot be planned, its recordings are gone, or dev and test hold texts that a
            model wrote and nobody checked.
        DatasetError: the target holds something else, or was made with other settings.
        DiskFullError: there is not enough room.
        BusyError: another process works on the target.
        LimitError: more than ``max_rejected`` was set aside; the data set is complete all the same.
    """
    started_s, used_s = time.monotonic(), _cpu_s()
    target = open_target(out)
    if target.read(CORPUS_INFO) is not None:
        raise DatasetError(f"{out} is a corpus, whose rejected.parquet would be lost: choose another --out")
    source = Corpus.open(corpus)
    _refuse_machine_texts(source)
    with target.held():
        made = Preparation.of(source, target, config, update)
        if update:
            made.notice_replaced()
        if retry_rejected:
            made.retry_rejected()
        made.make_missing()
        total = made.finish()
    summary = _summary(made, total, out, time.monotonic() - started_s, _cpu_s() - used_s)
    _check_rejected(summary, config.max_rejected)
    return summary


def _refuse_machine_texts(corpus: Corpus) -> None:
    """Texts that nobody checked are never scored.

    Raises:
        CorpusError: dev or test hold some.
    """
    found = machine_in_scored(corpus.scan())
    if found:
        told = " and ".join(f"{count:,} in {split}" for split, count in found.items())
        raise CorpusError(
            f"{corpus.folder} has texts that a model wrote and nobody checked, {told}: make a corpus without "
            "them (govor select), or have them checked (govor sample, govor review)"
        )


def _summary(made: Preparation, total: Totals, out: str, wall_s: float, cpu_s: float) -> PrepareSummary:
    return PrepareSummary(
        read=total.read,
        kept=total.kept,
        rejected=total.rejected,
        reasons=total.reasons,
        hours=total.hours,
        bytes=total.bytes,
        shards=len(made.plan.names),
        written=sorted(made.written),
        replaced=sorted(made.replaced),
        splits={name: split.utterances for name, split in total.splits.items()},
        wall_s=wall_s,
        cpu_s=cpu_s,
        peak_rss_mb=made.peak_bytes / 1e6,
        parent_peak_rss_mb=peak_rss_bytes() / 1e6,
        fingerprint=total.fingerprint,
        out=out,
    )


def _cpu_s() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _check_rejected(summary: PrepareSummary, max_rejected: float) -> None:
    if summary.rejected > max_rejected * summary.read:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary.reasons.items())
        raise LimitError(
            f"{summary.rejected} of {summary.read} utterances were set aside ({reasons}), more than "
            f"--max-rejected {max_rejected:g} allows; the data set is complete without them: look at "
            "rejected.parquet, correct the files and run with --retry-rejected, or allow more",
            summary,
        )
