"""Who reviews: by name where only this machine can ask, else by a key that each has of their own."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from govor.review.settings import require_name
from govor.store import read_record, write_json

KEYS = "reviewers.json"
KEY_BYTES = 18
WRONG_KEY_S = 0.5
"""How long a wrong key waits for its answer."""


@dataclass(frozen=True)
class Reviewers:
    """Names by keys; empty: whoever asks gives a name.

    Attributes:
        keys: key by name.
    """

    keys: Mapping[str, str]

    @classmethod
    def of(cls, names: Sequence[str], folder: Path) -> Reviewers:
        """Reviewers of these names; keys are kept in the folder, so that links stay as they are."""
        path = folder / KEYS
        names = [require_name(name) for name in names]
        if not names:
            return cls({})
        known = dict(read_record(path, dict[str, str])) if path.exists() else {}
        keys = {name: known.get(name) or secrets.token_urlsafe(KEY_BYTES) for name in names}
        if keys.keys() - known.keys():
            write_json(path, {**known, **keys})
            path.chmod(0o600)
        return cls(keys)

    def link(self, name: str, address: str) -> str:
        """What one reviewer opens; browsers never send what stands behind ``#``."""
        return f"{address}#key={quote(self.keys[name])}"

    def named(self, name: str, authorization: str) -> str | None:
        """Who asks, or None: the key is nobody's.

        Args:
            name: the header X-Reviewer.
            authorization: the header of that name.

        Raises:
            UsageError: no name where one is needed.
        """
        if not self.keys:
            return require_name(unquote(name))
        given = authorization.removeprefix("Bearer ").strip().encode()
        found = [one for one, key in self.keys.items() if hmac.compare_digest(key.encode(), given)]
        if not found:
            time.sleep(WRONG_KEY_S)
        return found[0] if found else None
