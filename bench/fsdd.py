"""Real speech, from scratch: a CTC model on 20 minutes of spoken digits, through govor's own commands.

Two measurements on the Free Spoken Digit Dataset (6 speakers, 8 kHz, one word a clip):

1. The official test split (recordings 0 to 4 of every speaker and digit). It shares its speakers and, being
digits,
   its sentences with training: it says how well heard speakers are recognised, nothing more.
2. One speaker left out of training altogether and tested on.

    python bench/fsdd.py --data ../shared/data/fsdd --dir /tmp/fsdd

Run again, it continues.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from govor.shown import interval_text
from govor_command import govor

LEFT_OUT = "theo"
STEPS = 600
RECIPE = """name = "{name}"
work = "{work}"
[prepare]
out = "{dataset}"
[model]
language = "en"
# 50 frames a second: the shortest clips last 0.14 s, and "three" needs six frames
[model.from_scratch]
model_type = "parakeet_ctc"
hidden_size = 96
num_hidden_layers = 3
num_attention_heads = 4
intermediate_size = 384
subsampling_factor = 2
subsampling_conv_channels = 16
initializer_range = 0.05
[train]
steps = {steps}
batch_s = 16.0
max_batch = 24
lr = 2e-3
warmup = 0.08
schedule = "cosine"
eval_every = "200 steps"
save_every = "200 steps"
threads = {threads}
"""


def without_speaker(manifest: Path, out: Path) -> Path:
    """The manifest with one speaker as test; the other speakers' official test rows are left out."""
    rows = [json.loads(line) for line in manifest.read_text().splitlines()]
    kept = []
    for row in rows:
        held = row["speaker"] == LEFT_OUT
        if held or row["split"] == "train":
            audio = str(manifest.parent / row["audio"])
            kept.append(json.dumps({**row, "audio": audio, "split": "test" if held else "train"}))
    out.write_text("\n".join(kept) + "\n")
    return out


def measured(name: str, manifest: Path, work: Path, steps: int, threads: int) -> dict[str, Any]:
    """Imports, splits off a dev set, prepares, trains, evaluates on test."""
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "selected" / "corpus.json").exists():
        govor("import", str(manifest), "--out", str(work / "corpus"), "--language", "en")
        chosen = ["--out", str(work / "selected"), "--dev", "150", "--group-by", "recording"]
        govor("select", str(work / "corpus"), *chosen)  # dev shares speakers with train, as the test does
    govor("prepare", str(work / "selected"), "--out", str(work / "dataset"))
    recipe = work / "recipe.toml"
    recipe.write_text(
        RECIPE.format(name=name, work=work, dataset=work / "dataset", steps=steps, threads=threads)
    )
    trained = govor("train", str(recipe))
    scores = govor("evaluate", trained["out"], str(work / "dataset"), "--out", str(work / "evaluation"))
    return {"train_s": trained["wall_s"], **scores}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/fsdd"))
    parser.add_argument("--dir", type=Path, default=Path("/tmp/govor-bench-fsdd"))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    manifest, work = (options.data / "manifest.jsonl").absolute(), options.dir.absolute()
    work.mkdir(parents=True, exist_ok=True)
    left_out = without_speaker(manifest, work / "left-out.jsonl")
    print("| test | clips | WER | CER | training s |\n|---|---|---|---|---|")
    for name, source in (("official", manifest), (f"{LEFT_OUT}-left-out", left_out)):
        m = measured(name, source, work / name, options.steps, options.threads)
        shown = [f"{i['value']:.3f} [{interval_text(i, scale=1, digits=3)}]" for i in (m["wer"], m["cer"])]
        print(f"| {name} | {m['utterances']} | {shown[0]} | {shown[1]} | {m['train_s']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
