"""What is recommended to a municipality, and why: for its needs, from its twins, never its own, no two alike."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from corpus.municipality import Municipalities, Municipality, TerritorialBody
from corpus.network import Need, Profile
from corpus.practice import Practice
from corpus.store_network import NetworkStore
from corpus.vocabulary import BodyType, Language
from indexer.calibration import Calibration
from indexer.snapshot import Snapshot
from service import profile_sentences
from service.cli import app
from service.i18n import LANGUAGES, translator
from service.profiles import KnownProfile
from service.recommendation import Finding, Recommendation, is_own, recommend_for, run_where
from service.search import PER_BODY_ON_FIRST_PAGE, StrengthWord
from service.settings import Settings
from service.transferability import Origin, locate
from service.twins import Towns, twins_of
from tests.factories import HashingEncoder, make_practice, make_snapshot

ENCODER = HashingEncoder()
CALIBRATION = Calibration(
    encoder_digest=ENCODER.digest, dense=10.0, lexical=2.0, intercept=-4.0, floor=0.5, strong=0.9
)
REFUSED = 2

ALONE = "gent gran que viu sola"
WORK = "joves sense feina"


def place(name: str, population: int | None, number: int, **fields: Any) -> Municipality:
    known: dict[str, Any] = {"region": "Catalunya", "country": "ES", "latitude": 41.6, "longitude": 1.1}
    return Municipality(name, population=population, geonames_id=number, **(known | fields))


TARREGA, BALAGUER, BERGA = place("Tàrrega", 17_600, 1), place("Balaguer", 17_400, 2), place("Berga", 16_600, 3)
CITY = place("Gran Ciutat", 900_000, 4)
SORT = place("Sort", 2_000, 5)
MIERES = [place("Mieres", 3_000, 6, region="Asturias"), place("Mieres", 3_100, 7)]
URGELL = TerritorialBody("Urgell", BodyType.COMARCA, (TARREGA, SORT), region="Catalunya", country="ES")
PLACES = Municipalities([TARREGA, BALAGUER, BERGA, CITY, SORT, *MIERES]).with_bodies([URGELL])


def done(practice_id: str, where: str, title: str, **fields: Any) -> Practice:
    body = {"name": where, "region": "Catalunya", "country": "ES"} | fields.pop("body", {})
    told = {"problem": "Ningú no ho sap abans que sigui tard.", "actions": "Una cosa concreta."}
    return make_practice(id=practice_id, title=title, body=body, **(told | fields))


PRACTICES = [
    done("own", "Tàrrega", "Gent gran que viu sola, a casa nostra", translations=["own-es"]),
    done("own-es", "Tàrrega", "Gent gran que viu sola, traduïda", language="es", translations=["own"]),
    done("comarca", "Urgell", "Gent gran que viu sola a la comarca", body={"type": "comarca"}),
    done("adopted", "Gran Ciutat", "Gent gran que viu sola, amb voluntaris", replications=[{"body": "Tàrrega"}]),
    done("alone-balaguer", "Balaguer", "Gent gran que viu sola", translations=["alone-balaguer-es"]),
    done("alone-balaguer-es", "Balaguer", "Personas mayores que viven solas", language="es",
         translations=["alone-balaguer"], problem=ALONE),
    *[done(f"alone-city-{n}", "Gran Ciutat", "Gent gran que viu sola") for n in range(4)],
    done("work-berga", "Berga", "Joves sense feina ni estudis"),
    done("work-city", "Gran Ciutat", "Joves sense feina"),
    done("gardens", "Balaguer", "Horts compartits al costat del riu", problem="El solar era buit.",
         actions="Parcel·les sortejades."),
    done("adopted-by-berga", "Sort", "Biblioteca oberta a la nit", problem="Tancava massa aviat.",
         actions="Torns de conserges.", replications=[{"body": "Berga"}]),
    done("boats", "Sort", "Reparació de barques", problem="El motor falla.", actions="Un taller."),
]  # fmt: skip


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make_snapshot(tmp_path_factory.mktemp("index"), PRACTICES, ENCODER)


def found_at(practice: Practice) -> Origin:
    return locate(practice, PLACES)


def encode(text: str) -> Any:
    return ENCODER.encode_queries([text])[0]


def recommend(snapshot: Snapshot, reader: Any = TARREGA, **options: Any) -> list[Recommendation]:
    known: dict[str, Any] = {
        "encode": encode,
        "calibration": CALIBRATION,
        "locate": found_at,
        "reader_language": Language.CATALAN,
        "top_k": 50,
    }
    return recommend_for(snapshot, reader, **(known | options))


def twins(reader: Municipality = TARREGA, top_k: int = 2) -> Any:
    return twins_of(KnownProfile(reader), Towns(map(KnownProfile, [BALAGUER, BERGA, CITY, SORT])), top_k=top_k)


def ids(found: list[Recommendation]) -> list[str]:
    return [each.practice.id for each in found]


# --- never its own ---------------------------------------------------------------------------------


def test_nothing_of_its_own_is_recommended_nor_a_translation_nor_what_it_took_over(snapshot: Snapshot) -> None:
    assert not {"own", "own-es", "comarca", "adopted"} & set(ids(recommend(snapshot, needs=[ALONE])))
    assert {"own", "comarca"} & set(ids(recommend(snapshot, BERGA, needs=[ALONE], top_k=50)))


def test_what_the_members_of_a_body_run_is_the_body_s_own(snapshot: Snapshot) -> None:
    found = ids(recommend(snapshot, URGELL, needs=[ALONE, "motor de barques"]))
    assert not {"own", "own-es", "comarca", "boats"} & set(found)
    assert found


@pytest.mark.parametrize(
    ("body", "reader", "own"),
    [
        ({"name": "Tàrrega"}, TARREGA, True),
        ({"name": "Balaguer"}, TARREGA, False),
        ({"name": "Urgell", "type": "comarca"}, TARREGA, True),
        ({"name": "Urgell", "type": "comarca"}, BALAGUER, False),
        ({"name": "Urgell", "type": "comarca"}, URGELL, True),
        ({"name": "Mieres", "region": None}, MIERES[1], True),  # two of that name, and the record says no region
        ({"name": "Mieres", "region": "Galicia"}, MIERES[1], False),
        ({"name": "Noguera", "type": "comarca"}, BALAGUER, False),  # a comarca whose members nobody imported
    ],
)
def test_what_is_its_own_is_told_by_place_membership_or_name(
    body: dict[str, Any], reader: Municipality | TerritorialBody, own: bool
) -> None:
    practice = done("some", str(body["name"]), "Alguna cosa", body=body)
    assert is_own(found_at(practice), reader) is own


def test_a_diputacio_s_practice_is_news_to_its_towns() -> None:
    province = TerritorialBody("Diputació de Lleida", BodyType.PROVINCE, (TARREGA, SORT))
    assert not is_own(
        Origin(done("some", "Diputació de Lleida", "Cosa", body={"type": "province"}), province), TARREGA
    )


def test_a_practice_of_a_comarca_is_run_by_none_of_its_municipalities_alone(snapshot: Snapshot) -> None:
    ran = {
        key: {(snapshot.ids[each.row], each.took_over) for each in runs}
        for key, runs in run_where(snapshot, found_at).items()
    }
    assert ran[SORT.key] == {("adopted-by-berga", False), ("boats", False)}
    assert ran[BERGA.key] == {("work-berga", False), ("adopted-by-berga", True)}
    assert "comarca" not in {practice_id for runs in ran.values() for practice_id, _ in runs}


# --- reasons ---------------------------------------------------------------------------------------


def reasons(snapshot: Snapshot, **options: Any) -> dict[str, Recommendation]:
    return {each.practice.id: each for each in recommend(snapshot, needs=[ALONE, WORK], twins=twins(), **options)}


def test_each_says_whether_it_answers_a_need_or_is_run_by_a_twin_or_both(snapshot: Snapshot) -> None:
    found = reasons(snapshot)
    assert found["work-city"].finding is Finding.NEED
    assert [each.need for each in found["work-city"].needs] == [WORK]
    assert found["gardens"].finding is Finding.TWIN
    assert [each.twin.municipality for each in found["gardens"].twins] == [BALAGUER]
    assert found["work-berga"].finding is Finding.BOTH
    assert (found["work-berga"].needs[0].need, found["work-berga"].twins[0].twin.municipality) == (WORK, BERGA)


def test_what_a_twin_took_over_is_told_apart_from_what_it_runs(snapshot: Snapshot) -> None:
    found = reasons(snapshot)
    assert [each.took_over for each in found["adopted-by-berga"].twins] == [True]
    say = translator("en")
    said = [profile_sentences.reason(why, say) for why in found["adopted-by-berga"].reasons]
    assert said == ["Taken over by Berga, a municipality like yours."]
    said = [profile_sentences.reason(why, say) for why in found["work-berga"].reasons]
    assert said == ["Answers your need: “joves sense feina”.", "Run by Berga, a municipality like yours."]


def test_nothing_below_the_calibrated_floor_answers_a_need(snapshot: Snapshot) -> None:
    found = recommend(snapshot, needs=[ALONE])
    assert all(each.strength >= CALIBRATION.floor for one in found for each in one.needs)
    assert "boats" not in ids(found)
    assert recommend(snapshot, needs=["avaria de la caldera municipal"]) == []


def test_without_a_calibration_no_answer_is_claimed(snapshot: Snapshot) -> None:
    [first, *_] = recommend(snapshot, needs=[ALONE], calibration=None)
    assert first.needs[0].word is StrengthWord.RELATED
    assert profile_sentences.reason(first.needs[0], translator("en")).startswith("Near your need")


def test_translations_are_one_recommendation_in_the_reader_s_language(snapshot: Snapshot) -> None:
    for language, shown in ((Language.CATALAN, "alone-balaguer"), (Language.SPANISH, "alone-balaguer-es")):
        found = ids(recommend(snapshot, needs=[ALONE], twins=twins(), reader_language=language))
        assert [each for each in found if each.startswith("alone-balaguer")] == [shown]


def test_everything_can_be_said_in_each_language(snapshot: Snapshot) -> None:
    for language in LANGUAGES:
        say = translator(language)
        for each in recommend(snapshot, needs=[ALONE], twins=twins()):
            assert all("{" not in profile_sentences.reason(why, say) for why in each.reasons)


# --- order -----------------------------------------------------------------------------------------


def test_relevance_comes_before_fit_and_fit_decides_among_equals(tmp_path: Path) -> None:
    practices = [
        done("city", "Gran Ciutat", "Menjador social", body={"population": 900_000}),
        done("town", "Balaguer", "Menjador social", body={"population": 17_400}),
        done("village", "Sort", "Menjador a l'escola amb productes de la vall", body={"population": 2_000}),
    ]
    snapshot = make_snapshot(tmp_path, practices, ENCODER)
    calibration = CALIBRATION.model_copy(update={"floor": 0.0})

    def order(reader: Municipality) -> list[str]:
        return ids(recommend(snapshot, reader, needs=["menjador social"], calibration=calibration))

    assert order(place("Poble", 2_000, 20)) == ["town", "city", "village"]  # the village fits best, answers least
    assert order(place("Capital", 800_000, 21)) == ["city", "town", "village"]


def test_no_need_fills_the_page_and_twins_come_after(snapshot: Snapshot) -> None:
    found = recommend(snapshot, needs=[ALONE, WORK], twins=twins(), top_k=5)
    first, second = found[:2]
    assert (first.needs[0].need, second.needs[0].need) == (ALONE, WORK)
    assert found[4].twins


def test_one_body_does_not_fill_the_page(snapshot: Snapshot) -> None:
    found = ids(recommend(snapshot, needs=[ALONE]))
    assert sum(each.startswith("alone-city") for each in found) == PER_BODY_ON_FIRST_PAGE


def test_none_stands_twice_and_no_more_than_asked_for(snapshot: Snapshot) -> None:
    found = ids(recommend(snapshot, needs=[ALONE, ALONE, WORK], twins=twins()))
    assert len(found) == len(set(found))
    assert ids(recommend(snapshot, needs=[ALONE, ALONE, WORK], twins=twins(), top_k=3)) == found[:3]


# --- readers ---------------------------------------------------------------------------------------


def test_a_reader_without_needs_or_twins_is_recommended_nothing(snapshot: Snapshot) -> None:
    assert recommend(snapshot) == []


def test_without_a_municipality_needs_still_find_practices(snapshot: Snapshot) -> None:
    [first, *_] = recommend(snapshot, None, needs=[ALONE])
    assert [fit.municipality for fit in first.fits] == [None]


def test_a_body_of_municipalities_has_a_fit_for_each_of_them(snapshot: Snapshot) -> None:
    [first, *_] = recommend(snapshot, URGELL, needs=[ALONE])
    assert [fit.municipality for fit in first.fits] == [TARREGA, SORT]


# --- the commands ----------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    chosen = Settings(data=tmp_path / "data")
    make_snapshot(chosen.index, PRACTICES, ENCODER)
    monkeypatch.setattr("service.commands.network.settings", lambda: chosen)
    monkeypatch.setattr("service.resources.load_encoder", lambda _name=None: ENCODER)
    monkeypatch.setattr("service.resources.load_calibration", lambda _encoder: CALIBRATION)
    monkeypatch.setattr("service.resources.load_municipalities", lambda _folder: PLACES)
    return chosen


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return result.output


def test_a_need_on_the_command_line_is_answered_with_reasons(data: Settings) -> None:
    said = " ".join(run("recommend", "Tàrrega", "--need", WORK).split())
    assert "Answers your need: “joves sense feina”." in said
    assert "Run by Berga, a municipality like yours." in said
    found = json.loads(run("recommend", "Tàrrega", "--need", WORK, "--top-k", "2", "--json"))
    assert found[0]["finding"] in {"need", "both"}
    assert found[0]["needs"][0]["passage"]["text"]


def test_the_needs_it_states_are_taken_where_none_is_typed_while_they_are_open(data: Settings) -> None:
    store = NetworkStore(data.store_url)
    for number, (text, until) in enumerate(((WORK, None), (ALONE, "2020-01-01"))):
        store.put_need(
            Need.model_validate(
                {
                    "id": f"need-{number}",
                    "municipality": TARREGA.key,
                    "text": text,
                    "language": "ca",
                    "created_on": "2019-01-01",
                    "open_until": until,
                }
            ),
            by="test",
        )
    store.close()
    found = json.loads(run("recommend", "Tàrrega", "--json"))
    assert {each["need"] for one in found for each in one["needs"]} == {WORK}


def test_the_stated_population_is_the_one_that_fit_compares(data: Settings) -> None:
    store = NetworkStore(data.store_url)
    store.put_profile(Profile(municipality=TARREGA.key, population=18_123), by="test")
    store.close()
    [first, *_] = json.loads(run("recommend", "Tàrrega", "--need", WORK, "--json"))
    assert any("18,123" in factor["sentence"] for factor in first["fits"][0]["factors"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("Nowhere",), "No municipality is known as 'Nowhere'."),
        (("Mieres",), "Mieres (Catalunya, ES)"),
        (("Sort", "--need", "?!"), "--need: holds no letter or digit"),
        (("Sort", "--weight", "size=3"), "no factor is called 'size'"),
        (("Sort", "--weight", "population"), "--weight: is no FACTOR=NUMBER"),
    ],
)
def test_what_cannot_be_is_refused_by_name(data: Settings, arguments: tuple[str, ...], said: str) -> None:
    assert said in " ".join(run("recommend", *arguments, status=REFUSED).split())


# --- the worked example ----------------------------------------------------------------------------

SECTIONS = [
    "What is known of it",
    "What the bank answers",
    "The first of them, read closely",
    "Municipalities like it",
    "What is recommended to it",
]
READERS = [
    "Tàrrega, a Catalan town",
    "Ambito territoriale sociale di Altamura, an Italian ambito",
    "Covaleda, a Spanish village",
]
MEMBERS = ["Altamura", "Gravina in Puglia", "Poggiorsini", "Santeramo in Colle"]
PUGLIA = {"region": "Puglia", "country": "IT", "latitude": 40.8, "longitude": 16.5}
EXAMPLE_PLACES = Municipalities(
    [
        TARREGA,
        BALAGUER,
        place("Covaleda", 1_600, 10, region="Castilla y León"),
        place("Truchas", 400, 11, region="Castilla y León"),
        *(place(name, 1_300 + 20_000 * at, 12 + at, **PUGLIA) for at, name in enumerate(MEMBERS)),
        place("Gioia del Colle", 26_000, 16, **PUGLIA),
    ]
)


def headings(page: str) -> list[tuple[str, str]]:
    return re.findall(r"^(#+) (.+)$", page, re.MULTILINE)


def expected_headings() -> list[tuple[str, str]]:
    readers = [[("##", reader), *(("###", section) for section in SECTIONS)] for reader in READERS]
    return [("#", "Three municipalities, worked through"), *(each for reader in readers for each in reader)]


def test_the_worked_example_is_written_by_its_command(
    data: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    practices = [
        done("ca", "Balaguer", "Gent gran que viu sola i no surt de casa | amb tubs"),
        done("es", "Truchas", "Personas mayores que no conducen", body={"region": None}),
        done("it", "Gioia del Colle", "Famiglie che non riescono a pagare l'affitto",
             body={"region": "Puglia", "country": "IT"}),
        done("own", "Ambito territoriale sociale di Altamura", "Famiglie che rischiano lo sfratto",
             body={"region": "Puglia", "country": "IT", "type": "ambito"}),
    ]  # fmt: skip
    make_snapshot(data.index, practices, ENCODER)
    monkeypatch.setattr("service.resources.load_municipalities", lambda _folder: EXAMPLE_PLACES)
    written = tmp_path / "example.md"
    assert "Written to" in run("example", "--write", str(written))
    page = written.read_text("utf-8")
    assert headings(page) == expected_headings()
    assert "Written by `empelt example`" in page
    assert "amb tubs" in page
    for section, said in (
        ("What the bank answers", "practices answer"),
        ("The first of them", "What to ask its owner:"),
        ("The first of them", "What is unknown, and left out of the fit:"),
        ("Municipalities like it", "| Truchas (Castilla y León, ES) | 400 |"),
        ("What is recommended", "Run by Gioia del Colle, a municipality like yours."),
    ):
        assert any(said in part for part in page.split("### ") if part.startswith(section)), said
    recommended = [part for part in page.split("### ") if part.startswith("What is recommended")]
    assert "Famiglie che rischiano lo sfratto" not in recommended[1]


def test_the_page_in_the_docs_has_the_structure_that_the_command_writes() -> None:
    page = (Path(__file__).parent.parent / "docs" / "example.md").read_text("utf-8")
    assert headings(page) == expected_headings()
    assert "Written by `empelt example`" in page
