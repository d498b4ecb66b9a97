"""The program ``govor``: finds the command's module, shows errors as one sentence, sets the exit status.

A command is one file in ``govor.commands`` with a function ``command``; it is imported when it is named,
and it imports what is heavy inside its own body.
"""

from __future__ import annotations

import errno
import importlib
import io
import json
import os
import shlex
import sys
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from govor import interrupts
from govor.errors import GovorError, InputError, InterruptError, LimitError, MachineError, StoppedError
from govor.extras import missing_extra
from govor.parquet import PANIC
from govor.records import plain
from govor.shown import first_line, readable

STAGES = {
    "Begin": {
        "demo": "Run the whole path, offline, on synthesised speech.",
        "run": "Run all stages of a recipe that are not done yet.",
        "recipes": "List the bundled recipes, or copy one to begin with.",
        "config": "Show every setting of a recipe, with unit and default.",
        "doctor": "Try what this machine can do.",
    },
    "Corpus": {
        "import": "Read a corpus in any of the usual formats.",
        "align": "Find where texts are spoken in long recordings: a corpus.",
        "label": "Let a model write texts for recordings: a corpus.",
        "check": "Probe all audio, text and splits of a corpus.",
        "select": "Filter a corpus, and make splits without leaks.",
        "sample": "Draw a random sample as a spreadsheet for people.",
        "review": "Let people judge in the browser, and use their verdicts.",
        "merge": "Make one corpus of several.",
        "move": "Point a corpus at recordings that were moved.",
        "prepare": "Turn recordings into clips in Parquet shards.",
        "inspect": "Show one utterance at every stage, in words and pictures.",
    },
    "Model": {
        "preflight": "Check data and model together before training.",
        "train": "Fine-tune a model; run again to continue.",
        "status": "Show how far a training run is.",
        "tune": "Search a recipe's settings.",
        "lm": "Estimate a word n-gram model from train text.",
    },
    "Measure": {
        "evaluate": "Score a model, with intervals, slices and outliers.",
        "compare": "Compare finished evaluations.",
        "report": "Serve an evaluation's report on this machine.",
    },
    "Use": {
        "transcribe": "Turn recordings of any length into text with times.",
        "export": "Convert a model and prove that it says the same.",
        "serve": "Serve a web app and an OpenAI-compatible API.",
        "publish": "Publish data sets, models and Spaces on the Hub.",
    },
}
"""Commands by the stage of the work, each with its line in the overview."""
COMMANDS = {name: line for stage in STAGES.values() for name, line in stage.items()}
MEANT = {
    "segment": "align",
    "annotate": "label",
    "pseudolabel": "label",
    "finetune": "train",
    "fit": "train",
    "resume": "train",
    "test": "evaluate",
    "score": "evaluate",
    "wer": "evaluate",
    "recognise": "transcribe",
    "recognize": "transcribe",
    "decode": "transcribe",
    "convert": "export",
    "upload": "publish",
    "push": "publish",
    "split": "select",
    "filter": "select",
    "validate": "check",
    "preprocess": "prepare",
    "search": "tune",
    "sweep": "tune",
    "app": "serve",
    "webui": "serve",
    "settings": "config",
    "init": "recipes",
    "info": "doctor",
    "ngram": "lm",
}
"""Words of other tools, and the command that does it here."""
CONTINUED = frozenset(
    (
        "run",
        "demo",
        "align",
        "label",
        "check",
        "prepare",
        "train",
        "tune",
        "evaluate",
        "transcribe",
        "publish",
    )
)
"""Commands that keep what is finished when they are stopped: the same command goes on with it."""
ANY_TARGET = frozenset(("recipes", "sample", "lm", "inspect", "transcribe"))
"""Commands that write without libraries that need names in UTF-8."""
MODULES = {"import": "import_"}
UsageFault: type[Exception] = typer.BadParameter.__mro__[2]
"""click's base of wrong usage; typer releases differ in where they keep click."""


COMPLETION = "_GOVOR_COMPLETE"
"""Set by the shell while it asks how a word may go on."""
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
        if cmd_name not in sys.argv[1:] and COMPLETION not in os.environ:
            return TyperCommand(cmd_name, help=COMMANDS[cmd_name])
        return load_command(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named; for one that does not exist, the one that may be meant is said."""
        try:
            return super().resolve_command(ctx, args)
        except UsageFault as fault:
            if meant := meant_command(args[0]):
                fault.message = f"{fault.message.rstrip('.')}. Did you mean govor {meant}?"  # type: ignore[attr-defined]
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The overview, by the stages of the work."""
        width = max(map(len, COMMANDS))
        for stage, commands in STAGES.items():
            with formatter.section(stage):
                formatter.write_dl([(name.ljust(width), line) for name, line in commands.items()])


def meant_command(typed: str) -> str | None:
    """The command that somebody may mean by a name that is none."""
    import difflib

    plain = typed.lower().replace("-", "").replace("_", "")
    near = difflib.get_close_matches(plain, [*COMMANDS, *MEANT], n=1, cutoff=0.6)
    return MEANT.get(near[0], near[0]) if near else None


def meant_option(typed: str, known: Collection[str]) -> str | None:
    """The option that somebody means who writes what other tools call it, such as ``--learning-rate``."""
    from govor.config.synonyms import SYNONYMS

    key = SYNONYMS.get(typed.lstrip("-").replace("-", "_"))
    if key is None or typed in known:
        return None
    option = "--" + key.rpartition(".")[2].replace("_", "-")
    if option in known:
        return option
    return f"--set {key}=…" if "--set" in known else None


class OnceCommand(TyperCommand):
    """A command whose options count once, unless they are declared repeatable."""

    def parse_args(self, ctx: Any, args: Any) -> Any:
        """Refuses a value, or a switch with a counterpart, that is given twice."""
        from govor.config.repeated import require_once

        try:
            _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        except UsageFault:
            given = []  # said by the parsing proper
        require_once((_shown_name(one) for one in given if _counts_once(one)), f"govor {self.name}")
        try:
            return super().parse_args(ctx, args)
        except UsageFault as fault:
            known = [option for parameter in self.params for option in parameter.opts]
            if meant := meant_option(getattr(fault, "option_name", ""), known):
                fault.message = f"{fault.message}. Did you mean {meant}?"  # type: ignore[attr-defined]
                fault.possibilities = None  # type: ignore[attr-defined]
            raise

    def invoke(self, ctx: Any) -> Any:
        """Runs the command, where a limit does not forbid it from the start."""
        from govor.memory_floor import require_memory

        require_memory(str(self.name))
        _refuse_odd_target(str(self.name))
        return super().invoke(ctx)


def _refuse_odd_target(command: str) -> None:
    """Said before hours of work: libraries outside Python write no file whose name is not UTF-8.

    Raises:
        MachineError: the target is one.
    """
    from govor.store import is_utf8

    place = _target()
    if place is not None and command not in ANY_TARGET and not is_utf8(place):
        raise MachineError(f"{place} cannot be written (its name is not UTF-8): choose another target")


def _counts_once(parameter: Any) -> bool:
    if parameter.param_type_name != "option" or parameter.multiple:
        return False
    return not parameter.is_flag or bool(parameter.secondary_opts)


def _shown_name(parameter: Any) -> str:
    return str(max(parameter.opts, key=len))


def load_command(name: str) -> Any:
    """Imports a command's module and wraps its function ``command``."""
    module = importlib.import_module(f"govor.commands.{MODULES.get(name, name)}")
    from govor.commands.flags import expanded

    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(name, cls=OnceCommand, help=module.command.__doc__)(expanded(module.command))
    return typer.main.get_command(single)


app = typer.Typer(
    name="govor",
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=True,
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
    """Entry point; exits with 0 (done), 1 (input or environment), 2 (usage), 3 (a limit) or 130 (Ctrl-C)."""
    interrupts.watch(_farewell)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names that are not UTF-8 are printed all the same
    try:
        status = run()
    except KeyboardInterrupt:  # came while the last words were said
        status = _farewell()
    _reported.append(status)
    interrupts.leave(status)


def run() -> int:
    """Runs the command of ``sys.argv``; returns the exit status."""
    _reported.clear()
    try:
        status = app(standalone_mode=False)
    except UsageFault as error:
        error.show()  # type: ignore[attr-defined]
        _explain_dashes(error)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return _farewell()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except BaseException as error:
        if (known := _as_govor_error(error)) is not None:
            return _report(known)
        if interrupts.pressed():  # what a library makes of it
            return _farewell()
        raise
    if status == CLICK_INTERRUPTED:
        return _farewell()
    return status if isinstance(status, int) else 0


def _as_govor_error(error: BaseException) -> GovorError | None:
    """The one sentence for an error; None for a fault of govor's own, which is not hidden."""
    if isinstance(error, GovorError):
        return error
    if isinstance(error, (OSError, MemoryError)) or (isinstance(error, Exception) and _is_full(error)):
        return _machine_error(error)
    if isinstance(error, UnicodeEncodeError):
        return InputError(
            f"{error.object[:200]} is a name that is not UTF-8, so it cannot be used here: rename it"
        )
    if isinstance(error, ModuleNotFoundError):
        return missing_extra(error.name)
    if type(error).__name__ == PANIC:
        return MachineError(f"a library failed ({first_line(error)}): is the input damaged?")
    return None


def _farewell() -> int:
    """Last words after Ctrl-C, said once; gives the exit status."""
    if _command() in CONTINUED:
        return _report(StoppedError("stopped; what was finished is kept"))
    return _report(
        InterruptError(
            f"stopped before the end; the same command starts from the beginning: {_same_command()}"
        )
    )


def _command() -> str | None:
    return next((word for word in sys.argv[1:] if word in COMMANDS), None)


def _same_command() -> str:
    return shlex.join(["govor", *sys.argv[1:]])


def _is_full(error: Exception) -> bool:
    from govor.store import errno_of

    return errno_of(error) == errno.ENOSPC


def _machine_error(error: Exception) -> GovorError:
    """One sentence for what no part of govor expected of the machine."""
    from govor.store import readable_error

    if isinstance(error, MemoryError):
        return MachineError(
            "the memory of this machine ran out: close other programs, or use smaller batches"
        )
    if not _is_there():
        return MachineError(
            "the folder in which govor was started is gone: change to another one and start again"
        )
    name = getattr(error, "filename", None)
    known = readable_error(error, Path(name or _target() or "a file"))
    if isinstance(known, GovorError):
        return known
    place = f"{name}: " if name else ""
    what = getattr(error, "strerror", None) or first_line(error)
    return MachineError(f"{place}{what}; nothing that was finished is lost")


def _target() -> str | None:
    """What the command was to write, as far as its flags say it."""
    words = [word for typed in sys.argv[1:] for word in typed.split("=", 1)]
    return next((after for word, after in pairwise(words) if word in ("--out", "--dir")), None)


def _is_there() -> bool:
    try:
        return bool(Path.cwd())
    except OSError:
        return False


def _explain_dashes(error: Exception) -> None:
    """Ids and file names may begin with ``-``: names of videos do."""
    name = next((item for item in sys.argv[2:] if item[0:1] == "-" and item[1:2] != "-" and item[2:]), None)
    if type(error).__name__ == "NoSuchOption" and name:
        print(f"Put a name that begins with - at the end, after --: ... -- {name}", file=sys.stderr)


_reported: list[int] = []
"""The exit status, once it is known: nothing is said twice, whichever thread says it."""


def _report(error: GovorError) -> int:
    """Says how the command ended, and after a stop how it goes on; gives the exit status."""
    if _reported:
        return _reported[0]
    _reported.append(error.exit_status)
    going_on = f"\ngovor: the same command continues: {_same_command()}" * isinstance(error, StoppedError)
    print(readable(f"govor: {error}{going_on}"), file=sys.stderr, flush=True)
    if "--json" in sys.argv:
        summary: dict[str, object] = dict(error.summary) if isinstance(error, LimitError) else {}
        summary["error"] = {"type": type(error).__name__, "message": str(error)}
        print(json.dumps(summary, ensure_ascii=False, default=plain), flush=True)
    return error.exit_status
