r"""
Size and shape of each particle of a label map, in nm or in pixels.

=============== ==================================================================================
diameter        of the disc of equal area, :math:`d = d_A + 2 s^2 / d_A`, :math:`d_A = \sqrt{4A/\pi}`
feret max, min  largest and smallest distance between parallel tangents of the convex hull [1]_
aspect          feret max / feret min
circularity     :math:`4\pi A / P^2`, P by Crofton's formula over four directions [2]_; 1 for a disc
solidity        area over that of the convex hull
convexity       perimeter of the hull over P
orientation     of the longer axis of inertia, counter-clockwise from the image's x, in degrees, -90 to 90
neighbour       distance to the nearest other centre
=============== ==================================================================================

The second term of the diameter is what a Gaussian blur of width s took: the steepest place and the half
height of a blurred disc both lie :math:`s^2 / d` inside its outline, to first order [4]_. The area is that of
the label.

A pixel is a rectangle of its size about its centre, in areas and in hulls alike. Crofton's formula takes
pixels as squares of the same area; where they are oblong by more than a tenth, circularity and convexity
are left out. A particle is at the edge when it reaches the rim of the image or of an excluded area; the
chance of not being cut goes down with size, so a whole particle of bounding box h by w counts [3]_

.. math:: w = \frac{\text{places in the image}}{\text{places where its box fits without touching an edge}}

References
----------
.. [1] ISO 9276-6:2008. G. Toussaint, Proc. IEEE MELECON '83, A10.02/1 (rotating calipers).
.. [2] G. Lehmann, D. Legland, Insight J. (2012), doi 10.54294/oqdgvk.
.. [3] R. E. Miles, in Stochastic Geometry (1974), p. 228; C. Lantuejoul, ICS Rep. 81/007 (1980).
.. [4] H. Bouma et al., IEEE Trans. Pattern Anal. Mach. Intell. 27, 1501 (2005).

Checked against: discs, rectangles at angles and ellipses of known size, oblong pixels, and number densities
of a Boolean field seen through a window, in tests/measure/test_particle_shapes.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, spatial
from skimage.measure import perimeter_crofton

Box = tuple[slice, ...]
OBLONG = 1.1


@dataclass(frozen=True)
class Shape:
    """One particle: lengths in the unit of the pixel given; ``row_px`` and ``col_px`` are its centre of mass."""

    label: int
    row_px: float
    col_px: float
    area: float
    diameter: float
    feret_max: float
    feret_min: float
    aspect: float
    circularity: float | None
    solidity: float
    convexity: float | None
    orientation_deg: float
    mean_grey: float
    neighbour: float | None
    at_edge: bool
    weight: float


def shapes(
    labels: np.ndarray,
    *,
    grey: np.ndarray,
    pixel: tuple[float, float] = (1.0, 1.0),
    mask: np.ndarray | None = None,
    blur_px: float = 0.0,
) -> list[Shape]:
    """
    Every label of a map (1, 2, ...) with its sizes; ``pixel`` is (y, x). Edge particles have weight 0.

    ``blur_px`` is the width of the Gaussian that the outlines were found with.
    """
    valid = np.ones(labels.shape, bool) if mask is None else mask
    boxes = [(i + 1, box) for i, box in enumerate(ndimage.find_objects(labels)) if box is not None]
    names = [name for name, _ in boxes]
    if not names:
        return []
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, names))
    means = np.atleast_1d(ndimage.mean(grey, labels, names))
    near = _neighbours(centres * np.array(pixel))
    places = Places(valid)
    found = []
    for index, (name, box) in enumerate(boxes):
        piece = labels[box] == name
        edge = touches_edge(labels, name, box, valid)
        weight = 0.0 if edge else places.weight(*piece.shape)
        found.append(_shape(name, piece, centres[index], float(means[index]), near[index], edge, weight, pixel, blur_px))
    return found


def sizes_only(
    labels: np.ndarray, *, pixel: tuple[float, float] = (1.0, 1.0), mask: np.ndarray | None = None, blur_px: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Diameters and weights of the whole particles of a label map, as ``shapes`` gives them, and nothing else."""
    valid = np.ones(labels.shape, bool) if mask is None else mask
    near_excluded = ndimage.binary_dilation(~valid, np.ones((3, 3), bool), border_value=1) if mask is not None else ~valid
    near_excluded[[0, -1]] = near_excluded[:, [0, -1]] = True
    cut = np.unique(labels[near_excluded])
    area = np.bincount(labels.ravel())
    places, unit = Places(valid), math.sqrt(pixel[0] * pixel[1])
    d, w = [], []
    for name, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is not None and name not in cut:
            d.append(unblurred(math.sqrt(4 * area[name] / math.pi), blur_px) * unit)
            w.append(places.weight(*(side.stop - side.start for side in box)))
    return np.array(d), np.array(w)


def _shape(
    name: int,
    piece: np.ndarray,
    centre: np.ndarray,
    grey: float,
    near: float | None,
    edge: bool,
    weight: float,
    pixel: tuple[float, float],
    blur_px: float,
) -> Shape:
    area = float(piece.sum()) * pixel[0] * pixel[1]
    corners = hull_corners(piece) * np.array(pixel)
    longest, shortest = feret(corners)
    square = max(pixel) <= OBLONG * min(pixel)
    around = float(perimeter_crofton(np.pad(piece, 1), directions=4)) * math.sqrt(pixel[0] * pixel[1]) if square else 0.0
    hull_length = float(np.hypot(*(corners - np.roll(corners, 1, axis=0)).T).sum())
    return Shape(
        label=name,
        row_px=float(centre[0]),
        col_px=float(centre[1]),
        area=area,
        diameter=unblurred(math.sqrt(4 * area / math.pi), blur_px * math.sqrt(pixel[0] * pixel[1])),
        feret_max=longest,
        feret_min=shortest,
        aspect=longest / shortest,
        circularity=min(1.0, 4 * math.pi * area / around**2) if around > 0 else None,
        solidity=area / polygon_area(corners),
        convexity=min(1.0, hull_length / around) if around > 0 else None,
        orientation_deg=_orientation(piece, pixel),
        mean_grey=grey,
        neighbour=near,
        at_edge=edge,
        weight=weight,
    )


def unblurred(diameter: float, blur: float) -> float:
    """The diameter before a Gaussian blur of the same unit, which adds a quarter at the most."""
    return diameter + min(2 * blur**2 / diameter, diameter / 4)


def hull_corners(piece: np.ndarray) -> np.ndarray:
    """Corners (row, col) of the convex hull of the pixels of ``piece``, each a unit square about its centre."""
    rows = np.flatnonzero(piece.any(axis=1))
    left = piece[rows].argmax(axis=1) - 0.5
    right = piece.shape[1] - 0.5 - piece[rows, ::-1].argmax(axis=1)
    ends = np.concatenate([left, right, left, right])
    points = np.stack([np.concatenate([rows - 0.5, rows - 0.5, rows + 0.5, rows + 0.5]), ends], axis=1)
    return np.asarray(points[spatial.ConvexHull(points).vertices])


def polygon_area(corners: np.ndarray) -> float:
    """Area of a polygon whose ``corners`` go round it (Gauss)."""
    y, x = corners.T
    return float(abs(np.dot(y, np.roll(x, -1)) - np.dot(x, np.roll(y, -1))) / 2)


def hull_area(piece: np.ndarray) -> float:
    """Area of the convex hull of the pixels of ``piece``."""
    return polygon_area(hull_corners(piece))


def feret(corners: np.ndarray) -> tuple[float, float]:
    """Largest and smallest width of a convex polygon; the smallest has one side as its tangent."""
    sides = np.roll(corners, -1, axis=0) - corners
    normals = np.stack([-sides[:, 1], sides[:, 0]], axis=1) / np.hypot(*sides.T)[:, None]
    reach = corners @ normals.T
    return float(spatial.distance.pdist(corners).max()), float((reach.max(axis=0) - reach.min(axis=0)).min())


def _orientation(piece: np.ndarray, pixel: tuple[float, float]) -> float:
    rows, cols = np.nonzero(piece)
    y, x = -(rows - rows.mean()) * pixel[0], (cols - cols.mean()) * pixel[1]
    return math.degrees(0.5 * math.atan2(2 * float(np.mean(x * y)), float(np.mean(x * x) - np.mean(y * y))))


def _neighbours(centres: np.ndarray) -> list[float | None]:
    if len(centres) < 2:
        return [None] * len(centres)
    return [float(d) for d in np.asarray(spatial.KDTree(centres).query(centres, k=2)[0])[:, 1]]


def touches_edge(labels: np.ndarray, name: int, box: Box, valid: np.ndarray) -> bool:
    """Whether a label reaches the rim of the image or has an excluded pixel among its eight neighbours."""
    rows, cols = box
    if rows.start == 0 or cols.start == 0 or rows.stop == labels.shape[0] or cols.stop == labels.shape[1]:
        return True
    wide = (slice(rows.start - 1, rows.stop + 1), slice(cols.start - 1, cols.stop + 1))
    excluded = ~valid[wide]
    return bool(excluded.any() and (ndimage.binary_dilation(labels[wide] == name, np.ones((3, 3), bool)) & excluded).any())


class Places:
    """Where a box fits into the pixels that count: the inverse probability with which a particle is seen whole."""

    def __init__(self, valid: np.ndarray) -> None:
        self._valid, self._whole = valid, bool(valid.all())
        self._sums = np.pad(np.cumsum(np.cumsum(valid, axis=0, dtype=np.int64), axis=1), ((1, 0), (1, 0)))
        self._known: dict[tuple[int, int], float] = {}

    def weight(self, height: int, width: int) -> float:
        """Pixels that count over places where a box with one pixel of margin fits; at least one place is assumed."""
        if (height, width) not in self._known:
            self._known[height, width] = float(self._valid.sum()) / max(1, self._places(height + 2, width + 2))
        return self._known[height, width]

    def _places(self, height: int, width: int) -> int:
        rows, cols = (n - k + 1 for n, k in zip(self._valid.shape, (height, width), strict=True))
        if rows < 1 or cols < 1:
            return 0
        if self._whole:
            return int(rows * cols)
        s = self._sums
        inside = s[height:, width:] - s[:rows, width:] - s[height:, :cols] + s[:rows, :cols]
        return int(np.count_nonzero(inside == height * width))
