"""Will the checkpoints fit onto the disk, and into the quota."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from govor.config import PreflightConfig, Recipe, Workspace
from govor.findings import Finding
from govor.models.base import Family
from govor.preflight.registry import check
from govor.store import free_bytes, readable_bytes

OPTIMISER_BYTES_A_PARAMETER = 8
"""AdamW keeps two float32 moments of every trained parameter."""
WEIGHT_BYTES = 4
COPIES_BESIDE_KEPT = 3
"""The best checkpoint, the one being written, and model/."""


@check("disk_over_quota", "disk_full")
def checkpoints_fit_the_disk(
    family: Family,
    recipe: Recipe,
    settings: PreflightConfig,
    workspace: Workspace,
    projection: dict[str, float],
) -> Iterator[Finding]:
    """The checkpoints fit onto the disk and into the quota."""
    each = checkpoint_bytes(family)
    needed = kept_bytes(recipe.train.keep, each, len(recipe.train.keep_epochs))
    projection["disk_bytes"] = needed
    free = free_bytes(workspace.run)
    if needed > free:
        yield _disk("disk_full", "disk", needed, each, f"{readable_bytes(free)} free at {workspace.run}")
    if settings.quota_disk is not None and needed > settings.quota_disk:
        yield _disk(
            "disk_over_quota", "quota", needed, each, f"--quota-disk {readable_bytes(settings.quota_disk)}"
        )


def checkpoint_bytes(family: Family) -> int:
    """Bytes of one checkpoint: weights and optimiser state."""
    weights = sum(p.numel() for p in family.model.parameters()) * WEIGHT_BYTES
    trained = sum(p.numel() for p in family.model.parameters() if p.requires_grad)
    return weights + trained * OPTIMISER_BYTES_A_PARAMETER


def kept_bytes(keep: Any, each: int, named: int) -> int:
    """Bytes of all checkpoints that stand at once.

    Args:
        keep: ``[train] keep``: a number, or bytes such as ``"5 GB"``.
        each: bytes of one.
        named: checkpoints that are never pruned.
    """
    beside = (COPIES_BESIDE_KEPT + named) * each
    if isinstance(keep, int):
        return keep * each + beside
    number, _, unit = str(keep).partition(" ")
    scale = {"MB": 1e6, "GB": 1e9, "TB": 1e12}.get(unit.strip())
    return (round(float(number) * scale) if scale else int(float(number)) * each) + beside


def _disk(code: str, what: str, needed: int, each: int, limit: str) -> Finding:
    return Finding(
        code,
        "error",
        "the run's folder",
        f"checkpoints of {readable_bytes(each)} each come to {readable_bytes(needed)}",
        limit,
        f"training would stop when the {what} is used up",
        "set [train] keep = 1, train fewer parameters ([model] lora, freeze), or choose another work folder",
    )
