"""What is known of a municipality: stated before reference data, each value with its source; and from files."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from corpus.errors import UnreadableSource
from corpus.municipality import Municipalities, Municipality
from corpus.network import Profile, Settlement
from corpus.practice import parse_practice
from corpus.store_network import NetworkStore
from corpus.vocabulary import Language, TargetGroup
from service import profile_sentences, transferability
from service.cli import app
from service.i18n import LANGUAGES, translator
from service.profiles import Finding, KnownProfile, ProfilesRead, official_languages, read_profiles, settlement_of
from service.settings import Settings

REUS = Municipality(
    "Reus",
    code="43123",
    population=106_741,
    population_year=2021,
    latitude=41.155,
    longitude=1.107,
    province="Tarragona",
    region="Catalunya",
    country="ES",
    source="ine",
)
ALTAMURA = Municipality(
    "Altamura",
    code="072004",
    population=69_880,
    population_year=2022,
    region="Puglia",
    country="IT",
    area_km2=431.4,
    source="istat",
)
VILLAGE = Municipality("Vallcebre", population=258, region="Catalunya", country="ES", geonames_id=1)
TWO = [
    Municipality("Mieres", population=36_000, region="Asturias", country="ES", geonames_id=2),
    Municipality("Mieres", population=34_000, region="Catalunya", country="ES", geonames_id=3),
]
PLACES = Municipalities([REUS, ALTAMURA, VILLAGE, *TWO])
REFUSED = 2


def fact(known: KnownProfile, attribute: str) -> tuple[Any, Finding]:
    found = next(each for each in known.facts() if each.attribute == attribute)
    return found.value, found.finding


def stated(place: Municipality = REUS, **fields: Any) -> KnownProfile:
    return KnownProfile(place, Profile(municipality=place.key, **fields))


# --- what is known ---------------------------------------------------------------------------------


def test_every_value_says_where_it_comes_from() -> None:
    known = KnownProfile(REUS)
    assert fact(known, "population") == (106_741, Finding.INE)
    assert fact(known, "duty_band") == (3, Finding.DERIVED)
    assert fact(known, "coordinates") == ("41.1550, 1.1070", Finding.GEONAMES)
    assert fact(known, "languages") == (("ca", "es"), Finding.LAW)
    assert fact(known, "budget_eur") == (None, Finding.NOT_STATED)
    say = translator("en")
    told = {each.attribute: profile_sentences.source(each, say) for each in known.facts()}
    assert told["population"] == "INE, 2021"
    assert told["languages"] == "official in its territory: Estatut d’autonomia (LO 6/2006), art. 6"


def test_what_a_municipality_states_comes_before_the_list() -> None:
    known = stated(population=108_000, languages=["ca"], ageing_share=0.0, services=["Casal"])
    assert fact(known, "population") == (108_000, Finding.STATED)
    assert fact(known, "languages") == (("ca",), Finding.STATED)
    assert fact(known, "ageing_share") == (0.0, Finding.STATED)
    assert fact(known, "services") == (("Casal",), Finding.STATED)
    assert known.place.population == 108_000
    assert KnownProfile(REUS).place is REUS


def test_what_follows_from_the_population_follows_from_the_stated_one() -> None:
    assert KnownProfile(REUS).duty_band == 3
    assert stated(population=19_000).duty_band == 1
    assert stated(population=19_000).settlement_class == "small-town"


def test_without_a_density_the_kind_of_settlement_is_unknown_and_says_why() -> None:
    assert fact(KnownProfile(REUS), "settlement") == (None, Finding.NO_DENSITY)
    assert fact(KnownProfile(Municipality("Enlloc")), "settlement") == (None, Finding.NO_POPULATION)
    assert fact(KnownProfile(ALTAMURA), "settlement") == (Settlement.RURAL, Finding.DERIVED)
    assert fact(stated(settlement="city"), "settlement") == (Settlement.CITY, Finding.STATED)


def test_a_list_that_writes_zero_inhabitants_does_not_know_them() -> None:
    known = KnownProfile(Municipality("Enlloc", population=0, area_km2=3.0))
    assert known.population is None
    assert fact(known, "population") == (None, Finding.NO_REFERENCE)
    assert known.duty_band is None


@pytest.mark.parametrize(
    ("place", "languages"),
    [
        (Municipality("Palma", region="Illes Balears", country="ES"), ("ca", "es")),
        (Municipality("Morella", region="Comunitat Valenciana", country="ES"), ("ca", "es")),
        (Municipality("Soria", region="Castilla y León", country="ES"), ("es",)),
        (Municipality("Alghero", region="Sardegna", country="IT"), ("ca", "it")),
        (Municipality("Sassari", region="Sardegna", country="IT"), ("it",)),
        (Municipality("Encamp", country="AD"), ("ca",)),
        (Municipality("Enlloc"), ()),
    ],
)
def test_languages_are_the_official_ones_of_the_territory(place: Municipality, languages: tuple[str, ...]) -> None:
    assert official_languages(place)[0] == languages


@hypothesis_settings(deadline=None)
@given(st.integers(0, 3_000_000), st.floats(0.1, 2_000))
def test_the_kind_of_settlement_is_the_one_that_fit_compares(population: int, area_km2: float) -> None:
    place = Municipality("Vila", population=population, area_km2=area_km2)
    practice = parse_practice({"id": "a", "language": "ca", "title": "A", "summary": "B"})
    reader = transferability.Reader(place, Language.CATALAN)
    compared = transferability.settlement(transferability.Origin(practice), reader).target
    assert settlement_of(population, place.density_per_km2) == compared


@hypothesis_settings(deadline=None)
@given(
    st.sampled_from([REUS, ALTAMURA, VILLAGE, Municipality("Enlloc")]),
    st.none() | st.integers(1, 10**6),
    st.none() | st.floats(0, 1),
    st.lists(st.sampled_from(TargetGroup), max_size=3),
    st.sampled_from(LANGUAGES),
)
def test_everything_known_can_be_said(
    place: Municipality, population: int | None, share: float | None, groups: list[TargetGroup], language: str
) -> None:
    say = translator(language)
    told = Profile(municipality="43123", population=population, ageing_share=share, target_groups=tuple(groups))
    for each in KnownProfile(place, told).facts():
        said = (
            profile_sentences.attribute_name(each.attribute, say),
            profile_sentences.value(each.attribute, each.value, say),
            profile_sentences.source(each, say),
        )
        assert all(text and "{" not in text and "None" not in text for text in said)


# --- from a file -----------------------------------------------------------------------------------


def read(text: str, name: str = "perfils.csv") -> ProfilesRead:
    return read_profiles(text.encode(), PLACES, name=name)


@pytest.mark.parametrize(
    "header",
    [
        "Municipi;Habitants;Llengües;Pressupost de serveis socials (EUR);65 anys i més;Serveis;Col·lectius",
        "Municipio;Habitantes;Lenguas;Presupuesto de servicios sociales;65 años y más;Servicios;Colectivos",
        "Comune;Abitanti;Lingue;Bilancio dei servizi sociali;65 anni e oltre;Servizi;Gruppi destinatari",
        "Municipality;Inhabitants;Languages;Budget of social services;65 and over;Services;Target groups",
        "municipality;population;languages;budget_eur;ageing_share;services;target_groups",
    ],
)
def test_columns_may_be_named_in_any_of_the_four_languages(header: str) -> None:
    found = read(header + '\nReus;"108.000";català, castellano;12.500.000 €;18,7 %;Casal | Menjador;Cuidadors\n')
    assert not found.problems
    [profile] = found.profiles
    assert profile == Profile(
        municipality="43123",
        population=108_000,
        languages=("ca", "es"),
        budget_eur=12_500_000,
        ageing_share=0.187,
        services=("Casal", "Menjador"),
        target_groups=profile.target_groups,
    )


@pytest.mark.parametrize(("cell", "share"), [("0,235", 0.235), ("23.5", 0.235), ("23,5 %", 0.235), ("1", 1.0)])
def test_a_share_is_read_as_towns_write_it(cell: str, share: float) -> None:
    [profile] = read(f"Municipi;65 anys i més\nReus;{cell}\n").profiles
    assert profile.ageing_share == pytest.approx(share)


@pytest.mark.parametrize(
    ("header", "row", "column", "reason"),
    [
        ("Municipi;Habitants", "Nowhere;5", "Municipi", "No municipality is known as 'Nowhere'."),
        ("Municipi;Habitants", "Mieres;5", "Municipi", "may be: Mieres (Asturias, ES); Mieres (Catalunya, ES)"),
        ("Codi;Habitants", "3123;5", "Codi", "did a spreadsheet drop its zeros?"),
        ("Codi;Municipi;Habitants", "43123;Altamura;5", "Codi", "is the code of Reus"),
        ("Municipi;Habitants", "Reus;molts", "Habitants", "is not one number"),
        ("Municipi;Habitants", "Reus;999999999", "Habitants", "less than or equal to 50000000"),
        ("Municipi;Assentament", "Reus;poblat", "Assentament", "is none of: city, town, rural"),
        ("Municipi;65 anys i més", "Reus;bastants", "65 anys i més", "is no share such as 0.235"),
        ("Municipi;Pressupost", "Reus;ni idea", "Pressupost", "is not one amount in euros"),
        ("Municipi;Contacte;Correu", "Reus;Serveis socials;serveis socials", "Correu", "match pattern"),
    ],
)
def test_a_fault_names_row_column_value_and_reason(header: str, row: str, column: str, reason: str) -> None:
    found = read(f"{header}\n{row}\n")
    assert not found.profiles
    [problem] = found.problems
    assert (problem.file, problem.row, problem.field) == ("perfils.csv", 2, column)
    assert reason in problem.reason
    assert problem.value in row


def test_a_shared_name_is_told_apart_by_its_region() -> None:
    [profile] = read("Municipi;Regió;Habitants\nMieres;Catalunya;34.100\n").profiles
    assert profile.municipality == "geonames:3"


def test_where_no_official_list_knows_the_code_the_name_decides() -> None:
    [profile] = read("Codi;Municipi;Habitants\n08293;Vallcebre;260\n").profiles
    assert profile.municipality == "geonames:1"


def test_a_municipality_that_stands_twice_is_a_fault_of_the_second_row() -> None:
    found = read("Municipi;Habitants\nReus;5\nReus;6\n")
    assert [profile.population for profile in found.profiles] == [5]
    assert "stands already in perfils.csv, row 2" in found.problems[0].reason


def test_what_is_not_read_is_told_and_nothing_is_lost_silently() -> None:
    found = read("Municipi;Alcaldessa;Habitants;Col·lectius\nReus;Laia;5;Marcians\nVallcebre;;;n/d\n")
    assert [(doubt.field, doubt.row) for doubt in found.doubts] == [
        ("Alcaldessa", 1),
        ("Col·lectius", 2),
        ("Municipi", 3),
    ]
    assert len(found.profiles) == 1


def test_an_office_is_the_municipality_s_when_only_its_post_is_told() -> None:
    [profile] = read("Municipi;Correu electrònic\nReus;socials@reus.example\n").profiles
    assert profile.contact is not None
    assert (profile.contact.body, profile.contact.email) == ("Reus", "socials@reus.example")


@pytest.mark.parametrize("text", ["Nom;Habitants\nReus;5\n", "Municipi\nReus\n", "\n"])
def test_a_file_without_the_columns_is_refused_and_says_what_it_needs(text: str) -> None:
    with pytest.raises(UnreadableSource, match=r"names the municipality|is empty"):
        read(text)


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(UnreadableSource, match="should be a CSV"):
        read_profiles(b'{"municipality": "Reus"}\n', PLACES, name="perfils.jsonl")


def test_a_workbook_is_read_sheet_by_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Perfils"
    for row in (
        ["Dades de la xarxa"],
        ["Municipi", "65 anys i més", "Habitants"],
        ["Reus", 0.187, 108_000],
        ["Vic", 1, 2],
    ):
        first.append(row)
    book.create_sheet("Notes").append(["res"])
    book.save(tmp_path / "perfils.xlsx")
    found = read_profiles(tmp_path / "perfils.xlsx", PLACES)
    assert [(each.population, each.ageing_share) for each in found.profiles] == [(108_000, 0.187)]
    assert [(each.file, each.row) for each in found.problems] == [("perfils.xlsx, sheet 'Perfils'", 4)]


# --- the commands ----------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    chosen = Settings(data=tmp_path / "data")
    monkeypatch.setattr("service.commands.network.settings", lambda: chosen)
    monkeypatch.setattr("service.commands.network.load_municipalities", lambda _folder: PLACES)
    return chosen


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def test_a_profile_is_shown_with_its_sources(data: Settings) -> None:
    assert "Population 106,741 INE, 2021" in run("profile", "show", "Reus")
    shown = json.loads(run("profile", "show", "Altamura", "--json"))
    facts = {each["attribute"]: each for each in shown["facts"]}
    assert shown["key"] == "072004"
    assert (facts["settlement"]["value"], facts["settlement"]["finding"]) == ("rural", "derived")


@pytest.mark.parametrize(
    ("name", "said"), [("Nowhere", "No municipality is known as 'Nowhere'."), ("Mieres", "Mieres (Catalunya, ES)")]
)
def test_a_place_that_does_not_exist_or_is_ambiguous_is_refused_by_name(
    data: Settings, name: str, said: str
) -> None:
    assert said in run("profile", "show", name, status=REFUSED)


def test_profiles_are_imported_after_a_dry_run(data: Settings, tmp_path: Path) -> None:
    file = tmp_path / "perfils.csv"
    file.write_text("Municipi;Habitants\nReus;108.000\n", encoding="utf-8")
    said = run("profile", "import", str(file), "--dry-run")
    assert "1 would be stored, 0 invalid A dry run: nothing was stored." in said
    assert "Population 106,741 INE, 2021" in run("profile", "show", "Reus")
    assert "1 stored, 0 invalid" in run("profile", "import", str(file), "--by", "Benestar")
    assert "Population 108,000 stated by the municipality" in run("profile", "show", "Reus")
    store = NetworkStore(data.store_url)
    assert [entry.by for entry in store.audit()] == ["Benestar"]
    store.close()


def test_a_file_with_a_fault_is_kept_out_whole_unless_that_is_asked_for(data: Settings, tmp_path: Path) -> None:
    file = tmp_path / "perfils.csv"
    file.write_text("Municipi;Habitants\nReus;108.000\nNowhere;7\n", encoding="utf-8")
    said = run("profile", "import", str(file), status=REFUSED)
    assert "perfils.csv, row 3: Municipi ('Nowhere'): No municipality is known as 'Nowhere'." in said
    assert "Nothing of perfils.csv was stored." in said
    assert "106,741" in run("profile", "show", "Reus")
    assert "1 stored, 1 invalid" in run("profile", "import", str(file), "--skip-invalid")
