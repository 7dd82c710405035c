"""The search on partners' sites: the component in its versions, the frame, oEmbed as it is read."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from xml.etree import ElementTree

import nh3
import pytest
import yaml
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from corpus.municipality import Municipalities, Municipality
from indexer.calibration import Calibration
from service import embedding, resources
from service.app import create_app
from service.embedding import COMPONENT, PACKAGE, Widget, components, own_path
from service.i18n import LANGUAGES
from service.page_address import Address
from service.schemas import LONGEST_QUERY
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice, make_snapshot

SITE = "https://empelt.example"
QUERY = "gent gran que viu sola al poble"
HOSTILE = '"><script>alert(1)</script>'
LARGEST_COMPONENT = 25_000  # bytes, gzipped

# What each published version is, for ever: a partner's page names its integrity. A change of the component is a
# new version in package.json; the old file goes to service/static/embed/earlier/<version>.js.
PUBLISHED = {"1.0.0": "sha384-qgi4nHfhk0phevUXNf0+8c/OsZ5ko/nZthRnMlOy568QEH6WkF0rJIZGA8J6uMub"}

PLACES = [
    Municipality("Reus", code="43123", population=107_000, region="Catalunya", province="Tarragona", country="ES"),
    Municipality("Castell", population=7_900, region="Illes Balears", country="ES", geonames_id=1),
    Municipality("Castell", population=11_000, region="Puglia", country="IT", geonames_id=2),
]


def small_bank() -> list[Any]:
    """Seven practices on loneliness in two regions, and one with hostile texts."""
    lonely = [
        make_practice(
            id=f"sola-{number}",
            title=f"Companyia {number} per a la gent gran que viu sola",
            problem=f"Al poble {number} hi ha gent gran que viu sola 👵 i que ningú no visita.",
            actions=f"El voluntariat visita la gent gran que viu sola del poble {number}.",
            place=f"Vila {number}",
            population=4_000 + number,
            region="Puglia" if number < 2 else "Catalunya",
            country="IT" if number < 2 else "ES",
            themes=["loneliness"],
            status="consolidated",
            evidence="measured",
            start_year=2019,
        )
        for number in range(7)
    ]
    hostile = make_practice(
        id="hostil",
        title=f"Mercat {HOSTILE}",
        problem=f"Un mercat trencat {HOSTILE} que calia refer.",
        actions="Es va refer el mercat amb cura.",
        place=f"Vila {HOSTILE}",
    )
    return [*lonely, hostile]


def small_app(folder: Any, patch: pytest.MonkeyPatch, **settings: Any) -> Any:
    """The application on the small bank, with a calibration that cuts off what shares no words."""
    encoder = HashingEncoder()
    make_snapshot(folder / "index", small_bank(), encoder)
    calibration = Calibration(
        encoder_digest=encoder.digest, dense=12, lexical=2, intercept=-5, floor=0.3, strong=0.8
    )
    patch.setattr(resources, "load_encoder", lambda _: encoder)
    patch.setattr(resources, "load_calibration", lambda _: calibration)
    patch.setattr(resources, "load_municipalities", lambda _: Municipalities(PLACES))
    return create_app(Settings(data=folder, per_minute=100_000, **settings))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application as a partner's server meets it."""
    with pytest.MonkeyPatch.context() as patch:
        app = small_app(tmp_path_factory.mktemp("embed"), patch, public_url=SITE)
        with TestClient(app) as opened:
            yield opened


def read(client: TestClient, path: str, **parameters: Any) -> LexborHTMLParser:
    answer = client.get(path, params=parameters or None)
    assert answer.status_code == 200, answer.text
    return LexborHTMLParser(answer.text)


def texts(tree: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in tree.css(selector)]


def ask_oembed(client: TestClient, page: str, **parameters: Any) -> dict[str, Any]:
    answer = client.get("/oembed", params={"url": page} | parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


# --- the component ---------------------------------------------------------------------------------


def test_a_published_version_never_changes():
    found = {version: each.integrity for version, each in components().items() if version != "v1"}
    assert found == PUBLISHED, "published files are for ever: raise the version in package.json instead"


def test_the_moving_address_may_be_kept_an_hour_and_a_version_for_ever(client):
    [version] = PUBLISHED
    moving, pinned = client.get("/embed/v1/empelt-search.js"), client.get(f"/embed/{version}/empelt-search.js")
    assert moving.content == pinned.content == COMPONENT.read_bytes()
    assert moving.headers["cache-control"] == "public, max-age=3600"
    assert pinned.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert moving.headers["content-type"].startswith("text/javascript")
    again = client.get("/embed/v1/empelt-search.js", headers={"If-None-Match": moving.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_version_that_was_never_published_is_not_there(client):
    answer = client.get("/embed/0.9.9/empelt-search.js")
    assert answer.status_code == 404
    assert "1.0.0" in answer.json()["detail"]


def test_an_earlier_version_stays_when_a_newer_one_comes(tmp_path, monkeypatch):
    (tmp_path / "0.9.0.js").write_text("// as it was")
    monkeypatch.setattr(embedding, "EARLIER", tmp_path)
    found = components.__wrapped__()
    assert found["0.9.0"].source == b"// as it was"
    assert found["v1"] == found["1.0.0"] != found["0.9.0"]


def test_the_component_is_light():
    assert len(gzip.compress(COMPONENT.read_bytes(), 6)) <= LARGEST_COMPONENT


def test_the_component_says_what_the_catalogs_say_in_four_languages():
    source = COMPONENT.read_text("utf-8")
    assert embedding.with_texts(source) == source, "run `python -m service.embedding`"
    block = re.search(r"^const TEXTS = (.*?);$", source, re.M | re.S)
    said = json.loads(block.group(1)) if block else {}
    assert set(said) == set(LANGUAGES)
    for language in ("ca", "es", "it"):
        assert said[language].keys() == said["en"].keys()
        assert said[language]["foundMany"].startswith("{count} ")
        same = {key for key, text in said[language].items() if text == said["en"][key]}
        assert not same


def test_the_component_and_the_service_agree_on_numbers_and_names():
    source = COMPONENT.read_text("utf-8")
    constants = dict(re.findall(r"^const (\w+) = ([\d_]+|\"[^\"]+\");", source, re.M))
    assert int(constants["LONGEST_QUERY"]) == LONGEST_QUERY
    assert int(constants["MOST_RESULTS"]) == embedding.MOST_RESULTS
    assert int(constants["USUAL_RESULTS"]) == embedding.USUAL_RESULTS
    assert json.loads(constants["VERSION"]) == json.loads((PACKAGE / "package.json").read_text())["version"]


def test_the_component_stores_nothing_writes_no_html_and_names_no_other_host():
    source = COMPONENT.read_text("utf-8")
    assert not re.search(
        r"cookie\b|localStorage|sessionStorage|indexedDB|innerHTML|eval\(|\.style\b", source.split("*/")[-1]
    )
    assert set(re.findall(r"https?://[^\"/`]+", source)) == {"http://www.w3.org"}  # the name of SVG, never fetched


def test_the_package_describes_every_event_attribute_and_part():
    source = COMPONENT.read_text("utf-8")
    types, readme = (PACKAGE / "index.d.ts").read_text(), (PACKAGE / "README.md").read_text()
    events = set(re.findall(r"#tell\(\"(empelt-\w+)\"", source))
    assert events == {"empelt-search", "empelt-open", "empelt-blocked", "empelt-error"}
    assert events == set(re.findall(r"^    \"(empelt-\w+)\": Empelt\w+Event;", types, re.M))
    reasons = set(re.findall(r"#trouble\(\w+, \"([\w-]+)\"", source))
    [told] = re.findall(r"reason: (.*);", types)
    assert reasons == set(re.findall(r"\"([\w-]+)\"", told))
    [observed] = re.findall(r"observedAttributes = \[(.*?)\]", source, re.S)
    for name in [*re.findall(r"\"([\w-]+)\"", observed), *events, *re.findall(r"part: \"(\w+)\"", source)]:
        assert f"`{name}`" in readme, name
    for name in set(re.findall(r"var\((--empelt-[\w-]+)", source)):
        assert f"`{name}`" in readme, name
    package = json.loads((PACKAGE / "package.json").read_text())
    assert all((PACKAGE / name).exists() for name in package["files"])


# --- from anywhere ---------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["null", "https://ajuntament.example"])
def test_a_script_of_any_site_may_search(client, origin):
    preflight = client.options(
        "/v1/search",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert {"authorization", "content-type"} <= set(
        preflight.headers["access-control-allow-headers"].lower().split(", ")
    )
    answer = client.post("/v1/search", json={"text": QUERY}, headers={"Origin": origin})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/embed/v1/empelt-search.js", "/embed/v1/search", "/oembed?url=x", "/v1/themes", "/v1/practices/sola-1"],
)
def test_what_anybody_may_read_says_so_on_every_answer(client, path):
    assert client.get(path).headers["access-control-allow-origin"] == "*"


def test_a_refusal_can_be_read_by_the_component_too(client):
    answer = client.post("/v1/search", json={"text": ""}, headers={"Origin": "null"})
    assert answer.status_code == 422
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/v1/imports", "/v1/keys", "/", "/partners"])
def test_what_changes_things_is_not_open_to_other_sites(client, path):
    answer = client.options(path, headers={"Origin": "null", "Access-Control-Request-Method": "POST"})
    assert "access-control-allow-origin" not in answer.headers


def test_a_practice_cannot_be_removed_from_another_site(client):
    answer = client.options(
        "/v1/practices/sola-1", headers={"Origin": "null", "Access-Control-Request-Method": "DELETE"}
    )
    assert "DELETE" not in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    ("path", "anybody"),
    [
        ("/embed/v1/search", True),
        ("/embed/v1/practices/sola-1", True),
        ("/", False),
        ("/practices/sola-1", False),
        ("/partners", False),
        ("/embedded", False),
    ],
)
def test_only_the_pages_made_for_frames_stand_in_frames(client, path, anybody):
    policy = client.get(path).headers["content-security-policy"]
    assert policy.endswith("frame-ancestors *" if anybody else "frame-ancestors 'self'")
    assert "unsafe" not in policy


# --- the frame -------------------------------------------------------------------------------------


def test_the_frame_holds_the_component_pinned_and_verified(client):
    tree = read(client, "/embed/v1/search", lang="es", municipality="Reus", region="Puglia", limit=3, key="k1")
    [script] = tree.css("script[type=module]")
    source = client.get(script.attributes["src"]).content
    digest = base64.b64encode(hashlib.sha384(source).digest()).decode()
    assert script.attributes["integrity"] == f"sha384-{digest}"
    [element] = tree.css("empelt-search")
    assert element.attributes == {
        "language": "es", "municipality": "Reus", "region": "Puglia", "limit": "3", "key": "k1",
        "heading-level": "2",
    }  # fmt: skip
    assert not tree.css("[style], style")
    assert tree.css_first("html").attributes["lang"] == "es"


def test_without_a_script_the_frame_is_a_form_that_answers(client):
    tree = read(client, "/embed/v1/search", lang="ca", region="Puglia", limit=1, q=QUERY)
    assert texts(tree, ".status") == ["2 pràctiques responen al vostre problema"]
    assert len(tree.css("ol > li")) == 1
    [link] = tree.css("ol h2 a")
    assert link.attributes["target"] == "_blank"
    assert link.attributes["href"].startswith("/practices/sola-")
    hidden = {node.attributes["name"]: node.attributes["value"] for node in tree.css("input[type=hidden]")}
    assert hidden == {"region": "Puglia", "limit": "1", "lang": "ca"}
    assert tree.css_first("textarea").text() == QUERY


def test_a_municipality_that_several_share_can_be_chosen_in_the_frame(client):
    tree = read(client, "/embed/v1/search", lang="en", municipality="Castell", q=QUERY)
    assert texts(tree, ".trouble") == ["Several municipalities are called Castell. Which one is yours?"]
    for choice in tree.css(".choices a"):
        assert texts(read(client, choice.attributes["href"]), ".trouble") == []


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("", "Write the problem you want to solve: a sentence or a whole paragraph."),
        ("?!", "The text holds no letter or number. Write the problem in words."),
        (
            "a" * 5_001,
            "The text is too long: it has 5,001 characters, and 5,000 is the most that can be searched.",
        ),
    ],
)
def test_a_question_that_is_none_is_told_so_in_the_frame(client, asked, told):
    [said] = texts(read(client, "/embed/v1/search", lang="en", q=asked), ".trouble")
    assert said.startswith(told)


def test_hostile_words_are_only_words(client):
    for path, parameters in (
        ("/embed/v1/search", {"q": f"mercat trencat {HOSTILE}", "municipality": HOSTILE, "region": HOSTILE}),
        ("/embed/v1/search", {"q": "mercat trencat", "key": HOSTILE}),
        ("/embed/v1/practices/hostil", {}),
        ("/partners", {"municipality": HOSTILE, "region": HOSTILE, "limit": HOSTILE, "speaks": HOSTILE}),
    ):
        tree = read(client, path, **parameters)
        assert all(node.attributes.get("src") for node in tree.css("script"))
        assert "alert" not in "".join(node.text() for node in tree.css("script"))


def test_a_practice_is_a_card_that_leads_to_the_whole(client):
    tree = read(client, "/embed/v1/practices/sola-1", lang="it")
    [title, whole] = tree.css("a")
    assert title.text() == "Companyia 1 per a la gent gran que viu sola"
    assert title.attributes["href"] == whole.attributes["href"] == "/practices/sola-1?lang=it"
    assert texts(tree, ".meta")[0] == "Vila 1 · 4.001 abitanti · Puglia · dal 2019"
    assert client.get("/embed/v1/practices/none").status_code == 404


# --- oEmbed ----------------------------------------------------------------------------------------


def as_wordpress_shows(html: str, secret: str) -> str:
    """What WordPress makes of the answer of a provider it does not know (wp_filter_oembed_result, 6.x).

    Only links, quotes and frames are left, with few attributes; the frame is sandboxed, gets a secret, and hides
    behind the quote until it sends its first message.
    """
    kept = nh3.clean(
        html,
        tags={"a", "blockquote", "iframe"},
        attributes={
            "a": {"href"},
            "iframe": {
                "src", "width", "height", "frameborder", "marginwidth", "marginheight", "scrolling", "title",
            },
        },
        link_rel=None,
    )  # fmt: skip
    found = re.search(r"(<blockquote>.*?</blockquote>)?.*(<iframe.*?></iframe>)", kept, re.S)
    assert found, "WordPress shows nothing without a frame"
    quoted, frame = found.group(1) or "", found.group(2)
    if quoted:
        quoted = quoted.replace("<blockquote>", f'<blockquote class="wp-embedded-content" data-secret="{secret}">')
        frame = frame.replace("<iframe", '<iframe style="position: absolute; visibility: hidden;"')
    frame = re.sub(r' src="([^"]*)"', rf' src="\1#?secret={secret}" data-secret="{secret}"', frame)
    return quoted + frame.replace("<iframe", '<iframe class="wp-embedded-content" sandbox="allow-scripts"')


@pytest.mark.parametrize("path", ["/?lang=ca", f"/?{urlencode({'q': QUERY, 'lang': 'it'})}", "/practices/sola-1"])
def test_a_page_says_where_its_oembed_answer_is_and_json_and_xml_say_the_same(client, path):
    tree = read(client, path)
    [as_json] = tree.css('link[type="application/json+oembed"]')
    [as_xml] = tree.css('link[type="text/xml+oembed"]')
    told = client.get(as_json.attributes["href"].removeprefix(SITE))
    written = client.get(as_xml.attributes["href"].removeprefix(SITE))
    assert (told.status_code, told.headers["content-type"]) == (200, "application/json")
    assert written.headers["content-type"].startswith("text/xml")
    elements = {element.tag: element.text for element in ElementTree.fromstring(written.text)}
    assert elements == {name: str(value) for name, value in told.json().items()}
    assert (told.json()["version"], told.json()["type"]) == ("1.0", "rich")


def test_an_answer_is_a_quote_and_a_frame_that_keep_the_search(client):
    page = f"{SITE}/?{urlencode({'q': QUERY, 'region': 'Puglia', 'lang': 'es'})}"
    answer = ask_oembed(client, page)
    tree = LexborHTMLParser(answer["html"])
    [quote_link], [frame] = tree.css("blockquote a"), tree.css("iframe")
    assert answer["title"] == quote_link.text() == f"Buenas prácticas para: {QUERY}"
    assert parse_qs(urlsplit(quote_link.attributes["href"]).query) == parse_qs(urlsplit(page).query)
    source = urlsplit(frame.attributes["src"])
    assert (source.path, parse_qs(source.query)) == ("/embed/v1/search", parse_qs(urlsplit(page).query))
    assert "<script" not in answer["html"]


def test_an_embedded_address_of_a_frame_keeps_its_limit_and_key(client):
    frame = Widget(Address(language="ca", municipality="Reus"), limit=3, key="k").frame()
    html = ask_oembed(client, SITE + frame)["html"]
    assert LexborHTMLParser(html).css_first("iframe").attributes["src"] == SITE + frame


def test_a_practice_is_embedded_with_its_title_and_whose_it_is(client):
    answer = ask_oembed(client, f"{SITE}/practices/sola-3?lang=it&q=x")
    assert answer["title"] == "Companyia 3 per a la gent gran que viu sola"
    assert answer["author_name"] == "Vila 3"
    frame = LexborHTMLParser(answer["html"]).css_first("iframe").attributes["src"]
    assert frame == f"{SITE}/embed/v1/practices/sola-3?lang=it"
    assert client.get(frame.removeprefix(SITE)).status_code == 200


def test_wordpress_keeps_the_quote_and_the_frame(client):
    html = as_wordpress_shows(ask_oembed(client, f"{SITE}/?lang=ca")["html"], "abcdefghij")
    tree = LexborHTMLParser(html)
    [frame] = tree.css("iframe")
    assert frame.attributes["sandbox"] == "allow-scripts"
    assert frame.attributes["src"] == f"{SITE}/embed/v1/search?lang=ca#?secret=abcdefghij"
    assert frame.attributes["title"] == "Cerqueu bones pràctiques d’altres municipis a Empelt"
    assert [node.text() for node in tree.css("blockquote a")] == [frame.attributes["title"]]


def test_a_hostile_title_breaks_out_of_nothing(client):
    answer = ask_oembed(client, f"{SITE}/practices/hostil")
    tree = LexborHTMLParser(answer["html"])
    assert not tree.css("script")
    assert tree.css_first("iframe").attributes["title"] == f"Mercat {HOSTILE}"
    control = client.get("/oembed", params={"url": f"{SITE}/?q=a%01b%0Bc", "format": "xml"})
    assert ElementTree.fromstring(control.text).findtext("title") == "Bones pràctiques per a: ab c"


def test_the_frame_is_no_larger_than_asked_for(client):
    small = ask_oembed(client, f"{SITE}/", maxwidth=300, maxheight=250)
    assert (small["width"], small["height"]) == (300, 250)
    frame = LexborHTMLParser(small["html"]).css_first("iframe")
    assert (frame.attributes["width"], frame.attributes["height"]) == ("300", "250")
    assert ask_oembed(client, f"{SITE}/", maxwidth=5_000)["width"] == 640


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({}, 422),
        ({"url": f"{SITE}/", "format": "yaml"}, 501),
        ({"url": f"{SITE}/", "maxwidth": "0"}, 422),
        ({"url": "https://elsewhere.example/"}, 404),
        ({"url": "https://empelt.example.evil.example/"}, 404),
        ({"url": "javascript:alert(1)"}, 404),
        ({"url": "http://[bad"}, 404),
        ({"url": f"{SITE}/about"}, 404),
        ({"url": f"{SITE}/practices/none"}, 404),
    ],
)
def test_what_cannot_be_embedded_is_refused_in_the_standard_s_way(client, parameters, status):
    assert client.get("/oembed", params=parameters).status_code == status


@given(st.text(max_size=80))
def test_any_text_is_either_an_address_of_ours_or_none(text):
    assert own_path(SITE, text) is None
    found = own_path(SITE, f"{SITE}/{text}")
    assert found is None or found[0].startswith("/")


@given(
    st.text(min_size=1).filter(lambda text: text.strip() == text and "\x00" not in text),
    st.integers(1, 20),
    st.sampled_from(["", "key-1"]),
)
def test_a_frame_s_address_says_what_the_partner_chose(text, limit, key):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    address = Address(asked=True, text=text, municipality="Reus", filters={"region": ("Puglia",)}, language="it")
    widget = Widget(address, limit, key)
    assert Widget.of(parse_qsl(urlsplit(widget.frame()).query)) == widget


# --- the page for partners -------------------------------------------------------------------------


def snippets(tree: LexborHTMLParser) -> dict[str, str]:
    return {node.attributes["aria-label"]: node.text() for node in tree.css(".snippet textarea")}


def test_the_page_builds_what_to_paste_from_what_was_chosen(client):
    chosen = {"lang": "en", "speaks": "it", "municipality": "Reus", "region": "Puglia", "limit": 3, "with_key": 1}
    tree = read(client, "/partners", **chosen)
    shown = snippets(tree)
    element = LexborHTMLParser(shown["Code of the component"]).css_first("empelt-search")
    assert element.attributes == {
        "language": "it", "municipality": "Reus", "region": "Puglia", "limit": "3", "key": "empelt_…",
    }  # fmt: skip
    assert element.text().strip() == "Cerchi buone pratiche di altri comuni su Empelt"
    assert parse_qs(urlsplit(shown["Address of the search"]).query) == {
        "municipality": ["Reus"], "region": ["Puglia"], "lang": ["it"], "limit": ["3"], "key": ["empelt_…"],
    }  # fmt: skip
    frame = LexborHTMLParser(shown["Code of the frame"]).css_first("iframe").attributes["src"]
    assert frame == shown["Address of the search"].strip()
    preview = tree.css_first("iframe#preview").attributes["src"]
    assert client.get(preview).status_code == 200
    assert "key" not in parse_qs(urlsplit(preview).query)


def test_the_pinned_component_names_the_integrity_of_what_is_served(client):
    shown = snippets(read(client, "/partners", lang="en"))
    script = LexborHTMLParser(shown["Code of the component, one version"]).css_first("script")
    served = client.get(script.attributes["src"].removeprefix(SITE)).content
    digest = base64.b64encode(hashlib.sha384(served).digest()).decode()
    assert script.attributes["integrity"] == f"sha384-{digest}"
    assert script.attributes["crossorigin"] == "anonymous"
    assert "integrity" not in shown["Code of the component"]


def test_the_liferay_file_is_a_custom_element_with_what_was_chosen(client):
    shown = snippets(read(client, "/partners", lang="en", speaks="es", municipality="Reus"))
    extension = yaml.safe_load(shown["client-extension.yaml"])["empelt-search"]
    assert (extension["type"], extension["htmlElementName"]) == ("customElement", "empelt-search")
    assert extension["useESM"] is True
    assert extension["properties"] == ["language=es", "municipality=Reus"]
    assert extension["urls"] == [f"{SITE}/embed/v1/empelt-search.js"]


def test_the_form_remembers_and_the_language_switch_keeps_what_was_chosen(client):
    tree = read(client, "/partners", lang="ca", speaks="es", region="Puglia", theme="loneliness", limit=7)
    assert [node.attributes["value"] for node in tree.css("option[selected]")] == ["es", "Puglia", "loneliness"]
    assert tree.css_first("#limit").attributes["value"] == "7"
    [italian] = [node.attributes["href"] for node in tree.css("nav.languages a") if node.text() == "Italiano"]
    assert parse_qs(urlsplit(italian).query) == {
        "speaks": ["es"], "region": ["Puglia"], "theme": ["loneliness"], "limit": ["7"], "lang": ["it"],
    }  # fmt: skip


def test_every_page_leads_to_the_page_for_partners(client):
    assert "/partners?lang=ca" in [node.attributes["href"] for node in read(client, "/?lang=ca").css("footer a")]


# --- the guide -------------------------------------------------------------------------------------


def test_the_guide_says_what_the_program_does(client):
    guide = (embedding.PACKAGE.parent.parent.parent / "docs" / "embedding.md").read_text("utf-8")
    for name in ("language", "municipality", "region", "theme", "limit", "key", "query"):
        assert f"| `{name}` |" in guide
    reus = Widget(Address(language="ca", municipality="Reus"))
    assert embedding.liferay_client_extension(reus, SITE) in guide
    assert embedding.components()["v1"].path in guide
    example = f"{SITE}/embed/v1/search?lang=ca&municipality=Reus"
    assert example in guide
    assert ask_oembed(client, example)["type"] == "rich"
