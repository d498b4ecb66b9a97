"""How to serve."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from govor.config import TranscribeConfig
from govor.errors import UsageError
from govor.serve.hosts import require_host_name
from govor.serve.limits import ServeLimits

if TYPE_CHECKING:
    from govor.serve.second import SecondModel


@dataclass(frozen=True)
class ServeSettings:
    """How to serve.

    Attributes:
        host: address to listen on; only this machine unless told otherwise.
        port: port to listen on.
        api_keys: keys that open the API and the page; empty: no key is asked for.
        allowed_hosts: names besides its own under which a server without keys answers.
        limits: what a client may ask for.
        transcribe: how recordings are cut and decoded.
        device: where the models run.
        page: whether the web app is there beside the API.
        then: second text model of the page, or None.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    api_keys: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    limits: ServeLimits = field(default_factory=ServeLimits)
    transcribe: TranscribeConfig = field(default_factory=TranscribeConfig)
    device: str = "auto"
    page: bool = True
    then: SecondModel | None = None

    def __post_init__(self) -> None:
        for name in self.allowed_hosts:
            require_host_name(name)
        for key in self.api_keys:
            if not key or not key.isascii() or not key.isprintable() or " " in key:
                raise UsageError(
                    f"--api-key of {len(key)} characters: a key is plain characters without spaces, and not "
                    "empty, which would let everybody in"
                )
