r"""
Tortuosity of a phase: how much longer, and narrower, the way through it is than through a free space.

Steady diffusion in the voxels of the phase, between two opposite faces of the box held at c = 1 and 0, with no
flux through any other surface:

.. math:: \nabla \cdot (D_0 \nabla c) = 0, \qquad \tau = \phi\, \frac{D_0}{D_\mathrm{eff}}, \qquad
          D_\mathrm{eff} = \frac{Q L}{A\, \Delta c}

with :math:`\phi` the fraction of the whole phase, closed pores and dead ends included, Q the flux, L the length
and A the cross section of the box. This is the tortuosity factor, as TauFactor defines it [1]_; it is
:math:`\phi` times the MacMullin number :math:`D_0 / D_\mathrm{eff}`. Others in use, which go by the same name:

============ =====================================================================================
``through``  the same with the fraction of those pieces only that go through (PoreSpy)
``length``   :math:`\sqrt\tau`, the lengthening of a channel of constant cross section
============ =====================================================================================

Neighbouring voxels of the phase (over faces) are joined by the conductance :math:`D_0`, voxels at the two ends
by :math:`2 D_0` to these, which lie on the outer faces of the end voxels. Voxels are cubes; one that is longer
along an axis enters with ``pixel``. Q is the dissipated power, whose error is of second order in that of c and
which falls towards the exact value. Tortuosity is dimensionless, 1 for straight pores.

References
----------
.. [1] S. J. Cooper et al., SoftwareX 5, 203 (2016), doi 10.1016/j.softx.2016.09.002.

Checked against: straight, winding and inclined channels, stripes, and a direct solution of random media, in
tests/measure/test_tortuosity.py; Maxwell's spheres, Rayleigh's array of discs, TauFactor and PoreSpy, in
tests/validation/test_tortuosity.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .multigrid import Network, balance, network
from .phases import Pieces, pieces_of

RESIDUAL = 1e-6
PIECE = 2_000_000


@dataclass(frozen=True)
class Tortuosity:
    """
    Tortuosity ``factor`` of a phase and ``diffusivity`` Deff/D0 of the box; ``through`` and ``length`` as above.

    ``residual`` is the rms imbalance of the voxels over the rms current from the electrode; ``mismatch`` is by how much the
    flux that enters differs from the one that leaves; ``steps`` is the number of iterations.
    """

    factor: float
    diffusivity: float
    through: float
    residual: float
    mismatch: float
    steps: int

    @property
    def length(self) -> float:
        """Square root of the factor."""
        return math.sqrt(self.factor)


def tortuosity(
    inside: np.ndarray,
    *,
    axis: int,
    pixel: tuple[float, ...] | None = None,
    pieces: Pieces | None = None,
    tell: Callable[[int], None] | None = None,
    residual: float = RESIDUAL,
) -> Tortuosity | None:
    """
    Tortuosity of the phase ``inside`` along ``axis``; None where nothing of it goes through.

    ``pixel`` holds the voxel's sides, ``pieces`` those of the phase where they are known; ``tell`` hears the
    number of each iteration; ``residual`` is the rms imbalance, of that of a linear profile, at which it ends.
    """
    sides = (1.0,) * inside.ndim if pixel is None else pixel
    if len(sides) != inside.ndim:
        raise InputError(f"{len(sides)} voxel sides for {inside.ndim} axes")
    share, spanning = (pieces or pieces_of(inside)).through(axis)
    if share == 0:
        return None
    fraction = float(np.count_nonzero(inside)) / inside.size
    order = [axis, *(k for k in range(inside.ndim) if k != axis)]
    cluster = np.ascontiguousarray(np.transpose(spanning, order))
    net, _ = network(cluster, [(sides[axis] / sides[k]) ** 2 for k in order])
    length = cluster.shape[0]
    first, last = (net.cells[0] == end for end in (0, length - 1))
    start = 1 - (net.cells[0] + 0.5) / length
    found = balance(net, 2.0 * first, start=start, residual=residual, tell=tell)
    c = found.potential
    entering, leaving = 2 * float((1 - c[first]).sum()), 2 * float(c[last].sum())
    power = _power(net, c) + 2 * float(((1 - c[first]) ** 2).sum()) + 2 * float((c[last] ** 2).sum())
    diffusivity = power * length / math.prod(cluster.shape[1:])
    mismatch = abs(entering - leaving) / power
    return Tortuosity(fraction / diffusivity, diffusivity, share * fraction / diffusivity, found.residual, mismatch, found.steps)


def _power(net: Network, c: np.ndarray) -> float:
    """Power dissipated between the points, piece by piece."""
    total = 0.0
    for begin in range(0, len(net.weight), PIECE):
        part = slice(begin, begin + PIECE)
        fall = c[net.here[part]] - c[net.there[part] + net.even]
        total += float(np.dot(net.weight[part], fall * fall))
    return total
