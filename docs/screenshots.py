"""Makes the pictures of the documentation with headless Chromium.

    govor demo
    python docs/screenshots.py govor-demo

Needs chromium and chromedriver, and the extras ``test`` and ``serve``. ``--model`` serves another model.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parent / "images"
SIZE = (1280, 1130)
"""Pixels of the window, wide and high."""
LARGEST_BYTES = 150_000
PATIENCE_S = 600


@contextmanager
def chromium(width: int, height: int) -> Iterator[Any]:
    """A browser whose page is exactly that large."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "hide-scrollbars",
        "force-device-scale-factor=1",
    ):
        options.add_argument(f"--{flag}")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    page = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", page)
    try:
        yield browser
    finally:
        browser.quit()


def take(browser: Any, name: str) -> None:
    """One picture, in few colours so that it stays small."""
    from PIL import Image

    path = IMAGES / f"{name}.png"
    browser.save_screenshot(str(path))
    Image.open(path).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.name}: {size / 1000:.0f} kB")
    if size > LARGEST_BYTES:
        sys.exit(f"{path} has {size:,} bytes, more than {LARGEST_BYTES:,}: show less of the page")


def until(condition: Callable[[], Any]) -> Any:
    """What `condition` gives as soon as it is something."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        try:
            if found := condition():
                return found
        except Exception:  # what is drawn anew while it is looked at is looked at again
            time.sleep(0.2)
        time.sleep(0.2)
    sys.exit("a page did not become what it should be")


@contextmanager
def serving(model: str) -> Iterator[str]:
    """The address of `govor serve` with one model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "govor", "serve", f"demo={model}", "--port", str(port)]
    with subprocess.Popen(command) as server:
        try:
            until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close() is None)
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.terminate()


def app(browser: Any, address: str, recording: Path, name: str) -> None:
    """The web app after a recording was transcribed."""
    from selenium.webdriver.common.by import By

    def one(selector: str) -> Any:
        return browser.find_element(By.CSS_SELECTOR, selector)

    browser.get(address)
    until(lambda: one("#recording input[type=file]")).send_keys(str(recording.absolute()))
    until(lambda: one("#recording audio, #recording .waveform-container, #recording #waveform"))
    until(lambda: one("#transcribe").click() is None)
    until(lambda: "words in" in one("#status").text)
    time.sleep(1)
    take(browser, name)


def main() -> None:
    """All pictures of one demo."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("demo", type=Path, help="folder of a finished govor demo")
    parser.add_argument("--model", help="what is served; default: the demo's run")
    parser.add_argument("--only", nargs="*", default=["check", "report", "app"])
    options = parser.parse_args()
    work = (options.demo / "work").absolute()
    reports = {"check": work / "check" / "report.html", "report": work / "evaluation" / "report.html"}
    recording = max((options.demo / "recordings").iterdir(), key=lambda path: path.stat().st_size)
    with chromium(*SIZE) as browser:
        for name in [name for name in reports if name in options.only]:
            browser.get(reports[name].as_uri())
            time.sleep(1)
            take(browser, name)
        if "app" in options.only:
            with serving(options.model or str(work / "run")) as address:
                app(browser, address, recording, "app")


if __name__ == "__main__":
    main()
