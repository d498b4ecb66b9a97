"""Texts of all kinds as lines; speakers; sentences."""

import textwrap
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
        ("Kovač, Marko (HDZ): Hvala.", "Kovač, Marko (HDZ)"),
        ("Kovač (HDZ): Hvala.", "Kovač (HDZ)"),
        ("Dr. Ana Horvat: dobro", "Dr. Ana Horvat"),
        ("prof. dr. sc. Ana Horvat: dobro", "prof. dr. sc. Ana Horvat"),
        ("[00:12:30] ANA: dobro", "ANA"),
        ("ANA (00:12): dobro", "ANA"),
        ("- ANA:dobro", "ANA"),
        ("田中：こんにちは。", "田中"),
        ("12:30", None),
        ("10:30 pauza", None),
        ("http://govor.example", None),
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


RUN = "<w:r><w:t>{}</w:t></w:r>"
BOX = f"<w:txbxContent><w:p>{RUN.format('u okviru')}</w:p></w:txbxContent>"


def docx(path, body, part="word/document.xml"):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(
            part, f'<w:document xmlns:w="x" xmlns:mc="m" xmlns:v="v"><w:body>{body}</w:body></w:document>'
        )
        file.writestr(
            "_rels/.rels",
            f'<Relationships><Relationship Type="http://x/officeDocument" Target="{part}"/></Relationships>',
        )
    return path


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Moved text stands in the file twice.
        (
            f"<w:p><w:moveTo>{RUN.format('tu')}</w:moveTo></w:p><w:p><w:moveFrom>{RUN.format('tu')}</w:moveFrom></w:p>",
            ["tu"],
        ),
        # A box is there twice too: for new programs and for old ones; only old ones know the second kind.
        (
            f"<w:p>{RUN.format('prije ')}<mc:AlternateContent><mc:Choice>{BOX}</mc:Choice>"
            f"<mc:Fallback>{BOX}</mc:Fallback></mc:AlternateContent>{RUN.format('poslije')}</w:p>",
            ["prije poslije", "u okviru"],
        ),
        (
            f"<w:p>{RUN.format('prije')}<w:pict><v:textbox>{BOX}</v:textbox></w:pict></w:p>",
            ["prije", "u okviru"],
        ),
        (
            "<w:p><w:ruby><w:rt><w:r><w:t>kan</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r></w:rubyBase></w:ruby></w:p>",
            ["漢"],
        ),
        ("<w:p><w:r><w:t>jedan\nred</w:t></w:r></w:p>", ["jedan red"]),
    ],
)
def test_a_word_processors_text_is_read_once(tmp_path, body, expected):
    assert lines(docx(tmp_path / "a.docx", body)) == expected
    assert lines(docx(tmp_path / "b.docx", body, "word/document2.xml")) == expected


def test_what_an_odt_does_not_show_as_text(tmp_path):
    body = (
        "<text:p>prvi\nred<draw:frame><draw:text-box><text:p>u okviru</text:p></draw:text-box>"
        "<svg:title>slika</svg:title><svg:desc>opis</svg:desc></draw:frame> dalje "
        "<text:title>Knjiga</text:title></text:p><text:alphabetical-index><text:p>kazalo</text:p></text:alphabetical-index>"
    )
    content = f'<o:d xmlns:o="o" xmlns:text="t" xmlns:draw="d" xmlns:svg="s">{body}</o:d>'
    odt = zipped(tmp_path / "a.odt", "content.xml", content)
    assert lines(odt) == ["prvi red dalje Knjiga", "u okviru"]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<html><head><title>no</title><p>open head<p>second", ["open head", "second"]),
        (b"<title>no</title><p>one", ["one"]),
        (b"<p hidden>no<p>yes<div style='display: none'>no<div>no</div>no</div>too", ["yes", "too"]),
        (b"<ul><li hidden>no</ul>yes", ["yes"]),
        (b"<p hidden>no<br>no<h1>yes</h1>", ["yes"]),
        (b"<p>one<![- x -->two<![if !lists]>three<![endif]><![CDATA[x]]>four", ["onetwothreefour"]),
        ("<ruby>漢<rp>(<rt>kan<rp>)</ruby>字".encode(), ["漢字"]),
        (b"<pre>ANA: one\nIVO: two</pre>three\nfour", ["ANA: one", "IVO: two", "three four"]),
        (b'<meta charset="iso-8859-1"><p>\x93q\x94 \xe9', ["\u201cq\u201d é"]),
        ('\ufeff<meta charset="windows-1252"><p>č'.encode(), ["č"]),
        ('<meta charset="utf-16"><p>č'.encode(), ["č"]),
    ],
)
def test_pages_as_a_browser_shows_them(tmp_path, page, expected):
    (tmp_path / "a.html").write_bytes(page)
    assert lines(tmp_path / "a.html") == expected


def test_the_encoding_that_is_asked_for_goes_before_the_pages_own(tmp_path):
    (tmp_path / "a.html").write_bytes('<meta charset="iso-8859-2"><p>š'.encode("cp1250"))
    assert lines(tmp_path / "a.html", encoding="cp1250") == ["š"]


def test_captions_whose_times_cannot_be_read_keep_their_text(tmp_path):
    (tmp_path / "a.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,000\nprvi\n\n2\n00:61:00,000 --> 00:62:00,000\ndrugi\n\n"
        "3\n1:2:3:4 --> 5\ntreći\n"
    )
    assert lines(tmp_path / "a.srt") == ["prvi", "drugi", "treći"]


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        ("ANA: Da.\nIVO: Ne.\nNote: once.\nANA: x.\n10:30 pauza\nArt. 5: tekst", {"ANA": 2, "IVO": 1}),
        ("Ana: Da.\nIvo: Ne.\nNote: hm\nAna: ok\nIvo: da\nplain", {"Ana": 2, "Ivo": 2}),
        ("Ana: Da.\nIvo: Ne.\nAna: ok", {"Ana": 2, "Ivo": 1}),
        ("\n".join(f"Art. {n}: tekst" for n in range(5, 15)), {}),
        ("Datum: danas\nMjesto: Zagreb\nTema: x\nKraj: 12\nPrisutni: svi\nIsprike: nitko", {}),
        ("Kovač, Marko: a\nKovač, Marko: b\nKovač, Marko: c\nx", {"Kovač, Marko": 3}),
        ("Kovač, Marko: a\nKovač, Marko: b\nx", {}),
        ("Speaker 1: a\nSpeaker 2: b\nSpeaker 1: c\nx", {"Speaker 1": 2, "Speaker 2": 1}),
        ("Ana Horvat: a\nIvo Perić: b\nAna Horvat: c\nZaključak: d\nx", {"Ana Horvat": 2, "Ivo Perić": 1}),
        ("— Dobar dan — reče: dođi.\n— Dobar: dan.\n— Da", {}),
    ],
)
def test_what_is_a_speaker(text, speakers):
    assert with_speakers([Line(t, n) for n, t in enumerate(text.split("\n"), 1)])[1] == speakers


def units(text):
    made, _ = with_speakers([Line(t, n) for n, t in enumerate(text.split("\n"), 1)])
    return [unit.text for unit in units_of(made, True)]


def test_words_that_are_parted_at_the_end_of_a_line_are_whole():
    assert units("Ovo je obra-\nzovanje i hrvatsko-\nsrpski rječnik.\nSlično hrvatsko-srpski sporazum.") == [
        "Ovo je obrazovanje i hrvatsko-srpski rječnik.",
        "Slično hrvatsko-srpski sporazum.",
    ]
    assert units("Meko\u00ad\nspojeno, in-\noch utgångar, kraj -\noznaka") == [
        "Mekospojeno, in- och utgångar, kraj - oznaka"
    ]


def test_items_of_a_list_and_turns_of_one_speaker_are_not_joined():
    assert units("• prva stavka\n• druga stavka\n- Treća stavka\n- Četvrta stavka") == [
        "• prva stavka",
        "• druga stavka",
        "- Treća stavka",
        "- Četvrta stavka",
    ]
    assert units("ANA: prvo\nANA: drugo\nANA: treće\ni dalje") == ["prvo", "drugo", "treće i dalje"]


def test_a_number_is_one_word_with_what_is_read_with_it():
    unit = units_of([Line("Od 12 500 € je 3,5 % ili 50 km, a 3. 5. 2020. u 10:30 § 5 i 20 ljudi.", 1)], False)
    assert [word for one in unit for word in one.words] == (
        [
            "Od",
            "12 500 €",
            "je",
            "3,5 %",
            "ili",
            "50 km,",
            "a",
            "3. 5. 2020.",
            "u",
            "10:30",
            "§ 5",
            "i",
            "20",
            "ljudi.",
        ]
    )


def test_lines_without_marks_are_joined_only_where_a_text_is_cut_at_a_width():
    sentences_a_line = [
        "السلام عليكم",
        "هذا نص طويل فيه كلمات كثيرة جدا يقرؤها أحد",
        "شكرا جزيلا لكم",
        "نعم",
        "إلى اللقاء غدا",
    ]
    assert units("\n".join(sentences_a_line)) == sentences_a_line
    words = "هذا نص طويل فيه كلمات كثيرة جدا يقرؤها أحد الناس في قاعة كبيرة من قاعات المدينة القديمة"
    assert units("\n".join(textwrap.wrap(words, 30))) == [words]
    assert units("NASLOV\nJEDNA REČENICA NA REDU\nI DRUGA KOJA JE MNOGO DULJA OD PRVE\nDA") == [
        "NASLOV",
        "JEDNA REČENICA NA REDU",
        "I DRUGA KOJA JE MNOGO DULJA OD PRVE",
        "DA",
    ]
