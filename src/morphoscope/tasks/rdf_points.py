"""Compositions of a campaign: read from a table, or spread over bounds; and what their simulations say, as rows of a table."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from scipy.stats import qmc

from ..core import Param, Report
from ..datasets.rdfs import COMPOSITION, FLOOR, Rdfs
from ..errors import BadParameter, UnreadableFile
from ..measure import rdf
from ..physics.nanocomposite import StatePoint

Point = dict[str, float]
Limits = dict[str, tuple[float, float]]
WIDEST: Limits = {"D": (2.0, 5.0), "N": (25, 40), "rho": (2e-4, 4e-3), "eps_nn": (0.1, 2.5), "eps_pn": (0.1, 1.5)}
"""The space of the paper."""
LARGEST = 2**20
MOST = 10_000
SOURCES = {"pmf+mc": "nanonet equilibrium", "md": "simulate nanocomposite"}
Bounds = Annotated[
    str, Param("limits of the numbers, such as 'D=3, N=40, rho=2e-4:2e-3'; the paper's where nothing is said", unit="")
]


def limits_of(text: str, usual: Mapping[str, tuple[float, float]] = WIDEST) -> Limits:
    """Limits from a text such as ``D=3, rho=2e-4:2e-3``; a single number holds a parameter there."""
    found = dict(usual)
    for part in (part.strip() for part in text.split(",")):
        if not part:
            continue
        name, _, span = (piece.strip() for piece in part.partition("="))
        if name not in found:
            raise BadParameter(f"bounds: {part!r} names no parameter; there are {', '.join(found)}")
        low, _, high = span.partition(":")
        try:
            ends = float(low), float(high or low)
        except ValueError:
            raise BadParameter(f"bounds: {part!r} is not NAME=NUMBER or NAME=LOW:HIGH") from None
        if not (math.isfinite(ends[0]) and math.isfinite(ends[1]) and ends[0] <= ends[1]):
            raise BadParameter(f"bounds: {part!r} does not rise from its lower to its higher end")
        found[name] = ends
    if found["rho"][0] <= 0:
        raise BadParameter("bounds: rho must lie above 0")
    for name, known in {"N": (1, 1000)}.items():
        if not known[0] <= found[name][0] <= found[name][1] <= known[1]:
            raise BadParameter(f"bounds: {name} must lie between {known[0]} and {known[1]}")
    for end in (0, 1):
        point_of({name: span[end] for name, span in found.items()})
    return found


def spread(count: int, limits: Limits, rng: np.random.Generator) -> list[Point]:
    """``count`` compositions evenly over ``limits`` by a scrambled Sobol sequence, rho by its logarithm."""
    free = [name for name, (low, high) in limits.items() if high > low]
    u = np.zeros((count, 1))
    if free:
        u = qmc.Sobol(len(free), rng=rng).random_base2(max(0, math.ceil(math.log2(count))))[:count]
    points = []
    for row in u:
        point = {name: low for name, (low, _) in limits.items()}
        for name, share in zip(free, row, strict=True) if free else ():
            low, high = limits[name]
            point[name] = low * (high / low) ** share if name == "rho" else low + share * (high - low)
        points.append(rounded(point, limits))
    return points


def rounded(point: Mapping[str, float], limits: Limits) -> Point:
    """``point`` to four digits, beads to whole ones, and never beyond ``limits``."""
    found = {name: float(f"{value:.4g}") for name, value in point.items()}
    found["N"] = float(round(found["N"]))
    for name, (low, high) in limits.items():
        found[name] = min(max(found[name], low), high) if name != "N" else found[name]
    return found


def point_of(row: Mapping[str, float]) -> StatePoint:
    """The composition of a row; impossible ones are refused."""
    return StatePoint(diameter=row["D"], beads=int(row["N"]), density=row["rho"], eps_nn=row["eps_nn"], eps_pn=row["eps_pn"])


def read_points(path: Path, usual: Mapping[str, float]) -> list[Point]:
    """
    The compositions of a CSV file with columns among D, N, rho, eps_nn and eps_pn; an empty cell takes the usual value.

    Other columns are left out.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UnreadableFile(path, "is larger than 1 MB, so it is no table of compositions")
        text = path.read_bytes().decode("utf-8-sig")
        rows = list(csv.DictReader((line for line in text.splitlines() if line.strip() and line[0] != "#"), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise UnreadableFile(path, f"is no CSV table of compositions with columns {', '.join(COMPOSITION)}") from None
    if not rows:
        raise UnreadableFile(path, "has no row below its header")
    if not set(COMPOSITION) & set(rows[0]):
        raise UnreadableFile(path, f"has none of the columns {', '.join(COMPOSITION)}")
    if len(rows) > MOST:
        raise UnreadableFile(path, f"has more than {MOST} rows; cut it in parts")
    return [_point(path, line, row, usual) for line, row in enumerate(rows, 2)]


def _point(path: Path, line: int, row: Mapping[str, str | None], usual: Mapping[str, float]) -> Point:
    point = dict(usual)
    for name in COMPOSITION:
        cell = (row.get(name) or "").strip()
        try:
            point[name] = float(cell) if cell else point[name]
        except ValueError:
            raise UnreadableFile(path, f"row {line}: {cell[:30]!r} in the column {name} is no number") from None
    if not all(math.isfinite(value) for value in point.values()) or point["N"] != int(point["N"]) or point["rho"] <= 0:
        raise UnreadableFile(path, f"row {line}: rho must lie above 0, N be a whole number, and all of them finite")
    try:
        point_of(point)
    except BadParameter as problem:
        raise UnreadableFile(path, f"row {line}: {problem}") from None
    return point


def parameters(point: Mapping[str, float]) -> dict[str, Any]:
    """A composition as a task's parameters."""
    return {**point, "N": int(point["N"])}


def row_of(name: str, point: Mapping[str, float], source: str, report: Report) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """What a simulation said, as a row of the table: its columns, g, and one standard error of ln(g + 0.02)."""
    g = report.curves["g"]
    error = np.full(len(g), np.nan)
    if g.y_high is not None:
        error = np.log((g.y_high + FLOOR) / (g.y + FLOOR)) / 1.96
    values = {key: quantity.value for key, quantity in report.values.items()}
    state = report.tables.get("state", [{}])[0].get("state") or rdf.state(g.x, g.y, point["D"])
    row = {
        "id": name, "source": source, **point, "n_particles": values.get("particles"), "converged": values.get("converged", 0),
        "first_peak_r": values["first_peak_r"], "first_peak_g": values["first_peak_g"], "state": state, "run": report.run,
    }  # fmt: skip
    return row, np.asarray(g.y, float), np.asarray(error, float)


def table_of(found: Sequence[tuple[dict[str, Any], np.ndarray, np.ndarray]]) -> Rdfs:
    """Rows made by ``row_of`` as one table, in 100 bins to 10."""
    r = (np.arange(100) + 0.5) * rdf.BIN
    rows, g, error = zip(*found, strict=True)
    kept = tuple({**row, **{name: float(row[name]) for name in COMPOSITION}} for row in rows)
    return Rdfs(kept, r, np.array(g), np.array(error))


def numbers(points: Iterable[Mapping[str, float]], names: Sequence[str] = COMPOSITION) -> np.ndarray:
    """Compositions as rows of numbers."""
    return np.array([[float(point[name]) for name in names] for point in points])
