"""
What any learnt link between two techniques has to beat: answers that need little or no learning.

==================== ==================================================================================
another crop         the specimen's own micrograph, another place: the ceiling, which no model can know
nearest neighbour    the micrograph of the training pair with the likest pattern, and the other way by spectra
same morphology      any training pair of the same name
random               any training pair
random field         a Gaussian random field with the pattern's spectrum, cut at the training's area fraction
mean image           the mean of the training's crops, cut at one half, and the mean pattern
FFT of the SEM       the micrograph's own power spectrum on the detector, its levels fitted to the training's patterns
==================== ==================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from .pair_scores import Answers, Truth
from .pairs import PairArrays

DECADES = (3.0, 5.0, 7.0, 9.0, 12.0)
"""Natural logarithms that a pattern's levels may span; the training tells which."""
FLOORS = (0.003, 0.03, 0.3)
"""What is added to a micrograph's power, whose mean is about a quarter, before its logarithm; the training tells which."""
TRIED = 12


def answers(train: PairArrays, truth: Truth, *, rng: np.random.Generator) -> list[Answers]:
    """Every baseline's answers for the pairs of ``truth``."""
    test, (count, crops, side, _) = truth.pairs, truth.crops.shape

    def drawn(rows: np.ndarray, of: PairArrays) -> np.ndarray:
        """Crops of the pairs ``rows`` (pairs, crops)."""
        return of.crops(rows.ravel(), rng=rng, size_px=side).reshape(count, crops, side, side)

    every = np.repeat(np.arange(count)[:, None], crops, axis=1)
    nearest = np.argmin(_distances(test.saxs, train.saxs, test.mask), axis=1)
    by_spectrum = _nearest_by_spectrum(train, truth, rng)
    random = rng.integers(len(train), size=(count, crops))
    found = [
        Answers("another crop", drawn(every, test)),
        Answers("nearest neighbour", drawn(nearest[every], train), train.saxs[by_spectrum]),
    ]
    if all(test.morphology) and set(test.morphology) <= set(train.morphology):
        names = np.array(train.morphology)
        same = np.array([rng.choice(np.flatnonzero(names == name), crops) for name in test.morphology])
        found.append(Answers("same morphology", drawn(same, train), train.saxs[same]))
    found.append(Answers("random", drawn(random, train), train.saxs[random]))
    scaled = on_one_scale(train) and on_one_scale(test)
    if scaled:
        field = RandomField.fitted(train, size_px=side, rng=rng)
        made = np.stack([field.draw(s, m, q, p, rng=rng, count=crops) for s, m, q, p in _patterns(test)])
        found.append(Answers("random field", made))
    mean = train.crops(np.repeat(np.arange(len(train)), 4), rng=rng, size_px=side).mean(axis=0) > 0.5
    shape = (count, crops)
    middle = np.broadcast_to(_mean_pattern(train), (*shape, *train.saxs.shape[1:]))
    found.append(Answers("mean image", np.broadcast_to(mean, (*shape, side, side)).astype(np.float32), middle))
    if scaled:
        spectra = Spectra.fitted(train, size_px=side, rng=rng)
        one = [spectra.of(truth.crops[k], test.q_per_nm[k], test.pixel_nm[k]) for k in range(count)]
        patterns = np.stack(one)
        found.append(Answers("FFT of the SEM", None, patterns, _agreement(patterns[:, 0], test.saxs, test.mask)))
    return found


def on_one_scale(pairs: PairArrays) -> bool:
    """Whether micrographs know their scale and partners are patterns that know q, so that one can be laid on the other."""
    known = np.isfinite(pairs.pixel_nm).all() and np.isfinite(pairs.q_per_nm).all()
    return bool(known and (np.ptp(pairs.q_per_nm, axis=1) > 0).any())  # a curve is laid out in rows that are all alike


def _patterns(pairs: PairArrays) -> zip[tuple[np.ndarray, np.ndarray, np.ndarray, float]]:
    return zip(pairs.saxs, pairs.mask, pairs.q_per_nm, pairs.pixel_nm, strict=True)


def _distances(first: np.ndarray, second: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean absolute difference of each of ``first`` from each of ``second`` where the first's ``mask`` counts."""
    return np.stack([(np.abs(second - one) * seen).sum(axis=(1, 2)) / seen.sum() for one, seen in zip(first, mask, strict=True)])


def _mean_pattern(train: PairArrays) -> np.ndarray:
    counted = np.maximum(train.mask.sum(axis=0), 1)
    return np.asarray((train.saxs * train.mask).sum(axis=0) / counted)


def _nearest_by_spectrum(train: PairArrays, truth: Truth, rng: np.random.Generator) -> np.ndarray:
    """For each crop of the test the training pair whose crops have the likest spectrum: (pairs, crops)."""
    count, crops, side, _ = truth.crops.shape
    rows = np.repeat(np.arange(len(train)), 4)
    known = _logarithm(train.crops(rows, rng=rng, size_px=side)).reshape(len(train), 4, -1).mean(axis=1)
    asked = _logarithm(truth.crops.reshape(-1, side, side))
    nearest = [int(np.argmin(np.abs(known - one).mean(axis=1))) for one in asked]
    return np.array(nearest).reshape(count, crops)


def _logarithm(phases: np.ndarray) -> np.ndarray:
    """Logarithm of each picture's power up to a quarter of the sampling rate, smoothed, as one row."""
    side = phases.shape[-1]
    low, high = side // 4, side - side // 4
    rows = []
    for phase in phases:
        power = fft.fftshift(np.abs(fft.fft2(phase - phase.mean())) ** 2)
        rows.append(np.log(ndimage.gaussian_filter(power, 1.2)[low:high, low:high] + 10).ravel().astype(np.float32))
    return np.stack(rows)


def _agreement(made: np.ndarray, saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Correlation of each of ``made`` with each pattern over the pixels that count in all, after taking out the common mean."""
    seen = mask.all(axis=0)
    one, two = (a[:, seen] - a[:, seen].mean(axis=0) for a in (made, saxs))
    one, two = (a - a.mean(axis=1, keepdims=True) for a in (one, two))
    scale = np.linalg.norm(one, axis=1)[:, None] * np.linalg.norm(two, axis=1)[None]
    return np.asarray(one @ two.T / np.maximum(scale, 1e-12))


@dataclass(frozen=True)
class RandomField:
    """A Gaussian field whose power is ``exp(span * level)`` of a pattern, cut so that ``bright`` of its area is bright."""

    span: float
    bright: float
    size_px: int

    @classmethod
    def fitted(cls, train: PairArrays, *, size_px: int, rng: np.random.Generator) -> RandomField:
        """The span at which the correlations of fields come nearest to the training's."""
        rows = rng.permutation(len(train))[:TRIED]
        crops = train.crops(rows, rng=rng, size_px=size_px)
        part = train.where(rows)
        errors = []
        for span in DECADES:
            field = cls(span, float(crops.mean()), size_px)
            made = np.concatenate([field.draw(s, m, q, p, rng=rng, count=1) for s, m, q, p in _patterns(part)])
            errors.append(float(np.abs(_correlations(made) - _correlations(crops)).mean()))
        return cls(DECADES[int(np.argmin(errors))], float(crops.mean()), size_px)

    def draw(
        self, saxs: np.ndarray, mask: np.ndarray, q: np.ndarray, pixel_nm: float, *, rng: np.random.Generator, count: int
    ) -> np.ndarray:
        """``count`` phases (count, side, side) of one pattern."""
        power = _on_frequencies(np.where(mask, np.expm1(self.span * saxs), np.nan), q, pixel_nm, self.size_px)
        noise = rng.standard_normal((count, self.size_px, self.size_px))
        field = fft.ifft2(fft.fft2(noise) * np.sqrt(power)).real
        level = np.quantile(field, 1 - self.bright, axis=(1, 2), keepdims=True)
        return np.asarray(field > level, np.float32)


def _correlations(phases: np.ndarray) -> np.ndarray:
    """Autocorrelation of each picture's fluctuations, its largest value 1."""
    centred = phases - phases.mean(axis=(1, 2), keepdims=True)
    found = fft.ifft2(np.abs(fft.fft2(centred)) ** 2).real
    return np.asarray(found / np.maximum(found[:, :1, :1], 1e-12))


def _on_frequencies(pattern: np.ndarray, q: np.ndarray, pixel_nm: float, size_px: int) -> np.ndarray:
    """A pattern's levels at the frequencies of a picture, what did not count taken from the opposite side or as 0."""
    row, column = (float(np.average(np.arange(n), weights=_nearness(q, axis))) for axis, n in enumerate(q.shape))
    step = _step(q, row, column)
    waves = 2 * np.pi * fft.fftfreq(size_px, pixel_nm) / step
    down, across = np.meshgrid(waves, waves, indexing="ij")
    known = np.isfinite(pattern)
    level = np.where(known, pattern, 0.0)

    def at(plane: np.ndarray, sign: float) -> np.ndarray:
        places = [row + sign * down, column + sign * across]
        return np.asarray(ndimage.map_coordinates(plane.astype(float), places, order=1, mode="constant"))

    weight = at(known, 1.0) + at(known, -1.0)
    total = at(level, 1.0) + at(level, -1.0)
    return np.where(weight > 0.2, total / np.maximum(weight, 0.2), 0.0)


def _nearness(q: np.ndarray, axis: int) -> np.ndarray:
    """Weights along ``axis`` that pick the line through the beam, or the two beside it."""
    nearest = q.min(axis=1 - axis)
    return np.asarray(nearest <= nearest.min() * (1 + 1e-3) + 1e-12, float)


def _step(q: np.ndarray, row: float, column: float) -> float:
    """Width of a pixel in q, from the corner farthest from the beam."""
    far_row, far_column = (0 if at > n / 2 else n - 1 for at, n in zip((row, column), q.shape, strict=True))
    return float(q[far_row, far_column] / np.hypot(far_row - row, far_column - column))


@dataclass(frozen=True)
class Spectra:
    """Patterns made of micrographs: ``offset + slope`` times the logarithm of the power, on the detector."""

    offset: float
    slope: float
    floor: float

    @classmethod
    def fitted(cls, train: PairArrays, *, size_px: int, rng: np.random.Generator) -> Spectra:
        """Levels by least squares on the training."""
        rows = rng.permutation(len(train))[:TRIED]
        crops = train.crops(rows, rng=rng, size_px=size_px)
        level = train.saxs[rows][train.mask[rows]]
        tried: list[tuple[float, Spectra]] = []
        for floor in FLOORS:
            plain = cls(0.0, 1.0, floor)
            planes = [
                plain.of(c[None], train.q_per_nm[k], train.pixel_nm[k], clip=False) for c, k in zip(crops, rows, strict=True)
            ]
            made = np.concatenate(planes)[train.mask[rows]]
            slope, offset = np.polyfit(made, level, 1)
            tried.append((float(np.abs(offset + slope * made - level).mean()), cls(float(offset), float(slope), floor)))
        return min(tried, key=lambda one: one[0])[1]

    def of(self, phases: np.ndarray, q: np.ndarray, pixel_nm: float, *, clip: bool = True) -> np.ndarray:
        """The pattern expected of each of ``phases``, on the detector whose pixels lie at ``q``."""
        side = phases.shape[-1]
        row, column = (float(np.average(np.arange(n), weights=_nearness(q, axis))) for axis, n in enumerate(q.shape))
        scale = _step(q, row, column) * side * pixel_nm / (2 * np.pi)
        down, across = ((np.arange(n) - at) * scale + side // 2 for n, at in zip(q.shape, (row, column), strict=True))
        places = np.meshgrid(down, across, indexing="ij")
        window = np.outer(np.hanning(side), np.hanning(side))
        made = []
        for phase in phases:
            power = fft.fftshift(np.abs(fft.fft2((phase - phase.mean()) * window)) ** 2) / (window**2).sum()
            smooth = ndimage.gaussian_filter(power, 0.8)
            seen = ndimage.map_coordinates(smooth, places, order=1, mode="nearest")
            level = self.offset + self.slope * np.log(seen + self.floor)
            made.append(np.clip(level, 0, 1) if clip else level)
        return np.stack(made).astype(np.float32)
