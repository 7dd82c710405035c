"""Importing: what a file does to the store is told before and after, and a file goes in whole or not at all."""

import json
import time
from io import BytesIO
from itertools import count

import pytest
from fastapi.testclient import TestClient

from corpus.errors import AmbiguousMunicipality, UnknownMunicipality, UnknownPractice, UnreadableSource
from corpus.exporters import write_practices
from corpus.importers.drafts import Format
from corpus.municipality import Municipalities, Municipality
from corpus.store import PracticeStore
from service import intake
from service.app import create_app
from service.intake import Effect, history_of, import_drafts, read_source, remembering
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice, make_snapshot

KEY = "clau-secreta-1234"
HEADER = "Municipi;Títol;Problema;Accions\n"
REUS = "Reus;Trucades de barri;La gent gran viu sola i no surt de casa;Voluntaris truquen cada setmana\n"
VIC = "Vic;Menjador escolar;Hi ha famílies que no poden pagar el menjador;Beques per a tots els infants\n"
BROKEN = "Vic;;Els joves no troben feina al poble;Un curs d'ofici cada tardor\n"


@pytest.fixture(scope="module")
def places():
    return Municipalities(
        [
            Municipality("Reus", code="43123", population=106_000, population_year=2025, province="Tarragona",
                         region="Catalunya", country="ES", source="ine"),
            Municipality("Vic", population=47_000, region="Catalunya", country="ES"),
            Municipality("Mieres", population=36_000, region="Asturias", country="ES"),
            Municipality("Mieres", population=34_000, region="Catalunya", country="ES"),
        ]
    )  # fmt: skip


@pytest.fixture
def store(tmp_path):
    opened = PracticeStore(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


def bring_in(store, places, text, name="dades.csv", **options):
    content = text if isinstance(text, bytes) else text.encode()
    drafts = read_source(content, places.find, name=name)
    return import_drafts(drafts, store, places.find, source=name, by="prova", **options)


def test_a_dry_run_tells_what_would_happen_and_stores_nothing(store, places):
    report = bring_in(store, places, HEADER + REUS + VIC, dry_run=True)
    assert (report.added, report.changed, report.unchanged, report.stored) == (2, 0, 0, 0)
    assert [(record.id, record.row, record.effect) for record in report.records] == [
        ("reus-trucades-de-barri", 2, Effect.ADDED),
        ("vic-menjador-escolar", 3, Effect.ADDED),
    ]
    assert store.last_change() == 0


def test_the_second_time_the_same_file_changes_nothing(store, places):
    assert bring_in(store, places, HEADER + REUS + VIC).stored == 2
    last = store.last_change()
    report = bring_in(store, places, HEADER + REUS + VIC)
    assert (report.added, report.changed, report.unchanged, report.stored) == (0, 0, 2, 0)
    assert store.last_change() == last


def test_a_known_id_is_a_change_and_the_report_says_which(store, places):
    bring_in(store, places, HEADER + REUS)
    report = bring_in(store, places, HEADER + REUS.replace("cada setmana", "dos cops per setmana"))
    [record] = report.records
    assert (record.effect, set(record.changes)) == (Effect.CHANGED, {"actions"})
    assert record.changes["actions"].before == "Voluntaris truquen cada setmana"
    assert record.changes["actions"].after == "Voluntaris truquen dos cops per setmana"
    assert store.practice(record.id).actions == "Voluntaris truquen dos cops per setmana"


def test_a_file_with_one_bad_record_is_kept_out_whole(store, places):
    report = bring_in(store, places, HEADER + REUS + BROKEN)
    assert (report.kept_out, report.invalid, report.stored, report.added) == (True, 1, 0, 1)
    [problem] = report.problems
    assert (problem.file, problem.row, problem.field) == ("dades.csv", 3, "title")
    assert store.count() == 0


def test_the_good_records_go_in_where_that_was_asked_for(store, places):
    report = bring_in(store, places, HEADER + REUS + BROKEN, skip_invalid=True)
    assert (report.kept_out, report.invalid, report.stored) == (False, 1, 1)
    assert report.problems[0].row == 3
    assert [practice.id for practice in store.practices()] == ["reus-trucades-de-barri"]


def test_the_language_is_told_from_the_text(store, places):
    text = "body.name;title;problem;actions\nReus;Llamadas;Las personas mayores viven solas y no salen;Llaman\n"
    bring_in(store, places, text)
    assert store.practice("reus-llamadas").language == "es"


def test_what_is_known_of_a_municipality_is_filled_in(store, places):
    bring_in(store, places, HEADER + REUS)
    body = store.practice("reus-trucades-de-barri").body
    assert (body.code, body.population, body.population_year) == ("43123", 106_000, 2025)
    assert (body.province, body.region, body.country) == ("Tarragona", "Catalunya", "ES")


def whole(**body):
    practice = make_practice(id="prova").model_dump(mode="json", exclude_none=True) | {"body": body}
    return json.dumps(practice)


def test_what_the_record_says_of_its_municipality_is_kept(store, places):
    report = bring_in(store, places, whole(name="Reus", population=99_000), name="dades.jsonl")
    body = store.practice("prova").body
    assert (body.population, body.population_year, body.code) == (99_000, None, "43123")
    assert report.doubts == []


def test_a_code_no_list_has_is_no_obstacle_to_a_name_one_place_has(store, places):
    report = bring_in(store, places, whole(name="Vic", code="08298"), name="dades.jsonl")
    body = store.practice("prova").body
    assert (body.code, body.population, body.region) == ("08298", 47_000, "Catalunya")
    assert report.doubts == []


@pytest.mark.parametrize(
    ("name", "reason"), [("Vicc", "No municipality is known as 'Vicc'"), ("Mieres", "'Mieres' may be:")]
)
@pytest.mark.parametrize("form", ["table", "record"])
def test_an_unknown_or_ambiguous_municipality_is_a_doubt_told_once(store, places, name, reason, form):
    if form == "table":
        report = bring_in(store, places, HEADER + REUS.replace("Reus", name))
    else:
        report = bring_in(store, places, whole(name=name), name="dades.jsonl")
    [doubt] = report.doubts
    assert doubt.field == "body.name"
    assert doubt.value == name
    assert reason in doubt.reason
    body = store.practice(report.records[0].id).body
    assert (body.name, body.population, body.region) == (name, None, None)


def test_the_region_tells_places_of_one_name_apart(store, places):
    report = bring_in(store, places, whole(name="Mieres", region="Asturias"), name="dades.jsonl")
    assert report.doubts == []
    assert store.practice("prova").body.population == 36_000


def test_a_code_of_another_place_is_a_doubt_and_fills_nothing(store, places):
    report = bring_in(store, places, whole(name="Reus", code="08298"), name="dades.jsonl")
    assert [(doubt.field, doubt.value) for doubt in report.doubts] == [("body.code", "08298")]
    assert store.practice("prova").body.population is None


def test_bodies_made_of_municipalities_are_left_as_they_are(store, places):
    bring_in(store, places, whole(name="Reus", type="consortium"), name="dades.jsonl")
    assert store.practice("prova").body.population is None


def test_each_name_is_looked_for_once(places):
    calls = count()

    def find(name, *, region=None, country=None):
        next(calls)
        return places.find(name, region=region, country=country)

    remembered = remembering(find)
    for _ in range(5):
        assert remembered("Reus").code == "43123"
        with pytest.raises(UnknownMunicipality):
            remembered("Vicc")
        with pytest.raises(AmbiguousMunicipality):
            remembered("Mieres")
    assert next(calls) == 3


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("dades.csv", "", "dades.csv is empty"),
        ("dades.pdf", "%PDF-1.7", ".pdf files are not read"),
        ("dades.xlsx", HEADER + REUS, "dades.xlsx is broken"),
        ("dades.csv", HEADER, "holds no practice"),
        ("dades.yaml", "title: [", "dades.yaml is not YAML"),
    ],
)
def test_a_source_that_is_not_what_it_claims_is_refused(store, places, name, content, reason):
    with pytest.raises(UnreadableSource, match=reason):
        bring_in(store, places, content, name=name)
    assert store.last_change() == 0


def test_an_upload_has_a_limit_of_records(store, places):
    with pytest.raises(UnreadableSource, match="more than 1 records"):
        bring_in(store, places, HEADER + REUS + VIC, most_records=1)
    assert store.count() == 0


def test_a_web_page_becomes_the_source_of_what_it_tells(store, places, monkeypatch):
    from datetime import date

    from corpus.importers.web_address import Page

    html = (
        "<html><body><main><h1>Trucades de barri</h1><h2>Municipi</h2><p>Reus</p>"
        "<h2>Problema</h2><p>La gent gran viu sola i no surt de casa.</p>"
        "<h2>Accions</h2><p>Voluntaris truquen cada setmana.</p></main></body></html>"
    )
    page = Page("https://www.example.org/l'ajuda", html.encode(), date(2026, 11, 29))
    monkeypatch.setattr(intake, "fetch_page", lambda url: page)
    drafts = read_source("https://www.example.org/", places.find)
    report = import_drafts(drafts, store, places.find, source="https://www.example.org/", by="prova")
    [record] = report.records
    [source] = store.practice(record.id).sources
    assert (source.url, source.retrieved_on) == ("https://www.example.org/l%27ajuda", date(2026, 11, 29))


def test_half_a_letter_in_a_file_can_still_be_told(store, places):
    report = bring_in(store, places, '{"title": "Prova \\ud800", "language": "ca"}', name="dades.jsonl")
    assert report.kept_out
    assert "\\ud800" in report.model_dump_json().replace("\\\\", "\\")


@pytest.mark.parametrize("format", [Format.CSV, Format.XLSX, Format.JSON_LINES, Format.JSON_LD])
def test_an_export_comes_in_again_unchanged(store, places, bank, format):
    some = bank[::40]
    store.put(some, by="bank")
    file = BytesIO()
    write_practices(some, file, format=format)
    report = bring_in(store, Municipalities([]), file.getvalue(), name=f"export.{format}")
    assert (report.unchanged, report.changed, report.added, report.problems) == (len(some), 0, 0, [])


def test_the_history_tells_who_when_and_what(store, places):
    bring_in(store, places, HEADER + REUS)
    bring_in(store, places, HEADER + REUS.replace("cada setmana", "cada dia"))
    store.remove("reus-trucades-de-barri", by="altra")
    added, changed, removed = history_of(store, "reus-trucades-de-barri")
    assert [entry.kind for entry in (added, changed, removed)] == ["added", "changed", "removed"]
    assert [entry.by for entry in (added, changed, removed)] == ["prova", "prova", "altra"]
    assert changed.fields == ["actions"]
    assert changed.changes["actions"].after.endswith("cada dia")
    assert removed.changes["title"].after is None
    assert added.at <= changed.at <= removed.at
    with pytest.raises(UnknownPractice):
        history_of(store, "mai-vist")


# Over HTTP


@pytest.fixture
def data(tmp_path, monkeypatch, places):
    encoder = HashingEncoder()
    monkeypatch.setattr("service.resources.load_encoder", lambda _name=None: encoder)
    monkeypatch.setattr("service.resources.load_municipalities", lambda _folder: places)
    practices = [make_practice(id="primera"), make_practice(id="segona")]
    opened = PracticeStore(f"sqlite:///{tmp_path / 'empelt.db'}")
    opened.put(practices, by="inici")
    opened.close()
    make_snapshot(tmp_path / "index", practices, encoder)
    return tmp_path


def opened(data, **settings):
    chosen = Settings(data=data, refresh_seconds=0.02, per_minute=10_000, **settings)
    return TestClient(create_app(chosen), raise_server_exceptions=False)


@pytest.fixture
def client(data):
    with opened(data, admin_key=KEY) as client:
        yield client


AS_ADMINISTRATOR = {"Authorization": f"Bearer {KEY}"}


def upload(client, text, *, headers=AS_ADMINISTRATOR, name="dades.csv", **params):
    return client.post("/v1/imports", params=params, files={"file": (name, text.encode())}, headers=headers)


def becomes(client, path, status):
    deadline = time.monotonic() + 10
    while client.get(path).status_code != status:
        assert time.monotonic() < deadline, f"{path} has not become {status}"
        time.sleep(0.02)


def test_an_upload_can_be_found_soon_after_and_a_removal_forgotten(client):
    answer = upload(client, HEADER + REUS + VIC, by="benestar")
    assert answer.status_code == 200
    assert (answer.json()["added"], answer.json()["stored"]) == (2, 2)
    becomes(client, "/v1/practices/reus-trucades-de-barri", 200)
    found = client.post("/v1/search", json={"text": "La gent gran viu sola i no surt de casa"}).json()
    shown = [result["practice"]["id"] for result in found["results"] + found["related"]]
    assert "reus-trucades-de-barri" in shown
    gone = client.delete("/v1/practices/reus-trucades-de-barri", headers=AS_ADMINISTRATOR)
    assert (gone.status_code, gone.content) == (204, b"")
    becomes(client, "/v1/practices/reus-trucades-de-barri", 404)
    assert client.get("/v1/practices/vic-menjador-escolar").status_code == 200


def test_an_edit_reaches_the_search(client):
    upload(client, HEADER + REUS)
    becomes(client, "/v1/practices/reus-trucades-de-barri", 200)
    upload(client, HEADER + REUS.replace("cada setmana", "cada dilluns"))
    deadline = time.monotonic() + 10
    while "dilluns" not in client.get("/v1/practices/reus-trucades-de-barri").text:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_many_writes_in_a_row_all_arrive(client):
    for number in range(12):
        assert upload(client, HEADER + REUS.replace("Trucades", f"Trucades {number}")).status_code == 200
    for number in range(12):
        becomes(client, f"/v1/practices/reus-trucades-{number}-de-barri", 200)


def test_a_dry_run_over_http_stores_nothing(client):
    answer = upload(client, HEADER + REUS + BROKEN, dry_run=True)
    assert answer.status_code == 200
    assert (answer.json()["kept_out"], answer.json()["stored"], answer.json()["added"]) == (True, 0, 1)
    assert client.get("/v1/practices/reus-trucades-de-barri/history").status_code == 404


def test_a_file_with_problems_is_refused_with_the_whole_report(client):
    answer = upload(client, HEADER + REUS + BROKEN)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Some records will not do"
    assert answer.json()["report"]["problems"][0]["row"] == 3
    assert client.get("/v1/practices/reus-trucades-de-barri/history").status_code == 404
    assert upload(client, HEADER + REUS + BROKEN, skip_invalid=True).json()["stored"] == 1


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {KEY}"}])
def test_writing_needs_the_key(client, headers):
    for answer in (
        upload(client, HEADER + REUS, headers=headers),
        client.delete("/v1/practices/primera", headers=headers),
    ):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Bearer realm="Empelt"')
        assert answer.headers["content-type"] == "application/problem+json"
        assert KEY not in answer.text
    assert client.get("/v1/practices/primera").status_code == 200


@pytest.mark.parametrize("settings", [{}, {"admin_key": ""}])
def test_without_a_key_in_the_settings_nobody_may_write(data, settings):
    with opened(data, **settings) as client:
        for headers in ({}, AS_ADMINISTRATOR, {"Authorization": "Bearer "}):
            answer = upload(client, HEADER + REUS, headers=headers)
            assert (answer.status_code, answer.json()["title"]) == (403, "Writing is closed")
            assert client.delete("/v1/practices/primera", headers=headers).status_code == 403


def test_the_key_stands_in_no_log_and_no_error(data, capfd, caplog, monkeypatch):
    def fails(*_arguments, **_options):
        raise RuntimeError("not foreseen")

    with opened(data, admin_key=KEY) as client:
        told = [
            upload(client, HEADER + REUS).text,
            upload(client, "", headers=AS_ADMINISTRATOR).text,
            client.post("/v1/imports", content=b"{", headers=AS_ADMINISTRATOR).text,
            client.get("/openapi.json").text,
            client.get("/metrics").text,
            repr(client.app.state.resources.settings),
        ]
        monkeypatch.setattr(PracticeStore, "put", fails)
        broken = upload(client, HEADER + VIC)
        assert broken.status_code == 500
        told.append(broken.text)
    captured = capfd.readouterr()
    assert "RuntimeError: not foreseen" in captured.err
    assert KEY not in "".join([*told, captured.out, captured.err, caplog.text])


@pytest.mark.parametrize(
    ("sent", "status", "told"),
    [
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415, "multipart/form-data"),
        ({"json": {"address": 7}}, 422, "body.address"),
        ({"json": {"adress": "https://example.org"}}, 422, "body.adress"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422, "Invalid JSON"),
        ({"files": {"other": ("a.csv", b"x")}}, 422, "body.file"),
        ({"files": {"file": ("a.pdf", b"%PDF")}}, 422, ".pdf files are not read"),
        ({"json": {"address": "http://127.0.0.1/"}}, 422, "is not a public address"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "boundary"),
        ({"files": {"file": ("a.csv", b"x" * (21 << 20))}}, 413, "20,971,520 bytes"),
    ],
)
def test_what_is_no_import_is_told_so(client, sent, status, told):
    headers = AS_ADMINISTRATOR | sent.get("headers", {})
    answer = client.post("/v1/imports", **{**sent, "headers": headers})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.json()["detail"]


def test_an_upload_over_the_limit_of_other_requests_is_read(client):
    rows = [REUS.replace("Trucades", f"Trucades {number}").strip() + " i visites" * 1_800 for number in range(60)]
    text = HEADER + "\n".join(rows)
    assert len(text) > 1 << 20
    answer = upload(client, text, dry_run=True)
    assert (answer.status_code, answer.json()["added"]) == (200, 60)


def test_only_the_administrator_sees_who_and_the_values_of_a_history(client):
    upload(client, HEADER + REUS, by="benestar")
    upload(client, HEADER + REUS.replace("cada setmana", "cada dia"), by="benestar")
    path = "/v1/practices/reus-trucades-de-barri/history"
    public, whole = client.get(path), client.get(path, headers=AS_ADMINISTRATOR)
    assert [entry["fields"] for entry in public.json()][1] == ["actions"]
    assert {entry["by"] for entry in public.json()} == {None}
    assert {entry["changes"] for entry in public.json()} == {None}
    assert public.headers["cache-control"] == "no-store"
    assert whole.json()[1]["by"] == "benestar"
    assert whole.json()[1]["changes"]["actions"]["after"] == "Voluntaris truquen cada dia"
    assert client.get("/v1/practices/mai-vist/history").status_code == 404


@pytest.mark.parametrize("format", ["csv", "xlsx", "jsonl", "jsonld"])
def test_the_export_holds_every_practice_that_can_be_found(client, store, format):
    answer = client.get("/v1/export", params={"format": format})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="empelt.{format}"'
    report = bring_in(store, Municipalities([]), answer.content, name=f"empelt.{format}")
    assert [record.id for record in report.records] == ["primera", "segona"]
    assert report.problems == []
    again = client.get("/v1/export", params={"format": format}, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/v1/export", params={"format": format}).content == answer.content


def test_a_format_that_is_only_read_cannot_be_asked_for(client):
    answer = client.get("/v1/export", params={"format": "docx"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "query.format"
