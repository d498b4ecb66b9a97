"""The report in a real browser: search, sort, filters, audio, verdicts, hostile transcripts."""

import json
import shutil
import threading
import time

import polars as pl
import pytest

from govor.config import EvaluateConfig
from govor.curate.verdicts import read_verdicts
from govor.evaluate import evaluate
from govor.evaluate.server import make_server

pytestmark = pytest.mark.browser

HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<!--audio--> <!-- <script> ]]> ${document.title='owned'} {{7*7}}",
    "\u2028document.title='owned'\u2029 \u202eevil\u202c \x00 &lt;b&gt;",
    '=HYPERLINK("http://evil.example","click")',
)


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-background-networking"):
        options.add_argument(f"--{flag}")
    options.add_argument("--window-size=1200,1000")
    options.add_argument("--autoplay-policy=no-user-gesture-required")
    downloads = tmp_path_factory.mktemp("downloads")
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.downloads = downloads
    yield driver
    driver.quit()


@pytest.fixture
def evaluation(stage, dataset, careless, tmp_path):
    """60 utterances of which 30 lost a word; five references are hostile."""
    texts = dataset.frame["text"].to_list()
    texts[: len(HOSTILE)] = HOSTILE
    dataset.frame = dataset.frame.with_columns(text=pl.Series(texts))
    careless.texts[1] = "<b>loud</b> </script><script>document.title='owned'</script>"
    careless.texts[7] = "hvala na gledanju " * 6
    stage[0]["careless"] = careless
    evaluate("careless", "stub", tmp_path / "e", EvaluateConfig(slices=("voice",)))
    return tmp_path / "e"


@pytest.fixture
def page(chrome, evaluation):
    chrome.get((evaluation / "report.html").as_uri())
    chrome.execute_script("localStorage.clear()")
    chrome.refresh()
    chrome.get_log("browser")
    return Page(chrome)


class Page:
    def __init__(self, chrome):
        self.chrome = chrome

    def run(self, script, *args):
        return self.chrome.execute_script(script, *args)

    def all(self, selector):
        return self.chrome.find_elements("css selector", selector)

    def one(self, selector):
        return self.chrome.find_element("css selector", selector)

    def ids(self):
        return self.run("return [...document.querySelectorAll('.utterance')].map(u => u.dataset.id)")

    def choose(self, selector, value):
        script = "const box = document.querySelector(arguments[0]); box.value = arguments[1]; box.onchange()"
        self.run(script, selector, value)

    def search(self, text):
        self.one("#search").clear()
        self.one("#search").send_keys(text)
        self.run("document.getElementById('search').oninput()")
        time.sleep(0.3)

    def count(self):
        return self.one("#count").text


def test_hostile_transcripts_stay_text(page):
    assert page.chrome.title != "owned"
    assert page.run("return document.querySelectorAll('#list script, #list img, #list b b').length") == 0
    page.search("onerror")
    assert page.ids() == ["u01"]
    page.search("hyperlink")
    assert page.ids() == ["u04"]
    assert page.chrome.get_log("browser") == []


def test_nothing_is_fetched(page):
    assert page.run("return performance.getEntriesByType('resource').length") == 0


def test_search_sort_and_pages(page):
    assert page.count() == "60 of 60 utterances"
    assert page.ids()[0] == "u07"
    assert len(page.ids()) == 25
    page.one("#forth").click()
    assert page.one("#page").text == "page 2 of 3"
    page.search("dvorani mjesta")
    assert page.count() == "10 of 60 utterances"
    page.search("")
    page.choose("#sort", "order of the data set")
    assert page.ids()[:3] == ["u00", "u01", "u02"]


def test_filters_by_slice_kind_and_bar(page, evaluation):
    page.choose("#column", "voice")
    page.choose("#value", "unheard")
    assert page.count() == "20 of 60 utterances"
    page.choose("#column", "")
    page.choose("#kind", "repeated_phrase")
    assert page.ids() == ["u07"]
    page.choose("#kind", "")
    bars = page.all("#hist-wer rect.hit")
    page.run("arguments[0].dispatchEvent(new Event('click'))", bars[11])
    scores = pl.read_parquet(evaluation / "scores.parquet")
    assert sorted(page.ids()) == scores.filter(pl.col("wer") > 1)["id"].to_list() != []
    page.one(".chip").click()
    assert page.count() == "60 of 60 utterances"


def test_a_slice_in_the_table_filters(page):
    page.run("document.querySelector('[data-slice=speaker][data-value=voice1]').click()")
    assert page.count() == "20 of 60 utterances"
    assert page.run("return document.getElementById('value').value") == "voice1"


def test_alignment_is_coloured_and_complete(page):
    page.search("u11")
    said = page.one(".utterance .said")
    lost = said.find_elements("css selector", "del")
    assert [piece.text for piece in lost] == ["financija"]
    assert said.text == "to je pitanje za ministra financija"
    background = page.run("return getComputedStyle(arguments[0]).backgroundColor", lost[0])
    assert background not in ("rgba(0, 0, 0, 0)", "transparent")


def test_embedded_audio_plays(page):
    script = """const audio = document.querySelector('.utterance audio'), done = arguments[0];
    audio.addEventListener('timeupdate', () => { if (audio.currentTime > 0.05) done(audio.duration); });
    audio.addEventListener('error', () => done('error ' + audio.error.code));
    audio.muted = true; audio.play().catch(error => done(String(error)));"""
    page.chrome.set_script_timeout(20)
    duration = page.chrome.execute_async_script(script)
    assert isinstance(duration, float) and 0.5 < duration < 13


def test_verdicts_survive_a_reload_and_are_exported(page):
    page.search("u04")
    page.choose(".utterance select", "transcript")
    text = page.one(".utterance input")
    page.run("arguments[0].value = '=točan \"tekst\", redak'; arguments[0].onchange()", text)
    page.search("u05")
    page.choose(".utterance select", "audio")
    page.chrome.refresh()
    assert page.one("#export").text == "Export 2 verdicts"
    page.one("#export").click()
    path = page.chrome.downloads / "verdicts.csv"
    for _ in range(100):
        if path.exists():
            break
        time.sleep(0.05)
    verdicts = dict(read_verdicts(path))
    path.unlink()
    assert {key: (one.verdict, one.corrected, one.comment) for key, one in verdicts.items()} == {
        "u04": ("correct", '=točan "tekst", redak', "transcript wrong"),
        "u05": ("drop", None, "audio bad"),
    }


def test_served_page_plays_every_clip_and_saves_verdicts(chrome, evaluation):
    with make_server(evaluation) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        chrome.get(f"http://127.0.0.1:{server.server_address[1]}/")
        page = Page(chrome)
        page.choose("#sort", "order of the data set")
        time.sleep(0.5)
        sources = page.run("return [...document.querySelectorAll('.utterance audio')].map(a => a.src)")
        assert len(sources) == 25 and all("/clip?row=" in source for source in sources)
        page.chrome.set_script_timeout(20)
        loaded = page.chrome.execute_async_script(
            "const a = document.querySelectorAll('.utterance audio')[2]; a.onloadedmetadata = () =>"
            " arguments[0](a.duration); a.onerror = () => arguments[0](-1); a.preload = 'auto'; a.load()"
        )
        assert loaded > 0.5
        page.choose(".utterance select", "model")
        for _ in range(100):
            if (evaluation / "verdicts.json").exists():
                break
            time.sleep(0.05)
        assert json.loads((evaluation / "verdicts.json").read_text())[0]["id"] == "u00"
        server.shutdown()


def test_fits_a_phone(page):
    page.chrome.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True},
    )
    try:
        assert page.run("return document.documentElement.scrollWidth") <= 390
    finally:
        page.chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
