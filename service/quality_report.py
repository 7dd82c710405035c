"""The quality of the shipped service on the judged set of its own bank, and the calibration fitted there.

The development half is there to choose by; the held-out half is only read for the final table.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from corpus.bank import BANK, read_bank
from corpus.practice import Practice
from indexer.build import build_snapshot
from indexer.calibration import Calibration, JudgedHits, Scope, fit_calibration, fit_scope, load_calibration
from indexer.retrieval import Hit, SearchMode, search_hybrid
from indexer.snapshot import Snapshot, load_current
from models.encoder import Encoder, Vectors
from models.evaluation import (
    ANSWERS,
    KEPT,
    Figures,
    JudgedQuery,
    Ranking,
    bootstrap_interval,
    evaluate,
    expected_calibration_error,
    query_figures,
)
from models.training.texts import domain_sentences
from service.quality import Progress, ranker, read_queries

JUDGED = BANK.parent / "judged"
BACKGROUND = BANK.parent / "background.tsv"
DEVELOPMENT, HELD_OUT = "development", "held-out"
INSIDE_EVERY = 3  # of our own sentences: two thousand beside some five hundred other texts
FITTED_HITS = 20  # best hits of a query that the calibration is fitted on
SIZES = ((0, 5_000), (5_000, 20_000), (20_000, 50_000), (50_000, 10**9))
STRONG = 0.25  # chance to answer from which a match is called strong

Report = dict[str, Any]


def judged_queries(half: str | None = None, folder: Path = JUDGED) -> list[JudgedQuery]:
    """The project's own problem statements with their judgements over the whole bank."""
    queries = [query for path in sorted(folder.glob("*.jsonl")) for query in read_queries(path)]
    return [query for query in queries if half is None or query.half == half]


@dataclass(frozen=True)
class Bench:
    """A throw-away index of the shipped bank with one encoder."""

    snapshot: Snapshot
    encoder: Encoder
    calibration: Calibration | None

    def search(self, mode: SearchMode = SearchMode.HYBRID) -> Callable[[str], Any]:
        """The service's ranking, without cap per body and without the cut-off."""
        return ranker(self.snapshot, self.encoder, calibration=self.calibration, mode=mode)

    def hits(self, text: str) -> tuple[Vectors, list[Hit]]:
        """The query's vector, and its best candidates with their components."""
        vector = self.encoder.encode_queries([text])[0]
        return vector, search_hybrid(self.snapshot, vector, text)[:FITTED_HITS]


def open_bench(encoder: Encoder, progress: Progress, *, bank: Path = BANK) -> Bench:
    """Index the shipped bank in a folder that is gone afterwards; what was loaded stays in memory."""
    practices = [item for item in read_bank(bank) if isinstance(item, Practice)]
    with TemporaryDirectory(prefix="empelt-quality-") as folder:
        index = Path(folder)
        build_snapshot(practices, encoder, index, progress=lambda done, total: progress("Encoding", done, total))
        snapshot, _ = load_current(index, encoder)
    return Bench(snapshot, encoder, load_calibration(encoder))


def calibrate(bench: Bench, queries: Sequence[JudgedQuery]) -> Calibration:
    """Fit strengths on judged queries, then set the floor that keeps `KEPT` of those with an answer."""
    fitted = fit_calibration(
        bench.encoder.digest, [_judged_hits(bench, query) for query in queries], scope=_scope(bench.encoder)
    )
    search = ranker(bench.snapshot, bench.encoder, calibration=fitted)
    best = np.sort([search(query.text).best_strength for query in queries if query.judgements])
    return fitted.model_copy(
        update={
            "floor": float(best[int((1 - KEPT) * len(best))]),
            "strong": STRONG,
        }
    )


def _judged_hits(bench: Bench, query: JudgedQuery) -> JudgedHits:
    vector, hits = bench.hits(query.text)
    return JudgedHits(
        vector,
        np.array([hit.dense for hit in hits], dtype=np.float32),
        np.array([hit.lexical for hit in hits], dtype=np.float32),
        np.array([query.judgements.get(bench.snapshot.ids[hit.row], 0) >= ANSWERS for hit in hits], dtype=bool),
        answerable=bool(query.judgements),
    )


def _scope(encoder: Encoder) -> Scope:
    """What tells our own problem statements from other matters, each in one of its languages in turn."""
    inside = [row[at % len(row)] for at, row in enumerate(domain_sentences()[::INSIDE_EVERY])]
    lines = BACKGROUND.read_text(encoding="utf-8").splitlines()[1:]
    outside = [text for line in lines for text in line.split("\t")]
    return fit_scope(encoder.encode_queries(inside), encoder.encode_queries(outside))


def measure(bench: Bench, queries: Sequence[JudgedQuery], progress: Progress) -> Report:
    """Every figure of the report on some judged queries."""
    languages = {practice.id: practice.language.value for practice in bench.snapshot.practices()}
    report: Report = {}
    ranked: dict[str, Ranking] = {}
    for mode in reversed(SearchMode):  # the one that serves last: its rankings are read below
        ranked = {}
        for number, query in enumerate(queries, 1):
            ranked[query.text] = bench.search(mode)(query.text)
            progress(f"Searching, {mode.value}", number, len(queries))
        report[mode.value] = evaluate(ranked.__getitem__, queries, languages)
    answerable = [query for query in queries if query.judgements]
    report["intervals"] = {
        name: bootstrap_interval(values) for name, values in _per_query(answerable, ranked).items()
    }
    report["language_bias"] = _language_bias(answerable, ranked, languages)
    report["by_size"] = _by_size(bench.snapshot, answerable, ranked)
    if bench.calibration:
        report["calibration"] = _calibration(bench, queries)
        report["refused_at_floor"] = _refused(bench.calibration.floor, queries, ranked)
    return report


def _per_query(queries: Sequence[JudgedQuery], ranked: dict[str, Ranking]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = defaultdict(list)
    for query in queries:
        for name, value in query_figures(ranked[query.text].practice_ids, query.judgements).items():
            values[name].append(value)
    return values


def _language_bias(
    queries: Sequence[JudgedQuery], ranked: dict[str, Ranking], languages: dict[str, str]
) -> Figures:
    """Mean rank of answers in the query's language minus that of answers in others, over queries with both."""
    differences = []
    for query in queries:
        order = {item: rank for rank, item in enumerate(ranked[query.text].practice_ids, 1)}
        ranks: dict[bool, list[int]] = {True: [], False: []}
        for item, grade in query.judgements.items():
            if grade >= ANSWERS:
                ranks[languages.get(item) == query.language].append(order.get(item, len(order) + 1))
        if ranks[True] and ranks[False]:
            differences.append(float(np.mean(ranks[True]) - np.mean(ranks[False])))
    low, high = bootstrap_interval(differences)
    return {"n": len(differences), "mean_rank_difference": float(np.mean(differences)), "low": low, "high": high}


def _by_size(snapshot: Snapshot, queries: Sequence[JudgedQuery], ranked: dict[str, Ranking]) -> dict[str, Figures]:
    """Share of the answers found among the first five, by the size of the municipality that has them."""
    found: dict[str, list[bool]] = defaultdict(list)
    for query in queries:
        first = ranked[query.text].practice_ids[:5]
        for item, grade in query.judgements.items():
            body = snapshot.practice(snapshot.rows[item]).body if item in snapshot.rows else None
            if grade >= ANSWERS and body and body.population is not None:
                low, high = next(band for band in SIZES if band[0] <= body.population < band[1])
                found[f"{low:,}-{high:,}" if high < SIZES[-1][1] else f"over {low:,}"].append(item in first)
    return {size: {"n": len(hits), "found_in_5": float(np.mean(hits))} for size, hits in sorted(found.items())}


def _calibration(bench: Bench, queries: Sequence[JudgedQuery]) -> Report:
    """Reliability of the strengths of the best hits: what was promised against what was judged."""
    assert bench.calibration  # noqa: S101 - asked for only where there is one
    strengths: list[float] = []
    answers: list[bool] = []
    for query in queries:
        hits = _judged_hits(bench, query)
        strengths += bench.calibration.strengths(hits.dense, hits.lexical, hits.vector).tolist()
        answers += hits.answers.tolist()
    error, bins = expected_calibration_error(strengths, answers)
    return {"expected_calibration_error": error, "bins": bins}


def _refused(floor: float, queries: Sequence[JudgedQuery], ranked: dict[str, Ranking]) -> Figures:
    """What the shipped floor keeps of the queries with answer, and refuses of those without."""
    best = {query.query_id: ranked[query.text].best_strength for query in queries}
    kept = [best[query.query_id] >= floor for query in queries if query.judgements]
    refused = [best[query.query_id] < floor for query in queries if not query.judgements]
    return {"kept": float(np.mean(kept)), "refused": float(np.mean(refused)), "n": len(refused)}


def as_markdown(development: Report, held_out: Report, bench: Bench) -> str:
    """The report as `docs/quality.md`."""
    manifest = bench.snapshot.manifest
    lines = [
        "# Quality",
        "",
        "Written by `make evaluate`; do not edit by hand.",
        "",
        f"Encoder `{manifest.encoder.name}` ({manifest.encoder.digest[:12]}), {manifest.records} practices, "
        f"{len(judged_queries())} problem statements judged over the whole bank. The development half is what "
        "weights, floor and calibration were chosen on; the held-out half is only read here.",
        "",
    ]
    for title, report in (("Held-out half", held_out), ("Development half", development)):
        lines += [f"## {title}", "", *_ranking_table(report), "", *_pairs_table(report), ""]
        bias = report["language_bias"]
        lines += [
            f"Same-language bias: answers in the query's language stand {bias['mean_rank_difference']:+.1f} ranks "
            f"from those in other languages (95 % interval {bias['low']:+.1f} to {bias['high']:+.1f}, "
            f"{int(bias['n'])} queries).",
            "",
            "| size of municipality | answers | found in the first five |",
            "|---|---|---|",
            *(
                f"| {size} | {int(row['n'])} | {row['found_in_5']:.2f} |"
                for size, row in report["by_size"].items()
            ),
            "",
        ]
        none = report["hybrid"].get("no_answer", {})
        if "auroc" in none:
            lines += [
                f"Answer or no answer: AUROC {none['auroc']:.3f}; where 95 % of the queries with answer are kept, "
                f"{none['refused_at_95']:.0%} of {int(none['n'])} without answer are refused.",
                "",
            ]
        if "calibration" in report:
            at = report["refused_at_floor"]
            lines += [
                f"At the shipped floor {at['kept']:.0%} of the queries with answer are kept and "
                f"{at['refused']:.0%} of those without are refused. Expected calibration error of the strength "
                f"of the {FITTED_HITS} best hits: {report['calibration']['expected_calibration_error']:.3f}.",
                "",
                "| strength shown | share that answers | hits |",
                "|---|---|---|",
                *(
                    f"| {mean:.2f} | {share:.2f} | {count} |"
                    for mean, share, count in report["calibration"]["bins"]
                ),
                "",
            ]
    return "\n".join(lines)


def _ranking_table(report: Report) -> list[str]:
    names = {"ndcg@10": "nDCG@10", "recall@5": "recall@5", "recall@10": "recall@10", "mrr": "MRR"}
    rows = ["| ranking | " + " | ".join(names.values()) + " |", "|---|" + "---|" * len(names)]
    for mode, title in (("hybrid", "fused (served)"), ("dense", "dense alone"), ("lexical", "BM25 alone")):
        figures = report[mode]["all"]
        rows.append(f"| {title} | " + " | ".join(f"{figures[name]:.3f}" for name in names) + " |")
    shown = [f"{low:.3f} to {high:.3f}" for low, high in (report["intervals"][name] for name in names)]
    rows.append("| fused, 95 % interval | " + " | ".join(shown) + " |")
    return rows


def _pairs_table(report: Report) -> list[str]:
    rows = ["| query > record | n | nDCG@10 | recall@5 | MRR | BM25 nDCG@10 |", "|---|---|---|---|---|---|"]
    for pair, figures in report["hybrid"].items():
        if ">" in pair:
            shown = [f"{figures[name]:.3f}" if name in figures else "" for name in ("ndcg@10", "recall@5", "mrr")]
            lexical = report["lexical"].get(pair, {}).get("ndcg@10", 0.0)
            rows.append(f"| {pair} | {int(figures['n'])} | {' | '.join(shown)} | {lexical:.3f} |")
    return rows
