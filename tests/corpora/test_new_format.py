"""The page on adding a format is tried: its reader is taken from the page and run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from corpus_sources import Imported, touch_audio, write_text

from govor.corpora import registry
from govor.corpora.reader import Reader

PAGE = Path(__file__).parents[2] / "docs" / "corpus-formats.md"


def test_the_reader_on_the_page_works(
    tmp_path: Path, imported: Callable[..., Imported], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert code is not None
    lab = ModuleType("lab")
    exec(code.group(1), lab.__dict__)
    reader = Reader(lab.NAME, lab.NEEDS, lab.recognise, lab.read, lab.SETTINGS)
    monkeypatch.setattr(registry, "READERS", (reader, *registry.READERS))
    touch_audio(tmp_path / "razgovor.wav", seconds=4)
    write_text(tmp_path / "index.psv", "razgovor|0.5|2|Dobar dan.\nrazgovor|3|2.5|Krivo.\n")
    got = imported(tmp_path)
    assert got.summary["format"] == "lab"
    assert got.rows.select("id", "audio", "start", "end", "text").rows() == [
        ("razgovor_0.50-2.00", "razgovor.wav", 0.5, 2.0, "Dobar dan.")
    ]
    assert list(got.reasons.values()) == ["times_swapped"]


def test_every_reader_says_what_it_needs_and_has_a_line_in_the_page() -> None:
    page = (PAGE.parent / "import.md").read_text(encoding="utf-8")
    for reader in registry.READERS:
        assert reader.needs
        assert f"| `{reader.name}` |" in page
