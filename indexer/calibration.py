"""From the evidence of a hit to its match strength: the calibrated chance, in 0-1, that it answers the problem.

Logistic regression (Platt 1999) on the two components of a hit and on the scope of the query, fitted for one
encoder on the development half of the judged set. Another encoder's similarities have another scale, so a
calibration never serves an encoder it was not made for.

The scope of a query tells problems of social policy from other matters (a leaking roof, a parking fee): a linear
classifier of its vector, learnt from our own problem statements against `corpus/background.tsv`. Being outside
lowers every strength of a query alike; being well inside raises none. It never changes an order.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from corpus.errors import EncoderError
from models.encoder import SHIPPED, Encoder, Vectors

# Share of our own statements that count as outermost. With 0.1 strengths stay as sharp as without the scope and
# the log loss is least; with 0.5 a few more queries are refused and strengths lie a third nearer together.
OUTERMOST = 0.1
CALIBRATION_FILE = SHIPPED / "calibration.json"


class Calibration(BaseModel):
    """Weights of a logistic regression, and the floor below which nothing counts as an answer.

    `scope` has one weight a dimension of the query's vector, none where the scope was not fitted; `inside` is the
    score from which a query counts as inside the field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    encoder_digest: str
    dense: float
    lexical: float
    intercept: float
    scope: tuple[float, ...] = ()
    inside: float = 0.0
    floor: float
    strong: float

    def strengths(
        self, dense: NDArray[np.float32], lexical: NDArray[np.float32], query_vector: Vectors
    ) -> NDArray[np.float64]:
        """Strength in (0, 1) of each hit of one query.

        `dense`, `lexical`: cosine similarities and lexical scores, both of shape (hits,). `query_vector`: float32
        of shape (dimension,), of length 1.
        """
        logits = self.intercept + self.dense * dense.astype(np.float64) + self.lexical * lexical
        if self.scope:
            logits = logits + min(0.0, float(np.asarray(self.scope) @ query_vector) - self.inside)
        return np.asarray(1 / (1 + np.exp(-logits)))


@dataclass(frozen=True)
class Scope:
    """What tells texts inside the field: weights of shape (dimension,), and the score from which one is inside."""

    weights: NDArray[np.float64]
    inside: float

    def outside_by(self, vectors: Vectors) -> NDArray[np.float64]:
        """How far each of the texts (texts, dimension) is outside: 0 or less, of shape (texts,)."""
        return np.minimum(vectors @ self.weights - self.inside, 0.0)


def fit_scope(inside: Vectors, outside: Vectors) -> Scope:
    """Tell texts inside the field from texts outside; both of shape (texts, dimension)."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=3.0, class_weight="balanced", max_iter=2_000)
    model.fit(np.vstack([inside, outside]), np.repeat([1, 0], [len(inside), len(outside)]))
    weights = np.asarray(model.coef_[0], np.float64)
    return Scope(weights, float(np.quantile(inside @ weights, OUTERMOST)))


@dataclass(frozen=True)
class JudgedHits:
    """The best hits of one query: arrays of shape (hits,), and the query's vector of shape (dimension,)."""

    vector: Vectors
    dense: NDArray[np.float32]
    lexical: NDArray[np.float32]
    answers: NDArray[np.bool_]
    answerable: bool  # whether anything in the bank answers


def fit_calibration(
    encoder_digest: str,
    queries: Sequence[JudgedHits],
    *,
    scope: Scope,
    floor: float = 0.0,
    strong: float = 0.5,
) -> Calibration:
    """Fit the weights on judged queries; `scope` is what `fit_scope` gives.

    In three steps, each a logistic regression: the two components of a hit, on hits; how much the scope weighs
    beside the best hit, on queries, for there it tells answerable ones from others; the scale of all of it, on
    hits again, so that a strength is a chance. Fitted on hits alone the scope got next to no weight: AUROC on the
    development half 0.80 instead of 0.88.
    """
    from sklearn.linear_model import LogisticRegression

    def fitted(*features: NDArray[Any], truth: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
        model = LogisticRegression(C=100.0).fit(np.column_stack(features), truth)
        return model.coef_[0], float(model.intercept_[0])

    dense, lexical, answers = (
        np.concatenate([getattr(query, name) for query in queries]) for name in ("dense", "lexical", "answers")
    )
    of_query = np.repeat(np.arange(len(queries)), [len(query.dense) for query in queries])
    (of_dense, of_lexical), _ = fitted(dense, lexical, truth=answers)
    evidence = of_dense * dense + of_lexical * lexical
    scopes = scope.outside_by(np.stack([query.vector for query in queries]))
    best = np.array([evidence[of_query == at].max(initial=0.0) for at in range(len(queries))])
    (of_best, of_scope), _ = fitted(best, scopes, truth=np.array([query.answerable for query in queries]))
    share = of_scope / of_best
    (scale,), intercept = fitted(evidence + share * scopes[of_query], truth=answers)
    return Calibration(
        encoder_digest=encoder_digest,
        dense=float(scale * of_dense),
        lexical=float(scale * of_lexical),
        scope=tuple(round(float(weight), 4) for weight in scale * share * scope.weights),
        inside=float(scale * share * scope.inside),
        intercept=intercept,
        floor=floor,
        strong=strong,
    )


def load_calibration(encoder: Encoder, path: Path = CALIBRATION_FILE) -> Calibration | None:
    """The calibration of an encoder; None when there is none for it.

    Raises:
        EncoderError: the file is not a calibration.
    """
    try:
        calibration = Calibration.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, ValidationError) as error:
        raise EncoderError(f"{path} is not a calibration: {error}") from None
    return calibration if calibration.encoder_digest == encoder.digest else None
