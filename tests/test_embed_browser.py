"""The search inside other sites in a real browser: strict, sandboxed, hostile, right-to-left."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Frame, Page
from selectolax.lexbor import LexborHTMLParser

from service.embedding import components
from tests.test_browser import START_SECONDS, browser  # noqa: F401 - a fixture
from tests.test_embed import QUERY, as_wordpress_shows, small_app

FOUND = "7 pràctiques responen al vostre problema"
SECRET = "abcdefghij"
KEY = "empelt_not-one-of-ours"
WAIT_MS = 30_000

# The parts of the component: what stands inside the tag before it runs has none.
BOX, PLACE = "textarea[part=input]", "input[part=input]"
BUTTON, STATUS, CARD, TITLE = "[part=button]", "[part=status]", "[part=card]", "[part=title] a"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def empelt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service, on a small bank."""
    with pytest.MonkeyPatch.context() as patch:
        app = small_app(tmp_path_factory.mktemp("embed"), patch)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none"))
        thread = Thread(target=server.run, daemon=True)
        thread.start()
        end = monotonic() + START_SECONDS
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert monotonic() < end, "the server did not start in time"
            sleep(0.05)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def pages() -> dict[str, tuple[dict[str, str], str]]:
    """What the host site serves: headers and a body by path."""
    return {}


@pytest.fixture(scope="module")
def host(pages: dict[str, tuple[dict[str, str], str]]) -> Iterator[str]:
    """The address of a partner's site, another origin than the service's."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers, body = pages.get(self.path.partition("?")[0], ({}, ""))
            self.send_response(200)
            kind = "text/css" if self.path.endswith(".css") else "text/html; charset=utf-8"
            for name, value in ({"Content-Type": kind} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@dataclass
class Visit:
    """A reader on the host's site, with all that was asked for and complained of meanwhile."""

    page: Page
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def hosts(self) -> set[str]:
        return {
            f"{parts.scheme}://{parts.netloc}" for url, _, _ in self.requests if (parts := urlsplit(url)).netloc
        }


@pytest.fixture
def visit(browser: Browser, empelt: str, host: str) -> Iterator[Visit]:  # noqa: F811
    """Whoever comes, only the host and the service are asked, and nothing is stored."""
    context = browser.new_context(locale="ca-ES", viewport={"width": 1000, "height": 900})
    made = Visit(context.new_page())
    made.page.set_default_timeout(WAIT_MS)
    made.page.on("request", lambda each: made.requests.append((each.url, each.method, each.all_headers())))
    made.page.on("console", lambda each: each.type in ("error", "warning") and made.complaints.append(each.text))
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    yield made
    cookies = context.cookies()
    context.close()
    assert made.hosts() <= {empelt, host}
    assert not cookies


@pytest.fixture
def show(visit: Visit, host: str, pages: dict[str, tuple[dict[str, str], str]]) -> Callable[..., Page]:
    """Put a page on the host's site and open it."""

    def opened(body: str, *, head: str = "", root: str = "", **headers: str) -> Page:
        path = f"/page-{len(pages)}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        pages[path] = (named, f"<!doctype html><html {root}><head>{head}</head><body>{body}</body></html>")
        visit.page.goto(host + path)
        return visit.page

    return opened


def element(empelt: str, *, integrity: str = "", attributes: str = "") -> str:
    """What a partner pastes."""
    [version] = [name for name in components() if name != "v1"]
    path = f"{version}" if integrity else "v1"
    verified = f' integrity="{integrity}" crossorigin="anonymous"' if integrity else ""
    return (
        f'<script type="module" src="{empelt}/embed/{path}/empelt-search.js"{verified}></script>'
        f'<empelt-search language="ca" {attributes}><a href="{empelt}/" id="fallback">Empelt</a></empelt-search>'
    )


def search(place: Page | Frame) -> None:
    """Ask by a click, and wait for the answer."""
    place.locator(BOX).fill(QUERY)
    place.locator(BUTTON).click()
    place.locator(CARD).first.wait_for()
    assert place.locator(STATUS).inner_text() == FOUND


# --- four hosts ------------------------------------------------------------------------------------


def test_a_host_with_a_strict_policy_shows_the_search_in_its_colours(
    visit: Visit, show: Callable[..., Page], empelt: str
) -> None:
    visit.page.add_init_script(
        "window.violations = []; window.told = [];"
        "addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective));"
        "for (const name of ['empelt-search', 'empelt-open'])"
        "  addEventListener(name, event => { told.push([name, event.detail]);"
        "    if (name === 'empelt-open') event.preventDefault(); });"
    )
    page = show(
        element(empelt, integrity=components()["v1"].integrity, attributes='municipality="Reus" limit="3"'),
        Content_Security_Policy=(
            f"default-src 'none'; script-src {empelt}; connect-src {empelt}; style-src 'self'; img-src 'self'; "
            "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
        ),
    )
    search(page)
    assert page.locator(CARD).count() == 3
    assert page.evaluate("violations") == []
    ground = page.locator(BUTTON).evaluate("each => getComputedStyle(each).backgroundColor")
    assert ground == "rgb(23, 83, 58)"
    assert "Encaix amb el vostre context" in page.locator(CARD).first.inner_text()
    title = page.locator(TITLE).first
    name = title.inner_text()
    title.click()
    (asked, answered), (opened, practice) = page.evaluate("told")
    assert (asked, answered) == (
        "empelt-search",
        {"text": QUERY, "municipality": "Reus", "language": "ca", "total": 7},
    )
    assert (opened, practice["title"]) == ("empelt-open", name)
    assert practice["url"].startswith(f"{empelt}/practices/sola-")
    assert urlsplit(page.url).path.startswith("/page-"), "the page shows the practice its own way"
    assert visit.complaints == []


@pytest.mark.parametrize("whole_host", [False, True], ids=["the frame", "the host with the component"])
def test_a_sandboxed_frame_without_an_origin_searches_and_tells_where_its_links_lead(
    visit: Visit, show: Callable[..., Page], empelt: str, host: str, pages: dict[str, Any], whole_host: bool
) -> None:
    pages["/inner"] = ({}, f"<!doctype html><body>{element(empelt)}</body>")
    source = f"{host}/inner" if whole_host else f"{empelt}/embed/v1/search?lang=ca"
    page = show(f'<iframe sandbox="allow-scripts" src="{source}" width="600" height="900"></iframe>')
    frame = page.frames[1]
    frame.locator(BUTTON).wait_for()
    assert frame.evaluate("self.origin") == "null"
    box = frame.locator(BOX)
    box.fill(QUERY)
    box.press("Enter")
    frame.locator(CARD).first.wait_for()
    posts = [
        headers for url, method, headers in visit.requests if method == "POST" and url == f"{empelt}/v1/search"
    ]
    assert [headers.get("origin") for headers in posts] == ["null"]
    assert "cookie" not in posts[0]
    assert "referer" not in posts[0]
    link = frame.locator(TITLE).first
    link.click()
    address = frame.locator("[part=address] code")
    assert address.inner_text() == link.evaluate("each => each.href")
    # The browser tells the host's developer that a window was not opened; nothing else went wrong.
    assert all("allow-popups" in each for each in visit.complaints), visit.complaints


HOSTILE_CSS = """
* { all: unset !important; display: none !important; float: left !important; font: 40px/3 fantasy !important;
    color: red !important; text-transform: uppercase !important; letter-spacing: 1em !important;
    text-align: right !important; box-sizing: content-box !important; visibility: hidden !important; }
html, body, #room { display: block !important; visibility: visible !important; float: none !important; }
#room { width: 600px !important; }
html { font-size: 3px !important; direction: rtl !important; }
:root { --ink: red; --paper: red; --accent: red; }
button, textarea, a, li { position: fixed !important; top: 0 !important; }
"""
SHAPES = """host => [...host.shadowRoot.querySelectorAll('*')].map(each => {
  const box = each.getBoundingClientRect(), from = host.getBoundingClientRect(), style = getComputedStyle(each);
  return [each.tagName, Math.round(box.x - from.x), Math.round(box.y - from.y), Math.round(box.width),
    Math.round(box.height), style.color, style.fontFamily, style.fontSize, style.textTransform,
    style.letterSpacing, style.textAlign, style.direction, style.visibility, style.display];
})"""


def test_hostile_styles_of_the_host_do_not_reach_in(
    visit: Visit, show: Callable[..., Page], empelt: str, pages: dict[str, Any]
) -> None:
    pages["/hostile.css"] = ({}, HOSTILE_CSS)
    shapes = []
    for head in ("<style>#room { width: 600px }</style>", '<link rel="stylesheet" href="/hostile.css">'):
        page = show(f'<div id="room">{element(empelt)}</div>', head=head)
        search(page)
        shapes.append(page.locator("empelt-search").evaluate(SHAPES))
    plain, hostile = shapes
    assert len(plain) > 50
    assert hostile == plain


def test_a_right_to_left_host_shows_the_search_left_to_right(
    visit: Visit, show: Callable[..., Page], empelt: str
) -> None:
    page = show(f"<p>مرحبا</p>{element(empelt)}", root='dir="rtl" lang="ar"')
    page.set_viewport_size({"width": 320, "height": 800})
    search(page)
    bar, word = (
        page.locator(f"empelt-search .strength {each}").first.bounding_box() for each in ("svg", "strong")
    )
    assert bar
    assert word
    assert bar["x"] < word["x"]
    directions = page.locator("empelt-search").evaluate(
        "host => new Set([...host.shadowRoot.querySelectorAll('*')].map(e => getComputedStyle(e).direction)).size"
    )
    assert directions == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.locator("p", has_text="مرحبا").evaluate("each => getComputedStyle(each).direction") == "rtl"


# --- what else may happen on a host ----------------------------------------------------------------


def test_a_file_other_than_the_one_that_was_pinned_is_refused(
    visit: Visit, show: Callable[..., Page], empelt: str
) -> None:
    page = show(element(empelt, integrity="sha384-" + "A" * 64))
    page.wait_for_load_state("networkidle")
    assert not page.evaluate("Boolean(customElements.get('empelt-search'))")
    assert page.locator("#fallback").is_visible(), "the link inside the tag stays"
    assert any("integrity" in each for each in visit.complaints)
    right = show(element(empelt, integrity=components()["v1"].integrity))
    right.locator(BUTTON).wait_for()
    assert not right.locator("#fallback").is_visible()


def test_a_key_travels_in_the_header_and_one_that_is_no_longer_good_is_told(
    visit: Visit, show: Callable[..., Page], empelt: str
) -> None:
    page = show(element(empelt, attributes=f'key="{KEY}"'))
    page.locator(BOX).fill(QUERY)
    page.locator(BUTTON).click()
    page.locator(STATUS + ".trouble").wait_for()
    assert page.locator(STATUS + ".trouble").inner_text().startswith("La clau d’aquest web ja no és vàlida")
    [sent] = [headers for _, method, headers in visit.requests if method == "POST"]
    assert sent["authorization"] == f"Bearer {KEY}"
    assert KEY not in "".join(url for url, _, _ in visit.requests)


def test_attributes_may_change_while_the_page_lives(visit: Visit, show: Callable[..., Page], empelt: str) -> None:
    page = show(element(empelt, attributes='region="Puglia"'))
    page.locator(BOX).fill(QUERY)
    page.locator(BUTTON).click()
    page.locator(CARD).first.wait_for()
    assert page.locator(CARD).count() == 2
    page.evaluate(
        "const it = document.querySelector('empelt-search');"
        "it.setAttribute('language', 'it'); it.setAttribute('limit', '1'); it.removeAttribute('region');"
    )
    page.locator("empelt-search", has_text="7 pratiche rispondono al Suo problema").wait_for()
    assert page.locator(CARD).count() == 1
    assert page.locator(BOX).input_value() == QUERY


def test_a_municipality_that_several_share_is_chosen_with_a_button(
    visit: Visit, show: Callable[..., Page], empelt: str
) -> None:
    page = show(element(empelt, attributes='municipality="Castell"'))
    page.locator(BOX).fill(QUERY)
    page.locator(PLACE).press("Enter")
    page.get_by_role("button", name="Puglia").click()
    page.locator(CARD).first.wait_for()
    assert "Castell" in page.locator(PLACE).input_value()


# --- WordPress -------------------------------------------------------------------------------------

# What a WordPress page does with messages from the frames in its posts (wp-includes/js/wp-embed.js), in our words.
WORDPRESS = """
addEventListener('message', ({data, source}) => {
  if (!data || !data.secret || /[^a-zA-Z0-9]/.test(data.secret)) return;
  for (const quoted of document.querySelectorAll(`blockquote[data-secret="${data.secret}"]`))
    quoted.style.display = 'none';
  for (const frame of document.querySelectorAll(`iframe[data-secret="${data.secret}"]`)) {
    if (source !== frame.contentWindow) continue;
    frame.removeAttribute('style');
    if (data.message === 'height') frame.height = Math.min(1000, Math.max(200, parseInt(data.value, 10)));
    if (data.message === 'link' && new URL(data.value).host === new URL(frame.src).host
        && document.activeElement === frame) top.location.href = data.value;
  }
});
addEventListener('load', () => {
  for (const frame of document.querySelectorAll('iframe.wp-embedded-content'))
    frame.contentWindow.postMessage({message: 'ready', secret: frame.dataset.secret}, '*');
});
"""


def test_wordpress_turns_a_pasted_address_into_a_search_that_grows_and_opens(
    visit: Visit, show: Callable[..., Page], empelt: str
) -> None:
    pasted = f"{empelt}/?lang=ca"
    found = LexborHTMLParser(httpx.get(pasted).text).css_first('link[type="application/json+oembed"]')
    answer = httpx.get(f"{found.attributes['href']}&maxwidth=600&maxheight=300").json()
    html = as_wordpress_shows(answer["html"], SECRET)
    page = show(f"<script>{WORDPRESS}</script>{html}")
    frame = page.locator("iframe")
    page.wait_for_function("document.querySelector('iframe').checkVisibility({visibilityProperty: true})")
    assert not page.locator("blockquote").is_visible()
    before = int(frame.get_attribute("height") or 0)
    assert 200 <= before < 500
    inside = page.frames[1]
    search(inside)
    page.wait_for_function(f"Number(document.querySelector('iframe').height) > {before}")
    assert int(frame.get_attribute("height") or 0) <= 1000
    inside.locator(TITLE).first.click()
    page.wait_for_url(f"{empelt}/practices/sola-*")


def test_where_frames_are_not_shown_the_quote_still_leads_to_the_search(
    visit: Visit, show: Callable[..., Page], empelt: str
) -> None:
    answer = httpx.get(f"{empelt}/oembed", params={"url": f"{empelt}/practices/sola-1?lang=es"}).json()
    page = show(as_wordpress_shows(answer["html"], SECRET), Content_Security_Policy="frame-src 'none'")
    page.locator("blockquote a").click()
    page.wait_for_url(f"{empelt}/practices/sola-1?lang=es")
    assert page.locator("h1").inner_text() == "Companyia 1 per a la gent gran que viu sola"


# --- the page for partners -------------------------------------------------------------------------


def test_the_preview_and_the_snippets_follow_the_choices(visit: Visit, empelt: str) -> None:
    page = visit.page
    page.goto(f"{empelt}/partners?lang=en")
    marker = page.evaluate("window.marker = Math.random()")
    page.get_by_label("Language of the search").select_option("it")
    page.get_by_label("Results shown").fill("2")
    preview = page.frame_locator("#preview")
    preview.locator(BUTTON, has_text="Cerca pratiche").wait_for()
    snippet = page.get_by_label("Code of the component", exact=True)
    page.wait_for_function(
        "document.querySelector('[aria-label=\"Code of the component\"]').value.includes('limit=\"2\"')"
    )
    assert 'language="it"' in snippet.input_value()
    assert "speaks=it" in page.url
    assert page.evaluate("window.marker") == marker, "the page was not loaded again"
    preview.locator(BOX).fill(QUERY)
    preview.locator(BUTTON).click()
    preview.locator(CARD).first.wait_for()
    assert preview.locator(CARD).count() == 2
    assert visit.complaints == []


def test_without_a_script_the_button_shows_it(browser: Browser, empelt: str) -> None:  # noqa: F811
    context = browser.new_context(locale="ca-ES", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{empelt}/partners?lang=en")
    page.get_by_label("Municipality to compare with").fill("Reus")
    page.get_by_role("button", name="Update the preview").click()
    page.wait_for_url("**municipality=Reus**")
    assert 'municipality="Reus"' in page.get_by_label("Code of the component", exact=True).input_value()
    inside = page.frame_locator("#preview")
    inside.locator("textarea").fill(QUERY)
    inside.locator("button").click()
    inside.locator("li").first.wait_for()
    context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_sticks_out_and_every_target_is_large_enough(visit: Visit, empelt: str, width: int) -> None:
    page = visit.page
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/partners?lang=ca", f"/embed/v1/search?lang=ca&municipality=Reus&q={quote(QUERY)}"):
        page.goto(empelt + path)
        if "embed" in path:
            page.locator(CARD).first.wait_for()
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        targets = "a, button, input:not([type=hidden]), select, textarea, summary"
        small = page.evaluate(
            """targets => [document, document.querySelector('empelt-search')?.shadowRoot].filter(Boolean)
            .flatMap(root => [...root.querySelectorAll(targets)])
            .filter(each => each.checkVisibility() && !each.matches('.skip') && !each.closest('footer p'))
            .map(each => [each.innerText, each.getBoundingClientRect().height])
            .filter(([, height]) => height < 24)""",
            targets,
        )
        assert json.dumps(small) == "[]", path


def test_the_titles_of_the_component_fit_the_headings_of_the_page(
    visit: Visit, show: Callable[..., Page], empelt: str
) -> None:
    pasted = element(empelt, attributes='heading-level="2"')
    page = show(f"<h1>Ajuntament</h1>{pasted}")
    search(page)
    tags = page.locator("empelt-search").evaluate(
        "host => [...host.shadowRoot.querySelectorAll('[part=title]')].map(each => each.tagName)"
    )
    assert set(tags) == {"H2"}
    assert re.match(r"Companyia \d per a", page.get_by_role("heading", level=2).first.inner_text())
