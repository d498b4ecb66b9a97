"""govor: from recordings and transcripts to a served speech recogniser, on the machine you have.

An utterance travels recording -> utterance -> clip -> example -> batch -> hypothesis -> score; the
packages stand in that order: corpora, curate, prepare, load, models, train, evaluate, transcribe,
export, serve, publish.
"""

__version__ = "0.1.0"
