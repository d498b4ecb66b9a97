"""The command line: every command loads, errors are one sentence, exit statuses are the contract's."""

import shlex
import signal
import subprocess
import sys
import time

import pytest
from soundfile import write

from govor import cli
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


def test_names_that_begin_with_a_dash_are_explained():
    ran = govor("inspect", "dataset", "-aB_cD3fG7h_1.00-2.00")
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1].endswith("after --: ... -- -aB_cD3fG7h_1.00-2.00")
    assert "behind --" not in govor("inspect", "dataset", "--nonsense").stderr
    ran = govor("inspect", "dataset", "--", "-aB_cD3fG7h_1.00-2.00")
    assert ran.returncode == 1 and ran.stderr.startswith("govor: ")


def test_what_is_printed_as_next_runs_as_printed(tmp_path):
    source = tmp_path / "my recordings"
    source.mkdir()
    write(source / "a.wav", [0.1, -0.1] * 8_000, 16_000)
    (source / "table.csv").write_text("audio,text\na.wav,dobar dan\n")
    said = govor("import", "my recordings", "--out", "my corpus", cwd=tmp_path).stdout
    check = shlex.split(said.partition("next: govor ")[2])
    assert govor(*check, cwd=tmp_path).returncode == 0
    said = govor("select", "my corpus", "--out", "my choice", cwd=tmp_path).stdout
    prepare = shlex.split(said.partition("next: govor ")[2])
    ran = govor(*prepare, cwd=tmp_path)
    assert ran.returncode == 0 and "in 1 shard: dataset" in ran.stdout


def test_ctrl_c_ends_within_seconds_with_status_3_and_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-m", "govor", "demo", "--dir", str(tmp_path / "demo")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not (tmp_path / "demo").exists() and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 3
    *_, stopped, going_on = said.splitlines()
    assert stopped == "govor: stopped; what was finished is kept"
    assert going_on == f"govor: the same command continues: govor demo --dir {tmp_path / 'demo'}"
    assert "Traceback" not in said


def test_what_cannot_be_continued_ends_with_130_and_says_so(monkeypatch, capsys):
    status, said = failing(monkeypatch, capsys, KeyboardInterrupt(), ["lm", "my text", "--json"])
    line = "stopped before the end; the same command starts from the beginning: govor lm 'my text' --json"
    assert (status, said) == (130, f"govor: {line}")


def test_version():
    assert govor("--version").stdout.startswith("govor 0.")


def failing(monkeypatch, capsys, error, arguments=("check",)):
    """(exit status, what is said) where a command ends in an error that nobody expected."""
    from govor import cli

    def app(**_):
        raise error

    monkeypatch.setattr(cli, "app", app)
    monkeypatch.setattr(sys, "argv", ["govor", *arguments])
    return cli.run(), capsys.readouterr().err.strip()


class PanicException(BaseException):
    """Like the one of polars."""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(28, "No space left on device", "out/a.parquet"),
            "no space left while writing out/a.parquet",
        ),
        (OSError("No space left on device (os error 28)"), "no space left while writing"),
        (PermissionError(13, "Permission denied", "x.arpa"), "x.arpa cannot be written (Permission denied)"),
        (OSError(5, "Input/output error", "disk/b"), "disk/b: Input/output error"),
        (MemoryError(), "the memory of this machine ran out"),
        (PanicException("index out of bounds\nmore"), "a library failed (index out of bounds)"),
    ],
)
def test_what_the_machine_does_is_one_sentence(monkeypatch, capsys, error, said):
    status, message = failing(monkeypatch, capsys, error)
    assert status == 1 and message.startswith("govor: ") and said in message
    assert len(message.splitlines()) == 1


def test_a_fault_of_govors_own_is_not_hidden(monkeypatch, capsys):
    with pytest.raises(ZeroDivisionError):
        failing(monkeypatch, capsys, ZeroDivisionError())


def test_a_folder_that_is_gone_is_one_sentence(tmp_path):
    here = tmp_path / "gone"
    here.mkdir()
    script = f"import os, sys; os.chdir({str(here)!r}); os.rmdir({str(here)!r}); sys.argv[1:] = ['doctor'];"
    script += "from govor.cli import main; main()"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert "Traceback" not in ran.stderr
    assert ran.returncode in (0, 1)


REPEATED = [
    (["train", "--data", "a", "--data", "b", "--out", "r"], "--data"),
    (["train", "--data=a", "--out", "r", "--model", "m", "--data=a"], "--data"),
    (["run", "r.toml", "--to", "prepare", "--to", "train"], "--to"),
    (["check", "corpus", "--audio", "--no-audio"], "--audio"),
    (["train", "r.toml", "--set", "train.lr=1", "--set", "train.lr=2"], "train.lr"),
    (["train", "r.toml", "--data", "a", "--set", "prepare.out=b"], "prepare.out"),
    (["train", "--model", "m", "--set", "model.base=n", "--data", "d", "--out", "o"], "model.base"),
    (["evaluate", "m", "d", "--require", "wer=0.3", "--require", "wer=0.2"], "wer"),
    (["import", "x", "--out", "c", "--columns", "text=a,text=b"], "text"),
]


@pytest.mark.parametrize(("arguments", "name"), REPEATED)
def test_what_takes_one_value_and_is_given_twice(arguments, name, tmp_path, monkeypatch, capsys):
    """The last would win in silence."""
    from govor.cli import run

    (tmp_path / "r.toml").write_text("name = 'r'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["govor", *arguments])
    status, said = run(), capsys.readouterr().err
    assert status == 2 and f"{name} is given twice" in said and f"name {name} once" in said
    assert len(said.splitlines()) == 1


def test_what_may_be_repeated_still_may(monkeypatch):
    ctx = load_command("train").make_context(
        "train", ["--set", "a.b=1", "--set", "c.d=2", "--accept", "x", "--accept", "x", "--json", "--json"]
    )
    assert ctx.params["set_"] == ["a.b=1", "c.d=2"] and ctx.params["json"]


def test_the_bench_evaluates_at_least_once(monkeypatch):
    """It ended in a ValueError where the steps were fewer than those between evaluations."""
    import argparse
    import runpy
    from pathlib import Path

    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "bench"))
    bench = runpy.run_path(str(Path(__file__).parents[1] / "bench" / "train.py"))
    steps = {
        given: bench["eval_steps"](argparse.Namespace(eval_every=given[0], steps=given[1]))
        for given in ((None, 60), (None, 200), (25, 60), (100, 60))
    }
    assert steps == {(None, 60): 60, (None, 200): 100, (25, 60): 25, (100, 60): 60}


@pytest.mark.parametrize("given", [["--out", "d\udce8"], ["--out=d\udce8"]])
def test_a_target_that_is_not_utf8_is_refused_before_anything_is_read(given, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["govor", "prepare", "nowhere", *given])
    assert cli.run() == 1
    assert capsys.readouterr().err == (
        "govor: d\\xe8 cannot be written (its name is not UTF-8): choose another target\n"
    )


def test_what_a_library_wrote_has_the_name_of_the_target(monkeypatch, capsys):
    """Some libraries tell of a full disk without a name."""
    monkeypatch.setattr(sys, "argv", ["govor", "prepare", "corpus", "--out", "set"])

    def full(**_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "app", full)
    assert cli.run() == 1
    assert "no space left while writing set: free some" in capsys.readouterr().err
