"""Whom a municipality should meet and what it should read: twins and recommendations, for all faces alike."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from corpus.municipality import Municipality, TerritorialBody
from corpus.vocabulary import Language
from service.answering import ENCODE_SECONDS
from service.profiles import KnownProfile
from service.recommendation import Recommendation, members_of, recommend_for, run_where
from service.resources import Resources
from service.search import FIRST_PAGE
from service.transferability import Place, View
from service.twins import Towns, Twin, twins_of

TWINS_READ = 10  # whose practices are recommended
# No further is a town called one like the reader's: a town of the same size in another region of the country is up
# to 0.25 away, in another country more.
LIKE_WITHIN = 0.25


def known_profile(held: Resources, here: Municipality) -> KnownProfile:
    """A municipality with what it states of itself."""
    return KnownProfile(here, held.network.profile(here.key))


def twins_for(
    held: Resources,
    place: Place,
    *,
    top_k: int = 5,
    everywhere: bool = False,
    weights: Mapping[str, float] | None = None,
) -> list[tuple[Municipality, list[Twin]]]:
    """The municipality, or each one of a body, with those most like it, nearest first.

    Only those that run a practice of the bank, or with `everywhere` all that are known.

    Raises:
        ValueError: a weight names no attribute, or lies outside its bounds.
    """
    stated = {profile.municipality: profile for profile in held.network.profiles()}
    generation = held.generation
    ran = run_where(generation.snapshot, lambda practice: generation.origin(practice, held.municipalities))
    towns = Towns(
        KnownProfile(each, stated.get(each.key)) for each in held.municipalities if everywhere or each.key in ran
    )
    mine = [KnownProfile(here, stated.get(here.key)) for here in members_of(place)]
    return [(each.municipality, twins_of(each, towns, top_k=top_k, weights=weights)) for each in mine]


def recommendations_for(
    held: Resources,
    place: Place,
    *,
    needs: Sequence[str] | None = None,
    reader_language: Language = Language.ENGLISH,
    view: View = View.SIMILAR,
    weights: Mapping[str, float] | None = None,
    top_k: int = FIRST_PAGE,
    today: date | None = None,
) -> list[Recommendation]:
    """What `recommend_for` finds for a municipality or a body of them, with what its profile states.

    `weights`: of the fit's factors, before those saved in its profile, before the defaults.
    `needs`: in words; those that it states and that are open when None. A body's twins are those of each of its
    municipalities, without these themselves.

    Raises:
        EncoderBusy: too many searches wait.
        ValueError: a weight names no factor, or lies outside its bounds.
    """
    generation = held.generation
    profiles = [known_profile(held, here) for here in members_of(place)]
    if needs is None:
        open_on = today or date.today()
        needs = [
            need.text
            for profile in profiles
            for need in held.network.needs(profile.municipality.key)
            if need.is_open(open_on)
        ]
    saved = {code: weight for each in profiles if each.stated for code, weight in each.stated.weights.items()}
    found = [twin for _, twins in twins_for(held, place, top_k=TWINS_READ) for twin in twins]
    found = [twin for twin in found if twin.distance <= LIKE_WITHIN]
    nearest = {twin.municipality.key: twin for twin in sorted(found, key=lambda each: -each.distance)}
    if isinstance(place, TerritorialBody):
        reader: Place = replace(place, members=tuple(profile.place for profile in profiles))
    else:
        reader = profiles[0].place
    return recommend_for(
        generation.snapshot,
        reader,
        encode=lambda text: held.encoder.encode_query(text, timeout_seconds=ENCODE_SECONDS),
        needs=needs,
        twins=[twin for key, twin in nearest.items() if key not in {here.key for here in members_of(place)}],
        calibration=generation.calibration,
        locate=lambda practice: generation.origin(practice, held.municipalities),
        reader_language=reader_language,
        view=view,
        weights=saved | dict(weights or {}),
        target_groups={group for profile in profiles for group in profile.target_groups},
        top_k=top_k,
        today=today,
    )
