"""Municipalities, and bodies made of them: found by a name in any of their languages, or by official code.

Populations are inhabitants, areas square kilometres, coordinates degrees (WGS 84). The places come
from GeoNames until an official list is imported (INE, ISTAT); from then on that list rules.
"""

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from difflib import get_close_matches
from enum import StrEnum
from heapq import nsmallest
from itertools import takewhile
from sys import intern
from typing import Any

from corpus.errors import AmbiguousMunicipality, UnknownMunicipality
from corpus.place_names import Fit, fit_of, loose_name, qualified, spellings_of, upright_name
from corpus.regions import country_code, same_region
from corpus.vocabulary import BodyType

# A name shared by several is no ambiguity when one place has more than this many times the people of
# every other: who writes "Palma" means Mallorca's (438,000), not Palma in Sicily (725). Below that we
# ask. Of the 391 names that GeoNames places share, 20 settles 31 and 10 would settle 55, among them
# Favara (Sicily 32,110, València 1,855) and Muros (Galicia 9,999, Sardinia 781): both have town halls.
DOMINANCE = 20
UNKNOWN_POPULATION = 1_000  # what a place without a figure counts for there: GeoNames lacks those of villages

_LINK_AT_THE_END = re.compile(r"[\s'’]+(?:de|d|del|la|el|l|di|della)$", re.IGNORECASE)


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


FIELDS = [field.name for field in fields(Municipality)]
_NAME, _OTHER_NAMES, _CODE = (FIELDS.index(name) for name in ("name", "other_names", "code"))
_POPULATION, _PROVINCE, _REGION = (FIELDS.index(name) for name in ("population", "province", "region"))
_COUNTRY, _SOURCE, _GEONAMES_ID = (FIELDS.index(name) for name in ("country", "source", "geonames_id"))

Row = list[Any]  # the fields of one Municipality in order; a third of the memory of the object itself


class Municipalities:
    """Every known municipality, found by name or code; and the bodies made of them.

    Rows stay plain lists until one is asked for. Two parallel arrays, sorted by folded name, serve
    `find` and `search` alike.
    """

    def __init__(self, municipalities: Iterable[Municipality]) -> None:
        self._take([list(astuple(each)) for each in municipalities], names=None)

    @classmethod
    def of_rows(cls, rows: list[Row], names: tuple[list[str], list[int]] | None = None) -> "Municipalities":
        """From rows as `FIELDS` orders them, and their folded names where these are known; neither is copied."""
        made = cls.__new__(cls)
        made._take(rows, names)
        return made

    def _take(self, rows: list[Row], names: tuple[list[str], list[int]] | None) -> None:
        for row in rows:
            for at in (_PROVINCE, _REGION, _COUNTRY, _SOURCE):
                row[at] = row[at] and intern(row[at])
        self._rows = rows
        self._names, ids = names or folded_names(rows)
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
        made = Municipalities.of_rows(self._rows, (self._names, self._ids.tolist()))
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

        name, within = upright_name(asked), [region, country]
        found = self._called(name)
        if not found and (parts := qualified(asked)):
            name = upright_name(parts[0])
            found = self._called(name)
            within += parts[1]
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
        loose = loose_name(name)
        found = [
            body
            for body in self._bodies
            if loose_name(body.name) == loose
            and body_type in (None, body.type)
            and (region is None or same_region(body.region, region))
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
                if not exact or name in spellings_of(municipality.name):
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
        begun = loose_name(_LINK_AT_THE_END.sub("", prefix.strip()))
        if not begun:
            return []
        first = bisect_left(self._names, begun)
        ranks: dict[int, tuple[bool, bool, int]] = {}
        for at in takewhile(lambda at: self._names[at].startswith(begun), range(first, len(self._names))):
            row = self._ids[at]
            own = any(loose_name(name).startswith(begun) for name in spellings_of(self._rows[row][_NAME]))
            rank = (self._names[at] != begun, not own, -self._people(row))
            ranks[row] = min(rank, ranks.get(row, rank))
        return [self._at(row) for row in nsmallest(limit, ranks, key=lambda row: ranks[row])]

    def _called(self, name: str) -> list[int]:
        """The rows with a name that folds to this one's fold, or to that of its halves."""
        rows: dict[int, None] = {}
        for loose in dict.fromkeys(map(loose_name, spellings_of(name))):
            at = bisect_left(self._names, loose)
            while loose and at < len(self._names) and self._names[at] == loose:
                rows[self._ids[at]] = None
                at += 1
        return list(rows)

    def _people(self, at: int) -> int:
        return self._rows[at][_POPULATION] or UNKNOWN_POPULATION

    def _longer(self, name: str) -> list[int]:
        """The rows whose own name goes on where this one ends, the most populous first."""
        begun = loose_name(name) + " "
        first = bisect_left(self._names, begun)
        rows = {
            self._ids[at]
            for at in takewhile(lambda at: self._names[at].startswith(begun), range(first, len(self._names)))
        }
        own = [at for at in rows if loose_name(self._rows[at][_NAME]).startswith(begun)]
        return sorted(own, key=lambda at: -self._people(at))

    def _lies_in(self, at: int, place: str) -> bool:
        row = self._rows[at]
        if place == row[_COUNTRY] or country_code(place) == row[_COUNTRY]:
            return True
        return same_region(row[_REGION], place) or any(
            loose_name(half) == loose_name(place) for half in spellings_of(row[_PROVINCE] or "")
        )

    def _meant(self, name: str, found: Sequence[int]) -> int:
        """The one row that is meant.

        Raises:
            AmbiguousMunicipality: no row stands out.
        """
        people = {at: self._people(at) for at in found}
        fits = {at: fit_of(name, self._rows[at][_NAME], self._rows[at][_OTHER_NAMES]) for at in found}
        best = next(fit for fit in Fit if fit in fits.values())
        named = sorted((at for at in found if fits[at] is best), key=lambda at: -people[at])
        # Where a country's official list is known, a mere place of that name is no reason to ask.
        official = {self._rows[at][_COUNTRY] for at in named if self._rows[at][_CODE]}
        named = [at for at in named if self._rows[at][_CODE] or self._rows[at][_COUNTRY] not in official]
        meant = named[0]
        settled = all(people[meant] > DOMINANCE * people[at] for at in named[1:])
        # "Santa Coloma" is the whole name of an Andorran village, yet few who write it mean that one
        # and not Santa Coloma de Gramenet: a better fit gives way to a question when dwarfed.
        dwarfed = [at for at in found if people[at] > DOMINANCE * people[meant]]
        if fit_of(name, self._rows[meant][_NAME]) is Fit.OTHER:
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
        loose = loose_name(name)
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


def folded_names(rows: list[Row]) -> tuple[list[str], list[int]]:
    """Every folded name with the number of its row, sorted: two parallel lists."""
    pairs = sorted(
        {
            (loose, at)
            for at, row in enumerate(rows)
            for name in (row[_NAME], *row[_OTHER_NAMES])
            for spelling in spellings_of(name)
            if (loose := loose_name(spelling))
        }
    )
    return [name for name, _ in pairs], [at for _, at in pairs]
