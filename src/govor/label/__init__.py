"""Recordings without texts become a corpus whose texts a model wrote.

recording -> segments cut at pauses -> language (voted on) -> text, and a second one -> measures -> rejections
-> corpus folder. The column ``text_source`` says that nobody has looked at these texts.

Methods read before: Kahn, Lee, Hannun, "Self-training for end-to-end speech recognition" (2020; filters for
loops and stopping early, ensembles); Park et al., "Improved noisy student training" (2020; shares kept by
confidence); Gandhi et al., "Distil-Whisper" (2023; agreement of two texts as the filter); Barański et al.,
"Investigation of Whisper ASR hallucinations" (2025; stock phrases).
"""

from govor.label.entry import label_recordings

__all__ = ["label_recordings"]
