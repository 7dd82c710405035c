"""The record of a practice: what it refuses, and how it is cut into passages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.errors import InvalidPractice
from corpus.practice import LONGEST_TEXT, Section, parse_practice, passages, sentences, whole_text
from tests.factories import make_practice

LEAST = {"id": "a", "language": "ca", "title": "T", "problem": "P", "actions": "A"}


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"title": "  "}, "title", "at least 1"),
        ({"title": None}, "title", "valid string"),
        ({"language": "fr"}, "language", "'ca', 'es', 'it' or 'en'"),
        ({"id": "Una Vila"}, "id", "match pattern"),
        ({"problem": None}, "record", "needs a problem or a summary"),
        ({"actions": ""}, "record", "needs actions or a summary"),
        ({"problem": "a\ud800"}, "problem", "surrogate"),
        ({"problem": "a\x00b"}, "problem", "control character"),
        ({"problem": "a\uffff"}, "problem", "no character"),
        ({"problem": "a" * (LONGEST_TEXT + 1)}, "problem", "at most 20000"),
        ({"themes": ["no-such-theme"]}, "themes.0", "Input should be"),
        ({"start_year": 2020, "end_year": 2019}, "record", "before it starts in 2020"),
        ({"start_year": 20}, "start_year", "greater than or equal to 1950"),
        ({"budget": [{"amount_eur": float("nan")}]}, "budget.0.amount_eur", "finite"),
        ({"budget": [{"amount_eur": -1}]}, "budget.0.amount_eur", "greater than or equal to 0"),
        ({"sources": [{"url": "javascript:alert(1)", "retrieved_on": "2026-11-29"}]}, "sources.0.url", "pattern"),
        ({"body": {"name": "Reus", "code": "1"}}, "body.code", "pattern"),
        ({"problme": "misspelt"}, "problme", "Extra inputs are not permitted"),
    ],
)
def test_a_faulty_field_is_named_with_its_file_and_reason(change, field, reason):
    with pytest.raises(InvalidPractice) as caught:
        parse_practice(LEAST | change, file="reus.yaml", row=7)
    assert [(p.file, p.row, p.field) for p in caught.value.problems] == [("reus.yaml", 7, field)]
    assert reason in caught.value.problems[0].reason


def test_every_faulty_field_is_named_at_once():
    with pytest.raises(InvalidPractice) as caught:
        parse_practice(LEAST | {"title": "", "language": "xx", "start_year": 1})
    assert {problem.field for problem in caught.value.problems} == {"title", "language", "start_year"}


def test_a_summary_is_enough_beside_a_title():
    practice = parse_practice({"id": "a", "language": "it", "title": "T", "summary": "Una sintesi."})
    assert practice.problem is None
    assert whole_text(practice) == "T\nUna sintesi."


def test_an_empty_text_is_an_absent_text():
    assert make_practice(results="   ").results is None


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "Es visita cada setmana la gent gran. També se li truca els dilluns!",
            ["Es visita cada setmana la gent gran.", "També se li truca els dilluns!"],
        ),
        (
            "El servei és al carrer Major, núm. 12, planta baixa. S'hi arriba a peu des de la plaça.",
            ["El servei és al carrer Major, núm. 12, planta baixa.", "S'hi arriba a peu des de la plaça."],
        ),
        (
            "Costó 20.798,12 euros en total el primer año. ¿Quién lo pagó? La diputación, por convenio.",
            ["Costó 20.798,12 euros en total el primer año. ¿Quién lo pagó?", "La diputación, por convenio."],
        ),
        ("• Primer punt de la llista d'accions\n• Segon punt de la llista d'accions", 2),
        ("En curs.", ["En curs."]),
        ("", []),
    ],
)
def test_texts_are_cut_at_sentences_and_list_items(text, pieces):
    found = sentences(text)
    assert (len(found) if isinstance(pieces, int) else found) == pieces


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=400))
def test_no_letter_is_lost_when_a_text_is_cut(text):
    def letters(of: str) -> str:
        return "".join(character for character in of if character.isalnum())

    assert letters(" ".join(sentences(text))) == letters(text)


def test_passages_name_their_section_and_keep_the_words():
    practice = make_practice(
        title="Visites",
        problem="La gent gran viu sola i no surt de casa.",
        results="Cent persones ateses cada any.",
    )
    assert [(p.section, p.text) for p in passages(practice)][:2] == [
        (Section.TITLE, "Visites"),
        (Section.PROBLEM, "La gent gran viu sola i no surt de casa."),
    ]
    for passage in passages(practice):
        assert passage.text in (practice.text(passage.section) or "")
