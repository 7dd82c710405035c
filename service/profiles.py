"""What is known of a municipality: reference data, overlaid by what it says of itself, each value with its source.

Inhabitants, square kilometres, EUR a year, shares in [0, 1]. The kind of settlement follows the thresholds of the
Degree of Urbanisation (Eurostat, regulation 2017/2391) over the whole municipality: the real one is worked out on
a population grid of one kilometre, which no list of municipalities has.
"""

import csv
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from io import TextIOWrapper
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from corpus.errors import MunicipalityError, Problem, UnknownMunicipality, UnreadableSource
from corpus.importers.drafts import Format
from corpus.importers.files import bounded_lines, encoding_of, format_of, open_source
from corpus.importers.headings import fold, load_headings
from corpus.importers.sandbox import parse_in_child
from corpus.importers.table import DELIMITERS, HEADER_WITHIN, unescape_cell
from corpus.importers.values import Doubt, codes, read_budget, read_count
from corpus.municipality import Municipalities, Municipality, SettlementClass, settlement_class
from corpus.network import Profile, Settlement
from corpus.vocabulary import Language, TargetGroup
from service.transferability import SIZE_BANDS, Value

CITY_FROM = (50_000, 1_500)  # inhabitants, and inhabitants per km²
TOWN_FROM = (5_000, 300)
MOST_ROWS = 20_000  # of one file; Spain and Italy together have 16,027 municipalities

# The official languages of a territory that Empelt reads, and the law that says so. Valencian is Catalan here.
_CATALAN_TOO = (Language.CATALAN, Language.SPANISH)
_OF_REGION = {
    "Catalunya": (_CATALAN_TOO, "Estatut d’autonomia (LO 6/2006), art. 6"),
    "Illes Balears": (_CATALAN_TOO, "Estatut d’autonomia (LO 1/2007), art. 4"),
    "Comunitat Valenciana": (_CATALAN_TOO, "Estatut d’autonomia (LO 5/1982, LO 1/2006), art. 6"),
}
_OF_COUNTRY = {
    "ES": ((Language.SPANISH,), "Constitución Española, art. 3"),
    "IT": ((Language.ITALIAN,), "Legge 482/1999, art. 1"),
    "AD": ((Language.CATALAN,), "Constitució del Principat d’Andorra, art. 2"),
}
_ALGHERO = ("Alghero", "Sardegna")  # L'Alguer
_OF_ALGHERO = (
    (Language.CATALAN, Language.ITALIAN),
    "Legge 482/1999, art. 2; Legge regionale Sardegna 22/2018, art. 2",
)

_ONLY_STATED = ("budget_eur", "ageing_share", "services", "target_groups")  # no reference data tells these


class Finding(StrEnum):
    """Where a value comes from, or why there is none."""

    STATED = "stated"  # by the municipality itself
    INE = "ine"
    ISTAT = "istat"
    GEONAMES = "geonames"
    LAW = "law"
    DERIVED = "derived"  # worked out from other values
    NOT_STATED = "not-stated"  # no reference data tells it: the municipality may
    NO_REFERENCE = "no-reference"  # the list it stands in does not tell it
    NO_POPULATION = "no-population"
    NO_DENSITY = "no-density"


@dataclass(frozen=True, slots=True)
class Fact:
    """One attribute of a municipality with its source."""

    attribute: str
    value: Value
    finding: Finding
    year: int | None = None  # the value stands for
    details: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownProfile:
    """A municipality with what it says of itself; a stated value comes before reference data. Unknown is None."""

    municipality: Municipality
    stated: Profile | None = None

    @property
    def population(self) -> int | None:
        """Inhabitants."""
        stated = self.stated.population if self.stated else None
        return stated or self.municipality.population or None  # a list writes 0 for want of a figure

    @property
    def density_per_km2(self) -> float | None:
        """Inhabitants per square kilometre."""
        area_km2 = self.municipality.area_km2
        return self.population / area_km2 if self.population and area_km2 else None

    @property
    def settlement_class(self) -> SettlementClass | None:
        """The class of its population."""
        return settlement_class(self.population)

    @property
    def settlement(self) -> Settlement | None:
        """The kind of settlement, stated or derived."""
        stated = self.stated.settlement if self.stated else None
        return stated or settlement_of(self.population, self.density_per_km2)

    @property
    def duty_band(self) -> int | None:
        """0 to 3: in which of the four bands between `SIZE_BANDS` its population lies."""
        return None if self.population is None else bisect_left(SIZE_BANDS, self.population)

    @property
    def languages(self) -> tuple[Language, ...]:
        """Those its staff read, or else the official ones of its territory."""
        stated = self.stated.languages if self.stated else ()
        return stated or official_languages(self.municipality)[0]

    @property
    def budget_per_head_eur(self) -> float | None:
        """Yearly budget of social services per inhabitant."""
        budget_eur = self.stated.budget_eur if self.stated else None
        return budget_eur / self.population if budget_eur is not None and self.population else None

    @property
    def ageing_share(self) -> float | None:
        """Share of inhabitants aged 65 and over."""
        return self.stated.ageing_share if self.stated else None

    @property
    def services(self) -> tuple[str, ...]:
        """Services already there, in its own words."""
        return self.stated.services if self.stated else ()

    @property
    def target_groups(self) -> tuple[TargetGroup, ...]:
        """Groups it is most concerned with."""
        return self.stated.target_groups if self.stated else ()

    @property
    def place(self) -> Municipality:
        """The municipality with its stated population, as fit compares it."""
        here = self.municipality
        if self.population == here.population:
            return here
        return replace(here, population=self.population, population_year=None)

    def facts(self) -> tuple[Fact, ...]:
        """Every attribute in the order it is shown, known or not, with its source."""
        here, listed = self.municipality, Finding(self.municipality.source)

        def told(name: str, value: Value, finding: Finding, year: int | None = None, **details: Value) -> Fact:
            said = getattr(self.stated, name, None)
            if said not in (None, ()):
                return Fact(name, tuple(map(str, said)) if isinstance(said, tuple) else said, Finding.STATED)
            return Fact(name, value, finding, year, details)

        def reference(name: str, value: Value, year: int | None = None) -> Fact:
            return told(name, value, Finding.NO_REFERENCE if value is None else listed, year if value else None)

        density, (languages, law) = self.density_per_km2, official_languages(here)
        from_population = from_density = Finding.DERIVED if self.population else Finding.NO_POPULATION
        if self.population and not density:
            from_density = Finding.NO_DENSITY
        point = None
        if here.latitude is not None and here.longitude is not None:
            point = f"{here.latitude:.4f}, {here.longitude:.4f}"
        contact = self.stated.contact if self.stated else None
        return (
            reference("population", here.population or None, here.population_year),
            Fact("settlement_class", self.settlement_class, from_population),
            Fact("duty_band", self.duty_band, from_population),
            Fact("density", density and round(density, 1), from_density),
            told("settlement", settlement_of(self.population, density), from_density),
            Fact("coordinates", point, Finding.GEONAMES if point else Finding.NO_REFERENCE),
            reference("province", here.province),
            reference("region", here.region),
            reference("country", here.country),
            told("languages", tuple(map(str, languages)), Finding.LAW, law=law)
            if law
            else reference("languages", None),
            *(told(name, None, Finding.NOT_STATED) for name in _ONLY_STATED),
            Fact("contact", contact.body if contact else None, Finding.STATED if contact else Finding.NOT_STATED),
        )


def settlement_of(population: int | None, density_per_km2: float | None) -> Settlement | None:
    """City, town or rural by the thresholds of the Degree of Urbanisation; None when either figure is unknown."""
    if not population or not density_per_km2:
        return None
    for kind, (people, per_km2) in ((Settlement.CITY, CITY_FROM), (Settlement.TOWN, TOWN_FROM)):
        if population >= people and density_per_km2 >= per_km2:
            return kind
    return Settlement.RURAL


def official_languages(municipality: Municipality) -> tuple[tuple[Language, ...], str | None]:
    """The official languages of its territory that Empelt reads, and the law; none where we know of none."""
    if (municipality.name, municipality.region) == _ALGHERO:
        return _OF_ALGHERO
    found = _OF_REGION.get(municipality.region or "") or _OF_COUNTRY.get(municipality.country or "")
    return found or ((), None)


# --- profiles from a file --------------------------------------------------------------------------

_COLUMNS = {  # Catalan, Spanish, Italian, English; compared as `fold` leaves them
    "municipality": "municipi, ajuntament, municipio, ayuntamiento, comune, municipality, town",
    "code": "codi, codi INE, código, código INE, codice, codice ISTAT, codice comune, code, INE, ISTAT",
    "region": "regió, província, comunitat autònoma, región, provincia, comunidad autónoma, regione, region, "
    "province",
    "population": "població, habitants, nombre d'habitants, población, habitantes, número de habitantes, "
    "popolazione, abitanti, popolazione residente, population, inhabitants",
    "settlement": "assentament, tipus d'assentament, grau d'urbanització, asentamiento, tipo de asentamiento, "
    "grado de urbanización, insediamento, tipo di insediamento, grado di urbanizzazione, settlement, "
    "kind of settlement, degree of urbanisation",
    "languages": "llengües, idiomes, lenguas, idiomas, lingue, languages",
    "budget_eur": "pressupost, pressupost de serveis socials, presupuesto, presupuesto de servicios sociales, "
    "bilancio, bilancio dei servizi sociali, spesa sociale, budget, budget of social services",
    "ageing_share": "65 anys i més, % 65 anys i més, població de 65 anys i més, 65 años y más, % 65 años y más, "
    "población de 65 años y más, 65 anni e oltre, % 65 anni e oltre, popolazione di 65 anni e oltre, "
    "65 and over, % 65 and over, aged 65 and over",
    "services": "serveis, serveis existents, servicios, servicios existentes, servizi, servizi esistenti, "
    "services",
    "target_groups": "col·lectius, grups destinataris, colectivos, grupos destinatarios, destinatari, "
    "gruppi destinatari, target groups",
    "contact.body": "contacte, contacto, contatto, ufficio, contact, office",
    "contact.email": "correu, correu electrònic, correo, correo electrónico, posta elettronica, email, e-mail",
    "contact.phone": "telèfon, teléfono, telefono, phone",
    "contact.url": "web, pàgina web, página web, sito web, website",
}
_FIELD_OF = {fold(heading): name for name, headings in _COLUMNS.items() for heading in headings.split(", ")} | {
    fold(name): name for name in _COLUMNS
}
_SETTLEMENT_OF = {
    fold(word): kind
    for kind, words in {
        Settlement.CITY: "city, ciutat, ciudad, città",
        Settlement.TOWN: "town, vila, villa, cittadina",
        Settlement.RURAL: "rural, rurale, zona rural, zona rurale, àrea rural, area rurale",
    }.items()
    for word in words.split(", ")
}
_HINT = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")  # "Pressupost (EUR)"
_SHARE = re.compile(r"(\d{1,3}(?:[.,]\d+)?)\s*(%?)")
_AND = re.compile(r"[,/|]|\s+(?:[iye]|and)\s+")


@dataclass(frozen=True)
class ProfilesRead:
    """What a file of profiles would bring: nothing is stored here.

    A problem keeps its row out. A doubt lets it in: something was read with a guess, or left aside.
    """

    profiles: tuple[Profile, ...]
    problems: tuple[Problem, ...]
    doubts: tuple[Problem, ...]


def read_profiles(source: Path | bytes, places: Municipalities, *, name: str = "") -> ProfilesRead:
    """The profiles of a CSV or XLSX, one a row; its columns may be named in Catalan, Spanish, Italian or English.

    A row names its municipality by code or by name, with its region where the name is shared. Several services,
    languages or groups in a cell are parted by semicolons. `name`: what to call the bytes of an upload, with its
    ending.

    Raises:
        UnreadableSource: the file is neither, unsafe to open, too long, or no row of it names the columns.
    """
    name = name or (source.name if isinstance(source, Path) else "the file")
    reading = _Reading(places)
    with closing(open_source(source)) as file:
        for place, sheet in groupby(_rows(file, name), key=itemgetter(0)):
            reading.table(place, ((number, cells) for _, number, cells in sheet))
    if not reading.tables:
        raise UnreadableSource(
            f"{name}: none of the first {HEADER_WITHIN} rows names the municipality or its code and one more "
            'column (such as "Municipi" and "Habitants", "Comune" and "Abitanti").'
        )
    return ProfilesRead(tuple(reading.profiles.values()), tuple(reading.problems), tuple(reading.doubts))


def _rows(file: BinaryIO, name: str) -> Iterator[tuple[str, int, list[str]]]:
    """Every row as the file or sheet it stands in, its number from 1, and its cells."""
    found = format_of(file, name, None)
    if found is Format.XLSX:
        for _, items in groupby(parse_in_child("workbook", file, name), key=itemgetter(0)):
            contents = map(itemgetter(1), items)
            place = f"{name}, sheet {next(contents)['sheet']!r}"
            yield from ((place, number, cells) for number, cells in enumerate(contents, start=1))
        return
    if found is not Format.CSV:
        raise UnreadableSource(f"{name} should be a CSV file (.csv) or an Excel workbook (.xlsx).")
    with TextIOWrapper(file, encoding=encoding_of(file), newline="") as text:
        lines = bounded_lines(text, name)
        top = list(islice(lines, HEADER_WITHIN))
        reader = csv.reader(chain(top, lines), delimiter=max(DELIMITERS, key="".join(top).count), strict=True)
        try:
            yield from ((name, number, cells) for number, cells in enumerate(reader, start=1))
        except csv.Error as error:
            raise UnreadableSource(f"{name}, line {reader.line_num}: is not CSV: {error}.") from None


class _BadCell(ValueError):
    """A cell that will not do, and the field it stands for."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(reason)


class _Reading:
    """The tables of one file on their way to profiles."""

    def __init__(self, places: Municipalities) -> None:
        self.places, self.words = places, load_headings()
        self.tables = 0
        self.profiles: dict[str, Profile] = {}
        self.problems: list[Problem] = []
        self.doubts: list[Problem] = []
        self._first: dict[str, str] = {}  # where each municipality stands first

    def table(self, place: str, rows: Iterator[tuple[int, list[str]]]) -> None:
        """Read one sheet; one whose first rows name no columns is left aside."""
        top = list(islice(rows, HEADER_WITHIN))
        named = [[_FIELD_OF.get(fold(_HINT.sub(" ", cell))) for cell in cells] for _, cells in top]
        found = (
            at
            for at, fields in enumerate(named)
            if len({*fields, None}) > 2 and {"municipality", "code"} & {*fields}
        )
        if (at := next(found, None)) is None:
            return
        self.tables += 1
        (heading_row, header), fields = top[at], named[at]
        for cell, known in zip(header, fields, strict=True):
            if cell.strip() and not known:
                self.doubts.append(Problem(place, cell.strip(), "is no column we know; not read", row=heading_row))
        headings = {known: cell.strip() for cell, known in zip(header, fields, strict=True) if known}
        for number, cells in chain(top[at + 1 :], rows):
            if number > MOST_ROWS:
                raise UnreadableSource(f"{place}: holds more than {MOST_ROWS:,} rows.")
            told = {
                known: unescape_cell(cell.strip()) for cell, known in zip(cells, fields, strict=False) if known
            }
            told = {known: text for known, text in told.items() if fold(text) not in self.words.words["absent"]}
            if told:
                self._row(place, number, told, headings)

    def _row(self, place: str, row: int, told: dict[str, str], headings: Mapping[str, str]) -> None:
        """Read one row; any fault keeps it out."""
        faults: list[Problem] = []
        values: dict[str, Any] = {}
        contact: dict[str, str] = {}
        here: Municipality | None = None

        def note(notes: list[Problem], name: str, reason: str) -> None:
            notes.append(Problem(place, headings.get(name, name), reason, told.get(name, ""), row))

        try:
            here = self._municipality(told, f"{place}, row {row}")
        except _BadCell as bad:
            note(faults, bad.field, str(bad))
        for name, text in told.items():
            try:
                if name.startswith("contact."):
                    contact[name.removeprefix("contact.")] = text
                elif name not in ("municipality", "code", "region"):
                    values[name] = self._value(name, text, partial(note, self.doubts, name))
            except ValueError as error:
                note(faults, name, str(error))
        if here and not faults and not values and not contact:
            note(self.doubts, "municipality", "states nothing of itself; left out")
        elif here and not faults:
            if contact:
                values["contact"] = {"body": here.name} | contact
            try:
                self.profiles[here.key] = Profile.model_validate({"municipality": here.key} | values)
            except ValidationError as error:
                for each in error.errors(include_url=False, include_context=False):
                    name = ".".join(part for part in each["loc"] if isinstance(part, str))
                    note(faults, name, each["msg"].removeprefix("Value error, "))
        self.problems += faults

    def _municipality(self, told: Mapping[str, str], stands_in: str) -> Municipality:
        """The one a row is about.

        Raises:
            _BadCell: none is, several are, or it stood in a row above.
        """
        found = self._named(told)
        if found.key in self._first:
            raise _BadCell(
                "municipality" if "municipality" in told else "code",
                f"{found} stands already in {self._first[found.key]}",
            )
        self._first[found.key] = stands_in
        return found

    def _named(self, told: Mapping[str, str]) -> Municipality:
        """By code; where no official list is known, so no code either, by name."""
        code, called = told.get("code"), told.get("municipality")
        named: Municipality | None = None
        refused = "names no municipality"
        if called:
            try:
                named = self.places.find(called, region=told.get("region"))
            except MunicipalityError as error:
                refused = str(error)
        if not code:
            if named is None:
                raise _BadCell("municipality", refused)
            return named
        if not re.fullmatch(r"\d{5,6}", code):
            raise _BadCell("code", "is no code of 5 digits (INE) or 6 (ISTAT); did a spreadsheet drop its zeros?")
        try:
            coded = self.places.find(code)
        except UnknownMunicipality as error:
            if named is None or named.code:
                raise _BadCell("code", str(error)) from None
            return named
        if named and named.key != coded.key:
            raise _BadCell("code", f"is the code of {coded}, but the row names {named}")
        return coded

    def _value(self, name: str, text: str, doubt: Doubt) -> Any:
        """The value of a cell.

        Raises:
            ValueError: it is no such value; the message says what would be right.
        """
        match name:
            case "population":
                return read_count(text, self.words, doubt)
            case "settlement":
                if fold(text) not in _SETTLEMENT_OF:
                    raise ValueError(f"is none of: {', '.join(Settlement)}")
                return _SETTLEMENT_OF[fold(text)]
            case "languages":
                return codes("language")(_AND.sub(";", text), self.words, doubt)
            case "target_groups":
                return codes("target_group")(text, self.words, doubt)
            case "budget_eur":
                lines = read_budget(text, self.words, doubt)
                if len(lines) != 1:
                    raise ValueError("is not one amount in euros")
                return lines[0]["amount_eur"]
            case "ageing_share":
                if not (share := _SHARE.fullmatch(text)):
                    raise ValueError("is no share such as 0.235, 23.5 or 23,5 %")
                number = float(share[1].replace(",", "."))
                return number / 100 if share[2] or number > 1 else number  # no share exceeds 1
            case _:  # services
                return [part for piece in re.split(r"[;\n|]", text) if (part := piece.strip(" .•-"))]
