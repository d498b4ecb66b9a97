"""A Space: small, complete, installs what exists, serves the int8 export, has a token where it needs one."""

import json
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pytest
import yaml
from packaging.requirements import Requirement

from fresh_environment import clean, fresh_environment
from govor.errors import InputError
from govor.publish import publish_space
from govor.publish.licenses import License
from govor.publish.requirements import with_stated
from govor.publish.served import PROCESS_BYTES, SpaceModel
from govor.publish.space import SpaceOrder, write_space
from govor.publish.wheel import write_wheel
from hub_rules import errors_of

FILES = {"app.py", "Dockerfile", "requirements.txt", "README.md"}
CC0 = License.of("cc0-1.0")


def wheels(names):
    return [name for name in names if name.endswith(".whl")]


def test_its_files_name_the_model_the_licence_and_the_decoding(tmp_path):
    decoding = {"beam_size": 4, "chunk": 20.0, "stride": 2.0}
    plan = write_space(tmp_path / "space", SpaceOrder(SpaceModel("lab/hr"), CC0, decoding))
    names = {file.name for file in plan.all}
    assert names - {*wheels(names)} == FILES and len(wheels(names)) == 1
    app = (tmp_path / "space" / "app.py").read_text()
    assert "beam_size=4, chunk=20.0, stride=2.0" in app and "'lab/hr'" in app
    compile(app, "app.py", "exec")
    readme = (tmp_path / "space" / "README.md").read_text()
    header = yaml.safe_load(readme.split("---")[1])
    assert header["sdk"] == "docker" and header["models"] == ["lab/hr"] and header["license"] == "cc0-1.0"
    assert not errors_of(readme, "space")


def test_it_installs_the_wheel_in_its_folder_and_no_package_of_an_index(tmp_path):
    plan = write_space(tmp_path / "space", SpaceOrder(SpaceModel("lab/hr"), CC0, {}))
    wheel = wheels(file.name for file in plan.all)[0]
    lines = (tmp_path / "space" / "requirements.txt").read_text().splitlines()
    assert lines[-1] == f"./{wheel}[serve]" and (tmp_path / "space" / wheel).is_file()
    copied = (tmp_path / "space" / "Dockerfile").read_text()
    assert copied.index("COPY") < copied.index("pip install"), "the wheel comes first"


def test_the_wheel_holds_the_whole_package_and_is_the_same_each_time(tmp_path):
    (tmp_path / "again").mkdir()
    first, second = write_wheel(tmp_path), write_wheel(tmp_path / "again")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as file:
        names = set(file.namelist())
    assert {"govor/__init__.py", "govor/serve/page.css", "govor/publish/templates/app.py.txt"} <= names
    assert any(name.startswith("govor/recipes/") for name in names)
    assert not any("__pycache__" in name or name.startswith("tests") for name in names)


def test_the_wheel_needs_what_the_checkout_states_not_what_an_older_install_did(tmp_path):
    (tmp_path / "src" / "govor").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "govor"\ndependencies = ["numpy>=2.0"]\n'
        '[project.optional-dependencies]\ntrain = ["torch>=2.8"]\nserve = ["govor[train]", "httpx"]\n'
        "test = [\"flashlight-text>=0.0.7; python_version < '3.13'\"]\n"
    )
    text = "# govor\nRequires-Dist: a word\n"
    older = f"Name: govor\nRequires-Dist: scipy\nProvides-Extra: old\nLicense: A\n\n{text}"
    found = with_stated(older, tmp_path / "src" / "govor")
    header, kept = found.split("\n\n", 1)
    assert kept == text and "scipy" not in header and "old" not in header
    parsed = [
        Requirement(line.split(": ", 1)[1]) for line in header.splitlines() if line.startswith("Requires")
    ]
    assert [str(one.marker) for one in parsed] == [
        "None",
        'extra == "train"',
        *2 * ['extra == "serve"'],
        'python_version < "3.13" and extra == "test"',
    ]
    assert [one.name for one in parsed] == ["numpy", "torch", "torch", "httpx", "flashlight-text"]
    assert "Provides-Extra: train" in header and "License: A" in header
    assert with_stated(older, tmp_path / "lib" / "packages" / "govor") == older, "installed, not a checkout"


@pytest.mark.parametrize("package", ["git+https://example.org/govor.git", "WHEEL"])
def test_another_package_may_be_named(tmp_path, package):
    if package == "WHEEL":
        package = str(tmp_path / "govor-0.1.0-py3-none-any.whl")
        Path(package).write_bytes(b"PK")
    plan = write_space(tmp_path / "space", SpaceOrder(SpaceModel("lab/hr"), CC0, {}, package))
    requirement = (tmp_path / "space" / "requirements.txt").read_text().splitlines()[-1]
    expected = "./govor-0.1.0-py3-none-any.whl[serve]"
    assert requirement == (expected if package.endswith(".whl") else f"govor[serve] @ {package}")
    assert bool(wheels(file.name for file in plan.all)) == package.endswith(".whl")


def test_a_missing_wheel_and_a_mere_name_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist: build it with pip wheel"):
        write_space(tmp_path, SpaceOrder(SpaceModel("lab/hr"), CC0, {}, "dist/govor.whl"))
    with pytest.raises(InputError, match="no index has govor, and anybody could register"):
        write_space(tmp_path, SpaceOrder(SpaceModel("lab/hr"), CC0, {}, "govor"))


def test_memory_is_stated():
    assert SpaceModel("lab/hr", weights_bytes=80_000_000).memory_bytes == PROCESS_BYTES + 160_000_000
    assert "weights of 80 MB" in SpaceModel("lab/hr", weights_bytes=80_000_000).memory
    assert "twice the size of the weights" in SpaceModel("lab/hr").memory


def test_it_is_published_as_a_space(hub):
    hub.create("models", "lab/hr", private=False)
    summary = publish_space("lab/hr", "tester/demo", "cc0-1.0")
    names = {entry["path"] for entry in hub.tree("spaces", "tester/demo")}
    assert summary["verified"] and summary["files"] == 5
    assert names - {*wheels(names)} == FILES
    assert hub.info("spaces", "tester/demo")["sdk"] == "docker"


def test_the_smallest_export_in_int8_is_served(hub):
    hub.create("models", "lab/hr", private=False)
    for place, quantization, size in (("ct2", "int8", 300), ("onnx", "int8", 200), ("ct2-f", "float16", 100)):
        format, weights = ("onnx", "model.onnx") if place == "onnx" else ("ctranslate2", "model.bin")
        folder = hub.repo("models", "lab/hr") / "files" / place
        folder.mkdir()
        (folder / "export.json").write_text(json.dumps({"format": format, "quantization": quantization}))
        (folder / weights).write_bytes(b"x" * size)
    publish_space("lab/hr", "tester/demo", "cc0-1.0")
    files = hub.repo("spaces", "tester/demo") / "files"
    assert "'lab/hr/onnx'" in (files / "app.py").read_text()
    assert "[serve,export]" in (files / "requirements.txt").read_text()


def test_a_private_model_needs_a_secret_which_is_set_or_said(hub, monkeypatch, capsys):
    hub.create("models", "lab/hr", private=True)
    publish_space("lab/hr", "tester/demo", "cc0-1.0")
    assert "lab/hr is private: give tester/demo a token" in capsys.readouterr().err and not hub.secrets
    monkeypatch.setenv("READER", "hf_reads_only")
    publish_space("lab/hr", "tester/demo", "cc0-1.0", secret="READER")
    assert hub.secrets == {"tester/demo": {"HF_TOKEN": "hf_reads_only"}}
    assert "hf_reads_only" not in capsys.readouterr().err
    everything = [
        path.read_bytes() for path in hub.repo("spaces", "tester/demo").rglob("*") if path.is_file()
    ]
    assert not any(b"hf_reads_only" in content for content in everything)
    with pytest.raises(InputError, match="--secret NOTHING: that environment variable is empty"):
        publish_space("lab/hr", "tester/demo", "cc0-1.0", secret="NOTHING")


@pytest.mark.browser
def test_the_folder_serves_as_it_is_in_an_environment_of_its_requirements(tmp_path, tiny_ctc):
    sys.path.insert(0, str(Path(__file__).parents[1] / "serve"))
    import numpy as np
    import soundfile as sf
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    from browser import chromium
    from govor.espeak import synthesise

    write_space(tmp_path / "space", SpaceOrder(SpaceModel("lab/hr"), CC0, {}))
    python = installed_python(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = clean() | {"GOVOR_MODEL": str(tiny_ctc), "HOST": "127.0.0.1", "PORT": str(port)}
    speech = synthesise("dobar dan svima", "hr")
    sf.write(tmp_path / "a.wav", np.asarray(speech.samples), speech.sample_rate)
    with subprocess.Popen([python, "app.py"], cwd=tmp_path / "space", env=environment) as process:
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


def installed_python(folder):
    """A fresh environment with the Space's own requirements."""
    lines = (folder / "space" / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if not line.startswith("--")]
    python = str(fresh_environment(folder / "env", wanted, folder / "space") / "python")
    code = "import govor; print(govor.__file__)"
    found = subprocess.run([python, "-c", code], env=clean(), capture_output=True, text=True, check=True)
    assert str(folder / "env") in found.stdout, "the wheel in the folder is not what is imported"
    return python


def _wait_for(url, process, seconds=240):
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer")
