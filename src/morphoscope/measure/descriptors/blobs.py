r"""
Round blobs: scale-normalised Laplacian and Hessian, and the radial symmetry of the gradient.

At each scale s the frame is smoothed and

.. math:: L = s^2 (f_{xx} + f_{yy}), \qquad H = s^4 (f_{xx} f_{yy} - f_{xy}^2)

are large at blobs of radius about :math:`\sqrt{2} s` [1]_, L negative on bright ones. Local maxima of H are
counted by polarity. For symmetry every steep pixel votes for the point at distance r along its gradient [2]_:
rims of droplets and holes make peaks in the votes, roughness does not.

References
----------
.. [1] T. Lindeberg, Int. J. Comput. Vis. 30, 79 (1998), doi 10.1023/A:1008045108935.
.. [2] G. Loy, A. Zelinsky, IEEE Trans. PAMI 25, 959 (2003), doi 10.1109/TPAMI.2003.1217601.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ..extremes import largest_near, percentiles, weighed
from .frame import Frame, smoothing, wave_numbers

SCALES_PX = (1.5, 2.5, 4.0, 6.0, 9.0, 13.0)
RADII_PX = (3, 5, 8, 12, 18, 26)
STEEP = 0.6
"""Share of the pixels that are not steep enough to vote."""
STRONG = 0.05
COARSE_FROM_PX = {4.0: 2, 9.0: 4}
"""From this scale on the smoothed frame is taken at every second or fourth pixel, which loses nothing."""


def blobs(view: Frame) -> dict[str, float]:
    """Strength, number and polarity of blobs at six scales, and the peaks of the symmetry votes at six radii."""
    found: dict[str, float] = {}
    for scale in SCALES_PX:
        found |= {f"{name}_{scale:g}px": value for name, value in _at_scale(view, scale).items()}
    return found | _symmetry(view)


def _coarse(scale: float) -> int:
    return max((step for start, step in COARSE_FROM_PX.items() if scale >= start), default=1)


@cache
def _derivatives(shape: tuple[int, int], scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ky, kx = wave_numbers(shape)
    smooth = smoothing(shape, scale) * np.float32(scale**2)
    return -(kx**2) * smooth, -(ky**2) * smooth, -(kx * ky) * smooth


def _at_scale(view: Frame, scale: float) -> dict[str, float]:
    coarse = _coarse(scale)
    xx, yy, xy = (view.filtered(transfer, coarse=coarse) for transfer in _derivatives(view.shape, scale))
    laplace, hessian = xx + yy, xx * yy - xy * xy
    ridge = np.sqrt((xx - yy) ** 2 + 4 * xy * xy)
    sd = max(float(laplace.std()), 1e-6)
    low, high = percentiles(laplace, (1, 99))
    hump, top = percentiles(hessian, (99, 99.9))
    normal = laplace / sd
    cube = normal * normal * normal
    found = {
        "laplace_sd": sd,
        "laplace_p1": low,
        "laplace_p99": high,
        "laplace_skew": float(cube.mean()),
        "laplace_kurtosis": float((cube * normal).mean()),
        "hessian_positive": float(np.maximum(hessian, 0).mean()),
        "hessian_p99": hump,
        "hessian_p999": top,
        "ridge_share": float((ridge / (np.abs(laplace) + ridge + 1e-6)).mean()),
    }
    size = int(2 * scale / coarse) | 1
    peak = (hessian > STRONG) & (largest_near(hessian, size, beyond="wrap") == hessian)
    for name, chosen in (("bright", peak & (laplace < 0)), ("dark", peak & (laplace > 0))):
        strength = hessian[chosen]
        found[f"{name}_cover"] = float(np.log1p(strength.size * scale**2 / view.seen.sum() * 100))
        found[f"{name}_strength"] = float(strength.mean()) if strength.size else 0.0
    return found


@cache
def _slopes(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    ky, kx = wave_numbers(shape)
    return 1j * kx * smoothing(shape, 1.2), 1j * ky * smoothing(shape, 1.2)


def _symmetry(view: Frame) -> dict[str, float]:
    gx, gy = (view.filtered(transfer) for transfer in _slopes(view.shape))
    steepness = np.sqrt(gx * gx + gy * gy)
    steep = np.flatnonzero(steepness > percentiles(steepness, (100 * STEEP,))[0])
    y, x = np.divmod(steep, view.shape[1])
    ux, uy = (slope.ravel()[steep] / steepness.ravel()[steep] for slope in (gx, gy))
    found: dict[str, float] = {}
    for radius in RADII_PX:
        coarse = 1 if radius < 8 else 2
        side = max(3, round(0.5 * radius / coarse) | 1)
        for polarity, sign in (("bright", radius), ("dark", -radius)):
            votes = _votes(y + sign * uy, x + sign * ux, view.shape, coarse, radius)
            votes = weighed(votes, np.arange(side, 0, -1) / side**2)  # two passes of a box
            mean = float(votes.mean()) + 1e-6
            found[f"votes_sd_{polarity}_{radius}px"] = float(votes.std()) / mean
            found[f"votes_p99_{polarity}_{radius}px"] = percentiles(votes, (99,))[0] / mean
            found[f"votes_max_{polarity}_{radius}px"] = float(votes.max()) / mean
    return found


def _votes(y: np.ndarray, x: np.ndarray, shape: tuple[int, int], coarse: int, reach: int) -> np.ndarray:
    """Number of points in each cell of ``coarse`` pixels; up to ``reach`` they may lie outside the frame and do not count."""
    margin = reach // coarse + 1
    rows, columns = shape[0] // coarse, shape[1] // coarse
    wide = columns + 2 * margin
    cells = [((at + 0.5) / coarse + margin).astype(np.intp) for at in (y, x)]
    counts = np.bincount(cells[0] * wide + cells[1], minlength=(rows + 2 * margin) * wide).reshape(-1, wide)
    return counts[margin : margin + rows, margin : margin + columns].astype(np.float32)
