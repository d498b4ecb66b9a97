"""The page in a real browser: upload, microphone, two models, times, downloads, the second model."""

import time

import pytest
from browser import chromium
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from served import serving
from stub import StubRecogniser

PLAYABLE = "#recording audio, #recording .waveform-container, #recording #waveform"
pytestmark = pytest.mark.browser


class EchoThen:
    """A second text model that repeats, word by word."""

    name, modes = "echo", ("continue", "summarize")

    def stream(self, mode, text):
        for word in f"{mode}: {text}".split()[:6]:
            time.sleep(0.02)
            yield word + " "


@pytest.fixture
def page(tmp_path, speech_wav):
    """Address of a page with two models, and a recording on the disk."""
    recording = tmp_path / "long &lt;b&gt; <i>name.wav"
    recording.write_bytes(speech_wav)
    stubs = {"base": StubRecogniser("dobar"), "tuned": StubRecogniser("<script>document.title='x'</script>")}
    with serving(stubs, page=True, then=EchoThen()) as (address, _):
        yield address, recording


def wait(browser, condition, seconds=60):
    return WebDriverWait(browser, seconds).until(lambda _: condition())


def find(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector)


def found(browser, selector):
    return browser.find_elements(By.CSS_SELECTOR, selector)


def player(browser, fact):
    return browser.execute_script(f"return document.getElementById('govor-player').{fact}")


def open_page(browser, address):
    browser.get(address)
    wait(browser, lambda: found(browser, "#transcribe"))


def upload(browser, recording):
    find(browser, "#recording input[type=file]").send_keys(str(recording))
    wait(
        browser,
        lambda: found(browser, "#recording audio, #recording .waveform-container, #recording #waveform"),
    )


def transcribe(browser):
    find(browser, "#transcribe").click()
    wait(browser, lambda: "words in" in find(browser, "#status").text)


def test_upload_two_models_downloads_and_second_model(page):
    address, recording = page
    with chromium() as browser:
        open_page(browser, address)
        upload(browser, recording)
        for label in browser.find_elements(By.XPATH, "//label[.//span[text()='tuned']]"):
            label.click()
        transcribe(browser)
        columns = found(browser, ".govor-columns section")
        assert [column.find_element(By.TAG_NAME, "h3").text for column in columns] == ["base", "tuned"]
        assert "dobar dobar" in columns[0].text
        assert "<script>" in columns[1].text and browser.title == "govor"
        wait(browser, lambda: len(found(browser, "a[download]")) >= 6)  # drawn after the text
        names = [link.get_attribute("download") or link.text for link in found(browser, "a[download]")]
        assert {name.rsplit(".", 1)[-1] for name in names if "base" in name} == {"srt", "vtt", "txt"}
        find(browser, "#then").click()
        wait(browser, lambda: "continue:" in find(browser, "#second textarea").get_property("value"))


def test_a_segment_is_chosen_by_keyboard_and_the_player_follows(page):
    address, recording = page
    with chromium() as browser:
        open_page(browser, address)
        upload(browser, recording)
        transcribe(browser)
        wait(
            browser,
            lambda: browser.execute_script("return document.getElementById('govor-player').readyState") > 0,
        )
        last = found(browser, ".govor-columns button")[-1]
        last.send_keys(Keys.ENTER)
        start = float(last.get_attribute("data-start"))
        wait(
            browser,
            lambda: (
                browser.execute_script("return document.getElementById('govor-player').currentTime") >= start
            ),
        )
        wait(browser, lambda: last.get_attribute("aria-current") == "true")


def test_the_microphone(page, tmp_path, speech_wav):
    import io

    import numpy as np
    import soundfile as sf

    samples, _ = sf.read(io.BytesIO(speech_wav), dtype="float32")
    capture = tmp_path / "capture.wav"
    sf.write(capture, np.repeat(samples, 2)[: 48_000 * 6], 48_000, subtype="PCM_16")
    fake = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={capture}%noloop")  # fmt: skip
    with chromium(*fake) as browser:
        open_page(browser, page[0])
        find(browser, "#recording button[aria-label='Record audio']").click()
        wait(browser, lambda: browser.find_elements(By.XPATH, "//button[normalize-space()='Record']"))
        browser.find_element(By.XPATH, "//button[normalize-space()='Record']").click()
        time.sleep(4)
        stops = browser.find_elements(By.XPATH, "//button[normalize-space()='Stop']")
        next(button for button in stops if button.is_displayed()).click()
        wait(browser, lambda: found(browser, PLAYABLE))
        time.sleep(1)
        transcribe(browser)
        assert "dobar" in find(browser, ".govor-columns").text


@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_a_telephone(page, dark):
    address, recording = page
    with chromium(size=(500, 1100)) as browser:
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True},
        )
        open_page(browser, f"{address}/?__theme={'dark' if dark else 'light'}")
        upload(browser, recording)
        transcribe(browser)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
