"""Pages to look through the bank: side by side, the reader's list, by theme, by municipality, on a map."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Annotated
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from corpus.errors import AmbiguousMunicipality, MunicipalityError, UnknownMunicipality
from corpus.exporters import write_practices
from corpus.municipality import Municipalities, Municipality
from corpus.practice import Practice
from corpus.vocabulary import Language, Theme
from indexer.filters import Filter
from indexer.snapshot import Snapshot
from indexer.tokens import fold
from service import bank_map, browsing, page_words, profile_sentences
from service.answering import place_named
from service.bank_map import Atlas, Cluster, Drawing, Land, Look, Spot
from service.browsing import MOST_COMPARED, TOGETHER_SHOWN, places_of
from service.i18n import Translator, translator
from service.page_address import MOST_SAVED, Address
from service.page_words import message
from service.profiles import KnownProfile
from service.resources import Generation, Resources
from service.routes.opendata import BANK_FILES
from service.routes.pages import Trouble, suggested_places, which_place
from service.routes.rendering import not_found_page, page, page_language, wants_html
from service.routes.shared import Held
from service.transferability import Fit, assess

router = APIRouter(include_in_schema=False)

LISTED = 10  # practices on a page of a theme
NAMED = 2  # places of a cluster that its name tells

# Drawing units are pixels where a drawing is as wide as it gets, and 24 pixels lie between points where it is
# narrowest: the wide one from 600 pixels on, the narrow one from 288.
WIDE = (800, 32.0, 14)  # width, least distance between points, names of towns
NARROW = (360, 31.0, 5)


@dataclass(frozen=True)
class Listed:
    """A practice in a list, with its fit when the reader told their municipality."""

    practice: Practice
    fit: Fit | None


def _listed(
    held: Resources,
    generation: Generation,
    practices: Sequence[Practice],
    place: Municipality | None,
    address: Address,
    language: str,
) -> list[Listed]:
    def fit(practice: Practice) -> Fit | None:
        if place is None:
            return None
        origin = generation.origin(practice, held.municipalities)
        return assess(practice, place, language=Language(language), view=address.view, origin=origin)

    return [Listed(practice, fit(practice)) for practice in practices]


def _reader(held: Resources, address: Address) -> Municipality | None:
    """The reader's municipality; a name that is not clear is no reason to refuse a page that can do without."""
    try:
        return place_named(held, address.municipality)
    except MunicipalityError:
        return None


def _at(snapshot: Snapshot, ids: Sequence[str]) -> list[Practice]:
    return [snapshot.practice(snapshot.rows[each]) for each in ids]


# --- the reader's list -----------------------------------------------------------------------------


@router.get("/saved")
def saved_page(request: Request, held: Held) -> Response:
    """The practices the address names, to keep, compare and take away."""
    address = Address.of(request.query_params.multi_items(), path="/saved")
    language = page_language(request, address)
    generation = held.generation
    kept = [each for each in address.saved if each in generation.snapshot.rows]
    place = _reader(held, address)
    return page(
        request,
        "saved.html",
        address,
        kept=_listed(held, generation, _at(generation.snapshot, kept), place, address, language),
        place=place,
        withdrawn=len(address.saved) - len(kept),
        most=MOST_SAVED,
        most_compared=MOST_COMPARED,
    )


@router.get("/saved.{extension}")
def saved_file(extension: str, request: Request, held: Held) -> Response:
    """The records of the list, whole, in one file."""
    if extension not in BANK_FILES:
        raise HTTPException(404)
    form, media_type = BANK_FILES[extension]
    snapshot = held.generation.snapshot
    address = Address.of(request.query_params.multi_items())
    written = BytesIO()
    write_practices(_at(snapshot, [each for each in address.saved if each in snapshot.rows]), written, format=form)
    headers = {
        "Content-Disposition": f'attachment; filename="empelt-saved.{extension}"',
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
    }
    return Response(written.getvalue(), media_type=media_type, headers=headers)


# --- side by side ----------------------------------------------------------------------------------


@router.get("/compare")
def compare_page(request: Request, held: Held) -> Response:
    """Two to four practices in columns: those chosen with `compare`, or else the list; with their fit."""
    address = Address.of(request.query_params.multi_items(), path="/compare", own={"compare": MOST_SAVED})
    language = page_language(request, address)
    say = translator(language)
    generation = held.generation
    snapshot = generation.snapshot
    chosen = address.own.get("compare", ())
    ids = browsing.columns_compared(address.saved, chosen, snapshot.rows)
    trouble: Trouble | None = None
    place: Municipality | None = None
    try:
        place = place_named(held, address.municipality)
    except (AmbiguousMunicipality, UnknownMunicipality) as error:
        trouble = which_place(error, address, language, without=say("Compare without a municipality"))
    fits_in = 2 <= len(ids) <= MOST_COMPARED
    practices = _at(snapshot, ids)
    fits = [each.fit for each in _listed(held, generation, practices, place, address, language) if each.fit]
    return page(
        request,
        "compare.html",
        address,
        status=trouble.status if trouble else 200,
        trouble=trouble,
        place=place,
        suggested=suggested_places(held, address.municipality),
        practices=practices,
        groups=browsing.side_by_side(practices, say) if fits_in else [],
        fits=fits if fits_in else [],
        factors=browsing.fits_side_by_side(fits, say) if fits_in else [],
        on_list=_at(snapshot, [each for each in address.saved if each in snapshot.rows]),
        withdrawn=sum(each not in snapshot.rows for each in dict.fromkeys(chosen or address.saved)),
        most_compared=MOST_COMPARED,
    )


# --- themes ----------------------------------------------------------------------------------------


@router.get("/themes")
def themes_page(request: Request, held: Held) -> Response:
    """Every theme with how many practices are about it."""
    address = Address.of(request.query_params.multi_items(), path="/themes")
    say = translator(page_language(request, address))
    snapshot = held.generation.snapshot
    counts = snapshot.columns.counts(range(len(snapshot)))["theme"]
    named = sorted(
        ((page_words.code_label("theme", theme, say), theme, counts.get(theme, 0)) for theme in Theme),
        key=lambda each: fold(each[0]),
    )
    return page(request, "themes.html", address, themes=named, most=max(counts.values(), default=1))


@router.get("/themes/{theme}")
def theme_page(theme: str, request: Request, held: Held) -> Response:
    """What the bank holds on a theme: by size and language, with the practices themselves."""
    if theme not in frozenset(Theme):
        return _not_there(request, message("There is no such theme."))
    address = Address.of(request.query_params.multi_items(), path=f"/themes/{theme}")
    language = page_language(request, address)
    say = translator(language)
    generation = held.generation
    snapshot = generation.snapshot
    within, filters = Filter({"theme": (theme,)}), Filter(address.filters)
    all_rows, rows = browsing.rows_of(snapshot, within), browsing.rows_of(snapshot, within, filters)
    pages = max(1, -(-len(rows) // LISTED))
    if address.page > pages:
        return RedirectResponse(address.link(page=pages), 303)
    begin = (address.page - 1) * LISTED
    found = browsing.in_order_of_theme(map(snapshot.practice, rows), Theme(theme), Language(language))
    counts = browsing.facet_counts(snapshot, filters, within)
    if "theme" not in address.filters:
        del counts["theme"]
    place = _reader(held, address)
    together = snapshot.columns.counts(all_rows)["theme"]
    return page(
        request,
        "theme.html",
        address,
        theme=theme,
        label=page_words.code_label("theme", theme, say),
        held=len(all_rows),
        total=len(rows),
        practices=_listed(held, generation, found[begin : begin + LISTED], place, address, language),
        first=begin + 1,
        pages=pages,
        place=place,
        sizes=browsing.sizes_by_language(snapshot, within),
        together=[each for each in together.items() if each[0] != theme][:TOGETHER_SHOWN],
        facets=page_words.facets(counts, address, say),
        in_force=page_words.removables(address, {}, say),
    )


# --- municipalities --------------------------------------------------------------------------------


@router.get("/municipalities/{key}")
def municipality_page(key: Annotated[str, Path(max_length=200)], request: Request, held: Held) -> Response:
    """What is known of a place, what it and the bodies it belongs to do, and what towns like it do."""
    address = Address.of(request.query_params.multi_items(), path=request.url.path)
    language = page_language(request, address)
    try:
        here = held.municipalities.find(key)
    except MunicipalityError:
        if not wants_html(request):
            raise
        return _not_there(request, message("No municipality is known by this code."))
    if here.key != key:
        return RedirectResponse(address.link(f"/municipalities/{here.key}"), 303)
    generation = held.generation
    snapshot = generation.snapshot
    places = places_of(held, generation)
    own, taken_over = places.run_by(key)
    reader = _reader(held, address)

    def listed(rows: Sequence[int]) -> list[Listed]:
        practices = [snapshot.practice(row) for row in rows]
        return _listed(held, generation, practices, reader, address, language)

    say = translator(language)
    return page(
        request,
        "municipality.html",
        address,
        here=here,
        facts=[
            (
                profile_sentences.attribute_name(fact.attribute, say),
                profile_sentences.value(fact.attribute, fact.value, say),
                profile_sentences.source(fact, say),
            )
            for fact in KnownProfile(here).facts()
            if fact.attribute in FACTS_OF_PLACE
        ],
        own=listed(own),
        taken_over=listed(taken_over),
        of_bodies=[(body, listed(rows)) for body, rows in places.run_by_bodies_of(here).items()],
        twins=[
            (twin, [snapshot.practice(row) for row in places.run_by(twin.municipality.key)[0]])
            for twin in places.twins_of(here)
        ],
        away=lambda twin: [
            profile_sentences.comparison(each, say)
            for each in (*twin.agrees, *twin.differs)
            if each.attribute == "distance"
        ],
        place=reader,
        as_reader=address.link(
            "/", municipality=browsing.told_name(held.municipalities, here), asked=False, text="", filters={},
            like=(), unlike=(), page=1,
        ),
    )  # fmt: skip


# What reference data may tell of a place; what only the place itself could say stands in its profile.
FACTS_OF_PLACE = (
    "population", "settlement_class", "duty_band", "density", "settlement", "coordinates", "province", "region",
    "country", "languages",
)  # fmt: skip


def _not_there(request: Request, text: str) -> Response:
    if not wants_html(request):
        raise HTTPException(404)
    return not_found_page(request, text)


# --- the map ---------------------------------------------------------------------------------------

_atlases: WeakKeyDictionary[Snapshot, Atlas] = WeakKeyDictionary()
_lands: WeakKeyDictionary[Municipalities, Land] = WeakKeyDictionary()


def _atlas(held: Resources, generation: Generation) -> Atlas:
    if generation.snapshot not in _atlases:
        _atlases[generation.snapshot] = Atlas(
            generation.snapshot, lambda practice: generation.origin(practice, held.municipalities)
        )
    return _atlases[generation.snapshot]


def _land(places: Municipalities) -> Land:
    if places not in _lands:
        _lands[places] = Land(places)
    return _lands[places]


@dataclass(frozen=True)
class Point:
    """A point of the map as it is drawn: where it leads, what it is called, and whether it is several places."""

    x: float
    y: float
    radius: float
    href: str
    name: str
    practices: int
    is_cluster: bool


@router.get("/map")
def map_page(request: Request, held: Held) -> Response:
    """Where the practices were done, as points and as a list that says the same."""
    address = Address.of(request.query_params.multi_items(), path="/map", own={"look": 1})
    say = translator(page_language(request, address))
    generation = held.generation
    snapshot = generation.snapshot
    filters = Filter(address.filters)
    rows = browsing.rows_of(snapshot, filters)
    spots, unplaced = _atlas(held, generation).of_rows(rows)
    look = _look(address, spots)
    shown = [spot for spot, inside in zip(spots, look.shows(bank_map.points_of(spots)), strict=True) if inside]
    land = _land(held.municipalities)
    drawings = [
        Drawing(land, look, shown, width=width, apart=apart, most_labels=labels)
        for width, apart, labels in (WIDE, NARROW)
    ]
    by_region: dict[str, list[Spot]] = {}
    for spot in shown:
        region = spot.place.region
        by_region.setdefault(page_words.code_label("region", region, say) if region else "", []).append(spot)
    return page(
        request,
        "map.html",
        address,
        total=len(rows),
        placed=sum(len(spot.rows) for spot in spots),
        spots=spots,
        shown=shown,
        look=look,
        whole=look == Look(),
        is_part="look" in address.own and look != Look(),
        wider=look.wider(),
        drawings=drawings,
        points=[_points(each, address, say) for each in drawings],
        regions=[
            (region, sorted(inside, key=lambda spot: fold(spot.place.name)))
            for region, inside in sorted(by_region.items(), key=lambda item: (not item[0], fold(item[0])))
        ],
        unplaced=[snapshot.practice(row) for row in unplaced],
        practice=snapshot.practice,
        facets=page_words.facets(browsing.facet_counts(snapshot, filters, Filter()), address, say),
        in_force=page_words.removables(address, {}, say),
    )


def _look(address: Address, spots: Sequence[Spot]) -> Look:
    """The look in the address, or the closest one that shows all that was filtered, if that is much closer."""
    asked = Look.of_code(address.own.get("look", ("",))[0])
    if asked or not (address.filters and spots):
        return asked or Look()
    closest = Look.at(bank_map.points_of(spots))
    return closest if closest.width < 0.7 * bank_map.WIDTH else Look()


def _points(drawing: Drawing, address: Address, say: Translator) -> list[Point]:
    def point(cluster: Cluster) -> Point:
        names = [spot.place.name for spot in cluster.spots]
        called = ", ".join(names[:NAMED])
        if more := len(names[NAMED:]):
            called = say.plural(
                "{places} and {count} more place", "{places} and {count} more places", more, places=called
            )
        counted = say.plural("{count} practice", "{count} practices", cluster.practices)
        key = cluster.spots[0].key
        if cluster.closer:
            href = address.link(own={"look": (cluster.closer.code,)})
        elif len(cluster.spots) == 1 and key:
            href = address.aside(f"/municipalities/{key}")
        else:
            href = f"#{cluster.spots[0].anchor}"
        name = f"{called}: {counted}" + (f" – {say('look closer')}" if cluster.closer else "")
        return Point(cluster.x, cluster.y, cluster.radius, href, name, cluster.practices, len(names) > 1)

    return [point(cluster) for cluster in drawing.clusters]
