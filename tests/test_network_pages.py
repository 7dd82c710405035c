"""The pages of the network and of its administrator, as a reader without a script meets them."""

import logging
import re
from datetime import UTC, date, datetime
from io import BytesIO
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook

from corpus.municipality import Municipalities, Municipality
from corpus.network import Profile, Role
from indexer.calibration import Calibration
from service import resources
from service.access import digest_of, mint
from service.app import create_app
from service.routes import network_pages
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice, make_snapshot
from tests.test_matching import ALONE, LLEIDA, REUS, VIC, make_need, make_offer
from tests.test_pages import HOSTILE, Page

ADMIN_KEY = "clau-de-la-configuracio"
PLACES = Municipalities(
    [
        Municipality("Reus", code=REUS, population=106_000, region="Catalunya", country="ES"),
        Municipality("Vic", code=VIC, population=47_000, region="Catalunya", country="ES"),
        Municipality("Lleida", code=LLEIDA, population=140_000, region="Catalunya", country="ES"),
        Municipality("Mesagne", code="074010", population=26_000, region="Puglia", country="IT"),
        Municipality("Mieres", code="33037", population=36_000, region="Asturias", country="ES"),
        Municipality("Mieres", code="17105", population=34_000, region="Catalunya", country="ES"),
    ]
)
SAME = "Voluntaris visiten cada setmana la gent gran que viu sola i no surt de casa."
PRACTICES = [
    make_practice(
        id="vic-visites", title=ALONE, problem=ALONE, place="Vic", region="Catalunya", country="ES",
        contact={"body": "Ajuntament de Vic", "email": "social@vic.example"},
    ),
    make_practice(id="primera", title="Visites", problem=SAME, actions=SAME, place="Cardona"),
    make_practice(id="segona", title="Visites", problem=SAME, actions=SAME, place="Cardona"),
]  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    encoder = HashingEncoder()
    calibration = Calibration(
        encoder_digest=encoder.digest, dense=12, lexical=2, intercept=-5, floor=0.3, strong=0.8
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "load_encoder", lambda _name=None: encoder)
        patch.setattr(resources, "load_calibration", lambda _encoder: calibration)
        patch.setattr(resources, "load_municipalities", lambda _folder: PLACES)
        settings = Settings(
            data=folder, per_minute=10**6, admin_key=ADMIN_KEY, refresh_seconds=60,
            public_url="https://empelt.example",
        )  # fmt: skip
        make_snapshot(folder / "index", PRACTICES, encoder)
        with TestClient(create_app(settings), follow_redirects=False) as opened:
            opened.headers["Accept"] = "text/html,application/xhtml+xml"
            held = opened.app.state.resources
            held.store.put(PRACTICES, by="test")
            opened.network, opened.held, opened.secrets = held.network, held, {"administrator": ADMIN_KEY}
            for name in ("Reus", "Vic"):
                key, opened.secrets[name] = mint(PLACES, role=Role.MUNICIPALITY, label=name, municipality=name)
                held.network.put_key(key, by="test")
            yield opened


@pytest.fixture(autouse=True)
def stated_anew(client):
    """The same needs and offers before each test."""
    network = client.network
    for need in network.needs():
        network.remove_need(need.id, by="test")
    for offer in network.offers():
        network.remove_offer(offer.id, by="test")
    for need in (
        make_need("reus-sola", REUS),
        make_need("vic-xarxa", VIC, visibility="network"),
        make_need("lleida-tancada", LLEIDA, open_until=date(2026, 11, 2)),
        make_need("mesagne-soli", "074010", f"anziani soli {HOSTILE}", language="it", themes=["home-care"]),
    ):
        network.put_need(need, by="test")
    for offer in (
        make_offer("vic-explica", VIC, practice_id="vic-visites"),
        make_offer("lleida-truca", LLEIDA, "trucades a gent gran que viu sola", visibility="network"),
    ):
        network.put_offer(offer, by="test")
    contact = {"body": "Serveis socials de Lleida", "email": "social@lleida.example"}
    network.put_profile(Profile(municipality=LLEIDA, contact=contact), by="test")


def get(client, path, **parameters):
    return Page(client.get(path + (f"?{urlencode(parameters)}" if parameters else "")))


def post(client, path, data=None, files=None, lang="ca"):
    return Page(client.post(f"{path}?lang={lang}", data=data or {}, files=files))


# --- what is public --------------------------------------------------------------------------------


def test_the_network_page_shows_what_is_public_and_open_and_nothing_else(client):
    page = get(client, "/network", lang="ca")
    assert page.status == 200
    assert page.texts("section h2") == ["2 necessitats", "1 oferta d’ajuda"]
    shown = " ".join(page.texts("article"))
    assert ALONE in shown
    for hidden in ("vic-xarxa", "lleida-tancada", "lleida-truca", "lleida.example"):
        assert hidden not in page.response.text
    assert "/practices/vic-visites?lang=ca" in page.links("article a")


@pytest.mark.parametrize(
    ("language", "title"),
    [("ca", "La xarxa"), ("es", "La red"), ("it", "La rete"), ("en", "The network")],
)
def test_the_network_page_speaks_four_languages_and_stands_in_the_menu(client, language, title):
    page = get(client, "/network", lang=language)
    assert page.text("h1") == title
    [here] = page.all("nav.main a[aria-current]")
    assert here.attributes["href"] == f"/network?lang={language}"


def test_filters_are_links_that_leave_as_many_as_they_say(client):
    page = get(client, "/network", lang="ca")
    counts = dict(zip(page.links(".facets a"), page.texts(".facets .count"), strict=True))
    address = next(href for href in counts if "theme=home-care" in href)
    assert counts[address] == "1"
    narrowed = Page(client.get(address))
    assert narrowed.texts("section h2") == ["1 necessitat", "0 ofertes d’ajuda"]
    assert parse_qs(urlsplit(address).query) == {"theme": ["home-care"], "lang": ["ca"]}
    assert narrowed.all('meta[name="robots"]')


def test_what_a_municipality_writes_is_text(client):
    for path in ("/network", "/network/needs/mesagne-soli"):
        page = get(client, path, lang="it")
        assert HOSTILE not in page.response.text
        assert HOSTILE in " ".join(page.texts("blockquote"))


# --- one need --------------------------------------------------------------------------------------


def test_the_page_of_a_public_need_shows_who_can_help_what_answers_and_its_feeds(client):
    page = get(client, "/network/needs/reus-sola", lang="ca")
    assert page.text("h1") == "Una necessitat: Reus"
    assert page.texts("section h2")[:3] == [
        "Qui hi pot ajudar",
        "Qui té el mateix problema",
        "Què hi respon al banc",
    ]
    [helper] = page.texts("section[aria-labelledby=helpers] article")
    assert helper.startswith("Vic")
    assert "social@vic.example" in helper  # the practice says so, which is public
    assert "El que s’ofereix s’acosta molt al que es necessita." in helper
    assert "/practices/vic-visites?lang=ca" in page.links(".answers a")
    assert "/needs/reus-sola/feed.atom?lang=ca" in page.links("section .steer a")
    assert "lleida" not in page.response.text.lower()


def test_with_a_key_the_same_page_shows_what_the_network_shows(client):
    page = post(client, "/network/needs/reus-sola", {"key": client.secrets["Vic"]})
    shown = page.texts("section[aria-labelledby=helpers] article")
    assert any("social@lleida.example" in each for each in shown)
    assert any(each.startswith("Vic") for each in page.texts("section[aria-labelledby=sharers] article"))
    assert page.response.headers["cache-control"] == "no-store"


def test_a_need_of_the_network_is_not_found_without_a_key_and_found_with_one(client):
    hidden, absent = (
        get(client, "/network/needs/vic-xarxa", lang="ca"),
        get(client, "/network/needs/cap", lang="ca"),
    )
    assert hidden.status == absent.status == 404
    assert hidden.response.text.replace("vic-xarxa", "cap") == absent.response.text
    [form] = hidden.all("form.stacked")
    assert form.attributes["method"] == "post"
    found = post(client, "/network/needs/vic-xarxa", {"key": client.secrets["Reus"]})
    assert (found.status, found.text("h1")) == (200, "Una necessitat: Vic")
    assert not found.all('link[type="application/atom+xml"]')
    wrong = post(client, "/network/needs/vic-xarxa", {"key": "empelt_inventada"})
    assert wrong.status == 403
    assert "no obre res" in wrong.text(".trouble p")
    assert "empelt_inventada" not in wrong.response.text


def test_a_closed_need_says_so_and_looks_for_nobody(client):
    page = post(client, "/network/needs/lleida-tancada", {"key": client.secrets["Vic"]})
    assert page.text(".note") == "Aquesta necessitat és tancada: ja no es busca ningú."
    assert not page.all("#helpers")


# --- leaving a need --------------------------------------------------------------------------------


def test_a_search_that_finds_nothing_leads_to_the_form_with_its_text(client):
    nothing = get(client, "/", q="bicicletes elèctriques aparcades", lang="ca")
    address = next(href for href in nothing.links(".none a") if href.startswith("/network/needs/new"))
    assert parse_qs(urlsplit(address).query) == {"q": ["bicicletes elèctriques aparcades"], "lang": ["ca"]}
    form = Page(client.get(address))
    assert form.text("textarea").strip() == "bicicletes elèctriques aparcades"
    assert "si no en teniu, demaneu-la-hi" in " ".join(form.texts(".hint"))
    [key] = form.all("input[name=key]")
    assert (key.attributes["type"], key.attributes.get("value")) == ("password", None)
    assert form.all("form.stacked")[0].attributes["method"] == "post"


def test_a_need_left_with_a_key_is_kept_and_shows_at_once_who_can_help(client):
    told = {"text": "La gent gran que viu sola al poble no surt de casa", "language": "ca", "theme": "loneliness",
            "visibility": "network", "open_until": "2099-12-31"}  # fmt: skip
    page = post(client, "/network/needs/new", told | {"key": client.secrets["Reus"]})
    assert page.status == 201
    [need] = [each for each in client.network.needs(REUS) if each.id != "reus-sola"]
    assert (need.text, need.themes, need.visibility, need.open_until) == (
        told["text"], ("loneliness",), "network", date(2099, 12, 31),
    )  # fmt: skip
    assert need.created_on == datetime.now(UTC).date()
    assert f"https://empelt.example/network/needs/{need.id}" in page.text(".note")
    assert page.texts("section[aria-labelledby=helpers] article")
    key = client.network.key_by_digest(digest_of(client.secrets["Reus"]))
    assert [entry.by for entry in client.network.audit(limit=10**6) if entry.subject == need.id] == [key.id]


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({"key": ""}, 403, "Escriviu la clau"),
        ({"key": "empelt_inventada"}, 403, "Aquesta clau aquí no obre res"),
        ({"key": ADMIN_KEY}, 403, "no és de cap municipi"),
        ({"text": "  … "}, 422, "Escriviu el problema"),
        ({"text": "a" * 5_001}, 422, "com a màxim 5.000"),
        ({"language": "", "text": "xyz"}, 422, "No se sap la llengua"),
        ({"open_until": "ahir"}, 422, "L’últim dia"),
        ({"open_until": "2020-01-01"}, 422, "L’últim dia"),
    ],
)
def test_a_need_that_will_not_do_is_refused_with_what_was_typed_but_for_the_key(client, change, status, told):
    sent = {"text": "Joves sense feina", "language": "ca", "key": client.secrets["Reus"]} | change
    page = post(client, "/network/needs/new", sent)
    assert page.status == status
    assert told in page.text(".trouble p")
    assert page.text("textarea").strip() == sent["text"].strip()
    assert not sent["key"] or sent["key"] not in page.response.text
    assert [need.id for need in client.network.needs(REUS)] == ["reus-sola"]
    assert page.all("[aria-invalid=true]")


# --- an exchange day -------------------------------------------------------------------------------

COLUMNS = ("Municipi", "Departament", "Càrrec", "Llengües", "Necessitat", "Oferta")


def people(count):
    yield COLUMNS
    for number in range(count):
        topic = "gent gran que viu sola" if number % 2 else "joves que deixen els estudis"
        yield f"Vila {number}", "Serveis socials", "tècnica", "català", topic, f"parlem de {topic}"


def workbook(rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def test_a_list_becomes_a_plan_that_seats_everybody_in_every_round(client):
    files = {"file": ("llista.xlsx", workbook(people(12)))}
    page = post(client, "/network/exchange-day", {"seats": "4", "rounds": "2"}, files)
    assert page.status == 200
    assert page.response.headers["cache-control"] == "no-store"
    assert all(3 <= len(section.css("tbody tr")) <= 5 for section in page.all("section.table"))
    for number in (1, 2):
        seated = [
            " ".join(cell.text().split())
            for section in page.all(f"section.table[id^=r{number}t]")
            for cell in section.css("tbody td:nth-child(2)")
        ]
        assert sorted(seated) == sorted(f"Vila {each}" for each in range(12))
    assert "vic-visites" in page.response.text  # a practice to bring
    assert "style=" not in page.response.text


def test_nothing_of_the_list_is_kept(client):
    before = client.network.audit(limit=10**6)
    encoder = client.held.encoder.encoder
    text = "una necessitat que ningú més no té"
    row = ("Vila", "", "", "ca", text, "")
    post(client, "/network/exchange-day", {"seats": "2", "rounds": "1"}, {
        "file": ("llista.xlsx", workbook([COLUMNS, row, ("Poble", "", "", "ca", text, "")]))
    })  # fmt: skip
    assert client.network.audit(limit=10**6) == before
    assert text not in encoder.encoded


@pytest.mark.parametrize(
    ("fields", "files", "told"),
    [
        ({}, None, "Trieu el fitxer"),
        ({}, {"file": ("llista.csv", b"")}, "Trieu el fitxer"),
        ({"seats": "1"}, {"file": ("llista.csv", b"x")}, "de 2 a 100"),
        ({"rounds": "9"}, {"file": ("llista.csv", b"x")}, "de 2 a 100"),
        ({"reads": "marcià"}, {"file": ("llista.csv", b"x")}, "marcià"),
        ({}, {"file": ("llista.csv", b"Municipi;Necessitat\nReus;Una\n")}, "row 2: languages"),
        ({}, {"file": ("llista.csv", b"nothing of use")}, "has no header"),
    ],
)
def test_a_list_that_will_not_do_is_refused_with_the_reason(client, fields, files, told):
    page = post(client, "/network/exchange-day", fields, files or {"other": ("", b"")})
    assert page.status == 422
    assert told in page.text(".trouble")


def test_one_plan_is_made_at_a_time(client):
    assert network_pages._one_at_a_time.acquire(blocking=False)
    try:
        page = post(client, "/network/exchange-day", {}, {"file": ("llista.xlsx", workbook(people(10)))})
    finally:
        network_pages._one_at_a_time.release()
    assert page.status == 503
    assert page.response.headers["retry-after"]
    assert "un altre pla" in page.text(".trouble p")


def test_a_list_may_be_as_large_as_an_import_and_no_larger(client):
    for path, size, status in (("/network/exchange-day", 2 << 20, 422), ("/network/exchange-day", 21 << 20, 413),
                               ("/admin/imports", 2 << 20, 403), ("/admin/keys", 2 << 20, 413)):  # fmt: skip
        answer = client.post(path, files={"file": ("llista.csv", b"a" * size)})
        assert answer.status_code == status, (path, size)


# --- administration --------------------------------------------------------------------------------


def test_the_administrators_page_has_a_form_for_each_task_and_each_takes_the_key(client):
    page = get(client, "/admin", lang="ca")
    assert page.text("h1") == "Administració"
    forms = page.all("form.stacked")
    assert [form.attributes["method"] for form in forms] == ["post"] * 4
    assert all(len(form.css("input[name=key][type=password]")) == 1 for form in forms)
    assert len({node.attributes["id"] for node in page.all("[id]")}) == len(page.all("[id]"))
    assert page.all('meta[name="robots"][content="noindex"]')


@pytest.mark.parametrize("path", ["/admin/imports", "/admin/duplicates", "/admin/keys", "/admin/keys/new"])
@pytest.mark.parametrize("who", ["", "wrong", "Reus"])
def test_only_the_administrators_key_opens_a_task(client, path, who):
    key = {"": "", "wrong": "empelt_inventada"}.get(who) if who != "Reus" else client.secrets["Reus"]
    page = post(client, path, {"key": key, "label": "nova", "role": "administrator"})
    assert page.status == 403
    assert page.text(".trouble p").startswith("Aquesta clau")
    assert not key or key not in page.response.text
    assert client.get(path, params={"lang": "es"}).headers["location"] == "/admin?lang=es"


CSV = "Municipi;Títol;Problema;Accions\nReus;Una pràctica;Un problema;Una acció\n".encode()


def test_an_import_is_told_first_and_done_then(client):
    files = {"file": ("dades.csv", CSV)}
    dry = post(client, "/admin/imports", {"key": ADMIN_KEY, "dry_run": "yes"}, files)
    assert dry.text("#report") == "Què faria la importació"
    assert "Afegides: 1;" in dry.text("section.note > p")
    held = client.held.store
    before = held.count()
    done = post(client, "/admin/imports", {"key": ADMIN_KEY}, files)
    assert done.text("#report") == "Què ha fet la importació"
    assert held.count() == before + 1
    [found] = [each for each in held.practices() if each.title == "Una pràctica"]
    assert held.history(found.id)[-1].by == "administrator"
    held.remove(found.id, by="test")
    bad = post(client, "/admin/imports", {"key": ADMIN_KEY}, {"file": ("dades.csv", CSV + b"Vic;;;\n")})
    assert bad.text("#report") == "No s’ha desat res"
    assert held.count() == before
    empty = post(client, "/admin/imports", {"key": ADMIN_KEY}, {"file": ("dades.csv", b"")})
    assert empty.text(".trouble p") == "Trieu un fitxer per importar."


def test_duplicates_are_listed_and_those_that_are_chosen_are_linked(client):
    listed = post(client, "/admin/duplicates", {"key": ADMIN_KEY})
    [pair] = [node.attributes["value"] for node in listed.all("input[name=pair]")]
    assert set(pair.split()) == {"primera", "segona"}
    done = post(client, "/admin/duplicates", {"key": ADMIN_KEY, "pair": pair})
    assert done.text(".note") == "S’ha enllaçat 1 parella."
    assert not done.all("input[name=pair]")
    store = client.held.store
    assert store.practice("primera").translations == ("segona",)
    assert store.practice("segona").translations == ("primera",)
    assert store.history("primera")[-1].by == "administrator"
    assert "enllaçat" not in post(client, "/admin/duplicates", {"key": ADMIN_KEY, "pair": "no tal"}).text("main")


def test_a_key_is_made_shown_once_listed_and_revoked(client):
    wanted = {"key": ADMIN_KEY, "role": "municipality", "label": "Benestar", "municipality": "Mesagne"}
    made = post(client, "/admin/keys/new", wanted)
    assert made.status == 201
    secret = made.text(".secret")
    key = client.network.key_by_digest(digest_of(secret))
    assert (key.role, key.municipality, key.label) == (Role.MUNICIPALITY, "074010", "Benestar")
    assert client.get("/v1/drafts", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    listed = post(client, "/admin/keys", {"key": ADMIN_KEY})
    assert secret not in listed.response.text
    assert key.digest not in listed.response.text
    assert key.id in [node.attributes["value"] for node in listed.all("input[name=revoke]")]
    revoked = post(client, "/admin/keys", {"key": ADMIN_KEY, "revoke": key.id})
    assert revoked.text(".note") == f"La clau {key.id} ja no obre res."
    assert key.id not in [node.attributes["value"] for node in revoked.all("input[name=revoke]")]
    assert client.get("/v1/drafts", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"municipality": "Mieres"}, "'Mieres' may be"),
        ({"municipality": ""}, "names its municipality"),
        ({"label": ""}, "label"),
        ({"per_minute": "0"}, "per_minute"),
        ({"expires_on": "2020-01-01"}, "is over"),
        ({"role": "partner", "municipality": "", "regions": "Catalunya, Atlantis"}, "'Atlantis'"),
    ],
)
def test_a_key_that_cannot_be_made_is_refused_with_the_reason(client, change, told):
    wanted = {"key": ADMIN_KEY, "role": "municipality", "label": "Benestar", "municipality": "Mesagne"} | change
    before = len(client.network.keys())
    page = post(client, "/admin/keys/new", wanted)
    assert page.status == 422
    assert told in page.text(".trouble p")
    assert len(client.network.keys()) == before


# --- keys stay where they are typed ----------------------------------------------------------------


def test_no_key_stands_in_an_address_a_page_a_log_or_a_cookie(client, capfd, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = [*client.secrets.values(), "empelt_una-clau-que-no-obre-res"]
    answers = []
    for secret in secrets:
        for path, sent in (
            ("/network/needs/new", {"text": "Joves sense feina", "language": "ca"}),
            ("/network/needs/reus-sola", {}),
            ("/network/needs/vic-xarxa", {}),
            ("/admin/imports", {}),
            ("/admin/duplicates", {}),
            ("/admin/keys", {}),
            ("/admin/keys/new", {"role": "king"}),
        ):
            answers.append(client.post(path, data=sent | {"key": secret}))
    for answer in answers:
        assert answer.status_code in (200, 201, 403, 422)
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
    captured = capfd.readouterr()
    logged = "\n".join(line for line in caplog.text.splitlines() if "test_network_pages" not in line)
    everything = "".join(
        [*(each.text + str(each.headers) for each in answers), captured.out, captured.err, logged]
    )
    for secret in secrets:
        assert secret not in everything
        assert digest_of(secret) not in everything


def test_every_form_with_a_key_posts_and_no_address_of_the_site_has_one(client):
    for path in ("/network", "/network/needs/new", "/network/needs/reus-sola", "/network/needs/cap", "/admin"):
        page = get(client, path, lang="ca")
        for form in page.all("form"):
            if form.css("input[name=key]"):
                assert form.attributes["method"] == "post"
        assert not re.search(r"[?&]key=", page.response.text)
