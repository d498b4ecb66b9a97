"""Starts ``govor`` and ``python -m govor``; handles Ctrl-C before anything else is imported."""

import gc
import sys

OBJECTS_A_LOOK = 50_000
"""New objects before Python looks for cycles: at its 700 it looks through torch's million again and again."""
WINDOWS = (
    "govor: govor does not run on Windows itself: install WSL2 (wsl --install in a terminal, then a "
    "restart), open Ubuntu, and install govor there"
)


def main() -> None:
    """Entry point of the process."""
    if sys.platform == "win32":
        sys.exit(WINDOWS)
    from govor import interrupts

    gc.set_threshold(OBJECTS_A_LOOK)
    interrupts.watch(_before_it_began)
    try:
        from govor.cli import main as command_line
    except KeyboardInterrupt:
        interrupts.leave(_before_it_began())
    try:
        command_line()
    finally:
        gc.freeze()  # the end of the process frees all there is, without a last look for cycles


def _before_it_began() -> int:
    print("govor: stopped before it began", file=sys.stderr)
    return 130


if __name__ == "__main__":
    main()
