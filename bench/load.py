"""Reading a prepared data set back for training: govor beside datasets, webdataset and Lhotse Shar.

Every reader gives one shuffled epoch of the same clips in padded batches with two worker processes, each in
a fresh process of its own. CPU time is of all its processes together; start-up (imports, workers, the first
batches) is not counted. Memory is the sum of what the processes hold for themselves (USS), at its highest.
The log-mels are Whisper's: by transformers' feature extractor as the recipes call it (30 s windows), by
govor on the real audio only, with equal values; stored ones are of the clip's own length.

    python bench/load.py                # all, about three minutes on two cores
    python bench/load.py --only "govor waves"
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile

CLIPS = 1_000
BATCH = 16
BATCH_S = 72.0  # of readers that batch by seconds: 16 clips of 4.5 s
WORKERS = 2
WARM_BATCHES = 4
RATE_HZ = 16_000

Batches = Iterator[list[int]]  # the lengths, in samples or frames, of each batch's clips


# --- the clips, written once in every format ---


def write_all(folder: Path) -> None:
    """Synthesised speech as FLAC, in the form that each reader wants."""
    if (folder / "done").exists():
        return
    import soxr

    from govor.demo.sentences import distinct_sentences
    from govor.espeak import synthesise

    draw = np.random.default_rng(0)
    clips = []
    for number, text in enumerate(distinct_sentences(draw, CLIPS)):
        speech = synthesise(text, f"hr+m{number % 5 + 1}", 95 + number % 50)
        samples = soxr.resample(speech.samples, speech.sample_rate, RATE_HZ)
        clips.append((f"{number:05d}", text, flac(samples), len(samples) / RATE_HZ))
    write_govor(folder, clips)
    write_arrow(folder / "arrow", clips)
    write_webdataset(folder, clips)
    write_shar(folder / "shar", clips)
    (folder / "done").touch()


def flac(samples: Any) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE_HZ, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def write_govor(folder: Path, clips: list[Any]) -> None:
    """Prepared by govor from FLAC files."""
    from govor.config import CorpusConfig, PrepareConfig
    from govor.corpora import import_corpus
    from govor.prepare import prepare_corpus

    (folder / "files").mkdir(parents=True)
    with (folder / "table.jsonl").open("w") as file:
        for name, text, content, _ in clips:
            (folder / "files" / f"{name}.flac").write_bytes(content)
            file.write(json.dumps({"id": name, "audio": f"files/{name}.flac", "text": text}) + "\n")
    import_corpus(CorpusConfig(source=str(folder / "table.jsonl"), language="hr"), folder / "corpus")
    prepare_corpus(folder / "corpus", str(folder / "govor"), PrepareConfig())


def write_arrow(folder: Path, clips: list[Any]) -> None:
    """As `datasets.map` leaves it: log-mels of the clip's own length stored in Arrow, and the audio."""
    import datasets

    from govor.features import LogMelSpec

    spec = LogMelSpec(limit_samples=480_000)

    def rows() -> Iterator[dict[str, Any]]:
        for _, text, content, _ in clips:
            yield {"audio": content, "mels": spec(decoded(content)), "text": text}

    features = datasets.Features(
        {
            "audio": datasets.Value("binary"),
            "mels": datasets.Array2D((None, 80), "float32"),
            "text": datasets.Value("string"),
        }
    )
    datasets.Dataset.from_generator(rows, features=features).save_to_disk(str(folder))


def write_webdataset(folder: Path, clips: list[Any]) -> None:
    import webdataset

    (folder / "wds").mkdir()
    with webdataset.ShardWriter(str(folder / "wds" / "%05d.tar"), maxcount=250, verbose=0) as sink:
        for name, text, content, _ in clips:
            sink.write({"__key__": name, "flac": content, "txt": text})


def write_shar(folder: Path, clips: list[Any]) -> None:
    from lhotse import MonoCut, Recording, SupervisionSegment
    from lhotse.shar import SharWriter

    folder.mkdir()
    with SharWriter(str(folder), fields={"recording": "flac"}, shard_size=250) as writer:
        for name, text, content, _ in clips:
            recording = Recording.from_bytes(content, name)
            supervision = SupervisionSegment(name, name, 0, recording.duration, text=text)
            writer.write(
                MonoCut(name, 0, recording.duration, 0, supervisions=[supervision], recording=recording)
            )


def decoded(content: bytes) -> Any:
    return soundfile.read(io.BytesIO(content), dtype="float32")[0]


# --- the readers ---


def padded(arrays: list[Any]) -> list[int]:
    """Pads a batch, as every training loop must, and gives the lengths."""
    longest = max(len(a) for a in arrays)
    batch = np.zeros((len(arrays), longest, *arrays[0].shape[1:]), np.float32)
    for row, array in enumerate(arrays):
        batch[row, : len(array)] = array
    return [len(a) for a in arrays]


def mel_of_transformers() -> Callable[[Any], Any]:
    """The recipe's feature extractor, made in the worker that uses it."""
    made: list[Any] = []

    def features(wave: Any) -> Any:
        if not made:
            from transformers import WhisperFeatureExtractor

            made.append(WhisperFeatureExtractor())
        frames = made[0](wave, sampling_rate=RATE_HZ, return_tensors="np").input_features[0].T
        return frames[: len(wave) // 160 + 1]  # what lies behind the clip is not sent on, as govor does not

    return features


def as_wave(wave: Any) -> Any:
    return wave


def govor_reader(folder: Path, mels: bool) -> Batches:
    from govor.features import LogMelSpec, WaveSpec
    from govor.load import ClipWork, Dataset, Loader, epoch_batches

    dataset = Dataset.open(folder / "govor")
    extractor = LogMelSpec(limit_samples=480_000) if mels else WaveSpec(normalise=False)
    steps = epoch_batches(dataset.durations("train"), seed=0, epoch=0, batch_s=BATCH_S, max_batch=64)
    work = ClipWork(dataset, "train", extractor)
    with Loader(work, dataset.table("train")["id"].to_list(), workers=WORKERS) as loader:
        for clips in loader.load([ranks[0] for ranks in steps], epoch=0):
            yield padded([clip.features for clip in clips])


def torch_loader(source: Any, shuffle: bool) -> Batches:
    """The usual DataLoader: workers decode and featurise, `padded` collates."""
    import torch

    torch.manual_seed(0)
    loader = torch.utils.data.DataLoader(
        source, BATCH, shuffle=shuffle or None, num_workers=WORKERS, collate_fn=padded
    )
    yield from loader


class ArrowRows:
    """Map-style access to a saved Arrow data set."""

    def __init__(self, folder: Path, feature: Callable[[Any], Any] | None) -> None:
        import datasets

        saved = datasets.load_from_disk(str(folder))
        self.table = saved.select_columns("audio" if feature else "mels")
        if feature is None:
            self.table = self.table.with_format("numpy")
        self.feature = feature

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, row: int) -> Any:
        if self.feature is None:
            return self.table[row]["mels"]
        return self.feature(decoded(self.table[row]["audio"]))


def arrow_reader(folder: Path, feature: Callable[[Any], Any] | None) -> Batches:
    return torch_loader(ArrowRows(folder / "arrow", feature), shuffle=True)


def parquet_reader(folder: Path, feature: Callable[[Any], Any]) -> Batches:
    """`datasets` streaming over the very shards that govor prepared."""
    import datasets

    stream = datasets.load_dataset(str(folder / "govor"), split="train", streaming=True)
    stream = stream.cast_column("audio", datasets.Audio(decode=False)).shuffle(seed=0, buffer_size=500)

    def rows(batch: dict[str, Any]) -> Any:
        return feature(decoded(batch["audio"]["bytes"]))

    class Stream(__import__("torch").utils.data.IterableDataset):  # type: ignore[misc]
        def __iter__(self) -> Iterator[Any]:
            return map(rows, stream)

    return torch_loader(Stream(), shuffle=False)


def webdataset_reader(folder: Path, feature: Callable[[Any], Any]) -> Batches:
    import webdataset

    shards = sorted(str(path) for path in (folder / "wds").glob("*.tar"))
    stream = webdataset.WebDataset(shards, shardshuffle=100).shuffle(500)
    return torch_loader(stream.map(lambda s: feature(decoded(s["flac"]))), shuffle=False)


def shar_reader(folder: Path, feature: Callable[[Any], Any]) -> Batches:
    import torch
    from lhotse import CutSet
    from lhotse.dataset import DynamicBucketingSampler
    from lhotse.dataset.iterable_dataset import IterableDatasetWrapper

    class Clips(torch.utils.data.Dataset):  # type: ignore[misc]
        def __getitem__(self, cuts: Any) -> list[int]:
            return padded([feature(cut.load_audio()[0]) for cut in cuts])

    fields = {
        "cuts": sorted(str(p) for p in (folder / "shar").glob("cuts.*")),
        "recording": sorted(str(p) for p in (folder / "shar").glob("recording.*.tar")),
    }
    cuts = CutSet.from_shar(fields=fields, shuffle_shards=True, split_for_dataloading=True, seed=0)
    sampler = DynamicBucketingSampler(
        cuts, max_duration=BATCH_S, num_buckets=20, buffer_size=1_000, shuffle=True, rank=0, world_size=1
    )
    dataset = IterableDatasetWrapper(Clips(), sampler)
    yield from torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=WORKERS)


READERS: dict[str, Callable[[Path], Batches]] = {
    "govor waves": lambda f: govor_reader(f, mels=False),
    "datasets Arrow waves": lambda f: arrow_reader(f, as_wave),
    "datasets streaming waves": lambda f: parquet_reader(f, as_wave),
    "webdataset waves": lambda f: webdataset_reader(f, as_wave),
    "Lhotse Shar waves": lambda f: shar_reader(f, as_wave),
    "govor log-mel": lambda f: govor_reader(f, mels=True),
    "datasets Arrow stored mels": lambda f: arrow_reader(f, None),
    "datasets streaming log-mel": lambda f: parquet_reader(f, mel_of_transformers()),
    "webdataset log-mel": lambda f: webdataset_reader(f, mel_of_transformers()),
    "Lhotse Shar log-mel": lambda f: shar_reader(f, mel_of_transformers()),
}


# --- measuring ---


def measure(batches: Batches, per_second: float) -> dict[str, float]:
    """One epoch: CPU-ms a clip, audio-seconds a second, padding, memory."""
    me = psutil.Process()
    clips = filled = longest = memory = 0
    for number, lengths in enumerate(batches):
        if number == WARM_BATCHES:
            start_s, cpu_s, clips, filled, longest = time.perf_counter(), cpu(me), 0, 0, 0
        clips += len(lengths)
        filled += sum(lengths)
        longest += max(lengths) * len(lengths)
        if number % 10 == 9:
            memory = max(memory, uss(me))
            used_s, wall_s, counted = cpu(me) - cpu_s, time.perf_counter() - start_s, (clips, filled)
    return {
        "cpu_ms": 1000 * used_s / counted[0],
        "audio_s_per_s": counted[1] / per_second / wall_s,
        "padding": longest / filled - 1,
        "memory_mb": memory / 1e6,
        "mean_s": filled / per_second / clips,
    }


def cpu(me: psutil.Process) -> float:
    return sum(sum(p.cpu_times()[:2]) for p in [me, *me.children(recursive=True)])


def uss(me: psutil.Process) -> int:
    return sum(p.memory_full_info().uss for p in [me, *me.children(recursive=True)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()) / "govor-bench-load")
    parser.add_argument("--only")
    options = parser.parse_args()
    if options.only:
        mels = "mel" in options.only
        print(json.dumps(measure(READERS[options.only](options.dir), 100 if mels else RATE_HZ)))
        return
    write_all(options.dir)
    print("| reader | CPU-ms a clip | audio-s/s | padding | memory MB |\n|---|---|---|---|---|", flush=True)
    for name in READERS:
        ran = subprocess.run(
            [sys.executable, __file__, "--dir", str(options.dir), "--only", name],
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            print(f"| {name} | failed: {ran.stderr.strip().splitlines()[-1]} | | | |", flush=True)
            continue
        m = json.loads(ran.stdout.splitlines()[-1])
        print(
            f"| {name} | {m['cpu_ms']:.2f} | {m['audio_s_per_s']:.0f} | {m['padding']:.1%} "
            f"| {m['memory_mb']:.0f} |",
            flush=True,
        )
    print(f"\n{CLIPS} clips, {m['mean_s']:.2f} s on average, {WORKERS} workers")


if __name__ == "__main__":
    main()
