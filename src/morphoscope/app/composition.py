"""What the page of nanocomposites shows while sliders move: g(r) with band, the map of states, particles to look at."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..core import Model
from ..datasets.rdfs import COMPOSITION
from ..errors import BadParameter
from ..learn.model_folder import read_model
from ..measure import rdf
from ..physics.nanocomposite import StatePoint
from ..tasks.equilibrium import snapshot
from ..tasks.rdf_model import KIND, Predictor
from ..tasks.rdf_points import WIDEST, point_of
from ..tasks.rdf_prediction import SHIPPED, beyond, nearest
from .fields import Field, task_fields

TASK = "nanonet predict"
CELLS = 32
"""Cells of the map of states along each side."""


@functools.lru_cache(1)
def shipped() -> tuple[Predictor, Model]:
    """The predictor that comes with the package."""
    known = read_model(SHIPPED, kind=KIND)
    return Predictor.from_model(known), known


def sliders() -> list[dict[str, Any]]:
    """The five numbers: limits of the paper's space, where they begin, whether rho goes by its logarithm."""
    known = task_fields(TASK)
    told = {"D": "particle diameter", "N": "beads of a chain", "rho": "particles per volume",
            "eps_nn": "attraction between particles", "eps_pn": "attraction of particle and bead"}  # fmt: skip
    return [
        {"name": name, "label": told[name], "low": low, "high": high, "value": known[name].default, "log": name == "rho",
         "whole": name == "N", "unit": {"rho": "1/σ³", "D": "σ"}.get(name, "kT" if name.startswith("eps") else "")}
        for name, (low, high) in WIDEST.items()
    ]  # fmt: skip


def states() -> list[str]:
    """The states a map shows, in the order of their numbers."""
    return list(rdf.STATES)


def composition(given: Mapping[str, str]) -> StatePoint:
    """The composition of a request; numbers that are missing are the task's own."""
    known = task_fields(TASK)

    def number(field: Field) -> float:
        return float(field.convert(given[field.name], _no_files)) if field.name in given else float(field.default)

    point = {name: number(known[name]) for name in COMPOSITION}
    if point["rho"] <= 0:
        raise BadParameter("rho=0 leaves no particles in the box; give a density above 0")
    return point_of(point)


def _no_files(value: Any, field: Field) -> Path:
    raise BadParameter(f"{field.name}: {value!r} is a file, which has no place here")


def _numbers(point: StatePoint) -> np.ndarray:
    return np.array([[point.diameter, point.beads, point.density, point.eps_nn, point.eps_pn]])


def curve(point: StatePoint) -> dict[str, Any]:
    """g(r) with its band, first peak and state, and what the answer rests on."""
    predictor, known = shipped()
    x = _numbers(point)
    answer = predictor(x)
    g = answer.g[0]
    peak = rdf.first_peak(predictor.r, g)
    return {
        "r": predictor.r.round(4).tolist(),
        **{name: [float(f"{v:.4g}") for v in row] for name, row in (("g", g), ("low", answer.low[0]), ("high", answer.high[0]))},
        "state": rdf.state(predictor.r, g, point.diameter),
        "first_peak_r": peak[0],
        "first_peak_g": peak[1],
        "in_range": bool(answer.inside[0]),
        "basis": "simulation" if answer.inside[0] else "theory" if answer.theory[0] else "neither",
        "outside": beyond(predictor, x),
        "nearest": nearest(predictor, known, x)[:3],
    }


def phase_map(point: StatePoint, across: str, up: str) -> dict[str, Any]:
    """The state in ``CELLS`` times ``CELLS`` compositions over two of the numbers, the others as they are; rows go upwards."""
    if across not in COMPOSITION or up not in COMPOSITION or across == up:
        raise BadParameter(f"across={across!r} and up={up!r} must be two different ones of {', '.join(COMPOSITION)}")
    predictor, _ = shipped()
    axes = {name: _steps(name) for name in (across, up)}
    first, second = np.meshgrid(axes[across], axes[up])
    x = np.repeat(_numbers(point), first.size, axis=0)
    x[:, COMPOSITION.index(across)], x[:, COMPOSITION.index(up)] = first.ravel(), second.ravel()
    state = rdf.states(predictor.r, predictor.mean(x), x[:, 0])
    shape = first.shape
    return {
        "across": across,
        "up": up,
        "axes": {name: [float(f"{v:.4g}") for v in values] for name, values in axes.items()},
        "states": list(rdf.STATES),
        "state": state.reshape(shape).tolist(),
        "inside": predictor.simulated.inside(x).reshape(shape).astype(int).tolist(),
    }


def _steps(name: str) -> np.ndarray:
    low, high = WIDEST[name]
    if name == "N":
        return np.arange(low, high + 1)
    return np.geomspace(low, high, CELLS) if name == "rho" else np.linspace(low, high, CELLS)


def particles(point: StatePoint) -> dict[str, Any]:
    """Particles of a short Monte Carlo at the composition; the same composition always gives the same ones."""
    predictor, _ = shipped()
    x = _numbers(point)
    together = rdf.state(predictor.r, predictor.mean(x)[0], point.diameter) != "dispersed"
    seed = int.from_bytes(hashlib.sha256(x.tobytes()).digest()[:4], "little")
    places, box, source = snapshot(point, rng=np.random.default_rng(seed), aggregated=together)
    middle = np.angle(np.exp(2j * np.pi * places / box).mean(0)) * box / (2 * np.pi)
    places = (places - middle + box / 2) % box
    return {"positions": places.round(2).tolist(), "box": round(box, 3), "diameter": point.diameter, "source": source}
