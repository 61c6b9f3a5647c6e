r"""
Tortuosity of a phase: how much longer, and narrower, the way through it is than through a free space.

Steady diffusion in the voxels of the phase, between two opposite faces of the box held at c = 1 and 0, with no
flux through any other surface:

.. math:: \nabla \cdot (D_0 \nabla c) = 0, \qquad \tau = \phi\, \frac{D_0}{D_\mathrm{eff}}, \qquad
          D_\mathrm{eff} = \frac{Q L}{A\, \Delta c}

with :math:`\phi` the phase's fraction, Q the flux, L the length and A the cross section of the box (the
tortuosity factor of [1]_, equal to :math:`\phi` times the MacMullin number). Neighbouring voxels of the phase
are joined by the conductance :math:`D_0`, voxels at the two faces by :math:`2 D_0` to these. Voxels are cubes;
one that is longer along an axis enters with ``pixel``. The linear equations are solved by conjugate
gradients; Q is the dissipated power, whose error is of second order in that of c and which falls towards the
exact value. It is dimensionless, 1 for straight pores.

References
----------
.. [1] S. J. Cooper et al., SoftwareX 5, 203 (2016), doi 10.1016/j.softx.2016.09.002.

Checked against: straight and inclined channels, stripes, a plate with a hole in series, and a dense direct
solution of random media, in tests/measure/test_tortuosity.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..errors import InputError
from .phases import through

PRECISION = 1e-4
WINDOW = 20
LONGEST = 5000


def tortuosity(
    inside: np.ndarray,
    *,
    axis: int,
    pixel: tuple[float, ...] | None = None,
    tell: Callable[[int], None] | None = None,
    precision: float = PRECISION,
) -> float | None:
    """
    Tortuosity of the phase ``inside`` along ``axis``; None where nothing of it goes through.

    ``pixel`` holds the voxel's sides; ``tell`` hears the number of each iteration; ``precision`` is the
    relative change of the flux over the last iterations at which it is taken as found.
    """
    sides = (1.0,) * inside.ndim if pixel is None else pixel
    if len(sides) != inside.ndim:
        raise InputError(f"{len(sides)} voxel sides for {inside.ndim} axes")
    share, spanning = through(inside, axis=axis)
    if share == 0:
        return None
    fraction = float(np.count_nonzero(inside)) / inside.size
    order = [axis, *(k for k in range(inside.ndim) if k != axis)]
    cluster = np.ascontiguousarray(np.transpose(spanning, order))
    flux = _flux(cluster, [(sides[axis] / sides[k]) ** 2 for k in order], tell, precision)
    return fraction / (flux * cluster.shape[0] / math.prod(cluster.shape[1:]))


def _flux(cluster: np.ndarray, joins: list[float], tell: Callable[[int], None] | None, precision: float) -> float:
    """Flux along axis 0 in units of one link's, by conjugate gradients on the unknowns of the cluster."""
    real = np.float64 if cluster.size < 2_000_000 else np.float32
    open_ = cluster.astype(real)
    degree = _neighbour_sum(open_, joins)
    degree[0] += 2
    degree[-1] += 2
    degree *= open_
    inverse = np.divide(1, degree, out=np.zeros_like(degree), where=degree > 0)

    def apply(c: np.ndarray) -> np.ndarray:
        out = _neighbour_sum(c, joins)
        np.subtract(degree * c, out, out=out)
        out *= open_
        return out

    n = cluster.shape[0]
    ramp = (1 - (np.arange(n) + 0.5) / n).astype(real).reshape(-1, *(1,) * (cluster.ndim - 1))
    c = ramp * open_
    source = np.zeros_like(c)
    source[0] = 2 * open_[0]
    applied = apply(c)
    residual = source - applied
    entering = 2.0 * float(np.count_nonzero(cluster[0]))
    power = entering - 2 * _dot(source, c) + _dot(c, applied)
    scaled = inverse * residual
    direction = scaled.copy()
    product = _dot(residual, scaled)
    history = [power]
    for count in range(LONGEST):
        if product <= 0 or _settled(history, precision):
            break
        applied = apply(direction)
        step = product / _dot(direction, applied)
        c += real(step) * direction
        residual -= real(step) * applied
        history.append(history[-1] - step * product)
        np.multiply(inverse, residual, out=scaled)
        product, old = _dot(residual, scaled), product
        direction *= real(product / old)
        direction += scaled
        if tell is not None:
            tell(count + 1)
    return history[-1]


def _settled(history: list[float], precision: float) -> bool:
    """Whether the power fell by less than ``precision`` over the last iterations, twice as many as one tenth of all."""
    back = max(WINDOW, len(history) // 5)
    return len(history) > back and history[-1 - back] - history[-1] < precision * history[-1]


def _neighbour_sum(c: np.ndarray, joins: list[float]) -> np.ndarray:
    """Sum over the face neighbours of each voxel, weighted by the conductance of each axis."""
    out = np.zeros_like(c)
    for axis, join in enumerate(joins):
        low = tuple(slice(None, -1) if k == axis else slice(None) for k in range(c.ndim))
        high = tuple(slice(1, None) if k == axis else slice(None) for k in range(c.ndim))
        for to, source in ((low, high), (high, low)):
            out[to] += c[source] if join == 1 else c.dtype.type(join) * c[source]
    return out


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    """Scalar product, summed slice by slice in double precision."""
    return float(sum(float(np.vdot(x, y)) for x, y in zip(a, b, strict=True)))
