"""Municipalities like mine: Gower's distance over what is known of both, with the attributes that make it.

Distances lie in [0, 1], 0 is alike in all that is known (Gower 1971, doi 10.2307/2528823). An attribute unknown of
either is left out of that pair, and `coverage` says how much of what counts was compared.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.municipality import Municipality
from corpus.network import Settlement
from corpus.place_names import plain_name
from corpus.regions import canonical_region
from service.profiles import KnownProfile
from service.transferability import EARTH_RADIUS_KM, SIZE_BANDS, Value

WEIGHTS_VERSION = "2026-12"  # changes with any weight, span or bound below
LARGEST_WEIGHT = 100

# A twin must be known by at least this share of what is known of mine: a hamlet of which nothing but the region is
# known would otherwise be the nearest of all.
LEAST_COVERAGE = 0.5

# What counts as wholly unlike, Gower's range. The middle 98 in a hundred municipalities of Spain and Italy have 25
# to 79,000 inhabitants (INE 2021, ISTAT 2022); the other spans are our choice.
POPULATION_SPAN = math.log(80_000 / 25)
DISTANCE_SPAN_KM = 1_000.0
AGEING_SPAN = 0.3
BUDGET_SPAN = math.log(10)  # ten times as much per inhabitant

Column = NDArray[Any]  # what one attribute is of each municipality, one row each
Distances = NDArray[np.float64]  # in [0, 1], NaN where unknown


@dataclass(frozen=True, slots=True)
class Comparison:
    """One attribute of two municipalities: both values and their distance in [0, 1], None when unknown."""

    attribute: str
    yours: Value
    theirs: Value  # for "distance" the kilometres between the two, as the crow flies
    distance: float | None


@dataclass(frozen=True, slots=True)
class Twin:
    """A municipality like mine, and what makes it so."""

    municipality: Municipality
    distance: float  # in [0, 1]: weighted mean over what is known of both
    coverage: float  # in [0, 1]: known weight of all weight
    agrees: tuple[Comparison, ...]
    differs: tuple[Comparison, ...]
    unknown: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A row of the table: what it weighs, how it is shown, and how it is compared."""

    weight: float
    value: Callable[[KnownProfile], Value]
    column: Callable[[Sequence[KnownProfile]], Column]
    distances: Callable[[Column, Column], Distances]  # of one row to each of the others
    alike_up_to: float = 0.0  # a larger distance is told among the differences


def _numbers(values: Iterable[float | None]) -> Column:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _logarithms(values: Iterable[float | None]) -> Column:
    return np.asarray(np.log(np.maximum(_numbers(values), 0.01)))


def _over(span: float) -> Callable[[Column, Column], Distances]:
    """Gower's distance of a number: the difference as a share of its range."""
    return lambda mine, theirs: np.minimum(np.abs(theirs - mine) / span, 1.0)


def _points(profiles: Sequence[KnownProfile]) -> Column:
    places = [profile.municipality for profile in profiles]
    degrees = (_numbers(place.latitude for place in places), _numbers(place.longitude for place in places))
    return np.asarray(np.radians(np.column_stack(degrees)))


def _kilometres(mine: Column, theirs: Column) -> Distances:
    """Great-circle distance by the haversine formula."""
    half = np.sin((theirs - mine) / 2) ** 2
    chord = half[:, 0] + np.cos(mine[:, 0]) * np.cos(theirs[:, 0]) * half[:, 1]
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0))))


def _territories(profiles: Sequence[KnownProfile]) -> Column:
    names = {profile.municipality.region or "" for profile in profiles}
    own = {name: canonical_region(name) for name in names}
    return np.array(
        [(profile.municipality.country or "", own[profile.municipality.region or ""]) for profile in profiles]
    ).reshape(-1, 2)


def _framework(mine: Column, theirs: Column) -> Distances:
    """0 in the same region, whose law on social services is one; 0.5 in another of the country; else 1."""
    known = (mine != "") & (theirs != "")
    same = mine == theirs
    within = np.where(known[:, 1], np.where(same[:, 1], 0.0, 0.5), np.nan)
    return np.where(known[:, 0], np.where(same[:, 0], within, 1.0), np.nan)


def _sets(value: Callable[[KnownProfile], Iterable[str]]) -> Callable[[Sequence[KnownProfile]], Column]:
    def column(profiles: Sequence[KnownProfile]) -> Column:
        return np.fromiter((frozenset(value(profile)) for profile in profiles), dtype=object, count=len(profiles))

    return column


def _unshared(mine: Column, theirs: Column) -> Distances:
    """Gower's distance where joint absence says nothing: what is not shared, as a share of all (Jaccard)."""
    own = mine[0]
    return _numbers(1 - len(own & other) / len(own | other) if own and other else None for other in theirs)


_RANK_OF: dict[Settlement | None, float] = {kind: float(rank) for rank, kind in enumerate(Settlement)}

ATTRIBUTES: dict[str, Attribute] = {
    "population": Attribute(
        4,
        lambda profile: profile.population,
        lambda profiles: _logarithms(profile.population for profile in profiles),
        _over(POPULATION_SPAN),
        alike_up_to=math.log(2) / POPULATION_SPAN,  # at most twice or half as large
    ),
    "duty_band": Attribute(
        2,
        lambda profile: profile.duty_band,
        lambda profiles: _numbers(profile.duty_band for profile in profiles),
        _over(len(SIZE_BANDS)),
    ),
    "settlement": Attribute(
        1,
        lambda profile: profile.settlement,
        lambda profiles: _numbers(_RANK_OF.get(profile.settlement) for profile in profiles),
        _over(len(Settlement) - 1),
    ),
    "territory": Attribute(
        2,
        lambda profile: tuple(filter(None, (profile.municipality.region, profile.municipality.country))),
        _territories,
        _framework,
    ),
    "distance": Attribute(
        1,
        lambda profile: None,
        _points,
        lambda mine, theirs: np.minimum(_kilometres(mine, theirs) / DISTANCE_SPAN_KM, 1.0),
        alike_up_to=50 / DISTANCE_SPAN_KM,
    ),
    "languages": Attribute(
        1,
        lambda profile: tuple(map(str, profile.languages)),
        _sets(lambda profile: profile.languages),
        _unshared,
        alike_up_to=0.5,
    ),
    "ageing_share": Attribute(
        2,
        lambda profile: profile.ageing_share,
        lambda profiles: _numbers(profile.ageing_share for profile in profiles),
        _over(AGEING_SPAN),
        alike_up_to=0.1,
    ),
    "budget_per_head_eur": Attribute(
        1,
        lambda profile: profile.budget_per_head_eur,
        lambda profiles: _logarithms(profile.budget_per_head_eur for profile in profiles),
        _over(BUDGET_SPAN),
        alike_up_to=math.log(1.5) / BUDGET_SPAN,
    ),
    "services": Attribute(  # in the words of each: other words for the same service count as another one
        1,
        lambda profile: profile.services,
        _sets(lambda profile: map(plain_name, profile.services)),
        _unshared,
        alike_up_to=0.5,
    ),
    "target_groups": Attribute(
        1,
        lambda profile: tuple(map(str, profile.target_groups)),
        _sets(lambda profile: profile.target_groups),
        _unshared,
        alike_up_to=0.5,
    ),
}


class Towns:
    """Profiles as columns, one row a municipality, to be compared with many; made once, some 0.2 s for 16,000."""

    def __init__(self, profiles: Iterable[KnownProfile]) -> None:
        self.profiles = tuple(profiles)
        self.keys = tuple(profile.municipality.key for profile in self.profiles)
        self._columns = {code: attribute.column(self.profiles) for code, attribute in ATTRIBUTES.items()}

    def distances(self, mine: KnownProfile) -> Distances:
        """Of each attribute to each municipality, of shape (attributes, municipalities), NaN where unknown."""
        return np.array(
            [
                attribute.distances(attribute.column((mine,)), self._columns[code])
                for code, attribute in ATTRIBUTES.items()
            ]
        )


def twins_of(
    mine: KnownProfile,
    towns: Towns,
    *,
    among: Collection[str] | None = None,
    top_k: int = 5,
    weights: Mapping[str, float] | None = None,
    least_coverage: float = LEAST_COVERAGE,
) -> list[Twin]:
    """The municipalities nearest to mine, nearest first; of equally near ones, first the one more is known of.

    `among`: only those with one of these keys, and never the municipality itself. `weights`: by attribute, from 0
    to `LARGEST_WEIGHT`, in place of the defaults. `least_coverage`: the share of what is known of mine that must
    be known of a twin too.

    Raises:
        ValueError: a weight names no attribute, or lies outside those bounds.
    """
    checked_weights(weights or {})
    weighed = np.array([(weights or {}).get(code, attribute.weight) for code, attribute in ATTRIBUTES.items()])
    distances = towns.distances(mine)
    known = ~np.isnan(distances)
    known_weight = weighed @ known
    of_mine = weighed @ ~np.isnan(Towns((mine,)).distances(mine)[:, 0])
    own = mine.municipality.key
    eligible = np.array([key != own and (among is None or key in among) for key in towns.keys], dtype=np.bool_)
    rows = np.flatnonzero(eligible & (known_weight > 0) & (known_weight >= least_coverage * of_mine))
    gower = weighed @ np.where(known[:, rows], distances[:, rows], 0.0) / known_weight[rows]
    return [
        _twin(mine, towns.profiles[rows[at]], distances[:, rows[at]], weighed)
        for at in np.lexsort((-known_weight[rows], gower))[:top_k]
    ]


def checked_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """The weights as they are.

    Raises:
        ValueError: one names no attribute, or lies outside 0 to `LARGEST_WEIGHT`.
    """
    for code, weight in weights.items():
        if code not in ATTRIBUTES:
            raise ValueError(f"weights: no attribute is called {code!r}; there are {', '.join(ATTRIBUTES)}")
        if not 0 <= weight <= LARGEST_WEIGHT:
            raise ValueError(f"weights: {code} is {weight}; a weight is a number from 0 to {LARGEST_WEIGHT}")
    return dict(weights)


def _twin(mine: KnownProfile, other: KnownProfile, distances: Distances, weighed: Distances) -> Twin:
    agrees: list[Comparison] = []
    differs: list[Comparison] = []
    unknown: list[Comparison] = []
    for (code, attribute), distance in zip(ATTRIBUTES.items(), distances.tolist(), strict=True):
        yours, theirs = attribute.value(mine), attribute.value(other)
        if code == "distance":
            theirs = _whole_kilometres(mine, other)
        if math.isnan(distance):
            unknown.append(Comparison(code, yours, theirs, None))
        else:
            alike = distance <= attribute.alike_up_to + 1e-9  # exactly twice as large is still alike
            (agrees if alike else differs).append(Comparison(code, yours, theirs, distance))
    known = ~np.isnan(distances)
    known_weight = weighed @ known
    return Twin(
        other.municipality,
        distance=float(weighed[known] @ distances[known] / known_weight),
        coverage=float(known_weight / weighed.sum()),
        agrees=tuple(agrees),
        differs=tuple(differs),
        unknown=tuple(unknown),
    )


def _whole_kilometres(mine: KnownProfile, other: KnownProfile) -> int | None:
    (kilometres,) = _kilometres(_points((mine,)), _points((other,))).tolist()
    return None if math.isnan(kilometres) else round(kilometres)
