"""URLs whose library is not installed: one sentence, with the extra that pyproject.toml has for it."""

import re
import tomllib
from pathlib import Path

import fsspec
import pytest

from govor.errors import MissingExtraError
from govor.filesystems import BRINGS, file_system

EXTRAS = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"][
    "optional-dependencies"
]


@pytest.mark.parametrize("protocol", BRINGS)
def test_what_a_url_needs_is_brought_by_the_extra_that_is_named(protocol, monkeypatch):
    def absent(url):
        raise ImportError("Install what reaches it")

    monkeypatch.setattr(fsspec.core, "url_to_fs", absent)
    with pytest.raises(MissingExtraError) as raised:
        file_system(f"{protocol}://lab/x")
    package, extra = BRINGS[protocol]
    assert f"needs {package}," in str(raised.value) and f"govor[{extra}]" in str(raised.value)
    assert package in {re.split("[<>=[]", line)[0].replace("_", "-") for line in EXTRAS[extra]}


def test_a_local_path_and_an_unknown_protocol(tmp_path):
    assert file_system(str(tmp_path))[1] == str(tmp_path)
    with pytest.raises(ValueError, match="nonsense"):
        file_system("nonsense://x")
