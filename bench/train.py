"""Training against the transformers Trainer recipes: the same models, data and steps, in one run.

    python bench/train.py --dataset demo/work/dataset --family ctc
    python bench/train.py --family whisper --whisper FOLDER --steps 12 --eval-every 12 --dev 4

FOLDER holds Whisper's tokenizer and configuration. Without --dataset, clips of about 5 s are synthesised (and
kept in --dir). Whisper is timed from the end of the first step to that of the last.

For each family, the Trainer as the usual recipes set it up, and govor; each in a process of its own, one
after the other: clips per second, padding share, peak memory, and seconds until the score that both reach
(dev WER for CTC; for Whisper the dev loss per token over full 30 s windows, because greedy decoding of a
model that is still noise would take longer than training). The Trainer reads the same clips and computes
features in its collator (CTC: `train_sampling_strategy="group_by_length"`; Whisper: 30 s log-mels).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from govor.train.loop import Session
    from govor.train.step import StepReport

CTC = {
    "model_type": "parakeet_ctc",
    "hidden_size": 144,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "intermediate_size": 576,
    "conv_kernel_size": 9,
    "subsampling_factor": 4,
    "subsampling_conv_channels": 32,
    "num_mel_bins": 80,
    "initializer_range": 0.05,
}
SMALL_CTC = {**CTC, "hidden_size": 320, "num_hidden_layers": 7, "intermediate_size": 1280}
BATCH = 8


def whisper_sizes(folder: str) -> dict[str, Any]:
    """The size of whisper-tiny (37.8 M parameters), with the real tokenizer and random weights."""
    return {"model_type": "whisper", "tokenizer": folder}


def sizes_of(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.family == "ctc":
        return SMALL_CTC if arguments.size == "small" else CTC
    return whisper_sizes(arguments.whisper)


def with_govor(arguments: argparse.Namespace, out: str) -> dict[str, Any]:
    """govor's own loop; the same number of clips a step by capping the batch at BATCH clips."""
    from govor.config import recipe_from
    from govor.train import train
    from govor.train.metrics import read_metrics

    if arguments.family == "whisper":
        judge_by_loss()
    train_settings = {
        "steps": arguments.steps,
        "batch_s": 1000.0,
        "max_batch": BATCH,
        "lr": arguments.lr,
        "schedule": "cosine",
        "warmup": 0.08,
        "threads": arguments.threads,
        "loader_workers": 1,
        "eval_every": f"{arguments.eval_every} steps",
        "save_every": "100000 steps",
        "eval_utterances": arguments.dev,
        "trackers": [],
        "windows": arguments.windows,
        "precision": arguments.precision,
        "log_every": arguments.eval_every,
    }
    recipe = recipe_from(
        {
            "work": out,
            "prepare": {"out": arguments.dataset},
            "model": {"from_scratch": sizes_of(arguments), "language": "hr"},
            "train": train_settings,
        }
    )
    timed_judge()
    marked_steps()
    begin = begin_of_training()
    train(recipe, device="cpu")
    used_s = cpu_s() - begin[0] - JUDGING["cpu_s"]
    lines = cast(list[dict[str, Any]], read_metrics(Path(out) / "run"))
    steps = [line for line in lines if line["kind"] == "train"]
    evaluations = [line for line in lines if line["kind"] == "eval"]
    if arguments.family == "whisper":
        padded = sum(line["padding"] for line in steps) / len(steps)
        return {**steady(arguments.steps), "padding": padded, "curve": curve(evaluations, steps)}
    judging_s = sum(line["seconds"] for line in evaluations)
    seconds = steps[-1]["seconds"] - judging_s + evaluations[-1]["seconds"]
    return {
        "clips_per_s": arguments.steps * BATCH / seconds,
        "cpu_ms_a_clip": 1000 * used_s / arguments.steps / BATCH,
        "padding": sum(line["padding"] for line in steps) / len(steps),
        "curve": curve(evaluations, steps),
    }


def curve(evaluations: list[dict[str, Any]], steps: list[dict[str, Any]]) -> list[tuple[int, float, float]]:
    """(step, seconds of training, WER) by evaluation; the time of evaluating is left out."""
    passed = {line["step"]: line["seconds"] for line in steps}
    found, judging = [], 0.0
    for line in evaluations:
        found.append((line["step"], passed.get(line["step"], 0.0) - judging, line["wer"]))
        judging += line["seconds"]
    return found


def with_trainer(arguments: argparse.Namespace, out: str) -> dict[str, Any]:
    """The Trainer as the usual recipes use it, on the same model and clips."""
    import datasets
    import torch
    import transformers

    torch.set_num_threads(arguments.threads)
    transformers.utils.logging.disable_progress_bar()
    family, dataset, texts = same_model(arguments)
    kind = transformers.Trainer if arguments.family == "ctc" else transformers.Seq2SeqTrainer
    settings = (
        transformers.TrainingArguments if arguments.family == "ctc" else transformers.Seq2SeqTrainingArguments
    )
    extra = {"train_sampling_strategy": "group_by_length"} if arguments.family == "ctc" else {}
    options = settings(
        output_dir=out,
        per_device_train_batch_size=BATCH,
        max_steps=arguments.steps,
        learning_rate=arguments.lr,
        lr_scheduler_type="cosine",
        warmup_steps=0.08,
        adam_beta2=0.98,
        weight_decay=0.01,
        save_strategy="no",
        report_to=[],
        logging_steps=arguments.eval_every,
        remove_unused_columns=False,
        use_cpu=True,
        bf16=arguments.trainer_precision == "bf16",
        dataloader_num_workers=1,
        disable_tqdm=True,
        seed=0,
        **extra,
    )
    collate = Collator(family, dataset, texts)
    watch = Watch(family, dataset, arguments)
    trainer = kind(
        model=family.model,
        args=options,
        train_dataset=datasets.Dataset.from_dict(
            {"row": list(range(len(texts))), "length": [int(100 * s) for s in dataset.durations("train")]}
        ),
        data_collator=collate,
        callbacks=[watch.callback()],
    )
    begin_s = cpu_s()
    watch.begin()
    trainer.train()
    if arguments.family == "whisper":
        return {**steady(arguments.steps), "padding": padding(dataset, arguments), "curve": watch.curve}
    used_s = cpu_s() - begin_s - JUDGING["cpu_s"]
    return {
        "clips_per_s": arguments.steps * BATCH / watch.trained_s(),
        "cpu_ms_a_clip": 1000 * used_s / arguments.steps / BATCH,
        "padding": padding(dataset, arguments),
        "curve": watch.curve,
    }


JUDGING = {"cpu_s": 0.0, "wall_s": 0.0}
MARKS: dict[str, tuple[float, float]] = {}


def mark(name: str) -> None:
    """Notes wall and processor time (of living loader workers too), without what evaluating took."""
    import psutil

    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    used_s = cpu_s() + sum(spent.user + spent.system for spent in times)
    MARKS[name] = time.perf_counter() - JUDGING["wall_s"], used_s - JUDGING["cpu_s"]


def steady(steps: int) -> dict[str, float]:
    """Clips per second and CPU milliseconds a clip from the end of the first step to that of the last."""
    clips = (steps - 1) * BATCH
    (begin_s, begin_cpu_s), (end_s, end_cpu_s) = MARKS["first"], MARKS["last"]
    return {
        "clips_per_s": clips / (end_s - begin_s),
        "cpu_ms_a_clip": 1000 * (end_cpu_s - begin_cpu_s) / clips,
    }


def marked_steps() -> None:
    """Marks the ends of the first and the last step."""
    from govor.train.loop import Session

    after = Session._after

    def marking(self: Session, report: StepReport) -> None:
        if self.state.step in (1, self.state.total_steps):
            mark("first" if self.state.step == 1 else "last")
        after(self, report)

    Session._after = marking  # type: ignore[method-assign]


def cpu_s() -> float:
    """Of this process and its finished children."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(k).ru_utime + resource.getrusage(k).ru_stime for k in kinds)


def begin_of_training() -> list[float]:
    """Processor time when the first step begins (the Trainer's clock starts behind model and data too)."""
    from govor.train.loop import Session

    begin: list[float] = []
    run = Session.run

    def clocked(self: Session) -> None:
        begin.append(cpu_s())
        run(self)

    Session.run = clocked  # type: ignore[method-assign]
    return begin


def timed_judge() -> None:
    """Takes the processor time of evaluating out of the account."""
    from govor.train.judge import Judge

    judge = Judge.judge

    def timed(self: Judge, *asked: Any, **more: Any) -> Any:
        begin_s, begin_wall_s = cpu_s(), time.perf_counter()
        try:
            return judge(self, *asked, **more)
        finally:
            JUDGING["cpu_s"] += cpu_s() - begin_s
            JUDGING["wall_s"] += time.perf_counter() - begin_wall_s

    Judge.judge = timed  # type: ignore[method-assign]


def judge_by_loss() -> None:
    """From now on judges give the dev loss where they gave the WER, and compare no windows."""
    from govor.train.judge import DevEvaluation, Judge

    def judge(self: Judge, *asked: Any, **more: Any) -> DevEvaluation:
        start_s = time.monotonic()
        loss = dev_loss(self.family, self.dataset, self.rows)
        return DevEvaluation(loss, loss, 1.0, len(self.rows), time.monotonic() - start_s, (), None)

    Judge.judge = judge  # type: ignore[assignment]
    Judge.compare_windows = lambda self, full: None  # type: ignore[method-assign]


def dev_loss(family: Any, dataset: Any, rows: list[int]) -> float:
    """Negative log-likelihood of a label over full windows, without dropout."""
    import numpy as np
    import torch

    from govor.train.feed import Feed

    family.model.eval()
    examples = Feed(dataset, "dev", np.arange(dataset.splits["dev"]), family).examples(rows)
    loss, units = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(examples), BATCH):
            part, count = family.loss(family.collate(examples[start : start + BATCH]))
            loss, units = loss + float(part), units + count
    family.model.train()
    return loss / units


def same_model(arguments: argparse.Namespace) -> tuple[Any, Any, list[str]]:
    """The model with govor's initial weights, so that both begin at the same place."""
    from govor.config import ModelConfig, TextConfig
    from govor.load import Dataset
    from govor.models import new_model
    from govor.text import Normaliser

    dataset = Dataset.open(arguments.dataset)
    normaliser = Normaliser.of(TextConfig(), "hr")
    texts = [normaliser(text) for text in dataset.table("train")["text"].to_list()]
    family = new_model(
        ModelConfig(from_scratch=sizes_of(arguments), language="hr"),
        normaliser=normaliser,
        train_texts=texts,
        language="hr",
        device="cpu",
        seed=0,
    )
    return family, dataset, texts


class Collator:
    """Decodes and featurises with the transformers extractor, pads as the recipes do."""

    def __init__(self, family: Any, dataset: Any, texts: list[str]) -> None:
        self.extractor = family.feature_extractor
        self.ctc = family.as_dict()["family"] == "ctc"
        self.padding = family.model.config.pad_token_id if self.ctc else -100
        self.labels = [family.encode_text(text, "hr") for text in texts]
        self.clips = [dataset.clip_bytes("train", row) for row in range(len(texts))]

    def __call__(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        import io

        import soundfile
        import torch

        rows = [item["row"] for item in items]
        waves = [soundfile.read(io.BytesIO(self.clips[row]), dtype="float32")[0] for row in rows]
        labels = [self.labels[row] for row in rows]
        longest = max(map(len, labels))
        padded = torch.tensor([row + [self.padding] * (longest - len(row)) for row in labels])
        how = {"padding": "longest"} if self.ctc else {}
        features = self.extractor(waves, sampling_rate=16_000, return_tensors="pt", **how)
        return {**features, "labels": padded}


class Watch:
    """Evaluates while the Trainer trains, on govor's dev rows, and takes that time out of the clock."""

    def __init__(self, family: Any, dataset: Any, arguments: argparse.Namespace) -> None:
        self.family, self.dataset, self.arguments = family, dataset, arguments
        self.curve: list[tuple[int, float, float]] = []
        self.judging_s = 0.0

    def begin(self) -> None:
        self.start_s = time.perf_counter()

    def trained_s(self) -> float:
        return time.perf_counter() - self.start_s - self.judging_s

    def judge(self, step: int) -> None:
        begin_s, begin_wall_s = cpu_s(), time.perf_counter()
        self._judge(step)
        JUDGING["cpu_s"] += cpu_s() - begin_s
        JUDGING["wall_s"] += time.perf_counter() - begin_wall_s

    def _judge(self, step: int) -> None:
        from govor.evaluate import corpus_rate, decode_rows
        from govor.load.seeds import fixed_rows
        from govor.models.base import DecodeOptions

        passed_s, begin_s = self.trained_s(), time.perf_counter()
        rows = fixed_rows(self.dataset.splits["dev"], self.arguments.dev, 0)
        if self.arguments.family == "whisper":
            self.curve.append((step, passed_s, dev_loss(self.family, self.dataset, rows)))
            self.judging_s += time.perf_counter() - begin_s
            return
        table = self.dataset.table("dev")
        texts = dict(zip(table["id"].to_list(), table["text"].to_list(), strict=True))
        found = decode_rows(
            self.family, self.dataset, "dev", rows, DecodeOptions(), language="hr", batch_s=240.0
        )
        normal = self.family.normaliser
        wer = corpus_rate([(normal(texts[i]), normal(h.text)) for i, h in found])
        self.curve.append((step, passed_s, wer))
        self.judging_s += time.perf_counter() - begin_s

    def callback(self) -> Any:
        from transformers import TrainerCallback

        watch, every = self, self.arguments.eval_every

        class Judge(TrainerCallback):
            def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                if state.global_step in (1, args.max_steps):
                    mark("first" if state.global_step == 1 else "last")
                if state.global_step % every == 0:
                    watch.judge(state.global_step)

        return Judge()


def padding(dataset: Any, arguments: argparse.Namespace) -> float:
    """Padding of the Trainer's own batches: 30 s windows, or its grouping by length (mega-batches of 50)."""
    import torch
    from transformers.trainer_pt_utils import get_length_grouped_indices

    seconds = dataset.durations("train")
    if arguments.family != "ctc":
        return 1 - float(seconds.mean()) / 30.0
    lengths = [int(s * 100) for s in seconds]
    order = get_length_grouped_indices(lengths, BATCH, generator=torch.Generator().manual_seed(0))
    batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    padded = sum(seconds[batch].max() * len(batch) for batch in batches)
    return 1 - float(seconds.sum()) / float(padded)


def five_second_clips(folder: Path) -> Path:
    """A prepared data set of 160 train and 16 dev clips: twelve words (5 s) of Croatian, eight voices."""
    import numpy as np

    from finetune import VOICES, prepared
    from govor.demo.sentences import distinct_sentences

    draw = np.random.default_rng(0)
    sizes = {"train": 160, "dev": 16}
    sentences = distinct_sentences(draw, 3 * sum(sizes.values()))
    rows = []
    for split, count in sizes.items():
        for number in range(count):
            words = " ".join(sentences.pop() for _ in range(3)).split()[:12]
            voice = VOICES[number % len(VOICES)]
            row = {"id": f"{split}-{number:03d}", "text": " ".join(words), "language": "hr", "speaker": voice}
            rows.append({**row, "split": split})
    return prepared(folder, rows)


def one(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as out:
        found = (with_govor if arguments.side == "govor" else with_trainer)(arguments, out)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({**found, "peak_mb": peak, "cpu_s": usage.ru_utime + usage.ru_stime}))


def run(arguments: argparse.Namespace, **changes: Any) -> dict[str, Any]:
    """One side in a process of its own."""
    settings = {**vars(arguments), **changes}
    flags = [f"--{key.replace('_', '-')}={value}" for key, value in settings.items() if value is not None]
    environment = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, __file__, *flags], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def reached(curve: list[Any], wer: float) -> float | None:
    return next((seconds for _, seconds, value in curve if value <= wer), None)


def compare(name: str, trainer: dict[str, Any], govor: dict[str, Any]) -> str:
    both = max(min(w for _, _, w in trainer["curve"]), min(w for _, _, w in govor["curve"]))
    times = reached(trainer["curve"], both), reached(govor["curve"], both)
    same = f"{times[0]:.0f} s / {times[1]:.0f} s to {both:.3f}" if all(times) else "-"
    return (
        f"| {name} | {trainer['clips_per_s']:.2f} | {govor['clips_per_s']:.2f} "
        f"| **{govor['clips_per_s'] / trainer['clips_per_s']:.2f}** "
        f"| {trainer['cpu_ms_a_clip']:.1f} / {govor['cpu_ms_a_clip']:.1f} "
        f"= **{trainer['cpu_ms_a_clip'] / govor['cpu_ms_a_clip']:.2f}** "
        f"| {trainer['padding']:.1%} / {govor['padding']:.1%} "
        f"| {trainer['peak_mb']:.0f} / {govor['peak_mb']:.0f} | {same} "
        f"| {trainer['curve'][-1][2]:.3f} / {govor['curve'][-1][2]:.3f} |"
    )


def eval_steps(arguments: argparse.Namespace) -> int:
    """Steps between evaluations: at most all of them, so that both sides are scored at least once."""
    return min(arguments.eval_every or 100, arguments.steps)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", help="prepared data set; without it clips of 5 s are synthesised")
    parser.add_argument("--dir", type=Path, default=Path("/tmp/govor-bench-train"))
    parser.add_argument("--whisper", help="folder with Whisper's tokenizer and configuration")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--eval-every", type=int, help="steps (default: 100, or all where they are fewer)")
    parser.add_argument("--dev", type=int, default=24)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--windows", default="full")
    parser.add_argument("--size", choices=("tiny", "small"), default="tiny", help="of the CTC model")
    parser.add_argument("--trainer-precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--precision", default="auto", help="of govor's training")
    parser.add_argument("--family", choices=("ctc", "whisper"))
    parser.add_argument("--side", choices=("govor", "trainer"))
    arguments = parser.parse_args()
    arguments.eval_every = eval_steps(arguments)
    if arguments.side:
        return one(arguments)
    if not arguments.dataset:
        arguments.dataset = str(five_second_clips(arguments.dir.absolute()))
    print(
        "| recipe | clips/s Trainer | govor | ratio | CPU ms a clip | padding | peak MB "
        "| same score after | last score |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    if arguments.family in (None, "ctc"):
        ours = run(arguments, family="ctc", side="govor")
        for precision in ("fp32", "bf16"):
            theirs = run(arguments, family="ctc", side="trainer", trainer_precision=precision)
            print(compare(f"CTC {arguments.size}, Trainer in {precision}", theirs, ours), flush=True)
    if arguments.family in (None, "whisper") and arguments.whisper:
        trainer = run(arguments, family="whisper", side="trainer")
        for windows in ("short", "mixed", "full"):
            found = run(arguments, family="whisper", side="govor", windows=windows)
            print(compare(f"Whisper, {windows} windows", trainer, found), flush=True)


if __name__ == "__main__":
    main()
