#!/usr/bin/env python3
"""Runs the steps of the Dockerfile in a root made by debootstrap, where there is no engine for containers.

As root, with debootstrap installed:
    python3 .ci/image.py ROOT [--python PREFIX] [--wheels DIR] [--build-arg NAME=VALUE]…

ROOT is made (bookworm, minbase) if it is not there. The base image has its own CPython in /usr/local;
--python names the prefix of one that is copied there. Each step of the Dockerfile is then carried out in ROOT
as it stands, and the entry point is started with CMD as its user. The steps work then; it is not the
image that an engine builds.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

PROJECT = Path(__file__).parents[1]
MIRROR = "http://deb.debian.org/debian"
LIBRARIES = (
    "ca-certificates,libssl3,libffi8,libsqlite3-0,libbz2-1.0,liblzma5,libreadline8,zlib1g,libuuid1,libexpat1"
)
"""What the base image's CPython is linked with, from the same release of Debian."""
SHARED = ["/proc", "/dev", "/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs"]


class Image:
    """A root, and what the steps so far have set."""

    def __init__(self, root: Path, arguments: dict[str, str]) -> None:
        self.root, self.given = root, arguments
        self.environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
        self.arguments: dict[str, str] = {}
        self.folder, self.who, self.entry = "/", "0", []

    def do(self, word: str, rest: str) -> None:
        print(f"{word} {rest}", flush=True)
        getattr(self, word.lower())(rest)

    def arg(self, rest: str) -> None:
        name, _, default = rest.partition("=")
        self.arguments[name] = self.given.get(name, default)

    def env(self, rest: str) -> None:
        self.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))

    def workdir(self, rest: str) -> None:
        self.folder = rest
        self.place(rest).mkdir(parents=True, exist_ok=True)

    def copy(self, rest: str) -> None:
        *sources, target = shlex.split(rest)
        for source in sources:
            end = self.place(str(Path(self.folder) / target))
            if (PROJECT / source).is_dir():
                shutil.copytree(
                    PROJECT / source, end, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(PROJECT / source, end)

    def user(self, rest: str) -> None:
        self.who = rest

    def run(self, rest: str) -> None:
        self.inside(["/bin/sh", "-c", rest])

    def entrypoint(self, rest: str) -> None:
        self.entry = json.loads(rest)

    def cmd(self, rest: str) -> None:
        self.inside([*self.entry, *json.loads(rest)])

    def place(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def inside(self, command: list[str]) -> None:
        """As Docker does: in the working folder, as the user, with ENV and ARG."""
        there = ["sh", "-c", f'cd {shlex.quote(self.folder)} && exec "$@"', "sh", *command]
        as_user = ["chroot", f"--userspec={self.who}:{self.who}", str(self.root), *there]
        pip = {key: value for key, value in os.environ.items() if key in ("PIP_CERT", "PIP_FIND_LINKS")}
        subprocess.run(as_user, env=pip | self.environment | self.arguments, check=True)


def steps(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1].strip()) for line in joined]


def bound(stack: ExitStack, source: str, root: Path) -> None:
    """`source` seen at the same path below `root`, until the stack closes."""
    target = root / source.lstrip("/")
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.touch()
    subprocess.run(["mount", "--bind", source, target], check=True)
    stack.callback(subprocess.run, ["umount", "-l", target], check=True)


def make_root(root: Path, python: Path | None) -> None:
    if not (root / "usr").exists():
        wanted = [
            "--variant=minbase",
            f"--include=ca-certificates,{LIBRARIES.replace(' ', ',')}",
            "bookworm",
            str(root),
            MIRROR,
        ]
        subprocess.run(["debootstrap", *wanted], check=True, stdout=subprocess.DEVNULL)
    if python and not (root / "usr/local/bin/pip").exists():
        for part in ("bin", "lib", "include"):
            unneeded = shutil.ignore_patterns("site-packages", "__pycache__", "test")
            shutil.copytree(
                python / part, root / "usr/local" / part, symlinks=True, dirs_exist_ok=True, ignore=unneeded
            )
        subprocess.run(["chroot", root, "/sbin/ldconfig"], check=True)
        fill = ["/usr/local/bin/python3", "-m", "ensurepip", "--upgrade", "--default-pip"]
        subprocess.run(["chroot", root, *fill], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path)
    parser.add_argument("--python", type=Path)
    parser.add_argument("--wheels")
    parser.add_argument("--build-arg", action="append", default=[])
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # what was mounted is unmounted
    make_root(options.root, options.python)
    image = Image(options.root, dict(pair.split("=", 1) for pair in options.build_arg))
    with ExitStack() as stack:
        for path in [*SHARED, *([options.wheels] if options.wheels else [])]:
            bound(stack, path, options.root)
        for word, rest in steps((PROJECT / "Dockerfile").read_text()):
            if word != "FROM":
                image.do(word, rest)
    print("all steps done", flush=True)


if __name__ == "__main__":
    sys.exit(main())
