"""How long and how hard to learn: plain numbers, so that a recipe is read without loading torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """How long and how hard to learn."""

    minutes: float = 36.0  # of training
    steps: int = 10**9
    threads: int = 2
    sentences: int = 8  # general sentences a step
    domain_sentences: int = 16
    triples: int = 14
    matches: int = 18
    embedding_rate: float = 4e-4
    layer_rate: float = 4e-5
    warmup_steps: int = 30
    contrast_weight: float = 1.0
    anchor_weight: float = 0.5
    seed: int = 0
    longest: int = 80  # tokens
