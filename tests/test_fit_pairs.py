"""Better and worse, as shown: of practices that answer a need equally well, which one a municipality meets first.

The pairs of `test_transferability.py` compare single fits; these go through the search, relevance first.
"""

from pathlib import Path
from typing import Any

import pytest

from corpus.municipality import Municipalities, Municipality, TerritorialBody
from corpus.practice import Practice
from corpus.vocabulary import BodyType, Language
from indexer.calibration import Calibration
from service.search import SearchQuestion, search_practices
from service.transferability import View, locate
from tests.factories import HashingEncoder, make_practice, make_snapshot
from tests.test_transferability import BETTER_AND_WORSE

Fields = dict[str, Any]

ENCODER = HashingEncoder()
CALIBRATION = Calibration(
    encoder_digest=ENCODER.digest, dense=6.0, lexical=1.0, intercept=-4.0, floor=0.1, strong=0.9
)
NEED = "gent gran que viu sola"


def town(population: int | None, **fields: Any) -> Municipality:
    known: Fields = {"name": "Vila", "province": "Girona", "region": "Catalunya", "country": "ES"}
    return Municipality(population=population, **(known | fields))


def done(practice_id: str, *, title: str = "Gent gran que viu sola", **fields: Any) -> Practice:
    body: Fields = {"name": practice_id, "region": "Catalunya", "country": "ES", "population": 18_000}
    texts = {"problem": "Ningú no ho sap abans que sigui tard.", "actions": "Trucades de telèfon."}
    return make_practice(id=practice_id, title=title, body=body | fields.pop("body", {}), **(texts | fields))


def of_size(practice_id: str, population: int | None, **body: Any) -> Practice:
    return done(practice_id, body={"population": population, **body})


VILLAGE, SMALL_TOWN, CITY = town(900), town(18_000), town(300_000)
MANY = town(30_000, province="Bari", region="Puglia", country="IT")
PLACES = Municipalities([town(1_100, name="Rocabruna"), town(320_000, name="Urbs")]).with_bodies(
    [TerritorialBody("Ripollès", BodyType.COMARCA, (town(1_100, name="Rocabruna"),), "Catalunya", "ES")]
)

# The first is shown before the second to that reader, and the other way round where the pair says so.
SHOWN: dict[str, tuple[Practice, Practice, Municipality | None, Fields]] = {
    "a village meets a village's practice before a city's": (
        of_size("better", 800),
        of_size("worse", 300_000),
        VILLAGE,
        {},
    ),
    "a city meets a city's practice before a village's": (
        of_size("better", 250_000),
        of_size("worse", 800),
        CITY,
        {},
    ),
    "a village meets a city's practice first to adapt": (
        of_size("better", 300_000),
        of_size("worse", 800),
        VILLAGE,
        {"view": View.DIFFERENT},
    ),
    "an unknown population does not pass one of my size": (
        of_size("better", 18_500),
        of_size("worse", None),
        SMALL_TOWN,
        {},
    ),
    "an unknown population does not fall behind one that is wholly unlike": (
        of_size("better", None),
        of_size("worse", 1_600_000),
        SMALL_TOWN,
        {},
    ),
    "a practice of the same region comes before one of another": (
        of_size("better", 18_000),
        of_size("worse", 18_000, region="Galicia"),
        SMALL_TOWN,
        {},
    ),
    "a practice of the same country comes before one of another": (
        of_size("better", 30_000, region="Sicilia", country="IT"),
        of_size("worse", 30_000),
        MANY,
        {},
    ),
    "an ambito's practice comes before a region's in Italy": (
        of_size("better", None, type="ambito", region="Puglia", country="IT"),
        of_size("worse", None, type="region", region="Puglia", country="IT"),
        MANY,
        {},
    ),
    "a comarca's practice comes before a region's for a village": (
        of_size("better", None, name="Ripollès", type="comarca"),
        of_size("worse", None, type="region"),
        VILLAGE,
        {},
    ),
    "a municipality's practice comes before a comarca's for a city": (
        of_size("better", 300_000),
        of_size("worse", 300_000, name="Ripollès", type="comarca"),
        CITY,
        {},
    ),
    "a place known by name alone counts with the population of the list": (
        of_size("better", None, name="Rocabruna"),
        of_size("worse", None, name="Urbs"),
        VILLAGE,
        {},
    ),
    "a consolidated practice comes before a pilot": (
        done("better", status="consolidated"),
        done("worse", status="in-progress"),
        SMALL_TOWN,
        {},
    ),
    "measured results come before none": (
        done("better", evidence="measured"),
        done("worse", evidence="none"),
        SMALL_TOWN,
        {},
    ),
    "relevance beats a perfect fit": (
        of_size("better", 1_600_000, region="Galicia"),
        done("worse", title="Gent que viu al barri vell", status="consolidated", evidence="comparison-group"),
        SMALL_TOWN,
        {},
    ),
    "relevance beats fit to adapt too": (
        of_size("better", 18_000),
        done("worse", title="Gent que viu al barri vell", body={"population": 1_600_000, "region": "Galicia"}),
        SMALL_TOWN,
        {"view": View.DIFFERENT},
    ),
    "relevance decides alone without a municipality": (
        done("better", status="in-progress"),
        done("worse", title="Gent que viu al barri vell", status="consolidated"),
        None,
        {},
    ),
}


@pytest.mark.parametrize(("better", "worse", "reader", "options"), SHOWN.values(), ids=SHOWN)
@pytest.mark.parametrize("worse_is_stored_first", [False, True])
def test_the_better_practice_is_met_first(
    better: Practice,
    worse: Practice,
    reader: Municipality | None,
    options: Fields,
    worse_is_stored_first: bool,
    tmp_path: Path,
) -> None:
    names = {"better": "z", "worse": "a"} if worse_is_stored_first else {"better": "a", "worse": "z"}
    stored = [each.model_copy(update={"id": names[each.id]}) for each in (better, worse)]
    snapshot = make_snapshot(tmp_path, stored, ENCODER)
    question = SearchQuestion(NEED, municipality=reader, reader_language=Language.CATALAN, **options)
    answer = search_practices(
        snapshot,
        ENCODER.encode_queries([NEED])[0],
        question,
        calibration=CALIBRATION,
        locate=lambda practice: locate(practice, PLACES),
    )
    assert [result.practice.id for result in answer.results] == [names["better"], names["worse"]]


def test_at_least_forty_pairs_on_fit_must_hold() -> None:
    assert len(BETTER_AND_WORSE) >= 40
    assert len(SHOWN) >= 15
