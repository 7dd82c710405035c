"""The bank as points on a map: places projected, a field of dots for land, clusters where points would overlap.

Map units: the whole map is `WIDTH` wide, x grows eastward and y southward. Nobody's outline is used: land is where
the known places lie. The Canaries stand in a box of their own, as on any map of Spain.
"""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.ndimage import distance_transform_edt

from corpus.municipality import Municipalities, Municipality
from corpus.practice import Practice
from indexer.snapshot import Snapshot
from service.transferability import Origin, Place

WIDTH = 1_000
WEST, EAST, SOUTH, NORTH = -9.6, 18.9, 35.2, 47.4  # degrees; Spain, Andorra and Italy with their islands
PARALLEL = math.cos(math.radians((SOUTH + NORTH) / 2))  # where this equirectangular map is true to scale
SCALE = WIDTH / ((EAST - WEST) * PARALLEL)  # map units a degree of latitude
HEIGHT = round(SCALE * (NORTH - SOUTH))

CANARIES_NORTH = 31.0  # degrees: what lies further south is moved to where the map shows open sea
CANARIES_MOVED = (8.1, 18.9)  # degrees north and east
CANARIES_BOX = (27.45, 29.55, -18.35, -13.2)  # south, north, west, east, before they are moved

NARROWEST = 16  # map units of the closest look, some 38 km; towns 3 km apart stand apart there
MARGIN = 0.12  # share of what is shown that is left around it
DOT = 6.0  # drawing units between two dots of land
GAP = 4.0  # map units; villages nearer than twice that have land between them
MOST_GAP_DOTS = 12
MOST_POINTS = 2_500  # clustered exactly; of more, those in one cell of a fine grid are taken together first
TEXT_HEIGHT, LETTER_WIDTH = 14.0, 7.6  # drawing units of a label, roughly

LABELLED = 2_000  # largest places that may be named

Points = NDArray[np.float64]  # of shape (points, 2): x and y
Box = tuple[float, float, float, float]  # left, top, width and height


def project(latitudes: Sequence[float], longitudes: Sequence[float]) -> Points:
    """Degrees to map units: an equirectangular projection, the Canaries moved into their box."""
    north, east = np.asarray(latitudes, dtype=np.float64), np.asarray(longitudes, dtype=np.float64)
    moved = north < CANARIES_NORTH
    north, east = north + moved * CANARIES_MOVED[0], east + moved * CANARIES_MOVED[1]
    return np.column_stack(((east - WEST) * PARALLEL * SCALE, (NORTH - north) * SCALE))


@dataclass(frozen=True, slots=True)
class Look:
    """The part of the map that is looked at, in map units; its sides stand as those of the whole map do."""

    x: int = 0
    y: int = 0
    width: int = WIDTH

    @property
    def height(self) -> float:
        """Its height."""
        return self.width * HEIGHT / WIDTH

    @property
    def code(self) -> str:
        """What an address says of it."""
        return f"{self.x}-{self.y}-{self.width}"

    @classmethod
    def of_code(cls, code: str) -> Self | None:
        """The look of a code, kept on the map; None for no code."""
        found = re.fullmatch(r"(\d{1,4})-(\d{1,4})-(\d{1,4})", code, re.ASCII)
        return cls._within(*map(int, found.groups())) if found else None

    @classmethod
    def at(cls, points: Points) -> Self:
        """The closest look that shows all points with a margin."""
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        width = max(right - left, (bottom - top) * WIDTH / HEIGHT) / (1 - 2 * MARGIN)
        width = math.ceil(max(width, NARROWEST))
        centre = ((left + right) / 2, (top + bottom) / 2)
        return cls._within(centre[0] - width / 2, centre[1] - width * HEIGHT / WIDTH / 2, width)

    @classmethod
    def _within(cls, x: float, y: float, width: int) -> Self:
        width = min(max(width, NARROWEST), WIDTH)
        lowest = HEIGHT - width * HEIGHT / WIDTH
        return cls(round(min(max(x, 0), WIDTH - width)), round(min(max(y, 0), lowest)), width)

    def wider(self) -> Self:
        """A look from further away on the same middle."""
        centre = (self.x + self.width / 2, self.y + self.height / 2)
        width = min(3 * self.width, WIDTH)
        return self._within(centre[0] - width / 2, centre[1] - width * HEIGHT / WIDTH / 2, width)

    def shows(self, points: Points) -> NDArray[np.bool_]:
        """Which of some points it shows."""
        beyond = (self.x + self.width, self.y + self.height)
        return np.asarray(((points >= (self.x, self.y)) & (points <= beyond)).all(axis=1))


@dataclass(frozen=True, slots=True)
class Spot:
    """One place with its practices, as rows of the snapshot; a body of several municipalities has no key."""

    place: Place
    x: float
    y: float
    rows: tuple[int, ...]

    @property
    def key(self) -> str | None:
        """The key of its municipality."""
        return self.place.key if isinstance(self.place, Municipality) else None

    @property
    def anchor(self) -> str:
        """Its name within a page; no other spot holds its first practice."""
        return f"place-{self.rows[0]}"


def points_of(spots: Sequence[Spot]) -> Points:
    """Where some spots lie."""
    return np.array([(spot.x, spot.y) for spot in spots], dtype=np.float64).reshape(-1, 2)


class Atlas:
    """Where each practice of a snapshot was done; `unplaced` are those of which no point is known."""

    def __init__(self, snapshot: Snapshot, locate: Callable[[Practice], Origin]) -> None:
        rows: dict[Place, list[int]] = {}
        self.unplaced: list[int] = []
        points: dict[Place, tuple[float, float]] = {}
        for row, practice in enumerate(snapshot.practices()):
            place = locate(practice).place
            if place and place not in points and (degrees := _degrees(place)):
                points[place] = degrees
            if place and place in points:
                rows.setdefault(place, []).append(row)
            else:
                self.unplaced.append(row)
        projected = project([n for n, _ in points.values()], [e for _, e in points.values()]).round(2).tolist()
        self.spots = [
            Spot(place, x, y, tuple(rows[place])) for place, (x, y) in zip(points, projected, strict=True)
        ]

    def of_rows(self, wanted: Iterable[int]) -> tuple[list[Spot], list[int]]:
        """The spots of some practices with only these, and those among them without a spot."""
        asked = set(wanted)
        kept = ((spot, tuple(row for row in spot.rows if row in asked)) for spot in self.spots)
        spots = [Spot(spot.place, spot.x, spot.y, rows) for spot, rows in kept if rows]
        return spots, [row for row in self.unplaced if row in asked]


def _degrees(place: Place) -> tuple[float, float] | None:
    """North and east of a municipality, or of the middle of a body's members; None when not known."""
    members = (place,) if isinstance(place, Municipality) else place.members
    known = [
        (each.latitude, each.longitude)
        for each in members
        if each.latitude is not None and each.longitude is not None
    ]
    if not known:
        return None
    return math.fsum(n for n, _ in known) / len(known), math.fsum(e for _, e in known) / len(known)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One spot, or several that would overlap, in drawing units."""

    x: float
    y: float
    radius: float
    spots: tuple[Spot, ...]  # the one with most practices first
    closer: Look | None  # the look in which they stand apart; None for one spot, or where none is

    @property
    def practices(self) -> int:
        """How many it stands for."""
        return sum(len(spot.rows) for spot in self.spots)


def clusters(spots: Sequence[Spot], look: Look, *, width: float, apart: float) -> list[Cluster]:
    """The spots of a look as points no two of which are nearer than `apart`, in drawing units; largest first.

    Agglomerative clustering by centroids (Sokal and Michener 1958), cut where the nearest two are `apart`.
    """
    points = points_of(spots)
    shown = np.flatnonzero(look.shows(points))
    if not len(shown):
        return []
    scale = width / look.width
    drawn = (points[shown] - (look.x, look.y)) * scale
    cells = np.arange(len(drawn))
    if len(drawn) > MOST_POINTS:
        cells = np.unique((drawn / (apart / 3)).astype(np.int64), axis=0, return_inverse=True)[1].ravel()
    sums = np.column_stack([np.bincount(cells, drawn[:, axis]) for axis in (0, 1)])
    middles = sums / np.bincount(cells)[:, None]
    merged = np.ones(1, dtype=np.int64)
    if len(middles) > 1:
        merged = fcluster(linkage(middles, "centroid"), apart, criterion="distance")
    groups = merged[cells]
    found = []
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        inside = sorted((spots[shown[at]] for at in members), key=lambda spot: -len(spot.rows))
        x, y = drawn[members].mean(axis=0).tolist()
        count = sum(len(spot.rows) for spot in inside)
        closer = Look.at(points[shown[members]]) if len(inside) > 1 else None
        if closer and closer.width > 0.8 * look.width:
            closer = None
        radius = min(apart / 2, 5.5 + 2.2 * math.log2(count))
        found.append(Cluster(round(x, 1), round(y, 1), round(radius, 1), tuple(inside), closer))
    return sorted(found, key=lambda cluster: (-cluster.practices, cluster.x))


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a large town, to find one's way by; `x`, `y` are where its text begins, on its base line."""

    name: str
    x: float
    y: float


class Land:
    """Every known place, projected once, to draw the land they lie in."""

    def __init__(self, places: Municipalities) -> None:
        known = [each for each in places if each.latitude is not None and each.longitude is not None]
        self._points = project([each.latitude or 0 for each in known], [each.longitude or 0 for each in known])
        by_size = sorted(range(len(known)), key=lambda at: -(known[at].population or 0))[:LABELLED]
        self._largest = [known[at].name for at in by_size]
        self._largest_points = self._points[by_size]

    def path(self, look: Look, *, width: float) -> str:
        """The land as dots `DOT` apart, for a drawing of that width: SVG path data to be stroked with round caps
        and the dashes "0 DOT".
        """
        scale = width / look.width
        across, down = math.ceil(width / DOT), math.ceil(look.height * scale / DOT)
        gap_dots = min(max(1, round(GAP * scale / DOT)), MOST_GAP_DOTS)
        beyond = 2 * gap_dots  # drawn past the edges, where gaps would not be seen to be between two places
        cells = np.floor((self._points - (look.x, look.y)) * scale / DOT).astype(np.int64) + beyond
        cells = cells[((cells >= 0) & (cells < (across + 2 * beyond, down + 2 * beyond))).all(axis=1)]
        field = np.zeros((down + 2 * beyond, across + 2 * beyond), dtype=np.bool_)
        field[cells[:, 1], cells[:, 0]] = True
        if not field.any():
            return ""
        near = np.pad(distance_transform_edt(~field) <= gap_dots, 1)  # closed by a disc: grown, then shrunk again
        field |= distance_transform_edt(near)[1:-1, 1:-1] > gap_dots
        drawn = []
        for line, dots in enumerate(field[beyond:-beyond, beyond:-beyond]):
            edges = np.flatnonzero(np.diff(np.concatenate(([0], dots, [0]))))
            for begin, end in edges.reshape(-1, 2).tolist():
                # A dash of no length is only drawn where the line goes on, so each line ends a little later.
                drawn.append(f"M{DOT * (begin + 0.5):g} {DOT * (line + 0.5):g}h{DOT * (end - begin - 1) + 0.1:g}")
        return "".join(drawn)

    def labels(self, look: Look, found: Sequence[Cluster], inset: Box, *, width: float, most: int) -> list[Label]:
        """Names of the largest places of a look, where they cover neither points nor one another nor a border."""
        scale = width / look.width
        height = look.height * scale
        taken = [(each.x - each.radius, each.y - each.radius, 2 * each.radius, 2 * each.radius) for each in found]
        chosen: list[Label] = []
        points = ((self._largest_points - (look.x, look.y)) * scale).tolist()
        for name, (x, y) in zip(self._largest, points, strict=True):
            long = LETTER_WIDTH * len(name)
            beside, centred, middle = x + 6, x - long / 2, y - TEXT_HEIGHT / 2
            corners = ((beside, middle), (x - 6 - long, middle), (centred, y - TEXT_HEIGHT - 5), (centred, y + 5))
            free = (
                (left, top, long, TEXT_HEIGHT)
                for left, top in corners
                if 0 < left < width - long
                and 0 < top < height - TEXT_HEIGHT
                and not _crosses((left, top, long, TEXT_HEIGHT), inset)
            )
            box = next((box for box in free if not any(_overlap(box, other) for other in taken)), None)
            if box:
                taken.append(box)
                chosen.append(Label(name, round(box[0], 1), round(box[1] + 0.8 * TEXT_HEIGHT, 1)))
            if len(chosen) == most:
                break
        return chosen


def _crosses(one: Box, border: Box) -> bool:
    inside = border[0] < one[0] and one[0] + one[2] < border[0] + border[2]
    inside = inside and border[1] < one[1] and one[1] + one[3] < border[1] + border[3]
    return _overlap(one, border) and not inside


def _overlap(one: Box, other: Box) -> bool:
    across = one[0] < other[0] + other[2] and other[0] < one[0] + one[2]
    return across and one[1] < other[1] + other[3] and other[1] < one[1] + one[3]


@dataclass(frozen=True)
class Drawing:
    """A map at one width, in drawing units: how far apart points stand is chosen for it."""

    land: Land
    look: Look
    spots: Sequence[Spot]
    width: int
    apart: float
    most_labels: int

    @property
    def height(self) -> int:
        """Its height."""
        return round(self.width * HEIGHT / WIDTH)

    @cached_property
    def path(self) -> str:
        """The dots of the land."""
        return self.land.path(self.look, width=self.width)

    @cached_property
    def labels(self) -> list[Label]:
        """Large towns."""
        return self.land.labels(self.look, self.clusters, self.canaries, width=self.width, most=self.most_labels)

    @cached_property
    def clusters(self) -> list[Cluster]:
        """The points."""
        return clusters(self.spots, self.look, width=self.width, apart=self.apart)

    @property
    def canaries(self) -> Box:
        """The box of the Canaries."""
        south, north, west, east = CANARIES_BOX
        corners = project([north, south], [west, east]) - (self.look.x, self.look.y)
        (left, top), (right, bottom) = (corners * self.width / self.look.width).round(1).tolist()
        return left, top, round(right - left, 1), round(bottom - top, 1)
