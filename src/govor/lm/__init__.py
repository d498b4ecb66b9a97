"""Word n-gram models: estimated from train text, read and written as ARPA, used in CTC decoding."""

from govor.lm.settings import fusion_settings

__all__ = ["fusion_settings"]
