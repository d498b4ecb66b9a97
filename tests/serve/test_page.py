"""The page in a real browser: upload, microphone, two models, times, downloads, the second model."""

import base64
import io
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import soundfile as sf
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from served import serving, wav_bytes

from browser import chromium
from govor.serve.second import second_model
from stub_recogniser import StubRecogniser

PLAYABLE = "#recording audio, #recording .waveform-container, #recording #waveform"
SAVED = ".govor-columns a[download]"
pytestmark = pytest.mark.browser


@pytest.fixture
def page(tmp_path, speech_wav):
    """Address of a page with two models and no second one, and a recording on the disk."""
    recording = tmp_path / "long &lt;b&gt; <i>name.wav"
    recording.write_bytes(speech_wav)
    stubs = {"base": StubRecogniser("dobar"), "tuned": StubRecogniser("<script>document.title='x'</script>")}
    with serving(stubs, page=True) as (address, _):
        yield address, recording


def wait(browser, condition, seconds=60):
    """Until `condition` holds; what is drawn anew while it is looked at is looked at again."""
    redrawn = (StaleElementReferenceException, NoSuchElementException)
    return WebDriverWait(browser, seconds, ignored_exceptions=redrawn).until(lambda _: condition())


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
    wait(browser, lambda: found(browser, PLAYABLE))


def transcribe(browser):
    find(browser, "#transcribe").click()
    wait(browser, lambda: "words in" in find(browser, "#status").text)


def choose(browser, model):
    for label in browser.find_elements(By.XPATH, f"//label[.//span[text()='{model}']]"):
        label.click()


def test_upload_two_models_and_downloads(page):
    address, recording = page
    with chromium() as browser:
        open_page(browser, address)
        upload(browser, recording)
        choose(browser, "tuned")
        transcribe(browser)
        wait(browser, lambda: len(found(browser, SAVED)) == 6)
        columns = found(browser, ".govor-columns section")
        assert [column.find_element(By.TAG_NAME, "h3").text for column in columns] == ["base", "tuned"]
        assert "dobar dobar" in columns[0].text
        assert "<script>" in columns[1].text and browser.title == "govor"
        files = {link.get_attribute("download"): link for link in found(browser, SAVED)}
        assert {name.rsplit(".", 1)[1] for name in files if ".base." in name} == {"srt", "vtt", "txt"}
        begun = {name.rsplit(".", 1)[1]: content_of(files[name])[:8] for name in files if ".base." in name}
        assert begun == {"srt": "1\n00:00:", "vtt": "WEBVTT\n\n", "txt": "dobar do"}
        assert found(browser, "#then") == []


def content_of(link):
    return base64.b64decode(link.get_attribute("href").partition("base64,")[2]).decode()


def test_a_saved_download_is_what_the_link_says(page, tmp_path):
    address, recording = page
    with chromium() as browser:
        folder = {"behavior": "allow", "downloadPath": str(tmp_path / "saved")}
        browser.execute_cdp_cmd("Browser.setDownloadBehavior", folder)
        open_page(browser, address)
        upload(browser, recording)
        transcribe(browser)
        wait(browser, lambda: len(found(browser, SAVED)) == 3)
        link = found(browser, f"{SAVED}[download$='.srt']")[0]
        expected = content_of(link)
        link.click()
        wait(browser, lambda: list((tmp_path / "saved").glob("*.srt")))
        (saved,) = (tmp_path / "saved").glob("*.srt")
        wait(browser, lambda: saved.read_text() == expected)


@pytest.fixture
def chat():
    """An OpenAI-compatible address that waits for `gate` in the middle of its answer."""
    gate = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            for piece in ("Ukratko: ", asked["messages"][1]["content"]):
                event = {"choices": [{"delta": {"content": piece}}]}
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
                self.wfile.flush()
                assert gate.wait(60)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1", gate
    gate.set()
    server.shutdown()


def test_the_text_is_passed_on_to_an_address_and_streamed(tmp_path, speech_wav, chat):
    url, gate = chat
    recording = tmp_path / "a.wav"
    recording.write_bytes(speech_wav)
    second = second_model("summarize", None, url, "m", "cpu")
    with serving(page=True, then=second) as (address, _), chromium() as browser:
        open_page(browser, address)

        def said():
            return find(browser, "#second textarea").get_property("value")

        find(browser, "#then").click()
        wait(browser, lambda: said() == "Transcribe a recording first.")
        upload(browser, recording)
        transcribe(browser)
        find(browser, "#then").click()
        wait(browser, lambda: said().strip() == "Ukratko:")
        gate.set()
        wait(browser, lambda: said().startswith("Ukratko: dan dan"))


@pytest.mark.parametrize("dropped", [False, True])
def test_videos_are_recordings_too(page, tmp_path, dropped):
    address, recording = page
    video = recording.rename(tmp_path / "talk.mp4")
    with chromium() as browser:
        open_page(browser, address)
        wait(
            browser, lambda: "video/" in find(browser, "#recording input[type=file]").get_attribute("accept")
        )
        if dropped:
            drop(browser, video)
            wait(browser, lambda: found(browser, PLAYABLE))
        else:
            upload(browser, video)
        transcribe(browser)
        assert "dobar" in find(browser, ".govor-columns").text


def drop(browser, file):
    """Drops a file onto the widget, as a hand would."""
    browser.execute_script(
        """const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], arguments[1], { type: "video/mp4" }));
        const inside = document.querySelector("#recording button");
        inside.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));""",
        base64.b64encode(file.read_bytes()).decode(),
        file.name,
    )


class Slow(StubRecogniser):
    """Hears the first batch at once, the others when `opened` is set."""

    def __init__(self):
        super().__init__()
        self.opened = threading.Event()

    def recognise(self, sounds, options):
        if self.batches:
            assert self.opened.wait(120)
        return super().recognise(sounds, options)


@pytest.fixture
def slow(tmp_path, speech_wav):
    """A slow stub, and a recording of many windows."""
    recording = tmp_path / "a.wav"
    samples, rate = sf.read(io.BytesIO(speech_wav), dtype="float32")
    recording.write_bytes(wav_bytes(np.concatenate([samples] * 8), rate))
    stub = Slow()
    yield stub, recording
    stub.opened.set()


def begin(browser, address, recording):
    """Transcribes until the first text is there."""
    open_page(browser, address)
    upload(browser, recording)
    find(browser, "#transcribe").click()
    wait(browser, lambda: found(browser, ".govor-columns button"))


def test_stop_keeps_what_was_heard_and_frees_the_server(slow):
    stub, recording = slow
    with serving({"base": stub}, page=True) as (address, app), chromium() as browser:
        begin(browser, address, recording)
        (job,) = app.state.queue._running
        wait(browser, lambda: find(browser, "#stop").is_enabled())
        find(browser, "#stop").click()
        wait(browser, lambda: "stopped" in find(browser, "#status").text)
        wait(browser, lambda: len(found(browser, SAVED)) == 3)
        assert job.is_cancelled and not find(browser, "#stop").is_enabled()
        stub.opened.set()
        wait(browser, lambda: not app.state.queue._running)
        heard = len(find(browser, ".govor-columns").text)
        find(browser, "#transcribe").click()
        wait(browser, lambda: len(find(browser, ".govor-columns").text) > heard)
        wait(browser, lambda: "words in" in find(browser, "#status").text)
        assert "stopped" not in find(browser, "#status").text


def test_a_closed_tab_frees_the_server(slow):
    stub, recording = slow
    with serving({"base": stub}, page=True) as (address, app), chromium() as browser:
        begin(browser, address, recording)
        (job,) = app.state.queue._running
        browser.get("about:blank")
        wait(browser, lambda: job.is_cancelled)


def test_while_text_comes_the_player_plays_on_and_the_progress_is_shown(slow):
    stub, recording = slow
    with serving({"base": stub}, page=True) as (address, _), chromium() as browser:
        begin(browser, address, recording)
        wait(browser, lambda: player(browser, "readyState") > 0)
        browser.execute_script("document.getElementById('govor-player').kept = true")
        bar = "return document.querySelector('#status progress')"
        wait(browser, lambda: 0 < browser.execute_script(f"{bar}.value / {bar[7:]}.max") < 1)
        wait(browser, lambda: find(browser, ".govor-columns button").send_keys(Keys.ENTER) is None)
        wait(browser, lambda: not player(browser, "paused"))
        stub.opened.set()
        wait(browser, lambda: found(browser, SAVED))
        assert player(browser, "kept") is True, "the same player, not one drawn anew"
        assert not player(browser, "paused") or player(browser, "ended")
        current = "return document.activeElement.dataset.start"
        wait(browser, lambda: browser.execute_script(current) == first_start(browser))


def first_start(browser):
    return find(browser, ".govor-columns button").get_attribute("data-start")


def test_a_segment_is_chosen_by_keyboard_and_the_player_follows(page):
    address, recording = page
    samples, rate = sf.read(recording, dtype="float32")
    recording.write_bytes(wav_bytes(np.concatenate([samples] * 5), rate))
    with chromium() as browser:
        open_page(browser, address)
        upload(browser, recording)
        transcribe(browser)
        wait(browser, lambda: found(browser, SAVED))
        wait(browser, lambda: player(browser, "readyState") > 0)
        lines = found(browser, ".govor-columns button")
        assert len(lines) > 1
        assert [line.get_attribute("tabindex") for line in lines] == ["0"] + ["-1"] * (len(lines) - 1)
        lines[0].send_keys(Keys.END)
        assert browser.switch_to.active_element == lines[-1]
        lines[-1].send_keys(Keys.ARROW_UP)
        browser.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
        browser.switch_to.active_element.send_keys(Keys.ENTER)
        start = float(lines[-1].get_attribute("data-start"))
        wait(browser, lambda: player(browser, "currentTime") >= start)
        wait(browser, lambda: lines[-1].get_attribute("aria-current") == "true")


def test_the_microphone(page, tmp_path, speech_wav):
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
        time.sleep(4)  # of the fake microphone
        stops = browser.find_elements(By.XPATH, "//*[@id='recording']//button[normalize-space()='Stop']")
        next(button for button in stops if button.is_displayed()).click()
        wait(browser, lambda: found(browser, PLAYABLE))

        def heard():  # the recording may still be on its way
            find(browser, "#transcribe").click()
            wait(browser, lambda: find(browser, "#status").text.startswith(("base", "Upload")))
            return "dobar" in "".join(column.text for column in found(browser, ".govor-columns"))

        wait(browser, heard)


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
        choose(browser, "tuned")
        transcribe(browser)
        wait(browser, lambda: len(found(browser, SAVED)) == 6)
        assert find(browser, ".govor-columns").size["width"] > 300
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
