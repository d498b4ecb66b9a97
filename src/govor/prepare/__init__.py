"""A corpus becomes a data set: decode each recording once, cut, encode, write shards that appear whole.

    plan (pure) -> tasks -> worker processes -> shards, each atomic -> index last

`prepare_corpus` does it, `projected` tells what it will take. Names are imported when they are used: worker
processes need only `govor.prepare.work`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from govor.prepare.projection import Projection, projected
    from govor.prepare.run import prepare_corpus

__all__ = ["Projection", "prepare_corpus", "projected"]


def __getattr__(name: str) -> Any:
    if name == "prepare_corpus":
        from govor.prepare.run import prepare_corpus

        return prepare_corpus
    if name in ("Projection", "projected"):
        from govor.prepare import projection

        return getattr(projection, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
