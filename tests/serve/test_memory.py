"""Many clients at once cost no lasting memory."""

import gc
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest
import soundfile as sf
from served import serving, wav_bytes
from test_api import post, until

from govor.serve.limits import ServeLimits


@pytest.mark.slow
def test_memory_is_flat_with_fifty_clients_at_once(speech_wav):
    samples, rate = sf.read(io.BytesIO(speech_wav), dtype="float32")
    minutes = wav_bytes(np.concatenate([samples] * 12), rate)  # more than what is kept in memory of an upload
    process = psutil.Process()

    def round_of_fifty(address, app):
        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda _: post(address, minutes), range(50)))
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) <= {200, 429} and statuses.count(200) >= 8
        until(lambda: not app.state.queue._running)
        gc.collect()
        return process.memory_info().rss

    with serving(limits=ServeLimits(max_queue=8)) as (address, app):
        first, *later = [round_of_fifty(address, app) for _ in range(4)]
        assert min(later[1:]) - first < 80e6, "an upload is 5 MB, a round of them 250 MB"
