"""
What was learnt from pairs of micrographs and patterns, and the folder it is kept in.

From a pattern to crops: the statistics that its crops should have, with what is not known of them (``learn.pair_wanted``), crops
made to such statistics (``learn.pair_generator``), and of several made to one wish the one whose own statistics, its
scattering among them, agree best with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import learn
from ..core import Model
from ..learn import novelty
from ..learn.logistic import Logistic
from ..measure.fingerprint import blocks, fingerprints

KIND = "pairs of micrographs and patterns"
SPREAD = 0.5
"""Share of what is not known that samples differ by; the band always holds all of it."""
TRIES = 4
"""Chosen by how well crops agree with the statistics of pairs of training; more agree better and take longer."""
PATTERNS_AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class Known:
    """The specimens of training: names, morphologies, a crop of each (n, size, size), and their patterns as they are seen."""

    names: tuple[str, ...]
    morphology: tuple[str, ...]
    crops: np.ndarray
    patterns: np.ndarray
    pixel_nm: float


@dataclass(frozen=True, eq=False)
class PairModel:
    """
    ``unlike`` says how far patterns lie from those of training, ``limit`` where that is too far.

    ``morphologies`` is None where training had fewer than two named ones. With ``either_sense`` patterns cannot tell a
    crop from its mirror image, and samples lean to either side.
    """

    size_px: int
    generator: Any
    wanted: Any
    saxs: Any
    towers: Any
    expected: Any
    morphologies: Logistic | None
    unlike: novelty.Familiar
    limit: float
    known: Known
    either_sense: bool = False
    name: str = "ours"

    def sample(
        self,
        saxs: np.ndarray,
        mask: np.ndarray,
        *,
        count: int,
        rng: np.random.Generator,
        spread: float = SPREAD,
        tries: int = TRIES,
    ) -> np.ndarray:
        """``count`` crops (0 and 1) that may belong to each pattern, shape (patterns, count, size, size)."""
        told = self.wanted.draw(saxs, mask, count=count, spread=spread, rng=rng)
        rows = np.repeat(told.reshape(-1, told.shape[2]), tries, axis=0)
        made = self.generator.sample(rows, side_px=self.size_px, rng=rng)
        if tries > 1:
            found = self.wanted.told(fingerprints(made))
            missed = (((found - rows) * self.wanted.scale) ** 2).sum(1).reshape(-1, tries)
            made = made.reshape(-1, tries, *made.shape[1:])[np.arange(len(missed)), missed.argmin(1)]
        if self.either_sense:
            turned = rng.random(len(made)) < 0.5
            made[turned] = made[turned][:, :, ::-1]
        return np.asarray(made.reshape(len(saxs), count, self.size_px, self.size_px))

    def s2_band(self, saxs: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """S2 of a crop that belongs to each pattern: low end, mean, high end of the band that holds 90 % of crops."""
        low, middle, high = self.wanted.band(saxs, mask, blocks(self.size_px)["s2"])
        return np.clip(low, 0, 1), np.clip(middle, 0, 1), np.clip(high, 0, 1)

    def sem_again(self, crops: np.ndarray) -> np.ndarray:
        """Crops after the way through the latent space of micrographs."""
        return np.asarray(self.generator.reconstruct(crops))

    def saxs_again(self, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Patterns after the way through the latent space of patterns."""
        return np.asarray(learn.pair_links.recoded(self.saxs, saxs, mask))

    def sem_points(self, crops: np.ndarray) -> np.ndarray:
        """Unit vectors of crops; the nearer to a pattern's, the likelier they belong together."""
        return np.asarray(learn.pair_links.sem_points(self.towers, crops))

    def saxs_points(self, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Unit vectors of patterns."""
        return np.asarray(learn.pair_links.saxs_points(self.towers, saxs, mask))

    def probabilities(self, saxs: np.ndarray, mask: np.ndarray) -> dict[str, np.ndarray]:
        """Of each morphology, for each pattern."""
        if self.morphologies is None:
            return {}
        found = self.morphologies.probabilities(self.wanted.view.scores(saxs, mask))
        return dict(zip(self.morphologies.classes, found.T, strict=True))

    def novelty(self, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """How unlike the patterns of training each one is; above 1 is too unlike."""
        return np.asarray(self.unlike.novelty(self.wanted.view.scores(saxs, mask)) / self.limit)

    def nearest(self, saxs: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each pattern the place of the most similar one of training, and their mean absolute difference."""
        seen = learn.pair_wanted.seen(saxs, mask, self.wanted.view.center)
        apart = np.abs(seen[:, None] - self.known.patterns[None]).mean(2)
        return apart.argmin(1), apart.min(1)

    def sems(self, saxs: np.ndarray, mask: np.ndarray, *, count: int, rng: np.random.Generator) -> np.ndarray:
        """Samples as ``datasets.pair_scores`` asks for them."""
        rows = np.array_split(np.arange(len(saxs)), max(1, len(saxs) // PATTERNS_AT_ONCE))
        return np.concatenate([self.sample(saxs[part], mask[part], count=count, rng=rng) for part in rows])

    def patterns(self, phases: np.ndarray) -> np.ndarray:
        """The pattern expected of each crop."""
        return np.asarray(self.expected(phases, side_px=self.size_px))

    def similarity(self, phases: np.ndarray, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Cosines of crops (rows) with patterns (columns)."""
        return np.asarray(self.sem_points(phases) @ self.saxs_points(saxs, mask).T)

    def to_model(self, settings: Mapping[str, Any], card: str) -> Model:
        """As numbers and JSON."""
        arrays = {f"generator.{k}": v for k, v in self.generator.arrays().items()}
        arrays |= {f"wanted.{k}": v for k, v in self.wanted.arrays().items()}
        for name in ("saxs", "towers"):
            arrays |= {f"{name}.{k}": v for k, v in learn.fitting.state_of(getattr(self, name)).items()}
        arrays |= {f"expected.{k}": v for k, v in self.expected.arrays().items()}
        arrays |= {f"unlike.{k}": np.asarray(getattr(self.unlike, k)) for k in ("axes", "variances", "residual")}
        arrays |= {
            "known.crops": np.packbits(self.known.crops > 0, axis=-1),
            "known.patterns": self.known.patterns.astype(np.float32),
        }
        pixel = self.known.pixel_nm
        told: dict[str, Any] = {
            **settings, "size_px": self.size_px, "limit": self.limit, "names": list(self.known.names),
            "either_sense": self.either_sense,
            "morphology": list(self.known.morphology), "pixel_nm": pixel if np.isfinite(pixel) else None,
        }  # fmt: skip
        if self.morphologies is not None:
            told["classes"] = list(self.morphologies.classes)
            arrays |= {f"morphologies.{k}": getattr(self.morphologies, k) for k in ("mean", "scale", "weights", "bias")}
        return Model(KIND, told, arrays, card)

    @classmethod
    def from_model(cls, model: Model) -> PairModel:
        """The inverse of ``to_model``."""
        told, size = model.settings, int(model.settings["size_px"])
        under = {
            name: learn.fitting.named(model.arrays, f"{name}.")
            for name in ("generator", "wanted", "unlike", "known", "morphologies")
        }
        links = {}
        for name in ("saxs", "towers"):
            links[name] = learn.pair_loop.filled(
                getattr(learn.pair_links, f"new_{name}")(seed=0), learn.fitting.named(model.arrays, f"{name}.")
            )
        crops = np.unpackbits(under["known"]["crops"], axis=-1, count=size)
        pixel = told.get("pixel_nm")
        known = Known(
            tuple(told["names"]),
            tuple(told["morphology"]),
            crops,
            under["known"]["patterns"],
            float("nan") if pixel is None else pixel,
        )
        say, unlike = under["morphologies"], under["unlike"]
        parts = (say[name] for name in ("mean", "scale", "weights", "bias")) if say else ()
        return cls(
            size,
            learn.pair_generator.Generator.of(under["generator"]),
            learn.pair_wanted.Wanted.of(under["wanted"]),
            **links,
            expected=learn.pair_expected.Expected.of(learn.fitting.named(model.arrays, "expected.")),
            morphologies=Logistic((), tuple(told["classes"]), *parts) if say else None,
            unlike=novelty.Familiar(unlike["axes"], unlike["variances"], unlike["residual"].item()),
            limit=float(told["limit"]),
            known=known,
            either_sense=bool(told["either_sense"]),
        )
