"""Starts ``govor`` and ``python -m govor``; handles Ctrl-C before anything else is imported."""

import sys

WINDOWS = (
    "govor: govor does not run on Windows itself: install WSL2 (wsl --install in a terminal, then a "
    "restart), open Ubuntu, and install govor there"
)


def main() -> None:
    """Entry point of the process."""
    if sys.platform == "win32":
        sys.exit(WINDOWS)
    from govor import interrupts

    interrupts.watch(_before_it_began)
    try:
        from govor.cli import main as command_line
    except KeyboardInterrupt:
        interrupts.leave(_before_it_began())
    command_line()


def _before_it_began() -> int:
    print("govor: stopped before it began", file=sys.stderr)
    return 130


if __name__ == "__main__":
    main()
