"""A clerk names a place as people do; the right one is found, or the clerk is asked which."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from corpus.errors import AmbiguousMunicipality, UnknownMunicipality, UnreadableSource
from corpus.municipality import (
    Municipalities,
    Municipality,
    SettlementClass,
    TerritorialBody,
    settlement_class,
)
from corpus.official_lists import import_official
from corpus.places import BODIES_FILE, MUNICIPALITIES_FILE, PLACES_FILE, load_municipalities
from corpus.territorial_bodies import import_bodies
from corpus.vocabulary import BodyType
from service.cli import app
from service.settings import Settings


@pytest.fixture(scope="session")
def geonames_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cut once a session: that takes 5 s."""
    folder = tmp_path_factory.mktemp("geonames")
    load_municipalities(folder)
    return folder


@pytest.fixture(scope="session")
def places(geonames_folder: Path) -> Municipalities:
    return load_municipalities(geonames_folder)


@pytest.fixture(scope="session")
def few_places(places: Municipalities, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the towns and namesakes that the tests of imports speak of: they are quicker so."""
    few = [place for place in places if (place.population or 0) > 8_000 or place.name in ("Castro", "Vallés")]
    few += [place for place in places if place.name in ("Sarrià de Ter", "Soleto", "Sogliano Cavour")]
    folder = tmp_path_factory.mktemp("few")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("corpus.places.cut_geonames", lambda: few)
        load_municipalities(folder)
    return folder / PLACES_FILE


@pytest.fixture
def data_folder(few_places: Path, tmp_path: Path) -> Path:
    """A folder of one's own."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(few_places, folder)
    return folder


def town(name: str, **details: object) -> Municipality:
    return Municipality(name, **{"country": "ES", "region": "Catalunya", **details})  # type: ignore[arg-type]


# --- finding ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "name", "region"),
    [
        ("Lleida", "Lleida", "Catalunya"),
        ("Lérida", "Lleida", "Catalunya"),
        ("LERIDA", "Lleida", "Catalunya"),
        ("Alghero", "Alghero", "Sardegna"),
        ("l'Alguer", "Alghero", "Sardegna"),
        ("Alguer", "Alghero", "Sardegna"),
        ("València", "València", "Comunitat Valenciana"),
        ("Valencia", "València", "Comunitat Valenciana"),
        ("Hospitalet de Llobregat", "L'Hospitalet de Llobregat", "Catalunya"),
        ("l’Hospitalet de Llobregat", "L'Hospitalet de Llobregat", "Catalunya"),
        ("Hospitalet de Llobregat, L'", "L'Hospitalet de Llobregat", "Catalunya"),
        ("Reggio Emilia", "Reggio nell'Emilia", "Emilia-Romagna"),
        ("Reggio nell'Emilia", "Reggio nell'Emilia", "Emilia-Romagna"),
        ("Vitoria-Gasteiz", "Vitoria-Gasteiz", "Euskadi"),
        ("Vitoria", "Vitoria-Gasteiz", "Euskadi"),
        ("Gasteiz", "Vitoria-Gasteiz", "Euskadi"),
        ("San Sebastián", "Donostia / San Sebastián", "Euskadi"),
        ("San Sebastián / Donostia", "Donostia / San Sebastián", "Euskadi"),
        ("Alacant/Alicante", "Alicante", "Comunitat Valenciana"),
        ("La Coruña", "A Coruña", "Galicia"),
        ("Ibiza", "Eivissa", "Illes Balears"),
        ("Bozen", "Bolzano", "Trentino-Alto Adige"),
        ("  roma ", "Roma", "Lazio"),
        ("Florència", "Firenze", "Toscana"),
    ],
)
def test_a_town_answers_to_its_name_in_every_language(
    places: Municipalities, written: str, name: str, region: str
) -> None:
    found = places.find(written)
    assert (found.name, found.region) == (name, region)


def test_a_place_says_honestly_that_it_is_no_municipality_yet(places: Municipalities) -> None:
    girona = places.find("Girona")
    assert girona.source == "geonames"
    assert girona.code is None
    assert girona.latitude == pytest.approx(41.98, abs=0.02)
    assert girona.longitude == pytest.approx(2.82, abs=0.02)
    assert girona.population is not None
    assert 90_000 < girona.population < 120_000


@pytest.mark.parametrize(
    "written", ["Castro (Puglia)", "Castro, Puglia", "Castro (Apulia)", "Castro, Pulla", "castro (puglia, Italia)"]
)
def test_a_region_in_any_language_tells_namesakes_apart(places: Municipalities, written: str) -> None:
    assert str(places.find(written)) == "Castro (Puglia, IT)"
    assert places.find("Castro", region="Llombardia").region == "Lombardia"


def test_a_true_ambiguity_stays_one_and_lists_how_to_name_each(places: Municipalities) -> None:
    with pytest.raises(AmbiguousMunicipality, match="Name one with its region") as caught:
        places.find("Castro")
    assert caught.value.candidates == ["Castro (Galicia, ES)", "Castro (Puglia, IT)", "Castro (Lombardia, IT)"]
    assert [places.find(candidate).region for candidate in caught.value.candidates] == [
        "Galicia",
        "Puglia",
        "Lombardia",
    ]


def test_namesakes_in_one_region_are_told_apart_by_a_key_that_find_takes(places: Municipalities) -> None:
    with pytest.raises(AmbiguousMunicipality) as caught:
        places.find("Villanova", region="Emilia-Romagna")
    keys = [candidate.split(" = ")[1] for candidate in caught.value.candidates]
    assert len(set(keys)) == 6
    assert {places.find(key).name for key in keys} == {"Villanova"}


@pytest.mark.parametrize(
    ("written", "region"),
    [
        ("Palma", "Illes Balears"),
        ("Burgos", "Castilla y León"),
        ("Salamanca", "Castilla y León"),
        ("Latina", "Lazio"),
    ],
)
def test_a_city_is_meant_before_a_hamlet_or_a_quarter_of_its_name(
    places: Municipalities, written: str, region: str
) -> None:
    assert places.find(written).region == region


def test_a_hamlet_with_the_whole_name_does_not_hide_the_town_people_shorten_so(places: Municipalities) -> None:
    for shortened, meant in (
        ("Santa Coloma", "Santa Coloma de Gramenet (Catalunya, ES)"),
        ("El Prat", "El Prat de Llobregat (Catalunya, ES)"),
        ("Reggio", "Reggio Calabria (Calabria, IT)"),
    ):
        with pytest.raises(AmbiguousMunicipality) as caught:
            places.find(shortened)
        assert meant in caught.value.candidates


def test_an_exact_name_beats_a_folded_one() -> None:
    few = Municipalities(
        [town("Móra", population=900), town("Mora", population=800), town("la Mora", population=700)]
    )
    assert few.find("Móra").population == 900
    assert few.find("Mora").population == 800
    assert few.find("La Mora").population == 700
    with pytest.raises(AmbiguousMunicipality):
        few.find("MORA")


def test_twenty_times_the_people_settle_it_and_nineteen_do_not() -> None:
    def named(people: int | None) -> Municipalities:
        return Municipalities([town("Vila", population=people), town("Vila", region="Aragón", population=1_000)])

    assert named(20_001).find("Vila").population == 20_001
    for people in (20_000, 19_000, None):
        with pytest.raises(AmbiguousMunicipality):
            named(people).find("Vila")


def test_a_misspelt_name_is_met_with_the_right_one(places: Municipalities) -> None:
    with pytest.raises(UnknownMunicipality) as caught:
        places.find("Barcelonna")
    assert caught.value.suggestions == ["Barcelona (Catalunya, ES)"]
    assert "Did you mean Barcelona (Catalunya, ES)?" in str(caught.value)


def test_a_shortened_name_is_met_with_the_long_ones(places: Municipalities) -> None:
    with pytest.raises(UnknownMunicipality) as caught:
        places.find("Sant Boi")
    assert caught.value.suggestions[:2] == [
        "Sant Boi de Llobregat (Catalunya, ES)",
        "Sant Boi de Lluçanès (Catalunya, ES)",
    ]


def test_a_name_in_the_wrong_region_is_not_found_there(places: Municipalities) -> None:
    with pytest.raises(UnknownMunicipality, match=r"Salt \(Catalunya, ES\)"):
        places.find("Salt (Lazio)")


@pytest.mark.parametrize("nonsense", ["", " ", "()", ",", "!!", "08019", "geonames:1", "Ω", "\u0301"])
def test_nonsense_is_unknown(places: Municipalities, nonsense: str) -> None:
    with pytest.raises(UnknownMunicipality):
        places.find(nonsense)


def test_a_form_suggests_the_great_towns_first_and_whole_names_before_them(places: Municipalities) -> None:
    assert [str(place) for place in places.search("reg", 2)] == [
        "Reggio Calabria (Calabria, IT)",
        "Reggio nell'Emilia (Emilia-Romagna, IT)",
    ]
    assert places.search("l'hosp", 1)[0].name == "L'Hospitalet de Llobregat"
    assert [place.name for place in places.search("sant boi de ", 5)] == [
        "Sant Boi de Llobregat",
        "Sant Boi de Lluçanès",
    ]
    assert places.search("Vic", 3)[0].name == "Vic"
    assert places.search("lérid")[0].name == "Lleida"
    assert places.search("") == places.search("'") == []


def test_sizes_follow_the_thresholds_of_the_law() -> None:
    assert settlement_class(0) is SettlementClass.VILLAGE
    assert settlement_class(4_999) is SettlementClass.VILLAGE
    assert settlement_class(5_000) is SettlementClass.SMALL_TOWN
    assert settlement_class(20_000) is SettlementClass.TOWN
    assert settlement_class(50_000) is SettlementClass.CITY
    assert settlement_class(250_000) is SettlementClass.LARGE_CITY
    assert town("Enlloc").settlement_class is None
    assert town("Salt", population=32_000, area_km2=6.4).density_per_km2 == pytest.approx(5_000)
    assert town("Salt", area_km2=6.4).density_per_km2 is None


# --- the data folder -------------------------------------------------------------------------------


def test_a_damaged_cut_is_cut_again_but_a_damaged_official_list_is_reported(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.places.cut_geonames", lambda: [town("Salt", population=32_000)])
    (data_folder / PLACES_FILE).unlink()
    (data_folder / PLACES_FILE).write_text('{"format": 1, "rows"')
    assert load_municipalities(data_folder).find("Salt").population == 32_000
    (data_folder / MUNICIPALITIES_FILE).write_text('{"format": 99}')
    with pytest.raises(UnreadableSource, match="format 99"):
        load_municipalities(data_folder)


# --- official lists --------------------------------------------------------------------------------

DICTIONARY = """CODAUTO;CPRO;CMUN;DC;NOMBRE
09;08;101;7;Hospitalet de Llobregat, L'
09;25;120;7;Lleida
10;03;014;8;Alicante/Alacant
16;01;059;3;Vitoria-Gasteiz
09;17;155;3;Salt
"""
PADRON = [
    ["Población de los municipios españoles. Revisión del Padrón a 1 de Enero de 2023"],
    ["CPRO", "PROVINCIA", "CMUN", "NOMBRE", "POB23", "HOMBRES", "MUJERES"],
    ["08", "Barcelona", "101", "Hospitalet de Llobregat, L'", 274_455, 135_000, 139_455],
    ["25", "Lleida", "120", "Lleida", 143_094, 71_000, 72_094],
    ["17", "Girona", "155", "Salt", "33.241", 17_000, 16_241],
    [1, "Araba/Álava", 59, "Vitoria-Gasteiz", 255_886.0, 124_000, 131_886],
    ["99", "Nowhere", "001", "Enlloc", 12, 6, 6],
    ["17", "Girona", "079", "Girona", "many", 1, 1],
    ["17", "Girona", "155", "Salt", 1, 1, 0],
    [],
    ["Fuente: Instituto Nacional de Estadística"],
]
COMUNI = (
    'Codice Regione;"Codice dell\'Unità territoriale sovracomunale \n(valida a fini statistici)";'
    "Codice Provincia (Storico)(1);Progressivo del Comune (2);Codice Comune formato alfanumerico;"
    "Denominazione (Italiana e straniera);Denominazione in italiano;Denominazione altra lingua;"
    "Codice Ripartizione Geografica;Ripartizione geografica;Denominazione Regione;"
    '"Denominazione dell\'Unità territoriale sovracomunale \n(valida a fini statistici)";Sigla automobilistica\n'
    "04;021;021;008;021008;Bolzano/Bozen;Bolzano;Bozen;2;Nord-est;Trentino-Alto Adige/Südtirol;Bolzano/Bozen;BZ\n"
    "08;035;035;033;035033;Reggio nell'Emilia;Reggio nell'Emilia;;2;Nord-est;"
    "Emilia-Romagna;Reggio nell'Emilia;RE\n"
    "20;090;090;003;090003;Alghero;Alghero;;5;Isole;Sardegna;Sassari;SS\n"
    "16;075;075;096;075096;Castro;Castro;;4;Sud;Puglia;Lecce;LE\n"
    "16;075;075;0x6;075;;;;4;Sud;;Lecce;LE\n"
)
POSAS = (
    "Popolazione residente per età, sesso e stato civile al 1° gennaio 2023\n"
    "Codice comune;Comune;Età;Totale maschi;Totale femmine;Totale\n"
    "035033;Reggio nell'Emilia;0;600;580;1180\n"
    "035033;Reggio nell'Emilia;999;83000;87000;170000\n"
    "090003;Alghero;999;20000;22000;42000\n"
    "058091;Roma;999;1300000;1450000;2750000\n"
)


def workbook(path: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def latin(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("latin-1"))
    return path


def test_the_official_list_of_spain_rules_once_imported(data_folder: Path, tmp_path: Path) -> None:
    names = import_official(latin(tmp_path / "diccionario23.csv", DICTIONARY), data_folder)
    assert (names.source, names.municipalities, names.population_year, names.problems) == ("ine", 5, None, ())
    counted = import_official(workbook(tmp_path / "pobmun23.xlsx", PADRON), data_folder)
    assert (counted.source, counted.municipalities, counted.population_year) == ("ine", 4, 2023)

    known = load_municipalities(data_folder)
    hospitalet = known.find("L'Hospitalet de Llobregat")
    assert hospitalet == known.find("08101") == known.find("Hospitalet de Llobregat")
    assert hospitalet.name == "l'Hospitalet de Llobregat"
    assert (hospitalet.population, hospitalet.population_year) == (274_455, 2023)
    assert (hospitalet.province, hospitalet.region, hospitalet.source) == ("Barcelona", "Catalunya", "ine")
    assert hospitalet.latitude == pytest.approx(41.36, abs=0.01)
    assert hospitalet.key == "08101"
    assert known.find("Salt").population == 33_241
    assert known.find("Salt (Girona)").code == "17155"
    vitoria = known.find("Gasteiz")
    assert (vitoria.code, vitoria.population, vitoria.province) == ("01059", 255_886, "Araba/Álava")
    alicante = known.find("Alacant")
    assert (alicante.code, alicante.population, alicante.population_year) == ("03014", None, None)
    assert known.find("Lérida").code == "25120"
    assert known.find("Roma").source == "geonames"
    with pytest.raises(UnknownMunicipality):  # the list is the whole country: what it lacks is no municipality
        known.find("Barcelona")


def test_every_bad_row_is_named_with_its_reason(data_folder: Path, tmp_path: Path) -> None:
    problems = import_official(workbook(tmp_path / "pobmun23.xlsx", PADRON), data_folder).problems
    assert [(p.file, p.row, p.field, p.value, p.reason) for p in problems] == [
        ("pobmun23.xlsx", 7, "CPRO", "99", "is no province of Spain, 01 to 52"),
        ("pobmun23.xlsx", 8, "population", "many", "must be a whole number of inhabitants"),
        ("pobmun23.xlsx", 9, "code", "17155", "stands twice in this list"),
    ]


def test_the_official_list_of_italy_rules_once_imported(data_folder: Path, tmp_path: Path) -> None:
    import_official(latin(tmp_path / "diccionario23.csv", DICTIONARY), data_folder)
    names = import_official(latin(tmp_path / "Elenco-comuni-italiani.csv", COMUNI), data_folder)
    assert (names.source, names.municipalities, names.located) == ("istat", 4, 4)
    assert [(p.row, p.field, p.reason) for p in names.problems] == [
        (6, "Codice Comune", "is not known yet: import ISTAT's Elenco dei comuni first")
    ]
    counted = import_official(latin(tmp_path / "POSAS.csv", POSAS), data_folder)
    assert (counted.municipalities, counted.population_year) == (2, 2023)
    assert [(p.row, p.value) for p in counted.problems] == [(6, "058091")]

    known = load_municipalities(data_folder)
    reggio = known.find("Reggio Emilia")
    assert (reggio.code, reggio.population, reggio.population_year) == ("035033", 170_000, 2023)
    assert (reggio.province, reggio.region) == ("Reggio nell'Emilia", "Emilia-Romagna")
    assert known.find("l'Alguer").code == "090003"
    bolzano = known.find("Bozen")
    assert (bolzano.code, bolzano.region, bolzano.population) == ("021008", "Trentino-Alto Adige", None)
    assert known.find("Castro").code == "075096"  # Castro in Lombardy and in Galicia are on neither list
    assert known.find("Lleida").code == "25120"  # and the Spanish list still rules


def test_istats_workbook_of_sizes_adds_people_and_area(data_folder: Path, tmp_path: Path) -> None:
    import_official(latin(tmp_path / "Elenco-comuni-italiani.csv", COMUNI), data_folder)
    rows: list[list[object]] = [
        [
            "Codice Regione",
            "Codice Istat del Comune \n(alfanumerico)",
            "Denominazione (Italiana e straniera)",
            "Superficie territoriale (kmq) al 01/01/2023",
            "Popolazione legale 2021 (31/12/2021)",
            "Popolazione residente al 31/12/2022",
        ],
        ["04", "021008", "Bolzano/Bozen", 52.2910, 107_025, 106_463],
        ["08", 35033.0, "Reggio nell'Emilia", "230,6583", 169_545, 170_327],
    ]
    taken = import_official(workbook(tmp_path / "classificazioni.xlsx", rows), data_folder)
    assert (taken.source, taken.municipalities, taken.population_year, taken.problems) == ("istat", 2, 2022, ())
    bolzano = load_municipalities(data_folder).find("021008")
    assert (bolzano.name, bolzano.population, bolzano.area_km2) == ("Bolzano", 106_463, 52.291)
    reggio = load_municipalities(data_folder).find("Reggio Emilia")
    assert (reggio.population, reggio.area_km2) == (170_327, 230.6583)
    assert reggio.density_per_km2 == pytest.approx(738.4, abs=0.1)


def test_part_of_a_country_leaves_the_rest_to_geonames(data_folder: Path, tmp_path: Path) -> None:
    import_official(latin(tmp_path / "girona.csv", DICTIONARY), data_folder, whole_country=False)
    known = load_municipalities(data_folder)
    assert known.find("Barcelona").source == "geonames"
    assert known.find("Salt").source == "ine"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("notes.csv", "name;year\nSalt;2020\n", "is no list of INE"),
        ("empty.csv", "", "is no list of INE"),
        ("bad.csv", "CPRO;CMUN;NOMBRE\n99;001;Enlloc\n", "holds no municipality"),
        ("POSAS.csv", POSAS, "import ISTAT's Elenco dei comuni first"),
        ("not.xlsx", "CPRO;CMUN;NOMBRE\n", "cannot be read as a table"),
        ("null.csv", "CPRO;CMUN;NOMBRE\n\0", "is not text"),
    ],
)
def test_a_file_that_is_no_official_list_changes_nothing(
    data_folder: Path, tmp_path: Path, name: str, content: str, reason: str
) -> None:
    with pytest.raises(UnreadableSource, match=reason):
        import_official(latin(tmp_path / name, content), data_folder)
    assert [path.name for path in data_folder.iterdir()] == [PLACES_FILE]


def test_a_missing_file_is_said_to_be_missing(data_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match="no such file"):
        import_official(tmp_path / "nowhere.csv", data_folder)


# --- bodies made of municipalities -----------------------------------------------------------------

BODIES = """name,type,members,region,country
Gironès,comarca,Girona|Salt|Sarrià de Ter,Catalunya,ES
Ambito di Galatina,ambito,Galatina | Soleto | Sogliano Cavour,Puglia,IT
Vallès,comarca,Sabadell|Terrassa|Enlloc de Munt,Catalunya,ES
Nowhere,village,Salt,,
,comarca,Salt,,
Buit,comarca,,,
"""


def test_a_comarca_counts_the_people_of_its_towns(data_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bodies.csv").write_text(BODIES, encoding="utf-8")
    problems = import_bodies(tmp_path / "bodies.csv", data_folder)
    assert [(p.row, p.field, p.value) for p in problems] == [
        (4, "members", "Enlloc de Munt"),
        (5, "type", "village"),
        (6, "name", ""),
        (7, "members", ""),
    ]
    known = load_municipalities(data_folder)
    girones = known.find_body("gironès")
    assert isinstance(girones, TerritorialBody)
    assert [member.name for member in girones.members] == ["Girona", "Salt", "Sarrià de Ter"]
    assert girones.population == sum(member.population or 0 for member in girones.members)
    galatina = known.find_body("Ambito di Galatina", body_type=BodyType.AMBITO)
    assert (str(galatina), len(known.bodies)) == ("Ambito di Galatina (Puglia, IT)", 3)


def test_a_comarca_with_an_unknown_town_has_no_population(data_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bodies.csv").write_text(BODIES, encoding="utf-8")
    import_bodies(tmp_path / "bodies.csv", data_folder)
    valles = load_municipalities(data_folder).find_body("Vallès")
    assert isinstance(valles, TerritorialBody)
    assert valles.unknown_members == ("Enlloc de Munt",)
    assert valles.population is None


def test_a_town_comes_before_the_union_that_bears_its_name() -> None:
    salt = town("Salt", population=32_000, population_year=2023)
    union = TerritorialBody(
        "Salt", BodyType.UNION, (salt, town("Bescanó", population=5_000, population_year=2023))
    )
    known = Municipalities([salt]).with_bodies([union])
    assert known.find_body("Salt") == salt
    assert known.find_body("Salt", body_type=BodyType.UNION) == union
    assert (union.population, union.population_year) == (37_000, 2023)
    with pytest.raises(UnknownMunicipality):
        known.find_body("Salt", body_type=BodyType.COMARCA)


def test_bodies_may_come_as_yaml_and_replace_their_like(data_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bodies.csv").write_text(BODIES, encoding="utf-8")
    import_bodies(tmp_path / "bodies.csv", data_folder)
    (tmp_path / "more.yaml").write_text(
        "- {name: Vallès, type: comarca, members: [Sabadell, Terrassa], region: Catalunya, country: ES}\n",
        encoding="utf-8",
    )
    assert import_bodies(tmp_path / "more.yaml", data_folder) == []
    valles = load_municipalities(data_folder).find_body("Vallès")
    assert isinstance(valles, TerritorialBody)
    assert valles.population is not None
    assert valles.population > 400_000
    (tmp_path / "bad.yaml").write_text("name: Vallès\n")
    with pytest.raises(UnreadableSource, match="must hold a list"):
        import_bodies(tmp_path / "bad.yaml", data_folder)
    assert sorted(path.name for path in data_folder.iterdir()) == [BODIES_FILE, PLACES_FILE]


# --- the commands ----------------------------------------------------------------------------------


@pytest.fixture
def empelt(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line on a data folder of its own."""
    monkeypatch.setattr("service.commands.reference.settings", lambda: Settings(data=data_folder))
    return lambda *arguments: CliRunner().invoke(app, ["municipalities", *map(str, arguments)])


def test_a_clerk_takes_official_lists_in_and_is_told_what_came_of_each(
    empelt: Callable[..., Result], tmp_path: Path
) -> None:
    spain = workbook(tmp_path / "pobmun23.xlsx", PADRON)
    italy = latin(tmp_path / "Elenco-comuni-italiani.csv", COMUNI)
    taken = empelt("import", spain, italy)
    assert taken.exit_code == 0
    assert "pobmun23.xlsx: 4 municipalities of INE with populations of 2023; 4 have coordinates." in taken.output
    assert "pobmun23.xlsx, row 8: population ('many'): must be a whole number of inhabitants" in taken.output
    assert "4 municipalities of ISTAT without populations" in taken.output
    shown = empelt("find", "Lérida").output
    for expected in ("Lleida", "25120", "143,094 (2023)", "Catalunya, ES", "INE"):
        assert expected in shown
    assert json.loads(empelt("find", "25120", "--json").output)["population"] == 143_094


def test_a_file_that_is_no_list_is_refused_and_the_others_go_in(
    empelt: Callable[..., Result], tmp_path: Path
) -> None:
    notes = latin(tmp_path / "notes.csv", "name;year\nSalt;2020\n")
    taken = empelt("import", notes, workbook(tmp_path / "pobmun23.xlsx", PADRON), tmp_path / "nowhere.csv")
    assert taken.exit_code == 2
    assert "notes.csv: is no list of INE" in taken.stderr
    assert "nowhere.csv: there is no such file" in taken.stderr
    assert "4 municipalities of INE" in taken.stdout


def test_bodies_are_taken_in_and_found_by_the_same_commands(empelt: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "bodies.csv").write_text(BODIES, encoding="utf-8")
    taken = empelt("import", "--bodies", tmp_path / "bodies.csv")
    assert taken.exit_code == 0
    assert "3 bodies made of municipalities are known now." in taken.output
    assert "row 5: type ('village'): must be one of comarca" in taken.output
    shown = empelt("find", "Gironès").output
    assert "comarca" in shown
    assert "Girona; Salt; Sarrià de Ter" in shown
    assert len(json.loads(empelt("find", "Gironès", "--json").output)["members"]) == 3


def test_an_ambiguous_name_is_answered_with_a_list_of_how_to_name_each(empelt: Callable[..., Result]) -> None:
    asked = empelt("find", "Castro")
    assert asked.exit_code == 2
    assert asked.stdout == ""
    for candidate in ("Castro (Galicia, ES)", "Castro (Puglia, IT)", "Castro (Lombardia, IT)"):
        assert f"  {candidate}\n" in asked.stderr
    assert "Puglia, IT" in empelt("find", "Castro (Pulla)").output
    assert "Puglia, IT" in empelt("find", "Castro", "--region", "Apulia").output


def test_an_unknown_name_is_answered_with_names_spelt_nearly_so(empelt: Callable[..., Result]) -> None:
    asked = empelt("find", "Barcelonna")
    assert asked.exit_code == 2
    assert "No municipality is known as 'Barcelonna'. Did you mean:" in asked.stderr
    assert "  Barcelona (Catalunya, ES)\n" in asked.stderr


def test_a_place_of_geonames_is_shown_as_such(empelt: Callable[..., Result]) -> None:
    shown = empelt("find", "Girona").output
    assert "no official list of its country is imported" in shown
    assert "code " not in shown.partition("source")[0]
