"""Who may do what: every endpoint under /v1 with every role, keys that open nothing, and keys that nobody sees."""

import logging
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
import structlog
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from corpus.errors import InvalidKey, MissingKey, NotAllowed, UnknownKey
from corpus.municipality import Municipalities, Municipality
from corpus.network import Key, Need, Offer, Profile, Role, Visibility
from corpus.store import PracticeStore
from corpus.store_network import NetworkStore
from service.access import (
    ADMINISTRATOR,
    ANONYMOUS,
    MAY,
    Action,
    Caller,
    Reach,
    digest_of,
    may,
    mint,
    recognise,
    require,
    sees,
)
from service.app import create_app
from service.cli import app as commands
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice, make_snapshot

ADMIN_KEY = "clau-de-la-configuracio"
REUS, VIC, MESAGNE = "43123", "08298", "074010"
PLACES = Municipalities(
    [
        Municipality("Reus", code=REUS, population=106_000, region="Catalunya", country="ES"),
        Municipality("Vic", code=VIC, population=47_000, region="Catalunya", country="ES"),
        Municipality("Mesagne", code=MESAGNE, population=26_000, region="Puglia", country="IT"),
        Municipality("Mieres", code="33037", population=36_000, region="Asturias", country="ES"),
        Municipality("Mieres", code="17105", population=34_000, region="Catalunya", country="ES"),
    ]
)
REGION = {REUS: "Catalunya", VIC: "Catalunya", MESAGNE: "Puglia"}.get
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def make_need(need_id, municipality=VIC, visibility="public", **fields):
    told = {"text": "Gent gran que viu sola", "language": "ca", "created_on": date(2026, 11, 1)}
    return Need(id=need_id, municipality=municipality, visibility=visibility, **told | fields)


def make_offer(offer_id, municipality=VIC, visibility="public"):
    return Offer(
        id=offer_id, municipality=municipality, visibility=visibility, text="En parlem", language="ca",
        created_on=date(2026, 11, 1),
    )  # fmt: skip


# Keys


def test_a_key_is_256_random_bits_and_only_its_digest_is_kept():
    made = [mint(PLACES, role=Role.PARTNER, label="Portal social") for _ in range(20)]
    secrets = {secret for _, secret in made}
    assert len(secrets) == len({key.id for key, _ in made}) == 20
    for key, secret in made:
        assert secret.startswith("empelt_")
        assert len(secret) == len("empelt_") + 43
        assert key.digest == digest_of(secret)
        assert secret[len("empelt_") :] not in key.model_dump_json()
        assert key.id.startswith("portal-social-")


def test_a_municipalitys_key_is_of_the_municipality_named():
    key, _ = mint(PLACES, role=Role.MUNICIPALITY, label="Serveis socials", municipality="Reus")
    assert (key.municipality, key.per_minute, key.expires_on) == (REUS, 240, None)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"role": Role.MUNICIPALITY}, "a municipality's key names its municipality"),
        ({"role": Role.PARTNER, "municipality": "Reus"}, "and no other key does"),
        ({"role": Role.MUNICIPALITY, "municipality": "Reus", "regions": ["Puglia"]}, "regions: only a partner's"),
        ({"role": Role.PARTNER, "regions": ["Cataluña", "Atlantis"]}, "no municipality lies in 'Atlantis'"),
        ({"role": Role.PARTNER, "per_minute": 0}, "per_minute: "),
        ({"role": Role.PARTNER, "label": " "}, "label: "),
        ({"role": Role.PARTNER, "expires_on": date(2020, 1, 1)}, "expires_on: 2020-01-01 is over"),
    ],
)
def test_a_key_that_cannot_be_is_not_made_and_the_reason_told(parts, told):
    with pytest.raises(InvalidKey, match=told):
        mint(PLACES, **{"label": "prova"} | parts)


def known_as(secret, now=NOW, **fields):
    """Whoever shows that secret, where the store knows one key with the secret "bona"."""
    key = Key(id="clau", role=Role.PARTNER, label="Portal", digest=digest_of("bona"), created_at=NOW, **fields)
    return recognise(secret, admin_key=ADMIN_KEY, key_by_digest={key.digest: key}.get, now=now)


def test_who_shows_a_good_key_is_recognised_with_its_limits():
    assert known_as("bona", regions=("Puglia",), per_minute=7) == Caller(
        role=Role.PARTNER, id="clau", label="Portal", regions=("Puglia",), per_minute=7
    )
    assert known_as(ADMIN_KEY) == ADMINISTRATOR


def test_a_key_is_good_on_its_last_day_and_not_on_the_next():
    assert known_as("bona", expires_on=NOW.date()).id == "clau"
    with pytest.raises(UnknownKey):
        known_as("bona", expires_on=NOW.date(), now=NOW + timedelta(days=1))


def test_wrong_expired_and_revoked_keys_are_answered_alike():
    answers = set()
    for secret, fields in (
        ("dolenta", {}),
        ("", {}),
        ("clau", {}),
        (digest_of("bona"), {}),
        ("bona", {"expires_on": date(2026, 11, 28)}),
        ("bona", {"revoked_at": NOW}),
    ):
        with pytest.raises(UnknownKey) as caught:
            known_as(secret, **fields)
        answers.add(str(caught.value))
    [answer] = answers
    assert "bona" not in answer


@pytest.mark.parametrize("unset", [None, ""])
def test_without_a_key_in_the_settings_no_text_is_the_administrators(unset):
    for secret in ("", "None", "empelt_"):
        with pytest.raises(UnknownKey):
            recognise(secret, admin_key=unset, key_by_digest={}.get, now=NOW)


# The table of rules

OF_REUS = Caller(role=Role.MUNICIPALITY, municipality=REUS, id="reus")
PARTNER = Caller(role=Role.PARTNER, id="portal")


def test_no_role_may_do_less_than_one_with_fewer_rights():
    order = [Reach.NONE, Reach.OWN, Reach.REGIONS, Reach.ALL]
    for action, (nobody, partner, municipality, administrator) in MAY.items():
        assert order.index(nobody) <= order.index(municipality) <= order.index(administrator), action
        assert administrator is Reach.ALL
        assert partner in (Reach.NONE, Reach.REGIONS)
    assert set(MAY) == set(Action)


def test_a_municipality_writes_only_what_is_its_own():
    assert may(OF_REUS, Action.WRITE, REUS)
    assert not may(OF_REUS, Action.WRITE, VIC)
    assert not may(OF_REUS, Action.WRITE)
    with pytest.raises(NotAllowed, match="of its own only"):
        require(OF_REUS, Action.WRITE, VIC)


def test_who_shows_no_key_is_asked_for_one_and_who_shows_another_told_which():
    with pytest.raises(MissingKey, match="the key of a municipality or an administrator, in the header"):
        require(ANONYMOUS, Action.WRITE, REUS)
    with pytest.raises(NotAllowed, match=r"of a partner may not read the audit log: .* of an administrator"):
        require(PARTNER, Action.READ_AUDIT)


@pytest.mark.parametrize(
    ("caller", "seen"),
    [
        (ANONYMOUS, {"reus public", "vic public", "mesagne public"}),
        (PARTNER, {"reus public", "vic public", "mesagne public"}),
        (replace(PARTNER, regions=("Pulla", "Asturias")), {"mesagne public"}),
        (replace(PARTNER, regions=("Toscana",)), set()),
        (
            OF_REUS,
            {"reus public", "vic public", "mesagne public", "reus network", "vic network", "mesagne network",
             "reus private"},
        ),
    ],
    ids=["anonymous", "partner", "partner of regions", "partner of another region", "municipality"],
)  # fmt: skip
def test_who_sees_what(caller, seen):
    codes = {"reus": REUS, "vic": VIC, "mesagne": MESAGNE}
    shown = {
        f"{name} {visibility}"
        for name, code in codes.items()
        for visibility in Visibility
        if sees(caller, make_need("una", code, visibility), REGION)
    }
    assert shown == seen


def test_the_administrator_sees_everything():
    assert all(sees(ADMINISTRATOR, make_offer("una", VIC, visibility), REGION) for visibility in Visibility)


# Over HTTP


@dataclass(frozen=True)
class World:
    """An application with a key for each role, and things of Vic that others ask for."""

    client: TestClient
    network: NetworkStore
    practices: PracticeStore
    secrets: dict[str, str]

    def ask(self, who, method, address, **sent):
        headers = {"Authorization": f"Bearer {self.secrets[who]}"} if self.secrets[who] else {}
        return self.client.request(method, address, headers=headers, **sent)

    def set_up(self):
        """The same things, whatever was asked before."""
        for visibility in Visibility:
            self.network.put_need(make_need(f"need-{visibility}", visibility=visibility), by="test")
            self.network.put_offer(make_offer(f"offer-{visibility}", visibility=visibility), by="test")
        self.network.put_draft(VIC, make_practice(id="esborrany"), by="test")
        self.network.put_profile(Profile(municipality=VIC, population=47_000), by="test")
        self.practices.put([make_practice(id="primera")], by="test")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.resources.load_encoder", lambda _name=None: HashingEncoder())
        patch.setattr("service.resources.load_municipalities", lambda _folder: PLACES)
        settings = Settings(data=folder, per_minute=10**6, admin_key=ADMIN_KEY, refresh_seconds=60)
        network, practices = NetworkStore(settings.store_url), PracticeStore(settings.store_url)
        make_snapshot(folder / "index", [make_practice(id="primera"), make_practice(id="segona")])
        secrets = {"anonymous": "", "configured": ADMIN_KEY}
        for who, fields in {
            "partner": {"role": Role.PARTNER},
            "partner of Puglia": {"role": Role.PARTNER, "regions": ["Puglia"]},
            "Reus": {"role": Role.MUNICIPALITY, "municipality": "Reus"},
            "Vic": {"role": Role.MUNICIPALITY, "municipality": "Vic"},
            "administrator": {"role": Role.ADMINISTRATOR},
        }.items():
            key, secrets[who] = mint(PLACES, label=who, per_minute=100_000, **fields)
            network.put_key(key, by="test")
        with TestClient(create_app(settings), raise_server_exceptions=False) as client:
            yield World(client, network, practices, secrets)
        network.close()
        practices.close()


@pytest.fixture
def asked(world):
    world.set_up()
    return world.ask


NEED = {"text": "Joves sense feina", "language": "ca"}
OFFER = {"text": "Us expliquem com ho fem", "language": "ca"}
MEETINGS = {"round": 1, "meetings": [{"one": "Reus", "other": "Vic"}]}
PRACTICE = make_practice(id="proposada").model_dump(mode="json", exclude_defaults=True)
FILE = {"file": ("dades.csv", "Municipi;Títol;Problema;Accions\nReus;Una;Un problema;Una acció\n".encode())}

# Method and route, an address of it, what is sent, and the answer to each role. The things asked for are Vic's.
#                                                    no key  partner  Reus  Vic  administrator
ROWS = [
    ("POST /v1/search", "/v1/search", {"json": {"text": "gent gran"}}, 200, 200, 200, 200, 200),
    ("GET /v1/practices/{practice_id}", "/v1/practices/primera", {}, 200, 200, 200, 200, 200),
    ("GET /v1/practices/{practice_id}/similar", "/v1/practices/primera/similar", {}, 200, 200, 200, 200, 200),
    ("GET /v1/practices/{practice_id}/history", "/v1/practices/primera/history", {}, 200, 200, 200, 200, 200),
    ("DELETE /v1/practices/{practice_id}", "/v1/practices/primera", {}, 401, 403, 403, 403, 204),
    ("GET /v1/themes", "/v1/themes", {}, 200, 200, 200, 200, 200),
    ("GET /v1/export", "/v1/export", {}, 200, 200, 200, 200, 200),
    ("POST /v1/imports", "/v1/imports?dry_run=true", {"files": FILE}, 401, 403, 403, 403, 200),
    ("POST /v1/keys", "/v1/keys", {"json": {"role": "partner", "label": "nova"}}, 401, 403, 403, 403, 201),
    ("GET /v1/keys", "/v1/keys", {}, 401, 403, 403, 403, 200),
    ("DELETE /v1/keys/{key_id}", "/v1/keys/no-such", {}, 401, 403, 403, 403, 404),
    ("GET /v1/audit", "/v1/audit", {}, 401, 403, 403, 403, 200),
    ("GET /v1/profiles/{municipality}", "/v1/profiles/Vic", {}, 404, 404, 200, 200, 200),
    ("PUT /v1/profiles/{municipality}", "/v1/profiles/Vic", {"json": {}}, 401, 403, 403, 200, 200),
    ("GET /v1/needs", "/v1/needs", {}, 200, 200, 200, 200, 200),
    ("POST /v1/needs", "/v1/needs", {"json": NEED | {"municipality": "Vic"}}, 401, 403, 403, 201, 201),
    ("GET /v1/needs/{need_id}", "/v1/needs/need-public", {}, 200, 200, 200, 200, 200),
    ("GET /v1/needs/{need_id}", "/v1/needs/need-network", {}, 404, 404, 200, 200, 200),
    ("GET /v1/needs/{need_id}", "/v1/needs/need-private", {}, 404, 404, 404, 200, 200),
    ("PUT /v1/needs/{need_id}", "/v1/needs/need-public", {"json": NEED}, 401, 403, 403, 200, 200),
    ("PUT /v1/needs/{need_id}", "/v1/needs/need-network", {"json": NEED}, 404, 404, 403, 200, 200),
    ("PUT /v1/needs/{need_id}", "/v1/needs/need-private", {"json": NEED}, 404, 404, 404, 200, 200),
    ("DELETE /v1/needs/{need_id}", "/v1/needs/need-public", {}, 401, 403, 403, 204, 204),
    ("DELETE /v1/needs/{need_id}", "/v1/needs/need-network", {}, 404, 404, 403, 204, 204),
    ("DELETE /v1/needs/{need_id}", "/v1/needs/need-private", {}, 404, 404, 404, 204, 204),
    ("GET /v1/needs/{need_id}/helpers", "/v1/needs/need-public/helpers", {}, 200, 200, 200, 200, 200),
    ("GET /v1/needs/{need_id}/helpers", "/v1/needs/need-private/helpers", {}, 404, 404, 404, 200, 200),
    ("GET /v1/needs/{need_id}/sharers", "/v1/needs/need-public/sharers", {}, 200, 200, 200, 200, 200),
    ("GET /v1/needs/{need_id}/sharers", "/v1/needs/need-network/sharers", {}, 404, 404, 200, 200, 200),
    ("GET /v1/needs/{need_id}/answers", "/v1/needs/need-public/answers", {}, 200, 200, 200, 200, 200),
    ("GET /v1/needs/{need_id}/answers", "/v1/needs/need-network/answers", {}, 404, 404, 200, 200, 200),
    ("GET /v1/exchanges", "/v1/exchanges?municipality=Vic", {}, 401, 403, 403, 200, 200),
    ("GET /v1/meetings/plan", "/v1/meetings/plan", {}, 401, 403, 403, 403, 200),
    ("GET /v1/meetings", "/v1/meetings", {}, 401, 403, 403, 403, 200),
    ("POST /v1/meetings", "/v1/meetings", {"json": MEETINGS}, 401, 403, 403, 403, 201),
    ("GET /v1/recommendations", "/v1/recommendations?municipality=Vic", {}, 401, 403, 403, 200, 200),
    ("GET /v1/twins", "/v1/twins?municipality=Vic", {}, 401, 403, 200, 200, 200),
    ("GET /v1/unmet", "/v1/unmet", {}, 401, 403, 200, 200, 200),
    ("GET /v1/offers", "/v1/offers", {}, 200, 200, 200, 200, 200),
    ("POST /v1/offers", "/v1/offers", {"json": OFFER | {"municipality": VIC}}, 401, 403, 403, 201, 201),
    ("GET /v1/offers/{offer_id}", "/v1/offers/offer-public", {}, 200, 200, 200, 200, 200),
    ("GET /v1/offers/{offer_id}", "/v1/offers/offer-network", {}, 404, 404, 200, 200, 200),
    ("GET /v1/offers/{offer_id}", "/v1/offers/offer-private", {}, 404, 404, 404, 200, 200),
    ("PUT /v1/offers/{offer_id}", "/v1/offers/offer-public", {"json": OFFER}, 401, 403, 403, 200, 200),
    ("PUT /v1/offers/{offer_id}", "/v1/offers/offer-private", {"json": OFFER}, 404, 404, 404, 200, 200),
    ("DELETE /v1/offers/{offer_id}", "/v1/offers/offer-public", {}, 401, 403, 403, 204, 204),
    ("DELETE /v1/offers/{offer_id}", "/v1/offers/offer-private", {}, 404, 404, 404, 204, 204),
    ("GET /v1/drafts", "/v1/drafts", {}, 401, 403, 200, 200, 200),
    ("POST /v1/drafts", "/v1/drafts?municipality=Vic", {"json": PRACTICE}, 401, 403, 403, 201, 201),
    ("POST /v1/drafts/{draft_id}/publication", "/v1/drafts/esborrany/publication", {}, 404, 404, 404, 403, 201),
    ("DELETE /v1/drafts/{draft_id}", "/v1/drafts/esborrany", {}, 404, 404, 404, 204, 204),
]  # fmt: skip
ROLES = ("anonymous", "partner", "Reus", "Vic", "administrator")


def test_every_route_of_the_api_has_its_rules(world):
    paths = world.client.get("/openapi.json").json()["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert {row[0] for row in ROWS} == {route for route in routes if " /v1/" in route}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0].split()[0]} {row[1]}")
def test_each_role_gets_the_answer_of_the_table(world, row):
    _, address, sent, *statuses = row
    method = row[0].split()[0]
    for who, status in zip((*ROLES, "configured"), (*statuses, statuses[-1]), strict=True):
        world.set_up()
        answer = world.ask(who, method, address, **sent)
        assert answer.status_code == status, (who, answer.text)
        if status >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert ("www-authenticate" in answer.headers) == (status == 401)


def test_what_may_not_be_seen_is_answered_as_what_is_not_there(asked):
    hidden, absent = asked("Reus", "GET", "/v1/needs/need-private"), asked("Reus", "GET", "/v1/needs/no-such")
    assert hidden.json() == absent.json() | {"detail": "No need has the id 'need-private'."}


@pytest.mark.parametrize(
    ("who", "of_vic"),
    [
        ("anonymous", ["public"]),
        ("partner", ["public"]),
        ("partner of Puglia", []),
        ("Reus", ["network", "public"]),
        ("Vic", ["network", "private", "public"]),
        ("administrator", ["network", "private", "public"]),
    ],
)
@pytest.mark.parametrize("things", ["needs", "offers"])
def test_lists_hold_what_the_caller_may_see(asked, who, of_vic, things):
    listed = asked(who, "GET", f"/v1/{things}", params={"municipality": "Vic"}).json()
    own = [each["visibility"] for each in listed if each["id"].startswith(things[:-1])]
    assert own == of_vic


def test_a_need_goes_from_first_telling_to_withdrawal(asked, world):
    told = NEED | {"themes": ["loneliness"], "visibility": "private", "open_until": "2027-03-31"}
    made = asked("Reus", "POST", "/v1/needs", json=told)
    need = made.json()
    assert need["id"].startswith("reus-joves-sense-feina-")
    assert made.headers["location"] == f"/v1/needs/{need['id']}"
    assert need | told == need
    assert (need["municipality"], need["created_on"]) == (REUS, str(datetime.now(UTC).date()))
    address = made.headers["location"]
    changed = asked("Reus", "PUT", address, json=NEED | {"text": "Joves sense casa"}).json()
    assert changed == need | {
        "text": "Joves sense casa",
        "themes": [],
        "visibility": "network",
        "open_until": None,
    }
    assert asked("Vic", "GET", address).json() == changed
    assert asked("Reus", "DELETE", address).status_code == 204
    assert asked("Reus", "GET", address).status_code == 404
    key = world.network.key_by_digest(digest_of(world.secrets["Reus"]))
    done = [(entry.by, entry.action) for entry in world.network.audit(limit=10**6) if entry.subject == need["id"]]
    assert done == [(key.id, f"need {what}") for what in ("added", "changed", "removed")]


def test_an_id_may_be_chosen_once(asked):
    assert asked("Reus", "POST", "/v1/needs", json=NEED | {"id": "la-nostra"}).json()["id"] == "la-nostra"
    for who in ("Reus", "Vic"):
        answer = asked(who, "POST", "/v1/needs", json=NEED | {"id": "la-nostra"})
        assert (answer.status_code, answer.json()["title"]) == (409, "The id is taken")
    assert asked("Reus", "POST", "/v1/needs", json=NEED | {"id": "La Nostra"}).status_code == 422


def test_an_offer_names_a_practice_that_there_is_or_says_something(asked):
    by_practice = asked("Reus", "POST", "/v1/offers", json={"practice_id": "primera", "language": "ca"})
    assert by_practice.status_code == 201
    assert by_practice.json()["id"].startswith("primera-")
    assert asked("Reus", "POST", "/v1/offers", json={"practice_id": "cap", "language": "ca"}).status_code == 404
    empty = asked("Reus", "POST", "/v1/offers", json={"language": "ca"})
    assert empty.status_code == 422
    assert "names a practice or says in words" in empty.json()["detail"]
    address = by_practice.headers["location"]
    assert asked("Reus", "PUT", address, json={"language": "it"}).status_code == 422
    assert asked("Reus", "PUT", address, json=OFFER).json()["practice_id"] is None


def test_a_profile_is_told_by_name_and_read_by_code(asked):
    told = {"languages": ["ca", "es"], "budget_eur": 1_500_000.5, "services": ["casal"]}
    kept = asked("Reus", "PUT", "/v1/profiles/Reus", json=told).json()
    assert kept["municipality"] == REUS
    assert asked("Vic", "GET", f"/v1/profiles/{REUS}").json() == kept == kept | told
    assert asked("Reus", "PUT", f"/v1/profiles/{REUS}", json=kept).json() == kept
    other = asked("Reus", "PUT", f"/v1/profiles/{REUS}", json=kept | {"municipality": "Vic"})
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "body.municipality")
    assert asked("Reus", "GET", "/v1/profiles/Mesagne").json()["languages"] == []


@pytest.mark.parametrize(
    ("method", "address", "sent"),
    [
        ("GET", "/v1/profiles/{name}", {}),
        ("PUT", "/v1/profiles/{name}", {"json": {}}),
        ("GET", "/v1/needs?municipality={name}", {}),
        ("POST", "/v1/drafts?municipality={name}", {"json": PRACTICE}),
    ],
)
def test_a_name_that_several_municipalities_have_or_none_is_told_so(asked, method, address, sent):
    several = asked("administrator", method, address.format(name="Mieres"), **sent)
    assert several.status_code == 422
    assert len(several.json()["candidates"]) == 2
    none = asked("administrator", method, address.format(name="Atlantis"), **sent)
    assert (none.status_code, none.json()["title"]) == (422, "No such municipality")


def test_the_administrator_says_for_which_municipality_it_writes(asked):
    unnamed = asked("administrator", "POST", "/v1/needs", json=NEED)
    assert (unnamed.status_code, unnamed.json()["errors"][0]["field"]) == (422, "body.municipality")
    named = asked("administrator", "POST", "/v1/needs", json=NEED | {"municipality": "Mieres (Asturias)"})
    assert named.json()["municipality"] == "33037"


def test_a_proposed_practice_is_published_by_the_administrator(asked, world):
    practice = PRACTICE | {"id": "de-reus"}
    assert asked("Reus", "POST", "/v1/drafts", json=practice).status_code == 201
    [own] = asked("Reus", "GET", "/v1/drafts").json()
    assert (own["municipality"], own["practice"]["id"], own["replaces"]) == (REUS, "de-reus", False)
    assert asked("Reus", "POST", "/v1/drafts", json=practice | {"title": "Més ben dit"}).status_code == 201
    assert asked("Vic", "POST", "/v1/drafts", json=practice).status_code == 409
    waiting = {draft["practice"]["id"]: draft for draft in asked("administrator", "GET", "/v1/drafts").json()}
    assert {"de-reus", "esborrany"} <= waiting.keys()
    publication = "/v1/drafts/de-reus/publication"
    late = asked("administrator", "POST", publication, params={"proposed_at": own["proposed_at"]})
    assert (late.status_code, late.json()["title"]) == (409, "The draft has changed")
    read = waiting["de-reus"]["proposed_at"]
    published = asked("administrator", "POST", publication, params={"proposed_at": read})
    assert published.headers["location"] == "/v1/practices/de-reus"
    assert world.practices.practice("de-reus").title == "Més ben dit"
    [change] = world.practices.history("de-reus")
    entries = [entry for entry in world.network.audit(limit=10**6) if entry.subject == "de-reus"]
    assert [entry.action for entry in entries] == ["draft added", "draft changed", "draft published"]
    key = world.network.key_by_digest(digest_of(world.secrets["administrator"]))
    assert entries[-1].by == change.by == key.id
    assert asked("Reus", "GET", "/v1/drafts").json() == []
    assert asked("administrator", "POST", publication).status_code == 404


def test_a_draft_tells_whether_it_replaces_a_practice(asked):
    draft = asked("Reus", "POST", "/v1/drafts", json=PRACTICE | {"id": "segona"}).json()
    assert draft["replaces"] is True
    assert asked("Reus", "DELETE", "/v1/drafts/segona").status_code == 204


# Keys over HTTP


def test_a_key_made_over_http_opens_what_it_says_until_it_is_revoked(asked, world):
    wanted = {"role": "municipality", "label": "Benestar de Mesagne", "municipality": "Mesagne", "per_minute": 99}
    made = asked("administrator", "POST", "/v1/keys", json=wanted)
    assert made.headers["cache-control"] == "no-store"
    key, secret = made.json()["key"], made.json()["secret"]
    assert (key["municipality"], key["per_minute"], key["revoked_at"]) == (MESAGNE, 99, None)
    headers = {"Authorization": f"Bearer {secret}"}
    assert world.client.get("/v1/drafts", headers=headers).status_code == 200
    listed = asked("administrator", "GET", "/v1/keys")
    assert key in listed.json()
    assert secret not in listed.text
    assert digest_of(secret) not in made.text + listed.text
    assert "digest" not in listed.text
    assert asked("administrator", "DELETE", f"/v1/keys/{key['id']}").status_code == 204
    for address in ("/v1/drafts", "/v1/needs", "/v1/themes", "/v1/export", "/v1/practices/primera/history"):
        answer = world.client.get(address, headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (401, "The key is wrong")
        assert answer.headers["www-authenticate"] == 'Bearer realm="Empelt", error="invalid_token"'
    entries = asked("administrator", "GET", "/v1/audit", params={"limit": 1_000}).json()
    assert [each["action"] for each in entries if each["subject"] == key["id"]] == ["key added", "key revoked"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"municipality": None}, "names its municipality"),
        ({"role": "partner"}, "no other key does"),
        ({"municipality": "Mieres"}, "'Mieres' may be"),
        ({"expires_on": "2020-01-01"}, "is over"),
        ({"per_minute": 0}, "body.per_minute"),
        ({"role": "king"}, "body.role"),
        ({"label": "a\x00b"}, "body.label"),
    ],
)
def test_a_key_that_cannot_be_made_is_a_422(asked, change, told):
    wanted = {"role": "municipality", "label": "Reus", "municipality": "Reus"} | change
    answer = asked("administrator", "POST", "/v1/keys", json=wanted)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


def test_each_key_has_its_own_limit_of_requests(world):
    headers = {}
    for label in ("lenta", "altra"):
        key, secret = mint(PLACES, role=Role.PARTNER, label=label, per_minute=3)
        world.network.put_key(key, by="test")
        headers[label] = {"Authorization": f"Bearer {secret}"}
    answers = [world.client.get("/v1/themes", headers=headers["lenta"]) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
    assert answers[-1].headers["retry-after"] == "60"
    assert answers[-1].json()["detail"] == "At most 3 requests a minute with this key."
    assert world.client.get("/v1/needs", headers=headers["lenta"]).status_code == 429
    assert world.client.get("/v1/themes", headers=headers["altra"]).status_code == 200
    assert world.client.get("/v1/themes").status_code == 200


def test_an_administrators_key_of_the_store_opens_writing_where_the_settings_have_none(tmp_path, monkeypatch):
    monkeypatch.setattr("service.resources.load_encoder", lambda _name=None: HashingEncoder())
    monkeypatch.setattr("service.resources.load_municipalities", lambda _folder: PLACES)
    make_snapshot(tmp_path / "index", [make_practice(id="primera")])
    settings = Settings(data=tmp_path)
    practices, network = PracticeStore(settings.store_url), NetworkStore(settings.store_url)
    practices.put([make_practice(id="primera")], by="test")
    key, secret = mint(PLACES, role=Role.ADMINISTRATOR, label="Oficina")
    headers = {"Authorization": f"Bearer {secret}"}
    with TestClient(create_app(settings)) as client:
        closed = client.delete("/v1/practices/primera", headers=headers)
        assert (closed.status_code, closed.json()["title"]) == (403, "Writing is closed")
        network.put_key(key, by="test")
        assert client.delete("/v1/practices/primera").status_code == 401
        assert client.delete("/v1/practices/primera", headers=headers).status_code == 204
    assert practices.history("primera")[-1].by == key.id
    practices.close()
    network.close()


def test_no_key_stands_in_a_log_an_error_or_a_measure(world, monkeypatch, capfd, caplog):
    caplog.set_level(logging.DEBUG)
    world.set_up()
    wrong = "empelt_una-clau-que-no-obre-res"

    def fails(*_arguments, **_options):
        raise RuntimeError("not foreseen")

    told = [
        world.ask(who, row[0].split()[0], row[1], **row[2]).text
        for who in ("Reus", "configured", "administrator")
        for row in {row[0]: row for row in ROWS if row[0] != "POST /v1/keys"}.values()
    ]
    headers = {"Authorization": f"Bearer {wrong}"}
    told += [
        world.client.get(address, headers=headers).text for address in ("/v1/needs", "/v1/themes", "/nowhere")
    ]
    told += [world.client.get(address).text for address in ("/metrics", "/openapi.json")]
    monkeypatch.setattr(NetworkStore, "needs", fails)
    for who in world.secrets:
        broken = world.ask(who, "GET", "/v1/needs")
        assert broken.status_code == 500
        told.append(broken.text)
    captured = capfd.readouterr()
    assert "RuntimeError: not foreseen" in captured.err
    everything = "".join([*told, captured.out, captured.err, caplog.text, str(world.network.audit(limit=10**6))])
    for secret in filter(None, (*world.secrets.values(), wrong)):
        assert secret not in everything
        assert digest_of(secret) not in everything


# On the command line


@pytest.fixture
def empelt(tmp_path, monkeypatch):
    chosen = Settings(data=tmp_path)
    for module in ("keys", "keeping"):
        monkeypatch.setattr(f"service.commands.{module}.settings", lambda: chosen)
    monkeypatch.setattr("service.commands.keys.load_municipalities", lambda _folder: PLACES)

    def run(*arguments, status=0):
        result = CliRunner().invoke(commands, ["keys", *arguments])
        assert result.exit_code == status, result.output
        return result

    run.store = NetworkStore(chosen.store_url)
    yield run
    run.store.close()
    structlog.reset_defaults()


def test_a_key_made_in_a_shell_is_alone_on_standard_output_and_known_to_the_store(empelt):
    made = empelt(
        "create", "--role", "partner", "--label", "Portal [social]", "--region", "Cataluña", "--region", "Puglia",
        "--per-minute", "600", "--expires", "2099-12-31", "--by", "laia",
    )  # fmt: skip
    secret = made.stdout.strip()
    key = empelt.store.key_by_digest(digest_of(secret))
    assert (key.role, key.label, key.regions) == (Role.PARTNER, "Portal [social]", ("Cataluña", "Puglia"))
    assert (key.per_minute, key.expires_on) == (600, date(2099, 12, 31))
    assert key.id in made.stderr
    assert secret not in made.stderr
    assert [(entry.by, entry.subject) for entry in empelt.store.audit()] == [("laia", key.id)]
    listed = empelt("list").stdout
    assert "Portal" in listed
    assert secret not in listed


def test_a_revoked_key_is_listed_as_such(empelt):
    secret = empelt("create", "--role", "municipality", "--label", "Reus", "--municipality", "Reus").stdout.strip()
    key = empelt.store.key_by_digest(digest_of(secret))
    assert key.municipality == REUS
    empelt("revoke", key.id)
    assert empelt.store.key_by_digest(key.digest).revoked_at is not None
    assert "revoked" in empelt("list").stdout


def test_what_cannot_be_is_refused_in_words(empelt):
    assert "No key was made yet" in empelt("list").stdout
    assert "No key has the id 'cap'" in empelt("revoke", "cap", status=2).stderr
    ambiguous = ("create", "--role", "municipality", "--label", "x", "--municipality", "Mieres")
    assert "'Mieres' may be" in empelt(*ambiguous, status=2).stderr
    assert "names its municipality" in empelt("create", "--role", "municipality", "--label", "x", status=2).stderr
    assert empelt.store.audit() == []
