"""Measured quality does not fall: the development half of the judged set, with the encoder that ships."""

import json

import pytest

from corpus.errors import InvalidPractice, UnreadableSource
from indexer.calibration import load_calibration
from models.evaluation import evaluate
from service.quality import evaluate_files, ranker, read_practices, read_queries
from service.quality_report import DEVELOPMENT, judged_queries

# What `make evaluate` recorded (docs/quality.md), less the half width of its 95 % interval.
FLOORS = {"ndcg@10": 0.29, "recall@5": 0.25, "mrr": 0.38}
LEAST_AUROC = 0.81


@pytest.fixture(scope="module")
def figures(shipped_snapshot, shipped_encoder):
    languages = {practice.id: practice.language.value for practice in shipped_snapshot.practices()}
    search = ranker(shipped_snapshot, shipped_encoder, calibration=load_calibration(shipped_encoder))
    return evaluate(search, judged_queries(DEVELOPMENT), languages)


@pytest.mark.parametrize("name", FLOORS)
def test_the_ranking_is_as_good_as_recorded(figures, name):
    assert figures["all"][name] >= FLOORS[name]


def test_queries_without_answer_are_told_apart(figures):
    assert figures["no_answer"]["auroc"] >= LEAST_AUROC


def test_the_encoder_that_ships_has_its_calibration(shipped_encoder):
    assert load_calibration(shipped_encoder) is not None


def test_the_judged_set_keeps_its_word(bank):
    queries = judged_queries()
    languages = {practice.id: practice.language.value for practice in bank}
    answerable = [query for query in queries if query.judgements]
    assert len(answerable) >= 250
    assert len(queries) - len(answerable) == 120
    assert len({query.text for query in queries}) == len(queries)
    for language, least in (("ca", 30), ("es", 30), ("it", 30), ("en", 15)):
        assert sum(query.language == language for query in answerable) >= least
    for query in answerable:
        assert query.judgements.keys() <= languages.keys(), query.query_id
        assert 2 in query.judgements.values(), query.query_id
    elsewhere = sum(
        any(grade == 2 and languages[item] != query.language for item, grade in query.judgements.items())
        for query in answerable
    )
    assert elsewhere / len(answerable) > 0.8


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_files_are_evaluated_as_they_come(tmp_path, shipped_encoder):
    """Any id, texts alone, lists of texts, fields the record does not know."""
    practices = write(
        tmp_path / "practices.jsonl",
        [
            {"id": "P 1", "language": "es", "title": "Visitas a mayores", "actions": ["Visitan.", "Llaman."],
             "problem": "Los mayores viven solos y no salen.", "municipality": "Reus", "budget_eur": 12.5},
            {"id": "P/2", "language": "it", "title": "Orti urbani per giovani disoccupati"},
            {"id": "ç3", "language": "ca", "title": "Banc de llavors", "problem": "Es perden.", "themes": ["x"]},
        ],
    )  # fmt: skip
    queries = write(
        tmp_path / "queries.jsonl",
        [
            {"query_id": "q1", "language": "ca", "text": "avis sols a casa", "judgements": {"P 1": 2}},
            {"query_id": "q2", "language": "en", "text": "jobless youth", "judgements": {"P/2": 2, "ç3": 1}},
            {"query_id": "q3", "language": "it", "text": "riparare la lavatrice", "judgements": {}},
        ],
    )
    figures = evaluate_files(practices, queries, shipped_encoder)
    assert figures["all"]["n"] == 2
    assert figures["all"]["recall@5"] == 1
    assert figures["ca>es"]["mrr"] == 1
    assert set(figures) == {"all", "ca>es", "en>it", "en>ca", "no_answer"}
    assert figures["no_answer"]["n"] == 1
    assert 0 <= figures["no_answer"]["auroc"] <= 1


@pytest.mark.parametrize(
    ("line", "error", "says"),
    [
        ("{", UnreadableSource, "line 1: is not JSON"),
        ("[1]", UnreadableSource, "line 1: must be one JSON object"),
        ('{"id": "a", "language": "xx", "title": "t"}', InvalidPractice, "language"),
        ('{"id": "a", "language": "ca"}', InvalidPractice, "title"),
    ],
)
def test_a_faulty_practice_file_names_line_and_field(tmp_path, line, error, says):
    (tmp_path / "p.jsonl").write_text(line)
    with pytest.raises(error, match=says):
        read_practices(tmp_path / "p.jsonl")


def test_a_faulty_query_file_names_its_line(tmp_path):
    (tmp_path / "q.jsonl").write_text(
        '{"query_id": "a", "text": "t", "language": "ca", "judgements": {"p": "many"}}\n'
    )
    with pytest.raises(UnreadableSource, match=r"q\.jsonl, line 1"):
        read_queries(tmp_path / "q.jsonl")
