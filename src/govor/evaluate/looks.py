"""How often a run was scored on a split: a test split that chooses is not a test split any more (PAINS 10).

``evaluations.jsonl`` in the run's folder gets one line for every scoring of new hypotheses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from govor.evaluate.hypotheses import Appender, read_lines
from govor.store import canonical_json, given_path


def run_of(model: str) -> Path | None:
    """The run's folder that `model` is in (the run itself, its ``model/`` or one of its checkpoints)."""
    path = given_path(model)
    if not path.exists():
        return None
    here = path.absolute()
    return next((place for place in (here, *here.parents[:2]) if (place / "run.json").exists()), None)


def record_look(run: Path, identity: Mapping[str, object], decoding: str, out: Path) -> None:
    """Writes down that this run was scored; the same decoding twice counts once.

    Args:
        run: the run's folder.
        identity: ``dataset`` (fingerprint) and ``split``.
        decoding: fingerprint of model, data and decoding settings.
        out: folder of the evaluation.
    """
    file = run / "evaluations.jsonl"
    if any(line["id"] == decoding for line in read_lines(file)):
        return
    with Appender(file) as lines:
        when = datetime.now(UTC).isoformat(timespec="seconds")
        lines.append([{"id": decoding, **identity, "out": str(out), "time": when}])


def looks(run: Path, identity: Mapping[str, object]) -> int:
    """How many different decodings of this run were scored on the split that `identity` names."""
    wanted = canonical_json(identity)
    return sum(
        canonical_json({key: line.get(key) for key in identity}) == wanted
        for line in read_lines(run / "evaluations.jsonl")
    )
