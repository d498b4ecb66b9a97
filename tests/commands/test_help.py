"""What ``--help`` says is kept in ``help/``: a change of it is made on purpose.

``GOVOR_WRITE_HELP=1 pytest tests/commands/test_help.py`` writes the files anew; look at what differs.
"""

import inspect
import os
from pathlib import Path

import pytest

from govor.cli import COMMANDS, load_command

KEPT = Path(__file__).parent / "help"


def shown(name):
    """The command's words and a line for each argument and flag, whichever typer lays them out."""
    command = load_command(name)
    return "\n".join([inspect.cleandoc(command.help), "", *map(line, command.params)]) + "\n"


def line(parameter):
    names = " / ".join([*parameter.opts, *parameter.secondary_opts])
    facts = [parameter.metavar or ""]
    facts += ["required"] if parameter.required else []
    facts += ["repeatable"] if getattr(parameter, "multiple", False) else []
    default = parameter.default
    if not parameter.required and default is not False and default not in (None, "", [], ()):
        facts.append(f"default {default}")
    said = f" [{', '.join(fact for fact in facts if fact)}]" if any(facts) else ""
    return f"{names}{said}: {parameter.help}"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_as_it_was_agreed(name):
    path = KEPT / f"{name}.txt"
    if os.environ.get("GOVOR_WRITE_HELP"):
        path.write_text(shown(name), encoding="utf-8")
    assert shown(name) == path.read_text(encoding="utf-8")


def test_no_help_is_kept_for_a_command_that_is_gone():
    assert {path.stem for path in KEPT.iterdir()} == set(COMMANDS)
