r"""
Where one particle ends and the next begins, inside a foreground: seeds, and a watershed between them.

=========== =========================================================================================
necks       maxima of the distance to the ground, d, that stand out by a share: two are two particles
            where the neck between them is narrower by that share than the smaller of them,
            :math:`d_\mathrm{neck} < (1 - s) \min(d_1, d_2)`; so :math:`\ln d` has a dynamic [1]_ above
            :math:`-\ln(1 - s)`, and a shape is cut the same way at every magnification
h-maxima    maxima of d that stand out by a height in pixels [2]_
log         blobs: maxima over place and scale of the Laplacian of Gaussian [3]_
hessian     blobs: the same of the determinant of the Hessian [4]_
=========== =========================================================================================

For the first two, ground includes grooves: dark valleys and inner edges, deeper or steeper than a share
of the contrast, and rims around cores. Blobs have their own foreground: what lies within
:math:`3/2` radii of a centre, above half height between the blob and its surroundings.

Lengths are in pixels; labels run from 1, and 0 is ground.

References
----------
.. [1] M. Grimaud, Proc. SPIE 1769, 292 (1992), doi 10.1117/12.60650.
.. [2] P. Soille, Morphological Image Analysis (2004), section 6.3, doi 10.1007/978-3-662-05088-0.
.. [3] T. Lindeberg, Int. J. Comput. Vis. 30, 79 (1998), doi 10.1023/A:1008045108935.
.. [4] H. Bay et al., Comput. Vis. Image Underst. 110, 346 (2008), doi 10.1016/j.cviu.2007.09.014.

Checked against: discs that touch, overlap and carry rims, at several sizes, in tests/measure/test_splitting.py.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage
from skimage.feature import blob_doh, blob_log
from skimage.measure import label as label_pieces
from skimage.morphology import disk, local_maxima, reconstruction
from skimage.segmentation import watershed

from .foreground import EIGHT, steepness
from .particle_shapes import hull_area

SEEDS = ("necks", "h-maxima", "log", "hessian")
SCALES = 8
REACH = 1.5
"""How many radii from its centre a blob may extend."""
NOISE, ROUGH = 3.0, 4.5
"""Times the ground's steepness that an inner edge must exceed, and times its roughness that a valley must be deep."""
TEXTURE = 4.0
"""Times the particles' own median steepness, or depth of valleys, that a groove must exceed."""
CONVEX_HOLE = 0.88
"""Solidity above which a hole is a particle's own, not a gap between several."""
CORE = 0.1
"""Share of a piece that a filled hole must take to be its core."""
RIM = 0.5
"""Share of a piece that its own holes take, from which on what surrounds them is a rim."""


def split(
    inside: np.ndarray, *, share: float, smallest_px: float = 0.0, grooves: np.ndarray | None = None, height_px: float = 0.0
) -> np.ndarray:
    """Label the pieces of ``inside``, cut at necks narrower by ``share``, or at maxima ``height_px`` above them if given."""
    pieces, count = ndimage.label(inside, EIGHT)
    if count == 0 or (share <= 0 and height_px <= 0):
        return without_small(pieces, smallest_px)
    open_ground = inside if grooves is None else inside & ~grooves
    padded = np.pad(open_ground, 1, mode="edge")  # a particle cut by the rim goes on beyond it
    distance = ndimage.distance_transform_edt(padded)[1:-1, 1:-1]
    soft = ndimage.gaussian_filter(distance, 1.0) * inside
    maxima = local_maxima(soft) & inside
    labels, used = np.zeros(inside.shape, np.int32), 0
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        piece = pieces[box] == number
        found = piece if (maxima[box] & piece).sum() < 2 else _divided(soft[box] * piece, piece, share, height_px)
        labels[box][piece] = found[piece] + used
        used += int(found.max())
    return without_small(without_enclosed(labels), smallest_px)


def _divided(soft: np.ndarray, piece: np.ndarray, share: float, height_px: float) -> np.ndarray:
    """One piece, cut along watersheds between the maxima of ``soft`` that stand out enough."""
    if height_px > 0:
        raised = reconstruction(soft - height_px, soft)
    else:
        log = np.where(piece, np.log(np.maximum(soft, 0.5)), -1.0)
        raised = reconstruction(log + math.log(1 - share), log)
    peaks = label_pieces(local_maxima(np.pad(raised, 1, constant_values=-2.0))[1:-1, 1:-1] & piece, connectivity=2)
    return piece.astype(np.int32) if peaks.max() < 2 else np.asarray(watershed(-soft, peaks, mask=piece))


def grooves(height: np.ndarray, inside: np.ndarray, depth: float, *, blur_px: float = 1.0) -> np.ndarray:
    """Valleys and inner edges of ``height`` (particles bright), deeper or steeper than ``depth`` of the contrast; 0: none."""
    ground = ~ndimage.binary_dilation(inside, EIGHT, iterations=3)
    if depth <= 0 or not inside.any() or not ground.any():
        return np.zeros(inside.shape, bool)
    contrast = float(np.median(height[inside]) - np.median(height[ground]))
    level = float(np.median(height[ground]))
    rough = 1.4826 * float(np.median(np.abs(height[ground] - level)))
    steep = steepness(height)
    depth_px = ndimage.distance_transform_edt(np.pad(inside, 1, mode="edge"))[1:-1, 1:-1]
    inner = depth_px > 3 + blur_px
    own = float(np.median(steep[inner])) if inner.any() else 0.0
    least = max(depth * contrast, NOISE * math.sqrt(float(np.mean(steep[ground] ** 2))), TEXTURE * own)
    valley = ndimage.grey_closing(height, footprint=disk(4), mode="nearest") - height
    sunk = float(np.median(valley[inner])) if inner.any() else 0.0
    deep = valley > max(depth * contrast, ROUGH * rough, TEXTURE * sunk)
    edges, count = ndimage.label(inner & (steep > least), EIGHT)
    reach = ndimage.minimum(depth_px, edges, np.arange(1, count + 1)) if count else np.zeros(0)
    crossing = np.concatenate([[False], reach <= 5 + blur_px])  # an edge that keeps inside is a core's
    return np.asarray(inside & (deep | crossing[edges]))


def fill_own_holes(inside: np.ndarray, smallest_px: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Fill holes that are small or convex; star-shaped gaps between touching particles stay open.

    Also the cores, which are filled holes that take a good part of their piece, and what is a rim: the foreground
    of pieces that mostly consist of such holes, as of bubbles.
    """
    holes, count = ndimage.label(ndimage.binary_fill_holes(inside) & ~inside)
    own = np.zeros(count + 1, bool)
    area = np.bincount(holes.ravel(), minlength=count + 1)
    for index, box in enumerate(ndimage.find_objects(holes), start=1):
        small = area[index] <= math.pi * smallest_px**2 / 4
        own[index] = small or area[index] / hull_area(holes[box] == index) > CONVEX_HOLE
    filled = inside | own[holes]
    pieces, number = ndimage.label(filled, EIGHT)
    whole = np.bincount(pieces.ravel(), minlength=number + 1)
    hollow = np.bincount(pieces.ravel(), weights=own[holes].ravel(), minlength=number + 1)
    ringed = hollow > RIM * whole
    ringed[0] = False
    within = np.zeros(count + 1, int)
    within[holes.ravel()] = pieces.ravel()
    core = own & (area > CORE * whole[within])
    return filled, core[holes], inside & ringed[pieces]


def without_enclosed(labels: np.ndarray) -> np.ndarray:
    """``labels`` with each that lies within a single other one, as a core in its shell, joined to that one."""
    count = int(labels.max(initial=0))
    if count < 2:
        return labels
    padded = np.pad(labels, 1, constant_values=-1)
    pairs = [(padded[1:, :], padded[:-1, :]), (padded[:, 1:], padded[:, :-1])]
    touching = np.concatenate([np.stack([a[a != b], b[a != b]], axis=1) for a, b in pairs])
    both = np.unique(np.concatenate([touching, touching[:, ::-1]]), axis=0)
    both = both[both[:, 0] > 0]
    number = np.bincount(both[:, 0], minlength=count + 1)
    new = np.arange(count + 1)
    for name, other in both:
        if number[name] == 1 and other > 0:
            new[name] = other
    return np.asarray(new[labels])


def blobs(
    height: np.ndarray, valid: np.ndarray, *, method: str, smallest_px: float, largest_px: float, noise: float
) -> np.ndarray:
    """Label bright blobs of a smoothed image; ``noise`` is the least response, as a share of the grey range."""
    low, high = np.percentile(height[valid], [0.5, 99.5])
    level = np.clip((height - low) / max(high - low, 1e-9), 0, 1)
    level = np.where(valid, level, float(np.median(level[valid])))
    sigmas = {"min_sigma": max(1.0, smallest_px / math.sqrt(8)), "max_sigma": max(2.0, largest_px / math.sqrt(8))}
    options = {**sigmas, "num_sigma": SCALES, "log_scale": True, "overlap": 0.5}
    if method == "log":
        found = blob_log(level, threshold=noise, **options)
        radii = found[:, 2] * math.sqrt(2)
    else:
        found = blob_doh(level, threshold=noise**2, **options)
        around = ndimage.uniform_filter(level, 2 * math.ceil(largest_px) + 1, mode="nearest")
        at = tuple(found[:, :2].astype(int).T)
        found = found[level[at] > around[at]]  # the determinant does not tell bright from dark
        radii = found[:, 2]
    return _blob_regions(level, valid, found[:, :2].astype(int), radii)


def _blob_regions(level: np.ndarray, valid: np.ndarray, centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Pixels of each blob above half height, divided by a watershed from the centres."""
    seeds, allowed = np.zeros(level.shape, np.int32), np.zeros(level.shape, bool)
    for number, ((row, col), radius) in enumerate(zip(centres, radii, strict=True), start=1):
        reach = math.ceil(2 * radius) + 1
        box = tuple(slice(max(0, at - reach), min(n, at + reach + 1)) for at, n in zip((row, col), level.shape, strict=True))
        y, x = np.ogrid[box]
        far = np.hypot(y - row, x - col)
        near, ring = far <= max(1.0, radius / 2), (far > REACH * radius) & valid[box]
        if not ring.any():
            continue
        half = (float(level[box][near].mean()) + float(np.median(level[box][ring]))) / 2
        allowed[box] |= (far <= REACH * radius) & (level[box] > half) & valid[box]
        seeds[row, col] = number
    return np.asarray(watershed(-level, seeds * allowed, mask=allowed), dtype=np.int32)


def without_small(labels: np.ndarray, smallest_px: float) -> np.ndarray:
    """``labels`` without those of less area than a disc ``smallest_px`` across, renumbered from 1."""
    return only(labels, np.bincount(labels.ravel())[1:] >= math.pi * smallest_px**2 / 4)


def only(labels: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """``labels`` where ``kept`` (one truth a label, from 1) allows, renumbered from 1."""
    names = np.concatenate([[False], np.asarray(kept, bool) & (np.bincount(labels.ravel())[1:] > 0)])
    return np.asarray((np.cumsum(names) * names)[labels], dtype=np.int32)
