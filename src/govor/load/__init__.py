"""Shards become clips and batches: any clip by (split, row), any epoch in its exact order."""

from govor.load.dataset import Dataset
from govor.load.loader import ClipAugmenter, ClipWork, LoadedClip, Loader
from govor.load.order import epoch_batches, padding_share

__all__ = ["ClipAugmenter", "ClipWork", "Dataset", "LoadedClip", "Loader", "epoch_batches", "padding_share"]
