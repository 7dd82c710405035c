"""The controlled words of a record: themes, target groups, methods, status, evidence, kinds of body.

Every code is a stable lower-case English slug; its labels in Catalan, Spanish, Italian and
English stand in `vocabulary.yaml`, which partners may read as data.
"""

from enum import StrEnum
from functools import cache
from importlib.resources import files

import yaml


class Language(StrEnum):
    """ISO 639-1 codes of the languages Empelt reads."""

    CATALAN = "ca"
    SPANISH = "es"
    ITALIAN = "it"
    ENGLISH = "en"


class Theme(StrEnum):
    """What a practice is about: themes of municipal social policy, and the five areas of the Puglia bank."""

    LONELINESS = "loneliness"
    ACTIVE_AGEING = "active-ageing"
    HOME_CARE = "home-care"
    FAMILY_CARERS = "family-carers"
    DEMENTIA = "dementia"
    DISABILITY = "disability"
    ACCESSIBILITY = "accessibility"
    MENTAL_HEALTH = "mental-health"
    ADDICTIONS = "addictions"
    HEALTH_PROMOTION = "health-promotion"
    FAMILIES = "families"
    CHILD_PROTECTION = "child-protection"
    YOUTH = "youth"
    SCHOOL_SUCCESS = "school-success"
    EMPLOYMENT = "employment"
    SOCIAL_ECONOMY = "social-economy"
    INCOME_SUPPORT = "income-support"
    ENERGY_POVERTY = "energy-poverty"
    FOOD_AID = "food-aid"
    HOUSING = "housing"
    HOMELESSNESS = "homelessness"
    MIGRATION = "migration"
    REFUGEES = "refugees"
    COEXISTENCE = "coexistence"
    ROMA = "roma"
    GENDER_VIOLENCE = "gender-violence"
    GENDER_EQUALITY = "gender-equality"
    LGBTI = "lgbti"
    COMMUNITY_ACTION = "community-action"
    VOLUNTEERING = "volunteering"
    PARTICIPATION = "participation"
    DIGITAL_INCLUSION = "digital-inclusion"
    RURAL_SERVICES = "rural-services"
    MOBILITY = "mobility"
    INCLUSIVE_CULTURE_SPORT = "inclusive-culture-sport"
    CASE_MANAGEMENT = "case-management"
    SERVICE_ORGANISATION = "service-organisation"
    KNOWLEDGE_SHARING = "knowledge-sharing"
    EMERGENCY_RESPONSE = "emergency-response"
    PUGLIA_ORGANISATION = "puglia-organisation"
    PUGLIA_DELIVERY = "puglia-delivery"
    PUGLIA_RESOURCES = "puglia-resources"
    PUGLIA_PROCUREMENT = "puglia-procurement"
    PUGLIA_INNOVATION = "puglia-innovation"


class TargetGroup(StrEnum):
    """Whom a practice serves."""

    EVERYONE = "everyone"
    OLDER_PEOPLE = "older-people"
    OLDER_PEOPLE_ALONE = "older-people-alone"
    CARERS = "carers"
    PEOPLE_WITH_DISABILITIES = "people-with-disabilities"
    PEOPLE_WITH_MENTAL_ILLNESS = "people-with-mental-illness"
    PEOPLE_WITH_ADDICTIONS = "people-with-addictions"
    CHILDREN = "children"
    ADOLESCENTS = "adolescents"
    YOUNG_PEOPLE = "young-people"
    FAMILIES = "families"
    SINGLE_PARENTS = "single-parents"
    WOMEN = "women"
    VICTIMS_OF_VIOLENCE = "victims-of-violence"
    LGBTI_PEOPLE = "lgbti-people"
    MIGRANTS = "migrants"
    REFUGEES = "refugees"
    UNACCOMPANIED_MINORS = "unaccompanied-minors"
    ROMA_PEOPLE = "roma-people"
    UNEMPLOYED_PEOPLE = "unemployed-people"
    PEOPLE_IN_POVERTY = "people-in-poverty"
    HOMELESS_PEOPLE = "homeless-people"
    TENANTS = "tenants"
    PRISONERS = "prisoners"
    RURAL_RESIDENTS = "rural-residents"
    NEIGHBOURHOODS = "neighbourhoods"
    ASSOCIATIONS = "associations"
    MUNICIPAL_STAFF = "municipal-staff"


class Method(StrEnum):
    """How a practice works."""

    HOME_VISITS = "home-visits"
    TELEPHONE_SUPPORT = "telephone-support"
    OUTREACH = "outreach"
    VOLUNTEER_SUPPORT = "volunteer-support"
    PEER_SUPPORT = "peer-support"
    MENTORING = "mentoring"
    GROUP_WORK = "group-work"
    TRAINING = "training"
    AWARENESS = "awareness"
    CASE_COORDINATION = "case-coordination"
    PROTOCOL = "protocol"
    ONE_STOP_DESK = "one-stop-desk"
    DIGITAL_TOOL = "digital-tool"
    DATA_ANALYSIS = "data-analysis"
    COMMUNITY_NETWORK = "community-network"
    CO_DESIGN = "co-design"
    SHARED_HOUSING = "shared-housing"
    MEDIATION = "mediation"
    GRANTS = "grants"
    SOCIAL_PROCUREMENT = "social-procurement"
    SHARED_MANAGEMENT = "shared-management"
    MEETING_PLACE = "meeting-place"
    TRANSPORT = "transport"


class Status(StrEnum):
    """Maturity, not the calendar: a pilot with no end date is in progress, a scaled practice consolidated."""

    IN_PROGRESS = "in-progress"
    CONSOLIDATED = "consolidated"
    FINISHED = "finished"


class EvidenceLevel(StrEnum):
    """How well the results are known, weakest first."""

    NONE = "none"
    SELF_REPORTED = "self-reported"
    MEASURED = "measured"
    EXTERNALLY_EVALUATED = "externally-evaluated"
    COMPARISON_GROUP = "comparison-group"


class BodyType(StrEnum):
    """What kind of public body runs a practice."""

    MUNICIPALITY = "municipality"
    COMARCA = "comarca"
    AMBITO = "ambito"
    UNION = "union"
    MANCOMUNIDAD = "mancomunidad"
    CONSORTIUM = "consortium"
    PROVINCE = "province"
    REGION = "region"
    METROPOLITAN_AREA = "metropolitan-area"


class Sector(StrEnum):
    """Where an actor comes from."""

    PUBLIC = "public"
    THIRD_SECTOR = "third-sector"
    PRIVATE = "private"
    ACADEMIC = "academic"
    CITIZENS = "citizens"


VOCABULARIES: dict[str, type[StrEnum]] = {
    "theme": Theme,
    "target_group": TargetGroup,
    "method": Method,
    "status": Status,
    "evidence": EvidenceLevel,
    "body_type": BodyType,
    "sector": Sector,
    "language": Language,
}


@cache
def labels() -> dict[str, dict[str, dict[str, str]]]:
    """Labels as vocabulary -> code -> language -> text, every code in all four languages."""
    text = files("corpus").joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(text)
    return loaded


def label(code: StrEnum, language: str) -> str:
    """The words for one code in one of the four languages.

    Raises:
        KeyError: the language is none of ca, es, it, en.
    """
    vocabulary = next(name for name, members in VOCABULARIES.items() if isinstance(code, members))
    return labels()[vocabulary][code.value][language]
