"""Data sets, models and Spaces go to the Hub: planned, shown, sent, compared.

``files`` says what belongs there, ``upload`` sends it, ``dataset``, ``model`` and ``space`` make it,
``cards`` describe it from measured facts alone, ``publishing`` joins them.
"""

from govor.publish.publishing import publish_dataset, publish_model, publish_space

__all__ = ["publish_dataset", "publish_model", "publish_space"]
