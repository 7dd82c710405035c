"""Who is introduced to whom over HTTP and in a shell: values, order, sentences, and what nobody is told."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import structlog
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from corpus.municipality import Municipalities, Municipality
from corpus.network import Need, Offer, Profile, Role
from indexer.calibration import Calibration
from service import introductions, resources
from service.access import ADMINISTRATOR, ANONYMOUS, Caller, mint
from service.app import create_app
from service.cli import app as commands
from service.introductions import Network
from service.matchmaking import FLOOR
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice, make_snapshot

REUS, VIC, MESAGNE, LLEIDA = "43123", "08298", "074010", "25120"
PLACES = Municipalities(
    [
        Municipality(
            "Reus", code=REUS, population=106_000, region="Catalunya", country="ES", latitude=41.15, longitude=1.11
        ),
        Municipality(
            "Vic", code=VIC, population=47_000, region="Catalunya", country="ES", latitude=41.93, longitude=2.25
        ),
        Municipality("Lleida", code=LLEIDA, population=140_000, region="Catalunya", country="ES"),
        Municipality("Mesagne", code=MESAGNE, population=26_000, region="Puglia", country="IT"),
        *(
            Municipality(f"Vila {n}", code=f"170{n:02d}", population=3_000, region="Catalunya", country="ES")
            for n in range(6)
        ),
        Municipality("Mieres", code="33037", population=36_000, region="Asturias", country="ES"),
        Municipality("Mieres", code="17105", population=34_000, region="Catalunya", country="ES"),
    ]
)  # fmt: skip
ALONE = "gent gran que viu sola al poble"
SCHOOL = "joves que deixen els estudis"
TODAY = datetime.now(UTC).date()
ADMIN_KEY = "clau-de-la-configuracio"


def make_need(need_id, municipality, text=ALONE, visibility="public", **fields):
    told = {"language": "ca", "themes": ["loneliness"], "created_on": date(2026, 11, 1)} | fields
    return Need(id=need_id, municipality=municipality, text=text, visibility=visibility, **told)


def make_offer(offer_id, municipality, text=None, visibility="public", **fields):
    told = {"language": "ca", "themes": ["loneliness"], "created_on": date(2026, 11, 1)} | fields
    return Offer(id=offer_id, municipality=municipality, text=text, visibility=visibility, **told)


PRACTICES = [
    make_practice(
        id="vic-visites", title=ALONE, problem=ALONE, place="Vic", region="Catalunya", country="ES",
        contact={"body": "Ajuntament de Vic", "email": "social@vic.example"},
    ),
    make_practice(id="reus-visites", title=ALONE, problem=ALONE, place="Reus", region="Catalunya", country="ES"),
    make_practice(id="mercat", title="Mercat de pagès", problem="El mercat tancava a l’hivern.", place="Lleida"),
]  # fmt: skip
NEEDS = [
    make_need("reus-sola", REUS),
    make_need("vic-estudis", VIC, SCHOOL, themes=["school-success"]),
    make_need("lleida-sola", LLEIDA, "gent gran que viu sola a la ciutat", visibility="network"),
    make_need("vila-privada", "17000", visibility="private"),
    make_need("reus-tancada", REUS, open_until=date(2026, 11, 2)),
    make_need("mesagne-soli", MESAGNE, "gent gran que viu sola", language="it", visibility="network"),
]
OFFERS = [
    make_offer("vic-explica", VIC, practice_id="vic-visites"),
    make_offer("lleida-truca", LLEIDA, "trucades a gent gran que viu sola", visibility="network"),
    make_offer("vila-amaga", "17000", ALONE, visibility="private"),
    make_offer("vila-va-ser", "17001", ALONE, open_until=date(2026, 11, 2)),
    make_offer("mesagne-aiuta", MESAGNE, ALONE, language="it"),
    make_offer("vila-retirada", "17002", practice_id="ja-no-hi-es"),
    make_offer("reus-estudis", REUS, SCHOOL, themes=["school-success"]),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    encoder = HashingEncoder()
    calibration = Calibration(
        encoder_digest=encoder.digest, dense=12, lexical=2, intercept=-5, floor=0.3, strong=0.8
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "load_encoder", lambda _name=None: encoder)
        patch.setattr(resources, "load_calibration", lambda _encoder: calibration)
        patch.setattr(resources, "load_municipalities", lambda _folder: PLACES)
        settings = Settings(data=folder, per_minute=10**6, admin_key=ADMIN_KEY, refresh_seconds=60)
        make_snapshot(folder / "index", PRACTICES, encoder)
        with TestClient(create_app(settings)) as client:
            held = client.app.state.resources
            held.store.put(PRACTICES, by="test")
            for need in NEEDS:
                held.network.put_need(need, by="test")
            for offer in OFFERS:
                held.network.put_offer(offer, by="test")
            told = {"body": "Serveis socials de Lleida", "email": "social@lleida.example"}
            held.network.put_profile(Profile(municipality=LLEIDA, languages=["ca", "es"], contact=told), by="test")
            client.secrets = {None: "", "administrator": ADMIN_KEY}
            for name in ("Reus", "Vic", "Mesagne"):
                key, client.secrets[name] = mint(PLACES, role=Role.MUNICIPALITY, label=name, municipality=name)
                held.network.put_key(key, by="test")
            client.settings = settings
            yield client


def ask(world, address, who=None, **parameters):
    secret = world.secrets[who]
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return world.get(address, params={"reader_language": "ca"} | parameters, headers=headers)


def names(answer):
    return [each["meets"]["municipality"]["name"] for each in answer.json()["introductions"]]


# --- who can help ----------------------------------------------------------------------------------


def test_who_can_help_comes_best_first_with_reasons_contact_language_and_distance(world):
    answer = ask(world, "/v1/needs/reus-sola/helpers", "Reus")
    assert names(answer) == ["Lleida", "Vic"]  # of its size, while Vic is smaller and 128 km away
    lleida, vic = answer.json()["introductions"]
    assert 1 >= lleida["score"] > vic["score"] > 0.5
    assert min(lleida["similarity"], vic["similarity"]) >= FLOOR
    assert (vic["practice"]["id"], vic["offer"]["id"], vic["shares"]) == ("vic-visites", "vic-explica", None)
    assert vic["contact"]["email"] == "social@vic.example"
    assert lleida["contact"]["email"] == "social@lleida.example"
    assert (vic["languages"], vic["themes"]) == (["ca", "es"], ["loneliness"])
    assert 125 <= vic["distance_km"] <= 130
    assert lleida["distance_km"] is None
    assert [each["part"] for each in vic["reasons"]] == ["problem", "themes", "language", "distance", "size_band"]
    sentences = {each["part"]: each["sentence"] for each in vic["reasons"]}
    assert sentences["problem"] == "El que s’ofereix s’acosta molt al que es necessita."
    assert sentences["distance"] == f"A uns {vic['distance_km']} km l’un de l’altre, en línia recta."
    assert "català" in sentences["language"]
    unknown = next(each for each in lleida["reasons"] if each["part"] == "distance")
    assert (unknown["score"], unknown["sentence"]) == (None, "No se sap a quina distància són.")


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("ca", "Temes en comú: Soledat no desitjada."),
        ("es", "Temas en común: Soledad no deseada."),
        ("it", "Temi in comune: Solitudine e isolamento sociale."),
        ("en", "Themes in common: Loneliness."),
    ],
)
def test_reasons_are_said_in_the_readers_language(world, language, told):
    first = ask(world, "/v1/needs/reus-sola/helpers", reader_language=language).json()["introductions"][0]
    assert next(each["sentence"] for each in first["reasons"] if each["part"] == "themes") == told


def test_without_a_key_only_public_offers_help_and_no_profile_is_told(world):
    answer = ask(world, "/v1/needs/reus-sola/helpers")
    assert names(answer) == ["Vic"]
    assert "lleida.example" not in answer.text
    seen = Network.seen_by(ANONYMOUS, world.app.state.resources)
    assert all(member.contact is None for member in seen.members)


def test_interpreters_bring_in_those_who_read_no_common_language(world):
    assert "Mesagne" in names(ask(world, "/v1/needs/reus-sola/helpers", "Reus", languages="any"))
    assert "Mesagne" not in names(ask(world, "/v1/needs/reus-sola/helpers", "Reus"))


def test_private_and_closed_offers_and_those_whose_practice_is_gone_help_nobody(world):
    told = ask(world, "/v1/needs/reus-sola/helpers", "administrator", languages="any").text
    for offer in ("vila-amaga", "vila-va-ser", "vila-retirada"):
        assert offer not in told


def test_a_closed_need_leads_to_nobody_and_says_so(world):
    for way in ("helpers", "sharers"):
        answer = ask(world, f"/v1/needs/reus-tancada/{way}", "Reus").json()
        assert (answer["open"], answer["introductions"]) == (False, [])


def test_who_shares_a_problem_is_told_to_the_network_only(world):
    answer = ask(world, "/v1/needs/reus-sola/sharers", "Vic")
    assert names(answer) == ["Lleida"]
    [lleida] = answer.json()["introductions"]
    assert (lleida["offer"], lleida["shares"]["id"]) == (None, "lleida-sola")
    assert lleida["reasons"][0]["sentence"] == "Tots dos tenen un problema molt semblant."
    assert names(ask(world, "/v1/needs/reus-sola/sharers")) == []


@pytest.mark.parametrize("way", ["helpers", "sharers", "answers"])
@pytest.mark.parametrize("need_id", ["no-such", "lleida-sola", "vila-privada"])
def test_a_need_that_is_not_shown_to_the_caller_leads_nowhere(world, way, need_id):
    assert ask(world, f"/v1/needs/{need_id}/{way}").status_code == 404


def test_a_text_is_encoded_once(world):
    encoder = world.app.state.resources.encoder.encoder
    ask(world, "/v1/needs/reus-sola/helpers", "Reus")
    before = list(encoder.encoded)
    ask(world, "/v1/needs/reus-sola/helpers", "Reus")
    assert encoder.encoded == before


def test_vectors_that_nobody_asks_for_make_room_for_new_ones(world, monkeypatch):
    monkeypatch.setattr(introductions, "MOST_VECTORS", 2)
    kept = introductions._Kept(HashingEncoder(), PLACES)
    assert kept.needs(["a", "b", "c"]).shape == (3, 64)
    assert len(kept._vectors) == 2
    assert kept.needs([]).shape == (0, 64)


def test_a_municipality_that_no_list_has_any_more_is_named_by_its_key(world):
    held = world.app.state.resources
    held.network.put_need(make_need("perduda", "99999", ALONE), by="test")
    try:
        answer = ask(world, "/v1/needs/perduda/helpers", "administrator").json()
        assert answer["introductions"] == []  # nobody knows what it reads
        shown = ask(world, "/v1/needs/perduda/helpers", "administrator", languages="any").json()
        assert shown["introductions"][0]["asks"]["municipality"]["name"] == "99999"
    finally:
        held.network.remove_need("perduda", by="test")


# --- exchanges and meetings ------------------------------------------------------------------------


def test_a_municipality_sees_its_own_exchanges_with_its_own_side_first(world):
    for who, other in (("Reus", "Vic"), ("Vic", "Reus")):
        [exchange] = ask(world, "/v1/exchanges", who).json()
        asks = [exchange[way]["asks"]["municipality"]["name"] for way in ("there", "back")]
        assert asks == [who, other]
        assert exchange["score"] == min(exchange["there"]["score"], exchange["back"]["score"])
    assert ask(world, "/v1/exchanges", "Mesagne").json() == []


def test_the_administrator_sees_the_exchanges_of_the_network_or_of_one(world):
    assert len(ask(world, "/v1/exchanges", "administrator").json()) == 1
    assert ask(world, "/v1/exchanges", "administrator", municipality="Lleida").json() == []
    assert ask(world, "/v1/exchanges", "Reus", municipality="Vic").status_code == 403


@pytest.mark.parametrize("address", ["/v1/exchanges", "/v1/recommendations", "/v1/twins"])
def test_a_name_of_several_municipalities_or_of_none_is_told_so(world, address):
    several = ask(world, address, "administrator", municipality="Mieres")
    assert (several.status_code, len(several.json()["candidates"])) == (422, 2)
    assert ask(world, address, "administrator", municipality="Atlantis").json()["title"] == "No such municipality"


@pytest.mark.parametrize("address", ["/v1/recommendations", "/v1/twins"])
def test_the_administrator_says_for_which_municipality_it_asks(world, address):
    answer = ask(world, address, "administrator")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.municipality")


def test_the_plan_of_meetings_is_worth_no_less_than_the_greedy_one_and_keeps_every_limit(world):
    plan = ask(world, "/v1/meetings/plan", "administrator", each=1, rounds=1).json()
    assert plan["value"] >= plan["greedy_value"] > 0
    assert plan["violations"] == []
    pairs = {(each["one"]["key"], each["other"]["key"]) for each in plan["meetings"]}
    assert pairs <= {(VIC, REUS), (LLEIDA, REUS), (VIC, LLEIDA), (min(VIC, LLEIDA), max(VIC, LLEIDA))}
    assert {each["round"] for each in plan["meetings"]} == {1}
    unmatched = {each["member"]["municipality"]["name"]: each["reason"] for each in plan["unmatched"]}
    assert unmatched["Mesagne"] == "no-introduction"
    assert "Vila 0" not in json.dumps(plan)  # what it tells is private


def test_a_meeting_that_was_held_is_not_planned_again(world):
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}

    def planned():
        plan = ask(world, "/v1/meetings/plan", "administrator", each=3).json()
        return {frozenset((each["one"]["key"], each["other"]["key"])) for each in plan["meetings"]}

    assert frozenset((REUS, VIC)) in planned()
    told = {"round": 1, "held_on": "2026-11-20", "meetings": [{"one": "Vic", "other": "Reus"}]}
    noted = world.post("/v1/meetings", json=told, headers=headers)
    assert (noted.status_code, noted.json()) == (201, {"noted": 1})
    assert world.post("/v1/meetings", json=told, headers=headers).json() == {"noted": 0}
    [held] = ask(world, "/v1/meetings", "administrator").json()
    assert held == {"round": 1, "one": VIC, "other": REUS, "held_on": "2026-11-20"}
    assert frozenset((REUS, VIC)) not in planned()


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ({"one": "Reus", "other": REUS}, "body.meetings.0.other"),
        ({"one": "Reus", "other": "Mieres"}, "'Mieres' may be"),
        ({"one": "Reus", "other": "Atlantis"}, "No municipality is known as 'Atlantis'"),
    ],
)
def test_a_meeting_that_cannot_have_been_is_refused_whole(world, pair, told):
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    pairs = [pair, {"one": "Lleida", "other": "Mesagne"}]
    answer = world.post("/v1/meetings", json={"round": 9, "meetings": pairs}, headers=headers)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert all(each["round"] != 9 for each in ask(world, "/v1/meetings", "administrator").json())


# --- what answers a need ---------------------------------------------------------------------------


def test_practices_of_others_answer_a_need_and_its_own_do_not(world):
    answer = ask(world, "/v1/needs/reus-sola/answers").json()
    assert answer["calibrated"] is True
    assert [each["result"]["practice"]["id"] for each in answer["answers"]] == ["vic-visites"]
    [found] = answer["answers"]
    assert found["result"]["strength"] >= 0.3
    assert found["changed_at"].startswith(str(TODAY))


def test_the_answer_that_changed_last_comes_first(world):
    held = world.app.state.resources
    need = make_need("lleida-nova", LLEIDA)
    first = [each.result.practice.id for each in introductions.answers_to(held, need)]
    assert set(first) == {"vic-visites", "reus-visites"}
    held.store.put([held.store.practice(first[-1]).model_copy(update={"results": "Va anar bé."})], by="test")
    assert [each.result.practice.id for each in introductions.answers_to(held, need)] == first[::-1]
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert introductions.answers_to(held, need, since=tomorrow) == []


def test_since_leaves_out_what_changed_before(world):
    assert len(ask(world, "/v1/needs/reus-sola/answers", since=str(TODAY)).json()["answers"]) == 1
    later = str(TODAY + timedelta(days=1))
    assert ask(world, "/v1/needs/reus-sola/answers", since=later).json()["answers"] == []


def test_without_a_calibration_nothing_is_said_to_answer(world, monkeypatch):
    held = world.app.state.resources
    without = resources.Generation(held.generation.snapshot, None)
    monkeypatch.setattr(held, "generation", without)
    answer = ask(world, "/v1/needs/reus-sola/answers").json()
    assert (answer["calibrated"], answer["answers"]) == (False, [])


def test_the_answers_to_a_public_need_are_a_feed_in_both_forms(world):
    atom = world.get("/needs/reus-sola/feed.atom?lang=it")
    assert atom.headers["content-type"].startswith("application/atom+xml")
    assert "urn:empelt:need:reus-sola" in atom.text
    assert "/practices/vic-visites?lang=it" in atom.text
    assert "reus-visites" not in atom.text
    feed = world.get("/needs/reus-sola/feed.json?lang=ca").json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["home_page_url"].endswith("/network/needs/reus-sola?lang=ca")
    [item] = feed["items"]
    assert (item["title"], item["language"]) == (ALONE, "ca")
    assert item["date_modified"].startswith(str(TODAY))
    for form in ("atom", "json"):
        assert world.get(f"/needs/lleida-sola/feed.{form}").status_code == 404
        shown = ask(world, f"/needs/lleida-sola/feed.{form}", "Reus")
        assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")


# --- what nobody answers ---------------------------------------------------------------------------


def test_a_theme_is_told_as_unmet_from_five_municipalities_on_and_not_before(world):
    held = world.app.state.resources
    text = "manquen places d’aparcament per a bicicletes elèctriques"
    try:
        for number in range(4):
            need = make_need(f"bici-{number}", f"1700{number}", text, "network", themes=["mobility"])
            held.network.put_need(need, by="test")
        assert ask(world, "/v1/unmet", "Reus").json() == []
        held.network.put_need(make_need("bici-4", "17004", text, "network", themes=["mobility"]), by="test")
        [row] = ask(world, "/v1/unmet", "Reus").json()
        assert (row["theme"], row["municipalities"], row["needs"]) == ("mobility", 5, 5)
        assert [cell["value"] for cell in row["size_bands"]] == ["to-5000"]
        assert row["territories"][0]["municipalities"] == 5
    finally:
        for need in held.network.needs():
            if need.id.startswith("bici-"):
                held.network.remove_need(need.id, by="test")


def test_a_need_with_an_offer_or_a_practice_is_not_unmet(world):
    held = world.app.state.resources
    seen = Network.seen_by(ADMINISTRATOR, held)
    assert {each.pair.need.id for each in seen.help_in_sight()} >= {"reus-sola", "vic-estudis", "lleida-sola"}
    lonely = make_need("vila-sola", "17005")
    assert introductions._is_answered(held, held.generation, lonely)
    strange = make_need("vila-estranya", "17005", "bicicletes elèctriques aparcades")
    assert not introductions._is_answered(held, held.generation, strange)


# --- recommendations and twins ---------------------------------------------------------------------


def test_a_municipality_is_recommended_what_answers_its_needs_and_nobody_else_learns_it(world):
    found = ask(world, "/v1/recommendations", "Reus").json()
    assert found[0]["practice"]["id"] == "vic-visites"
    assert found[0]["needs"][0]["need"] == ALONE
    assert all(each["practice"]["id"] != "reus-visites" for each in found)
    assert ask(world, "/v1/recommendations", "Vic", municipality="Reus").status_code == 403


def test_twins_are_told_with_what_agrees(world):
    [answer] = ask(world, "/v1/twins", "Mesagne", municipality="Reus").json()
    assert answer["municipality"]["name"] == "Reus"
    assert "Vic" in [each["municipality"]["name"] for each in answer["twins"]]
    everywhere = ask(world, "/v1/twins", "Reus", everywhere=True, top_k=3).json()[0]["twins"]
    assert everywhere[0]["municipality"]["name"] == "Lleida"


# --- in a shell ------------------------------------------------------------------------------------


@pytest.fixture
def empelt(world, monkeypatch):
    for module in ("matching", "keeping", "shared"):
        monkeypatch.setattr(f"service.commands.{module}.settings", lambda: world.settings)
    monkeypatch.setattr("service.commands.matching.load_municipalities", lambda _folder: PLACES)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, status=0):
        result = CliRunner().invoke(commands, list(arguments))
        assert result.exit_code == status, result.output
        return result

    yield run
    structlog.reset_defaults()


def test_match_helpers_prints_who_why_and_whom_to_write_to(empelt):
    printed = empelt("match", "helpers", "reus-sola", "--reader-language", "ca").output
    assert printed.index("1. Lleida (Catalunya, ES)") < printed.index("2. Vic")
    assert "El que s’ofereix s’acosta molt al que es necessita." in printed
    assert "social@vic.example" in printed
    assert "Closed since 2026-11-02" in empelt("match", "helpers", "reus-tancada").output
    assert "No need has the id 'cap'" in empelt("match", "helpers", "cap", status=2).output


def test_match_as_json_is_what_the_api_sends(empelt, world):
    printed = json.loads(empelt("match", "sharers", "reus-sola", "--json", "--reader-language", "ca").stdout)
    assert printed == ask(world, "/v1/needs/reus-sola/sharers", "administrator").json()["introductions"]


def test_match_exchanges_and_meetings_are_readable(empelt):
    printed = empelt("match", "exchanges").output
    assert "Vic helps Reus:" in printed
    assert "Reus helps Vic:" in printed
    planned = empelt("match", "meetings", "--each", "2", "--rounds", "2", "--compare").output
    assert "Every limit is kept." in planned
    assert "The most valuable first would have come to" in planned
    assert "Mesagne: Nobody who takes part offers what it needs" in planned


def test_needs_and_offers_are_told_listed_and_refused_in_a_shell(empelt, world):
    network = world.app.state.resources.network
    text = "Les famílies del municipi no poden pagar la llum ni la calefacció de casa seva"
    told = empelt("needs", "add", text, "--municipality", "Vila 5", "--theme", "energy-poverty", "--by", "laia")
    need_id = told.output.split()[-1].rstrip(".")
    need = network.need(need_id)
    assert (need.municipality, need.language, need.themes) == ("17005", "ca", ("energy-poverty",))
    made = empelt("offers", "add", "--municipality", "Vic", "--practice", "vic-visites", "--by", "laia")
    offer = network.offer(made.output.split()[-1].rstrip("."))
    assert (offer.practice_id, offer.language, offer.text) == ("vic-visites", "ca", None)
    listed = empelt("needs", "list").output
    assert need_id in listed
    assert "closed since 2026-11-02" in listed
    assert [
        each["id"] for each in json.loads(empelt("needs", "list", "--municipality", "Vila 5", "--json").stdout)
    ] == [need_id]
    assert "vic-visites" in empelt("offers", "list", "--municipality", "Vic").output
    assert {entry.by for entry in network.audit(limit=10**6) if entry.subject in (need_id, offer.id)} == {"laia"}
    network.remove_need(need_id, by="test")
    network.remove_offer(offer.id, by="test")
    assert "'Mieres' may be" in empelt("needs", "add", text, "--municipality", "Mieres", status=2).output
    assert "says what is offered" in empelt("offers", "add", "--municipality", "Vic", status=2).output
    unknown = empelt("offers", "add", "--municipality", "Vic", "--practice", "cap", status=2).output
    assert "No practice has the id 'cap'" in unknown
    assert "--language" in empelt("needs", "add", "xyz", "--municipality", "Vic", status=2).output


def test_alerts_tell_each_open_need_what_answers_it(empelt):
    printed = empelt("needs", "alerts", "--municipality", "Reus").output
    assert "vic-visites" in printed
    assert "reus-tancada" not in printed
    later = str(TODAY + timedelta(days=1))
    assert "No practice answers an open need since then." in empelt("needs", "alerts", "--since", later).output
    [first] = json.loads(empelt("needs", "alerts", "--municipality", "Reus", "--json").stdout)
    assert first["answers"][0]["result"]["practice"]["id"] == "vic-visites"


def test_unmet_says_when_there_is_nothing_to_tell(empelt):
    assert "No theme is unmet in five municipalities or more." in empelt("unmet").output
    assert json.loads(empelt("unmet", "--json").stdout) == []


def test_a_partner_of_a_region_is_shown_what_is_public_there(world):
    held = world.app.state.resources
    partner = Network.seen_by(Caller(role=Role.PARTNER, regions=("Puglia",)), held)
    assert [offer.id for offer in partner.offers] == ["mesagne-aiuta"]
