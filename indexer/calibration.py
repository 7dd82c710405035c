"""From the evidence of a hit to its match strength: the calibrated chance, in 0-1, that it answers the problem.

Logistic regression (Platt 1999) on the two components of a hit, fitted for one encoder on the development half
of the judged set. Another encoder's similarities have another scale, so a calibration never serves an encoder
it was not made for.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from corpus.errors import EncoderError
from models.encoder import SHIPPED, Encoder

CALIBRATION_FILE = SHIPPED / "calibration.json"


class Calibration(BaseModel):
    """Weights of a logistic regression, and the floor below which nothing counts as an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    encoder_digest: str
    dense: float
    lexical: float
    intercept: float
    floor: float
    strong: float

    def strengths(self, dense: NDArray[np.float32], lexical: NDArray[np.float32]) -> NDArray[np.float64]:
        """Strength of each hit in (0, 1) from cosine similarities and lexical scores of the same shape."""
        logits = self.intercept + self.dense * dense.astype(np.float64) + self.lexical * lexical
        return np.asarray(1 / (1 + np.exp(-logits)))


def fit_calibration(
    encoder_digest: str,
    dense: NDArray[np.float32],
    lexical: NDArray[np.float32],
    answers: NDArray[np.bool_],
    *,
    floor: float = 0.0,
    strong: float = 0.5,
) -> Calibration:
    """Fit the weights on hits judged to answer or not: three arrays of shape (hits,)."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100.0).fit(np.column_stack([dense, lexical]), answers)
    return Calibration(
        encoder_digest=encoder_digest,
        dense=float(model.coef_[0][0]),
        lexical=float(model.coef_[0][1]),
        intercept=float(model.intercept_[0]),
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
