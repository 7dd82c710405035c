"""Facets and filters: each value of a facet is a mask over the records of a snapshot, so any share is exact."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from corpus.practice import Practice
from corpus.regions import canonical_region
from indexer.dense import Allowed

POPULATION_BANDS = (("under-5000", 0, 5_000), ("5000-20000", 5_000, 20_000), ("20000-50000", 20_000, 50_000))
LARGEST_BAND = "over-50000"
UNKNOWN_YEAR = 0

FACETS = (
    "language", "country", "region", "theme", "target_group", "status", "evidence", "population_band"
)  # fmt: skip


def population_band(population: int | None) -> str | None:
    """The band of a population: below 5,000, 20,000 or 50,000 (where duties change in Spain), or above."""
    if population is None:
        return None
    return next((name for name, low, high in POPULATION_BANDS if low <= population < high), LARGEST_BAND)


def facet_values(practice: Practice) -> dict[str, tuple[str, ...]]:
    """The values of each facet that a practice has; a facet it says nothing on is empty.

    A region goes by our word for it: "Cataluña" and "Catalunya" are one value.
    """
    body = practice.body
    single = {
        "language": practice.language.value,
        "country": body.country if body else None,
        "region": canonical_region(body.region) if body and body.region else None,
        "status": practice.status.value if practice.status else None,
        "evidence": practice.evidence.value if practice.evidence else None,
        "population_band": population_band(body.population) if body else None,
    }
    return {facet: (value,) if value else () for facet, value in single.items()} | {
        "theme": tuple(theme.value for theme in practice.themes),
        "target_group": tuple(group.value for group in practice.target_groups),
    }


@dataclass(frozen=True)
class Filter:
    """What a result must be: for each facet one of the values named, and a range of starting years.

    A region may go by any of its names.
    """

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    from_year: int | None = None
    to_year: int | None = None

    def __bool__(self) -> bool:
        return any(self.values.values()) or self.from_year is not None or self.to_year is not None


class Columns:
    """The facets of all records of one snapshot, ready to filter and to count."""

    def __init__(self, practices: Iterable[Practice]) -> None:
        years = []
        rows: dict[tuple[str, str], list[int]] = {}
        for row, practice in enumerate(practices):
            years.append(practice.start_year or UNKNOWN_YEAR)
            for facet, values in facet_values(practice).items():
                for value in values:
                    rows.setdefault((facet, value), []).append(row)
        self._years: NDArray[np.int16] = np.array(years, dtype=np.int16)
        self._masks = {key: self._mask(members) for key, members in rows.items()}

    def _mask(self, rows: Sequence[int]) -> Allowed:
        mask = np.zeros(len(self._years), dtype=np.bool_)
        mask[list(rows)] = True
        return mask

    def allowed(self, filters: Filter) -> Allowed | None:
        """One bool a record; None when nothing is filtered. A record that does not say is not allowed."""
        if not filters:
            return None
        mask = np.ones(len(self._years), dtype=np.bool_)
        for facet, values in filters.values.items():
            if values:
                wanted = map(canonical_region, values) if facet == "region" else values
                none = np.zeros(len(self._years), dtype=np.bool_)
                mask &= np.logical_or.reduce([self._masks.get((facet, value), none) for value in wanted])
        if filters.from_year is not None:
            mask &= self._years >= filters.from_year
        if filters.to_year is not None:
            mask &= (self._years <= filters.to_year) & (self._years != UNKNOWN_YEAR)
        return mask

    def counts(self, rows: Sequence[int]) -> dict[str, dict[str, int]]:
        """How many of some records have each value, by facet, most frequent first."""
        shown = self._mask(rows)
        counted: dict[str, Counter[str]] = {facet: Counter() for facet in FACETS}
        for (facet, value), mask in self._masks.items():
            if number := int((mask & shown).sum()):
                counted[facet][value] = number
        return {
            facet: dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
            for facet, counts in counted.items()
        }
