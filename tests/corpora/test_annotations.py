"""Transcriber, CHAT, EXMARaLDA, Audacity, ELAN's exports: what is speech, and files that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_sources import Imported, touch_audio, write_text

from govor.corpora.chat import said_in
from govor.errors import CorpusError

Importer = Callable[..., Imported]
BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE x [\n<!ENTITY a "aaaa">\n<!ENTITY b "&a;&a;">]>\n<{root}>&b;</{root}>'
)
GOOD = {
    "trs": '<Trans><Turn speaker="" startTime="0" endTime="1"><Sync time="0"/>hej</Turn></Trans>',
    "exb": (
        '<basic-transcription><tli id="T0" time="0"/><tli id="T1" time="1"/>'
        '<tier type="t"><event start="T0" end="T1">hej</event></tier></basic-transcription>'
    ),
    "cha": "@UTF8\n@Begin\n*ANA:\thej . \x150_1000\x15\n@End\n",
}


@pytest.mark.parametrize(
    ("kind", "content", "detail"),
    [
        ("trs", BOMB.format(root="Trans"), "3: it declares an entity"),
        ("exb", BOMB.format(root="basic-transcription"), "3: it declares an entity"),
        ("trs", "<Trans>\n<Turn>", "2: it is not XML"),
        ("trs", "<html/>", "1: it is a html, not a Trans"),
        ("exb", "<x/>", "1: it is a x, not a basic-transcription"),
        ("trs", '<?xml version="1.0" encoding="klingon"?><Trans/>', "1: "),
        ("trs", "", "1: it is not XML"),
        ("cha", "hello", "1: it does not begin as a CHAT file"),
        ("cha", "@UTF8\n@Begin\n*ANA:\th\0j\n", "3: it holds a NUL"),
    ],
)
def test_broken_files_are_set_aside(
    tmp_path: Path, imported: Importer, kind: str, content: str | bytes, detail: str
) -> None:
    touch_audio(tmp_path / "ok.wav", tmp_path / "x.wav", seconds=2)
    write_text(tmp_path / f"ok.{kind}", GOOD[kind])
    file = tmp_path / f"x.{kind}"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    got = imported(tmp_path)
    assert (got.rows["audio"].to_list(), list(got.reasons.values())) == (["ok.wav"], [f"bad_{kind}"])
    assert f"{file}:{detail}" in got.details


def test_the_document_type_of_transcriber_is_never_opened(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "x.wav", seconds=2)
    write_text(tmp_path / "x.trs", '<!DOCTYPE Trans SYSTEM "http://localhost:9/trans.dtd">\n' + GOOD["trs"])
    assert imported(tmp_path).rows["text"].to_list() == ["hej"]


def test_turns_are_cut_at_sync_points_and_by_who_speaks(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "x.wav", seconds=9)
    document = """<?xml version="1.0" encoding="ISO-8859-1"?>
<Trans audio_filename="x"><Speakers><Speaker id="a" name="Ana" type="female"/>
<Speaker id="i" name="Ivo"/></Speakers>
<Turn speaker="a" startTime="0" endTime="2"><Sync time="0"/>
šum<Event desc="b" type="noise" extent="instantaneous"/> dobar
dan<Sync time="1.5"/>

</Turn><Turn speaker="a i" startTime="2" endTime="3"><Sync time="2"/><Who nb="1"/>da<Who nb="2"/>ne</Turn>
<Turn startTime="3" endTime="x"><Sync time="3"/>tko zna</Turn></Trans>"""
    (tmp_path / "x.trs").write_bytes(document.replace("š", "\u00e9").encode("latin-1"))
    got = imported(tmp_path)
    assert got.rows.select("start", "end", "text", "speaker", "gender").rows() == [
        (0.0, 1.5, "éum dobar dan", "Ana", "female"),
        (2.0, 3.0, "da", "Ana", "female"),
        (2.0, 3.0, "ne", "Ivo", None),
    ]
    assert got.reasons == {"x.trs:9": "bad_times"}


def test_events_that_follow_on_each_other_are_one_utterance(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "x.wav", seconds=9)
    points = "".join(
        f'<tli id="T{n}"{f" time={chr(34)}{t}{chr(34)}" if t is not None else ""}/>'
        for n, t in enumerate([None, 1.0, None, 2.0, 3.0, 4.0])
    )
    events = [(1, 2, "Gu"), (2, 3, "ten Tag. "), (3, 4, "Ja"), (0, 1, "früher")]
    made = "".join(f'\n<event start="T{a}" end="T{b}">{text}</event>' for a, b, text in events)
    write_text(
        tmp_path / "x.exb",
        f"<basic-transcription><common-timeline>{points}</common-timeline>"
        f'<tier speaker="S" type="t">{made}</tier><tier type="d">'
        '<event start="T4" end="T5">lacht</event></tier>'
        "</basic-transcription>",
    )
    got = imported(tmp_path)
    assert got.rows.select("start", "end", "text", "speaker").rows() == [
        (1.0, 2.0, "Guten Tag.", "S"),
        (2.0, 3.0, "Ja", "S"),
    ]
    assert got.reasons == {"x.exb:5": "bad_times"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello there .", "hello there."),
        ("&-um I want [/] I want (.) milk [= white] .", "um I want I want milk."),
        ("<the dog> [//] the cat (1.5) &=laughs ran +...", "the dog the cat ran"),
        ("(be)cause it's 0is wo:rd@l +/.", "cause it's word"),
        ("+< New_York ‡ yes ?", "New York yes?"),
        ("gonna [: going to] &+fr friend &*MOT:mhm !", "gonna fr friend!"),
        ("0 .", "."),
    ],
)
def test_what_is_said_in_a_line_of_chat(text: str, said: str) -> None:
    assert said_in(text) == said


def test_chat_lines_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "tape.mp3", seconds=9)
    lines = [
        "@UTF8",
        "@Begin",
        "@Languages:\teng",
        '@Media:\t"tape", audio',
        "*CHI:\tmore milk . \x15100_900\x15",
        "%mor:\tqn|more n|milk .",
        "*MOT:\tno times here .",
        "*MOT:\tthe xxx dog . \x15900_1900\x15",
        "*MOT:\tback . \x152900_1900\x15",
        '*CHI:\told \x15%snd:"tape"_3000_4000\x15',
    ]
    file = write_text(tmp_path / "c1.cha", "\n".join([*lines, "@End"]))
    got = imported(tmp_path)
    assert got.rows.select("audio", "start", "end", "text", "speaker", "language", "chat").rows() == [
        ("tape.mp3", 0.1, 0.9, "more milk.", "CHI", "eng", "more milk ."),
        ("tape.mp3", 3.0, 4.0, "old", "CHI", "eng", "old"),
    ]
    assert got.reasons == {"c1.cha:7": "no_times", "c1.cha:8": "unintelligible", "c1.cha:9": "times_swapped"}
    assert f"{file}:8: a part could not be heard" in got.details


def test_chat_without_times_is_one_row(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "c.wav", seconds=9)
    write_text(tmp_path / "c.cha", "@Begin\n*ANA:\thej .\n*IVO:\thopp !\n@End\n")
    assert imported(tmp_path).rows.select("start", "text", "speaker").rows() == [(None, "hej. hopp!", None)]


def test_labels_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "talk.wav", seconds=9)
    rows = [
        "0,5\t1.5\tdobar dan",
        "\\\t100.0\t4000.0",
        "2.0\t2.0\ttočka",
        "3.0\t2.0\tnatrag",
        "4.0\t5.0",
        "hej",
    ]
    file = write_text(tmp_path / "talk labels.txt", "\n".join(rows) + "\n")
    got = imported(tmp_path)
    assert got.rows.select("audio", "start", "end", "text").rows() == [("talk.wav", 0.5, 1.5, "dobar dan")]
    assert got.reasons == {
        "talk labels.txt:3": "no_duration",
        "talk labels.txt:4": "times_swapped",
        "talk labels.txt:5": "empty_text",
        "talk labels.txt:6": "bad_label",
    }
    assert f"{file}:6: start, end and text are expected: 'hej'" in got.details


def test_rows_of_an_export_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "x.wav", seconds=9)
    rows = [
        "Tier\tBegin Time - ss.msec\tEnd Time - ss.msec\tAnnotation",
        "text\t0.5\t1.5\tdobar dan",
        "text\t1.5",
        "text\tsoon\t3\tkasnije",
        "gloss\t0.5\t1.5\tgood day",
    ]
    write_text(tmp_path / "x.txt", "\n".join(rows) + "\n")
    got = imported(tmp_path)
    assert got.rows.select("start", "end", "text").rows() == [(0.5, 1.5, "dobar dan")]
    assert got.reasons == {"x.txt:3": "wrong_columns", "x.txt:4": "bad_times"}
    assert imported(tmp_path, text="gloss").rows["text"].to_list() == ["good day"]
    with pytest.raises(CorpusError, match=r"no tier holds utterances \(nix\); tiers: text \(speech\), gloss"):
        imported(tmp_path, text="nix")
