"""A fresh virtual environment with govor from a wheel; what the wheel needs comes from this environment."""

import os
import subprocess
import sys
from pathlib import Path

from govor.publish.wheel import write_wheel

DIST = Path(__file__).parents[1] / "dist"


def built_wheel(folder: Path) -> Path:
    """The wheel that CI left in ``dist/``, else one of the running package."""
    found = sorted(DIST.glob("govor-*.whl"))
    return found[-1] if found else write_wheel(folder)


def fresh_environment(folder: Path, wanted: list[str], cwd: Path | None = None) -> Path:
    """Makes it, installs `wanted` without dependencies and index; returns the folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    site = next((folder / "lib").glob("python*/site-packages"))
    (site / "beside.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    if not wanted:
        return folder / "bin"
    options = ["--no-deps", "--no-index", "--ignore-installed", "-q"]
    command = [folder / "bin" / "python", "-m", "pip", "install", *options, *wanted]
    subprocess.run(command, cwd=cwd, env=clean(), check=True)
    return folder / "bin"


def clean() -> dict[str, str]:
    """This process's environment without its way to the source tree."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
