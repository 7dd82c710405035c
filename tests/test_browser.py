"""The reader's journey in a real browser on the real bank: with and without scripts, by keyboard, on a phone."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from indexer.snapshot import Snapshot
from service.app import create_app
from service.settings import Settings

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
QUERY = "gent gran que viu sola i no surt de casa"
# A town that is both in Puglia and in Spain: no practice can answer, whatever the encoder.
NO_ANSWER = f"/?q={quote(QUERY)}&country=ES&region=Puglia&lang=ca"
WAIT_MS = 10_000
START_SECONDS = 60

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(shipped_snapshot: Snapshot, data_folder: Path) -> Iterator[str]:
    """The address of a server on the real bank."""
    app = create_app(Settings(data=data_folder, per_minute=100_000))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    end = monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert monotonic() < end, "the server did not start in time"
        sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Where it is missing the tests are skipped, but in continuous integration they fail."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is missing: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield opened
        opened.close()


class Visit:
    """A page opened by one reader, with what went wrong on the way."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self.page: Page = context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("console", lambda each: each.type in ("error", "warning") and self._complain(each.text))
        self.page.on("pageerror", lambda error: self._complain(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _complain(self, text: str) -> None:
        self.complaints.append(text)

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page


@pytest.fixture
def visit(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A reader of Catalan; whatever they do, no other host is asked and nothing is complained of."""
    options: dict[str, Any] = {"locale": "ca-ES", "viewport": {"width": 1280, "height": 900}}
    context = browser.new_context(**options | getattr(request, "param", {}))
    made = Visit(context, address)
    yield made
    cookies = context.cookies()
    context.close()
    assert made.hosts <= {urlsplit(address).netloc}
    assert not made.complaints
    assert not cookies


def journey(visit: Visit) -> None:
    """Search, narrow, read a practice, come back, switch the language."""
    page = visit.go("/")
    page.get_by_label("El vostre problema").fill(QUERY)
    page.get_by_label("El vostre municipi").fill("Reus")
    page.get_by_role("button", name="Cerca pràctiques").click()
    page.wait_for_url("**/?q=**")
    before = page.locator("h1").inner_text()
    assert page.locator("article").count() == 10
    assert "Reus" in page.locator(".views").inner_text()

    page.locator("details.fit summary").first.click()
    assert "Què coincideix" in page.locator("details.fit").first.inner_text()

    italian = page.locator(".facets a", has_text="Italià")
    count = italian.locator(".count").inner_text()
    italian.click()
    page.wait_for_url("**language=it**")
    assert page.locator("h1").inner_text().startswith(count)
    assert page.locator("h1").inner_text() != before
    assert set(page.locator("article blockquote").evaluate_all("all => all.map(each => each.lang)")) == {"it"}

    title = page.locator("article .title a").first.inner_text()
    page.locator("article .title a").first.click()
    page.wait_for_url("**/practices/**")
    assert page.locator("h1").inner_text() == title
    assert page.locator("h1").get_attribute("lang") == "it"
    page.get_by_role("link", name="Torna als resultats").click()
    page.wait_for_url("**/?q=**")

    page.locator(".languages a", has_text="Italiano").click()
    page.wait_for_url("**lang=it**")
    assert page.locator("html").get_attribute("lang") == "it"
    kept = parse_qs(urlsplit(page.url).query)
    assert kept["q"] == [QUERY]
    assert kept["language"] == ["it"]
    assert page.locator("#q").input_value() == QUERY
    assert "Restringa i risultati" in page.locator(".facets").inner_text()


def test_a_reader_finds_narrows_reads_and_comes_back(visit: Visit) -> None:
    journey(visit)


@pytest.mark.parametrize("visit", [{"java_script_enabled": False}], indirect=True)
def test_the_same_journey_needs_no_script(visit: Visit) -> None:
    journey(visit)


def test_the_keyboard_alone_is_enough(visit: Visit) -> None:
    page = visit.go("/?lang=ca")
    keys = page.keyboard

    def focused() -> str:
        found: str = page.evaluate("document.activeElement.innerText || document.activeElement.name || ''")
        return found.strip()

    def tab_to(text: str, most: int = 60) -> None:
        for _ in range(most):
            keys.press("Tab")
            if text in focused():
                style: str = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert style != "none", f"the focus on {text} cannot be seen"
                return
        raise AssertionError(f"{text} cannot be reached")

    keys.press("Tab")
    assert focused() == "Ves al contingut"
    keys.press("Enter")
    tab_to("q", 3)
    keys.type(QUERY)
    tab_to("municipality", 2)
    tab_to("Cerca pràctiques", 2)
    keys.press("Enter")
    page.wait_for_url("**/?q=**")
    first = page.locator("article .title a").first.inner_text()
    tab_to(first)
    keys.press("Enter")
    page.wait_for_url("**/practices/**")
    assert page.locator("h1").inner_text() == first


def test_municipalities_are_suggested_while_one_types(visit: Visit) -> None:
    page = visit.go("/?lang=ca")
    with page.expect_response("**/suggestions/municipalities**"):
        page.get_by_label("El vostre municipi").press_sequentially("Terras", delay=20)
    page.wait_for_function("document.querySelectorAll('#places option').length > 0")
    assert page.locator("#places option").first.get_attribute("value") == "Terrassa (Catalunya, ES)"


def test_nothing_sticks_out_at_any_width(visit: Visit) -> None:
    found = f"/?q={quote(QUERY)}&municipality=Reus&lang=ca"
    practice = visit.go(found).locator("article .title a").first.get_attribute("href")
    for path in ("/?lang=it", found, practice or "", NO_ANSWER, "/about?lang=es"):
        page = visit.go(path)
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        for width in (320, 360, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{path} at {width}"


def test_targets_are_large_enough_for_a_finger(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 800})
    for path in ("/?lang=ca", f"/?q={quote(QUERY)}&municipality=Reus&lang=ca"):
        small = visit.go(path).evaluate(
            """[...document.querySelectorAll('a, button, input:not([type=hidden]), textarea, summary')]
            .filter(each => each.checkVisibility() && !each.matches('.skip') && !each.closest('p.lead, footer p'))
            .map(each => [each.innerText, each.getBoundingClientRect().height])
            .filter(([, height]) => height < 24)"""
        )
        assert small == []


@pytest.mark.parametrize("visit", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True)
def test_every_text_stands_out_from_its_ground(visit: Visit) -> None:
    for path in (f"/?q={quote(QUERY)}&municipality=Reus&lang=ca", "/?lang=ca&q=", NO_ANSWER):
        page = visit.go(path)
        weak = page.evaluate(CONTRAST)
        assert weak == [], path
    # An empty question is answered 422, which the browser notes; that is no complaint of ours.
    visit.complaints = [each for each in visit.complaints if "422" not in each]


# Every text with less than 4.5:1 against the nearest painted ground (WCAG 2.2, 1.4.3).
CONTRAST = """(() => {
  const parts = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = node => {
    for (; node; node = node.parentElement) {
      const colour = parts(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const weak = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || node.closest('.unseen, script')) continue;
    const [one, two] = [light(parts(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) weak.add(`${ratio.toFixed(2)} ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return [...weak];
})()"""


def test_no_answer_is_said_and_the_way_out_is_offered(visit: Visit) -> None:
    page = visit.go(NO_ANSWER)
    assert page.locator("h1").inner_text() == "Encara no hi ha cap pràctica del banc que hi respongui"
    page.get_by_role("link", name="Cerca sense filtres").click()
    page.wait_for_url(lambda url: "region" not in url)
    assert page.locator("article").count() == 10


def test_a_printed_practice_holds_its_text_and_not_the_menus(visit: Visit) -> None:
    page = visit.go("/?lang=ca")
    page.locator(".examples a").first.click()
    page.wait_for_url("**/?q=**")
    page.locator("article .title a").first.click()
    page.wait_for_url("**/practices/**")
    page.emulate_media(media="print")
    assert page.locator(".texts").is_visible()
    assert page.locator(".sources a").first.is_visible()
    for hidden in ("nav.languages", ".back", "footer.site"):
        assert not page.locator(hidden).is_visible()


def test_the_address_of_a_practice_is_copied_with_one_press(visit: Visit) -> None:
    page = visit.go(f"/?q={quote(QUERY)}&lang=ca")
    page.locator("article .title a").first.click()
    page.wait_for_url("**/practices/**")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copia l’adreça").click()
    page.get_by_text("Copiat", exact=True).wait_for()
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == page.locator("#plain-address").inner_text() == page.url.partition("?")[0]


BROWSING = ("/themes?lang=it", "/themes/loneliness?municipality=Reus&lang=es", "/map?lang=ca")


@pytest.mark.parametrize("visit", [{"java_script_enabled": False}], indirect=True)
def test_practices_are_listed_and_compared_without_a_script(visit: Visit) -> None:
    page = visit.go(f"/?q={quote(QUERY)}&municipality=Reus&lang=ca")
    titles = page.locator("article .title").all_inner_texts()
    for at in (0, 2):
        page.locator("article").nth(at).locator(".keep").click()
        page.wait_for_url("**#*")
        assert page.locator("article .title").all_inner_texts() == titles
    page.locator("nav.main").get_by_role("link", name="La meva llista").click()
    page.wait_for_url("**/saved?**")
    assert page.locator("article .title").all_inner_texts() == [titles[0], titles[2]]
    page.get_by_role("link", name="Compara-les de costat").click()
    page.wait_for_url("**/compare?**")
    for width in (1280, 360):  # columns, and one under the other: a table all the same
        page.set_viewport_size({"width": width, "height": 800})
        assert page.get_by_role("columnheader").count() == 2
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="En conjunt"))
        assert row.get_by_role("cell").count() == 2
        assert row.get_by_text("de 100").first.is_visible()
    page.get_by_role("link", name="Torna a la meva llista").click()
    page.get_by_role("link", name="Torna als resultats").click()
    page.wait_for_url("**/?q=**")
    assert page.locator("article .title").all_inner_texts() == titles


def test_the_map_is_drawn_for_the_width_with_points_a_finger_can_tell_apart(visit: Visit) -> None:
    page = visit.go("/map?lang=ca")
    for width, kind in ((1280, "wide"), (760, "wide"), (360, "narrow"), (320, "narrow")):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.locator("svg.map:visible").count() == 1
        boxes = page.locator(f"svg.{kind} .reach").evaluate_all(
            "all => all.map(each => each.getBoundingClientRect()).map(({x, y, width}) => [x, y, width])"
        )
        assert len(boxes) > 10
        assert min(width for _, _, width in boxes) >= 24
        for at, (x, y, wide) in enumerate(boxes):
            assert all((x - left) ** 2 + (y - top) ** 2 >= 0.95 * wide**2 for left, top, _ in boxes[:at])
    page.locator("svg.narrow a.several").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**look=**")
    assert page.locator("svg.narrow a").count() > 1


@pytest.mark.parametrize("visit", [{"color_scheme": "light"}, {"color_scheme": "dark"}], indirect=True)
def test_pages_to_look_through_the_bank_fit_and_stand_out(visit: Visit) -> None:
    page = visit.go("/themes/loneliness?lang=ca")
    ids = page.locator("article").evaluate_all("all => all.slice(0, 4).map(each => `id=${each.id}`).join('&')")
    for path in (*BROWSING, f"/saved?{ids}&lang=es", f"/compare?{ids}&municipality=Reus&lang=it"):
        page = visit.go(path)
        assert page.evaluate(CONTRAST) == [], path
        for width in (320, 768, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{path} at {width}"
