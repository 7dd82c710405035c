"""What machines read of the bank: the JSON-LD of one practice (schema.org), and the bank's catalogue (DCAT-AP 3).

Identifiers are those of corpus/exporters.py, so that a practice is the same thing in every file of ours.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from typing import Any

from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import IdentifiedNode

from corpus.bank import BANK
from corpus.exporters import CONTEXT, json_ld
from corpus.importers.records import RECORD
from corpus.practice import Practice
from corpus.regions import canonical_region
from corpus.vocabulary import labels
from service.i18n import LANGUAGES, translator
from service.page_words import message

LICENCE = "https://creativecommons.org/licenses/by/4.0/"  # of the texts we wrote: docs/decisions/0001-licence.md


@cache
def _shipped() -> frozenset[str]:
    return frozenset(path.stem for path in BANK.rglob("*.yaml"))


def licence(practice: Practice) -> str | None:
    """The licence of a record's texts: known of the practices that ship, whose texts are ours; else None."""
    return LICENCE if practice.id in _shipped() else None


def last_known_day(practice: Practice) -> date | None:
    """The last day on which a record is known to have been written or read again; None when it has no day."""
    days = [source.retrieved_on for source in practice.sources]
    return max([*days, practice.updated_on] if practice.updated_on else days, default=None)


# --- one practice ----------------------------------------------------------------------------------

_ADDRESSES = ("url", "license", "isBasedOn", "isPartOf", "mainEntityOfPage", "includedInDataCatalog")


def practice_json_ld(practice: Practice, *, site: str, whole: bool = True) -> dict[str, Any]:
    """A practice as schema.org sees it, with its addresses below `site`; `whole` adds the record as it is kept.

    Who wrote the first of several translations is not recorded, so they are all named `workTranslation`, which
    schema.org defines as the inverse of `translationOfWork`.
    """
    node = json_ld(practice)
    record = node.pop(RECORD)
    node |= {"url": f"{site}/practices/{practice.id}", "isPartOf": f"{site}/catalogue#dataset"}
    if found := licence(practice):
        node["license"] = found
    if where := _where(practice):
        node["spatialCoverage"] = node["about"]["areaServed"] = where
    if practice.translations:
        node["workTranslation"] = [
            {**other, "@type": "CreativeWork", "url": f"{site}/practices/{practice_id}"}
            for other, practice_id in zip(node["workTranslation"], practice.translations, strict=True)
        ]
    if not whole:
        return {"@context": "https://schema.org", **node}
    return {"@context": CONTEXT | {name: {"@type": "@id"} for name in _ADDRESSES}, **node, RECORD: record}


def _where(practice: Practice) -> dict[str, Any] | None:
    body = practice.body
    if body is None:
        return None
    around: dict[str, Any] | None = None
    if body.country:
        around = {"@type": "Country", "identifier": body.country}
    if body.region:
        region = {"@type": "AdministrativeArea", "name": canonical_region(body.region)}
        around = region | ({"containedInPlace": around} if around else {})
    place: dict[str, Any] = {"@type": "AdministrativeArea", "name": body.name}
    return (
        place | ({"identifier": body.code} if body.code else {}) | ({"containedInPlace": around} if around else {})
    )


# --- the catalogue ---------------------------------------------------------------------------------

EU = "http://publications.europa.eu/resource/authority/"
DCAT_AP = Namespace("http://data.europa.eu/r5r/")
VOCABULARIES = {"dcat": DCAT, "dct": DCTERMS, "foaf": FOAF, "rdfs": RDFS, "dcatap": DCAT_AP}
OPENAPI = URIRef("https://spec.openapis.org/oas/v3.1.0")
IANA = "https://www.iana.org/assignments/media-types/"

LANGUAGE_CODES = {"ca": "CAT", "es": "SPA", "it": "ITA", "en": "ENG"}
COUNTRY_CODES = {"ES": "ESP", "IT": "ITA", "FR": "FRA", "PT": "PRT", "AD": "AND"}  # others are left out
MOST_KEYWORDS = 12  # themes, most frequent first

# Name of the file, its code in the list of the Publications Office, its registered media type; None where neither
# list has the format (JSON Lines).
DISTRIBUTIONS = (
    ("csv", "CSV", "CSV", "text/csv"),
    ("xlsx", "XLSX", "Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("jsonl", None, "JSON Lines", None),
    ("jsonld", "JSON_LD", "JSON-LD", "application/ld+json"),
)

TITLE = message("Good practices of municipalities in social policy")
DESCRIPTION = message(
    "Practices with which municipalities of several countries solved social problems: the problem as the town met "
    "it, what was done, what came of it, who took part, what it cost, and where this was read. Texts are in the "
    "language of each record; themes, target groups and methods are codes with labels in four languages."
)
FILE_DESCRIPTION = message("Every record of the bank, whole, in one file.")
SERVICE_TITLE = message("Search of good practices over the web (JSON)")
SERVICE_DESCRIPTION = message(
    "A problem in its own words in, practices that solved it out, with the sentence that answers and the fit with "
    "the reader's municipality. Described in OpenAPI."
)
MIXED_RIGHTS = message(
    "The texts of the shipped bank are CC BY 4.0; for records that others entered, ask the body named in each."
)


def catalogue(practices: Iterable[Practice], *, site: str, modified: datetime) -> Graph:
    """The bank as a catalogue of one dataset, its files, and the service that searches it.

    Follows DCAT-AP 3.0.1 (https://semiceu.github.io/DCAT-AP/releases/3.0.1/) with its controlled vocabularies;
    every identifier is an address below `site` that can be looked up.
    """
    held = list(practices)
    graph = Graph()
    for prefix, namespace in VOCABULARIES.items():
        graph.bind(prefix, namespace)
    home = URIRef(f"{site}/")
    here = Namespace(f"{site}/catalogue#")
    changed = Literal(modified.isoformat(), datatype=XSD.dateTime)

    def says(subject: IdentifiedNode, texts: dict[URIRef, str]) -> None:
        for name, text in texts.items():
            for language in LANGUAGES:
                graph.add((subject, name, Literal(translator(language)(text), lang=language)))

    def adds(subject: IdentifiedNode, *facts: tuple[URIRef, IdentifiedNode | Literal]) -> None:
        for name, value in facts:
            graph.add((subject, name, value))

    languages = [
        URIRef(f"{EU}language/{code}")
        for language, code in LANGUAGE_CODES.items()
        if any(each.language == language for each in held)
    ]
    adds(
        here.catalogue,
        (RDF.type, DCAT.Catalog),
        (DCTERMS.publisher, here.publisher),
        (DCAT.dataset, here.dataset),
        (DCAT.service, here.service),
        (FOAF.homepage, home),
        (DCTERMS.modified, changed),
        *((DCTERMS.language, URIRef(f"{EU}language/{code}")) for code in LANGUAGE_CODES.values()),
        (DCAT.themeTaxonomy, URIRef(f"{EU}data-theme")),
        (DCTERMS.license, URIRef(LICENCE)),
    )
    says(here.catalogue, {DCTERMS.title: message("Open data of Empelt"), DCTERMS.description: DESCRIPTION})
    adds(
        here.publisher,
        (RDF.type, FOAF.Agent),
        (FOAF.name, Literal("Empelt")),
        (FOAF.homepage, home),
    )
    adds(
        here.dataset,
        (RDF.type, DCAT.Dataset),
        (DCTERMS.identifier, Literal(f"{here.dataset}")),
        (DCTERMS.publisher, here.publisher),
        (DCTERMS.modified, changed),
        (DCTERMS.accessRights, URIRef(f"{EU}access-right/PUBLIC")),
        (DCTERMS.accrualPeriodicity, URIRef(f"{EU}frequency/IRREG")),
        (DCAT.landingPage, home),
        *((DCTERMS.language, language) for language in languages),
        *((DCTERMS.spatial, country) for country in _countries(held)),
    )
    says(here.dataset, {DCTERMS.title: TITLE, DCTERMS.description: DESCRIPTION})
    themes = Counter(theme.value for practice in held for theme in practice.themes)
    for subject in (here.dataset, here.service):
        adds(subject, *((DCAT.theme, URIRef(f"{EU}data-theme/{theme}")) for theme in ("SOCI", "GOVE")))
        for theme, _ in themes.most_common(MOST_KEYWORDS):
            for language in LANGUAGES:
                adds(subject, (DCAT.keyword, Literal(labels()["theme"][theme][language], lang=language)))
    all_ours = all(licence(each) for each in held)
    for extension, code, name, media_type in DISTRIBUTIONS:
        file, address = here[extension], URIRef(f"{site}/practices.{extension}")
        adds(
            file,
            (RDF.type, DCAT.Distribution),
            (DCTERMS.title, Literal(name)),
            (DCAT.accessURL, address),
            (DCAT.downloadURL, address),
            (DCTERMS.modified, changed),
            (DCAT_AP.availability, URIRef(f"{EU}planned-availability/STABLE")),
        )
        says(file, {DCTERMS.description: FILE_DESCRIPTION})
        adds(here.dataset, (DCAT.distribution, file))
        if media_type:
            adds(file, (DCAT.mediaType, URIRef(IANA + media_type)))
        if code:
            adds(file, (DCTERMS["format"], URIRef(f"{EU}file-type/{code}")))
        else:
            kind = BNode()
            adds(file, (DCTERMS["format"], kind))
            adds(kind, (RDF.type, DCTERMS.MediaTypeOrExtent), (RDFS.label, Literal(name)))
        if all_ours:
            adds(file, (DCTERMS.license, URIRef(LICENCE)))
        else:
            rights = BNode()
            adds(file, (DCTERMS.rights, rights))
            adds(rights, (RDF.type, DCTERMS.RightsStatement))
            says(rights, {RDFS.label: MIXED_RIGHTS})
    adds(
        here.service,
        (RDF.type, DCAT.DataService),
        (DCAT.endpointURL, URIRef(f"{site}/v1")),
        (DCAT.endpointDescription, URIRef(f"{site}/openapi.json")),
        (DCAT.servesDataset, here.dataset),
        (DCTERMS.conformsTo, OPENAPI),
        (DCTERMS.publisher, here.publisher),
        (DCTERMS.accessRights, URIRef(f"{EU}access-right/PUBLIC")),
        (DCAT.landingPage, home),
    )
    adds(OPENAPI, (RDF.type, DCTERMS.Standard), (DCTERMS.title, Literal("OpenAPI 3.1")))
    says(here.service, {DCTERMS.title: SERVICE_TITLE, DCTERMS.description: SERVICE_DESCRIPTION})
    return graph


def _countries(practices: Iterable[Practice]) -> list[URIRef]:
    named = {practice.body.country for practice in practices if practice.body}
    return [URIRef(f"{EU}country/{code}") for country, code in COUNTRY_CODES.items() if country in named]


def catalogue_json_ld(graph: Graph) -> str:
    """A catalogue as JSON-LD with short names."""
    context = {prefix: str(namespace) for prefix, namespace in VOCABULARIES.items()} | {"xsd": str(XSD)}
    return graph.serialize(format="json-ld", context=context, indent=1, ensure_ascii=False)
