"""Names that say nothing: keyed hashes, the same for the same name, not to be turned back without the key."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

KEY_FILE = ".pseudonym-key"
KEY_BYTES = 32
HASH_DIGITS = 16


class Pseudonyms:
    """Replaces names by HMAC-SHA-256 with a secret key (RFC 2104).

    Args:
        key: the secret; two data sets made with the same key can be joined, others cannot.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def beside(cls, folder: Path) -> Pseudonyms:
        """Takes the key that lies in `folder` (its owner alone can read it), or makes one."""
        path = folder / KEY_FILE
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
        return cls(path.read_bytes())

    def of(self, kind: str, name: str) -> str:
        """The pseudonym of `name`; the same name as speaker and as recording has two."""
        digest = hmac.new(self._key, f"{kind}\0{name}".encode("utf-8", "surrogatepass"), hashlib.sha256)
        return digest.hexdigest()[:HASH_DIGITS]

    def column(self, kind: str, names: Iterable[str | None]) -> list[str | None]:
        """Pseudonyms of a column; null stays null."""
        known: dict[str, str] = {}
        return [None if name is None else known.setdefault(name, self.of(kind, name)) for name in names]
