"""A Space: small, complete, and serving as it is."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from govor.errors import InputError
from govor.publish import publish_space
from govor.publish.space import write_space


def test_its_files_name_the_model_the_licence_and_the_decoding(tmp_path):
    decoding = {"beam_size": 4, "chunk": 20.0, "stride": 2.0}
    plan = write_space(tmp_path / "space", model="lab/hr", license="cc0-1.0", decoding=decoding)
    assert {file.name for file in plan.all} == {"app.py", "requirements.txt", "README.md"}
    app = (tmp_path / "space" / "app.py").read_text()
    assert "beam_size=4, chunk=20.0, stride=2.0" in app and "'lab/hr'" in app
    compile(app, "app.py", "exec")
    readme = (tmp_path / "space" / "README.md").read_text()
    assert "sdk: gradio" in readme and "- lab/hr" in readme and "license: cc0-1.0" in readme
    assert (tmp_path / "space" / "requirements.txt").read_text() == "govor[serve]\n"


@pytest.mark.parametrize("package", ["git+https://example.org/govor.git", "WHEEL"])
def test_it_works_before_any_release(tmp_path, package):
    if package == "WHEEL":
        package = str(tmp_path / "govor-0.1.0-py3-none-any.whl")
        Path(package).write_bytes(b"PK")
    plan = write_space(tmp_path / "space", model="lab/hr", license="cc0-1.0", package=package)
    requirement = (tmp_path / "space" / "requirements.txt").read_text()
    assert requirement.startswith("govor[serve] @ ")
    assert any(file.name.endswith(".whl") for file in plan.all) == package.endswith(".whl")


def test_a_missing_wheel_is_named(tmp_path):
    with pytest.raises(InputError, match="does not exist: build it with pip wheel"):
        write_space(tmp_path, model="lab/hr", license="cc0-1.0", package="dist/govor.whl")


def test_it_is_published_as_a_space(hub):
    summary = publish_space("lab/hr", "tester/demo", "cc0-1.0")
    assert summary["verified"] and summary["files"] == 3
    assert {entry["path"] for entry in hub.tree("spaces", "tester/demo")} == {
        "app.py", "requirements.txt", "README.md",
    }  # fmt: skip


@pytest.mark.browser
def test_the_folder_serves_as_it_is(tmp_path, tiny_ctc):
    sys.path.insert(0, str(Path(__file__).parents[1] / "serve"))
    import numpy as np
    import soundfile as sf
    from browser import chromium
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    from govor.espeak import synthesise

    write_space(tmp_path / "space", model="lab/hr", license="cc0-1.0")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "GOVOR_MODEL": str(tiny_ctc), "HOST": "127.0.0.1", "PORT": str(port)}
    speech = synthesise("dobar dan svima", "hr")
    sf.write(tmp_path / "a.wav", np.asarray(speech.samples), speech.sample_rate)
    with subprocess.Popen([sys.executable, "app.py"], cwd=tmp_path / "space", env=environment) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", process)
            with chromium() as browser:
                browser.get(f"http://127.0.0.1:{port}/")
                wait = WebDriverWait(browser, 60)
                wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, "#transcribe"))
                browser.find_element(By.CSS_SELECTOR, "#recording input[type=file]").send_keys(
                    str(tmp_path / "a.wav")
                )
                playable = "#recording audio, #recording .waveform-container, #recording #waveform"
                wait.until(lambda b: b.find_elements(By.CSS_SELECTOR, playable))
                browser.find_element(By.CSS_SELECTOR, "#transcribe").click()
                wait.until(lambda b: "words in" in b.find_element(By.CSS_SELECTOR, "#status").text)
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(url, process, seconds=90):
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer")
