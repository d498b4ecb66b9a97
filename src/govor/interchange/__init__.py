"""A corpus becomes files of other tools: ELAN, Praat, captions, Audacity, tables, Kaldi, NeMo, Lhotse."""

from govor.interchange.entry import FORMATS, CorpusExport, export_corpus

__all__ = ["FORMATS", "CorpusExport", "export_corpus"]
