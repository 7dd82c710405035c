"""What can be taken away is what it says it is: feeds, tables, data, the catalogue, citations."""

import csv
import json
import re
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from rdflib import DCAT, DCTERMS, FOAF, RDF, Graph, Literal, URIRef
from rdflib.compare import isomorphic
from selectolax.lexbor import LexborHTMLParser

from corpus.bank import BANK
from corpus.importers.drafts import Draft
from corpus.importers.reading import read_practices
from corpus.municipality import Municipalities, Municipality
from corpus.practice import Practice, parse_practice
from indexer.calibration import Calibration
from service import resources
from service.app import create_app
from service.i18n import LANGUAGES
from service.routes import opendata as routes
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice, make_snapshot

SITE = "https://empelt.example"
QUERY = "gent gran que viu sola al poble"
SHIPPED = sorted(path.stem for path in BANK.rglob("*.yaml"))[0]
ATOM = {"a": "http://www.w3.org/2005/Atom"}
XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
SCHEMA = "https://schema.org/"

# rdflib's own reader of JSON-LD
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")

PLACES = [
    Municipality("Reus", code="43123", population=107_000, region="Catalunya", province="Tarragona", country="ES"),
    Municipality("Castell", population=7_900, region="Illes Balears", country="ES", geonames_id=1),
    Municipality("Castell", population=11_000, region="Puglia", country="IT", geonames_id=2),
]


def practices() -> list[Practice]:
    """Some on loneliness, one of them ours, and its translation; one whose texts are hostile to every format."""
    lonely = [
        make_practice(
            id=f"sola-{number}",
            title=f"Companyia {number} per a la gent gran que viu sola",
            problem=f"Al poble {number} hi ha gent gran que viu sola i que ningú no visita.",
            place=f"Vila {number}",
            population=4_000 + number,
            region="Catalunya",
            country="ES",
            themes=["loneliness", "volunteering"],
            updated_on=f"2027-0{number + 1}-05" if number else None,
        )
        for number in range(3)
    ]
    ours = make_practice(
        id=SHIPPED,
        title="Visites a la gent gran que viu sola",
        summary="Visites de veïns.",
        place="Reus",
        region="Cataluña",
        country="ES",
        body={
            "name": "Reus", "code": "43123", "population": 107_000, "region": "Cataluña", "country": "ES",
        },
        themes=["loneliness"],
        translations=["visite"],
        start_year=2019,
        end_year=2023,
    )  # fmt: skip
    translated = make_practice(
        id="visite", language="it", title="Visite agli anziani soli", country="IT", translations=[SHIPPED]
    )
    hostile = make_practice(
        id="hostil",
        title='</script><!--=cmd|"A & B"_50 % {braces}',
        problem="=SUM(A1) la gent gran que viu sola al mercat ]]> trencat",
        actions="Es va refer el mercat amb cura.",
        place="Vila & <b>Baixa</b>",
    )
    return [*lonely, ours, translated, hostile]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application on those practices."""
    data = tmp_path_factory.mktemp("opendata")
    encoder = HashingEncoder()
    make_snapshot(data / "index", practices(), encoder)
    calibration = Calibration(
        encoder_digest=encoder.digest, dense=12, lexical=2, intercept=-5, floor=0.3, strong=0.8
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "load_encoder", lambda _: encoder)
        patch.setattr(resources, "load_calibration", lambda _: calibration)
        patch.setattr(resources, "load_municipalities", lambda _: Municipalities(PLACES))
        with TestClient(create_app(Settings(data=data, per_minute=100_000, public_url=SITE))) as opened:
            yield opened


def entries(client: TestClient, **parameters: Any) -> list[ElementTree.Element]:
    return feed(client, **parameters).findall("a:entry", ATOM)


def feed(client: TestClient, **parameters: Any) -> ElementTree.Element:
    response = client.get("/feed.atom", params={"q": QUERY, "lang": "ca"} | parameters)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/atom+xml"
    return ElementTree.fromstring(response.content)


def page(client: TestClient, path: str, **parameters: Any) -> LexborHTMLParser:
    response = client.get(path, params=parameters, headers={"Accept": "text/html"})
    assert response.status_code == 200
    return LexborHTMLParser(response.text)


# --- feeds -----------------------------------------------------------------------------------------


def test_a_feed_holds_the_results_in_order_with_the_sentence_that_answers(client: TestClient) -> None:
    found = entries(client)
    shown = page(client, "/", q=QUERY, lang="ca")
    assert [entry.findtext("a:title", "", ATOM) for entry in found] == [
        node.text() for node in shown.css("article .title a")
    ]
    [first] = [each for each in found if each.findtext("a:id", "", ATOM) == "urn:empelt:practice:sola-1"]
    assert (
        first.findtext("a:summary", "", ATOM)
        == "Al poble 1 hi ha gent gran que viu sola i que ningú no visita. (Vila 1, Catalunya)"
    )
    assert first.find("a:title", ATOM).attrib[XML_LANGUAGE] == "ca"
    assert [each.attrib["label"] for each in first.findall("a:category", ATOM)] == [
        "Soledat no desitjada", "Voluntariat i bancs del temps",
    ]  # fmt: skip


def test_a_feed_names_itself_and_its_page_and_each_entry_its_own(client: TestClient) -> None:
    tree = feed(client, theme="loneliness", page=2)
    links = {link.attrib.get("rel", "alternate"): link.attrib["href"] for link in tree.findall("a:link", ATOM)}
    said = urlencode({"q": QUERY, "theme": "loneliness", "lang": "ca"})
    assert links == {"self": f"{SITE}/feed.atom?{said}", "alternate": f"{SITE}/?{said}"}
    assert tree.attrib[XML_LANGUAGE] == "ca"
    for entry in tree.findall("a:entry", ATOM):
        practice_id = entry.findtext("a:id", "", ATOM).rpartition(":")[2]
        assert entry.find("a:link", ATOM).attrib["href"] == f"{SITE}/practices/{practice_id}?lang=ca"


def test_the_same_search_is_the_same_feed_and_another_is_another(client: TestClient) -> None:
    def id_of(**parameters: Any) -> str:
        return feed(client, **parameters).findtext("a:id", "", ATOM)

    assert id_of(theme="loneliness") == id_of(theme="loneliness", page=3, id="sola-1")
    assert len({id_of(), id_of(theme="loneliness"), id_of(q="mercat"), id_of(lang="it")}) == 4


def test_an_entry_is_as_old_as_its_record_and_not_as_the_index(client: TestClient) -> None:
    days = {
        entry.findtext("a:id", "", ATOM).rpartition(":")[2]: entry.findtext("a:updated", "", ATOM)
        for entry in entries(client)
    }
    assert days["sola-0"] == "2026-11-29T00:00:00+00:00"  # the day its source was read
    assert days["sola-2"] == "2027-03-05T00:00:00+00:00"  # later than that


def test_what_xml_cannot_carry_is_left_out_of_a_feed(client: TestClient) -> None:
    tree = feed(client, q=f"{QUERY}\x01\uffff mercat trencat & <b>")
    assert tree.findtext("a:title", "", ATOM) == f"Empelt: {QUERY} mercat trencat & <b>"
    titles = [entry.findtext("a:title", "", ATOM) for entry in tree.findall("a:entry", ATOM)]
    assert '</script><!--=cmd|"A & B"_50 % {braces}' in titles


def test_a_feed_that_is_held_already_is_not_sent_again(client: TestClient) -> None:
    asked = {"q": QUERY, "lang": "ca"}
    first = client.get("/feed.atom", params=asked)
    stamp, day = first.headers["etag"], first.headers["last-modified"]
    for headers in ({"If-None-Match": stamp}, {"If-None-Match": f'"x", {stamp}'}, {"If-Modified-Since": day}):
        again = client.get("/feed.atom", params=asked, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == stamp
    for headers in (
        {"If-None-Match": '"another"', "If-Modified-Since": day},
        {"If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
    ):
        assert client.get("/feed.atom", params=asked, headers=headers).status_code == 200
    assert (
        client.get("/feed.atom", params=asked | {"lang": "it"}, headers={"If-None-Match": stamp}).status_code
        == 200
    )


def test_a_feed_without_a_question_or_with_an_unclear_place_is_told_so(client: TestClient) -> None:
    none = client.get("/feed.atom")
    assert none.status_code == 422
    assert none.headers["content-type"] == "application/problem+json"
    assert none.json()["errors"][0]["field"] == "query.q"
    unclear = client.get("/feed.atom", params={"q": QUERY, "municipality": "Castell"})
    assert unclear.status_code == 422
    assert len(unclear.json()["candidates"]) == 2


@pytest.mark.parametrize("question", [QUERY, "reparar el campanar del poble amb bastides noves"])
def test_a_page_of_results_leads_to_its_feed(client: TestClient, question: str) -> None:
    shown = page(client, "/", q=question, theme="loneliness", lang="es", id="sola-1")
    [found] = shown.css("link[type='application/atom+xml']")
    address = found.attributes["href"]
    assert address == f"/feed.atom?{urlencode({'q': question, 'theme': 'loneliness', 'lang': 'es'})}"
    assert [node.attributes["href"] for node in shown.css(".take a[type='application/atom+xml']")] == [address]
    assert client.get(address).status_code == 200


def test_a_browser_may_subscribe_by_its_search_description(client: TestClient) -> None:
    tree = ElementTree.fromstring(client.get("/opensearch.xml?lang=it").text)
    names = {"o": "http://a9.com/-/spec/opensearch/1.1/"}
    template = tree.find("o:Url[@type='application/atom+xml']", names).attrib["template"]
    address = template.replace("{searchTerms}", "gent+gran+sola").removeprefix(SITE)
    assert ElementTree.fromstring(client.get(address).content).attrib[XML_LANGUAGE] == "it"


# --- tables of results -----------------------------------------------------------------------------


def rows(client: TestClient, **parameters: Any) -> list[dict[str, str]]:
    response = client.get("/results.csv", params={"q": QUERY, "lang": "en"} | parameters)
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="empelt-results.csv"'
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"))))


def test_a_table_of_results_says_what_the_page_says(client: TestClient) -> None:
    table = rows(client)
    shown = page(client, "/", q=QUERY, lang="en")
    assert [row["Title"].removeprefix("'") for row in table] == [n.text() for n in shown.css("article .title a")]
    [row] = [row for row in table if row["Title"].startswith("Companyia 1")]
    assert row["Municipality or body"] == "Vila 1"
    assert row["Inhabitants"] == "4001"
    assert row["Region"] == "Catalonia"
    assert row["The sentence that answers"] == "Al poble 1 hi ha gent gran que viu sola i que ningú no visita."
    assert row["Its section"] == "The problem"
    assert row["Themes"] == "Loneliness, Volunteering and time banks"
    assert row["Status"] == ""
    assert row["Address"] == f"{SITE}/practices/sola-1"
    assert row["Source"] == "https://example.org/practica"
    strengths = [int(row["Strength of the match, of 100"]) for row in table]
    assert strengths == sorted(strengths, reverse=True)
    assert 30 <= strengths[0] <= 100


def test_fit_stands_in_the_table_only_with_a_municipality(client: TestClient) -> None:
    assert "Fit in words" not in rows(client)[0]
    row = rows(client, municipality="Reus")[0]
    assert re.fullmatch(r"\d{1,3}", row["Fit with your context, of 100"])
    assert row["Fit in words"].startswith(f"Fit with your context: {row['Fit with your context, of 100']} of 100.")


def test_headings_and_codes_are_in_the_readers_language(client: TestClient) -> None:
    [row] = [row for row in rows(client, lang="it") if row["Comune o ente"] == "Vila 1"]
    assert row["Temi"] == "Solitudine e isolamento sociale, Volontariato e banche del tempo"


def test_no_cell_of_a_table_is_a_formula(client: TestClient) -> None:
    [row] = [row for row in rows(client, q="gent gran sola mercat trencat") if "cmd" in row["Title"]]
    assert row["The sentence that answers"].startswith("'=SUM(A1)")


def test_a_sheet_is_the_same_table_ready_to_be_read(client: TestClient) -> None:
    asked = {"q": QUERY, "municipality": "Reus", "lang": "en"}
    response = client.get("/results.xlsx", params=asked)
    assert response.headers["content-disposition"] == 'attachment; filename="empelt-results.xlsx"'
    sheet = load_workbook(BytesIO(response.content)).active
    heading, *cells = sheet.iter_rows(values_only=True)
    table = rows(client, municipality="Reus")
    assert list(heading) == list(table[0])
    assert [[str("" if value is None else value) for value in row] for row in cells] == [
        list(row.values()) for row in table
    ]
    assert isinstance(cells[0][heading.index("Strength of the match, of 100")], int)
    assert sheet.title == "Results"
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == sheet.dimensions


def test_a_table_has_an_end(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(rows(client)) > 2
    monkeypatch.setattr(routes, "MOST_ROWS", 2)
    assert len(rows(client)) == 2


def test_a_search_without_answer_is_a_table_of_headings_and_not_offered(client: TestClient) -> None:
    nonsense = "reparar el campanar del poble amb bastides noves"
    assert rows(client, q=nonsense) == []
    assert not page(client, "/", q=nonsense).css(".take a[href^='/results.']")
    assert len(page(client, "/", q=QUERY).css(".take a[href^='/results.']")) == 2


# --- one practice as data --------------------------------------------------------------------------


def test_a_practice_is_a_work_about_a_service_for_those_who_read_schema_org(client: TestClient) -> None:
    response = client.get(f"/practices/{SHIPPED}.jsonld")
    assert response.headers["content-type"] == "application/ld+json"
    assert response.headers["access-control-allow-origin"] == "*"
    graph = Graph().parse(data=response.text, format="json-ld")
    work = URIRef(f"urn:empelt:practice:{SHIPPED}")

    def value(subject: Any, name: str) -> Any:
        return graph.value(subject, URIRef(SCHEMA + name))

    assert value(work, "url") == URIRef(f"{SITE}/practices/{SHIPPED}")
    assert value(work, "license") == URIRef("https://creativecommons.org/licenses/by/4.0/")
    assert value(work, "isBasedOn") == URIRef("https://example.org/practica")
    assert value(work, "inLanguage") == Literal("ca")
    assert value(work, "temporalCoverage") == Literal("2019/2023")
    assert value(work, "isPartOf") == URIRef(f"{SITE}/catalogue#dataset")
    assert value(work, "workTranslation") == URIRef("urn:empelt:practice:visite")
    assert value(value(work, "workTranslation"), "url") == URIRef(f"{SITE}/practices/visite")
    where = value(work, "spatialCoverage")
    assert [str(value(where, name)) for name in ("name", "identifier")] == ["Reus", "43123"]
    region = value(where, "containedInPlace")
    assert value(region, "name") == Literal("Catalunya")
    assert value(value(region, "containedInPlace"), "identifier") == Literal("ES")
    about = value(work, "about")
    assert (about, RDF.type, URIRef(f"{SCHEMA}GovernmentService")) in graph
    assert value(value(about, "provider"), "name") == Literal("Reus")


def test_the_record_goes_along_whole(client: TestClient) -> None:
    node = client.get(f"/practices/{SHIPPED}.jsonld").json()
    snapshot = client.app.state.resources.generation.snapshot
    assert parse_practice(node["record"]) == snapshot.practice(snapshot.rows[SHIPPED])


def test_a_licence_is_claimed_for_our_own_texts_only(client: TestClient) -> None:
    assert "license" not in client.get("/practices/sola-1.jsonld").json()


def test_the_page_of_a_practice_holds_the_same_data_without_the_record(client: TestClient) -> None:
    for practice_id in (SHIPPED, "hostil"):
        [block] = page(client, f"/practices/{practice_id}").css("script[type='application/ld+json']")
        shown = json.loads(block.text())
        whole = client.get(f"/practices/{practice_id}.jsonld").json()
        assert whole.pop("record")["id"] == practice_id
        assert shown.pop("@context") == "https://schema.org"
        assert whole.pop("@context")["@vocab"] == SCHEMA
        assert shown == whole


def test_a_hostile_title_does_not_end_the_data_of_the_page(client: TestClient) -> None:
    response = client.get("/practices/hostil", headers={"Accept": "text/html"})
    [block] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', response.text, re.DOTALL)
    assert not set("<>&") & set(block)
    assert json.loads(block)["name"] == '</script><!--=cmd|"A & B"_50 % {braces}'


@pytest.mark.parametrize(
    ("accepted", "media_type"),
    [
        ("application/ld+json", "application/ld+json"),
        ("text/html,application/ld+json", "text/html; charset=utf-8"),
        ("*/*", "text/html; charset=utf-8"),
    ],
)
def test_the_address_of_a_practice_answers_in_the_form_asked_for(
    client: TestClient, accepted: str, media_type: str
) -> None:
    response = client.get("/practices/sola-1", headers={"Accept": accepted})
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    first = response.history[0] if response.history else response
    assert "Accept" in first.headers["vary"]


@pytest.mark.parametrize("path", [".jsonld", "/cite", "/cite.bib", "/cite.ris", "/fact-sheet.pdf"])
def test_a_practice_that_is_not_there_is_a_problem(client: TestClient, path: str) -> None:
    response = client.get(f"/practices/no-such-practice{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


# --- the whole bank --------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["csv", "xlsx", "jsonl", "jsonld"])
def test_a_file_of_the_bank_is_read_back_to_the_same_records(
    client: TestClient, extension: str, tmp_path: Path
) -> None:
    response = client.get(f"/practices.{extension}")
    assert response.headers["content-disposition"] == f'attachment; filename="empelt-practices.{extension}"'
    file = tmp_path / f"bank.{extension}"
    file.write_bytes(response.content)
    read = [each.practice for each in read_practices(file) if isinstance(each, Draft)]
    held = client.get("/practices.jsonl").text.splitlines()
    assert read == [Practice.model_validate_json(line) for line in held]
    assert len(read) == 6
    stamp = response.headers["etag"]
    assert client.get(f"/practices.{extension}", headers={"If-None-Match": stamp}).status_code == 304


def test_a_form_that_is_none_of_ours_is_not_found(client: TestClient) -> None:
    assert client.get("/practices.doc").status_code == 404
    assert client.get("/catalogue.csv").status_code == 404


def catalogue(client: TestClient, extension: str = "ttl") -> Graph:
    names = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld"}
    return Graph().parse(data=client.get(f"/catalogue.{extension}").text, format=names[extension])


def test_the_catalogue_is_one_in_each_of_its_forms(client: TestClient) -> None:
    turtle = catalogue(client)
    assert len(turtle) > 100
    for extension, media_type in (("rdf", "application/rdf+xml"), ("jsonld", "application/ld+json")):
        assert client.get(f"/catalogue.{extension}").headers["content-type"] == media_type
        assert isomorphic(catalogue(client, extension), turtle)


def test_the_catalogue_has_one_dataset_whose_files_are_there(client: TestClient) -> None:
    graph = catalogue(client)
    [held] = graph.subjects(RDF.type, DCAT.Catalog)
    [dataset] = graph.objects(held, DCAT.dataset)
    assert dataset == URIRef(f"{SITE}/catalogue#dataset")
    files = {
        str(graph.value(file, DCAT.downloadURL)): str(graph.value(file, DCAT.mediaType)).partition("media-types/")[
            2
        ]
        for file in graph.objects(dataset, DCAT.distribution)
    }
    assert sorted(files) == [f"{SITE}/practices.{form}" for form in ("csv", "jsonl", "jsonld", "xlsx")]
    for address, media_type in files.items():
        response = client.get(address.removeprefix(SITE))
        assert response.status_code == 200
        assert response.headers["content-type"].startswith(media_type)
    day = graph.value(dataset, DCTERMS.modified).toPython()
    assert day == client.app.state.resources.generation.snapshot.manifest.created_at
    assert {str(each).rpartition("/")[2] for each in graph.objects(dataset, DCTERMS.language)} == {"CAT", "ITA"}
    assert {str(each).rpartition("/")[2] for each in graph.objects(dataset, DCTERMS.spatial)} == {"ESP", "ITA"}
    assert Literal("Soledat no desitjada", lang="ca") in set(graph.objects(dataset, DCAT.keyword))


def test_the_catalogue_says_what_the_standard_requires_in_every_language(client: TestClient) -> None:
    """DCAT-AP 3.0.1, mandatory properties: its shapes were run over a catalogue of the shipped bank."""
    graph = catalogue(client)
    for kind in (DCAT.Catalog, DCAT.Dataset, DCAT.DataService):
        [subject] = graph.subjects(RDF.type, kind)
        for name in (DCTERMS.title, DCTERMS.description):
            assert {text.language for text in graph.objects(subject, name)} == set(LANGUAGES)
        assert graph.value(graph.value(subject, DCTERMS.publisher), FOAF.name) == Literal("Empelt")
    for file in graph.subjects(RDF.type, DCAT.Distribution):
        assert graph.value(file, DCAT.accessURL)
    [service] = graph.subjects(RDF.type, DCAT.DataService)
    assert graph.value(service, DCAT.servesDataset) == URIRef(f"{SITE}/catalogue#dataset")
    assert graph.value(service, DCAT.endpointURL) == URIRef(f"{SITE}/v1")
    described = client.get(str(graph.value(service, DCAT.endpointDescription)).removeprefix(SITE)).json()
    assert any(path.startswith("/v1/search") for path in described["paths"])
    assert described["openapi"].startswith("3.1")


def test_a_bank_with_texts_of_others_claims_no_licence_for_its_files(client: TestClient) -> None:
    graph = catalogue(client)
    for file in graph.subjects(RDF.type, DCAT.Distribution):
        assert graph.value(file, DCTERMS.license) is None
        assert graph.value(file, DCTERMS.rights)


@pytest.mark.parametrize(
    ("accepted", "leads_to"),
    [
        ("text/html", "/about#open-data"),
        ("text/turtle", "/catalogue.ttl"),
        ("application/rdf+xml", "/catalogue.rdf"),
        ("application/ld+json", "/catalogue.jsonld"),
        ("*/*", "/catalogue.jsonld"),
    ],
)
def test_what_the_catalogue_names_can_be_looked_up(client: TestClient, accepted: str, leads_to: str) -> None:
    response = client.get("/catalogue", headers={"Accept": accepted}, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, leads_to)


def test_the_page_about_leads_to_the_open_data(client: TestClient) -> None:
    shown = page(client, "/about", lang="en")
    assert len(shown.css("h2#open-data")) == 1
    links = {node.attributes["href"] for node in shown.css("main a[href], head link[title='DCAT-AP']")}
    wanted = {f"/practices.{form}" for form in ("csv", "xlsx", "jsonl", "jsonld")}
    wanted |= {f"/catalogue.{form}" for form in ("jsonld", "ttl", "rdf")} | {"/openapi.json"}
    assert wanted <= links


# --- to cite and to pass on ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            "“Visites a la gent gran que viu sola”, practice of Reus (Catalonia, Spain), 2019–2023. Empelt, "
            "bank of good practices of municipalities. {address} (read on {day}).",
        ),
        (
            "it",
            "«Visites a la gent gran que viu sola», pratica di Reus (Catalogna, Spagna), 2019–2023. Empelt, "
            "banca di buone pratiche comunali. {address} (consultato il {day}).",
        ),
    ],
)
def test_a_practice_is_cited_in_a_sentence(client: TestClient, language: str, sentence: str) -> None:
    shown = page(client, f"/practices/{SHIPPED}/cite", lang=language)
    [said] = shown.css("#citation")
    pattern = re.escape(sentence.replace("{address}", f"{SITE}/practices/{SHIPPED}")).replace(
        r"\{day\}", r"[\w, ]+"
    )
    assert re.fullmatch(pattern, said.text())
    assert said.css_first("span").attributes["lang"] == "ca"


def test_a_practice_is_cited_in_bibtex_with_its_special_characters(client: TestClient) -> None:
    response = client.get("/practices/hostil/cite.bib?lang=en")
    assert response.headers["content-disposition"] == 'attachment; filename="hostil.bib"'
    lines = response.text.splitlines()
    assert lines[0] == "@misc{hostil,"
    assert lines[-1] == "}"
    fields = dict(re.fullmatch(r"  (\w+) = \{(.*)\},", line).groups() for line in lines[1:-1])
    assert fields["title"] == r'{</script><!--=cmd|"A \& B"\_50 \% \{braces\}}'
    assert fields["note"] == r"Vila \& <b>Baixa</b>"
    assert fields["year"] == "2026"
    assert fields["langid"] == "catalan"
    assert fields["url"] == f"{SITE}/practices/hostil"


def test_a_practice_is_cited_for_reference_managers(client: TestClient) -> None:
    response = client.get(f"/practices/{SHIPPED}/cite.ris?lang=es")
    assert response.headers["content-type"].startswith("application/x-research-info-systems")
    lines = response.content.decode().split("\r\n")
    assert lines[0] == "TY  - ELEC"
    assert lines[-2:] == ["ER  - ", ""]
    assert "TI  - Visites a la gent gran que viu sola" in lines
    assert "KW  - Soledad no deseada" in lines
    assert "N1  - Reus (Cataluña, España), 2019–2023" in lines
    assert f"UR  - {SITE}/practices/{SHIPPED}" in lines
    assert "LA  - ca" in lines


def test_the_address_to_pass_on_is_plain_and_needs_no_script(client: TestClient) -> None:
    for path in ("/practices/sola-1", "/practices/sola-1/cite"):
        shown = page(client, path, q=QUERY, municipality="Reus", lang="ca")
        assert shown.css_first("#plain-address").text() == f"{SITE}/practices/sola-1"
        for button in shown.css("button[data-copies]"):
            assert "hidden" in button.attributes
            assert shown.css_first(f"#{button.attributes['data-copies']}")


def test_the_page_that_cites_leads_back_and_is_kept_out_of_search_engines(client: TestClient) -> None:
    shown = page(client, "/practices/sola-1/cite", q=QUERY, lang="ca")
    assert shown.css_first(".back a").attributes["href"].startswith("/practices/sola-1?q=")
    assert shown.css_first("meta[name=robots]").attributes["content"] == "noindex"
    levels = [int(node.tag[1]) for node in shown.css("h1, h2, h3")]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}


def test_the_page_of_a_practice_is_canonical_in_each_language(client: TestClient) -> None:
    for asked, wanted in (
        ({}, ""),
        ({"lang": "it"}, "?lang=it"),
        ({"lang": "it", "municipality": "Reus"}, "?lang=it"),
    ):
        shown = page(client, "/practices/sola-1", **asked)
        assert shown.css_first("link[rel=canonical]").attributes["href"] == f"{SITE}/practices/sola-1{wanted}"
