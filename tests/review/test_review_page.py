"""The review in a real browser: by keyboard alone, two people at once, and a server that is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser import chromium
from govor.corpora.folder import Corpus
from govor.curate import review_corpus
from govor.review import sheet_of

pytestmark = pytest.mark.browser
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> {{7*7}}"
)
WAIT_S = 30
EDGE = """
const inside = document.querySelector('#wave > div').shadowRoot;
const box = inside.querySelectorAll(`[part~="${arguments[0]}"]`)[arguments[1]]?.getBoundingClientRect();
return box && { x: box.left + box.width / 2, y: box.top + box.height / 2 };
"""


class Server:
    """``govor review`` in a process of its own, on one port."""

    def __init__(self, corpus: Path, *flags: str) -> None:
        self.corpus, self.port, self.flags = corpus, 0, flags
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "govor", "review", str(self.corpus), "--port", str(self.port)]
        command += self.flags
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.port = int(self.url.rstrip("/").rpartition(":")[2])

    def stop(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.wait(WAIT_S)
        self.process.stdout.close()


def _seconds(shown: str) -> float:
    minutes, _, seconds = shown.partition(":")
    return 60 * int(minutes) + float(seconds)


class Page:
    """One person's page."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, url: str, name: str) -> None:
        self.driver.get(url)
        self.run("sessionStorage.setItem('name', arguments[0])", name)
        self.driver.refresh()
        self.until(lambda: self.run("return 'utterance' in document.documentElement.dataset"))

    def run(self, script: str, *given: Any) -> Any:
        return self.driver.execute_script(script, *given)

    def until(self, holds: Any) -> None:
        end = time.monotonic() + WAIT_S
        while not holds():
            assert time.monotonic() < end, self.text("toast")
            time.sleep(0.02)

    def keys(self, *keys: str) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    @property
    def utterance(self) -> str:
        return str(self.run("return document.documentElement.dataset.utterance || ''"))

    def text(self, name: str) -> str:
        return str(self.run("return document.getElementById(arguments[0]).textContent", name))

    def heard(self) -> None:
        """Waits until the wave of this utterance stands."""
        self.until(lambda: self.run("return document.documentElement.dataset.heard") == self.utterance)

    def edge(self, side: str, number: int = 0) -> dict[str, float]:
        """The middle of a boundary of a part, in pixels of the page; ``left`` or ``right``."""
        part = f"region-handle-{side}"
        self.until(lambda: self.run(EDGE, part, number))
        found = self.run(EDGE, part, number)
        return {"x": round(found["x"]), "y": round(found["y"])}

    @property
    def stretch(self) -> tuple[float, float]:
        """The first and the last second of the first part, as the page says them."""
        begin, end = (
            self.run("return document.querySelector('.length').textContent").split(",")[0].split(" to ")
        )
        return _seconds(begin), _seconds(end)

    def judge(self, key: str) -> str:
        """Presses a verdict's key; returns whom it was about when the next is there."""
        before = self.utterance
        self.keys(key)
        self.until(lambda: self.utterance != before)
        return before


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with chromium("--autoplay-policy=no-user-gesture-required") as made:
        made.set_script_timeout(WAIT_S)
        yield made


@pytest.fixture
def server(make_corpus: Any, rows: list[dict[str, Any]]) -> Iterator[Server]:
    rows[7] = {**rows[7], "text": HOSTILE, "asr": f"<b>heard</b> {HOSTILE}", "speaker": HOSTILE}
    made = Server(make_corpus(rows))
    yield made
    if made.process.poll() is None:
        made.stop(signal.SIGTERM)


def journal(server: Server) -> list[dict[str, Any]]:
    path = server.corpus.with_name("corpus-review") / "journal.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_by_keyboard_alone(driver: Any, server: Server, tmp_path: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    driver.get(server.url)
    driver.execute_script("sessionStorage.clear()")
    driver.refresh()
    page = Page(driver)
    page.until(lambda: page.run("return document.activeElement.id") == "name")
    page.keys("Ana", Keys.ENTER)
    page.until(lambda: page.utterance == "u5")
    page.heard()
    assert page.text("diff").split() == ["šest", "sedam", "osam", "nešto", "sasvim", "drugo"]
    page.judge("k")
    assert page.judge("z") != "u5" and page.utterance == "u5"
    page.keys("f")  # nothing is changed: into the text
    page.keys(" popravljeno", Keys.ESCAPE, "p")  # and the end 0.05 s later
    page.judge("f")
    page.heard()
    assert page.utterance == "u7" and driver.title == "corpus"  # hostile text stays text
    assert page.run("return document.querySelectorAll('#card img, #card script, #diff b').length") == 0
    page.run("document.querySelector('#diff button').click()")
    page.judge("f")
    page.heard()
    assert page.utterance == "u2"
    page.keys("j")  # with u3
    page.until(lambda: page.run("return document.getElementById('to').textContent") == "0:18.00")
    page.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, "x")
    page.until(lambda: page.run("return document.querySelectorAll('#pieces textarea').length") == 2)
    page.keys(Keys.ESCAPE)
    page.judge("f")
    while page.utterance:
        page.judge("d" if page.utterance == "u0" else "u")
    assert page.text("end").startswith("Nothing is left for you")
    server.stop(signal.SIGTERM)
    sheet = sheet_of(server.corpus.with_name("corpus-review"), server.corpus)
    review_corpus(server.corpus, sheet, tmp_path / "reviewed")
    table = Corpus.open(tmp_path / "reviewed").scan().collect()
    found = {row["id"]: row for row in table.iter_rows(named=True)}
    assert list(found) == ["u1", "u2.1", "u2.2", "u4", "u5", "u6", "u7"]
    assert (found["u5"]["text"], found["u5"]["end"]) == ("šest sedam osam popravljeno", 8.05)
    assert "<b>heard</b>" in found["u7"]["text"]
    assert found["u2.1"]["end"] == found["u2.2"]["start"] and found["u2.2"]["end"] == 16.0
    assert driver.get_log("browser") == []


def test_two_people_and_a_server_that_is_killed(driver: Any, server: Server) -> None:
    driver.switch_to.new_window("tab")
    second = driver.current_window_handle
    first = driver.window_handles[0]
    page = Page(driver)
    page.open(server.url, "Ben")
    driver.switch_to.window(first)
    page.open(server.url, "Ana")
    seen = []
    for turn in range(4):
        driver.switch_to.window((first, second)[turn % 2])
        seen.append(page.judge("k"))
    assert len(set(seen)) == 4
    driver.switch_to.window(first)
    page.keys("e", " dopisano")
    server.stop(signal.SIGKILL)
    before = page.utterance
    page.run("document.querySelector('[data-verdict=fixed]').click()")
    page.until(lambda: "does not answer" in page.text("toast"))
    assert page.utterance == before
    server.start()
    page.run("document.querySelector('[data-verdict=fixed]').click()")
    page.until(lambda: page.utterance != before)
    entries = journal(server)
    assert [entry["id"] for entry in entries] == [*seen, before]
    assert entries[-1]["pieces"][0]["text"].endswith("dopisano")
    assert [entry["reviewer"] for entry in entries] == ["Ana", "Ben", "Ana", "Ben", "Ana"]
    page.open(server.url, "Ana")
    assert page.text("done").startswith("5 of 8")
    driver.switch_to.window(second)
    driver.close()
    driver.switch_to.window(first)


def drag(driver: Any, start: dict[str, float], by: int) -> None:
    """With the mouse."""
    from selenium.webdriver.common.action_chains import ActionBuilder
    from selenium.webdriver.common.actions.mouse_button import MouseButton

    act = ActionBuilder(driver, duration=5)
    pointer = act.pointer_action
    pointer.move_to_location(start["x"], start["y"])
    pointer.pointer_down(MouseButton.LEFT)
    for part in range(1, 41):
        pointer.move_to_location(start["x"] + by * part // 40, start["y"])
    pointer.pointer_up(MouseButton.LEFT)
    act.perform()


def test_boundaries_are_dragged_by_mouse(driver: Any, server: Server, tmp_path: Path) -> None:
    page = Page(driver)
    page.open(server.url, "Ana")
    page.heard()
    assert page.utterance == "u5" and page.stretch == (5.0, 8.0)  # of a clip from 3 to 10 s
    width = page.run("return document.getElementById('wave').getBoundingClientRect().width")
    pixel_s = 7 / width
    drag(driver, page.edge("left"), round(1 / pixel_s))
    drag(driver, page.edge("right"), -round(0.5 / pixel_s))
    begin, end = page.stretch
    assert begin == pytest.approx(6.0, abs=0.06) and end == pytest.approx(7.5, abs=0.06)
    drag(driver, page.edge("right"), round(0.42 * width))  # never beyond the sound that is there
    drag(driver, page.edge("left"), round(0.6 * width))  # and never behind its own end
    begin, end = page.stretch
    assert end == pytest.approx(10.0, abs=0.02) and end - 0.3 < begin < end
    page.keys("r")
    assert page.stretch == (5.0, 8.0)
    drag(driver, page.edge("left"), -round(1 / pixel_s))
    begin, _ = page.stretch
    page.judge("f")
    server.stop(signal.SIGTERM)
    [entry] = journal(server)
    [piece] = entry["pieces"]
    assert (piece["start"], piece["end"]) == (pytest.approx(begin, abs=0.006), 8.0)
    assert begin == pytest.approx(4.0, abs=0.06)
    sheet = sheet_of(server.corpus.with_name("corpus-review"), server.corpus)
    review_corpus(server.corpus, sheet, tmp_path / "new")
    found = {row["id"]: row for row in Corpus.open(tmp_path / "new").scan().collect().iter_rows(named=True)}
    assert found["u5"]["start_before"] == 5.0 and found["u5"]["start"] == piece["start"]


@pytest.mark.parametrize("flags", [("--sample", "8"), ("--sample", "8", "--blank")])
def test_what_chance_draws_is_not_cut(driver: Any, make_corpus: Any, flags: tuple[str, ...]) -> None:
    from selenium.webdriver.common.keys import Keys

    server = Server(make_corpus(), *flags)
    try:
        page = Page(driver)
        page.open(server.url, "Ana")
        page.heard()
        seen = "return document.getElementById(arguments[0]).checkVisibility()"
        assert page.run(seen, "loop") and not page.run(seen, "split") and not page.run(seen, "join")
        blank = "--blank" in flags
        keep = "return document.querySelector('[data-verdict=keep]').checkVisibility()"
        assert page.run(keep) != blank
        page.keys(Keys.ESCAPE, Keys.ARROW_RIGHT, "x", "j", "k" if blank else "l")
        assert page.run("return document.querySelectorAll('#pieces textarea').length") == 1
        page.keys("e", "ovo je rečeno", Keys.ESCAPE, "f")
        page.until(lambda: page.text("done").startswith("1 of 8"))
    finally:
        server.stop(signal.SIGTERM)


def test_fits_a_telephone(driver: Any, server: Server) -> None:
    page = Page(driver)
    try:
        for width in (390, 320):
            metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": True}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            page.open(server.url, "Ana")
            page.heard()
            assert page.run("return document.documentElement.scrollWidth") <= width
            boxes = (
                "[...document.querySelectorAll('.verdicts button')].map(one => one.getBoundingClientRect())"
            )
            assert all(box["right"] <= width and box["height"] >= 40 for box in page.run(f"return {boxes}"))
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_boundaries_are_dragged_by_a_finger(driver: Any, server: Server) -> None:
    page = Page(driver)
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 1})
    try:
        page.open(server.url, "Ana")
        page.heard()
        width = page.run("return document.getElementById('wave').getBoundingClientRect().width")
        touch(driver, page.edge("right"), -round(width / 7), beside=9)
        begin, end = page.stretch
        assert begin == 5.0 and end == pytest.approx(7.0, abs=0.1)
    finally:
        driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def touch(driver: Any, start: dict[str, float], by: int, beside: int) -> None:
    """With a finger that comes down some pixels beside the place."""
    x = start["x"] + beside
    for kind, places in (("touchStart", (0,)), ("touchMove", range(1, 21)), ("touchEnd", (None,))):
        for part in places:
            points = [] if part is None else [{"x": x + by * part / 20, "y": start["y"]}]
            driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            time.sleep(0.02)
