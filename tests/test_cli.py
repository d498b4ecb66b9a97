"""The command line: every command loads, errors are one sentence, exit statuses are the contract's."""

import signal
import subprocess
import sys
import time

import pytest

from govor.cli import COMMANDS, load_command


def govor(*args, **kwargs):
    command = [sys.executable, "-m", "govor", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **kwargs)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_and_json(name):
    command = load_command(name)
    assert "govor " + name in command.help
    names = {option for parameter in command.params for option in parameter.opts}
    assert name == "report" or name == "serve" or "--json" in names


def test_the_overview_imports_nothing_heavy():
    code = """
import sys
sys.argv = ["govor", "--help"]
from govor.cli import main
try:
    main()
except SystemExit:
    pass
heavy = {"torch", "transformers", "polars", "pyarrow", "matplotlib", "ray", "numpy"} & set(sys.modules)
sys.exit(f"imports {heavy}" if heavy else 0)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "prepare" in ran.stdout


def test_a_missing_recipe_exits_1_with_one_sentence():
    ran = govor("run", "nowhere.toml")
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        "govor: nowhere.toml does not exist: give the path of a recipe (*.toml)"
    ]


def test_with_json_an_error_is_one_object_too():
    import json

    ran = govor("run", "nowhere.toml", "--json")
    assert ran.returncode == 1
    assert json.loads(ran.stdout)["error"]["type"] == "RecipeError"


@pytest.mark.parametrize("args", [("nonsense",), ("run",), ("run", "x.toml", "--nonsense")])
def test_wrong_usage_exits_2(args):
    ran = govor(*args)
    assert ran.returncode == 2 and "Traceback" not in ran.stderr


def test_ctrl_c_ends_within_seconds_with_status_3_and_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-m", "govor", "demo", "--dir", str(tmp_path / "demo")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not (tmp_path / "demo").exists() and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 3
    assert said.splitlines()[-1] == "govor: stopped; what was finished is kept, the same command continues"
    assert "Traceback" not in said


def test_version():
    assert govor("--version").stdout.startswith("govor 0.")
