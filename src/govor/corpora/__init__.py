"""A corpus of any format becomes a corpus folder: one reader for each format, the same steps after it."""

from typing import TYPE_CHECKING, Any

from govor.corpora.folder import Corpus, CorpusInfo, CorpusWriter, duration_column

if TYPE_CHECKING:
    from govor.corpora.importing import import_corpus

__all__ = ["Corpus", "CorpusInfo", "CorpusWriter", "duration_column", "import_corpus"]


def __getattr__(name: str) -> Any:
    if name == "import_corpus":  # with it come the readers of all formats
        from govor.corpora.importing import import_corpus

        return import_corpus
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
