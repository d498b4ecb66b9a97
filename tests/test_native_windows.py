"""Native Windows: one sentence at the start, before anything is imported that is not there."""

import subprocess
import sys

CODE = """
import sys
sys.platform = "win32"
for name in ("resource", "fcntl", "termios"):
    sys.modules[name] = None
import runpy
runpy.run_module("govor", run_name="__main__")
"""


def test_native_windows_is_one_sentence_that_names_wsl():
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert ran.returncode == 1 and ran.stdout == ""
    assert ran.stderr.strip().count("\n") == 0 and "install WSL2" in ran.stderr
