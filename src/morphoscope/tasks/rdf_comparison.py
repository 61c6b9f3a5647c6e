"""One table for every way from a composition to g(r), each judged on compositions that it had not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import learn
from ..core import Curve, Figure, Quantity
from ..datasets.rdfs import FLOOR
from ..learn.curve_model import Curves
from ..measure import rdf, rdf_scores
from . import rdf_frame
from .rdf_fitting import Held, Lesson, held_out

Cuts = list[tuple[np.ndarray, np.ndarray]]


def rows(
    one: Lesson,
    theory: Curves | None,
    cuts: Cuts,
    held: Held,
    *,
    seed: int,
    rng: Callable[[str], np.random.Generator],
    tell: Callable[[str], None] = lambda name: None,
) -> list[dict[str, Any]]:
    """The default predictor, the same with and without theory, plain processes, theory, and the rivals of ``learn``."""
    tested = np.isfinite(held.log_g).all(1)
    found = [scored(one, "default: Gaussian processes", held.g, rng("default"), band=held.band() if len(cuts) > 1 else None)]
    if theory is not None:
        for share, name in ((0.0, "the same without theory"), (1.0, "the same with all of theory")):
            tell(name)
            other = held_out(one, theory, cuts, shares=(share,))
            found.append(scored(one, name, other.g, rng(name), band=other.band() if len(cuts) > 1 else None))
        itself = np.where(tested[:, None], one.theory_at(one.x), np.nan)
        if np.isfinite(itself).any():
            found.append(scored(one, "PRISM itself", itself, rng("PRISM")))
    tell("processes")
    found.append(scored(one, "PCA and Gaussian process of ln g", _filled(one, cuts, _process), rng("process")))
    for name, rival in learn.curve_rivals.RIVALS.items():
        tell(name)
        guess = _filled(one, cuts, lambda x, y, new, logs, rival=rival: _rival(rival, x, y, new, logs, seed))
        found.append(scored(one, name, guess, rng(name)))
    return found


def scored(
    one: Lesson,
    name: str,
    g: np.ndarray,
    rng: np.random.Generator,
    *,
    band: tuple[np.ndarray, np.ndarray] | None = None,
) -> dict[str, Any]:
    """One row of the table: medians and means with their 95 % intervals, of the rows of ``g`` that are not NaN."""
    kept = np.isfinite(g).all(1)
    diameter = None if one.diameter is None else one.diameter[kept]
    cut = None if band is None else (band[0][kept], band[1][kept])
    s = rdf_scores.compare(one.table.r, one.table.g[kept], g[kept], diameter=diameter, band=cut)
    told: dict[str, Any] = {"method": name, "compositions": len(set(one.group[kept].tolist()))}
    for column, values, mean in (
        ("log_error", s.log_error, True),
        ("peak_r", s.peak_r, False),
        ("peak_g", s.peak_g, False),
        ("state", s.state, True),
        ("covered", s.covered, True),
    ):
        middle, low, high = rdf_scores.interval(values, rng=rng, mean=mean)
        told |= {column: middle, f"{column}_low": low, f"{column}_high": high}
    return told | {"r2": s.r2}


def values(best: dict[str, Any]) -> dict[str, Quantity]:
    """The numbers of a row as quantities."""
    return {
        name: Quantity(best[name], "sigma" if name == "peak_r" else "", low=best[f"{name}_low"], high=best[f"{name}_high"])
        for name in ("log_error", "peak_r", "peak_g", "state", "covered")
    } | {"r2": Quantity(best["r2"])}


def peaks(one: Lesson, g: np.ndarray, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """First peaks measured and predicted, a row each."""
    found = []
    for row, truth, guess in zip(one.table, one.table.g, g, strict=True):
        measured, predicted = (rdf.first_peak(one.table.r, curve) for curve in (truth, guess))
        found.append(
            {"measured_g": measured[1], "predicted_g": predicted[1], "measured_r": measured[0], "predicted_r": predicted[0],
             "id": row["id"], **{name: row[name] for name in names}}
        )  # fmt: skip
    return found


PARITIES = {
    "peak_height": Figure("parity", ("peak_height",), "Logarithm of the first peak's height, held out"),
    "peak_position": Figure("parity", ("peak_position",), "Position of the first peak, held out"),
}


def parities(one: Lesson, g: np.ndarray) -> dict[str, list[dict[str, Any]]]:
    """The tables of ``PARITIES``, of rows that were held out."""
    found = [row for row, guess in zip(peaks(one, g, ()), g, strict=True) if np.isfinite(guess).all()]
    heights = [
        {**{f"{which}_ln_g": float(np.log(p[f"{which}_g"] + FLOOR)) for which in ("measured", "predicted")}, "id": p["id"]}
        for p in found
    ]
    positions = [{name: p[name] for name in ("measured_r", "predicted_r", "id")} for p in found]
    return {"peak_height": heights, "peak_position": positions}


def drawn(
    one: Lesson, g: np.ndarray, shown: np.ndarray, band: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[dict[str, Curve], dict[str, Figure]]:
    """Predicted and actual curves of the rows ``shown``, and a figure of each."""
    curves, figures = dict[str, Curve](), dict[str, Figure]()
    for k in shown:
        name = str(one.table.rows[k]["id"])
        low, high = (None, None) if band is None else (band[0][k], band[1][k])
        curves[f"{name}_predicted"] = Curve(one.table.r, g[k], "r", "g", y_low=low, y_high=high)
        curves[f"{name}_actual"] = Curve(one.table.r, one.table.g[k], "r", "g")
        with_band = "" if band is None else ", with its 90 % band"
        figures[name] = Figure("band", (f"{name}_predicted", f"{name}_actual"), f"{name}: held out{with_band}")
    return curves, figures


def _filled(one: Lesson, cuts: Cuts, answer: Callable[..., np.ndarray]) -> np.ndarray:
    """g of each row by ``answer``, fitted to the folds that do not hold it."""
    y = np.log(np.where(np.isfinite(one.table.g), one.table.g, 1.0) + FLOOR)
    found = np.full_like(y, np.nan)
    for train, test in cuts:
        found[test] = answer(one.x[train], y[train], one.x[test], rdf_frame.logs(one.names))
    return np.asarray(np.maximum(np.exp(np.minimum(found, 300)) - FLOOR, 0))


def _process(x: np.ndarray, y: np.ndarray, new: np.ndarray, logs: np.ndarray) -> np.ndarray:
    return np.asarray(learn.curve_training.fit(x, y, logs=logs).mean(new))


def _rival(
    rival: Callable[..., np.ndarray], x: np.ndarray, y: np.ndarray, new: np.ndarray, logs: np.ndarray, seed: int
) -> np.ndarray:
    z, other = (np.where(logs, np.log(np.where(logs, one, 1)), one) for one in (x, new))
    low, span = z.min(0), np.where(np.ptp(z, axis=0) > 0, np.ptp(z, axis=0), 1)
    return rival((z - low) / span, y, (other - low) / span, seed)


def sentence(best: dict[str, Any]) -> str:
    """The score in one sentence."""
    band = "" if not np.isfinite(best["covered"]) else f", band of 90 % holds {best['covered']:.1%}"
    state = "" if not np.isfinite(best["state"]) else f", state right in {best['state']:.0%}"
    return (
        f"on {best['compositions']} compositions held out in folds: rms of ln g {best['log_error']:.3f} "
        f"[{best['log_error_low']:.3f}, {best['log_error_high']:.3f}], r2 of ln g {best['r2']:.3f}, median error of the first "
        f"peak {best['peak_r']:.2g} in r and {best['peak_g']:.0%} in height{state}{band}"
    )
