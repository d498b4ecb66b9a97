"""Says before a command begins that this machine has too little memory for it.

Libraries that find it out themselves abort: polars' allocator, for one, ends the process with a Rust
backtrace that nothing can catch. Two limits count: the address space (``ulimit -v``, batch systems),
and the memory of the container.
"""

from __future__ import annotations

from pathlib import Path

from govor.errors import MachineError
from govor.store import readable_bytes

FREE = frozenset(("recipes", "config"))
"""Commands that need Python alone."""
SMALL_BYTES = {"doctor": 150_000_000, "status": 1_200_000_000, "report": 1_200_000_000}
"""Address space of commands that read no tables: doctor works with 150 MB, the others load pyarrow (1 GB)."""
ADDRESS_BYTES = 3_000_000_000
"""Address space: on small data and two processors import works with 1.7 GB, and check aborts with 2 GB."""
MEMORY_BYTES = 150_000_000
"""Memory that the libraries alone take."""


def require_memory(command: str) -> None:
    """Refuses to begin what would be aborted.

    Raises:
        MachineError: a limit lies below what `command` needs before it has read anything.
    """
    if command in FREE:
        return
    needed = SMALL_BYTES.get(command, ADDRESS_BYTES)
    _require("address space of this process (ulimit -v)", _address_bytes(), needed)
    if command not in SMALL_BYTES:
        _require("memory of this container or job", _container_bytes(), MEMORY_BYTES)


def _require(what: str, limit: int | None, needed: int) -> None:
    if limit is not None and limit < needed:
        raise MachineError(
            f"the {what} is limited to {readable_bytes(limit)}, and govor needs {readable_bytes(needed)} "
            "to begin: raise the limit"
        )


def _address_bytes() -> int | None:
    try:
        import resource
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def _container_bytes(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """The smallest limit of this process's control groups (v2), and of those around them."""
    try:
        line = next(x for x in Path("/proc/self/cgroup").read_text().splitlines() if x.startswith("0::"))
    except (OSError, StopIteration):
        return None
    return container_bytes_of(root / line[3:].lstrip("/"), root)


def container_bytes_of(place: Path, root: Path) -> int | None:
    """The smallest limit of a control group and of those around it, below `root`."""
    limits = []
    for folder in (place, *place.parents):
        if not folder.is_relative_to(root):
            break
        try:
            limits.append(int((folder / "memory.max").read_text()))
        except (OSError, ValueError):  # none, or "max"
            continue
    return min(limits, default=None)
