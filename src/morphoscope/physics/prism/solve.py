r"""
Finding the solution of the PRISM equations.

Newton's method with the exact derivative; each linear system is solved by GMRES, and a step is shortened until
the residual falls and the mixture stays stable. On the way there, four things are turned on one after the other, in
steps that are halved where needed (continuation): the densities of the many kinds with their cores alone, the tails
between them, the few kinds infinitely diluted, and at last their densities; where kinds share a molecule, all
densities and then all tails. A mixture that cannot be reached so is, as a rule,
beyond its spinodal, where the theory has no solution: see ``NoSolution``.

Everything is first solved on the grid of every second point, which gives a start for the full grid and an
estimate of the error of discretisation.

Checked against: independence of the path and of the grid, in tests/validation/test_prism_published.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.sparse.linalg import LinearOperator, gmres

from ...errors import NoSolution
from .equations import Equations, Load, Mixture, Outcome, Solution
from .grid import Grid

NEWTON_STEPS = 25
SMALLEST_STEP = 1 / 64
TOLERANCE = 1e-8
Stage = tuple[str, Callable[[float], Load]]
"""What is turned on, and the load at each share of it."""


def solve(mixture: Mixture, grid: Grid, *, tolerance: float = TOLERANCE) -> Solution:
    """Correlations of ``mixture`` on ``grid``, with the residual left and the error that the grid makes."""
    coarse = _continued(mixture, grid.coarser(), tolerance)
    start = _on(grid, coarse)
    fine = newton(Equations(mixture, grid), start, tolerance=tolerance) or _continued(mixture, grid, tolerance)
    return replace(fine, iterations=coarse.iterations + fine.iterations, grid_error=_difference(fine, coarse))


def newton(equations: Equations, gamma: np.ndarray, *, tolerance: float = TOLERANCE) -> Solution | None:
    """The solution next to ``gamma``, or None where Newton's method does not arrive."""
    now = equations.outcome(gamma)
    if not np.isfinite(now.error):
        gamma = np.zeros_like(gamma)
        now = equations.outcome(gamma)
    for step in range(NEWTON_STEPS):
        if now.error < tolerance:
            rest = np.where(equations.follows[:, None], now.residual, 0.0)
            return Solution(equations, gamma + rest, now.error, step, now.stability)
        found = _shortened(equations, gamma, _newton_step(equations, gamma, now), now)
        if found is None:
            return None
        gamma, now = found
    return None


def _newton_step(equations: Equations, gamma: np.ndarray, now: Outcome) -> np.ndarray:
    slope, shape = equations.slope(gamma), now.unknown.shape
    size = now.unknown.size
    jacobian: LinearOperator = LinearOperator(
        (size, size), matvec=lambda v: equations.derivative(now.s, slope, v.reshape(shape)).ravel(), dtype=np.float64
    )
    enough = min(max(float(np.linalg.norm(now.unknown)), 1e-6), 1e-2)
    move = np.zeros_like(gamma)
    move[now.active] = gmres(jacobian, -now.unknown.ravel(), rtol=enough, restart=80, maxiter=2)[0].reshape(shape)
    return move


def _shortened(equations: Equations, gamma: np.ndarray, move: np.ndarray, now: Outcome) -> tuple[np.ndarray, Outcome] | None:
    length, before = 1.0, float(np.linalg.norm(now.unknown))
    while length > 1e-2:
        tried = gamma + length * move
        then = equations.outcome(tried)
        if np.isfinite(then.error) and float(np.linalg.norm(then.unknown)) < (1 - 1e-3 * length) * before:
            return tried, then
        length /= 2
    return None


def _continued(mixture: Mixture, grid: Grid, tolerance: float) -> Solution:
    first, *rest = _path(mixture)
    found = _followed(mixture, grid, first, np.zeros((mixture.kinds * (mixture.kinds + 1) // 2, grid.points)), tolerance)
    for stage in rest:
        then = _followed(mixture, grid, stage, found.gamma, tolerance)
        found = replace(then, iterations=found.iterations + then.iterations)
    return found


def _path(mixture: Mixture) -> list[Stage]:
    """What is turned on in turn."""
    if mixture.bonded:
        return [
            ("its density without attractions", lambda t: Load(many=t, few=t, tails=0, few_tails=0)),
            ("its attractions", lambda t: Load(tails=t, few_tails=t)),
        ]
    stages: list[Stage] = [
        ("its density without attractions", lambda t: Load(many=t, tails=0, few=0, alone=True)),
        ("its attractions", lambda t: Load(tails=t, few=0, alone=True)),
        ("the attraction between particles and matrix", lambda t: Load(few_tails=t, few=0)),
        ("the density of its particles", lambda t: Load(few=t)),
    ]
    dense = any(d > 0 for d, few in zip(mixture.density, mixture.few, strict=True) if few)
    return stages if dense else stages[:3] if mixture.few.any() else stages[:2]


def _followed(mixture: Mixture, grid: Grid, stage: Stage, start: np.ndarray, tolerance: float) -> Solution:
    """The solution at the end of ``stage``, whose solution at its beginning is about ``start``."""
    what, load = stage
    reached, step, iterations = 0.0, 1.0, 0
    gamma, before = start, None
    while True:
        target = min(1.0, reached + step)
        guess = gamma if before is None else gamma + (gamma - before[1]) * (target - reached) / (reached - before[0])
        found = newton(Equations(mixture, grid, load=load(target)), guess, tolerance=tolerance)
        if found is None:
            step /= 2
            if step < SMALLEST_STEP:
                raise NoSolution(
                    f"PRISM has no solution there: it could be followed only to {reached:.1%} of {what}, beyond which the "
                    "mixture separates in this theory (a spinodal); take fewer particles, less attraction, or the dilute limit"
                )
            continue
        before, gamma, iterations = (reached, gamma), found.gamma, iterations + found.iterations
        reached, step = target, 2 * step
        if reached >= 1:
            return replace(found, iterations=iterations)


def _on(grid: Grid, coarse: Solution) -> np.ndarray:
    spline = CubicSpline(coarse.grid.r, coarse.gamma, axis=1)
    return np.where(grid.r <= coarse.grid.r[-1], spline(np.minimum(grid.r, coarse.grid.r[-1])), 0.0)


def _difference(fine: Solution, coarse: Solution) -> float:
    """A third of the largest change of g(r), or of its share where g > 1, against half as many points."""
    shared = slice(1, 2 * coarse.grid.points, 2)
    gamma = fine.gamma.copy()
    gamma[:, shared] = coarse.gamma
    g = fine.equations.pair_distribution(fine.gamma)
    change = (fine.equations.pair_distribution(gamma) - g) / np.maximum(g, 1)
    return float(np.abs(change[:, shared]).max()) / 3
