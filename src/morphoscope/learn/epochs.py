r"""
The record of a training: what was lost and answered after each epoch, and what follows from it. Numpy only.

The chosen epoch is the one with the lowest cross-entropy on the validation part. There one temperature T is fitted,
which makes the softmax of z / T as calibrated as one number can, and the evidence is brought from the share of
classes that training showed to the one that training holds:

.. math:: \mathrm{evidence}_k = z_k / T + \ln \pi_k - \ln \pi'_k

Checked against: a known temperature and shares, in tests/learn/test_fitting.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

TEMPERATURES = (0.2, 20.0)


@dataclass(frozen=True, eq=False)
class Pictures:
    """8-bit squares (n, side, side), and the shorter side that each picture had in its file."""

    grey: np.ndarray
    shorter_px: np.ndarray


@dataclass(frozen=True, eq=False)
class Parts:
    """Row numbers of pictures."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    def followed(self) -> dict[str, np.ndarray]:
        """The parts that are answered after each epoch."""
        return {"validation": self.validation, "test": self.test}


@dataclass(frozen=True, eq=False)
class Followed:
    """
    One entry an epoch: mean loss and share of right answers in training, outputs (n, classes) for the other parts.

    ``validation`` and ``test`` have the shape (epochs, n, classes).
    """

    loss: np.ndarray
    hits: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @classmethod
    def empty(cls) -> Followed:
        """No epoch yet."""
        return cls(np.zeros(0), np.zeros(0), np.zeros((0, 0, 0)), np.zeros((0, 0, 0)))

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> Followed:
        """The inverse of ``arrays``."""
        return cls(*(np.asarray(arrays[f"followed.{name}"]) for name in ("loss", "hits", "validation", "test")))

    def arrays(self) -> dict[str, np.ndarray]:
        """As named arrays, for a checkpoint."""
        return {f"followed.{name}": getattr(self, name) for name in ("loss", "hits", "validation", "test")}

    def __len__(self) -> int:
        return len(self.loss)

    def then(self, loss: float, hits: float, validation: np.ndarray, test: np.ndarray) -> Followed:
        """With one more epoch."""
        outputs = [
            new[None] if not len(self) else np.concatenate([old, new[None]])
            for old, new in ((self.validation, validation), (self.test, test))
        ]
        return Followed(np.append(self.loss, loss), np.append(self.hits, hits), *outputs)

    def validation_loss(self, codes: np.ndarray) -> np.ndarray:
        """Cross-entropy on the validation part after each epoch."""
        if not len(self):
            return np.zeros(0)
        return np.array([cross_entropy(outputs, codes) for outputs in self.validation])

    def chosen(self, codes: np.ndarray) -> int:
        """Number of the epoch with the lowest validation loss; the last where there is no validation part."""
        return int(np.argmin(self.validation_loss(codes))) if codes.size else len(self) - 1

    def since_best(self, codes: np.ndarray) -> int:
        """Epochs that have passed since then."""
        return len(self) - 1 - self.chosen(codes) if len(self) else 0

    def best_on_test(self, codes: np.ndarray) -> int:
        """Number of the epoch with most right answers on the test part: what papers report, and no held-out choice."""
        return int(np.argmax((self.test.argmax(axis=2) == codes).mean(axis=1)))

    def words(self, codes: np.ndarray) -> str:
        """The last epoch in a few words."""
        text = f"loss {self.loss[-1]:.3f}"
        return text + (f", validation {self.validation_loss(codes)[-1]:.3f}" if codes.size else "")


@dataclass(frozen=True, eq=False)
class Scale:
    """From outputs to evidence: one temperature, and one shift a class."""

    temperature: float
    shift: np.ndarray

    def evidence(self, outputs: np.ndarray) -> np.ndarray:
        """Log odds of the second of two classes, or one column for each of more."""
        scaled = outputs / self.temperature + self.shift
        return np.asarray(scaled[:, 1] - scaled[:, 0] if scaled.shape[1] == 2 else scaled)


def scale(followed: Followed, validation: np.ndarray, train: np.ndarray, shown: np.ndarray, *, classes: int) -> Scale:
    """
    ``validation`` and ``train`` are the codes of the parts; ``shown`` says how often each training picture was shown.

    Without a validation part the temperature is 1.
    """
    held = np.bincount(train, minlength=classes) / len(train)
    seen = np.bincount(train, weights=shown, minlength=classes) / shown.sum()
    shift = np.log(held) - np.log(seen)
    if not validation.size:
        return Scale(1.0, shift)
    outputs = followed.validation[followed.chosen(validation)]
    low, high = np.log(TEMPERATURES)

    def loss(logarithm: float) -> float:
        return cross_entropy(outputs / np.exp(logarithm) + shift, validation)

    found = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded")
    return Scale(float(np.exp(found.x)), shift)


def cross_entropy(outputs: np.ndarray, codes: np.ndarray) -> float:
    """Mean of -ln p of the true class."""
    return float(-special.log_softmax(outputs.astype(float), axis=1)[np.arange(len(codes)), codes].mean())
