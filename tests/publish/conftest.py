"""A fake Hub that the real client talks to, and a folder to publish."""

import pytest
from publish_folder import make_folder

from fake_hub import TOKEN, running


@pytest.fixture
def hub(tmp_path_factory, monkeypatch):
    """The fake Hub; the client in this process is pointed at it."""
    with running(tmp_path_factory.mktemp("hub")) as (hub, url):
        hub.url = url
        hub.environment = {
            "HF_ENDPOINT": url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_TOKEN": TOKEN,
            "HF_HUB_OFFLINE": "0",
            "HF_HOME": str(tmp_path_factory.mktemp("hf-home")),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        }
        for key, value in hub.environment.items():
            monkeypatch.setenv(key, value)
        _point_client(monkeypatch, url)
        yield hub


def _point_client(monkeypatch, url):
    """The client reads its settings when it is imported: change what it has read."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    from huggingface_hub import HfApi

    original = HfApi.__init__
    monkeypatch.setattr(
        HfApi, "__init__", lambda self, endpoint=None, **kw: original(self, endpoint=endpoint or url, **kw)
    )


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path / "dataset")
