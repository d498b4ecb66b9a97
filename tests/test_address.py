"""govor's address is kept in pyproject.toml; every other place says the same, or none."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACES = ("README.md", "CITATION.cff", "mkdocs.yml", "Dockerfile", "docs/*.md", "notebooks/*.ipynb")
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Repository"]
NAMED = re.compile(r"(?:git\+)?https?://[\w./-]*govor[\w./-]*")


def addresses():
    for pattern in PLACES:
        for path in sorted(ROOT.glob(pattern)):
            for found in NAMED.findall(path.read_text(encoding="utf-8")):
                yield path.name, found.removeprefix("git+").removesuffix(".git").rstrip(".")


def test_every_place_has_the_one_address():
    found = list(addresses())
    assert {"README.md", "CITATION.cff"} <= {name for name, _ in found}
    assert {address for _, address in found if not address.startswith("https://huggingface.co")} == {ADDRESS}


def test_nothing_installs_a_package_of_that_name_from_an_index():
    """No index has govor, and anybody could register it. Findings add extras to the govor that is there."""
    from_index = re.compile(r"pip install(?: -\S+)* ['\"]?govor(?:\[[\w,]+\])?['\"]?(?! ?@)(?=\s|$)", re.M)
    for pattern in PLACES:
        told = {ROOT / "docs" / name for name in ("findings.md", "sentences.md")}
        for path in sorted({*ROOT.glob(pattern)} - told):
            wrong = from_index.search(path.read_text(encoding="utf-8"))
            assert not wrong, f"{path.name}: {wrong and wrong[0]}"


def test_govor_itself_never_says_to_fetch_it_from_an_index():
    """Extras are added to the govor that is there; "pip install -U govor" would fetch anybody's."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        wrong = re.search(r"pip install (-\S+ )*govor\b", path.read_text(encoding="utf-8"))
        assert not wrong, f"{path}: {wrong and wrong[0]}"
