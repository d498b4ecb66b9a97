"""A server of stubs in a thread, and real speech to send."""

import numpy as np
import pytest
from served import serving, wav_bytes

from govor.espeak import synthesise


@pytest.fixture(scope="session")
def speech_wav():
    """About ten seconds of sentences with pauses, as a WAV file's bytes."""
    pieces, pause = [], np.zeros(22_050, np.float32)
    for text in ("dobar dan svima", "danas je lijep dan", "govorimo o jeziku", "hvala lijepa"):
        pieces += [synthesise(text, "hr", 150).samples, pause]
    return wav_bytes(np.concatenate(pieces), 22_050)


@pytest.fixture
def server():
    """Address and application of a server with one stub."""
    with serving() as (address, app):
        yield address, app
