"""Runs govor as users do, for the benches that go through its commands."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def govor(*arguments: str) -> dict[str, Any]:
    """Runs a command and gives its summary."""
    print("govor", *arguments, flush=True)
    ran = subprocess.run(
        [sys.executable, "-m", "govor", *arguments, "--json"], stdout=subprocess.PIPE, text=True, check=False
    )
    if ran.returncode:
        sys.exit(f"it ended with status {ran.returncode}")
    summary: dict[str, Any] = json.loads(ran.stdout)
    return summary
