"""What goes out comes in again as the same record, in every format."""

import json
import zipfile
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import InvalidPractice
from corpus.exporters import CONTEXT, json_ld, not_carried, write_practices
from corpus.importers.drafts import Format
from corpus.importers.reading import read_practices
from corpus.importers.table import escape_cell, unescape_cell
from corpus.practice import (
    Actor,
    Body,
    BudgetLine,
    Contact,
    Impact,
    Practice,
    Recognition,
    Record,
    Replication,
    Source,
    parse_practice,
)

FORMATS = (Format.CSV, Format.XLSX, Format.JSON_LINES, Format.JSON_LD)

FULL = parse_practice(
    {
        "id": "vic-fem-companyia",
        "language": "ca",
        "title": "=Fem «companyia»",
        "summary": "+Resum; amb, separadors\t\"cometes\" i 'apòstrofs'.",
        "problem": "-Solitud.\r\nSegona línia.\rTercera.\n\nCinquena. _x000D_ <b>&amp;</b> 😀",
        "objectives": "'=Ja escapat",
        "actions": "@Trucades",
        "results": "n/a",
        "obstacles": "-",
        "lessons": "''+",
        "adaptable_elements": "1.200",
        "core_elements": "Sense voluntaris no.",
        "themes": ["loneliness", "volunteering"],
        "target_groups": ["older-people-alone", "carers"],
        "methods": ["home-visits", "telephone-support"],
        "body": {
            "name": "Ajuntament de Vic",
            "type": "comarca",
            "code": "08298",
            "population": 2013,
            "population_year": 2023,
            "province": "Barcelona",
            "region": "Catalunya",
            "country": "ES",
        },
        "promoter": "Serveis Socials; Àrea 2",
        "actors": [
            {"name": "Creu Roja (local)", "role": "execució; suport", "sector": "third-sector"},
            {"name": "Veïns"},
        ],
        "start_year": 2013,
        "end_year": 2019,
        "status": "finished",
        "budget": [
            {"amount_eur": 20798.12, "purpose": "=Suport", "year": 2018, "scope": "annual", "kind": "fixed"},
            {"amount_eur": 0.5, "kind": "per-head"},
        ],
        "impacts": [
            {"what": "persones ateses", "value": -12.5, "unit": "%", "as_of": "2018-05"},
            {"what": "línia\u2028estranya"},
        ],
        "evidence": "measured",
        "recognitions": [{"scheme": "Premi", "edition": "VIII", "year": 2024}],
        "replications": [{"body": "Olot", "year": 2020, "extent": "part", "what": "les trucades"}],
        "sources": [
            {
                "url": "https://example.org/a?b=1",
                "retrieved_on": "2026-11-29",
                "title": "T",
                "licence": "CC BY 4.0",
            }
        ],
        "contact": {
            "body": "Ajuntament de Vic",
            "url": "https://example.org",
            "email": "social@example.org",
            "phone": "+34 93 000 00 00",
        },
        "translations": ["vic-hacemos-compania", "vic-compagnia"],
        "updated_on": date(2024, 5, 31),
    }
)
LEAST = parse_practice({"id": "a", "language": "en", "title": "A", "summary": "B"})


def exported(practices: list[Practice], format: Format) -> bytes:
    file = BytesIO()
    assert write_practices(practices, file, format=format) == len(practices)
    return file.getvalue()


def there_and_back(practices: list[Practice], format: Format) -> list[Practice | None]:
    drafts = list(read_practices(exported(practices, format), name=f"bank.{format}"))
    assert [problem for draft in drafts for problem in draft.problems] == []
    assert [doubt for draft in drafts for doubt in draft.doubts] == []
    return [draft.practice for draft in drafts]


def test_the_full_record_leaves_no_field_empty() -> None:
    def records(value: object) -> list[Record]:
        if isinstance(value, tuple):
            return [record for item in value for record in records(item)]
        if not isinstance(value, Record):
            return []
        return [value, *(record for name in type(value).model_fields for record in records(getattr(value, name)))]

    found = records(FULL)
    kinds = {Practice, Body, Actor, BudgetLine, Impact, Recognition, Replication, Source, Contact}
    assert {type(record) for record in found} == kinds
    for kind in kinds:
        filled = {
            name for record in found if type(record) is kind for name in kind.model_fields if getattr(record, name)
        }
        assert filled == set(kind.model_fields), kind


@pytest.mark.parametrize("format", FORMATS)
def test_a_record_with_every_field_comes_back_field_by_field(format: Format) -> None:
    full, least = there_and_back([FULL, LEAST], format)
    assert full is not None
    for name in Practice.model_fields:
        assert getattr(full, name) == getattr(FULL, name), name
    assert least == LEAST


@pytest.mark.parametrize("format", FORMATS)
def test_the_shipped_bank_comes_back_whole(format: Format, bank: list[Practice]) -> None:
    assert there_and_back(bank, format) == bank


@pytest.mark.parametrize("format", FORMATS)
def test_an_empty_bank_is_a_file_without_records(format: Format) -> None:
    content = exported([], format)
    if format is Format.JSON_LINES:
        assert content == b""
    else:
        assert list(read_practices(content, name=f"bank.{format}")) == []


@given(st.text(max_size=50))
def test_a_cell_comes_back_from_its_escape(text: str) -> None:
    assert unescape_cell(escape_cell(text)) == text
    assert not escape_cell(text).startswith(("=", "+", "-", "@"))


@given(
    st.lists(
        st.tuples(
            *[st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\r\t"), min_size=1)] * 3
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_text_comes_back_from_a_csv(texts: list[tuple[str, str, str]]) -> None:
    practices = []
    for number, (title, problem, actions) in enumerate(texts):
        fields = {
            "title": title[:400].strip() or "t",
            "problem": problem.strip() or "p",
            "actions": actions.strip() or "a",
        }
        practices.append(parse_practice({"id": f"p-{number}", "language": "es", **fields}))
    drafts = read_practices(exported(practices, Format.CSV), name="bank.csv")  # "Ã©" is doubted, and kept
    assert [draft.practice for draft in drafts] == practices


def test_no_cell_begins_as_a_formula_does() -> None:
    text = exported([FULL], Format.CSV).decode("utf-8-sig")
    for formula in ("=Fem", "+Resum", "-Solitud", "@Trucades", "+34"):
        assert f"'{formula}" in text
    with zipfile.ZipFile(BytesIO(exported([FULL], Format.XLSX))) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_a_table_says_what_it_cannot_carry_and_refuses_it() -> None:
    actors = [{"name": "x" * 500} for _ in range(100)]
    large = parse_practice({**LEAST.model_dump(), "actors": actors})
    for format in (Format.CSV, Format.XLSX):
        assert len(not_carried(format)) == 1
        with pytest.raises(InvalidPractice, match=r"^a: actors: is too long for a cell \(32767 characters\)"):
            exported([large], format)
    for format in (Format.JSON_LINES, Format.JSON_LD):
        assert not_carried(format) == ()
        assert there_and_back([large], format) == [large]


def test_a_format_we_only_read_is_not_written() -> None:
    with pytest.raises(ValueError, match="practices are not written as docx; one of csv, xlsx, jsonl, jsonld"):
        exported([FULL], Format.DOCX)


def test_json_ld_speaks_schema_org() -> None:
    document = json.loads(exported([FULL], Format.JSON_LD))
    [node] = document["@graph"]
    assert document["@context"] == CONTEXT
    assert node == json.loads(json.dumps(json_ld(FULL)))
    assert {name: node[name] for name in node if name != "record"} == {
        "@id": "urn:empelt:practice:vic-fem-companyia",
        "@type": "CreativeWork",
        "identifier": "vic-fem-companyia",
        "inLanguage": "ca",
        "name": FULL.title,
        "abstract": FULL.summary,
        "keywords": [
            "Soledat no desitjada",
            "Voluntariat i bancs del temps",
            "Visites a domicili",
            "Acompanyament telefònic",
        ],
        "temporalCoverage": "2013/2019",
        "creativeWorkStatus": "Finalitzada",
        "dateModified": "2024-05-31",
        "award": ["Premi VIII"],
        "isBasedOn": ["https://example.org/a?b=1"],
        "workTranslation": [
            {"@id": "urn:empelt:practice:vic-hacemos-compania"},
            {"@id": "urn:empelt:practice:vic-compagnia"},
        ],
        "about": {
            "@type": "GovernmentService",
            "name": FULL.title,
            "serviceType": ["Soledat no desitjada", "Voluntariat i bancs del temps"],
            "audience": [
                {"@type": "Audience", "audienceType": "Gent gran que viu sola"},
                {"@type": "Audience", "audienceType": "Persones cuidadores"},
            ],
            "provider": {
                "@type": "GovernmentOrganization",
                "name": "Ajuntament de Vic",
                "identifier": "08298",
            },
        },
    }
