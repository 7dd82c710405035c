"""The pages that look through the bank: the reader's list, side by side, themes, municipalities, the map."""

import json
import re
from collections.abc import Iterator
from io import BytesIO
from itertools import combinations, pairwise
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from selectolax.lexbor import LexborHTMLParser, LexborNode

from corpus.municipality import Municipalities, Municipality, TerritorialBody
from corpus.vocabulary import BodyType, Theme
from service import resources
from service.app import create_app
from service.bank_map import HEIGHT, WIDTH, Look, Spot, clusters, project
from service.browsing import FACTS, side_by_side
from service.i18n import translator
from service.page_address import MOST_SAVED, Address
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice, make_snapshot

HOSTILE = '<script>alert("x")</script>'


def town(name: str, number: int, population: int, north: float, east: float, region: str, country: str) -> Any:
    return Municipality(
        name, population=population, latitude=north, longitude=east, region=region, country=country,
        geonames_id=number,
    )  # fmt: skip


REUS = town("Reus", 1, 103_000, 41.16, 1.11, "Catalunya", "ES")
TARRAGONA = town("Tarragona", 2, 141_000, 41.12, 1.25, "Catalunya", "ES")
GIRONA = town("Girona", 3, 100_000, 41.98, 2.82, "Catalunya", "ES")
BARI = town("Bari", 4, 320_000, 41.12, 16.87, "Puglia", "IT")
ALAIOR = town("Alaior", 5, 9_500, 39.93, 4.14, "Illes Balears", "ES")
LAGUNA = town("La Laguna", 6, 157_000, 28.49, -16.32, "Canarias", "ES")
NOWHERE = Municipality("Nenlloc", population=300, region="Aragón", country="ES", geonames_id=7)
PLACES = [REUS, TARRAGONA, GIRONA, BARI, ALAIOR, LAGUNA, NOWHERE]
CAMP = TerritorialBody(
    "Camp de Baix", BodyType.MANCOMUNIDAD, members=(REUS, GIRONA), region="Catalunya", country="ES"
)


def bank() -> list[Any]:
    """Practices of six places, one of a body they share, one whose place nobody knows, one that is hostile."""
    where = [("Reus", "Catalunya", "ES", 103_000), ("Girona", "Catalunya", "ES", 100_000)]
    where += [("Tarragona", "Catalunya", "ES", 141_000), ("Alaior", "Illes Balears", "ES", 9_500)]
    where += [("La Laguna", "Canarias", "ES", None)]
    lonely = [
        make_practice(
            id=f"sola-{number}",
            title=f"Companyia {number} per a la gent gran",
            place=name,
            region=region,
            country=country,
            population=population,
            themes=["loneliness", "volunteering"] if number % 2 else ["housing", "loneliness"],
            target_groups=["older-people-alone"],
        )
        for number, (name, region, country, population) in enumerate(where * 3)
    ]
    whole = make_practice(
        id="scuola",
        language="it",
        title="Doposcuola di quartiere",
        summary="Un doposcuola che accoglie tutti.",
        themes=["loneliness", "school-success"],
        place="Bari",
        region="Puglia",
        country="IT",
        population=320_000,
        start_year=2019,
        status="consolidated",
        budget=[{"amount_eur": 20798.12, "year": 2022, "scope": "annual", "kind": "fixed"}],
        impacts=[{"what": "ragazzi iscritti", "value": 1240, "as_of": "2023-06"}],
        replications=[{"body": "Alaior", "year": 2024, "extent": "part"}],
        contact={"body": "Comune di Bari", "url": "https://example.org/bari", "email": "scuola@example.org"},
    )
    shared = make_practice(
        id="comarcal",
        title="Un servei compartit",
        themes=["mobility"],
        body={"name": "Camp de Baix", "type": "mancomunidad", "region": "Catalunya", "country": "ES"},
    )
    lost = make_practice(id="perduda", title="Sense lloc", place="Nenlloc", region="Aragón", country="ES")
    hostile = make_practice(
        id="hostil",
        title=f"Mercat {HOSTILE}",
        problem=f"Un mercat {HOSTILE} trencat.",
        place=f"Vila {HOSTILE}",
        themes=["food-aid"],
        promoter=HOSTILE,
    )
    return [*lonely, whole, shared, lost, hostile]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    data = tmp_path_factory.mktemp("browse")
    encoder = HashingEncoder()
    make_snapshot(data / "index", bank(), encoder)
    places = Municipalities(PLACES).with_bodies([CAMP])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "load_encoder", lambda _: encoder)
        patch.setattr(resources, "load_calibration", lambda _: None)
        patch.setattr(resources, "load_municipalities", lambda _: places)
        served = Settings(data=data, per_minute=100_000, public_url="https://e.example")
        with TestClient(create_app(served)) as opened:
            opened.headers["Accept"] = "text/html,application/xhtml+xml"
            yield opened


class Page:
    """A page as it reads."""

    def __init__(self, client: TestClient, path: str, **parameters: Any) -> None:
        said = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
        self.response = client.get(path + said)
        self.status = self.response.status_code
        self.tree = LexborHTMLParser(self.response.text)

    def all(self, selector: str) -> list[LexborNode]:
        return self.tree.css(selector)

    def texts(self, selector: str) -> list[str]:
        return [" ".join(node.text().split()) for node in self.all(selector)]

    def text(self, selector: str = "main") -> str:
        return " ".join(self.texts(selector))

    def links(self, selector: str) -> list[str]:
        return [node.attributes["href"] or "" for node in self.all(selector)]


def asked(link: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(link).query)


# --- the reader's list -----------------------------------------------------------------------------


def test_a_practice_is_put_on_the_list_where_it_stands_and_the_search_stays(client: TestClient) -> None:
    page = Page(client, "/", q="gent gran", municipality="Reus", theme="loneliness", lang="en")
    card = page.all("article")[0]
    link = card.css_first(".keep").attributes["href"] or ""
    practice_id = card.attributes["id"]
    assert link.endswith(f"#{practice_id}")
    assert asked(link) == asked(str(page.response.url)) | {
        "id": [practice_id],
        "municipality": ["Reus (Catalunya, ES)"],
    }
    after = Page(client, link)
    assert after.text("nav.main .count") == "1"
    kept = after.tree.css_first(f"article[id='{practice_id}'] .keep")
    assert kept.text().split(":")[0].strip() == "★ On my list"
    assert "id" not in asked(kept.attributes["href"] or "")


def test_the_list_goes_along_wherever_one_goes(client: TestClient) -> None:
    paths = ("/", "/about", "/themes", "/themes/loneliness", "/map", "/saved", "/practices/scuola", "/compare")
    for path in (*paths, "/municipalities/geonames:1"):
        page = Page(client, path, id=["sola-1", "scuola"])
        own = page.links(".keep") + page.links(".doings a")  # these change the list itself
        for link in page.links("header a, main a[href^='/']"):
            to = urlsplit(link).path
            if link not in own and not to.startswith("/v1") and "." not in to:
                assert asked(link).get("id") == ["sola-1", "scuola"], (path, link)


def test_a_list_is_shown_in_its_order_and_what_was_withdrawn_is_told(client: TestClient) -> None:
    page = Page(client, "/saved", id=["scuola", "gone", "sola-3"], lang="en")
    assert page.text("h1") == "2 practices on my list"
    assert page.texts("article .title") == ["Doposcuola di quartiere", "Companyia 3 per a la gent gran"]
    assert page.text(".note") == "1 practice of this list is no longer in the bank."
    assert page.all("meta[name=robots]")[0].attributes["content"] == "noindex"


def test_an_empty_list_tells_how_to_fill_it(client: TestClient) -> None:
    page = Page(client, "/saved", lang="en")
    assert page.text("h1") == "My list"
    assert "“Put on my list” stands under every practice." in page.text()


def test_a_full_list_takes_no_more(client: TestClient) -> None:
    many = [f"gone-{number}" for number in range(MOST_SAVED)]
    page = Page(client, "/practices/scuola", id=many, lang="en")
    assert "Your list is full." in page.text(".head")
    assert not page.all(".head .keep")
    assert len(Address.of([("id", each) for each in (*many, "one-more")]).saved) == MOST_SAVED


def test_the_list_comes_back_from_search_to_search(client: TestClient) -> None:
    page = Page(client, "/", id="scuola", q="gent gran")
    hidden = {node.attributes["name"]: node.attributes["value"] for node in page.all("form input[type=hidden]")}
    assert hidden["id"] == "scuola"


@pytest.mark.parametrize("extension", ["csv", "xlsx", "jsonl"])
def test_the_list_can_be_taken_away_whole(client: TestClient, extension: str) -> None:
    response = client.get(f"/saved.{extension}", params={"id": ["scuola", "gone", "sola-2"]})
    assert response.status_code == 200
    assert response.headers["content-disposition"] == f'attachment; filename="empelt-saved.{extension}"'
    match extension:
        case "csv":
            rows = response.content.decode("utf-8-sig").splitlines()
            assert [row.split(",")[0] for row in rows] == ["id", "scuola", "sola-2"]
        case "xlsx":
            sheet = load_workbook(BytesIO(response.content)).worksheets[0]
            assert [row[0].value for row in sheet.iter_rows()] == ["id", "scuola", "sola-2"]
        case _:
            read = [json.loads(line) for line in response.text.splitlines()]
            assert [each["id"] for each in read] == ["scuola", "sola-2"]
            assert read[0]["budget"][0]["amount_eur"] == 20798.12


def test_no_other_kind_of_file_is_made(client: TestClient) -> None:
    assert client.get("/saved.exe", params={"id": "scuola"}).status_code == 404


# --- side by side ----------------------------------------------------------------------------------


def rows(page: Page) -> dict[str, list[str]]:
    """The cells of each row, without the name that stands there on a phone."""
    found = {}
    for row in page.all(".compare tbody tr:not(.group)"):
        cells = []
        for cell in row.css("td"):
            for label in cell.css(".whose"):
                label.decompose()
            cells.append(" ".join(cell.text().split()))
        found[" ".join(row.css_first("th").text().split())] = cells
    return found


def test_two_practices_stand_side_by_side_with_what_the_records_do_not_say(client: TestClient) -> None:
    page = Page(client, "/compare", id=["scuola", "sola-0"], lang="en")
    assert [title.split("Leave")[0].strip() for title in page.texts(".compare .title")] == [
        "Doposcuola di quartiere", "Companyia 0 per a la gent gran",
    ]  # fmt: skip
    shown = rows(page)
    unsaid = "the record does not say"
    assert shown["Municipality or body"] == ["Bari", "Reus"]
    assert shown["Inhabitants"] == ["320,000", "103,000"]
    assert shown["Region"] == ["Apulia", "Catalonia"]
    assert shown["Themes"] == ["Loneliness School success", "Housing Loneliness"]
    assert shown["Years"] == ["since 2019", unsaid]
    assert shown["Status"] == ["Consolidated", unsaid]
    assert shown["Summary"] == ["Un doposcuola che accoglie tutti.", unsaid]
    assert shown["Budget"] == ["€20,798.12 (a year, 2022, fixed)", unsaid]
    assert shown["Figures"] == ["ragazzi iscritti: 1,240 (June 2023)", unsaid]
    assert shown["Taken over by"] == ["Alaior (2024, in part)", unsaid]
    assert shown["Lessons"] == [unsaid, unsaid]
    assert shown["Contact"] == ["Comune di Bari scuola@example.org", unsaid]


def test_every_part_of_a_record_has_a_row() -> None:
    practice = make_practice(summary="Resum.", themes=["housing"])
    groups = side_by_side([practice, practice], translator("en"))
    assert sum(len(group.rows) for group in groups) == sum(map(len, FACTS.values()))
    assert len({row.name for group in groups for row in group.rows}) == 30
    told = {row.name for group in groups for row in group.rows if row.cells[0].lines}
    assert {"Summary", "The problem", "What was done", "Themes", "Where this was read"} <= told


def test_with_a_municipality_each_column_tells_its_fit(client: TestClient) -> None:
    page = Page(client, "/compare", id=["scuola", "sola-0"], municipality="Reus", lang="en")
    assert "Fit with Reus" in page.texts(".compare .group th")
    shown = rows(page)
    scores = [int(cell.split()[0]) for cell in shown["As a whole"]]
    assert scores[1] > scores[0]  # its own practice fits Reus better than one of Bari
    assert "Done in a municipality of 320,000 inhabitants; yours has 103,000." in shown["Population"][0]
    assert shown["Maturity"][1] == "Maturity: the record does not say."
    without = Page(client, "/compare", id=["scuola", "sola-0"], lang="en")
    assert "As a whole" not in rows(without)


def test_a_municipality_that_is_not_clear_is_asked_back(client: TestClient) -> None:
    page = Page(client, "/compare", id=["scuola", "sola-0"], municipality="Tarragonna", lang="en")
    assert page.status == 422
    assert page.texts("[role=alert] li") == ["Tarragona (Catalunya, ES)", "Compare without a municipality"]
    for link in page.links("[role=alert] a"):
        assert urlsplit(link).path == "/compare"
        assert Page(client, link).status == 200
    assert len(page.all(".compare")) == 1


def test_a_column_can_be_left_out_and_the_list_stays(client: TestClient) -> None:
    page = Page(client, "/compare", id=["scuola", "sola-0", "sola-1"], lang="en")
    second = Page(client, page.links(".compare .off")[1])
    assert second.texts(".compare .title") == ["Doposcuola di quartiere", "Companyia 1 per a la gent gran"]
    assert second.text("nav.main .count") == "3"
    assert not second.all(".compare .off")  # two are left, and two are needed


@pytest.mark.parametrize("number", [0, 1, 5])
def test_too_few_or_too_many_are_chosen_from(client: TestClient, number: int) -> None:
    ids = [f"sola-{each}" for each in range(number)]
    page = Page(client, "/compare", id=ids, lang="en")
    assert page.status == 200
    assert not page.all(".compare")
    assert "Two to four practices can stand side by side." in page.text()
    boxes = page.all("form.choose input[type=checkbox]")
    assert len(boxes) == (5 if number == 5 else 0)
    assert sum("checked" in box.attributes for box in boxes) == (4 if number == 5 else 0)


def test_what_was_chosen_among_many_is_compared_and_kept_by_the_language_switch(client: TestClient) -> None:
    page = Page(client, "/compare", id=[f"sola-{n}" for n in range(6)], compare=["sola-4", "sola-2"], lang="en")
    assert page.texts(".compare .title") == ["Companyia 4 per a la gent gran", "Companyia 2 per a la gent gran"]
    italian = page.links(".languages a")[2]
    assert asked(italian)["compare"] == ["sola-4", "sola-2"]
    assert len(asked(italian)["id"]) == 6
    assert "compare" not in asked(page.links(".compare .title")[0])


def test_a_practice_is_compared_with_similar_ones_without_touching_the_list(client: TestClient) -> None:
    page = Page(client, "/practices/sola-1", lang="en")
    [link] = [each for each in page.links(".head a") if each.startswith("/compare")]
    compared = Page(client, link)
    assert len(compared.all(".compare .title")) == 4
    assert not compared.all("nav.main .count")


def test_a_comparison_is_a_table_also_where_it_is_laid_out_as_none(client: TestClient) -> None:
    page = Page(client, "/compare", id=["scuola", "sola-0"])
    table = page.all("table.compare")[0]
    assert table.attributes["role"] == "table"
    roles = {"tr": {"row"}, "td": {"cell"}, "tbody": {"rowgroup"}, "th": {"columnheader", "rowheader"}}
    for tag, expected in roles.items():
        assert {node.attributes.get("role") for node in table.css(tag)} == expected
    assert all(node.attributes.get("scope") for node in table.css("th"))
    assert all(node.attributes.get("aria-hidden") == "true" for node in table.css(".whose"))


# --- themes ----------------------------------------------------------------------------------------


def test_every_theme_is_listed_with_its_practices(client: TestClient) -> None:
    page = Page(client, "/themes", lang="en")
    assert len(page.all(".themes li")) == len(Theme)
    [loneliness] = [text for text in page.texts(".themes a") if text.startswith("Loneliness")]
    assert "16 practices" in loneliness
    assert "/themes/loneliness?lang=en" in page.links(".themes a")
    assert page.texts(".themes .label")[:2] == ["Accessibility", "Active ageing"]
    assert "none yet" in page.text(".themes .empty")


def test_a_theme_tells_what_the_bank_holds_by_size_and_language(client: TestClient) -> None:
    page = Page(client, "/themes/loneliness", lang="en")
    assert page.text(".lead") == "The bank holds 16 practices on this theme."
    read = [[" ".join(cell.text().split()) for cell in row.css("th, td")] for row in page.all(".sizes tr")]
    assert read == [
        ["Inhabitants", "Catalan", "Italian", "All"],
        ["Fewer than 5,000", "–", "–", "–"],
        ["5,000 to 20,000", "3", "–", "3"],
        ["20,000 to 50,000", "–", "–", "–"],
        ["50,000 or more", "9", "1", "10"],
        ["not known", "3", "–", "3"],
        ["All", "15", "1", "16"],
    ]


def test_each_number_of_a_theme_leads_to_as_many_practices(client: TestClient) -> None:
    page = Page(client, "/themes/loneliness", lang="en")
    links = page.all(".sizes a") + page.all(".facets li a")
    assert len(links) > 10
    for link in links:
        text = link.css_first(".count").text() if link.css_first(".count") else link.text()
        narrowed = Page(client, link.attributes["href"] or "")
        assert narrowed.text("#practices-title").split()[0] == text.strip(), link.attributes["href"]
        assert narrowed.all(".in-force")


def test_facets_that_filter_keep_the_counts_of_their_other_values(client: TestClient) -> None:
    page = Page(client, "/themes/loneliness", region="Catalunya", lang="en")
    counted = {text.rsplit(" ", 1)[0]: text.rsplit(" ", 1)[1] for text in page.texts(".facets li a")}
    assert counted["Balearic Islands"] == "3"
    assert counted["Catalan"] == "9"


def test_those_mainly_about_a_theme_come_first_in_the_language_of_the_reader(client: TestClient) -> None:
    first = Page(client, "/themes/loneliness", lang="it").texts("article .title")
    assert first[0] == "Doposcuola di quartiere"
    assert first[1:3] == ["Companyia 1 per a la gent gran", "Companyia 11 per a la gent gran"]
    titles = Page(client, "/themes/loneliness", lang="ca").texts("article .title")
    assert titles.index("Companyia 9 per a la gent gran") < titles.index("Doposcuola di quartiere")


def test_the_pages_of_a_theme_hold_every_practice_once(client: TestClient) -> None:
    first, second = (Page(client, "/themes/loneliness", page=number) for number in (1, 2))
    titles = first.texts("article .title") + second.texts("article .title")
    assert len(titles) == len(set(titles)) == 16
    assert urlsplit(first.links("a[rel~=next]")[0]).path == "/themes/loneliness"
    response = client.get("/themes/loneliness", params={"page": 9}, follow_redirects=False)
    assert response.status_code == 303
    assert response.headers["location"] == "/themes/loneliness?page=2"


def test_a_theme_names_those_it_goes_with(client: TestClient) -> None:
    page = Page(client, "/themes/loneliness", lang="en")
    assert page.texts(".tags li") == ["Housing 8", "Volunteering and time banks 7", "School success 1"]
    assert Page(client, page.links(".tags a")[0]).text("h1") == "Housing"


def test_a_theme_without_practices_says_so_and_one_that_is_none_is_not_there(client: TestClient) -> None:
    page = Page(client, "/themes/dementia", lang="en")
    assert page.text(".lead") == "The bank holds no practice on this theme yet."
    assert not page.all(".sizes")
    assert Page(client, "/themes/no-such-theme", lang="en").status == 404
    program = client.get("/themes/no-such-theme", headers={"Accept": "application/json"})
    assert (program.status_code, program.headers["content-type"]) == (404, "application/problem+json")


def test_with_a_municipality_a_list_tells_the_fit_and_without_it_does_not(client: TestClient) -> None:
    page = Page(client, "/themes/loneliness", municipality="Reus", lang="en")
    assert len(page.all("article .strength")) == 10
    assert all(re.search(r"Fit with your context \d+ of 100", text) for text in page.texts("article .strength"))
    assert not Page(client, "/themes/loneliness", municipality="Nobody", lang="en").all("article .strength")


# --- municipalities --------------------------------------------------------------------------------


def test_a_municipality_shows_its_facts_with_their_source_and_its_practices(client: TestClient) -> None:
    page = Page(client, "/municipalities/geonames:1", lang="en")
    assert page.text("h1") == "Reus"
    assert page.text(".head .meta") == "Catalonia, Spain, 103,000 inhabitants"
    facts = dict(zip(page.texts(".glance dt"), page.texts(".glance dd"), strict=True))
    assert facts["Population"] == "103,000 GeoNames"
    assert facts["Coordinates"] == "41.1600, 1.1100 GeoNames"
    assert facts["Province"].startswith("not known")
    assert set(page.texts("section[aria-labelledby=own] .title")) == {
        f"Companyia {number} per a la gent gran" for number in (0, 5, 10)
    }


def test_a_municipality_shows_the_practices_of_bodies_it_belongs_to_and_what_it_took_over(
    client: TestClient,
) -> None:
    assert "Practices of Camp de Baix, to which it belongs" in Page(
        client, "/municipalities/geonames:1", lang="en"
    ).texts("h2")
    alaior = Page(client, "/municipalities/geonames:5", lang="en")
    assert alaior.texts("section[aria-labelledby=taken-over] .title") == ["Doposcuola di quartiere"]
    assert "Doposcuola di quartiere" not in alaior.texts("section[aria-labelledby=own] .title")


def test_towns_like_a_municipality_come_nearest_first_with_their_practices(client: TestClient) -> None:
    page = Page(client, "/municipalities/geonames:1", lang="en")
    assert page.texts(".twins h3")[:2] == ["Tarragona", "Girona"]
    assert "km away" in page.text(".twins li:first-child .meta")
    assert "Companyia 2 per a la gent gran" in page.texts(".twins li:first-child li")
    assert Page(client, page.links(".twins h3 a")[0]).text("h1") == "Tarragona"


def test_a_municipality_can_be_searched_with_as_the_readers(client: TestClient) -> None:
    page = Page(client, "/municipalities/geonames:1", lang="en")
    [link] = [each for each in page.links(".doings a") if "municipality=" in each]
    home = Page(client, link)
    assert home.all("input[name=municipality]")[0].attributes["value"] == "Reus (Catalunya, ES)"


def test_a_municipality_is_found_by_its_name_and_one_that_is_none_is_not_there(client: TestClient) -> None:
    response = client.get("/municipalities/Reus?lang=it", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/municipalities/geonames:1?lang=it")
    assert Page(client, "/municipalities/43999", lang="en").status == 404
    assert Page(client, f"/municipalities/{HOSTILE.replace('/', '')}").status == 404


def test_a_place_without_practices_still_has_its_page(client: TestClient) -> None:
    page = Page(client, "/municipalities/geonames:7", lang="en")
    assert page.status == 200
    assert page.texts("section[aria-labelledby=own] .title") == ["Sense lloc"]


# --- the map ---------------------------------------------------------------------------------------


def test_the_map_and_its_list_hold_the_same_places(client: TestClient) -> None:
    page = Page(client, "/map", lang="en")
    lead = page.text(".lead")
    assert lead.startswith("17 practices of 7 municipalities stand on it.")
    assert lead.endswith("2 more, of bodies whose place is not known, stand at the end of the list.")
    for kind in ("wide", "narrow"):
        counted = [
            int(number)
            for node in page.all(f"svg.{kind} a")
            for number in re.findall(r": (\d+) practice", node.attributes["aria-label"] or "")
        ]
        assert sum(counted) == 17
    assert set(page.texts(".places > li > a")) == {"Reus", "Tarragona", "Girona", "Bari", "Alaior", "La Laguna"}
    assert {"Sense lloc Nenlloc", f"Mercat {HOSTILE} Vila {HOSTILE}"} <= set(page.texts("#list ul.plain li"))


def test_every_point_leads_somewhere_and_is_named(client: TestClient) -> None:
    page = Page(client, "/map", lang="en")
    points = page.all("svg.wide a")
    assert len(points) >= 4
    anchors = {node.attributes.get("id") for node in page.all("#list [id]")}
    for point in points:
        assert point.attributes["aria-label"] == point.css_first("title").text()
        href = point.attributes["href"] or ""
        if href.startswith("#"):
            assert href[1:] in anchors
        else:
            assert Page(client, href).status == 200, href


def test_a_cluster_leads_to_a_look_in_which_its_places_stand_apart(client: TestClient) -> None:
    page = Page(client, "/map", lang="en")
    [cluster] = [
        node for node in page.all("svg.wide a.several") if "Reus" in (node.attributes["aria-label"] or "")
    ]
    assert "look closer" in (cluster.attributes["aria-label"] or "")
    closer = Page(client, cluster.attributes["href"] or "")
    names = [node.attributes["aria-label"] for node in closer.all("svg.wide a")]
    assert any(name and name.startswith("Reus: ") for name in names)
    assert any(name and name.startswith("Tarragona: ") for name in names)
    assert "Bari" not in closer.texts("#list .places > li > a")
    assert "Only what this part of the map shows." in closer.text("#list")
    whole = Page(client, closer.links(".zoom a")[-1])
    assert "Bari" in whole.texts("#list .places > li > a")


def test_filters_narrow_the_map_and_bring_it_closer(client: TestClient) -> None:
    page = Page(client, "/map", region="Catalunya", lang="en")
    assert set(page.texts(".places > li > a")) == {"Reus", "Tarragona", "Girona"}
    assert page.all(".zoom")
    assert [text.split(" ×")[0] for text in page.texts(".in-force li")] == ["Region: Catalonia"]
    assert urlsplit(page.links(".in-force a")[0]).path == "/map"
    for link in page.all(".facets li a"):
        if not link.attributes.get("aria-current"):
            narrowed = Page(client, link.attributes["href"] or "")
            shown = re.findall(r"(\d+) (?:practice|more)", narrowed.text(".lead"))
            assert sum(map(int, shown)) == int(link.css_first(".count").text()), link.attributes["href"]


@pytest.mark.parametrize("look", ["", "x", "1-2", "0-0-0", "9999-9999-9999", "-1-0-5", "١-٢-٣", HOSTILE])
def test_a_look_that_is_none_does_no_harm(client: TestClient, look: str) -> None:
    assert Page(client, "/map", look=look).status == 200


def test_a_look_at_the_open_sea_says_that_nothing_stands_there(client: TestClient) -> None:
    page = Page(client, "/map", look="500-10-16", lang="en")
    assert "No practice stands here." in page.text("#list")


DEGREES = st.tuples(st.floats(36, 47), st.floats(-9, 18))


@given(st.lists(DEGREES, min_size=1, max_size=40, unique=True), st.sampled_from([(800, 32.0), (360, 31.0)]))
@settings(max_examples=60, deadline=None)
def test_no_two_points_of_a_map_are_too_near_and_none_is_lost(
    places: list[tuple[float, float]], drawn: tuple[int, float]
) -> None:
    width, apart = drawn
    points = project([north for north, _ in places], [east for _, east in places]).tolist()
    spots = [Spot(REUS, x, y, (row,)) for row, (x, y) in enumerate(points)]
    found = clusters(spots, Look(), width=width, apart=apart)
    assert sorted(row for each in found for spot in each.spots for row in spot.rows) == list(range(len(places)))
    for one, other in combinations(found, 2):
        assert np.hypot(one.x - other.x, one.y - other.y) > apart - 0.2  # coordinates are rounded to a tenth
    assert all(each.closer is None or each.closer.width < WIDTH for each in found)


@given(st.lists(DEGREES, min_size=1, max_size=20))
def test_the_closest_look_at_some_points_shows_them_all(places: list[tuple[float, float]]) -> None:
    points = project([north for north, _ in places], [east for _, east in places])
    look = Look.at(points)
    assert look.shows(points).all()
    assert Look.of_code(look.code) == look
    assert 0 <= look.x <= WIDTH - look.width
    assert 0 <= look.y <= HEIGHT - look.height + 1


def test_north_is_up_east_is_right_and_the_canaries_stand_on_the_map() -> None:
    (palma, bilbao, bari, teide) = project([39.57, 43.26, 41.12, 28.27], [2.65, -2.93, 16.87, -16.64])
    assert bilbao[1] < palma[1]
    assert bilbao[0] < palma[0] < bari[0]
    assert 0 < teide[0] < WIDTH
    assert 0 < teide[1] < HEIGHT


# --- all of them -----------------------------------------------------------------------------------

EVERY_PAGE = [
    ("/themes", {}),
    ("/themes/loneliness", {"municipality": "Reus", "language": "ca"}),
    ("/themes/food-aid", {}),
    ("/themes/dementia", {}),
    ("/municipalities/geonames:1", {}),
    ("/municipalities/geonames:5", {"municipality": "Bari"}),
    ("/map", {}),
    ("/map", {"theme": "food-aid"}),
    ("/map", {"look": "300-200-100"}),
    ("/saved", {}),
    ("/saved", {"id": ["hostil", "scuola", "sola-1", "sola-2", "sola-3"]}),
    ("/compare", {}),
    ("/compare", {"id": ["hostil", "scuola"], "municipality": "Reus"}),
    ("/compare", {"id": ["sola-1", "scuola"], "municipality": HOSTILE}),
]


@pytest.mark.parametrize(("path", "parameters"), EVERY_PAGE)
@pytest.mark.parametrize("language", ["ca", "es", "it", "en"])
def test_every_page_is_sound_in_every_language(
    client: TestClient, path: str, parameters: dict[str, Any], language: str
) -> None:
    page = Page(client, path, **parameters, lang=language)
    assert page.status == (422 if parameters.get("municipality") == HOSTILE else 200)
    assert page.all("html")[0].attributes["lang"] == language
    levels = [int(node.tag[1]) for node in page.all("h1, h2, h3, h4, h5, h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    ids = [node.attributes["id"] for node in page.all("[id]")]
    assert len(ids) == len(set(ids))
    assert "set-cookie" not in page.response.headers
    assert not page.all("style, [style]")
    assert "<script>alert" not in page.response.text
    assert all((node.attributes.get("src") or "/static/").startswith("/static/") for node in page.all("script"))
    for node in page.all("a"):
        assert (node.attributes["href"] or "").startswith(("/", "#", "https://", "mailto:"))


def test_the_sitemap_leads_to_themes_places_and_the_map(client: TestClient) -> None:
    paths = set(re.findall(r"<loc>https://e\.example([^<]*)</loc>", client.get("/sitemap.xml").text))
    assert {"/themes", "/map", "/themes/loneliness", "/municipalities/geonames:1"} <= paths
    assert "/themes/dementia" not in paths
    for path in (each for each in paths if not each.startswith("/practices/")):
        page = Page(client, path)
        assert page.status == 200, path
        assert not page.all("meta[name=robots]"), path
    assert "Disallow: /*?id=" in client.get("/robots.txt").text


def test_a_page_of_the_map_is_light(client: TestClient) -> None:
    packed = client.get("/map", headers={"Accept-Encoding": "gzip"})
    assert int(packed.headers["content-length"]) < 30_000
