import csv
import datetime
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from govor.config import SelectConfig
from govor.curate import review_corpus, sample_corpus, select_corpus
from govor.curate.sheet import neutral, read_sheet, restored
from govor.curate.verdicts import read_verdicts
from govor.errors import CorpusError, UsageError

EVIL = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "'=1",
    "'tis",
    "http://x.y/?a=1",
    "=1;2,3",
]


@given(st.text())
def test_neutral_is_undone_exactly(text: str) -> None:
    assert restored(neutral(text)) == text
    assert not neutral(text).startswith(("=", "+", "-", "@", "\t", "\r", "\0"))


@pytest.fixture
def corpus(make_corpus: Any, tmp_path: Path) -> Path:
    samples = (np.arange(64_000) % 100 / 200).astype(np.float32)
    sf.write(tmp_path / "a.wav", samples, 16_000)
    rows = [
        {
            "id": f"u{i}",
            "audio": "a.wav",
            "start": i / 20,
            "end": i / 20 + 1,
            "duration": 1.0,
            "asr": "da",
            "text": t,
        }
        for i, t in enumerate([*EVIL, "obični tekst", "još jedan"])
    ]
    return make_corpus(rows, notes={"second_transcript": "asr"})


def fill(sheet: Path, cells: dict[str, tuple[str | None, str | None]]) -> None:
    """Writes verdict and corrected text of some ids into a sheet, as a person would."""
    book = load_workbook(sheet)
    page = book.active
    names = [cell.value for cell in page[1]]
    for row in page.iter_rows(min_row=2):
        verdict, corrected = cells.get(row[names.index("id")].value, (None, None))
        row[names.index("verdict")].value = verdict
        row[names.index("corrected")].value = corrected
    book.save(sheet)


def test_sheet_round_trip(corpus: Path, tmp_path: Path, table: Any, rejected: Any) -> None:
    sheet = tmp_path / "review.xlsx"
    summary = sample_corpus(corpus, sheet, 12)
    assert summary["sampled"] == summary["clips"] == 12
    fill(
        sheet,
        {
            "u0": ("drop", None),
            "u1": ("Keep ", None),
            "u2": ("correct", "ispravljeno"),
            "u3": (None, "i ovo"),
        },
    )
    made = review_corpus(corpus, sheet, tmp_path / "reviewed")
    assert (made["read"], made["kept"], made["rejected"]) == (13, 11, 2)
    assert made["verdicts"] == {"drop": 1, "keep": 1, "correct": 2}
    assert rejected(tmp_path / "reviewed")["u0"] == "dropped_by_review"
    found = {row["id"]: row for row in table(tmp_path / "reviewed").iter_rows(named=True)}
    assert (found["u2"]["text"], found["u2"]["text_before"]) == ("ispravljeno", EVIL[2])
    assert found["u3"]["text"] == "i ovo"
    assert (found["u1"]["text"], found["u1"]["verdict"]) == (EVIL[1], "keep")
    assert (found["u4"]["text"], found["u4"]["verdict"]) == (EVIL[4], None)


def test_a_sample_favours_no_split(make_corpus: Any, tmp_path: Path) -> None:
    sf.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    corpus = make_corpus([{"audio": "a.wav", "speaker": f"s{i}"} for i in range(200)])
    config = SelectConfig(dev=20, test=20, group_by=("speaker",))
    select_corpus(corpus, tmp_path / "selected", config)
    sample_corpus(tmp_path / "selected", tmp_path / "review.csv", 40)
    splits = [row["split"] for row in read_sheet(tmp_path / "review.csv")]
    assert splits.count("test") < 10 and splits.count("dev") < 10 and splits.count("train") > 25


def test_no_cell_is_a_formula_or_a_link(corpus: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "review.xlsx"
    sample_corpus(corpus, sheet, 12)
    with zipfile.ZipFile(sheet) as archive:
        page = archive.read("xl/worksheets/sheet1.xml").decode()
        links = archive.read("xl/worksheets/_rels/sheet1.xml.rels").decode()
    assert "<f>" not in page
    assert page.count("<hyperlink ") == 12
    assert "http://x.y" not in links
    assert 'sqref="C2:C13"' in page
    assert "keep,drop,correct,unsure" in page
    texts = {row["text"] for row in read_sheet(sheet)}
    assert {text for text in EVIL if text.isprintable()} <= texts


def test_csv_is_neutral_and_comes_back(corpus: Path, tmp_path: Path, table: Any) -> None:
    sheet = tmp_path / "review.csv"
    sample_corpus(corpus, sheet, 12)
    rows = list(csv.DictReader(sheet.open(encoding="utf-8-sig", newline="")))
    assert not [row for row in rows if (row["text"] or "x")[0] in "=+-@\t\r"]
    assert {row["text"] for row in read_sheet(sheet)} == {*EVIL, "obični tekst", "još jedan"}
    for row in rows:
        row["verdict"] = "correct" if row["id"] == "u5" else ""
        row["corrected"] = "'=popravak" if row["id"] == "u5" else ""
    with sheet.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    review_corpus(corpus, sheet, tmp_path / "reviewed")
    assert table(tmp_path / "reviewed").filter(pl.col("id") == "u5")["text"].to_list() == ["=popravak"]


def test_clips_are_the_spans(corpus: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "review.xlsx"
    sample_corpus(corpus, sheet, 3)
    page = load_workbook(sheet).active
    names = [cell.value for cell in page[1]]
    for row in page.iter_rows(min_row=2):
        target = row[names.index("clip")].hyperlink.target
        samples, rate = sf.read(tmp_path / target, dtype="float32")
        whole, _ = sf.read(tmp_path / "a.wav", dtype="float32")
        first = round(row[names.index("start")].value * 16_000)
        assert rate == 16_000
        np.testing.assert_allclose(samples, whole[first : first + 16_000], atol=1e-4)


def test_sampled_are_remembered_and_excludable(corpus: Path, tmp_path: Path, table: Any) -> None:
    def ids(sheet: Path) -> list[str]:
        return [row["id"] for row in read_sheet(sheet)]

    sample_corpus(corpus, tmp_path / "one.xlsx", 5, seed=1)
    first = ids(tmp_path / "one.xlsx")
    sample_corpus(corpus, tmp_path / "two.xlsx", 5, seed=1)
    assert not set(first) & set(ids(tmp_path / "two.xlsx"))
    sample_corpus(corpus, tmp_path / "one.xlsx", 5, seed=1)
    assert ids(tmp_path / "one.xlsx") == first
    select_corpus(corpus, tmp_path / "selected", SelectConfig(exclude_sampled=True))
    assert table(tmp_path / "selected").height == 2
    select_corpus(corpus, tmp_path / "all", SelectConfig())
    select_corpus(tmp_path / "all", tmp_path / "later", SelectConfig(exclude_sampled=True))
    assert table(tmp_path / "later").height == 2
    select_corpus(corpus, tmp_path / "listed", SelectConfig(exclude=(str(tmp_path / "one.xlsx"),)))
    assert not set(first) & set(table(tmp_path / "listed")["id"])


def test_sample_does_not_depend_on_rows(make_corpus: Any, tmp_path: Path) -> None:
    rows = [{"id": f"x{i}"} for i in range(50)]
    sample_corpus(make_corpus(rows), tmp_path / "a.csv", 9)
    sample_corpus(make_corpus(rows[::-1], "backwards"), tmp_path / "b.csv", 9)
    assert [r["id"] for r in read_sheet(tmp_path / "a.csv")] == [
        r["id"] for r in read_sheet(tmp_path / "b.csv")
    ]


def test_unreadable_audio_is_said_in_the_sheet(make_corpus: Any, tmp_path: Path) -> None:
    summary = sample_corpus(make_corpus([{}]), tmp_path / "a.xlsx", 4)
    assert (summary["sampled"], summary["clips"]) == (1, 0)
    assert "there is no such file" in read_sheet(tmp_path / "a.xlsx")[0]["clip"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,text\nu1,da\n", "has no column verdict"),
        ("id,verdict,corrected\nu1,,\n", "holds no verdict yet"),
        (
            "id,verdict,corrected\nu1,,\nu2,perhaps,\n",
            r"row 3: the verdict .perhaps. is not one of keep",
        ),
        ("id,verdict,corrected\nu1,correct,\n", r"row 2: the verdict is correct, but"),
        ("id,verdict,corrected\n,keep,\n", r"row 2: a verdict without an id"),
        ("id,verdict,corrected\n\nu1,keep,\n,,\nu2,perhaps,\n", r"row 5: the verdict .perhaps."),
        (
            "id,verdict,corrected,text\nu1,keep,da,ne\n",
            r"row 2: the verdict is keep, but there is a corrected",
        ),
        ("", "is empty"),
    ],
)
def test_faulty_sheets_name_the_row(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "sheet.csv").write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_verdicts(tmp_path / "sheet.csv")


@pytest.mark.parametrize(
    "data",
    [
        "id\tverdict\nu1\tkeep\n".encode("utf-16"),
        b"sep=;\r\nid;verdict\r\nu1;keep\r\n",
        b'\xef\xbb\xbf"verdict";"id"\r\n"Keep ";"u1"\r\n',
    ],
)
def test_sheets_as_programs_save_them(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_bytes(data)
    assert [(name, verdict.verdict) for name, verdict in read_verdicts(tmp_path / "sheet.csv")] == [
        ("u1", "keep")
    ]


def test_measures_of_a_text_go_with_it(make_corpus: Any, tmp_path: Path, table: Any) -> None:
    corpus = make_corpus([{"cer": 0.1, "log_probability": -0.2, "similarity": 0.9}] * 2)
    (tmp_path / "sheet.csv").write_text("id,verdict,corrected\nu0,correct,nešto\nu1,keep,\n")
    review_corpus(corpus, tmp_path / "sheet.csv", tmp_path / "reviewed")
    measures = table(tmp_path / "reviewed").select("cer", "log_probability", "similarity").rows()
    assert measures == [(None, None, None), (0.1, -0.2, 0.9)]


def test_what_people_type_stays_text(corpus: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "review.xlsx"
    sample_corpus(corpus, sheet, 12)
    names = [cell.value for cell in load_workbook(sheet).active[1]]
    formats = {name: load_workbook(sheet).active.cell(3, n).number_format for n, name in enumerate(names, 1)}
    assert formats["corrected"] == formats["comment"] == "@"
    fill(sheet, {"u1": ("correct", datetime.date(2026, 5, 3))})
    with pytest.raises(CorpusError, match=r"row \d+: the spreadsheet made a date"):
        read_verdicts(sheet)


def test_texts_that_were_changed_in_their_own_column_are_told(
    corpus: Path, tmp_path: Path, capsys: Any
) -> None:
    sheet = tmp_path / "review.csv"
    sample_corpus(corpus, sheet, 12)
    rows = read_sheet(sheet)
    told = {row["id"]: row for row in rows}
    lines = [(name, "keep", told[name]["text"]) for name in ("u1", "u3")] + [("u2", "keep", "nešto drugo")]
    with sheet.open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows([("id", "verdict", "text"), *lines])
    review_corpus(corpus, sheet, tmp_path / "reviewed")
    assert "in 1 row of" in (said := capsys.readouterr().err) and "(row 4)" in said


def test_other_files_than_sheets(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "sheet.xlsx").write_bytes(b"PK nothing")
    with pytest.raises(CorpusError, match="cannot be read as"):
        read_verdicts(tmp_path / "sheet.xlsx")
    (tmp_path / "latin.csv").write_bytes("id,verdict\nčć,keep".encode("cp1250"))
    with pytest.raises(CorpusError, match="is not UTF-8"):
        read_verdicts(tmp_path / "latin.csv")
    with pytest.raises(CorpusError, match="does not exist"):
        read_verdicts(tmp_path / "none.csv")
    with pytest.raises(UsageError, match=r"neither \.xlsx nor \.csv"):
        sample_corpus(corpus, tmp_path / "sheet.ods", 3)
    with pytest.raises(UsageError, match="--n 0"):
        sample_corpus(corpus, tmp_path / "sheet.csv", 0)
