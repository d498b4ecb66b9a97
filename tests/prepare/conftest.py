"""Corpora for preparation, and faults in its workers."""

import os
import textwrap

import pytest

from prepare_helpers import noise_corpus


@pytest.fixture(scope="session")
def noise(tmp_path_factory):
    """Corpus of six minutes of noise; do not write into it."""
    return noise_corpus(tmp_path_factory.mktemp("noise"))


@pytest.fixture
def in_workers(tmp_path, monkeypatch):
    """Runs code at the start of every worker process: faults that only a test can order."""

    def install(code: str) -> None:
        folder = tmp_path / "site"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(textwrap.dedent(code))
        monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)

    return install
