"""The command ``govor``: finds the command's module, shows errors as one sentence, sets the exit status.

A command is one file in ``govor.commands`` with a function ``command``; it is imported when it is named,
and it imports what is heavy inside its own body.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from govor.errors import GovorError, LimitError

COMMANDS = {
    "demo": "The whole path, offline, on speech it synthesises itself.",
    "run": "All stages of a recipe; what did not change is not run again.",
    "import": "Read a corpus in any of the usual formats.",
    "check": "Probe all audio, text and splits of a corpus.",
    "select": "Filters, budgets and leak-free splits.",
    "sample": "A random sample as a spreadsheet for people to review.",
    "review": "Bring people's verdicts back into the corpus.",
    "merge": "Several corpora as one.",
    "move": "Recordings were moved: point a corpus at them.",
    "prepare": "Recordings to clips in Parquet shards.",
    "inspect": "One utterance at every stage, in words and pictures.",
    "preflight": "Check data and model together before training.",
    "train": "Fine-tune a model; run again to continue.",
    "status": "Where a training run stands.",
    "tune": "Search a recipe's settings.",
    "evaluate": "Scores with intervals, slices and outliers.",
    "compare": "Compare finished evaluations.",
    "report": "Serve an evaluation's report on this machine.",
    "transcribe": "Recordings of any length to text with times.",
    "lm": "Estimate a word n-gram model from train text.",
    "export": "Convert a model and prove that it says the same.",
    "serve": "Web app and OpenAI-compatible API.",
    "publish": "Data sets, models and Spaces to the Hub.",
    "doctor": "What this machine can do, tried for real.",
}
MODULES = {"import": "import_"}
UsageFault: type[Exception] = typer.BadParameter.__mro__[2]
"""click's base of wrong usage; typer releases differ in where they keep click."""


CLICK_INTERRUPTED = 130
"""What typer gives for Ctrl-C in some of its releases, where others raise."""


class LazyCommands(TyperGroup):
    """A group whose commands are modules, imported when they are named."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command called `cmd_name`; for the overview its one-line help is enough."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in sys.argv[1:]:
            return TyperCommand(cmd_name, help=COMMANDS[cmd_name])
        return load_command(cmd_name)


def load_command(name: str) -> Any:
    """Imports a command's module and wraps its function ``command``."""
    module = importlib.import_module(f"govor.commands.{MODULES.get(name, name)}")
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(name, help=module.command.__doc__)(module.command)
    return typer.main.get_command(single)


app = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from govor import __version__

        print(f"govor {__version__}")
        raise typer.Exit


@app.callback()
def _govor(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_show_version, help="Show the version."
    ),
) -> None:
    """From recordings and transcripts to a served speech recogniser, on the machine you have."""


def main() -> None:
    """Entry point; exits with 0 (done), 1 (input or environment), 2 (usage) or 3 (a limit)."""
    as_json = "--json" in sys.argv
    try:
        status = app(standalone_mode=False)
        if status == CLICK_INTERRUPTED:
            raise KeyboardInterrupt
    except GovorError as error:
        status = _report(error, as_json)
    except UsageFault as error:
        error.show()  # type: ignore[attr-defined]
        _explain_dashes(error)
        status = 2
    except (KeyboardInterrupt, typer.Abort):
        print("govor: stopped; what was finished is kept, the same command continues", file=sys.stderr)
        status = 3
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status if isinstance(status, int) else 0)


def _explain_dashes(error: Exception) -> None:
    """Ids and file names may begin with ``-``: names of videos do."""
    name = next((item for item in sys.argv[2:] if item[0:1] == "-" and item[1:2] != "-" and item[2:]), None)
    if type(error).__name__ == "NoSuchOption" and name:
        print(f"A name that begins with - goes to the end, behind --: ... -- {name}", file=sys.stderr)


def _report(error: GovorError, as_json: bool) -> int:
    print(f"govor: {error}", file=sys.stderr)
    if as_json:
        summary: dict[str, Any] = dict(error.summary) if isinstance(error, LimitError) else {}
        summary["error"] = {"type": type(error).__name__, "message": str(error)}
        print(json.dumps(summary, ensure_ascii=False))
    return error.exit_status
