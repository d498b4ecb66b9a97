"""Recordings and texts that nobody aligned become a corpus.

documents (lines of a text) -> units (sentences) -> letters; recordings -> hypotheses -> letters; letters of
both sides are matched (`matching`), units are placed by what they match (`placing`), boundaries are refined
in the sound (`refining`), and what comes out is a corpus folder as ``govor import`` writes it.

Methods read before: Kaldi's ``segment_long_utterances`` (anchors, then dynamic programming between them),
SailAlign (anchors in rounds), the alignment of ParlaSpeech (characters instead of words, a recogniser of a
related language), Pratap et al., "Scaling speech technology to 1,000+ languages" (2023; the star token).
"""

from govor.align.entry import align_recordings

__all__ = ["align_recordings"]
