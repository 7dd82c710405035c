"""What towns send arrives as they meant it, value by value."""

from io import BytesIO

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from corpus.importers.drafts import Draft, Format
from corpus.importers.reading import read_practices
from corpus.practice import Practice
from tests.messy_files import (
    BARCELONA_LIKE_PAGE,
    BODY_TYPES,
    TOLD,
    TOWN_NAMES,
    Told,
    messy_document,
    messy_workbook,
)

LANGUAGES = ("ca", "es", "it")


def assert_means(practice: Practice | None, told: Told, language: str) -> None:
    """Every field of a practice holds what the town told, and no other field holds anything."""
    assert practice is not None
    read = practice.model_dump(mode="json", exclude_defaults=True)
    assert read.pop("id")
    assert read.pop("language") == language
    assert read.pop("title") == told.title
    assert read.pop("problem") == told.problem
    assert read.pop("actions").removeprefix("• ") == told.actions
    assert read.pop("status") == told.status
    assert read.pop("start_year", None) == told.start_year
    assert read.pop("end_year", None) == told.end_year
    assert read.pop("budget") == told.budget
    assert read.pop("themes") == told.themes
    assert read.pop("target_groups", []) == told.groups
    body = read.pop("body")
    assert body.pop("name") == TOWN_NAMES.get(told.town, told.town)
    assert body.pop("type", "municipality") == BODY_TYPES.get(told.town, "municipality")
    assert body == {}
    assert read == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_messy_workbook_of_ten_practices_is_read_as_the_town_meant_it(language: str) -> None:
    drafts = list(read_practices(messy_workbook(language), name="recull.xlsx"))
    *read, instructions = drafts
    assert len(read) == 10
    for draft, told in zip(read, TOLD[language], strict=True):
        assert draft.problems == ()
        assert_means(draft.practice, told, language)
    assert [draft.row for draft in read] == [7, 8, 9, 11, 12, 14, 15, 17, 18, 19]
    assert [str(problem) for problem in instructions.problems] == [
        "recull.xlsx, sheet 'Info': header: no row holds known headings; not read"
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_messy_document_of_ten_practices_is_read_as_the_town_meant_it(language: str) -> None:
    drafts = list(read_practices(messy_document(language), name="recull.docx"))
    assert len(drafts) == 10
    for draft, told in zip(drafts, TOLD[language], strict=True):
        assert draft.problems == ()
        assert_means(draft.practice, told, language)


def test_a_column_nobody_knows_is_a_doubt_once() -> None:
    drafts = list(read_practices(messy_workbook("ca"), name="recull.xlsx"))
    said = [doubt for draft in drafts for doubt in draft.doubts if doubt.field == "Regidoria"]
    assert [(doubt.row, doubt.value) for doubt in said] == [(7, "Benestar")]


def test_the_name_of_a_person_is_never_stored() -> None:
    drafts = list(read_practices(messy_document("es"), name="formulario.docx"))
    assert all("Apellido" not in draft.practice.model_dump_json() for draft in drafts if draft.practice)
    assert ("Persona de contacto", "may name a person; not stored") in [
        (doubt.field, doubt.reason) for doubt in drafts[0].doubts
    ]


@pytest.fixture(scope="module")
def page() -> Draft:
    [draft] = read_practices(BARCELONA_LIKE_PAGE.encode(), name="https://example.org/escales", format=Format.HTML)
    return draft


def test_a_page_in_the_form_of_the_barcelona_bank_gives_every_section(page: Draft) -> None:
    practice = page.practice
    assert practice is not None
    assert practice.title == "Escales amigues"
    assert practice.language == "ca"
    assert practice.summary == (
        "Les comunitats de veïns es coneixen poc.\nEl projecte les ajuda a trobar-se, escala per escala."
    )
    assert practice.problem == "La gent gran que viu en pisos sense ascensor queda aïllada."
    assert practice.objectives == (
        "Volem que cada escala tingui qui la miri.\n• Trobar qui no surt de casa.\n• Fer que els veïns s'ajudin."
    )
    assert practice.actions == "• Visites porta a porta.\n• Festa de l'escala."
    assert [(actor.name, actor.role) for actor in practice.actors] == [
        ("Departament de Barris", "coordinació del projecte"),
        ("Associació de veïns", None),
    ]
    assert (practice.start_year, practice.end_year) == (2013, None)


def test_the_legend_of_a_page_is_not_its_status(page: Draft) -> None:
    assert page.practice is not None
    assert page.practice.status == "in-progress"


def test_the_budget_of_a_page_is_read_line_by_line_with_the_year_above(page: Draft) -> None:
    assert page.practice is not None
    assert [(line.amount_eur, line.purpose, line.year) for line in page.practice.budget] == [
        (200, "Formació de les referents", 2018),
        (20798.12, "Suport metodològic extern", 2018),
        (8034.40, "Difusió (material gràfic: vídeo i butlletí)", 2018),
        (956, "Festa de l'escala", 2018),
    ]


def test_a_figure_of_a_page_is_an_impact_and_two_in_a_line_stay_words(page: Draft) -> None:
    assert page.practice is not None
    assert [(impact.value, impact.what, impact.unit, impact.as_of) for impact in page.practice.impacts] == [
        (54, "escales identificades", None, None),
        (1250, "Persones ateses", None, None),
        (None, "5 festes de barri: 850 assistents", None, None),
        (92.5, "Satisfacció", "%", "2018"),
    ]
    assert page.practice.results is not None
    assert page.practice.results.endswith("• Presència en congressos.")


def test_the_furniture_of_a_web_site_stays_out(page: Draft) -> None:
    assert page.practice is not None
    text = page.practice.model_dump_json()
    for furniture in ("Contacta", "Avís legal", "Accessibilitat", "galetes", "Inici", "Possibles estats", "color"):
        assert furniture not in text


def test_furniture_within_furniture_stays_out() -> None:
    menu = '<div class="menu"><ul class="nav-list"><li class="nav-item">Menú</li></ul></div>'
    page = (
        f"<html><body><div id='header-nav'>{menu * 20}</div><h1>Prova</h1><h2>Problema</h2><p>Fa mal.</p>"
        f"<h2>Accions</h2><p>Curem.</p><div class='peu'>{menu}<footer><nav>{menu}</nav></footer></div></body>"
    )
    [draft] = read_practices(page.encode(), name="p.html")
    assert draft.practice is not None
    assert draft.practice.model_dump(mode="json", exclude_defaults=True) == {
        "id": "prova",
        "language": "ca",
        "title": "Prova",
        "problem": "Fa mal.",
        "actions": "Curem.",
    }


def test_a_table_of_a_page_is_read_as_labels_and_values() -> None:
    page = (
        "<html><body><h1>Prova</h1><table><tr><th>Problema</th><td>Fa mal.</td></tr>"
        "<tr><th>Accions</th><td><ul><li>Curem.</li><li>Tornem.</li></ul></td></tr>"
        "<tr><td>Inici</td><td>2015</td><td>Acabament</td><td>2018</td></tr></table>"
        "<p><b>Pressupost</b></p><table><tr><td>Metges</td><td>2.000 €</td></tr></table></body></html>"
    )
    [draft] = read_practices(page.encode(), name="p.html")
    assert draft.practice is not None
    assert draft.practice.actions == "• Curem.\n• Tornem."
    assert (draft.practice.start_year, draft.practice.end_year) == (2015, 2018)
    assert [(line.purpose, line.amount_eur) for line in draft.practice.budget] == [("Metges", 2000)]


def test_answers_in_the_controls_of_a_form_are_read_and_placeholders_are_not() -> None:
    document = docx.Document()
    for label, answer, placeholder in [
        ("Títol", "Prova", False),
        ("Problema", "Fa mal.", False),
        ("Accions", "Curem.", False),
        ("Resultats", "Feu clic aquí per escriure", True),
    ]:
        document.add_paragraph().add_run(f"{label}:").bold = True
        hint = "<w:sdtPr><w:showingPlcHdr/></w:sdtPr>" if placeholder else ""
        text = f"<w:p><w:r><w:t>{answer}</w:t></w:r></w:p>"
        control = f"<w:sdt {nsdecls('w')}>{hint}<w:sdtContent>{text}</w:sdtContent></w:sdt>"
        document.element.body.insert(-1, parse_xml(control))
    content = BytesIO()
    document.save(content)
    [draft] = read_practices(content.getvalue(), name="f.docx")
    assert draft.practice is not None
    assert draft.practice.model_dump(mode="json", exclude_defaults=True) == {
        "id": "prova",
        "language": "ca",
        "title": "Prova",
        "problem": "Fa mal.",
        "actions": "Curem.",
    }


def test_what_stands_above_the_title_is_left_out_with_a_doubt() -> None:
    page = (
        "<html><body><p>Avís</p><h1>Prova</h1><h2>Problema</h2><p>Fa mal.</p><h2>Accions</h2><p>Curem.</p></body>"
    )
    [draft] = read_practices(page.encode(), name="p.html")
    assert ("stands under no heading; left out", "Avís") in [(doubt.reason, doubt.value) for doubt in draft.doubts]


def test_a_page_without_known_headings_gives_its_text_as_summary_and_says_so() -> None:
    body = "<p>" + "La xarxa de veïns truca cada matí a la gent gran que viu sola. " * 6 + "</p>"
    page = f"<html><body><nav>Menú</nav><h1>Bon dia, veïna</h1>{body}{body.replace('matí', 'tarda')}</body></html>"
    [draft] = read_practices(page.encode(), name="bondia.html", detect_language=lambda _: "ca")
    assert draft.practice is not None
    assert draft.practice.title == "Bon dia, veïna"
    assert draft.practice.summary is not None
    assert "cada tarda" in draft.practice.summary
    assert "Menú" not in draft.practice.summary
    assert [doubt.reason for doubt in draft.doubts] == [
        "no heading is known; the whole text is taken as the summary"
    ]
