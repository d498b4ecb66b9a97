"""Every code is declared once, given by somebody, and listed in the docs; old names are still understood."""

import ast
import re
from pathlib import Path

import pytest

from govor import findings
from govor.cli import COMMANDS
from govor.findings import Code, Finding, codes, codes_of, counted, declare, ranked, renamed
from govor.text import RULES

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "govor"
DECLARED = findings.codes.__wrapped__()
GIVERS = {"Finding", "of_rows", "counted", "finding", "check", "Judgement", "_disk", "LeakRule"}
"""Calls whose first argument (of ``check``: every one) is a code."""
LISTS = {"TEXT_FLAGS", "OWN_CODES", "COMMON_CODES"}
"""Names of literals whose strings (keys, of mappings) are codes."""


def name_of(node: ast.expr) -> str:
    return getattr(node, "id", getattr(node, "attr", ""))


def strings(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def given_codes() -> dict[str, str]:
    """Codes in the source, and a file that gives each."""
    found: dict[str, str] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            here: set[str] = set()
            if isinstance(node, ast.Call) and name_of(node.func) in GIVERS:
                every = node.args if name_of(node.func) == "check" else node.args[:1]
                here = set().union(*(strings(one) for one in every))
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if name_of(target) in LISTS and node.value is not None:
                    keys = node.value.keys if isinstance(node.value, ast.Dict) else [node.value]
                    here = set().union(*(strings(key) for key in keys if key))
            found |= {code: path.name for code in here if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+|overlap", code)}
    return found


def test_every_code_that_is_given_is_declared() -> None:
    assert {code: file for code, file in given_codes().items() if code not in DECLARED} == {}


def test_every_code_that_is_declared_is_given() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    unused = [code for code in DECLARED if f'"{code}"' not in source]
    assert unused == []


def test_no_code_is_declared_twice() -> None:
    text = (SOURCE / "codes.toml").read_text(encoding="utf-8")
    names = re.findall(r"^\[(\w+)\]$", text, re.M) + re.findall(r'^once = "(\w+)"$', text, re.M)
    assert len(names) == len(set(names))
    for name in ("leak_speaker", "split_same_speaker"):
        with pytest.raises(ValueError, match="declared twice"):
            declare(Code(name, "warning", ("check",), "things are so", "leave them"))


def test_a_finding_of_an_undeclared_code_is_refused() -> None:
    with pytest.raises(ValueError, match="not declared"):
        Finding("no_such_code", "error")


def test_the_docs_list_every_code_with_its_level_and_remedy() -> None:
    listed = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert [line for line in listed.splitlines() if line.startswith("| `")] == rows_of_docs()


def rows_of_docs() -> list[str]:
    """The table of docs/findings.md."""
    return [
        f"| `{name}` | {code.level} | {', '.join(code.by)} | {code.meaning} | {code.remedy}"
        f"{f' (earlier `{code.once}`)' if code.once else ''} |".replace("'|'", "'&#124;'")
        for name, code in DECLARED.items()
    ]


@pytest.mark.parametrize("page", ["check", "preflight"])
def test_a_command_page_tells_when_each_of_its_codes_comes_up(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    told = {code for line in rows for code in re.findall(r"`(\w+)`", line)}
    assert set(codes_of(page)) - {"inconclusive"} - told == set()


def test_a_remedy_and_a_meaning_are_one_plain_line() -> None:
    for name, code in DECLARED.items():
        assert code.remedy and code.meaning and "\n" not in code.remedy + code.meaning, name
        assert code.meaning[0].islower() and not code.meaning.endswith("."), name


SAYS_WHAT_TO_TYPE = re.compile(
    r"govor (?P<command>[a-z]+)|text rule (?P<rule>[a-z]+)|ffmpeg |pip (?:un)?install |\[\w+\] \w|--[a-z]"
    r"|\w = [A-Z]|\bimport again\b|\bnothing\b"
)


def test_every_remedy_says_what_to_type_or_to_do() -> None:
    """A command, a setting, a rule, what to correct and import again, or that nothing is to be done."""
    vague = [name for name, code in DECLARED.items() if not SAYS_WHAT_TO_TYPE.search(code.remedy)]
    assert vague == []


def test_what_a_remedy_says_to_type_is_there() -> None:
    found = [match for code in DECLARED.values() for match in SAYS_WHAT_TO_TYPE.finditer(code.remedy)]
    commands = {match["command"] for match in found if match["command"]}
    rules = {match["rule"] for match in found if match["rule"]}
    assert {"select", "inspect"} <= commands <= set(COMMANDS) and "tags" in rules and rules <= set(RULES)


@pytest.mark.parametrize(
    "vague",
    ["take care", "use a better model", "choose well", "correct the texts", "look at them", "rule it out"],
)
def test_good_advice_alone_is_no_remedy(vague: str) -> None:
    assert not SAYS_WHAT_TO_TYPE.search(vague)


def test_old_names_are_understood_and_the_new_one_is_said() -> None:
    said: list[str] = []
    assert renamed(["split_same_speaker", "leak_audio"], said.append) == ("leak_speaker", "leak_audio")
    assert said == ["the code split_same_speaker is now called leak_speaker"]
    assert not {code.once for code in DECLARED.values()} & set(DECLARED)


def test_facts_that_two_commands_see_have_one_code() -> None:
    both = set(codes_of("check")) & set(codes_of("preflight"))
    assert {"narrow_band", "wrong_sample_rate", "silent_audio", "leak_speaker", "antiphase_audio"} <= both
    assert {"leak_sentence", "leak_recording", "leak_audio", "stated_duration", "empty_text"} <= both


@pytest.mark.parametrize(
    ("code", "one"),
    [
        ("missing_audio", "1 recording is not there"),
        ("unreadable_audio", "1 recording cannot be decoded"),
        (
            "narrow_band",
            "1 recording holds telephone speech: nothing above 4 kHz, whatever their sample rate",
        ),
        ("empty_text", "1 utterance has no text"),
        ("mixed_scripts", "1 text mixes scripts within a word"),
        ("overlap", "1 utterance overlaps the one before in their recording"),
        ("duplicate_id", "1 id occurs more than once"),
    ],
)
def test_one_is_singular(code: str, one: str) -> None:
    assert counted(code, 1).message == one
    assert counted(code, 1_200).message.startswith("1,200 ")


def test_errors_come_first() -> None:
    order = [
        f.code for f in ranked(counted(code, 1) for code in ("several_channels", "overlap", "empty_text"))
    ]
    assert order == ["empty_text", "overlap", "several_channels"]


def test_a_finding_without_a_fix_has_the_remedy_of_the_table() -> None:
    assert Finding("overlap", "warning", "here", "2").fix == codes()["overlap"].remedy
    assert Finding("overlap", "warning", "here", "2", fix="this").fix == "this"
