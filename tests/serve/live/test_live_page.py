"""The live microphone of the page in a real browser."""

import io
import threading

import numpy as np
import pytest
import soundfile as sf
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from served import serving

from browser import chromium
from stub_recogniser import StubRecogniser

pytestmark = pytest.mark.browser


@pytest.fixture
def microphone(tmp_path, speech_wav):
    """Flags of a browser whose microphone plays the sentences again and again."""
    samples, _ = sf.read(io.BytesIO(speech_wav), dtype="float32")
    capture = tmp_path / "capture.wav"
    sf.write(capture, np.repeat(samples, 2), 48_000, subtype="PCM_16")
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={capture}",
    )


def text(browser, selector):
    return browser.execute_script(f"return document.querySelector({selector!r})?.textContent ?? ''")


def wait(browser, condition):
    return WebDriverWait(browser, 60).until(lambda _: condition())


def open_page(browser, address):
    browser.get(address)
    wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#live"))


def press(browser):
    browser.find_element(By.ID, "live").click()


def status(browser):
    return text(browser, "#live-text .govor-live-status")


def test_speech_is_written_while_it_is_spoken(microphone):
    with (
        serving({"base": StubRecogniser("dobar.")}, page=True) as (address, app),
        chromium(*microphone) as browser,
    ):
        open_page(browser, address)
        press(browser)
        wait(browser, lambda: "dobar." in text(browser, ".govor-live-lines p span"))
        assert text(browser, "#live").strip() == "End" and status(browser).startswith("Listening")
        assert len(app.state.rooms._open) == 1
        press(browser)
        wait(browser, lambda: status(browser) == "Done.")
        assert text(browser, "#live").strip() == "Speak live"
        assert text(browser, ".govor-live-lines .partial") == ""
        wait(browser, lambda: not app.state.rooms._open)
        press(browser)
        wait(browser, lambda: "dobar." in text(browser, ".govor-live-lines p span"))
        browser.get("about:blank")
        wait(browser, lambda: not app.state.rooms._open)


def test_a_busy_server_says_so(microphone):
    class Slow(StubRecogniser):
        def recognise(self, sounds, options):
            threading.Event().wait(1.5)
            return super().recognise(sounds, options)

    with serving({"base": Slow()}, page=True) as (address, _), chromium(*microphone) as browser:
        open_page(browser, address)
        press(browser)
        wait(browser, lambda: "The server is busy" in status(browser))


def test_what_is_refused_is_said_in_the_page(microphone):
    with serving(page=True) as (address, _), chromium(*microphone) as browser:
        open_page(browser, address)
        browser.find_element(By.CSS_SELECTOR, "input[placeholder], textarea[placeholder]").send_keys("??")
        press(browser)
        wait(browser, lambda: "language tag" in status(browser))
        assert browser.find_element(By.CSS_SELECTOR, ".govor-live-status").get_attribute("role") == "alert"


def test_a_page_with_a_key_speaks_with_a_ticket(microphone):
    with serving(page=True, api_keys=("k3y",)) as (address, _), chromium(*microphone) as browser:
        browser.get(address)
        fields = wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "input, textarea"))
        for field, value in zip(fields, ("govor", "k3y"), strict=False):
            field.send_keys(value)
        browser.find_element(By.XPATH, "//button[normalize-space()='Login']").click()
        wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#live"))
        press(browser)
        wait(browser, lambda: "dan" in text(browser, ".govor-live-lines p span"))
