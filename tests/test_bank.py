"""The shipped bank keeps its word: sourced, in three languages, of towns of every size, without private people."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from corpus.bank import BANK, read_bank
from corpus.coverage import SECOND_READING_FILE, Coverage, coverage, read_second_reading, tables, with_coverage
from corpus.errors import InvalidPractice, UnreadableSource
from corpus.practice import Practice, whole_text
from corpus.regions import canonical_region
from corpus.vocabulary import Theme, labels
from models.language import detect_language
from service.cli import app
from tests.factories import make_practice

EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.\w")
PHONE = re.compile(  # Spanish and Italian numbers, in the groups people write them in; no year, amount or share
    r"(?<![\d.,])(?:\+\d{2}[ .-]?)?(?:[6789]\d{2}(?:[ .-]?\d{2,3}){2,3}|"
    r"0\d{1,3}[ /.-]?\d{5,8}|3\d{2}[ .-]?\d{6,7})(?![\d.,]*\d)"
)


@pytest.fixture(scope="module")
def counted(bank: list[Practice]) -> Coverage:
    return coverage(bank, second_reading=read_second_reading(BANK, bank))


def strings(value: Any) -> Iterator[str]:
    """Every text of a record but its addresses of pages."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key != "url":
                yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


# --- how much there is -----------------------------------------------------------------------------


def test_every_file_of_the_bank_is_a_practice() -> None:
    assert [str(item) for item in read_bank() if isinstance(item, InvalidPractice)] == []


def test_the_bank_holds_three_hundred_practices_and_a_hundred_in_each_language(counted: Coverage) -> None:
    assert counted.practices >= 300
    assert min(counted.by_language[language] for language in ("ca", "es", "it")) >= 100


def test_of_a_hundred_and_eighty_municipalities_and_more_a_third_are_small(counted: Coverage) -> None:
    assert counted.municipalities >= 180
    assert counted.small_share is not None
    assert counted.small_share >= 1 / 3


def test_most_themes_can_be_answered_in_more_than_one_language(counted: Coverage) -> None:
    assert len(counted.well_covered_themes) >= 25


def test_every_theme_has_a_practice_and_a_label(counted: Coverage) -> None:
    assert [theme for theme, by_language in counted.themes.items() if not by_language] == []
    for theme in Theme:
        assert all(labels()["theme"][theme.value][language] for language in ("ca", "es", "it", "en"))


def test_puglia_has_practices_in_each_of_the_five_areas_of_its_bank(counted: Coverage) -> None:
    assert counted.puglia >= 15
    areas = [theme for theme in counted.themes if theme.startswith("puglia-")]
    assert len(areas) == 5
    assert all(sum(counted.themes[area].values()) for area in areas)


def test_catalan_is_read_from_the_islands_and_the_south_too(bank: list[Practice]) -> None:
    regions = {canonical_region(p.body.region) for p in bank if p.language == "ca" and p.body and p.body.region}
    assert {"Catalunya", "Illes Balears", "Comunitat Valenciana"} <= regions


# --- how well it is written ------------------------------------------------------------------------


def test_every_record_says_where_and_when_its_facts_were_read(bank: list[Practice]) -> None:
    assert [practice.id for practice in bank if not practice.sources] == []
    for practice in bank:
        for source in practice.sources:
            assert source.url.startswith(("http://", "https://")), practice.id
            assert source.retrieved_on, practice.id


def test_every_record_tells_who_did_what_about_which_problem(bank: list[Practice]) -> None:
    for practice in bank:
        assert practice.body, practice.id
        assert practice.body.region, practice.id
        assert practice.problem, practice.id
        assert practice.actions, practice.id
        assert practice.themes, practice.id


def test_records_are_long_enough_to_help_and_short_enough_to_read(bank: list[Practice]) -> None:
    lengths = {practice.id: len(whole_text(practice).split()) for practice in bank}
    assert {name: length for name, length in lengths.items() if not 80 <= length <= 350} == {}


def test_a_record_is_written_in_the_language_it_says_and_lies_in(bank: list[Practice]) -> None:
    folder_of = {path.stem: path.parent.name for path in BANK.rglob("*.yaml")}
    for practice in bank:
        assert practice.language == folder_of[practice.id], practice.id
        assert practice.language == detect_language(whole_text(practice)), practice.id


def test_no_two_records_share_an_id(bank: list[Practice]) -> None:
    assert [name for name, times in Counter(practice.id for practice in bank).items() if times > 1] == []


def test_no_record_gives_a_person_s_email_or_a_phone(bank: list[Practice]) -> None:
    assert EMAIL.search("escriviu a maria@example.org")
    assert PHONE.search("truqueu al 972 20 65 00 ")
    assert PHONE.search("tel. 080/5771111")
    for practice in bank:
        for text in strings(practice.model_dump(mode="json")):
            assert not EMAIL.search(text), (practice.id, text)
            assert not PHONE.search(text), (practice.id, text)


def test_every_municipality_of_the_bank_has_its_official_code_and_population(bank: list[Practice]) -> None:
    for practice in bank:
        if practice.body and practice.body.type == "municipality":
            assert practice.body.code, practice.id
            assert practice.body.population, practice.id


# --- the figures -----------------------------------------------------------------------------------


def test_a_body_counts_once_and_a_region_under_one_name() -> None:
    found = coverage(
        [
            make_practice(place="Salt", population=33_000, region="Catalunya", country="ES", themes=["youth"]),
            make_practice(place="Salt", region="Cataluña", country="ES", language="es", themes=["youth"]),
            make_practice(place="Bescanó", population=5_000, region="Catalunya", country="ES"),
            make_practice(place="Lecce", region="Puglia", country="IT", language="it"),
        ]
    )
    assert (found.practices, found.bodies, found.municipalities) == (4, 3, 3)
    assert (found.bodies_of_known_population, found.small_bodies, found.small_share) == (2, 1, 0.5)
    assert found.regions == {"ES": {"Catalunya": 3}, "IT": {"Puglia": 1}}
    assert found.themes["youth"] == {"ca": 1, "es": 1}
    assert found.filled["body.population"] == 2
    assert found.puglia == 1


def test_six_practices_in_each_of_two_languages_cover_a_theme_well() -> None:
    def youth(language: str, number: int) -> list[Practice]:
        return [make_practice(language=language, themes=["youth"]) for _ in range(number)]

    assert coverage(youth("ca", 6) + youth("it", 6)).well_covered_themes == ["youth"]
    assert coverage(youth("ca", 20) + youth("it", 5)).well_covered_themes == []


def test_an_empty_bank_has_no_lengths_and_no_shares() -> None:
    found = coverage([])
    assert (found.practices, found.words, found.small_share) == (0, None, None)
    assert all(len(row) == len(table.columns) for table in tables(found) for row in table.rows)


def test_a_second_reading_is_counted_only_where_it_is_recorded(tmp_path: Path) -> None:
    practices = [make_practice(id="one"), make_practice(id="two", language="it")]
    assert read_second_reading(tmp_path, practices) is None
    record = tmp_path / SECOND_READING_FILE
    record.write_text("id,read_on,mended\none,2026-11-29,year of start\ntwo,2026-11-29,\n")
    reading = read_second_reading(tmp_path, practices)
    assert reading is not None
    assert (reading.read, reading.mended, reading.by_language) == (2, 1, {"ca": 1, "it": 1})
    for broken, reason in (
        ("id,read_on\none,2026-11-29\n", "needs the columns"),
        ("id,read_on,mended\nthree,2026-11-29,\n", "row 2: id 'three' is no record"),
        ("id,read_on,mended\none,2026-11-29,\none,2026-11-29,\n", "row 3: id 'one' stands twice"),
        ("id,read_on,mended\none,yesterday,\n", "row 2: read_on 'yesterday' is no date"),
    ):
        record.write_text(broken)
        with pytest.raises(UnreadableSource, match=reason):
            read_second_reading(tmp_path, practices)


def test_the_readme_of_the_bank_tells_the_figures_of_its_files(counted: Coverage) -> None:
    page = (BANK / "README.md").read_text(encoding="utf-8")
    assert page == with_coverage(page, counted), "run `empelt bank report --readme`"


def test_a_page_without_marks_is_left_alone(counted: Coverage) -> None:
    with pytest.raises(UnreadableSource, match="no tables of coverage"):
        with_coverage("# A page\n", counted)


# --- the command -----------------------------------------------------------------------------------

RUNNER = CliRunner()
RECORD = """language: ca
title: Visites a la gent gran
problem: La gent gran viu sola.
actions: Es fan visites cada setmana.
body: {name: Salt, population: 33000, region: Cataluña, country: ES}
themes: [loneliness]
"""


def test_the_report_prints_tables_or_the_same_figures_as_json(counted: Coverage) -> None:
    printed = RUNNER.invoke(app, ["bank", "report"])
    assert printed.exit_code == 0
    for expected in ("Practices", str(counted.practices), "Structured fields", "body.population"):
        assert expected in printed.output
    figures = json.loads(RUNNER.invoke(app, ["bank", "report", "--json"]).output)
    assert figures["practices"] == counted.practices
    assert figures["small_share"] == counted.small_share
    assert figures["regions"]["ES"] == counted.regions["ES"]


def test_the_report_of_another_folder_goes_into_its_readme(tmp_path: Path) -> None:
    (tmp_path / "salt.yaml").write_text(RECORD, encoding="utf-8")
    begin, end = re.findall(r"<!--.*?-->", (BANK / "README.md").read_text(encoding="utf-8"))
    (tmp_path / "README.md").write_text(f"# Ours\n\n{begin}\n{end}\n\nThe end.\n", encoding="utf-8")
    assert RUNNER.invoke(app, ["bank", "report", str(tmp_path), "--readme"]).exit_code == 0
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| ES | Catalunya | 1 |" in page
    assert page.startswith("# Ours")
    assert page.endswith("The end.\n")


def test_a_file_that_is_no_practice_ends_the_report(tmp_path: Path) -> None:
    (tmp_path / "salt.yaml").write_text(RECORD.replace("loneliness", "solitud"), encoding="utf-8")
    refused = RUNNER.invoke(app, ["bank", "report", str(tmp_path)])
    assert refused.exit_code == 2
    assert "salt.yaml: themes.0" in refused.stderr
    assert "1 of 1 files are not valid practices" in refused.stderr
    assert RUNNER.invoke(app, ["bank", "report", str(tmp_path / "nowhere")]).exit_code == 2
