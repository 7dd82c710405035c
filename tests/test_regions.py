"""A region has one home under all its names: who asks for Cataluña, Catalogna or Catalunya asks for the same."""

import pytest

from corpus.regions import REGION_NAMES, canonical_region, region_in, same_region
from indexer.filters import Columns, Filter, facet_values
from tests.factories import make_practice


@pytest.mark.parametrize(
    ("written", "region"),
    [
        ("Cataluña", "Catalunya"),
        ("catalogna", "Catalunya"),
        ("Catalonia", "Catalunya"),
        ("País Vasco", "Euskadi"),
        ("PAIS VASCO", "Euskadi"),
        ("Comunidad Valenciana", "Comunitat Valenciana"),
        ("País Valencià", "Comunitat Valenciana"),
        ("Baleares", "Illes Balears"),
        ("Pulla", "Puglia"),
        ("Trentino-Alto Adige/Südtirol", "Trentino-Alto Adige"),
        ("Valle d’Aosta", "Valle d'Aosta"),
        ("Enlloc", "Enlloc"),
        ("", ""),
    ],
)
def test_every_name_of_a_region_leads_to_our_word_for_it(written: str, region: str) -> None:
    assert canonical_region(written) == region


def test_no_name_stands_for_two_regions() -> None:
    for region, names in REGION_NAMES.items():
        for name in (region, *names.values()):
            assert canonical_region(name) == region


def test_a_region_is_itself_under_another_name_and_never_another() -> None:
    assert same_region("Cataluña", "catalunya")
    assert same_region("Enlloc", "ENLLOC")
    assert not same_region("Catalunya", "Aragón")
    assert not same_region("Catalunya", None)
    assert not same_region(None, None)


def test_a_region_speaks_the_language_of_the_reader_whatever_that_of_the_record() -> None:
    for written in ("Catalunya", "Cataluña", "Catalogna"):
        assert [region_in(written, language) for language in ("ca", "es", "it", "en")] == [
            "Catalunya",
            "Cataluña",
            "Catalogna",
            "Catalonia",
        ]
    assert region_in("País Vasco", "es") == "País Vasco"
    assert region_in("País Vasco", "ca") == "País Basc"
    assert region_in("Puglia", "ca") == "Pulla"
    assert region_in("Enlloc", "it") == "Enlloc"


def test_records_of_one_region_are_filed_together_however_they_write_it() -> None:
    practices = [
        make_practice(region=region) for region in ("Catalunya", "Cataluña", "País Vasco", "Enlloc", None)
    ]
    assert facet_values(practices[1])["region"] == ("Catalunya",)
    columns = Columns(practices)
    assert columns.counts(range(5))["region"] == {"Catalunya": 2, "Enlloc": 1, "Euskadi": 1}


@pytest.mark.parametrize("asked", ["Catalunya", "Cataluña", "Catalogna", "catalonia"])
def test_a_filter_takes_any_name_of_a_region(asked: str) -> None:
    columns = Columns([make_practice(region=region) for region in ("Catalunya", "Cataluña", "Puglia")])
    assert columns.allowed(Filter({"region": (asked,)})).tolist() == [True, True, False]  # type: ignore[union-attr]
    both = columns.allowed(Filter({"region": (asked, "Apulia")}))
    assert both is not None
    assert both.all()
    nowhere = columns.allowed(Filter({"region": ("Enlloc",)}))
    assert nowhere is not None
    assert not nowhere.any()
