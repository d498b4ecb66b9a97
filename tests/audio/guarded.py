"""What tests of guarded children share."""

import pytest

from govor.audio.guard import WorkerLostError


def code_of(worker, *call):
    """Why the child was lost at a call."""
    with pytest.raises(WorkerLostError) as caught:
        worker.call(*call)
    return caught.value.code
