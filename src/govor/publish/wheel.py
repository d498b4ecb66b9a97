"""A wheel of the govor that runs, so that a Space installs this one and no package of the same name.

Written by the wheel specification (PyPA, "Binary distribution format"): package, metadata, record of hashes.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from govor.config.bundled import bundled_recipes
from govor.errors import MachineError
from govor.publish.requirements import with_stated
from govor.store import atomic_path

TAG = "py3-none-any"
ALWAYS = (1980, 1, 1, 0, 0, 0)
"""Time of every file in it, so that equal packages make equal wheels."""
WHEEL = f"Wheel-Version: 1.0\nGenerator: govor\nRoot-Is-Purelib: true\nTag: {TAG}\n"


def write_wheel(folder: Path) -> Path:
    """Writes the wheel of the running package into `folder`.

    Raises:
        MachineError: the package is not installed, so that nothing says what it needs.
    """
    try:
        installed = distribution("govor")
    except PackageNotFoundError as error:
        raise MachineError(
            "govor runs without being installed, so it has no wheel: pip install it, or use --package WHEEL"
        ) from error
    path = folder / f"govor-{installed.version}-{TAG}.whl"
    with atomic_path(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as file:
        record = []
        for name, content in _contents(installed):
            file.writestr(zipfile.ZipInfo(name, ALWAYS), content, zipfile.ZIP_DEFLATED)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(content)}")
        own = f"{_info(installed)}/RECORD"
        file.writestr(zipfile.ZipInfo(own, ALWAYS), "\n".join([*record, f"{own},,", ""]))
    return path


def _contents(installed: Distribution) -> Iterator[tuple[str, bytes]]:
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield f"govor/{path.relative_to(package).as_posix()}", path.read_bytes()
    for recipe in bundled_recipes():
        if package not in recipe.path.parents:  # a checkout has them beside the package
            yield f"govor/recipes/{recipe.path.name}", recipe.path.read_bytes()
    metadata = with_stated(installed.read_text("METADATA") or "", package)
    yield f"{_info(installed)}/METADATA", metadata.encode()
    yield f"{_info(installed)}/entry_points.txt", (installed.read_text("entry_points.txt") or "").encode()
    yield f"{_info(installed)}/WHEEL", WHEEL.encode()


def _info(installed: Distribution) -> str:
    return f"govor-{installed.version}.dist-info"
