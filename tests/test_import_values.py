"""Money, years, status and codes in the forms towns write them."""

from typing import Any

import pytest

from corpus.importers.headings import FIELDS, fold, load_headings
from corpus.importers.values import READERS

WORDS = load_headings()


def read(field: str, text: str) -> tuple[Any, list[str]]:
    """What a reader makes of a text, and what it doubts."""
    doubts: list[str] = []
    return READERS[field](text, WORDS, doubts.append), doubts


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("20.798,12 €", 20798.12),
        ("€ 1.200.000", 1_200_000),
        ("1.5 M€", 1_500_000),
        ("1,5 M€", 1_500_000),
        ("200 €", 200),
        ("956", 956),
        ("12.500", 12500),
        ("12.500,00", 12500),
        ("20 798,12 €", 20798.12),
        ("20\u00a0798 €", 20798),
        ("EUR 3.400", 3400),
        ("3400 euros", 3400),
        ("40 mil euros", 40000),
        ("80 mila euro", 80000),
        ("12k €", 12000),
        ("0,5 millones de euros", 500_000),
        ("1,2 milions d'euros", 1_200_000),
        ("2 milioni di euro", 2_000_000),
        ("1,200.50 €", 1200.5),
        ("0 €", 0),
    ],
)
def test_money_is_read_as_it_is_written_in_each_language(text: str, amount: float) -> None:
    assert read("budget", text) == ([{"amount_eur": amount}], [])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("2018: 12.000 €", {"amount_eur": 12000, "year": 2018}),
        ("12.000 € (2018)", {"amount_eur": 12000, "year": 2018}),
        ("Personal: 12.000 € anuals", {"amount_eur": 12000, "purpose": "Personal: anuals", "scope": "annual"}),
        ("600 €/any", {"amount_eur": 600, "scope": "annual"}),
        ("Cost total: 600 €", {"amount_eur": 600, "scope": "whole"}),
        ("• Material - 200 €", {"amount_eur": 200, "purpose": "Material"}),
    ],
)
def test_a_budget_line_says_what_for_when_and_for_how_long(text: str, line: dict[str, Any]) -> None:
    assert read("budget", text) == ([line], [])


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("recursos propis", "holds no amount in euros; left out"),
        ("12.000 $", "holds no amount in euros; left out"),
        ("entre 10.000 i 20.000 €", "is a range, not an amount; left out"),
        ("10.000-20.000 €", "is a range, not an amount; left out"),
    ],
)
def test_money_that_is_no_amount_in_euros_is_left_out_with_a_doubt(text: str, doubt: str) -> None:
    budget, doubts = read("budget", text)
    assert budget == []
    assert [said.endswith(doubt) for said in doubts] == [True]


@pytest.mark.parametrize(
    ("text", "amount", "doubt"),
    [
        ("1,500 €", 1500, "1,500 is read as 1500"),
        ("uns 3.000 €", 3000, "'uns 3.000 €' is approximate"),
        ("12.000 € (8.000 € de la Diputació)", 12000, "holds several amounts; only the first is kept"),
    ],
)
def test_a_guess_about_money_is_a_doubt(text: str, amount: float, doubt: str) -> None:
    budget, doubts = read("budget", text)
    assert [line["amount_eur"] for line in budget] == [amount]
    assert len(doubts) == 1
    assert doubts[0].endswith(doubt)


def test_an_amount_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="'-200 €' is below zero"):
        read("budget", "-200 €")


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("2016-2019", {"start_year": 2016, "end_year": 2019}),
        ("2016/17", {"start_year": 2016, "end_year": 2017}),
        ("dal 2019", {"start_year": 2019}),
        ("dal 2016 al 2019", {"start_year": 2016, "end_year": 2019}),
        ("des de 2017", {"start_year": 2017}),
        ("desde enero de 2015 hasta la actualidad", {"start_year": 2015}),
        ("fins al 2020", {"end_year": 2020}),
        ("fino al 2020", {"end_year": 2020}),
        ("2013 (gener) - en curs", {"start_year": 2013}),
        ("01/02/2013 - 31/12/2014", {"start_year": 2013, "end_year": 2014}),
        ("en curs", {}),
        ("in corso", {}),
    ],
)
def test_a_period_gives_its_start_and_its_end(text: str, years: dict[str, int]) -> None:
    assert read("period", text) == (years, [])


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2013 (gener)", 2013),
        ("gennaio 2017", 2017),
        ("31.12.2020", 2020),
        ("2017-03-01", 2017),
        ("en curs", None),
        ("Attualmente in corso", None),
    ],
)
def test_a_year_is_found_in_a_date(text: str, year: int | None) -> None:
    assert read("start_year", text) == (year, [])


@pytest.mark.parametrize("text", ["43101", "gen-17", "fa molts anys", "1700"])
def test_a_date_without_a_year_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="holds no year from 1950 to 2100"):
        read("start_year", text)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("En curs", "in-progress"),
        ("En curs*", "in-progress"),
        ("Consolidats", "consolidated"),
        ("Acabats", "finished"),
        ("in corso", "in-progress"),
        ("consolidado", "consolidated"),
        ("finalizado", "finished"),
        ("in-progress", "in-progress"),
        ("☐ En curs ☒ Consolidat ☐ Acabat", "consolidated"),
        ("[ ] in corso\n[x] concluso", "finished"),
        ("☐ En curs ☐ Consolidat ☐ Acabat", None),
        (
            "En curs*\n* Possibles estats\nEn curs: es prova.\nConsolidats: creix.\nAcabats: ja no es fa.",
            "in-progress",
        ),
        ("Acabats*\nEn curs: es prova.\nConsolidats: creix.\nAcabats: ja no es fa.", "finished"),
    ],
)
def test_the_status_is_told_from_its_legend(text: str, status: str | None) -> None:
    assert read("status", text) == (status, [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("actiu-ish", "is none of: en curs"),
        ("En curs\nAcabat", "names several statuses: finished, in-progress"),
    ],
)
def test_a_status_that_cannot_be_told_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read("status", text)


@pytest.mark.parametrize(
    ("field", "text", "codes"),
    [
        ("themes", "loneliness", ["loneliness"]),
        ("themes", "Soledad no deseada; Salute mentale", ["loneliness", "mental-health"]),
        ("themes", "HABITATGE, Salut Mental", ["housing", "mental-health"]),
        ("themes", "Salut mental i Habitatge", ["mental-health", "housing"]),
        ("themes", "Politiche abitative / Giovani", ["housing"]),
        ("themes", "Ocupació i inserció laboral", ["employment"]),
        ("themes", "☒ Habitatge ☐ Mobilitat i transport ☒ Joventut", ["housing", "youth"]),
        ("target_groups", "Older people, Dones", ["older-people", "women"]),
        ("methods", "Visite domiciliari", ["home-visits"]),
    ],
)
def test_codes_are_read_from_labels_in_any_language(field: str, text: str, codes: list[str]) -> None:
    assert read(field, text)[0] == codes


def test_a_theme_of_another_list_is_left_out_with_a_doubt() -> None:
    assert read("themes", "Habitatge; Benestar animal") == (
        ["housing"],
        ["'Benestar animal' is none of our themes; left out"],
    )


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Problema al qual dona solució", "problem"),
        ("2. PROBLEMA AL QUE DA SOLUCIÓN (máx. 300 palabras) *", "problem"),
        ("Objetivos", "objectives"),
        ("Azioni realizzate", "actions"),
        ("Pressupost", "budget"),
        ("Stato del progetto", "status"),
        ("Accions principals:", "actions"),
        ("Actors claus", "actors"),
        ("Calendari", "period"),
        ("Data d'inici", "start_year"),
        ("Data d’inici", "start_year"),
        ("Resultats del projecte", "results"),
        ("RISULTATI DELLA PRATICA", "results"),
        ("target_groups", "target_groups"),
        ("body.name", "body.name"),
        ("Colindres", None),
        ("", None),
    ],
)
def test_headings_are_known_in_whatever_dress(heading: str, field: str | None) -> None:
    assert WORDS.field(heading) == field


def test_no_name_stands_for_two_fields() -> None:
    from importlib.resources import files

    import yaml

    table = yaml.safe_load(files("corpus.importers").joinpath("headings.yaml").read_text(encoding="utf-8"))
    meanings: dict[str, set[str]] = {fold(field): {field} for field in FIELDS}
    for field, names in table["fields"].items():
        for name in (name for known in names.values() for name in known):
            meanings.setdefault(fold(name), set()).add(field)
    assert {name: fields for name, fields in meanings.items() if len(fields) > 1} == {}
