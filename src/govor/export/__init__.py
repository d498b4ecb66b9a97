"""Models become files for other engines, each compared with the model before it counts.

``transformers`` is the plain model with LoRA merged in; ``ctranslate2`` runs in faster-whisper; ``onnx`` runs
in onnxruntime. An exported folder opens with `govor.models.open_model` like any other model.
"""

from govor.export.entry import export_model

__all__ = ["export_model"]
