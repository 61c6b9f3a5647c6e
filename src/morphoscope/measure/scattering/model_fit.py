r"""
Sizes from one or several curves of a sample: a form factor, smeared as the instrument does, plus a flat background.

.. math:: \chi^2 = \sum_k \sum_i \left( \frac{I_{ki} - s_k\, (G_k P)_i(\mathbf p) - b_k}{\sigma_{ki}} \right)^2

Each curve has its own scale s >= 0 and background b, solved exactly for any sizes p (variable projection [1]_), so only the
sizes are searched: on a grid of their logarithms with errors widened to 15 % of the intensity averaged over 30 % of q, which
smooths the misfit; from its best places by least squares with these errors; and from the best of those with the errors
themselves. Where that leads away from the widened misfit's minimum, or leaves a reduced chi-square beyond 100, the errors are
too small for this model or these q (the minima of equal spheres rule the fit), and the answer with the widened errors stands:
``widened``. Chi-square is always that of the curve's own errors.
Standard errors are those of the full set of parameters; where the reduced chi-square exceeds 1, or errors were not stated,
they are scaled by its root.

References
----------
.. [1] G. H. Golub and V. Pereyra, SIAM J. Numer. Anal. 10, 413 (1973), doi 10.1137/0710036.

Checked against: simulated curves (coverage of the intervals) and open measurements of known size, in
tests/validation/test_form_factors.py.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from ...errors import BadParameter, InputError
from . import linear
from .curves import Scattered, window_mean
from .form_factors import DISTRIBUTIONS, MODELS
from .smearing import Smearing, smearing

GRID = {"sphere": 300, "cylinder": 24}
LENGTHS = 24
WIDTHS = (0.04, 0.12, 0.35)
WIDTH_BOUNDS = (0.002, 1.0)
STARTS = {"sphere": 5, "cylinder": 10}
ENDS = 4
ASTRAY = 2.0
HOPELESS = 100.0
COARSE_ERROR = 0.15
COARSE_POINTS = 100


@dataclass(frozen=True, eq=False)
class Fit:
    """
    Sizes (nm; ``width`` is relative) with standard errors by name, scale and background of the first curve among them.

    ``curves`` are the model as each curve would show it. ``at_bound`` names sizes that the data do not determine.
    """

    model: str
    values: dict[str, float]
    errors: dict[str, float]
    curves: tuple[np.ndarray, ...]
    chi2: float
    free: int
    at_bound: tuple[str, ...]
    widened: bool = False

    @property
    def reduced(self) -> float:
        """Chi-square a degree of freedom."""
        return self.chi2 / self.free


@dataclass(frozen=True, eq=False)
class Problem:
    """Residuals of a model whose sizes are given as logarithms; scales and backgrounds are always the best ones."""

    sets: tuple[Scattered, ...]
    model: str
    distribution: str

    @functools.cached_property
    def smears(self) -> tuple[Smearing, ...]:
        """How each curve was smeared."""
        return tuple(smearing(data) for data in self.sets)

    def shapes(self, at: np.ndarray) -> list[np.ndarray]:
        """The smeared form factor at the logarithms ``at``, for each curve."""
        sizes = dict(zip(names(self.model, self.distribution), np.exp(at).tolist(), strict=True))
        model = functools.partial(MODELS[self.model], distribution=self.distribution, **sizes)
        return [smear.seen(model(smear.q)) for smear in self.smears]

    def residual(self, at: np.ndarray) -> np.ndarray:
        """Data less model, over the errors, one curve after the other."""
        return np.concatenate([_over(data, shape) for data, shape in zip(self.sets, self.shapes(at), strict=True)])


def fit(sets: Sequence[Scattered], *, model: str, distribution: str = "schulz") -> Fit:
    """``model`` fitted to all of ``sets`` at once."""
    if model not in MODELS or distribution not in DISTRIBUTIONS:
        allowed = f"{', '.join(MODELS)}; {', '.join(DISTRIBUTIONS)}"
        raise BadParameter(f"model={model!r}, distribution={distribution!r}; allowed: {allowed}")
    count = len(names(model, distribution))
    points = sum(len(data) for data in sets)
    if points < count + 2 * len(sets) + 2:
        raise InputError(f"{sets[0].name}: {points} points are too few to fit a {model} of {count} sizes")
    exact = Problem(tuple(sets), model, distribution)
    smooth = Problem(tuple(_widened(data) for data in sets), model, distribution)
    bounds = _bounds(sets, model, distribution)
    near = sorted((_minimum(smooth, start, bounds, 25) for start in _starts(smooth)), key=lambda one: float(one.cost))
    free = points - count - 2 * len(sets)
    best = _best(exact, _distinct(near), bounds, good=free if all(data.stated for data in sets) else 0.0)
    astray = float((smooth.residual(best.x) ** 2).sum()) > ASTRAY * 2 * float(near[0].cost) + 1
    if astray or 2 * float(best.cost) > HOPELESS * free:
        wide = Problem(tuple(_widened(data, thin=False) for data in sets), model, distribution)
        return _result(exact, _minimum(wide, near[0].x, bounds, 100).x, bounds, wide=wide)
    return _result(exact, best.x, bounds)


def names(model: str, distribution: str) -> list[str]:
    """Names of the sizes of a model."""
    return ["radius", *(["length"] if model == "cylinder" else []), *(["width"] if distribution != "none" else [])]


def _over(data: Scattered, shape: np.ndarray) -> np.ndarray:
    scale, background = _amounts(data, shape)
    return np.asarray((data.intensity - scale * shape / shape.max() - background) / data.error)


def _amounts(data: Scattered, shape: np.ndarray) -> tuple[float, float]:
    """Best scale and background of a curve."""
    weight = 1 / data.error**2
    shape = shape / shape.max()
    sums = [float((weight * part).sum()) for part in (1, shape, shape**2, data.intensity, shape * data.intensity)]
    determinant = sums[0] * sums[2] - sums[1] ** 2
    scale = (sums[0] * sums[4] - sums[1] * sums[3]) / determinant if determinant > 1e-14 * sums[0] * sums[2] else 0.0
    return max(scale, 0.0), (sums[3] - max(scale, 0.0) * sums[1]) / sums[0]


def _widened(data: Scattered, *, thin: bool = True) -> Scattered:
    """At most ``COARSE_POINTS`` of the points if ``thin``, with errors of at least 15 % of the intensity around them."""
    wide = np.hypot(data.error, COARSE_ERROR * window_mean(data.q, np.abs(data.intensity)))
    made = replace(data, error=wide, stated=False)
    count = min(len(data), COARSE_POINTS) if thin else len(data)
    return made.only(np.isin(np.arange(len(data)), np.linspace(0, len(data) - 1, count).astype(int)))


def _starts(problem: Problem) -> list[np.ndarray]:
    """The best places of a coarse grid of sizes."""
    lowest, highest = min(data.q[0] for data in problem.sets), max(data.q[-1] for data in problem.sets)
    axes = [np.log(np.geomspace(0.3 / highest, 12 / lowest, GRID[problem.model]))]
    axes += [np.log(np.geomspace(1 / highest, 30 / lowest, LENGTHS))] if problem.model == "cylinder" else []
    axes += [np.log(WIDTHS)] if problem.distribution != "none" and problem.model == "sphere" else []
    places = [np.array(place) for place in itertools.product(*axes)]
    coarse = replace(problem, distribution="none") if problem.model == "cylinder" else problem
    costs = [float(np.log1p(coarse.residual(place) ** 2).sum()) for place in places]
    best = [places[index] for index in np.argsort(costs)[: STARTS[problem.model]]]
    missing = len(names(problem.model, problem.distribution)) - len(best[0])
    return [np.append(place, np.log([0.1] * missing)) for place in best]


def _bounds(sets: Sequence[Scattered], model: str, distribution: str) -> tuple[np.ndarray, np.ndarray]:
    lowest, highest = min(data.q[0] for data in sets), max(data.q[-1] for data in sets)
    limits = {"radius": (0.05 / highest, 50 / lowest), "length": (0.1 / highest, 100 / lowest), "width": WIDTH_BOUNDS}
    low, high = zip(*(limits[name] for name in names(model, distribution)), strict=True)
    return np.log(low), np.log(high)


def _minimum(problem: Problem, start: np.ndarray, bounds: tuple[np.ndarray, np.ndarray], most: int) -> optimize.OptimizeResult:
    inside = np.clip(start, bounds[0] + 1e-6, bounds[1] - 1e-6)
    return optimize.least_squares(
        problem.residual, inside, bounds=bounds, x_scale=0.1, max_nfev=most, diff_step=[1e-6] * len(start)
    )


def _best(
    problem: Problem, near: list[optimize.OptimizeResult], bounds: tuple[np.ndarray, np.ndarray], *, good: float
) -> optimize.OptimizeResult:
    """The lowest minimum that starts from ``near``; the first whose sum of squares is about as ``good`` as noise allows."""
    found: list[optimize.OptimizeResult] = []
    for one in near:
        found.append(_minimum(problem, one.x, bounds, 100))
        if 2 * float(found[-1].cost) < 1.3 * good:
            break
    return min(found, key=lambda one: float(one.cost))


def _distinct(found: list[optimize.OptimizeResult]) -> list[optimize.OptimizeResult]:
    """The best minima that differ by more than 2 % in a size."""
    kept: list[optimize.OptimizeResult] = []
    for one in found:
        if all(np.abs(one.x - other.x).max() > 0.02 for other in kept):
            kept.append(one)
    return kept[:ENDS]


def _result(problem: Problem, at: np.ndarray, bounds: tuple[np.ndarray, np.ndarray], *, wide: Problem | None = None) -> Fit:
    sizes = names(problem.model, problem.distribution)
    shapes = problem.shapes(at)
    amounts = [_amounts(data, shape) for data, shape in zip((wide or problem).sets, shapes, strict=True)]
    curves = [scale * shape / shape.max() + background for shape, (scale, background) in zip(shapes, amounts, strict=True)]
    off = [(data.intensity - curve) / data.error for data, curve in zip(problem.sets, curves, strict=True)]
    chi2 = float(sum((one**2).sum() for one in off))
    points = sum(len(data) for data in problem.sets)
    free = points - len(at) - 2 * len(problem.sets)
    used = problem if wide is None else wide
    misfit = float((used.residual(at) ** 2).sum()) / free
    spread = linear.covariance(_jacobian(used, at, shapes, amounts))
    sd = np.sqrt(np.diag(spread) * max(1.0 if all(data.stated for data in used.sets) else 0.0, misfit))
    peak = float(shapes[0].max())
    values = dict(zip(sizes, np.exp(at).tolist(), strict=True)) | {"scale": amounts[0][0] / peak, "background": amounts[0][1]}
    errors = {name: float(sd[k] * values[name]) for k, name in enumerate(sizes)}
    errors |= {"scale": float(sd[len(at)] / peak), "background": float(sd[len(at) + 1])}
    near = [name for name, x, low, high in zip(sizes, at, *bounds, strict=True) if min(x - low, high - x) < 0.01]
    return Fit(problem.model, values, errors, tuple(curves), chi2, free, tuple(near), wide is not None)


def _jacobian(problem: Problem, at: np.ndarray, shapes: list[np.ndarray], amounts: list[tuple[float, float]]) -> np.ndarray:
    """Derivatives of the model over the errors: by the logarithm of each size, then by each scale and background."""
    step = 1e-4
    weights = np.concatenate([1 / data.error for data in problem.sets])
    factors = [scale / shape.max() for shape, (scale, _) in zip(shapes, amounts, strict=True)]
    columns = []
    for index in range(len(at)):
        shift = np.zeros(len(at))
        shift[index] = step
        moved = zip(problem.shapes(at + shift), problem.shapes(at - shift), factors, strict=True)
        columns.append(np.concatenate([factor * (up - down) / (2 * step) for up, down, factor in moved]))
    ends = np.cumsum([len(data) for data in problem.sets])
    total = np.arange(int(ends[-1]))
    for end, shape, data in zip(ends, shapes, problem.sets, strict=True):
        own = (total >= end - len(data)) & (total < end)
        for part in (shape / shape.max(), np.ones(len(data))):
            column = np.zeros(len(total))
            column[own] = part
            columns.append(column)
    return np.asarray(np.stack(columns, axis=1) * weights[:, None])
