"""Any corpus on disk to a corpus folder: one reader a format, one way behind them."""

from govor.corpora.folder import Corpus, CorpusInfo, CorpusWriter, duration_column
from govor.corpora.importing import import_corpus

__all__ = ["Corpus", "CorpusInfo", "CorpusWriter", "duration_column", "import_corpus"]
