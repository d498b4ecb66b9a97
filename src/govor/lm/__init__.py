"""Word n-gram models: estimated from train text, read from and written to ARPA, fused into CTC decoding."""

from govor.lm.settings import fusion_settings

__all__ = ["fusion_settings"]
