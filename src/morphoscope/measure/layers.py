r"""
Thickness of a layer between two interfaces, and how rough these are: coatings, oxides, films, membranes.

Along every column the layer reaches from the first to the last pixel of its label, pores and cracks inside
included; pieces much smaller than the largest are no part of it. A line (a plane in a volume) is fitted to
either interface, h = a + b x, and

.. math:: t = \langle h_2 - h_1 \rangle \cos\alpha, \qquad \tan\alpha = (b_1 + b_2) / 2, \qquad
          R_q = \sqrt{\langle (h - a - b x)^2 \rangle} \cos\alpha

so that a tilted layer is measured square to itself and tilt is no roughness (R_q is the rms roughness of ISO
21920-2 [1]_ without its filters, over the whole width). The interval of t takes the correlation along the
layer into account. Columns in which the layer is cut by the border of the image are left out. Lengths are in
the unit of ``pixel``.

References
----------
.. [1] ISO 21920-2:2021, Geometrical product specifications: surface texture, profile.

Checked against: straight, tilted and wavy layers of known thickness and roughness, in tests/measure/test_layer_thickness.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, stats

from .correlated import variance_of_mean
from .pairs import unit_pixel

SMALLEST_PIECE = 0.02
"""Pieces of fewer pixels, as a share of the largest, are no part of a layer."""

FEWEST = 4
"""Independent places that any interval assumes at least; a trend across the whole image looks like two."""

COVERS, FILLED = 0.9, 0.7
"""A label is a layer where it meets this share of the columns and fills this share of its extent."""


@dataclass(frozen=True)
class Layer:
    """
    Mean thickness with its 95 % interval; standard deviation and extremes over the columns.

    ``share`` of the columns meet the layer whole, ``filled`` of its extent bears the label. ``roughness_first``
    and ``roughness_last`` are R_q of the interface at the smaller and at the larger coordinate.
    """

    mean: float
    low: float
    high: float
    sd: float
    least: float
    greatest: float
    tilt_deg: float
    roughness_first: float
    roughness_last: float
    share: float
    filled: float

    @property
    def is_layer(self) -> bool:
        """Whether the label reaches across the image as a layer does."""
        return self.share >= COVERS and self.filled >= FILLED


def layer(
    labels: np.ndarray,
    label: int,
    *,
    axis: int = 0,
    mask: np.ndarray | None = None,
    pixel: tuple[float, ...] | None = None,
) -> Layer | None:
    """Thickness of ``label`` along ``axis``; None where no column holds it whole."""
    sides = unit_pixel(labels.ndim, pixel)
    order = [axis, *(k for k in range(labels.ndim) if k != axis)]
    valid = np.ones(labels.shape, bool) if mask is None else mask
    valid = np.transpose(valid, order)
    inside = _main(np.transpose(labels == label, order) & valid)
    first = np.argmax(inside, axis=0)
    last = len(inside) - 1 - np.argmax(inside[::-1], axis=0)
    bounded = np.pad(valid, [(1, 1), *[(0, 0)] * (labels.ndim - 1)])
    open_ended = [np.take_along_axis(bounded, at[None], axis=0)[0] for at in (first, last + 2)]
    met = inside.any(axis=0) & open_ended[0] & open_ended[1]
    if not met.any():
        return None
    across = tuple(sides[k] for k in order[1:])
    tops, bottoms = (np.where(met, edge * sides[axis], 0.0) for edge in (first, last + 1))
    rough, slopes = zip(*(_profile(edge, met, across) for edge in (tops, bottoms)), strict=True)
    cosine = 1 / math.sqrt(1 + float(np.square(np.mean(slopes, axis=0)).sum()))
    thick = np.where(met, bottoms - tops, 0.0) * cosine
    mean = float(thick[met].mean())
    variance = variance_of_mean(np.where(met, thick - mean, 0.0), met.astype(float))
    spread = float(thick[met].var())
    independent = max(FEWEST, spread / variance) if variance > 0 else FEWEST
    half = float(stats.t.ppf(0.975, independent - 1)) * math.sqrt(variance)
    count = np.count_nonzero(inside, axis=0)[met].sum() / (last - first + 1)[met].sum()
    return Layer(
        mean=mean,
        low=max(0.0, mean - half),
        high=mean + half,
        sd=math.sqrt(spread),
        least=float(thick[met].min()),
        greatest=float(thick[met].max()),
        tilt_deg=math.degrees(math.acos(min(cosine, 1.0))),
        roughness_first=rough[0] * cosine,
        roughness_last=rough[1] * cosine,
        share=float(met.mean()),
        filled=float(count),
    )


def _main(inside: np.ndarray) -> np.ndarray:
    """``inside`` without its small pieces."""
    pieces, count = ndimage.label(inside)
    if count < 2:
        return inside
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray((sizes >= SMALLEST_PIECE * sizes.max())[pieces] & inside)


def _profile(edge: np.ndarray, met: np.ndarray, across: tuple[float, ...]) -> tuple[float, np.ndarray]:
    """Rms deviation of an interface from its line or plane, and the slopes of that."""
    places = [at * side for at, side in zip(np.nonzero(met), across, strict=True)]
    design = np.stack([np.ones(len(places[0])), *places], axis=1)
    heights = edge[met]
    fit = np.linalg.lstsq(design, heights, rcond=None)[0]
    return float(np.sqrt(np.mean((heights - design @ fit) ** 2))), np.asarray(fit[1:])
