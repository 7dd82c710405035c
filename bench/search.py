"""CPU time of a search on the shipped bank, stage by stage, and of encoding against torch in the same run.

    python bench/search.py

Rounds are interleaved; figures are medians of rounds. CPU milliseconds of one process on one core.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from rich.console import Console
from rich.table import Table

from corpus.bank import read_bank
from corpus.practice import Practice
from indexer.build import build_snapshot
from indexer.retrieval import search_hybrid
from indexer.snapshot import load_current
from models.encoder import SHIPPED, SentenceTransformerEncoder, load_encoder
from service.answering import answer_request
from service.quality_report import judged_queries
from service.resources import Resources
from service.schemas import SearchRequest
from service.settings import Settings

ROUNDS, QUERIES = 7, 40
out = Console()


def cpu_ms(run: Callable[[], object]) -> float:
    started = time.process_time()
    run()
    return 1_000 * (time.process_time() - started)


def main() -> None:
    torch.set_num_threads(1)
    encoder = load_encoder()
    through_torch = SentenceTransformerEncoder(str(SHIPPED))
    texts = [query.text for query in judged_queries()][:: 380 // QUERIES][:QUERIES]
    with tempfile.TemporaryDirectory(prefix="empelt-bench-") as folder:
        settings = Settings(data=Path(folder))
        build_snapshot((p for p in read_bank() if isinstance(p, Practice)), encoder, settings.index)
        snapshot, _ = load_current(settings.index, encoder)
        held = Resources(settings)
        requests = [SearchRequest(text=text, municipality="Reus") for text in texts]
        vectors = encoder.encode_queries(texts)
        stages: dict[str, Callable[[], object]] = {
            "encode, onnxruntime": lambda: [encoder.encode_queries([text]) for text in texts],
            "encode, sentence-transformers with torch": lambda: [
                through_torch.encode_queries([text]) for text in texts
            ],
            "retrieve": lambda: [search_hybrid(snapshot, v, text) for v, text in zip(vectors, texts, strict=True)],
            "whole search with a municipality, as JSON": lambda: [
                answer_request(held, request).model_dump_json() for request in requests
            ],
        }
        for run in stages.values():
            run()
        rounds: dict[str, list[float]] = {name: [] for name in stages}
        for _ in range(ROUNDS):
            for name, run in stages.items():
                rounds[name].append(cpu_ms(run) / QUERIES)
        held.close()
    table = Table("stage", "CPU ms a query, median", "least", "most")
    for name, values in rounds.items():
        table.add_row(name, f"{median(values):.1f}", f"{min(values):.1f}", f"{max(values):.1f}")
    out.print(table)
    ours, torchs = (rounds[name] for name in list(stages)[:2])
    ratios = [slow / fast for slow, fast in zip(torchs, ours, strict=True)]
    out.print(f"torch / onnxruntime: {median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")


if __name__ == "__main__":
    main()
