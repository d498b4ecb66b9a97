"""Children that are started in both ways."""

import sys

import pytest

from govor.audio.fork_server import ForkServer
from govor.audio.guard import interpreter


@pytest.fixture
def server():
    """What forks children."""
    with ForkServer() as one:
        yield one


@pytest.fixture(
    params=[
        "spawned",
        pytest.param(
            "forked",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the fork server"),
        ),
    ]
)
def start(request):
    """How a child is started."""
    return interpreter if request.param == "spawned" else request.getfixturevalue("server").start
