"""Measuring the ranking on judged queries, with the code that serves: a throw-away index, no cap per body."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from corpus.errors import InvalidPractice, Problem, UnreadableSource
from corpus.practice import Practice, parse_practice
from indexer.build import build_snapshot
from indexer.calibration import Calibration, load_calibration
from indexer.retrieval import SearchMode
from indexer.snapshot import Snapshot, load_current
from models.encoder import Encoder
from models.evaluation import JudgedQuery, Ranking, evaluate
from service.search import SearchQuestion, search_practices

RANKED = 100  # results looked at; every figure reads ten or fewer, reciprocal rank all

Progress = Callable[[str, int, int], None]  # what, done, in all


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON Lines file.

    Raises:
        UnreadableSource: a line is not one JSON object; names the file and the line.
    """
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                fields = json.loads(line)
            except ValueError as error:
                raise UnreadableSource(f"{path.name}, line {number}: is not JSON: {error}") from None
            if not isinstance(fields, dict):
                raise UnreadableSource(f"{path.name}, line {number}: must be one JSON object")
            yield fields


def flat_practice(fields: dict[str, Any], *, file: str = "", row: int | None = None) -> Practice:
    """A practice from the flat form of evaluation files: texts, place and year, all but three optional.

    A practice that has only a title and some texts is taken as it is: a summary stands in for what is missing.

    Raises:
        InvalidPractice: naming file, row, field and reason.
    """
    texts = {name: _text(fields.get(name)) for name in ("problem", "objectives", "actions", "results", "summary")}
    if not (texts["problem"] or texts["summary"]) or not (texts["actions"] or texts["summary"]):
        texts["summary"] = texts["summary"] or str(fields.get("title", ""))
    place = fields.get("municipality")
    record = {
        "id": _slug(str(fields.get("id", ""))),
        "language": fields.get("language"),
        "title": fields.get("title"),
        **texts,
        "body": {"name": place, "region": fields.get("region")} if place else None,
    }
    return parse_practice(record, file=file, row=row)


def _text(value: Any) -> str | None:
    if isinstance(value, list | tuple):
        return "\n".join(str(item) for item in value) or None
    return str(value) if value else None


def _slug(name: str) -> str:
    """Ids of evaluation files may be anything; within the throw-away index they are slugs of the same number."""
    return "p" + name.encode().hex() if name else ""


def read_practices(path: Path) -> list[tuple[str, Practice]]:
    """The practices of an evaluation file with the ids it gives them.

    Raises:
        UnreadableSource, InvalidPractice: naming file, line and reason.
    """
    found: dict[str, Practice] = {}
    for row, fields in enumerate(read_json_lines(path), 1):
        name = str(fields.get("id", ""))
        if name in found:
            raise InvalidPractice(
                [Problem(file=path.name, row=row, field="id", value=name, reason="stands twice")]
            )
        found[name] = flat_practice(fields, file=path.name, row=row)
    return list(found.items())


def read_queries(path: Path) -> list[JudgedQuery]:
    """The judged queries of a file.

    Raises:
        UnreadableSource: naming file, line and reason.
    """
    queries = []
    for row, fields in enumerate(read_json_lines(path), 1):
        try:
            queries.append(
                JudgedQuery(
                    query_id=str(fields["query_id"]),
                    language=str(fields["language"]),
                    text=str(fields["text"]),
                    judgements={str(key): int(grade) for key, grade in fields.get("judgements", {}).items()},
                    half=str(fields.get("half", "")),
                )
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnreadableSource(f"{path.name}, line {row}: is not a judged query: {error!r}") from None
    return queries


def ranker(
    snapshot: Snapshot,
    encoder: Encoder,
    *,
    calibration: Calibration | None = None,
    mode: SearchMode = SearchMode.HYBRID,
    names: dict[str, str] | None = None,
) -> Callable[[str], Ranking]:
    """A search as evaluation wants it: the service's own, without cap per body and without the cut-off."""
    uncut = calibration.model_copy(update={"floor": 0.0}) if calibration else None

    def search(text: str) -> Ranking:
        question = SearchQuestion(text=text, top_k=RANKED, per_body=None, mode=mode)
        vector = encoder.encode_queries([text])[0]
        answer = search_practices(snapshot, vector, question, calibration=uncut)
        ids = [result.practice.id for result in answer.results]
        return Ranking([names[i] for i in ids] if names else ids, answer.best_strength)

    return search


def evaluate_files(
    practices: Path, queries: Path, encoder: Encoder, *, progress: Progress = lambda *_: None
) -> dict[str, dict[str, float]]:
    """Build a throw-away index over a file of practices and measure the ranking on a file of judged queries.

    Raises:
        UnreadableSource, InvalidPractice: naming file, line and reason.
    """
    named = read_practices(practices)
    judged = read_queries(queries)
    with TemporaryDirectory(prefix="empelt-evaluate-") as folder:
        index = Path(folder)
        build_snapshot(
            (practice for _, practice in named),
            encoder,
            index,
            progress=lambda done, total: progress("Encoding", done, total),
        )
        snapshot, _ = load_current(index, encoder)
        return evaluate(
            ranker(
                snapshot,
                encoder,
                calibration=load_calibration(encoder),
                names={practice.id: name for name, practice in named},
            ),
            judged,
            {name: practice.language.value for name, practice in named},
            progress=_counter(progress, len(judged)),
        )


def _counter(progress: Progress, total: int) -> Callable[[], None]:
    done = iter(range(1, total + 1))
    return lambda: progress("Searching", next(done), total)
