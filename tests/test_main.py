"""What the process of a command does around it."""

import subprocess
import sys

from govor.__main__ import OBJECTS_A_LOOK

CODE = """
import atexit, gc, sys
atexit.register(lambda: print("at the end", gc.get_freeze_count() > 0))
import govor.cli
def command_line():
    print("within", gc.get_threshold()[0], gc.isenabled(), gc.get_freeze_count())
    sys.exit(3)
govor.cli.main = command_line
from govor.__main__ import main
main()
"""


def test_cycles_are_looked_for_seldom_and_not_at_the_end():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == [f"within {OBJECTS_A_LOOK} True 0", "at the end True"]
    assert done.returncode == 3
