"""One record, every way in: encodings, separators, headers in odd places, records with named fields."""

import json
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from corpus.errors import AmbiguousMunicipality, UnreadableSource
from corpus.importers.drafts import Draft, Format
from corpus.importers.reading import read_practices
from corpus.municipality import Municipality
from corpus.practice import Source
from corpus.vocabulary import Language

HEADER = ["Títol", "Municipi", "Problema", "Accions", "Estat", "Pressupost"]
ROW = [
    "Fem companyia",
    "Vic",
    "Solitud de la gent gran; cada any més.",
    "Truquem, visitem, sortim.",
    "En curs",
    "200 €",
]


def table(*rows: list[str], mark: str = ";") -> str:
    """A CSV with every cell quoted."""
    return "\r\n".join(mark.join(f'"{cell}"' for cell in row) for row in rows)


def assert_is_the_row(draft: Draft) -> None:
    practice = draft.practice
    assert practice is not None, draft.problems
    assert practice.id == "vic-fem-companyia"
    assert practice.title == "Fem companyia"
    assert practice.problem == ROW[2]
    assert practice.actions == ROW[3]
    assert practice.status == "in-progress"
    assert practice.body is not None
    assert practice.body.name == "Vic"
    assert [line.amount_eur for line in practice.budget] == [200]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_csv_is_read_in_any_usual_encoding_and_with_any_separator(encoding: str, mark: str) -> None:
    [draft] = read_practices(table(HEADER, ROW, mark=mark).encode(encoding), name="dades.csv")
    assert_is_the_row(draft)


def test_latin_1_letters_survive() -> None:
    header = ["T\xedtulo", "Problema", "Acciones"]
    row = ["Ni\xf1os al parque", "Los ni\xf1os no juegan.", "Jugamos a la pelota."]
    [draft] = read_practices(table(header, row).encode("latin-1"), name="datos.csv")
    assert draft.practice is not None
    assert draft.practice.title == "Niños al parque"


def test_title_lines_above_the_header_are_passed_over() -> None:
    text = table(["RECULL 2024", "", ""], [""], ["Ompliu totes les columnes"], HEADER, [""], ROW)
    [draft] = read_practices(text.encode(), name="dades.csv")
    assert_is_the_row(draft)
    assert draft.row == 6


def test_one_bad_row_does_not_lose_the_others() -> None:
    bad = ["Sense res", "Vic", "", "", "potser", "-200 €"]
    drafts = list(read_practices(table(HEADER, ROW, bad, ["Altra", *ROW[1:]]).encode(), name="dades.csv"))
    assert [draft.practice.title if draft.practice else None for draft in drafts] == [
        "Fem companyia",
        None,
        "Altra",
    ]
    assert [str(problem) for problem in drafts[1].problems] == [
        "dades.csv, row 3: status ('potser'): is none of: en curs (in corso), consolidat (consolidato), "
        "acabat (concluso) (under 'Estat')",
        "dades.csv, row 3: budget ('-200 €'): '-200 €' is below zero (under 'Pressupost')",
        "dades.csv, row 3: record: needs a problem or a summary",
    ]


def test_a_quotation_mark_that_never_ends_is_a_problem_of_its_row() -> None:
    text = table(HEADER, ROW) + '\r\n"Altra;Vic;p;a;;\r\n'
    drafts = list(read_practices(text.encode(), name="dades.csv"))
    assert_is_the_row(drafts[0])
    assert [problem.reason for problem in drafts[1].problems] == [
        "is not CSV: unexpected end of data (at line 3 of the file)"
    ]


def test_the_same_practice_twice_gets_two_ids_and_a_doubt() -> None:
    drafts = list(read_practices(table(HEADER, ROW, ROW).encode(), name="dades.csv"))
    assert [draft.practice.id for draft in drafts if draft.practice] == [
        "vic-fem-companyia",
        "vic-fem-companyia-2",
    ]
    assert "may stand twice: same body and title as row 2" in [doubt.reason for doubt in drafts[1].doubts]


def test_figures_are_impacts_and_their_words_stay_with_the_results() -> None:
    text = table(
        ["Títol", "Problema", "Accions", "Impactes", "Resultats", "Contacte"],
        ["A", "P.", "A.", "54 escales\n850 assistents", "Va bé.", "Nom Cognom"],
    )
    [draft] = read_practices(text.encode(), name="d.csv")
    assert draft.practice is not None
    assert [(impact.value, impact.what) for impact in draft.practice.impacts] == [
        (54, "escales"),
        (850, "assistents"),
    ]
    assert draft.practice.results == "54 escales\n850 assistents\nVa bé."
    assert draft.practice.contact is None


def test_an_id_given_twice_is_a_problem() -> None:
    header, row = ["id", *HEADER], ["fc", *ROW]
    drafts = list(read_practices(table(header, row, row).encode(), name="dades.csv"))
    assert [problem.reason for problem in drafts[1].problems] == ["stands already in row 2"]


def test_the_language_comes_from_the_text_then_the_caller_then_the_headings() -> None:
    file = table(HEADER, ROW).encode()

    def language(**told: Any) -> str | None:
        [draft] = read_practices(file, name="dades.csv", **told)
        return draft.practice.language if draft.practice else None

    assert language(detect_language=lambda _: "it", language=Language.SPANISH) == "it"
    assert language(detect_language=lambda _: None, language=Language.SPANISH) == "es"
    assert language() == "ca"


def test_a_language_nobody_can_tell_is_a_problem() -> None:
    [draft] = read_practices(b"title,problem,actions\nA,B,C\n", name="dades.csv")
    assert draft.practice is None
    assert [str(problem) for problem in draft.problems] == [
        "dades.csv, row 2: language: cannot be told from the text; give a column with ca, es, it or en"
    ]


def test_a_town_is_filled_in_from_the_list_of_municipalities() -> None:
    def find(name_or_code: str, *, region: str | None = None, country: str | None = None) -> Municipality:
        assert (name_or_code, region, country) == ("Vic", None, None)
        return Municipality(
            name="Vic", code="08298", population=48_000, population_year=2023, region="Catalunya", country="ES"
        )

    [draft] = read_practices(table(HEADER, ROW).encode(), name="dades.csv", find_municipality=find)
    assert draft.practice is not None
    assert draft.practice.body is not None
    assert draft.practice.body.model_dump(exclude_none=True) == {
        "name": "Vic",
        "type": "municipality",
        "code": "08298",
        "population": 48_000,
        "population_year": 2023,
        "region": "Catalunya",
        "country": "ES",
    }


def test_a_town_of_two_regions_is_a_doubt_and_keeps_its_name() -> None:
    def find(name_or_code: str, *, region: str | None = None, country: str | None = None) -> Municipality:
        raise AmbiguousMunicipality(name_or_code, ["Vic (Catalunya)", "Vic (Elsewhere)"])

    [draft] = read_practices(table(HEADER, ROW).encode(), name="dades.csv", find_municipality=find)
    assert_is_the_row(draft)
    assert [doubt.field for doubt in draft.doubts if "may be: Vic (Catalunya)" in doubt.reason] == ["body.name"]


def test_the_network_can_teach_new_names(tmp_path: Path) -> None:
    more = tmp_path / "noms.yaml"
    more.write_text(
        "fields: {problem: {ca: [Maldecap]}}\nwords: {status: {finished: [plegat]}}\n", encoding="utf-8"
    )
    text = table(["Títol", "Maldecap", "Accions", "Estat"], ["Prova", "Fa mal.", "Curem.", "Plegat"])
    [draft] = read_practices(text.encode(), name="dades.csv", headings_file=more)
    assert draft.practice is not None
    assert (draft.practice.problem, draft.practice.status) == ("Fa mal.", "finished")


def test_a_name_for_a_field_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    more = tmp_path / "noms.yaml"
    more.write_text("fields: {problema: {ca: [Maldecap]}}", encoding="utf-8")
    with pytest.raises(UnreadableSource, match=r"noms.yaml gives names to fields that do not exist: problema\."):
        list(read_practices(b"Titol,Problema\nA,B\n", name="dades.csv", headings_file=more))


def test_where_the_file_stands_is_the_source_of_a_record_that_names_none() -> None:
    origin = Source(url="https://example.org/recull", retrieved_on=date(2026, 1, 2), title="Recull")
    header, linked = [*HEADER, "Enllaç"], [*ROW, "https://example.org/vic"]
    drafts = read_practices(
        table(header, linked, ["Altra", *ROW[1:], ""]).encode(),
        name="d.csv",
        origin=origin,
        read_on=date(2026, 1, 3),
    )
    sources = [draft.practice.sources for draft in drafts if draft.practice]
    assert sources[0] == (Source(url="https://example.org/vic", retrieved_on=date(2026, 1, 3)),)
    assert sources[1] == (origin,)


def workbook(fill: Any) -> bytes:
    made = Workbook()
    fill(made.active)
    content = BytesIO()
    made.save(content)
    return content.getvalue()


def test_a_town_merged_over_several_rows_holds_for_each() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["Municipi", "Títol", "Problema", "Accions"])
        sheet.append(["Vic", "A", "Pa.", "Aa."])
        sheet.append([None, "B", "Pb.", "Ab."])
        sheet.append([None, "C", "Pc.", "Ac."])
        sheet.merge_cells("A2:A3")

    drafts = list(read_practices(workbook(fill), name="d.xlsx"))
    bodies = [draft.practice.body.name if draft.practice and draft.practice.body else None for draft in drafts]
    assert bodies == ["Vic", "Vic", None]


def test_a_code_that_lost_its_zero_in_a_spreadsheet_gets_it_back_with_a_doubt() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["Comune", "Codice ISTAT", "Titolo", "Problema", "Azioni"])
        sheet.append(["Lecce", 75035, "A", "Pa.", "Aa."])

    [draft] = read_practices(workbook(fill), name="d.xlsx")
    assert draft.practice is not None
    assert draft.practice.body is not None
    assert draft.practice.body.code == "075035"
    assert ("body.code", "is read as 075035", "75035") in [(d.field, d.reason, d.value) for d in draft.doubts]


def test_a_form_with_its_labels_in_the_first_column_is_one_practice() -> None:
    def fill(sheet: Any) -> None:
        for row in [
            ["FORMULARI"],
            ["Títol", "Fem companyia"],
            ["Municipi", "Vic"],
            ["Problema", ROW[2]],
            ["Accions", ROW[3]],
            ["Estat", "En curs"],
            ["Pressupost", "200 €"],
        ]:
            sheet.append(row)

    [draft] = read_practices(workbook(fill), name="d.xlsx")
    assert_is_the_row(draft)


def test_a_cell_that_looks_like_a_formula_is_text() -> None:
    text = table(["Títol", "Problema", "Accions"], ["=1+1", '=HYPERLINK(""x"")', "@SUM(A1)"])
    [draft] = read_practices(text.encode(), name="d.csv")
    assert draft.practice is not None
    assert (draft.practice.title, draft.practice.problem, draft.practice.actions) == (
        "=1+1",
        '=HYPERLINK("x")',
        "@SUM(A1)",
    )


YAML = """\
title: Fem companyia
Municipi: Vic
Problema: Solitud de la gent gran; cada any més.
actions: Truquem, visitem, sortim.
language: ca
status: in-progress
budget: [{amount_eur: 200}]
"""
JSON = (
    '{"title": "Fem companyia", "Municipi": "Vic", "Problema": "Solitud de la gent gran; cada any més.", '
    '"actions": "Truquem, visitem, sortim.", "language": "ca", "Estat": "En curs", '
    '"budget": [{"amount_eur": 200}]}'
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.yaml", YAML),
        ("p.yml", "- " + YAML.replace("\n", "\n  ").rstrip()),
        ("p.jsonl", JSON + "\n"),
        ("p.json", f"[\n{JSON}\n]"),
        ("p.json", json.dumps(json.loads(JSON), indent=2)),
        ("p.jsonld", f'{{"@context": "https://schema.org/", "@graph": [{{"record": {JSON}}}]}}'),
    ],
)
def test_a_record_with_named_fields_is_read(name: str, text: str) -> None:
    [draft] = read_practices(text.encode(), name=name)
    assert_is_the_row(draft)


def test_a_broken_line_of_json_lines_does_not_lose_the_others() -> None:
    lines = [JSON, '{"title": ', "[1]", JSON.replace("Fem", "Fer"), '{"title": "a", "title": "b"}']
    drafts = list(read_practices("\n".join(lines).encode(), name="p.jsonl"))
    assert [draft.practice is not None for draft in drafts] == [True, False, False, True, False]
    assert [(draft.row, draft.problems[0].reason) for draft in drafts if draft.problems] == [
        (2, "is not JSON: Expecting value: line 1 column 10 (char 9)"),
        (3, "must name its fields"),
        (5, "is not JSON: the key 'title' stands twice"),
    ]


def test_bytes_need_no_name_when_the_format_is_told() -> None:
    [draft] = read_practices(table(HEADER, ROW).encode(), format=Format.CSV)
    assert_is_the_row(draft)
