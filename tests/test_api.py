"""The JSON API: answers, errors as problem documents, and a service that no input brings down."""

import json

import httpx
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice, make_snapshot

QUESTION = {"text": "gent gran que viu sola i no surt de casa"}


@pytest.fixture(scope="module")
def client(shipped_snapshot, data_folder):
    settings = Settings(data=data_folder, per_minute=1_000_000)
    with TestClient(create_app(settings), raise_server_exceptions=False) as opened:
        yield opened


def search(client, **question):
    return client.post("/v1/search", json=QUESTION | question)


def test_a_search_returns_what_was_promised(client):
    answer = search(client, municipality="Reus", top_k=3).json()
    assert answer["query"]["text"] == QUESTION["text"]
    assert answer["query"]["language"] == "ca"
    assert answer["query"]["municipality"]["name"] == "Reus"
    assert answer["encoder"] == "empelt-384"
    assert len(answer["results"]) == 3
    for result in answer["results"]:
        assert {"id", "language", "title", "municipality"} <= result["practice"].keys()
        assert 0 <= result["strength"] <= 1
        assert -1 <= result["components"]["dense"] <= 1
        assert 0 <= result["components"]["lexical"] <= 1
        assert result["fit"]["summary"]


def test_the_passage_is_in_the_record_word_for_word(client):
    for result in search(client).json()["results"]:
        record = client.get(f"/v1/practices/{result['practice']['id']}").json()
        shown = " ".join(result["passage"]["text"].split())
        assert shown in " ".join(record[result["passage"]["section"]].split())


def test_totals_and_facets_count_what_is_shown(client):
    whole = search(client, top_k=100).json()
    assert len(whole["results"]) == min(100, whole["total"])
    for facet in ("language", "country"):
        assert sum(whole["facets"][facet].values()) <= whole["total"]
    only = search(client, top_k=100, filters={"language": ["it"]}).json()
    assert only["total"] == whole["facets"]["language"]["it"]
    assert {result["practice"]["language"] for result in only["results"]} == {"it"}


def test_no_municipality_fills_the_first_page(client):
    places = [r["practice"]["municipality"] for r in search(client, top_k=10).json()["results"]]
    assert max(map(places.count, places)) <= 2


def test_pages_do_not_overlap_and_follow_the_order(client):
    ten = [r["practice"]["id"] for r in search(client, top_k=10).json()["results"]]
    parts = [r["practice"]["id"] for o in (0, 5) for r in search(client, top_k=5, offset=o).json()["results"]]
    assert parts == ten


def test_the_same_question_has_the_same_answer_to_the_byte(client):
    assert search(client, top_k=20).content == search(client, top_k=20).content


def test_more_like_this_moves_the_answer_towards_it(client):
    first = search(client, top_k=20).json()["results"]
    liked = first[10]["practice"]["id"]
    steered = search(client, top_k=20, like=[liked]).json()["results"]
    assert liked not in {r["practice"]["id"] for r in steered}
    assert [r["practice"]["id"] for r in steered] != [r["practice"]["id"] for r in first]


def test_similar_practices_leave_out_the_practice_itself(client):
    practice_id = search(client).json()["results"][0]["practice"]["id"]
    similar = client.get(f"/v1/practices/{practice_id}/similar", params={"top_k": 4}).json()
    assert len(similar) == 4
    assert practice_id not in {item["practice"]["id"] for item in similar}
    assert len({item["practice"]["id"] for item in similar}) == 4


def test_the_seeds_on_sharing_practices_find_each_other(client):
    ours = "/v1/practices/barcelona-banc-bones-practiques-socials/similar"
    similar = client.get(ours, params={"top_k": 5}).json()
    assert "regione-puglia-banca-dati-buone-pratiche-sociali" in {item["practice"]["id"] for item in similar}


def test_themes_have_labels_and_counts(client):
    themes = {theme["theme"]: theme for theme in client.get("/v1/themes", params={"language": "it"}).json()}
    assert themes["homelessness"]["labels"].keys() == {"ca", "es", "it", "en"}
    assert themes["homelessness"]["label"] == themes["homelessness"]["labels"]["it"]
    assert themes["loneliness"]["practices"] >= 20


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": ""}, "body.text"),
        ({"text": " \n\t "}, "body.text"),
        ({"text": "?!…"}, "body.text"),
        ({"text": "a" * 20_000}, "body.text"),
        ({"text": "a\x00b"}, "body.text"),
        ({"text": None}, "body.text"),
        ({"top_k": 0}, "body.top_k"),
        ({"top_k": 10_000}, "body.top_k"),
        ({"filters": {"language": ["fr"]}}, "body.filters.language.0"),
        ({"filters": {"no_such_facet": ["x"]}}, "body.filters.no_such_facet"),
        ({"unknown": 1}, "body.unknown"),
        ({"view": "sideways"}, "body.view"),
    ],
)
def test_a_faulty_request_is_told_what_is_wrong(client, change, field):
    answer = search(client, **change)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 422
    assert field in {fault["field"] for fault in problem["errors"]}
    assert all(fault["reason"] for fault in problem["errors"])


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "\\ud800"}',
        b'{"text": NaN}',
        b'{"text": "a", "top_k": NaN}',
        b'{"text": "a", "top_k": Infinity}',
        b'{"text": "\xff\xfe"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"",
        b"null",
        b"{",
        b'{"text": "a", "top_k": ' + b"9" * 5_000 + b"}",
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_bytes_that_are_no_request_get_a_4xx_problem(client, body):
    answer = client.post("/v1/search", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_over_the_limit_is_refused_declared_or_not(client):
    large = json.dumps({"text": "a" * 5_000_000}).encode()
    assert client.post("/v1/search", content=large).status_code == 413

    def pieces():
        for _ in range(80):
            yield b"x" * 65_536

    answer = client.post("/v1/search", content=pieces(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["status"] == 413


@pytest.mark.parametrize("path", ["no-such", "no-such/similar", "..%2f..%2fetc"])
def test_an_unknown_practice_is_a_404_problem(client, path):
    answer = client.get(f"/v1/practices/{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_and_ambiguous_municipalities_are_told_apart(client):
    unknown = search(client, municipality="Barcelonna")
    assert unknown.status_code == 422
    assert any("Barcelona" in name for name in unknown.json()["suggestions"])
    ambiguous = search(client, municipality="Santa Coloma")
    assert ambiguous.status_code == 422
    assert len(ambiguous.json()["candidates"]) > 1


def test_an_unknown_id_to_steer_by_is_a_404(client):
    assert search(client, like=["no-such"]).status_code == 404


def test_health_tells_which_snapshot_serves(client):
    assert client.get("/health/live").json() == {"status": "live"}
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["practices"] >= 300
    assert ready.json()["snapshot"] == search(client).json()["snapshot"]


def test_measures_count_searches_and_never_name_the_text(client):
    search(client, text="paraula-secreta de prova")
    shown = client.get("/metrics").text
    assert 'empelt_searches_total{outcome="answered"}' in shown
    assert "paraula" not in shown


def test_every_answer_carries_the_guards(client):
    for path in ("/health/live", "/v1/themes", "/v1/practices/no-such"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "set-cookie" not in headers


def test_too_many_requests_are_told_when_to_come_back(shipped_snapshot, data_folder):
    with TestClient(create_app(Settings(data=data_folder, per_minute=5))) as client:
        statuses = [client.get("/v1/themes").status_code for _ in range(7)]
        assert statuses == [200] * 5 + [429] * 2
        refused = client.get("/v1/themes")
        assert refused.headers["retry-after"] == "60"
        assert client.get("/health/live").status_code == 200


def test_two_thousand_invented_requests_bring_no_server_error(tmp_path, monkeypatch):
    """Requests made up by schemathesis from the OpenAPI description, good and bad, over a small bank."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis.errors import Unsatisfiable

    make_snapshot(tmp_path / "index", [make_practice(id=f"practice-{number}") for number in range(20)])
    monkeypatch.setattr("service.resources.load_encoder", lambda _name: HashingEncoder())
    asked = 0
    with TestClient(
        create_app(Settings(data=tmp_path, per_minute=10**9)), raise_server_exceptions=False
    ) as client:
        schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
        operations = [operation.ok() for operation in schema.get_all_operations()]
        each = -(-1_200 // len(operations))  # of each mode, good and bad; some cannot be made for an operation
        for operation in operations:
            for mode in schemathesis.GenerationMode:

                @settings(
                    max_examples=each,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )
                @given(case=operation.as_strategy(generation_mode=mode))
                def ask(case):
                    nonlocal asked
                    asked += 1
                    request = case.as_transport_kwargs(base_url="http://testserver")
                    request.pop("cookies", None)  # nothing here reads any
                    if isinstance(request.get("data"), str | bytes):
                        request["content"] = request.pop("data")
                    try:
                        answer = client.request(**request)
                    except (httpx.InvalidURL, UnicodeEncodeError):
                        return  # no client can send this one
                    assert answer.status_code < 500, (request, answer.text)

                try:
                    ask()
                except Unsatisfiable:  # nothing about this operation can be wrong
                    continue
    assert asked >= 2_000


def test_a_fault_of_ours_is_a_problem_that_tells_nothing_of_the_inside(tmp_path, monkeypatch):
    make_snapshot(tmp_path / "index", [make_practice()])
    monkeypatch.setattr("service.resources.load_encoder", lambda _name: HashingEncoder())
    monkeypatch.setattr("service.answering.search_practices", lambda *_, **__: 1 / 0)
    with TestClient(create_app(Settings(data=tmp_path)), raise_server_exceptions=False) as client:
        answer = client.post("/v1/search", json={"text": "paraula secreta"})
    assert answer.status_code == 500
    assert answer.json()["title"] == "Something went wrong"
    assert "division" not in answer.text
    assert "secreta" not in answer.text
