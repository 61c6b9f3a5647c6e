"""From a composition to its equilibrium structure in a moment, by what was learnt from simulations and theory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Curve, Figure, Model, Param, Quantity, Report, Run
from ..datasets.rdfs import COMPOSITION, FLOOR
from ..errors import BadParameter, InputError
from ..learn.model_folder import read_model
from ..measure import rdf
from ..physics.nanocomposite import StatePoint
from .parameters import Beads, Diameter, EpsNN, EpsPN, ParticleDensity
from .rdf_model import NORMAL_90, Answer, Predictor
from .rdf_paper_model import KINDS, PaperPredictor, predictor_of

SHIPPED = Path(__file__).parents[1] / "learn" / "shipped" / "nanonet"
DATA_FILES = ("../learn/shipped/nanonet/model.json", "../learn/shipped/nanonet/weights.safetensors")
NEAREST = 5
NORMAL_95 = 1.96


def predict(
    run: Run,
    *,
    D: Diameter = 3.0,
    N: Beads = 40,
    rho: ParticleDensity = 7e-4,
    eps_nn: EpsNN = 0.1,
    eps_pn: EpsPN = 0.1,
    strict: Annotated[bool, Param("refuse compositions beyond those that were simulated")] = False,
    model: Annotated[
        Path | None, Param("folder of a model, or run:ID of a training; the shipped one by default", accepts="folder")
    ] = None,
    at: Annotated[
        str, Param("numbers of a model that was trained on columns of another name, such as 'salt=0.3, heat=1.5'")
    ] = "",
) -> Report:
    """
    g(r) of a nanocomposite with its 90 % band, first peak, state, and the nearest compositions that were simulated.

    A model of a table of your own is asked by the names of its columns (``at``). The band was calibrated on compositions
    held out of the fit. Beyond the simulated range the answer rests on theory or on nothing, the band is wide, and
    ``in_range`` is 0.
    """
    given = {"D": D, "N": float(N), "rho": rho, "eps_nn": eps_nn, "eps_pn": eps_pn}
    if not at:
        StatePoint(diameter=D, beads=N, density=rho, eps_nn=eps_nn, eps_pn=eps_pn)
        if rho == 0:
            raise BadParameter("rho=0 leaves no particles in the box; give a density above 0")
    known = read_model(SHIPPED if model is None else model, kind=KINDS)
    predictor = predictor_of(known)
    if at:
        given = numbers_of(at, predictor.names)
    elif not set(predictor.names) <= set(COMPOSITION):
        example = ", ".join(f"{name}=..." for name in predictor.names)
        raise InputError(f"the model takes {', '.join(predictor.names)}; give them as at='{example}'")
    x = np.array([[given[name] for name in predictor.names]])
    refused = [name for name, log in zip(predictor.names, predictor.simulated.logs, strict=True) if log and given[name] <= 0]
    if refused:
        raise BadParameter(f"{refused[0]}={given[refused[0]]:g} must lie above 0; the model knows its logarithm")
    answer = predictor(x)
    outside = beyond(predictor, x)
    if strict and outside:
        raise BadParameter(f"{outside}; leave strict out for a guess with a wide band, or simulate it")
    return _report(given, predictor, known, x, answer, outside)


def numbers_of(text: str, names: tuple[str, ...]) -> dict[str, float]:
    """The numbers of a text such as ``salt=0.3, heat=1.5``: every one of ``names``, and no other."""
    found = dict[str, float]()
    for part in (part.strip() for part in text.split(",")):
        name, _, number = (piece.strip() for piece in part.partition("="))
        if name not in names or name in found:
            raise BadParameter(f"at: {part!r} is not one number of the model, which takes {', '.join(names)}, each once")
        try:
            found[name] = float(number)
        except ValueError:
            raise BadParameter(f"at: {number!r} of {name} is not a number") from None
        if not np.isfinite(found[name]):
            raise BadParameter(f"at: {name}={number} is not finite")
    if missing := [name for name in names if name not in found]:
        raise BadParameter(f"at: {', '.join(missing)} is missing; the model takes {', '.join(names)}")
    return found


def beyond(predictor: Predictor | PaperPredictor, x: np.ndarray) -> str:
    """Which numbers lie beyond the simulated range; empty where none does."""
    known = predictor.simulated
    low, high = (np.where(known.logs, np.exp(end), end) for end in (known.low, known.high))
    said = []
    for k, name in enumerate(predictor.names):
        one = x.copy()
        one[:, [i for i in range(x.shape[1]) if i != k]] = np.delete(low, k)
        if not known.inside(one)[0]:
            said.append(f"{name}={x[0, k]:g} lies beyond the simulated range, " + (
                f"{low[k]:.3g} to {high[k]:.3g}" if high[k] > low[k] else f"which is {low[k]:.3g} alone"
            ))  # fmt: skip
    return "; ".join(said)


def _report(
    given: dict[str, float], predictor: Predictor | PaperPredictor, known: Model, x: np.ndarray, answer: Answer, outside: str
) -> Report:
    r, g, low, high = predictor.r, answer.g[0], answer.low[0], answer.high[0]
    peak_r, peak_g = rdf.first_peak(r, g)
    at = int(np.argmin(np.abs(r - peak_r))) if np.isfinite(peak_r) else 0
    own = not set(predictor.names) <= set(COMPOSITION)
    state = rdf.state(r, g, given["D"]) if "D" in given else ""
    near = nearest(predictor, known, x)
    calibrated = isinstance(predictor, Predictor)
    basis = "simulation" if answer.inside[0] else "theory" if answer.theory[0] else "neither"
    return Report(
        title=_title(given, state, own) + (", a guess" if outside else ""),
        values={
            "first_peak_r": Quantity(peak_r, "" if own else "sigma"),
            "first_peak_g": Quantity(peak_g, low=_widened(peak_g, low[at]), high=_widened(peak_g, high[at])),
            "in_range": Quantity(int(answer.inside[0])),
        },
        curves={"g": Curve(r, g, "r", "g", x_unit="" if own else "sigma", y_low=low, y_high=high)},
        tables={"state": [{"state": state, "basis": basis}], "nearest": near},
        figures={"g": Figure("band", ("g",), "Radial distribution with its 90 % band")},
        notes=tuple(
            note for note in (
                f"{outside}: the answer there rests on {basis if basis == 'theory' else 'neither simulation nor theory'}"
                if outside else "",
                "the band holds 90 % of what such a simulation would give, calibrated on held-out compositions" if calibrated
                else "the paper gives no band: this one has the width that held 90 % of the bins of the held-out compositions",
                "the interval of the first peak is the band's, widened to 95 %",
                _doubt(near),
                f"model: {known.settings.get('name', 'unnamed')}; {known.settings.get('honest', 'its score is unknown')}",
            ) if note
        ),
    )  # fmt: skip


def _title(given: dict[str, float], state: str, own: bool) -> str:
    if own:
        return "g(r) at " + ", ".join(f"{name} = {value:g}" for name, value in given.items()) + (f": {state}" if state else "")
    return f"Particles of D = {given['D']:g} in chains of {given['N']:g}: {state}"


def _widened(g: float, end: float) -> float:
    """The end of the 95 % interval whose 90 % end is ``end``, on the logarithm."""
    return float(max((g + FLOOR) * ((end + FLOOR) / (g + FLOOR)) ** (NORMAL_95 / NORMAL_90) - FLOOR, 0.0))


def _doubt(nearest: list[dict[str, Any]]) -> str:
    """How well the simulations themselves are known, which no row can tell from its neighbours."""
    factor = nearest[0].get("first_peak_factor") if nearest else None
    if not factor or factor < 1.05:
        return ""
    return (
        f"the height of the first peak in {nearest[0]['id']}, the nearest simulation, is itself known to a factor of only "
        f"{factor:.2g} (one standard error, most of it from the potential of mean force), which the band does not hold"
    )


def nearest(predictor: Predictor | PaperPredictor, known: Model, x: np.ndarray) -> list[dict[str, Any]]:
    """The simulated compositions nearest to ``x``."""
    distance = predictor.simulated.distance(x)[0]
    rows: list[dict[str, Any]] = known.settings.get("rows", [])
    if len(rows) != len(distance):
        return []
    return [{**rows[k], "distance": float(distance[k])} for k in np.argsort(distance, kind="stable")[:NEAREST]]
