"""``python -m govor``."""

from govor.cli import main

if __name__ == "__main__":
    main()
