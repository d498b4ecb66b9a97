"""A folder to publish, and its plan."""

import random

from govor.publish.files import UploadPlan


def make_folder(folder, files=6, seed=0):
    """Some large files, some small ones, a card and a manifest."""
    rng = random.Random(seed)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for index in range(files):
        (folder / "data" / f"train-{index:05d}.parquet").write_bytes(rng.randbytes(20_000))
    (folder / "small.json").write_text("{}")
    (folder / "dataset.json").write_text('{"fingerprint": "x"}')
    (folder / "README.md").write_text("---\nlicense: cc0-1.0\n---\n# A set\n")
    return folder


def plan_of(folder):
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    return UploadPlan.of_folder("dataset", folder, names, ("dataset.json", "README.md"), ("data/",))
