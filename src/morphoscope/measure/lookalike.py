"""
Which micrographs show the same place: copies that were turned, mirrored, cropped, rescaled, recompressed or brightened.

Two searches propose pairs, one test decides.

1. Whole images: a thumbnail of ``THUMB`` x ``THUMB`` pixels, its brightness and contrast evened out, compared
   in the eight ways a rectangle can be turned and mirrored.
2. Crops: blobs (extrema of differences of Gaussians over place and scale, Lowe 2004,
   doi:10.1023/B:VISI.0000029664.99615.94) with the patch around each, brought to one of its eight
   orientations by its first moments. Pairs whose patches agree on one place, scale and turn are proposed.
3. The decision: one image is laid on the other and their correlation is taken in windows of ``WINDOW``
   pixels, each with its own mean and contrast. The score is the median over the windows, so a printed
   scale bar, letter or data bar that two images share cannot make them lookalikes.

Negatives (inverted contrast) and turns by other angles are not looked for.

Checked against: copies made with known changes, and unrelated images of the same physics
(tests/measure/test_lookalike.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import fft, ndimage

from ..core import Micrograph

SIDE = 256  # longest side of an image while it is compared
THUMB = 48
WINDOW = 17
SIGMAS = 1.6 * 2 ** (np.arange(11) / 3)
BLOBS = 120
PATCH = 16
REACH = 5.0  # half a patch, in sigmas of its blob
PATCH_AGREES = 0.92
THUMB_AGREES = 0.35
VOTES = 4
PLACE_TOLERANCE = 0.04
GUESSES = 100
TRIES = 6
BREADTH = 0.05
SAME = 0.7
FLAT = 0.002  # local contrast below half a level of 8 bits says nothing
TELLING = 0.3  # share of the overlap that must say something; printed bars alone cover less
OVERLAP = 0.12  # of the smaller image


@dataclass(frozen=True)
class Signature:
    """What is kept of one image to compare it with many."""

    plane: np.ndarray
    thumb: np.ndarray
    patches: np.ndarray
    places: np.ndarray  # row, col, sigma
    turns: np.ndarray


@dataclass(frozen=True)
class Lookalike:
    """Places in two lists whose images look alike, and the median window correlation (1 is the same)."""

    one: int
    other: int
    score: float


def signature(image: Micrograph) -> Signature:
    """The image at comparison size with its thumbnail and its blobs."""
    image = image.above_data_bar()
    shrink = min(1.0, SIDE / max(image.pixels.shape))
    height, width = (max(8, round(n * shrink)) for n in image.pixels.shape)
    plane = image.resize(height, width).pixels.astype(np.float32)
    square = image.resize(THUMB, THUMB).pixels.astype(np.float32)
    places, patches, turns = _blobs(plane)
    return Signature(plane.astype(np.float16), _unit(_even(square)), patches, places, turns)


def find(ones: Sequence[Signature], others: Sequence[Signature]) -> list[Lookalike]:
    """Every pair (one, other) that looks alike, best first."""
    if not ones or not others:
        return []
    scores: dict[tuple[int, int], float] = {}
    for one, other, turn in _by_thumb(ones, others):
        affine = _whole(ones[one].plane.shape, others[other].plane.shape, turn)
        score = overlap_correlation(ones[one].plane, others[other].plane, affine)
        scores[one, other] = max(score, scores.get((one, other), -1))
    for one, other, affine in _by_blobs(ones, others):
        if scores.get((one, other), -1) < SAME:
            score = overlap_correlation(ones[one].plane, others[other].plane, affine)
            scores[one, other] = max(score, scores.get((one, other), -1))
    found = [Lookalike(*pair, score) for pair, score in scores.items() if score >= SAME]
    return sorted(found, key=lambda pair: (-pair.score, pair.one, pair.other))


def overlap_correlation(one: np.ndarray, other: np.ndarray, affine: np.ndarray) -> float:
    """
    Median over windows of the correlation of ``one`` with ``other`` where they overlap.

    ``affine`` (2, 3) maps pixels of ``other`` to pixels of ``one``. -1 where the overlap is too small
    or too flat to tell.
    """
    one, other = one.astype(np.float32), other.astype(np.float32)
    step = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    moved = ndimage.affine_transform(
        ndimage.gaussian_filter(one, max(0.0, 0.6 * step)), affine[:, :2], affine[:, 2], other.shape, order=1, cval=np.nan
    )
    inside = np.isfinite(moved)
    small = min(other.size, one.size / step**2)
    if inside.sum() < OVERLAP * small:
        return -1.0
    blur = max(1.0, 0.6 / step)
    a, b = (ndimage.gaussian_filter(np.where(inside, plane, plane[inside].mean()), blur) for plane in (moved, other))
    mean_a, mean_b, aa, bb, ab = (ndimage.uniform_filter(p, WINDOW) for p in (a, b, a * a, b * b, a * b))
    var_a, var_b = aa - mean_a**2, bb - mean_b**2
    whole = ndimage.minimum_filter(inside, WINDOW, mode="constant")
    tells = whole & (np.minimum(var_a, var_b) > FLAT**2)
    if tells.sum() < TELLING * max(1, whole.sum()):
        return -1.0
    return float(np.median((ab - mean_a * mean_b)[tells] / np.sqrt((var_a * var_b)[tells])))


def _even(plane: np.ndarray) -> np.ndarray:
    """The plane with the same brightness and contrast everywhere, so that a bright bar counts no more than its area."""
    centred = plane - ndimage.gaussian_filter(plane, THUMB / 10)
    return np.asarray(centred / np.sqrt(ndimage.gaussian_filter(centred**2, THUMB / 10) + FLAT**2))


def _unit(plane: np.ndarray) -> np.ndarray:
    """Zero mean and length one over the whole plane; a flat one stays flat."""
    centred = plane - plane.mean()
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-12))


def _turned(array: np.ndarray, turn: int) -> np.ndarray:
    """One of the eight orientations: bit 0 flips rows, bit 1 flips columns, bit 2 then transposes."""
    array = array[..., ::-1, :] if turn & 1 else array
    array = array[..., ::-1] if turn & 2 else array
    return np.swapaxes(array, -1, -2) if turn & 4 else array


def _matrix(turn: int) -> np.ndarray:
    """How ``_turned`` moves a point measured from the centre."""
    flip = np.diag([-1.0 if turn & 1 else 1.0, -1.0 if turn & 2 else 1.0])
    return flip[::-1] if turn & 4 else flip


def _by_thumb(ones: Sequence[Signature], others: Sequence[Signature]) -> list[tuple[int, int, int]]:
    left = np.stack([s.thumb.ravel() for s in ones])
    found = []
    for turn in range(8):
        right = np.stack([_turned(s.thumb, turn).ravel() for s in others])
        found += [(int(i), int(j), turn) for i, j in np.argwhere(left @ right.T > THUMB_AGREES)]
    return found


def _whole(one: tuple[int, ...], other: tuple[int, ...], turn: int) -> np.ndarray:
    """The map from pixels of ``other`` to pixels of ``one`` when both show the same field, turned."""
    linear = _matrix(turn)
    seen = np.abs(linear) @ np.array(other, float)
    linear = np.diag(np.array(one) / seen) @ linear
    middles = [(np.array(shape) - 1) / 2 for shape in (one, other)]
    return np.column_stack([linear, middles[0] - linear @ middles[1]])


def _blobs(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (row, col, sigma), descriptors and orientations of the strongest blobs whose patch lies inside."""
    levels = np.stack([ndimage.gaussian_filter(plane, s, truncate=3) for s in SIGMAS])
    strength = np.abs(np.diff(levels, axis=0))
    peaks = (strength == ndimage.maximum_filter(strength, 3)) & (strength > FLAT)
    peaks[0] = peaks[-1] = False
    level, row, col = np.nonzero(peaks)
    reach = REACH * SIGMAS[level]
    height, width = plane.shape
    fits = (row >= reach) & (col >= reach) & (row < height - reach) & (col < width - reach)
    order = np.argsort(-strength[level, row, col] * fits, kind="stable")[: min(BLOBS, int(fits.sum()))]
    level, row, col = level[order], row[order], col[order]
    places = np.column_stack([row, col, SIGMAS[level]]).astype(float)
    patches = _patches(levels, level, places)
    ramp = np.arange(PATCH) - (PATCH - 1) / 2
    down, right = (patches.sum(axis=2) * ramp).sum(axis=1), (patches.sum(axis=1) * ramp).sum(axis=1)
    turns = (down < 0) + 2 * (right < 0) + 4 * (np.abs(right) > np.abs(down))
    upright = np.empty_like(patches)
    for turn in range(8):
        upright[turns == turn] = _turned(patches[turns == turn], turn)
    coefficients = fft.dctn(upright, axes=(1, 2), norm="ortho")[:, :8, :8].reshape(len(order), 64)[:, 1:]
    lengths = np.maximum(np.linalg.norm(coefficients, axis=1, keepdims=True), 1e-12)
    return places, (coefficients / lengths).astype(np.float32), turns


def _patches(levels: np.ndarray, level: np.ndarray, places: np.ndarray) -> np.ndarray:
    grid = np.linspace(-REACH, REACH, PATCH)
    rows = places[:, 0, None] + places[:, 2, None] * grid
    cols = places[:, 1, None] + places[:, 2, None] * grid
    shape = (len(places), PATCH, PATCH)
    where = np.stack(
        [np.broadcast_to(level[:, None, None], shape), *(np.broadcast_to(x, shape) for x in (rows[:, :, None], cols[:, None, :]))]
    )
    return np.asarray(ndimage.map_coordinates(levels, where, order=1))


def _by_blobs(ones: Sequence[Signature], others: Sequence[Signature]) -> list[tuple[int, int, np.ndarray]]:
    """Pairs whose blobs agree on one map, with the map from the other to the one."""
    owner = np.repeat(np.arange(len(ones)), [len(s.places) for s in ones])
    first = np.concatenate([[0], np.cumsum([len(s.places) for s in ones])])
    patches = np.concatenate([s.patches for s in ones])
    found = []
    for j, other in enumerate(others):
        left, right = np.nonzero(patches @ other.patches.T > PATCH_AGREES)
        counts = np.bincount(owner[left], minlength=len(ones))
        for i in np.flatnonzero(counts >= VOTES).tolist():
            of_pair = owner[left] == i
            affine = _consensus(ones[i], other, left[of_pair] - first[i], right[of_pair])
            if affine is not None:
                found.append((i, j, affine))
    return found


def _consensus(one: Signature, other: Signature, left: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """
    The map on which most matched blobs agree, fitted to them.

    None where fewer than ``VOTES`` agree or where they lie on one line, as the letters of a data bar do.
    """
    a, b = one.places[left], other.places[right]
    scale = a[:, 2] / b[:, 2]
    turns = one.turns[left] * 8 + other.turns[right]
    linear = _turns_between()[turns]
    guess = np.unique(np.linspace(0, len(left) - 1, GUESSES).round().astype(int))
    # one match fixes the map: its turn, its scale, its place; how well does it foretell the other matches?
    steps = b[None, :, :2] - b[guess, None, :2]
    told = a[guess, None, :2] + scale[guess, None, None] * np.einsum("hij,hmj->hmi", linear[guess], steps)
    close = np.linalg.norm(told - a[None, :, :2], axis=2) < PLACE_TOLERANCE * max(one.plane.shape)
    close &= np.abs(np.log(scale[guess, None] / scale[None])) < 0.35
    close &= np.abs(linear[guess, None] - linear[None]).max(axis=(2, 3)) < 0.5
    for best in np.argsort(-close.sum(axis=1), kind="stable")[:TRIES]:
        agreed = close[best]
        places = np.unique(a[agreed, :2], axis=0)
        if len(places) >= VOTES and _breadth(places) > BREADTH * max(one.plane.shape):
            return _fit(linear[guess[best]], a[agreed, :2], b[agreed, :2], scale[guess[best]])
    return None


@cache
def _turns_between() -> np.ndarray:
    """The linear map from each of the eight orientations to each, shape (64, 2, 2)."""
    return np.stack([_matrix(t // 8).T @ _matrix(t % 8) for t in range(64)])


def _breadth(places: np.ndarray) -> float:
    """Standard deviation of points across the line that fits them best."""
    return float(np.linalg.svd(places - places.mean(axis=0), compute_uv=False)[-1]) / float(np.sqrt(len(places)))


def _fit(linear: np.ndarray, a: np.ndarray, b: np.ndarray, scale: float) -> np.ndarray:
    """Least-squares scale and shift, the turn held fixed."""
    turned = b @ linear.T
    centred_a, centred_b = a - a.mean(axis=0), turned - turned.mean(axis=0)
    spread = float((centred_b**2).sum())
    factor = float((centred_a * centred_b).sum()) / spread if spread > 0 else scale
    factor = factor if 0.8 < factor / scale < 1.25 else scale
    return np.column_stack([factor * linear, a.mean(axis=0) - factor * turned.mean(axis=0)])
