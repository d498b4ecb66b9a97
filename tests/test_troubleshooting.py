"""Symptoms on the page are sentences that govor prints, and what it prints has a page."""

import importlib.util
import re
from pathlib import Path

import pytest

from govor.findings import codes

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
SYMPTOMS = [row for row in ROWS if row[0] != "you see"]
GENERATED = {"cli.md", "recipes.md", "results.md", "sentences.md"}


@pytest.fixture(scope="module")
def sentences():
    found = importlib.util.spec_from_file_location("sentences", DOCS / "sentences.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def printed(sentences):
    """Every string of the source, with … for what is put in, and the table of findings."""
    return "\n".join([*sentences.strings(), (sentences.SOURCE / "codes.toml").read_text(encoding="utf-8")])


def pattern(symptom):
    parts = [re.escape(part.strip()) for part in symptom.split("…")]
    return re.compile(".*".join(part for part in parts if part))


@pytest.mark.parametrize("row", SYMPTOMS, ids=lambda row: row[0][:40])
def test_a_symptom_is_printed_and_its_page_is_there(row, printed):
    symptom, meaning, link = row
    for shown in re.findall(r"`([^`]+)`", symptom):
        assert pattern(shown).search(printed), f"govor prints no {shown!r}"
    page, _, anchor = re.search(r"\((.+?)\)", link)[1].partition("#")
    assert meaning and (page in GENERATED or (DOCS / page).exists())
    if anchor:
        headings = re.findall(r"^#+ (.+)$", (DOCS / page).read_text(encoding="utf-8"), re.M)
        assert anchor in {re.sub(r"[^\w]+", "-", heading.lower()).strip("-") for heading in headings}


def test_every_code_has_its_remedy_on_the_page_of_findings():
    listed = (DOCS / "findings.md").read_text(encoding="utf-8")
    assert [code for code in codes() if f"`{code}`" not in listed] == []


def test_every_package_that_says_something_has_a_page(sentences):
    for page in {*sentences.PAGES.values(), sentences.EVERYWHERE}:
        assert page in GENERATED or (DOCS / page).exists(), page
    saying = {where for where, _ in sentences.sentences()}
    assert len(saying) > 15
    packages = {path.name for path in sentences.SOURCE.iterdir() if (path / "__init__.py").exists()}
    assert packages - {*sentences.PAGES} <= {"pages"}


def test_known_sentences_are_on_the_page_of_sentences(sentences):
    page = sentences.page()
    assert "` … is not a prepared data set (no data/<split>-….parquet): run govor prepare `" in page
    assert "## Publish" in page and "[The page](publish.md)" in page
