"""Meetings of a network of 200 municipalities with 600 needs and 600 offers: optimal against greedy.

    python bench/matching.py

Municipalities of Spain and Italy are drawn by the root of their population, needs from the judged problem
statements and offers from the shipped practices, each in a language its municipality reads, all by one seed and
encoded by the encoder that ships. First the cosines on which the floor and the scale of `service/matchmaking.py`
rest, on the development half of the judged set. Seconds are of CPU, of one process.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from corpus.bank import read_bank
from corpus.network import Meeting, Need, Offer
from corpus.places import load_municipalities
from corpus.practice import Practice, need_text
from corpus.vocabulary import Language
from models.encoder import Vectors, load_encoder
from models.evaluation import JudgedQuery
from service.matchmaking import (
    FLOOR,
    SAME,
    UNRELATED,
    Member,
    assign_greedily,
    assign_meetings,
    introductions,
    mutual_exchanges,
    violations,
)
from service.profiles import official_languages
from service.quality_report import DEVELOPMENT, judged_queries

MUNICIPALITIES, STATEMENTS = 200, 600
TODAY = date(2026, 12, 1)
out = Console()


def similarities(
    queries: Sequence[JudgedQuery], practices: Sequence[Practice], query_vectors: Vectors, vectors: Vectors
) -> None:
    """Print where judged pairs lie, and what the floor keeps of them."""
    grades = np.array([[query.judgements.get(practice.id, 0) for practice in practices] for query in queries])
    asked = np.array([query.half == DEVELOPMENT and bool(query.judgements) for query in queries])
    cosines = query_vectors @ vectors.T
    table = Table("pairs judged", "number", "5 %", "median", "95 %", f"kept by the floor of {FLOOR:.2f}")
    for name, grade in (("right", 2), ("related", 1), ("unrelated", 0)):
        found = cosines[asked][grades[asked] == grade]
        quantiles = np.quantile(found, (0.05, 0.5, 0.95))
        table.add_row(
            name, f"{len(found)}", *(f"{each:.2f}" for each in quantiles), f"{np.mean(found >= FLOOR):.0%}"
        )
    out.print(table)
    out.print(f"The scale of a score: {UNRELATED:.2f} counts 0, {SAME:.2f} counts 1.")


def network(
    queries: Sequence[JudgedQuery], practices: Sequence[Practice], query_vectors: Vectors, vectors: Vectors
) -> tuple[list[Member], list[Need], list[Offer], Vectors, Vectors]:
    """Members with what they need and offer, and the vectors of both, float32 of shape (STATEMENTS, dimension)."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory(prefix="empelt-bench-") as folder:
        places = [
            place
            for place in load_municipalities(Path(folder))
            if place.population and place.country in ("ES", "IT")
        ]
    people = np.sqrt([place.population or 0 for place in places])
    drawn = rng.choice(len(places), MUNICIPALITIES, replace=False, p=people / people.sum())
    members = []
    for at in drawn:
        languages = set(official_languages(places[at])[0]) | ({Language.ENGLISH} if rng.random() < 0.2 else set())
        members.append(Member(places[at].key, places[at], frozenset(languages)))
    by_language: dict[str, dict[type, list[int]]] = defaultdict(lambda: {JudgedQuery: [], Practice: []})
    for row, query in enumerate(queries):
        if query.judgements:
            by_language[query.language][JudgedQuery].append(row)
    for row, practice in enumerate(practices):
        by_language[practice.language][Practice].append(row)
    themes = {practice.id: practice.themes for practice in practices}
    needs, offers, rows = [], [], []
    for number in range(STATEMENTS):
        asking, offering = (members[at] for at in rng.integers(MUNICIPALITIES, size=2))
        query = queries[need_row := _drawn(rng, asking, JudgedQuery, by_language)]
        practice = practices[offer_row := _drawn(rng, offering, Practice, by_language)]
        rows.append((need_row, offer_row))
        best = max(query.judgements, key=lambda practice_id: query.judgements[practice_id])
        needs.append(
            Need(
                id=f"need-{number}",
                municipality=asking.key,
                text=query.text,
                language=Language(query.language),
                themes=themes[best][:1],
                created_on=TODAY,
            )
        )
        offers.append(
            Offer(
                id=f"offer-{number}",
                municipality=offering.key,
                practice_id=practice.id,
                language=practice.language,
                themes=practice.themes,
                created_on=TODAY,
            )
        )
    need_rows, offer_rows = np.array(rows).T
    return members, needs, offers, query_vectors[need_rows], vectors[offer_rows]


def _drawn(
    rng: np.random.Generator, member: Member, kind: type, by_language: dict[str, dict[type, list[int]]]
) -> int:
    """The row of a text in a language the member reads."""
    return int(rng.choice([row for language in sorted(member.languages) for row in by_language[language][kind]]))


def main() -> None:
    encoder = load_encoder()
    queries = judged_queries()
    practices = [item for item in read_bank() if isinstance(item, Practice)]
    query_vectors = encoder.encode_queries([query.text for query in queries])
    vectors = encoder.encode_documents([need_text(practice) for practice in practices])
    similarities(queries, practices, query_vectors, vectors)
    members, needs, offers, need_vectors, offer_vectors = network(queries, practices, query_vectors, vectors)
    started = time.process_time()
    found = introductions(
        needs,
        offers,
        members=members,
        need_vectors=need_vectors,
        counterpart_vectors=offer_vectors,
        today=TODAY,
    )
    seconds = time.process_time() - started
    exchanges = mutual_exchanges(found)
    out.print(f"{len(members)} municipalities, {len(needs)} needs, {len(offers)} offers:", end=" ")
    out.print(f"{len(found)} introductions in {seconds:.1f} s, {len(exchanges)} mutual exchanges")

    table = Table("each", "plan", "value", "of optimal", "meetings", "in none", "seconds", "broken")
    held: list[Meeting] = []
    for meetings_each in (1, 3, 5):
        best = None
        for name, assign in (("optimal", assign_meetings), ("greedy", assign_greedily)):
            started = time.process_time()
            plan = assign(members, found, meetings_each=meetings_each)
            seconds = time.process_time() - started
            best = best or plan
            table.add_row(
                str(meetings_each),
                name,
                f"{plan.value:.2f}",
                f"{plan.value / best.value:.2%}",
                str(len(plan.meetings)),
                str(len(plan.unmatched)),
                f"{seconds:.2f}",
                str(len(violations(plan, members, meetings_each=meetings_each))),
            )
    out.print(table)
    table = Table("rounds", "chosen", "without", "needed", "value", "seconds", "broken")
    for rounds in (1, 3, 5):
        started = time.process_time()
        plan = assign_meetings(members, found, meetings_each=rounds, rounds=rounds, earlier=held)
        seconds = time.process_time() - started
        broken = violations(plan, members, meetings_each=rounds, rounds=rounds, earlier=held)
        table.add_row(
            str(rounds),
            str(len(plan.meetings) + len(plan.without_round)),
            str(len(plan.without_round)),
            str(plan.rounds_needed),
            f"{plan.value:.2f}",
            f"{seconds:.2f}",
            str(len(broken)),
        )
        held += [Meeting(round=1, one=meeting.one, other=meeting.other) for meeting in plan.meetings]
    out.print("In as many rounds as meetings each, and no pair again that met in a line above:")
    out.print(table)


if __name__ == "__main__":
    main()
