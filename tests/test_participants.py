"""The list of an exchange day: four languages, two formats, value by value; each fault named, none half read."""

from collections.abc import Sequence
from io import BytesIO

import pytest
from openpyxl import Workbook

from corpus.errors import UnreadableSource
from service.exchange_day import Participant, ParticipantRole
from service.participants import (
    COLUMNS,
    MOST_PARTICIPANTS,
    InvalidParticipants,
    languages_of,
    read_participants,
    role_of,
)

HEADINGS = {
    "ca": ("Nom o àlies", "Municipi", "Entitat", "Departament", "Càrrec", "Llengües", "Necessitat", "Oferta"),
    "es": ("Nombre", "Ayuntamiento", "Entidad", "Área", "Puesto de trabajo", "Idiomas", "Reto", "Qué ofrece"),
    "it": ("Nome e cognome", "Comune", "Ente", "Ufficio", "Ruolo", "Lingue", "Bisogno", "Punti di forza"),
    "en": ("Alias", "Town", "Organisation", "Department", "Job title", "Languages", "Need", "Offer"),
}
FIRST = (
    "Gavina",
    "Reus",
    "",
    "Serveis Socials",
    "Cap de servei",
    "català i castellà",
    "Gent gran sola.",
    "Trucades.",
)
SECOND = ("", "", "Càritas", "", "", "it; en", "", "")


def csv(*rows: Sequence[str]) -> bytes:
    return "\n".join(";".join(f'"{cell}"' for cell in row) for row in rows).encode()


def xlsx(*rows: Sequence[str]) -> bytes:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("llista")
    for row in rows:
        sheet.append(row)
    file = BytesIO()
    workbook.save(file)
    return file.getvalue()


@pytest.mark.parametrize("headings", HEADINGS.values(), ids=HEADINGS)
@pytest.mark.parametrize(("write", "name"), [(csv, "llista.csv"), (xlsx, "llista.xlsx")])
def test_a_list_is_read_value_by_value_in_four_languages_and_two_formats(write, name, headings):
    read = read_participants(write(headings, FIRST, SECOND), name=name)
    assert read.doubts == ()
    assert read.participants == (
        Participant(
            row=2,
            name="Gavina",
            municipality="Reus",
            office="Serveis Socials",
            role=ParticipantRole.MANAGER,
            languages=("ca", "es"),
            need="Gent gran sola.",
            offer="Trucades.",
        ),
        Participant(row=3, entity="Càritas", languages=("it", "en")),
    )


def test_no_name_of_a_column_stands_for_two():
    names = [name for column in COLUMNS.values() for name in column.split(", ")]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice


def test_titles_above_the_header_and_hints_in_it_make_no_difference():
    header = ("Municipi *", "LLENGÜES (ca, es, it)", "Necessitat:")
    read = read_participants(
        csv(("Jornada del 12 de maig", "", ""), header, ("Vic", "ca", "Els joves")), name="a.csv"
    )
    assert [(each.row, each.municipality, each.need) for each in read.participants] == [(3, "Vic", "Els joves")]


def test_a_municipality_merged_over_its_people_holds_for_each():
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in (("Municipi", "Llengües", "Necessitat"), ("Vic", "ca", "Una"), ("", "ca", "Dues")):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    file = BytesIO()
    workbook.save(file)
    read = read_participants(file.getvalue(), name="a.xlsx")
    assert [each.municipality for each in read.participants] == ["Vic", "Vic"]


def test_what_those_read_who_do_not_say_can_be_told_for_all():
    rows = csv(("Municipi", "Necessitat", "Idiomes"), ("Vic", "Una", ""), ("Vic", "Dues", "anglès"))
    read = read_participants(rows, name="a.csv", languages=("ca", "es"))
    assert [each.languages for each in read.participants] == [("ca", "es"), ("en",)]


def test_every_fault_names_file_row_column_value_and_reason_and_none_is_read():
    rows = csv(
        HEADINGS["ca"],
        FIRST,
        ("Pere Secret", "", "", "", "", "català", "Una necessitat", ""),
        ("", "Vic", "", "", "", "", "Una altra", ""),
        ("", "Vic", "", "", "", "català, marcià", "x" * 2_001, ""),
        ("", "Vic", "", "", "", ",", "Una", ""),
        ("M" * 201, "Vic", "", "", "", "ca", "", ""),
    )
    with pytest.raises(InvalidParticipants) as raised:
        read_participants(rows, name="llista.csv")
    assert [str(problem) for problem in raised.value.problems] == [
        "llista.csv, row 3: Municipi: is empty, and so is the entity: write where they come from",
        "llista.csv, row 4: Llengües: is empty: write the languages they read, such as ca, es, it or en",
        "llista.csv, row 5: Llengües ('català, marcià'): 'marcià' is no language we know; write names or codes, "
        "such as català, castellano, italiano, en",
        f"llista.csv, row 5: Necessitat ({'x' * 80!r}): is longer than 2,000 characters: say it in fewer",
        "llista.csv, row 6: Llengües (','): is empty: write the languages they read, such as ca, es, it or en",
        "llista.csv, row 7: Nom o àlies: is longer than 200 characters: say it in fewer",
    ]
    assert "Pere" not in str(raised.value)


def test_a_control_character_is_a_fault_and_reaches_no_screen():
    rows = csv(("Municipi", "Llengües", "Necessitat"), ("Vic", "ca", "Els \x1b[31mjoves"))
    with pytest.raises(InvalidParticipants) as raised:
        read_participants(rows, name="a.csv")
    assert "row 2: Necessitat" in str(raised.value)
    assert "control character" in str(raised.value)
    assert "\x1b" not in str(raised.value)


def test_what_is_left_aside_or_guessed_is_told_once_and_without_names():
    header = ("Nom", "Municipi", "Llengües", "Necessitat", "Càrrec", "Al·lèrgies", "Correu")
    rows = csv(
        header,
        ("Anna Nom", "Vic", "ca", "Una", "astronauta", "nous", "anna@example.org"),
        ("Anna Nom", "Vic", "ca", "Una", "tècnica", "nous", "anna@example.org"),
    )
    read = read_participants(rows, name="a.csv")
    assert [each.role for each in read.participants] == [ParticipantRole.OTHER, ParticipantRole.TECHNICIAN]
    assert [str(doubt) for doubt in read.doubts] == [
        "a.csv, row 2: Al·lèrgies: is no column we know; not read, here and below",
        "a.csv, row 2: Càrrec ('astronauta'): is no role we know; counted as another one",
        "a.csv, row 3: Nom: may be the person of row 2 again",
    ]


def test_numbered_rows_nobody_filled_in_are_passed_over():
    rows = csv(("N.", "Municipi", "Llengües", "Necessitat"), ("1", "Vic", "ca", "Una"), ("2", "", "", ""))
    assert len(read_participants(rows, name="a.csv").participants) == 1


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (csv(("Títol", "Accions"), ("Una", "Dues")), "a.csv", "a.csv has no header"),
        (csv(("Municipi", "Llengües", "Necessitat")), "a.csv", "has a header, but no participant below it"),
        (b"", "a.csv", "a.csv is empty"),
        (b'{"need": "x"}', "a.jsonl", "a.jsonl is no table"),
        (b"%PDF-1.7", "a.pdf", ".pdf files are not read"),
        (
            csv(("Municipi", "Llengües", "Necessitat"), *[("Vic", "ca", "Una")] * (MOST_PARTICIPANTS + 1)),
            "a.csv",
            "holds more than 400 participants",
        ),
    ],
)
def test_a_file_that_is_no_list_is_refused(content, name, reason):
    with pytest.raises(UnreadableSource, match=reason):
        read_participants(content, name=name)


def test_a_sheet_of_instructions_is_passed_over_and_told_and_two_lists_are_refused():
    workbook = Workbook()
    notes = workbook.active
    assert notes is not None
    notes.title = "Instruccions"
    notes.append(("Ompliu una fila per persona",))
    for title in ("Dilluns", "Dimarts"):
        sheet = workbook.create_sheet(title)
        sheet.append(("Municipi", "Llengües", "Necessitat"))
        sheet.append(("Vic", "ca", title))
        file = BytesIO()
        workbook.save(file)
        if title == "Dilluns":
            read = read_participants(file.getvalue(), name="a.xlsx")
            assert [each.need for each in read.participants] == ["Dilluns"]
            assert [str(doubt) for doubt in read.doubts] == [
                "a.xlsx, sheet 'Instruccions': header: no row holds known headings; not read"
            ]
    with pytest.raises(UnreadableSource, match="lists participants in several sheets"):
        read_participants(file.getvalue(), name="a.xlsx")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("català i castellà", ("ca", "es")),
        ("Valencià / Castellano", ("ca", "es")),
        ("italiano, inglese e francese", ("it", "en", "fr")),
        ("Spanish and Basque", ("es", "eu")),
        ("euskera; gallego", ("eu", "gl")),
        ("ES+IT (una mica)", ("es", "it")),
        ("ca ca", None),
        ("", ()),
    ],
)
def test_languages_are_told_by_name_or_code_in_any_of_four(text, codes):
    if codes is None:
        with pytest.raises(ValueError, match="no language we know"):
            languages_of(text)
    else:
        assert languages_of(text) == codes


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("Regidora de Benestar Social", ParticipantRole.COUNCILLOR),
        ("Concejal", ParticipantRole.COUNCILLOR),
        ("Assessore alle Politiche Sociali", ParticipantRole.COUNCILLOR),
        ("Mayor", ParticipantRole.COUNCILLOR),
        ("Cap de l'equip tècnic", ParticipantRole.MANAGER),
        ("Director/a", ParticipantRole.MANAGER),
        ("Jefa de servicio", ParticipantRole.MANAGER),
        ("Responsabile d'ufficio", ParticipantRole.MANAGER),
        ("Tècnic/a de voluntariat", ParticipantRole.TECHNICIAN),
        ("Trabajadora social", ParticipantRole.TECHNICIAN),
        ("Assistente sociale", ParticipantRole.TECHNICIAN),
        ("social worker", ParticipantRole.TECHNICIAN),
        ("Auxiliar administrativa", ParticipantRole.ADMINISTRATIVE),
        ("Impiegato", ParticipantRole.ADMINISTRATIVE),
        ("Voluntària", ParticipantRole.ASSOCIATION),
        ("Presidente di associazione", ParticipantRole.ASSOCIATION),
        ("astronauta", None),
    ],
)
def test_roles_in_peoples_own_words_come_down_to_a_few(text, role):
    assert role_of(text) is role
