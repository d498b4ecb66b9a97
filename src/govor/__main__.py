"""``govor``, and ``python -m govor``: Ctrl-C is taken over before anything else is imported."""

import sys

from govor import interrupts


def main() -> None:
    """Entry point of the process."""
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
