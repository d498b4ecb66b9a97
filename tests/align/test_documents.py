"""Texts of all kinds as lines; speakers; sentences."""

import zipfile

import pytest

from govor.align.documents import Line, read_document
from govor.align.speakers import name_before, with_speakers
from govor.align.units import sentences, units_of
from govor.errors import CorpusError

DOCX = """<?xml version="1.0"?><w:document xmlns:w="x"><w:body>
<w:p><w:r><w:t>Prva </w:t></w:r><w:r><w:t xml:space="preserve">rečenica.</w:t></w:r></w:p>
<w:p><w:del><w:r><w:delText>nema</w:delText></w:r></w:del>
<w:r><w:t>Druga</w:t><w:br/>
<w:t>treća</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>u tablici</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
</w:body></w:document>"""
ODT = """<?xml version="1.0"?><office:document-content xmlns:office="o" xmlns:text="t">
<office:body><office:text>
<text:h>Naslov</text:h><text:p>Prva <text:span>rečenica</text:span>.<office:annotation><text:p>nije</text:p>
</office:annotation><text:s/>Još.</text:p></office:text></office:body></office:document-content>"""


# A name that is said to be UTF-8 and is not.
MISNAMED_ZIP = (
    b"PK\1\2\x14\0\x14\0\0\x08" + bytes(18) + b"\1\0" + bytes(16) + b"\x89"
    b"PK\5\6\0\0\0\0\1\0\1\0\x2f\0\0\0\0\0\0\0\0\0"
)


def zipped(path, name, content):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(name, content)
    return path


def lines(path, **more):
    return [line.text for line in read_document(path, **more).lines if line.text]


def test_word_processors(tmp_path):
    docx = zipped(tmp_path / "a.docx", "word/document.xml", DOCX)
    assert lines(docx) == ["Prva rečenica.", "Druga", "treća", "u tablici"]
    odt = zipped(tmp_path / "a.odt", "content.xml", ODT)
    assert lines(odt) == ["Naslov", "Prva rečenica. Još."]


def test_pages_and_captions(tmp_path):
    page = tmp_path / "a.html"
    page.write_text(
        "<html><head><title>no</title><style>p{}</style></head><body><h1>Head</h1><p>One &amp; <b>two</b>"
        "<script>x</script></p>three<br>four</body></html>"
    )
    assert lines(page) == ["Head", "One & two", "three", "four"]
    captions = tmp_path / "a.vtt"
    captions.write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ana>Dobar dan\nsvima\n\n00:03.000 --> 00:04.000\nhvala\n"
    )
    found = read_document(captions).lines
    assert [line.text for line in found] == ["Dobar dan svima", "hvala"]
    assert found[0].speaker == "Ana"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pdf", b"%PDF-1.4", "save it as text first"),
        ("a.doc", b"\xd0\xcf", "save it as .docx"),
        ("a.xyz", b"x", "not a text that can be read"),
        ("a.txt", b"  \n\n ... \n", "holds no text"),
        ("a.txt", b"", "holds no text"),
        ("a.docx", b"PK no zip", "not a complete .docx"),
        ("a.odt", MISNAMED_ZIP, "not a complete .odt"),
        ("a.txt", "čćž šđ\n".encode("cp1250") * 5, "is not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path, name, content, said):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(CorpusError) as error:
        read_document(file)
    assert said in str(error.value) and str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_another_encoding_is_named(tmp_path):
    file = tmp_path / "a.txt"
    file.write_bytes("čćž\n".encode("cp1250"))
    assert lines(file, encoding="cp1250") == ["čćž"]


def test_an_office_file_with_an_entity_is_refused(tmp_path):
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><w:document xmlns:w="x"/>'
    with pytest.raises(CorpusError, match="entity"):
        read_document(zipped(tmp_path / "a.docx", "word/document.xml", bomb))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("MARKO KOVAČ: Hvala.", "MARKO KOVAČ"),
        ("Kovač, Marko (HDZ): Hvala.", None),
        ("Kovač (HDZ): Hvala.", "Kovač (HDZ)"),
        ("Dr. Ana Horvat: dobro", "Dr. Ana Horvat"),
        ("rekao je: dobro", None),
        ("12:30", None),
        ("To je bilo lijepo. Rekao je: dobro", None),
    ],
)
def test_names_before_lines(text, name):
    found = name_before(text)
    assert (found[0] if found else None) == name


def test_a_speaker_keeps_the_word_and_is_counted():
    made, counts = with_speakers(
        [Line(t, n) for n, t in enumerate(["ANA: Dobar dan.", "Kako ste?", "IVO: Dobro.", "ANA: Hvala."], 1)]
    )
    assert [line.speaker for line in made] == ["ANA", "ANA", "IVO", "ANA"]
    assert [line.text for line in made] == ["Dobar dan.", "Kako ste?", "Dobro.", "Hvala."]
    assert counts == {"ANA": 2, "IVO": 1}


def test_two_names_are_no_habit():
    given = [Line("Note: this.", 1), Line("Other: that.", 2), Line("text", 3)]
    assert with_speakers(given)[0] == given


def test_sentences():
    assert sentences("Dr. A. Horvat je rekao. Da! Što? 3. svibnja je.") == [
        "Dr. A. Horvat je rekao.",
        "Da!",
        "Što? 3. svibnja je.",
    ] or sentences("Dr. A. Horvat je rekao. Da! Što?") == ["Dr. A. Horvat je rekao.", "Da!", "Što?"]


def test_wrapped_lines_are_one_sentence():
    given = [
        Line("Ovo je duga rečenica koja", 1),
        Line("ide dalje.", 2),
        Line("", 3),
        Line("NASLOV", 4),
        Line("Druga.", 5),
    ]
    assert [unit.text for unit in units_of(given, True)] == [
        "Ovo je duga rečenica koja ide dalje.",
        "NASLOV",
        "Druga.",
    ]
    assert [unit.line for unit in units_of(given, True)] == [1, 4, 5]


def test_scripts_without_spaces_are_parted_by_character():
    unit = units_of([Line("今日は晴れ。", 1)], False)[0]
    assert "".join(unit.words) == "今日は晴れ。"
    assert len(unit.words) > 3
    assert unit.slice(0, 1) == unit.text[: unit.tokens[1].end]
