"""
Specimens seen by two techniques: a micrograph and a scattering pattern (or a curve), either of which may be missing.

A curve is laid out as a pattern whose rows are all alike, so what is learnt from patterns is learnt from curves.

``arrays`` prepares them for learning as the PairVAE paper did: the micrograph is smoothed (Gaussian, sigma 1),
divided by the mean of a window of 15 pixels less 2 of 255 grey levels, and smoothed again, and crops of 192 pixels are drawn
from it; the pattern is brought to 192 pixels with its logarithm between 0 and 1, and ``mask`` leaves out what did not count.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage
from skimage.transform import resize_local_mean

from ..core import Curve, Micrograph, Pattern
from ..errors import BadParameter, InputError, UnreadableFile
from ..measure import threshold

CROP_PX = 192
WINDOW_PX, OFFSET, SIGMA_PX, LAST_SIGMA_PX = 15, 2 / 255, 1.0, 1.1
PROTOCOLS = {"one": 1, "ten": 10, "hundred": 100, "random": 0}
"""Crops of a micrograph that are learnt from, by the paper's protocols; 0 is a new one each time."""
TEXTS = ("names", "groups", "morphology")
FULL = 99.8
Laid = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Percentile of the logarithm that becomes 1."""


@dataclass(frozen=True, eq=False)
class Pair:
    """
    What two techniques saw of one specimen: a micrograph, and a pattern or a curve.

    ``group`` names what must stay on one side of a split; it is the pair's name unless specimens belong together.
    """

    name: str
    sem: Micrograph | None = None
    pattern: Pattern | Curve | None = None
    morphology: str | None = None
    group: str = ""

    def __post_init__(self) -> None:
        if self.sem is None and self.pattern is None:
            raise InputError(f"{self.name}: a pair needs at least one of its two partners")
        object.__setattr__(self, "group", self.group or self.name)


@dataclass(frozen=True, eq=False)
class PairArrays:
    """
    Pairs as arrays, one row a pair; a missing partner is zeros with ``has_sem`` or ``has_saxs`` False.

    ``phase`` is 1 where the micrograph is bright and 0 elsewhere, ``grey`` its levels (0 to 255), both of the whole
    area; draw ``crops`` from them. ``saxs`` lies between 0 and 1, ``mask`` is True where the detector counted,
    ``q_per_nm`` is NaN where unknown, like ``pixel_nm``. ``morphology`` is "" where unknown.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    morphology: tuple[str, ...]
    phase: np.ndarray
    grey: np.ndarray
    pixel_nm: np.ndarray
    saxs: np.ndarray
    mask: np.ndarray
    q_per_nm: np.ndarray
    has_sem: np.ndarray
    has_saxs: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def where(self, rows: Sequence[int] | np.ndarray) -> PairArrays:
        """The pairs at ``rows`` (places or flags)."""
        places = np.arange(len(self))[np.asarray(rows)]
        texts: dict[str, Any] = {name: tuple(getattr(self, name)[k] for k in places) for name in TEXTS}
        others = [f.name for f in fields(self) if f.name not in texts]
        return replace(self, **texts, **{name: getattr(self, name)[places] for name in others})

    def crops(self, rows: Sequence[int] | np.ndarray, *, rng: np.random.Generator, size_px: int = CROP_PX) -> np.ndarray:
        """One random crop of the phase of each of ``rows``, float32 of 0 and 1, shape (rows, size_px, size_px)."""
        return np.stack([self._crop(self.phase, int(row), rng, size_px) for row in rows]).astype(np.float32)

    def grey_crops(self, rows: Sequence[int] | np.ndarray, *, rng: np.random.Generator, size_px: int = CROP_PX) -> np.ndarray:
        """The same of the grey levels, between 0 and 1."""
        return np.stack([self._crop(self.grey, int(row), rng, size_px) for row in rows]).astype(np.float32) / 255

    def crop_source(self, protocol: str, *, rng: np.random.Generator, size_px: int = CROP_PX) -> Callable[..., np.ndarray]:
        """
        A function of rows that gives a crop of each, by a ``protocol`` of the paper.

        ``one``, ``ten`` and ``hundred`` draw so many places of each micrograph once and choose among them; ``random``
        draws a new place each time.
        """
        if protocol not in PROTOCOLS:
            raise BadParameter(f"protocol={protocol!r} is not known; allowed: {', '.join(PROTOCOLS)}")
        if protocol == "random":
            return functools.partial(self.crops, rng=rng, size_px=size_px)
        seeds = rng.integers(2**63, size=(len(self), PROTOCOLS[protocol]))

        def chosen(rows: Sequence[int] | np.ndarray) -> np.ndarray:
            places = ((int(row), np.random.default_rng(int(rng.choice(seeds[row])))) for row in rows)
            return np.stack([self._crop(self.phase, row, place, size_px) for row, place in places]).astype(np.float32)

        return chosen

    def _crop(self, planes: np.ndarray, row: int, rng: np.random.Generator, size_px: int) -> np.ndarray:
        if not self.has_sem[row]:
            raise InputError(f"{self.names[row]}: no micrograph to crop; leave such pairs out")
        height, width = planes.shape[1:]
        check_crop(self.names[row], (height, width), size_px)
        top, left = int(rng.integers(height - size_px + 1)), int(rng.integers(width - size_px + 1))
        return np.asarray(planes[row, top : top + size_px, left : left + size_px])

    def save(self, path: Path) -> None:
        """Keep everything but the grey levels in one compact file."""
        kept: dict[str, Any] = {
            f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("grey", "phase", "q_per_nm")
        }
        kept["saxs"] = np.rint(self.saxs * 65535).astype(np.uint16)
        known = np.isfinite(self.q_per_nm[:, 0, 0])
        first = int(np.argmax(known))
        same = bool((self.q_per_nm[known] == self.q_per_nm[first]).all())
        kept |= {"q_per_nm": self.q_per_nm[first : first + 1] if same else self.q_per_nm, "known": known}
        kept["shape"] = np.array(self.phase.shape)
        np.savez_compressed(path, bits=np.packbits(self.phase.astype(bool), axis=-1), **kept)

    @classmethod
    def load(cls, path: Path) -> PairArrays:
        """What ``save`` kept; grey levels are those of the phase."""
        try:
            with np.load(path, allow_pickle=False) as file:
                found = {name: file[name] for name in file.files}
            shape = tuple(int(n) for n in found.pop("shape"))
            phase = np.unpackbits(found.pop("bits"), axis=-1, count=shape[-1]).reshape(shape)
            texts: dict[str, Any] = {name: tuple(str(text) for text in found.pop(name)) for name in TEXTS}
            q = np.where(found.pop("known")[:, None, None], found.pop("q_per_nm"), np.float32(np.nan))
        except (OSError, KeyError, ValueError) as problem:
            raise UnreadableFile(path, f"holds no pairs prepared for learning ({problem})") from None
        saxs = found.pop("saxs").astype(np.float32) / 65535
        return cls(**texts, phase=phase, grey=phase * np.uint8(255), saxs=saxs, q_per_nm=q, **found)


def arrays(pairs: Iterable[Pair], *, size_px: int = CROP_PX, span: tuple[float, float] | None = None) -> PairArrays:
    """
    ``pairs`` prepared for learning; patterns of ``size_px`` squared, micrographs cut to the smallest of them.

    Curves are laid out over ``span`` of their x; by default over the part that all of them reach.
    """
    rows: list[dict[str, Any]] = []
    curves: list[tuple[str, Curve]] = []
    for pair in pairs:
        row: dict[str, Any] = {"name": pair.name, "group": pair.group, "morphology": pair.morphology or ""}
        if pair.sem is not None:
            check_crop(pair.name, pair.sem.pixels.shape, size_px)
            row |= {"phase": phase_of(pair.sem), "grey": np.rint(pair.sem.pixels * 255).astype(np.uint8)}
            row["pixel_nm"] = np.nan if pair.sem.pixel_size is None else pair.sem.pixel_size.mean_nm
        if isinstance(pair.pattern, Pattern):
            row["saxs"], row["mask"], row["q"] = pattern_of(pair.pattern, size_px=size_px, name=pair.name)
        elif pair.pattern is not None:
            row["curve"] = pair.pattern
            curves.append((pair.name, pair.pattern))
        rows.append(row)
    if curves and len(curves) < sum("curve" in row or "saxs" in row for row in rows):
        raise InputError(f"{curves[0][0]} has a curve where others have a pattern; give partners of one kind")
    reached = (span or common_span(curves)) if curves else None
    for row in rows:
        if reached is not None and "curve" in row:
            row["saxs"], row["mask"], row["q"] = curve_of(row["curve"], size_px=size_px, name=row["name"], span=reached)
    return _stacked(rows, size_px)


def _stacked(rows: list[dict[str, Any]], size_px: int) -> PairArrays:
    """The prepared rows as arrays, zeros where a partner is missing."""
    if not rows:
        raise InputError("no pair is given; give at least one")
    heights, widths = zip(*([row["phase"].shape for row in rows if "phase" in row] or [(size_px, size_px)]), strict=True)
    plane, square = np.zeros((min(heights), min(widths)), np.uint8), (size_px, size_px)

    def stacked(name: str, absent: np.ndarray) -> np.ndarray:
        height, width = absent.shape
        return np.stack([row[name][:height, :width] if name in row else absent for row in rows])

    return PairArrays(
        names=tuple(row["name"] for row in rows),
        groups=tuple(row["group"] for row in rows),
        morphology=tuple(row["morphology"] for row in rows),
        phase=stacked("phase", plane).astype(np.uint8),
        grey=stacked("grey", plane),
        pixel_nm=np.array([row.get("pixel_nm", np.nan) for row in rows]),
        saxs=stacked("saxs", np.zeros(square, np.float32)),
        mask=stacked("mask", np.zeros(square, bool)),
        q_per_nm=stacked("q", np.full(square, np.nan, np.float32)),
        has_sem=np.array(["phase" in row for row in rows]),
        has_saxs=np.array(["saxs" in row for row in rows]),
    )


def check_crop(name: str, shape: tuple[int, ...], size_px: int) -> None:
    """Refuse a micrograph from which no crop can be cut."""
    if min(shape) < size_px:
        raise InputError(
            f"{name}: the micrograph has {shape[0]} x {shape[1]} pixels, smaller than the crop of {size_px}; crop less"
        )


def phase_of(sem: Micrograph) -> np.ndarray:
    """Where the micrograph is bright by the paper's recipe."""
    smooth = ndimage.gaussian_filter(sem.pixels.astype(np.float32), SIGMA_PX, truncate=2.0)
    bright = threshold.adaptive_mean(smooth, window_px=WINDOW_PX, offset=OFFSET, smoothing_px=1)
    return np.asarray(ndimage.gaussian_filter(bright.astype(np.float32), LAST_SIGMA_PX, truncate=1.9) >= 0.5)


def pattern_of(pattern: Pattern, *, size_px: int, name: str = "") -> Laid:
    """Logarithm of the intensity between 0 and 1, where it counts, and q, on ``size_px`` squared."""
    name = name or pattern.name
    valid = pattern.valid
    if not valid.any():
        raise InputError(f"{name}: every pixel of the pattern is masked; nothing was counted")
    if min(pattern.intensity.shape) < 8:
        raise InputError(f"{name}: a pattern of {pattern.intensity.shape[0]} x {pattern.intensity.shape[1]} pixels is too small")
    intensity = np.where(valid, pattern.intensity, 0).astype(np.float64)
    share = _resized(valid.astype(np.float64), size_px)
    mean = _resized(intensity, size_px) / np.maximum(share, 1e-9)
    mask = share > 0.5
    if not mask.any():
        raise InputError(f"{name}: hardly a pixel of the pattern is outside its mask; nothing was counted")
    value = mean if pattern.qx_per_nm is None else np.log1p(np.maximum(mean, 0))
    low, high = np.percentile(value[mask], [1.0, FULL])
    value = np.clip((value - low) / max(float(high - low), 1e-12), 0, 1)
    q = pattern.q_per_nm
    scale = np.full(mask.shape, np.nan) if q is None else _resized(q, size_px)
    return np.where(mask, value, 0).astype(np.float32), mask, scale.astype(np.float32)


def curve_of(curve: Curve, *, size_px: int, name: str, span: tuple[float, float]) -> Laid:
    """
    The curve between 0 and 1 on ``size_px`` columns over ``span``, each row the same, and its x.

    Scattering (x is q), which falls over decades, is laid out by the logarithms of x and y; other curves as they are.
    """
    x, y = _counted(curve, name)
    falls = _falls(curve)
    places = np.geomspace(*span, size_px) if falls else np.linspace(*span, size_px)
    value = np.interp(np.log(places), np.log(x), np.log(y)) if falls else np.interp(places, x, y)
    low, high = float(value.min()), float(value.max())
    value = (value - low) / max(high - low, 1e-12)
    square = (size_px, size_px)
    return (
        np.broadcast_to(value, square).astype(np.float32),
        np.ones(square, bool),
        np.broadcast_to(places, square).astype(np.float32),
    )


def common_span(curves: Sequence[tuple[str, Curve]]) -> tuple[float, float]:
    """The part of x that all ``curves`` (name, curve) reach."""
    ends = [(x[0], x[-1]) for x, _ in (_counted(curve, name) for name, curve in curves)]
    low, high = max(e[0] for e in ends), min(e[1] for e in ends)
    if not low < high or len({(curve.x_name, curve.x_unit, curve.y_name) for _, curve in curves}) > 1:
        raise InputError(
            f"the curves of {curves[0][0]} and the others have no x in common; give curves of one quantity and range"
        )
    return float(low), float(high)


def _falls(curve: Curve) -> bool:
    return curve.x_name.lower() == "q"


def _counted(curve: Curve, name: str) -> tuple[np.ndarray, np.ndarray]:
    """x in rising order and y, of the points that count."""
    counted = np.isfinite(curve.x) & np.isfinite(curve.y)
    if _falls(curve):
        counted &= (curve.x > 0) & (curve.y > 0)
    if counted.sum() < 4:
        raise InputError(f"{name}: the curve has {int(counted.sum())} points that count; it needs at least 4")
    order = np.argsort(curve.x[counted])
    return curve.x[counted][order], curve.y[counted][order]


def _resized(plane: np.ndarray, size_px: int) -> np.ndarray:
    """Mean over the area of each new pixel."""
    square = (size_px, size_px)
    return plane if plane.shape == square else np.asarray(resize_local_mean(plane, square, preserve_range=True))
