"""Which tiers are speech is said, and asked where it cannot be told; ELAN's times and media."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from corpus_sources import Imported, touch_audio, write_text

from govor.config import CorpusConfig
from govor.corpora.elan import read_elan
from govor.corpora.listing import list_source
from govor.corpora.tier_names import NOTES, PARTS, REFERENCE, SPEECH, TRANSLATION, UNKNOWN, WORDS, role_of
from govor.corpora.tiers import UNCLEAR, choose
from govor.corpora.timed_text import Tier, TimedText
from govor.errors import CorpusError

Importer = Callable[..., Imported]
Notes = list[tuple[int, int, str]]


def tier(name: str, *cells: tuple[float, float, str]) -> Tier:
    return Tier(name, tuple(TimedText(*cell) for cell in cells))


ANA = tier("Ana", (0, 1, "dobar dan"), (2, 3, "hvala"))
ENGLISH = tier("English", (0, 1, "good day"), (2, 3, "thanks"))
IVO = tier("Ivo", (1, 2, "molim"), (3, 4, "da"))


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *(("tx@A", SPEECH), ("Transcription", SPEECH), ("Ana", UNKNOWN), ("Speaker 1", UNKNOWN)),
        *(("Notes", NOTES), ("komentari", NOTES), ("ft@A", TRANSLATION), ("free translation", TRANSLATION)),
        *(("English", TRANSLATION), ("text-en", TRANSLATION), ("hrvatski", SPEECH), ("ref@A", REFERENCE)),
        *(
            ("Anmerkungen", NOTES),
            ("заметки", NOTES),
            ("Observações", NOTES),
            ("備考", NOTES),
            ("shum", UNKNOWN),
        ),
        *(
            ("Übersetzungen", TRANSLATION),
            ("terjemahan", TRANSLATION),
            ("翻訳", TRANSLATION),
            ("glosas", PARTS),
        ),
        *(("речь", SPEECH), ("tekst", SPEECH), ("Transkription", SPEECH), ("Tekla", UNKNOWN)),
        *(("Ana - words", WORDS), ("Ana - phones", PARTS), ("mb@A", UNKNOWN), ("MAU", PARTS)),
    ],
)
def test_names_tell_what_a_tier_holds(name: str, role: str) -> None:
    assert role_of(name, "hr") == role


def test_notes_and_translations_are_left() -> None:
    choice = choose([ANA, tier("Notes", (0, 1, "door slams")), ENGLISH], None, None, "hr")
    assert [t.name for t in choice.taken] == ["Ana"]
    assert choice.roles == {"Notes": NOTES, "English": TRANSLATION, "Ana": SPEECH}


def test_speakers_who_take_turns_are_both_taken_and_layers_are_asked_about() -> None:
    assert [t.name for t in choose([ANA, IVO], None).taken] == ["Ana", "Ivo"]
    assert choose([ANA, ENGLISH], None).roles == {"Ana": UNCLEAR, "English": UNCLEAR}
    assert [t.name for t in choose([ANA, ENGLISH], "Ana").taken] == ["Ana"]
    assert [t.name for t in choose([ANA, IVO, ENGLISH], "Ana, Ivo").taken] == ["Ana", "Ivo"]


def test_labels_that_are_all_codes_are_references() -> None:
    codes = tier("Referencia1", (0, 1, "REF_001"), (2, 3, "REF_002"))
    names = tier("Ana", (0, 1, "a1"), (2, 3, "T12:3"))
    assert choose([codes, names, IVO], None).roles == {
        "Referencia1": REFERENCE,
        "Ana": REFERENCE,
        "Ivo": SPEECH,
    }


def textgrid(*tiers: Tier) -> str:
    parts = ['"ooTextFile"\n"TextGrid"\n0\n9\n<exists>\n', f"{len(tiers)}\n"]
    for one in tiers:
        parts.append(f'"IntervalTier"\n"{one.name}"\n0\n9\n{len(one.cues)}\n')
        parts += [f'{cue.start}\n{cue.end}\n"{cue.text}"\n' for cue in one.cues]
    return "".join(parts)


def test_what_cannot_be_told_lists_the_tiers_and_the_flag(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "L.wav")
    write_text(tmp_path / "L.TextGrid", textgrid(ANA, ENGLISH))
    with pytest.raises(
        CorpusError, match=r'(?s)--text "Ana".*Ana \(unclear\): dobar dan.*English \(unclear\): good'
    ):
        imported(tmp_path)
    got = imported(tmp_path, text="Ana")
    assert got.rows["text"].to_list() == ["dobar dan", "hvala"]
    listed = list_source(CorpusConfig(source=str(tmp_path)))
    assert [(t["name"], t["taken"], t["example"]) for t in listed["tiers"]] == [
        ("Ana", False, "dobar dan"),
        ("English", False, "good day"),
    ]


def test_what_was_taken_and_left_is_said(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "L.wav")
    write_text(tmp_path / "L.TextGrid", textgrid(ANA, ENGLISH))
    got = imported(tmp_path, language="hr")
    said = "tiers taken: Ana (2 labels); left: English (translation); --text TIER takes another"
    assert got.summary["remarks"] == [said]
    assert got.corpus.info.notes["import"]["tiers"][0] | {"files": 1} == {
        "name": "Ana", "role": "speech", "taken": True, "files": 1, "labels": 2, "example": "dobar dan",
    }  # fmt: skip


def eaf(slots: list[int | None], timed: Notes, media: str, origin: str = "", refers: str = "") -> str:
    order = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="t{k}"' + (f' TIME_VALUE="{v}"' if v is not None else "") + "/>"
        for k, v in enumerate(slots)
    )
    items = "".join(
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{k}" TIME_SLOT_REF1="t{a}" TIME_SLOT_REF2="t{b}">'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
        for k, (a, b, text) in enumerate(timed)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT><HEADER TIME_UNITS="milliseconds">'
        f'<MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/x/{media.rsplit("/", 1)[-1]}" RELATIVE_MEDIA_URL="{media}"'
        f'{origin}/></HEADER><TIME_ORDER>{order}</TIME_ORDER><TIER TIER_ID="tx@A">{items}</TIER>{refers}'
        "</ANNOTATION_DOCUMENT>"
    )


def test_the_clock_of_the_recording_counts(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "L.wav")
    write_text(tmp_path / "L.eaf", eaf([1000, 3000], [(0, 1, "hej")], "./L.wav", ' TIME_ORIGIN="500"'))
    assert imported(tmp_path).rows.select("start", "end").rows() == [(1.5, 3.5)]


def test_slots_without_a_value_stand_evenly_or_are_set_aside(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "L.wav")
    said = [(0, 1, "a"), (1, 2, "b"), (2, 3, "c"), (3, 4, "d")]
    write_text(tmp_path / "L.eaf", eaf([1000, None, None, 4000, None], said, "./L.wav"))
    got = imported(tmp_path)
    assert got.rows.select("start", "end").rows() == [(1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]
    assert got.reasons == {"L.eaf:a3": "no_times"}
    assert got.summary["remarks"][1].startswith("3 annotations")


def test_parts_of_one_annotation_share_its_time(tmp_path: Path) -> None:
    refers = (
        '<TIER TIER_ID="words" PARENT_REF="tx@A">'
        + "".join(
            f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="r{k}" ANNOTATION_REF="a0" {previous}>'
            f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
            for k, (text, previous) in enumerate([("dobar", ""), ("dan", 'PREVIOUS_ANNOTATION="r0"')])
        )
        + "</TIER>"
    )
    file = write_text(tmp_path / "L.eaf", eaf([1000, 3000], [(0, 1, "dobar dan")], "L.wav", refers=refers))
    found = read_elan(file).tiers[1].cues
    assert [(cue.start, cue.end, cue.text) for cue in found] == [(1.0, 2.0, "dobar"), (2.0, 3.0, "dan")]


@pytest.mark.parametrize("media", ["../audio/my%20rec.wav", "..\\audio\\my rec.wav", "./moved/my%20rec.wav"])
def test_an_eaf_is_read_with_the_media_that_it_names(tmp_path: Path, imported: Importer, media: str) -> None:
    touch_audio(tmp_path / "audio" / "my rec.wav", tmp_path / "eaf" / "session.wav")
    write_text(tmp_path / "eaf" / "session.eaf", eaf([10, 30], [(0, 1, "hej")], media))
    got = imported(tmp_path)
    assert got.rows["audio"].to_list() == ["audio/my rec.wav"]
