"""Which encoder windows keep the WER at 30 s? Whisper's pretrained weights, fine-tuned with each kind.

Every run begins at the same weights and takes the same clips in the same order with the same seed; only
``train.windows`` differs. Nothing is chosen on dev: the last step is judged, on the rows of dev and test
together, by greedy decoding over full 30 s windows, and compared with ``full`` in pairs. Runs named
``… as long`` take as many steps as the processor time of ``full`` allows; ``trainer`` is transformers'
Seq2SeqTrainer. A run is a process of its own, one after the other, without judging or checkpoints in between;
its result is a JSON file, and what has one is not run again.

`--gradients` trains nothing: it prints, for one batch and the base, the loss and how far the gradient over
each kind of windows points where that over full ones does (cosine; encoder and decoder apart).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from finetune import shown
from pretrained_data import prepared, sizes_of

STEPS, BATCH, RATE = 24, 4, 2.5e-5
AS_LONG = " as long"
KINDS: dict[str, dict[str, Any]] = {
    "full": {"windows": "full"},
    "thinned": {"windows": "thinned"},
    "short": {"windows": "short"},
    "mixed 0.25": {"windows": "mixed", "full_share": 0.25},
    "mixed 0.1": {"windows": "mixed", "full_share": 0.1},
    "mixed 0.5": {"windows": "mixed", "full_share": 0.5},
}


@dataclass(frozen=True)
class Run:
    """One fine-tuning of the study; ``base`` is none at all."""

    language: str
    seed: int
    kind: str

    def path(self, work: Path) -> Path:
        """Where its result lies."""
        return work / self.language / f"{self.kind.replace(' ', '-')}-{self.seed}.json"

    def found(self, work: Path) -> dict[str, Any] | None:
        """Its result, when it is done."""
        path = self.path(work)
        return dict(json.loads(path.read_text())) if path.exists() else None


def stages(languages: Sequence[str], seeds: int, kinds: Sequence[str] = ()) -> Iterator[Run]:
    """In the order in which every stage leaves a table that can be used; or only some kinds."""
    cells = [(language, seed) for seed in range(seeds) for language in languages]
    if kinds:
        yield from (Run(*cell, kind) for cell in cells for kind in kinds)
        return
    yield from (Run(*cell, kind) for cell in cells for kind in ("full", "thinned", "short"))
    yield from (Run(language, 0, "base") for language in languages)
    yield from (Run(one, 0, f"{kind}{AS_LONG}") for one in languages for kind in ("thinned", "short"))
    yield from (Run(*cells[0], kind) for kind in KINDS)
    yield from (Run(*cell, kind) for cell in cells for kind in KINDS)


def steps_of(run: Run, work: Path, steps: int) -> int:
    """Steps of a run: the same for all, or as many as fit into the processor time of ``full``."""
    if not run.kind.endswith(AS_LONG):
        return steps
    full = Run(run.language, run.seed, "full").found(work)
    same = Run(run.language, run.seed, run.kind.removesuffix(AS_LONG)).found(work)
    assert full and same
    return round(steps * same["clips_per_cpu_s"] / full["clips_per_cpu_s"])


def recipe_of(
    run: Run, dataset: Path, out: Path, steps: int, options: argparse.Namespace, **more: Any
) -> Any:
    from govor.config import recipe_from

    train = {
        "steps": steps,
        "batch_s": 1000.0,
        "max_batch": BATCH,
        "lr": options.lr,
        "seed": run.seed,
        "threads": options.threads,
        "loader_workers": 0,
        "trackers": [],
        **KINDS.get(run.kind.removesuffix(AS_LONG), {}),
        **more,
    }
    return recipe_from(
        {
            "work": str(out),
            "text": {"rules": []},
            "prepare": {"out": str(dataset)},
            "model": {"base": str(options.base), "language": run.language},
            "train": train,
        }
    )


def learn(session: Any) -> tuple[list[float], float, float]:
    """Takes all steps; gives the loss of each, and clips a second of wall and of processor time."""
    losses, marks = [], Marks()
    for _, batches in session._groups():
        losses.append(session.stepper.step(batches, session.state).loss)
        marks.add()
        _mark_done(session.state)
    return losses, *marks.clips_per_s()


def _mark_done(state: Any) -> None:
    """One more batch of the epoch's layout is behind us."""
    from dataclasses import replace

    state.legs[-1] = replace(state.legs[-1], steps=state.legs[-1].steps + 1)


def decoded(family: Any, dataset: Any, language: str) -> dict[str, str]:
    """Texts of dev and test by id, over full windows."""
    from govor.evaluate import decode_rows
    from govor.models.base import DecodeOptions

    found = {}
    for split in ("dev", "test"):
        rows = range(dataset.splits[split])
        said = decode_rows(family, dataset, split, rows, DecodeOptions(), language=language, batch_s=150.0)
        found.update({utterance: hypothesis.text for utterance, hypothesis in said})
    return found


def carry_out(run: Run, dataset: Path, work: Path, options: argparse.Namespace) -> None:
    """Trains, decodes, writes the result; in a process of its own, whose memory is the run's."""
    from govor.load import Dataset

    steps = 0 if run.kind == "base" else steps_of(run, work, options.steps)
    learner = by_trainer if run.kind == "trainer" else by_govor
    recipe = recipe_of(run, dataset, run.path(work).with_suffix(""), max(steps, 1), options)
    family, *learned = learner(recipe, steps)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    start_s = time.process_time()
    texts = decoded(family, Dataset.open(dataset), run.language)
    result = {
        **asdict(run),
        "steps": steps,
        **dict(zip(("losses", "clips_per_s", "clips_per_cpu_s"), learned, strict=True)),
        "decoded_cpu_s": time.process_time() - start_s,
        "peak_mb": peak_mb,
        "texts": texts,
    }
    run.path(work).write_text(json.dumps(result, ensure_ascii=False, indent=1))


def by_govor(recipe: Any, steps: int) -> tuple[Any, ...]:
    """The family after its steps, the loss of each, clips a second of wall and of processor time."""
    from govor.config import Workspace
    from govor.train.build import open_session
    from govor.train.folder import RunFolder
    from govor.train.parts import start_processes
    from govor.train.stop import Stopper

    folder = RunFolder(Workspace.of(recipe).run)
    session, _ = open_session(recipe, folder, start_processes("cpu"), Stopper(None))
    return session.stepper.family, *(learn(session) if steps else ([], None, None))


def by_trainer(recipe: Any, steps: int) -> tuple[Any, ...]:
    """The same with the Trainer as the usual recipes set it up, on the same weights and rows."""
    import datasets
    import transformers

    from govor.load import Dataset
    from govor.train.parts import make_family, set_threads
    from train import Collator

    config = recipe.train
    set_threads(config)
    transformers.utils.logging.disable_progress_bar()
    dataset = Dataset.open(recipe.prepare.out)
    family = make_family(recipe, dataset, np.arange(dataset.splits["train"]), "cpu", None)
    texts = [family.normaliser(text) for text in dataset.table("train")["text"].to_list()]
    collate, marks = Collator(family, dataset, texts), Marks()
    collate.labels = [family.encode_text(text, recipe.model.language) for text in texts]
    trainer = transformers.Seq2SeqTrainer(
        model=family.model,
        args=trainer_settings(config, steps, family.describe()["precision"]),
        train_dataset=datasets.Dataset.from_dict({"row": list(range(len(texts)))}),
        data_collator=collate,
        callbacks=[marks.callback()],
    )
    trainer.train()
    losses = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    return family, losses, *marks.clips_per_s()


def trainer_settings(config: Any, steps: int, precision: str) -> Any:
    from transformers import Seq2SeqTrainingArguments

    return Seq2SeqTrainingArguments(
        output_dir="unused",
        per_device_train_batch_size=config.max_batch,
        max_steps=steps,
        learning_rate=config.lr,
        warmup_steps=config.warmup,
        adam_beta2=config.betas[1],
        weight_decay=config.weight_decay,
        save_strategy="no",
        report_to=[],
        logging_steps=1,
        remove_unused_columns=False,
        use_cpu=True,
        bf16=precision == "bf16",
        disable_tqdm=True,
        seed=config.seed,
    )


class Marks:
    """Wall and processor time at the end of every step."""

    def __init__(self) -> None:
        self.ends: list[tuple[float, float]] = []

    def add(self) -> None:
        self.ends.append((time.perf_counter(), time.process_time()))

    def clips_per_s(self) -> tuple[float, float]:
        """Clips a second of wall and of processor time, between the ends of the first step and the last."""
        clips = (len(self.ends) - 1) * BATCH
        (start_s, start_cpu_s), (end_s, end_cpu_s) = self.ends[0], self.ends[-1]
        return clips / (end_s - start_s), clips / (end_cpu_s - start_cpu_s)

    def callback(self) -> Any:
        from transformers import TrainerCallback

        marks = self

        class Marker(TrainerCallback):
            def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                marks.add()

        return Marker()


def in_a_process(run: Run, dataset: Path, work: Path, options: argparse.Namespace) -> None:
    run.path(work).parent.mkdir(parents=True, exist_ok=True)
    child = multiprocessing.get_context("spawn").Process(target=carry_out, args=(run, dataset, work, options))
    child.start()
    child.join()
    if child.exitcode:
        raise SystemExit(f"{run} ended with status {child.exitcode}")


def rows_of(dataset: Path) -> dict[str, dict[str, str]]:
    """Text and speaker of dev and test by id."""
    import polars as pl

    from govor.load import Dataset

    opened = Dataset.open(dataset)
    table = pl.concat([opened.table(split).select("id", "text", "speaker") for split in ("dev", "test")])
    return {row["id"]: row for row in table.to_dicts()}


def scores(found: Sequence[dict[str, Any]], rows: dict[str, dict[str, dict[str, str]]]) -> Any:
    """Scores of runs, their utterances together; a speaker is one group in all of them.

    Args:
        found: results of runs.
        rows: by language and id.
    """
    from govor.config import TextConfig
    from govor.evaluate import score
    from govor.text import Normaliser

    references, said, groups = {}, {}, {}
    for one in found:
        for utterance, row in rows[one["language"]].items():
            name = f"{one['language']}/{one['seed']}/{utterance}"
            references[name], said[name] = row["text"], one["texts"].get(utterance, "")
            groups[name] = f"{one['language']}/{row['speaker'] or utterance}"
    return score(references, said, Normaliser.of(TextConfig(rules=()), None), groups)


def table(work: Path, runs: Sequence[Run], rows: dict[str, dict[str, dict[str, str]]]) -> Iterator[str]:
    """Lines: every language apart and all together; each kind against ``full`` of the same seeds."""
    yield "| language | windows | seeds | clips a core second | peak MB | WER at 30 s | minus full, paired |"
    yield "|---|---|---|---|---|---|---|"
    done = {run: found for run in dict.fromkeys(runs) if (found := run.found(work))}
    languages = list(dict.fromkeys(run.language for run in done))
    for chosen in [*([one] for one in languages), languages][: None if len(languages) > 1 else 1]:
        for kind in dict.fromkeys(run.kind for run in done):
            mine = {run: found for run, found in done.items() if run.kind == kind and run.language in chosen}
            if {run.language for run in mine} == set(chosen):
                yield line(chosen, kind, mine, done, rows)


def line(
    languages: Sequence[str],
    kind: str,
    mine: dict[Run, dict[str, Any]],
    done: dict[Run, dict[str, Any]],
    rows: dict[str, dict[str, dict[str, str]]],
) -> str:
    """One kind in some languages."""
    speeds = [found["clips_per_cpu_s"] for found in mine.values() if found["clips_per_cpu_s"]]
    speed = f"{sum(speeds) / len(speeds):.2f}" if speeds else "-"
    peak = max(found["peak_mb"] for found in mine.values())
    own = scores(list(mine.values()), rows)
    seeds = ", ".join(str(seed) for seed in sorted({run.seed for run in mine}))
    return (
        f"| {' + '.join(languages)} | {kind} | {seeds} | {speed} | {peak:.0f} "
        f"| {shown(own.words.interval.as_dict())} | {against_full(mine, done, rows)} |"
    )


def against_full(
    mine: dict[Run, dict[str, Any]],
    done: dict[Run, dict[str, Any]],
    rows: dict[str, dict[str, dict[str, str]]],
) -> str:
    """The paired difference over the runs that ``full`` has too."""
    from govor.evaluate import compare_scores

    pairs = [
        (found, done[full])
        for run, found in mine.items()
        if run.kind != "full" and (full := Run(run.language, run.seed, "full")) in done
    ]
    if not pairs:
        return "-"
    ours, theirs = ([pair[side] for pair in pairs] for side in (0, 1))
    found = compare_scores(scores(ours, rows), scores(theirs, rows))
    return f"{shown(found.wer_difference.as_dict())}, {found.groups.count} {found.groups.unit}s"


def study(corpora: Path, work: Path, options: argparse.Namespace) -> Iterator[str]:
    """Carries out what is not done yet; gives the table."""
    datasets = {
        one: prepared(corpora / one, work / one / "data", sizes_of(one, options.quick))
        for one in options.languages
    }
    rows = {one: rows_of(dataset) for one, dataset in datasets.items()}
    runs = list(stages(options.languages, options.seeds, options.kinds))
    for run in runs:
        if run.found(work) is None and not options.only_table:
            in_a_process(run, datasets[run.language], work, options)
            print(said_of(run, work, rows), flush=True)
    yield from table(work, runs, rows)


def gradients(corpora: Path, work: Path, options: argparse.Namespace) -> Iterator[str]:
    """One line a language and kind."""
    yield "| language | windows | positions | loss | cosine to full: encoder | decoder | CPU s |"
    yield "|---|---|---|---|---|---|---|"
    for language in options.languages:
        dataset = prepared(corpora / language, work / language / "data", sizes_of(language, options.quick))
        family, examples = base_and_batch(language, dataset, work, options)
        full = None
        for kind in ("full", "thinned", "short"):
            found = gradient(family, examples, kind)
            full = full or found
            yield f"| {language} | {kind} | {gradient_line(found, full)} |"


def gradient_line(found: dict[str, Any], full: dict[str, Any]) -> str:
    angles = " | ".join(f"{cosine(found[part], full[part]):.3f}" for part in ("encoder", "decoder"))
    return f"{found['positions']} | {found['loss']:.3f} | {angles} | {found['s']:.1f}"


def base_and_batch(
    language: str, dataset: Path, work: Path, options: argparse.Namespace
) -> tuple[Any, list[Any]]:
    """The pretrained model in float32, and the first clips of train."""
    from govor.load import Dataset
    from govor.train.feed import Feed
    from govor.train.parts import make_family, set_threads

    run = Run(language, 0, "full")
    recipe = recipe_of(run, dataset, work, 1, options, precision="fp32")
    set_threads(recipe.train)
    opened = Dataset.open(dataset)
    family = make_family(recipe, opened, np.arange(opened.splits["train"]), "cpu", None)
    family.model.eval()
    return family, Feed(opened, "train", np.arange(opened.splits["train"]), family).examples(range(6))


def gradient(family: Any, examples: list[Any], windows: str) -> dict[str, Any]:
    """Loss a token, and the gradient of the encoder's and of the decoder's layers, each as one vector."""
    import torch

    from govor.models.base import EncoderWindows

    batch = family.collate(examples, EncoderWindows(windows))
    family.model.zero_grad()
    start_s = time.process_time()
    loss, units = family.loss(batch)
    (loss / units).backward()
    found = {"loss": float(loss.detach()) / units, "s": time.process_time() - start_s}
    found["positions"] = batch.inputs["input_features"].shape[-1] // 2
    for part in ("encoder", "decoder"):
        layers = (p.grad for n, p in family.model.named_parameters() if f"{part}.layers" in n)
        found[part] = torch.cat([grad.flatten() for grad in layers if grad is not None])
    return found


def cosine(one: Any, other: Any) -> float:
    return float(one.double() @ other.double() / one.double().norm() / other.double().norm())


def said_of(run: Run, work: Path, rows: dict[str, dict[str, dict[str, str]]]) -> str:
    """What a run came to, in one line."""
    found = run.found(work)
    assert found
    wer = shown(scores([found], rows).words.interval.as_dict())
    speed = found["clips_per_cpu_s"] or 0
    return f"{run.language} {run.seed} {run.kind}: WER {wer}, {speed:.2f} clips a core second"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--base", type=Path, required=True, help="folder of the pretrained Whisper")
    made.add_argument("--corpora", type=Path, required=True, help="folder of Common Voice releases")
    made.add_argument("--dir", type=Path, default=Path("/tmp/govor-bench-pretrained"))
    made.add_argument("--languages", nargs="+", default=["it", "sv-SE"])
    made.add_argument("--kinds", nargs="+", default=[], help="only these; else all, in stages")
    made.add_argument("--seeds", type=int, default=3)
    made.add_argument("--steps", type=int, default=STEPS)
    made.add_argument("--lr", type=float, default=RATE)
    made.add_argument("--threads", type=int, default=1)
    made.add_argument("--only-table", action="store_true", help="of what is done")
    made.add_argument("--gradients", action="store_true", help="compare gradients; train nothing")
    made.add_argument("--quick", action="store_true", help="few rows: only shows that it runs")
    return made


def main() -> None:
    options = parser().parse_args()
    what = gradients if options.gradients else study
    for text in what(options.corpora, options.dir.absolute() / "windows", options):
        print(text, flush=True)


if __name__ == "__main__":
    main()
