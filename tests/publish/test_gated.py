"""A gated base model: one sentence with the page to accept its conditions on."""

import os
import subprocess
import sys

import pytest

CHILD = """
from govor.errors import ModelError
from govor.models import open_model
try:
    open_model("lab/secret", device="cpu")
except ModelError as error:
    print(error)
"""


@pytest.mark.slow
def test_the_page_to_accept_on_is_named(hub):
    hub.create("models", "lab/secret", private=False)
    hub.faults.gated.add("lab/secret")
    environment = {**os.environ, **hub.environment}
    command = [sys.executable, "-c", CHILD]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "lab/secret is gated: accept its conditions at" in ran.stdout, ran.stderr[-1500:]
