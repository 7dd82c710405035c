"""The pages as a reader without a script meets them."""

import itertools
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from selectolax.lexbor import LexborHTMLParser, LexborNode

from corpus.municipality import Municipalities, Municipality
from indexer.calibration import Calibration
from models.batching import BatchingEncoder, EncoderBusy
from service import resources
from service.app import create_app
from service.page_address import Address
from service.schemas import LONGEST_QUERY
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice, make_snapshot

QUERY = "gent gran que viu sola al poble"
HOSTILE = '<script>alert("x")</script>'

PLACES = [
    Municipality("Reus", code="43123", population=107_000, region="Catalunya", province="Tarragona", country="ES"),
    Municipality("Castell", population=7_900, region="Illes Balears", country="ES", geonames_id=1),
    Municipality("Castell", population=11_000, region="Puglia", country="IT", geonames_id=2),
    Municipality("Cardona", population=4_600, region="Catalunya", country="ES", geonames_id=3),
]


def bank() -> list[Any]:
    """Twelve practices on loneliness, one on school with everything in it, one that is hostile."""
    lonely = [
        make_practice(
            id=f"sola-{number}",
            title=f"Companyia {number} per a la gent gran que viu sola",
            problem=f"Al poble {number} hi ha gent gran que viu sola i que ningú no visita.",
            actions=f"El voluntariat visita la gent gran que viu sola del poble {number}.",
            place=f"Vila {number}",
            population=4_000 + 9_000 * number,
            region="Catalunya" if number % 2 else "Illes Balears",
            country="ES",
            themes=["loneliness", "volunteering"] if number < 5 else ["loneliness"],
            target_groups=["older-people-alone"],
            status="consolidated" if number < 4 else "in-progress",
            evidence="measured" if number < 2 else "self-reported",
            start_year=2019,
        )
        for number in range(12)
    ]
    whole = make_practice(
        id="scuola-intera",
        language="it",
        title="Doposcuola di quartiere",
        summary="Un doposcuola che accoglie tutti.",
        problem="Molti ragazzi lasciano gli studi.",
        objectives="Che nessuno resti indietro.",
        actions="Educatori e volontari aprono la scuola ogni pomeriggio.",
        results="Gli abbandoni sono calati.",
        obstacles="Mancavano gli spazi.",
        lessons="Serve un educatore fisso.",
        adaptable_elements="Gli orari.",
        core_elements="La presenza quotidiana.",
        themes=["school-success"],
        target_groups=["adolescents"],
        methods=["mentoring"],
        body={
            "name": "Bari", "population": 20_798, "population_year": 2022,
            "province": "Bari", "region": "Puglia", "country": "IT",
        },
        promoter="Settore istruzione",
        actors=[{"name": "Cooperativa Aurora", "role": "educatori", "sector": "third-sector"}],
        start_year=2019,
        end_year=2023,
        status="finished",
        budget=[
            {"amount_eur": 20798.12, "purpose": "educatori", "year": 2022, "scope": "annual", "kind": "fixed"},
        ],
        impacts=[{"what": "ragazzi iscritti", "value": 1240, "unit": "persone", "as_of": "2023-06-30"}],
        evidence="externally-evaluated",
        recognitions=[{"scheme": "Banca ANCI Puglia", "edition": "I", "year": 2024}],
        replications=[{"body": "Lecce", "year": 2024, "extent": "part", "what": "il doposcuola"}],
        contact={"body": "Comune di Bari", "url": "https://example.org/bari", "email": "scuola@example.org"},
        sources=[
            {"url": "https://example.org/a", "retrieved_on": "2026-11-29", "title": "Bando", "licence": "CC0"},
        ],
        updated_on="2024-05-14",
    )  # fmt: skip
    hostile = make_practice(
        id="hostil",
        title=f"Mercat {HOSTILE}",
        problem=f"Un mercat trencat {HOSTILE} que calia refer.",
        actions=f"Es va refer el mercat {HOSTILE} amb cura.",
        place=f"Vila {HOSTILE}",
    )
    return [*lonely, whole, hostile]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application on a small bank, with a calibration that cuts off what shares no words."""
    data = tmp_path_factory.mktemp("pages")
    encoder = HashingEncoder()
    make_snapshot(data / "index", bank(), encoder)
    calibration = Calibration(
        encoder_digest=encoder.digest, dense=12, lexical=2, intercept=-5, floor=0.3, strong=0.8
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "load_encoder", lambda _: encoder)
        patch.setattr(resources, "load_calibration", lambda _: calibration)
        patch.setattr(resources, "load_municipalities", lambda _: Municipalities(PLACES))
        settings = Settings(data=data, per_minute=100_000, public_url="https://empelt.example")
        with TestClient(create_app(settings)) as opened:
            opened.headers["Accept"] = "text/html,application/xhtml+xml"
            yield opened


class Page:
    """A page as it reads."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self.status = response.status_code
        self.tree = LexborHTMLParser(response.text)

    def all(self, selector: str) -> list[LexborNode]:
        return self.tree.css(selector)

    def texts(self, selector: str) -> list[str]:
        return [" ".join(node.text().split()) for node in self.all(selector)]

    def text(self, selector: str) -> str:
        [found] = self.texts(selector)
        return found

    def scripts(self) -> list[LexborNode]:
        """What is run; data in a script element is not."""
        return self.all("script:not([type='application/ld+json'])")

    def links(self, selector: str) -> list[str]:
        return [node.attributes["href"] or "" for node in self.all(selector)]


def get(client: TestClient, path: str = "/", *, accept_language: str | None = None, **parameters: Any) -> Page:
    said = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
    headers = {"Accept-Language": accept_language} if accept_language else {}
    return Page(client.get(path + said, headers=headers))


def number_found(page: Page) -> int:
    found = re.match(r"[\d.,]+", page.text("h1"))
    return int(re.sub(r"\D", "", found.group())) if found else 0


# --- home ------------------------------------------------------------------------------------------


def test_the_home_page_invites_a_paragraph_and_says_what_the_bank_holds(client: TestClient) -> None:
    page = get(client, lang="en")
    assert page.status == 200
    assert page.text("h1") == "What problem do you want to solve?"
    assert len(page.all("textarea[name=q]")) == 1
    assert (
        page.text(".figures")
        == "The bank holds 14 practices of 14 municipalities and bodies, written in 2 languages."
    )


def test_an_example_is_a_link_that_searches_it(client: TestClient) -> None:
    page = get(client, lang="ca")
    links = page.links(".examples a")
    assert 3 <= len(links) <= 5
    assert parse_qs(urlsplit(links[0]).query) == {"q": [page.texts(".examples a")[0]], "lang": ["ca"]}


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("it-IT,it;q=0.9", "it"),
        ("de,es;q=0.5", "es"),
        ("de", "ca"),
        (None, "ca"),
        ("en-GB", "en"),
        ("xx;q=a", "ca"),
    ],
)
def test_the_page_speaks_the_language_of_the_browser(
    client: TestClient, accepted: str | None, spoken: str
) -> None:
    page = get(client, accept_language=accepted)
    assert page.all("html")[0].attributes["lang"] == spoken
    assert page.response.headers["content-language"] == spoken
    assert "Accept-Language" in page.response.headers["vary"]


def test_the_language_chosen_beats_that_of_the_browser(client: TestClient) -> None:
    page = get(client, lang="it", accept_language="es")
    assert page.text("h1") == "Quale problema vuole risolvere?"


def test_no_cookie_is_set_and_no_script_or_style_stands_in_the_page(client: TestClient) -> None:
    for page in (get(client), get(client, q=QUERY, municipality="Reus"), get(client, "/practices/scuola-intera")):
        assert "set-cookie" not in page.response.headers
        assert not page.all("style")
        assert not page.all("[style]")
        assert all(script.attributes.get("src", "").startswith("/static/") for script in page.scripts())
        assert not re.search(r"\son\w+=", page.response.text)


def test_home_and_results_weigh_less_than_100_kb(client: TestClient) -> None:
    assets = sum(len(client.get(f"/static/{name}").content) for name in ("style.css", "pages.js", "favicon.svg"))
    for parameters in ({}, {"q": QUERY, "municipality": "Reus"}):
        page = client.get("/", params=parameters, headers={"Accept-Encoding": "identity"})
        assert len(page.content) + assets < 200_000
        packed = client.get("/", params=parameters, headers={"Accept-Encoding": "gzip"})
        assert int(packed.headers["content-length"]) + assets < 100_000


# --- results ---------------------------------------------------------------------------------------


def test_a_search_tells_how_many_practices_answer_and_shows_ten_of_them(client: TestClient) -> None:
    page = get(client, q=QUERY, lang="ca")
    assert page.status == 200
    assert page.text("h1") == "12 pràctiques responen al vostre problema"
    assert len(page.all("article")) == 10
    assert page.all("textarea")[0].text() == QUERY


def test_a_card_shows_whose_practice_it_is_the_sentence_that_answers_and_how_well(client: TestClient) -> None:
    card = get(client, q="gent gran que viu sola poble 3", lang="en").all("article")[0]
    read = " ".join(card.text().split())
    assert "Vila 3 31,000 inhabitants Catalonia Spain" in read
    assert "Loneliness Volunteering and time banks Catalan since 2019 Consolidated Self-reported results" in read
    assert "match" in read
    assert re.search(r"\d+ of 100", read)
    quoted = card.css_first("blockquote")
    assert quoted.attributes["lang"] == "ca"
    assert [mark.text() for mark in quoted.css("mark")][:2] == ["gent", "gran"]
    assert "section “" in card.css_first("figcaption").text()


def test_the_stronger_match_stands_first(client: TestClient) -> None:
    page = get(client, q=QUERY, lang="en")
    strengths = [int(text.split()[0]) for text in page.texts(".strength .number")]
    assert strengths == sorted(strengths, reverse=True)


def test_the_pages_of_results_hold_every_practice_once(client: TestClient) -> None:
    first, second = get(client, q=QUERY), get(client, q=QUERY, page=2)
    titles = first.texts("article .title") + second.texts("article .title")
    assert len(titles) == len(set(titles)) == 12
    assert first.links("a[rel~=next]")
    assert not first.links("a[rel~=prev]")
    assert second.links("a[rel~=prev]")
    assert not second.links("a[rel~=next]")
    assert second.all("ol.cards")[0].attributes["start"] == "11"


def test_a_page_past_the_last_leads_to_the_last(client: TestClient) -> None:
    response = client.get("/", params={"q": QUERY, "page": 99}, follow_redirects=False)
    assert response.status_code == 303
    assert parse_qs(urlsplit(response.headers["location"]).query)["page"] == ["2"]


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "²", "9" * 400])
def test_a_page_that_is_no_page_does_no_harm(client: TestClient, page: str) -> None:
    assert get(client, q=QUERY, page=page).status == 200


def test_every_facet_leaves_as_many_results_as_its_count_says(client: TestClient) -> None:
    page = get(client, q=QUERY)
    links = page.all(".facets li a")
    assert len(links) > 8
    for link in links:
        narrowed = Page(client.get(link.attributes["href"]))
        assert number_found(narrowed) == int(link.css_first(".count").text()), link.text()


def test_the_other_values_of_a_facet_that_filters_keep_their_true_counts(client: TestClient) -> None:
    page = get(client, q=QUERY, region="Catalunya")
    links = [each for each in page.all(".facets li a") if not each.attributes.get("aria-current")]
    assert any("Illes Balears" in each.text() for each in links)
    for link in links:
        assert number_found(Page(client.get(link.attributes["href"]))) == int(link.css_first(".count").text())


def test_a_filter_in_force_can_be_removed(client: TestClient) -> None:
    page = get(client, q=QUERY, theme="volunteering", status="consolidated", lang="en")
    assert page.text("h1") == "4 practices answer your problem"
    assert [text.split(" ×")[0] for text in page.texts(".in-force li")] == [
        "Theme: Volunteering and time banks", "Status: Consolidated", "Remove all",
    ]  # fmt: skip
    without = Page(client.get(page.links(".in-force a")[0]))
    assert without.text("h1") == "4 practices answer your problem"
    assert "Status: Consolidated × – remove" in without.texts(".in-force li")
    assert number_found(Page(client.get(page.links(".in-force a.all")[0]))) == 12


def test_a_code_that_is_not_ours_is_dropped_from_an_old_address(client: TestClient) -> None:
    assert number_found(get(client, q=QUERY, theme="no-such-theme", country="spain")) == 12


def test_not_this_removes_a_practice_and_more_like_this_stays_removable(client: TestClient) -> None:
    page = get(client, q=QUERY, lang="en")
    title = page.texts("article .title")[0]
    liked, disliked = page.links("article .steer a")[:2]
    for link, said in ((liked, "More like"), (disliked, "Not")):
        steered = Page(client.get(link))
        assert title not in steered.texts("article .title")
        assert f"{said}: {title} × – remove" in steered.texts(".in-force li")


def test_a_practice_that_was_withdrawn_is_dropped_from_the_wishes(client: TestClient) -> None:
    assert number_found(get(client, q=QUERY, like="withdrawn", unlike="gone")) == 12


def test_the_language_switch_keeps_the_whole_search(client: TestClient) -> None:
    asked = {"q": QUERY, "municipality": "Reus", "view": "different", "theme": "loneliness", "like": "sola-1"}
    page = get(client, **asked)
    switched = [parse_qs(urlsplit(link).query) for link in page.links(".languages a")]
    for code, parameters in zip(("ca", "es", "it", "en"), switched, strict=True):
        assert parameters.pop("lang") == [code]
        assert parameters.pop("municipality") == ["Reus (Catalunya, ES)"]
        assert parameters == {name: [value] for name, value in asked.items() if name != "municipality"}


def test_each_page_names_its_other_languages(client: TestClient) -> None:
    for path in ("/", "/about", "/practices/scuola-intera"):
        alternates = {
            node.attributes["hreflang"]: node.attributes["href"]
            for node in get(client, path).all("link[rel=alternate][hreflang]")
        }
        assert set(alternates) == {"ca", "es", "it", "en", "x-default"}
        assert alternates["it"] == f"https://empelt.example{path}?lang=it"


def test_what_is_not_ours_is_escaped_wherever_it_is_shown(client: TestClient) -> None:
    pages = [
        get(client, q=f"mercat {HOSTILE}"),
        get(client, q=f"mercat {HOSTILE}", municipality=HOSTILE),
        get(client, q=QUERY, municipality=f'"{HOSTILE}', region=f'"{HOSTILE}', like="hostil"),
        get(client, "/practices/hostil", q=HOSTILE),
        get(client, f"/practices/{HOSTILE.replace('/', '')}"),
    ]
    for page in pages:
        assert "alert(" in unescape(page.response.text) or page.status == 404
        assert "<script>alert" not in page.response.text
        assert all(script.attributes.get("src", "").startswith("/static/") for script in page.scripts())
    assert HOSTILE in pages[0].texts("article .title")[0]


def test_marks_fall_on_whole_words_of_a_hostile_sentence(client: TestClient) -> None:
    page = get(client, q=f"mercat trencat {HOSTILE}")
    assert "<mark>mercat</mark>" in page.response.text
    assert HOSTILE in page.texts("blockquote")[0]


# --- with a municipality ---------------------------------------------------------------------------


def test_with_a_municipality_each_card_explains_the_fit(client: TestClient) -> None:
    page = get(client, q=QUERY, municipality="Reus", lang="en")
    assert "Compared with Reus (Catalonia, Spain, 107,000 inhabitants)" in page.text(".views p")
    assert len(page.all("details.fit")) == 10
    read = " ".join(page.all("details.fit")[0].text().split())
    assert "Fit with your context:" in read
    assert "ThereYours" in read
    assert "107,000" in read
    assert "What differs or calls for care" in read
    assert "What to ask the body that runs it" in read
    assert page.all("input[name=municipality]")[0].attributes["value"] == "Reus (Catalunya, ES)"


def test_without_a_municipality_nothing_is_said_of_fit(client: TestClient) -> None:
    page = get(client, q=QUERY, lang="en")
    assert not page.all("details.fit")
    assert not page.all(".views")


def test_the_reader_may_ask_for_different_contexts(client: TestClient) -> None:
    page = get(client, q=QUERY, municipality="Reus")
    other = Page(client.get(page.links(".views a")[1]))
    assert other.all(".views a[aria-current]")[0].text() == other.all(".views a")[1].text()
    assert sorted(page.texts("article .title")) != []
    assert number_found(other) == number_found(page)


def test_a_name_that_several_share_is_asked_back_with_each_as_a_link(client: TestClient) -> None:
    page = get(client, q=QUERY, municipality="Castell", theme="loneliness", lang="en")
    assert page.status == 422
    assert "Which one is yours?" in page.text("[role=alert] p")
    labels = page.texts("[role=alert] li")
    assert labels == ["Castell (Puglia, IT)", "Castell (Illes Balears, ES)", "Search without a municipality"]
    assert page.all("textarea")[0].text() == QUERY
    assert page.all("input[name=municipality]")[0].attributes["aria-invalid"] == "true"
    for link in page.links("[role=alert] a"):
        assert Page(client.get(link)).status == 200
        assert parse_qs(urlsplit(link).query)["theme"] == ["loneliness"]


def test_a_name_nobody_knows_is_asked_back_with_near_spellings(client: TestClient) -> None:
    page = get(client, q=QUERY, municipality="Cardonna", lang="en")
    assert page.status == 422
    assert "No municipality called Cardonna is known. Is it one of these?" in page.text("[role=alert] p")
    assert page.texts("[role=alert] li") == ["Cardona (Catalunya, ES)", "Search without a municipality"]


def test_municipalities_are_suggested_as_they_are_typed(client: TestClient) -> None:
    found = client.get("/suggestions/municipalities", params={"begun": "cast"}).json()
    assert found == [
        {"name": "Castell (Puglia, IT)", "population": 11_000},
        {"name": "Castell (Illes Balears, ES)", "population": 7_900},
    ]
    assert client.get("/suggestions/municipalities").json() == []


# --- no answer, and faults -------------------------------------------------------------------------


def test_no_answer_is_said_and_what_is_related_is_set_apart(client: TestClient) -> None:
    page = get(client, q="reparar el campanar del poble amb bastides noves", lang="en")
    assert page.status == 200
    assert page.text("h1") == "No practice in the bank answers this yet"
    assert "Merely related" in page.texts("h2")
    assert len(page.all("article")) == 3
    assert not page.all(".strength")
    assert not page.all(".facets")


def test_filters_that_leave_nothing_offer_the_search_without_them(client: TestClient) -> None:
    page = get(client, q=QUERY, country="IT", region="Catalunya", lang="en")
    assert page.text("h1") == "No practice in the bank answers this yet"
    link, need = page.links(".none a")
    assert need.startswith("/network/needs/new?")
    assert number_found(Page(client.get(link))) == 12


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Write the problem you want to solve"),
        ("   ", "Write the problem you want to solve"),
        ("?!…", "holds no letter or number"),
        ("a\x00b", "characters that cannot be read"),
        ("a" * (LONGEST_QUERY + 1), "it has 5,001 characters, and 5,000 is the most"),
    ],
)
def test_a_question_that_is_none_is_told_why_and_kept(client: TestClient, text: str, said: str) -> None:
    page = get(client, q=text, municipality="Reus", lang="en")
    assert page.status == 422
    assert said in page.text("[role=alert] p")
    assert page.all("textarea")[0].attributes["aria-invalid"] == "true"
    assert page.all("input[name=municipality]")[0].attributes["value"] == "Reus"
    if len(text) > LONGEST_QUERY:
        assert page.all("textarea")[0].text() == text


def test_a_paragraph_with_line_breaks_is_kept_as_written(client: TestClient) -> None:
    text = "Primera línia.\n\nGent gran que viu sola."
    assert get(client, q=text).all("textarea")[0].text() == text


def test_a_busy_encoder_is_said_on_the_page(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any, **__: Any) -> None:
        raise EncoderBusy

    monkeypatch.setattr(BatchingEncoder, "encode_query", busy)
    page = get(client, q=QUERY, lang="en")
    assert page.status == 503
    assert page.response.headers["retry-after"] == "2"
    assert "Wait a few seconds" in page.text("[role=alert] p")
    assert page.all("textarea")[0].text() == QUERY


# --- a practice ------------------------------------------------------------------------------------


def test_the_page_of_a_practice_shows_all_of_its_record(client: TestClient) -> None:
    page = get(client, "/practices/scuola-intera", lang="it")
    read = " ".join(page.all("main")[0].text().split())
    for said in (
        "Un doposcuola che accoglie tutti.", "Molti ragazzi lasciano gli studi.", "Che nessuno resti indietro.",
        "Educatori e volontari aprono la scuola", "Gli abbandoni sono calati.", "Mancavano gli spazi.",
        "Serve un educatore fisso.", "Gli orari.", "La presenza quotidiana.", "Successo scolastico", "Adolescenti",
        "Tutoraggio e mentoring", "20.798 (2022)", "Settore istruzione", "Cooperativa Aurora – educatori",
        "Terzo settore", "2019–2023", "Conclusa", "20.798,12", "un anno, 2022, fisso", "ragazzi iscritti",
        "1.240 persone", "30 giugno 2023", "Valutazione esterna", "Banca ANCI Puglia, I, 2024",
        "Lecce – il doposcuola (2024, in parte)", "Comune di Bari", "scuola@example.org",
        "letto il 29 novembre 2026",
        "licenza: CC0", "14 maggio 2024",
    ):  # fmt: skip
        assert said in read, said
    assert not page.all(".unsaid")


def test_what_a_record_leaves_out_is_said_in_one_line(client: TestClient) -> None:
    page = get(client, "/practices/sola-1", lang="en")
    said = page.text(".unsaid")
    assert said.startswith("The record does not say: objectives, results, obstacles, lessons,")
    assert "budget" in said
    assert "status" not in said
    assert "licence not known" in page.text(".sources")
    assert "Budget" not in page.texts("h2")


def test_the_texts_of_a_record_are_marked_with_their_language(client: TestClient) -> None:
    page = get(client, "/practices/scuola-intera", lang="en")
    assert page.all("html")[0].attributes["lang"] == "en"
    assert page.all("h1")[0].attributes["lang"] == "it"
    assert all(node.attributes["lang"] == "it" for node in page.all(".texts section > div"))


def test_headings_come_in_order(client: TestClient) -> None:
    for page in (
        get(client),
        get(client, q=QUERY, municipality="Reus"),
        get(client, q="zzzz qqqq", municipality="Reus"),
        get(client, "/practices/scuola-intera", municipality="Reus"),
        get(client, "/about"),
    ):
        levels = [int(node.tag[1]) for node in page.all("h1, h2, h3, h4, h5, h6")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), levels


def test_every_id_stands_once_and_every_field_has_a_label(client: TestClient) -> None:
    for page in (get(client), get(client, q=QUERY, municipality="Reus"), get(client, "/practices/sola-1")):
        ids = [node.attributes["id"] for node in page.all("[id]")]
        assert len(ids) == len(set(ids))
        labelled = {node.attributes["for"] for node in page.all("label")}
        fields = page.all("textarea, input:not([type=hidden])")
        assert all(field.attributes["id"] in labelled for field in fields)
        for node in page.all("[aria-describedby], [aria-labelledby]"):
            named = node.attributes.get("aria-describedby") or node.attributes.get("aria-labelledby") or ""
            assert set(named.split()) <= set(ids)


def test_a_practice_found_leads_back_to_the_search(client: TestClient) -> None:
    results = get(client, q=QUERY, municipality="Reus", theme="loneliness")
    practice = Page(client.get(results.links("article .title a")[0]))
    assert "Reus" in practice.text("section.fit > h2")
    back = Page(client.get(practice.links(".back a")[0]))
    assert back.texts("article .title") == results.texts("article .title")


def test_similar_practices_are_offered_without_the_practice_itself(client: TestClient) -> None:
    links = get(client, "/practices/sola-1").links(".similar li > a")
    assert len(links) == 4
    assert "/practices/sola-1" not in links


def test_an_unclear_municipality_does_not_keep_a_record_from_being_read(client: TestClient) -> None:
    assert get(client, "/practices/sola-1", municipality="Castell").status == 200


# --- what is not there -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/practices/no-such-practice", "/no/such/page"])
def test_what_is_not_there_is_a_page_for_a_browser_and_a_problem_for_a_program(
    client: TestClient, path: str
) -> None:
    page = get(client, path, accept_language="it")
    assert page.status == 404
    assert page.text("h1") == "Non trovata"
    assert page.all("meta[name=robots]")[0].attributes["content"] == "noindex"
    program = client.get(path, headers={"Accept": "application/json"})
    assert program.status_code == 404
    assert program.headers["content-type"] == "application/problem+json"


# --- what is said about it, and for machines -------------------------------------------------------


def test_the_page_about_explains_strength_fit_and_privacy(client: TestClient) -> None:
    page = get(client, "/about", lang="en")
    read = " ".join(page.all("main")[0].text().split())
    assert "From 80 we call it a strong match. Below 30 a practice is not shown" in read
    assert "No cookies" in read
    assert len(page.all(".factors dt")) == 14


def test_a_browser_can_search_from_its_own_address_bar(client: TestClient) -> None:
    response = client.get("/opensearch.xml?lang=it")
    assert response.headers["content-type"].startswith("application/opensearchdescription+xml")
    names = {"o": "http://a9.com/-/spec/opensearch/1.1/"}
    url = ElementTree.fromstring(response.text).find("o:Url[@type='text/html']", names)
    assert url is not None
    assert url.attrib["template"] == "https://empelt.example/?q={searchTerms}&lang=it"


def test_the_sitemap_holds_every_page_in_every_language(client: TestClient) -> None:
    tree = ElementTree.fromstring(client.get("/sitemap.xml").text)
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    pages = {
        url.findtext("s:loc", "", names).removeprefix("https://empelt.example"): {
            link.attrib["hreflang"]: link.attrib["href"] for link in url.findall("x:link", names)
        }
        for url in tree
    }
    plain = {address for address in pages if "?" not in address}
    assert {f"/practices/{practice.id}" for practice in bank()} | {"/", "/about"} <= plain
    assert set(pages) == plain | {
        f"{address}?lang={code}" for address in plain for code in ("ca", "es", "it", "en")
    }
    for address, others in pages.items():
        path = address.partition("?")[0]
        assert others == {
            code: f"https://empelt.example{path}?lang={code}" for code in ("ca", "es", "it", "en")
        } | {"x-default": f"https://empelt.example{path}"}
    for address in sorted(plain):
        assert client.get(address).status_code == 200, address


def test_robots_may_read_records_but_not_search(client: TestClient) -> None:
    lines = client.get("/robots.txt").text.splitlines()
    assert "Disallow: /*?q=" in lines
    assert "Sitemap: https://empelt.example/sitemap.xml" in lines
    assert get(client, q=QUERY).all("meta[name=robots]")[0].attributes["content"] == "noindex"
    assert not get(client, "/practices/sola-1").all("meta[name=robots]")


def test_every_link_of_the_pages_leads_somewhere(client: TestClient) -> None:
    seen: set[str] = set()
    for page in (
        get(client, lang="es"),
        get(client, q=QUERY, municipality="Reus"),
        get(client, "/practices/sola-1"),
    ):
        seen |= set(page.links("a[href^='/'], link[href^='/']"))
    for link in sorted(seen):
        assert client.get(link).status_code == 200, link


def test_static_files_are_named_by_their_content(client: TestClient) -> None:
    [sheet] = get(client).links("link[rel=stylesheet]")
    assert re.fullmatch(r"/static/style\.css\?v=[0-9a-f]{10}", sheet)
    assert "http" not in re.sub(r"http://www\.w3\.org", "", Path("service/static/style.css").read_text("utf-8"))


def test_an_address_is_read_back_as_it_was_written() -> None:
    address = Address.of(
        [("q", " dues paraules "), ("municipality", "Reus"), ("view", "different"), ("theme", "loneliness"),
         ("theme", "housing"), ("region", "Puglia"), ("like", "a"), ("unlike", "b"), ("page", "3"), ("lang", "it")]
    )  # fmt: skip
    assert Address.of(address.pairs()) == address
    assert address.text == "dues paraules"
    assert address.page == 3
    assert address.link().startswith("/?q=dues+paraules&municipality=Reus&view=different&")
