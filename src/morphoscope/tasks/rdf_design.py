"""Compositions for a wanted state, by Bayesian optimisation over the surrogate, with simulations where they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..datasets.rdfs import COMPOSITION, Rdfs, write_rdfs
from ..errors import BadParameter, InputError
from ..learn.model_folder import read_model, write_model
from ..measure import rdf
from . import rdf_fitting, rdf_training
from .rdf_campaign import MdLevel, Potentials, Simulator, Sweeps, settings_of, simulated
from .rdf_goals import GOALS, Goal, apart, expected, promise
from .rdf_model import KIND, Predictor
from .rdf_points import Limits, Point, limits_of, numbers, parameters, rounded, spread, table_of
from .rdf_prediction import SHIPPED, beyond
from .rdf_table import TABLE, read

DATA_FILES = ("../learn/shipped/nanonet/model.json", "../learn/shipped/nanonet/weights.safetensors")
CANDIDATES, NEAR = 512, 128
PROPOSED = 5
LEAST_ROWS = 8
UNSCORED = "not scored: the rows were chosen, so no part of them is a fair sample"


def design(
    run: Run,
    *,
    goal: Annotated[str, Param("what is wanted; learn asks where the surrogate knows least", choices=GOALS)] = "dispersed",
    peak_r: Annotated[float | None, Param("goal=peak: where the first peak is wanted, in bead diameters", low=1, high=10)] = None,
    bounds: Annotated[str, Param("constraints, such as 'D=3, eps_pn=0.1:0.85'; the simulated range where nothing is said")] = "",
    chance: Annotated[float, Param("least probability of the wanted state for a proposal", low=0, high=1)] = 0.8,
    data: Annotated[Path | None, TABLE] = None,
    start: Annotated[
        int, Param("compositions spread over the bounds and simulated first, instead of beginning from a table", low=0, high=1000)
    ] = 0,
    rounds: Annotated[int, Param("rounds of proposing, simulating and learning anew", low=0, high=1000)] = 0,
    batch: Annotated[int, Param("simulations of one round", low=1, high=100)] = 1,
    source: Simulator = "pmf+mc",
    level: MdLevel = "quick",
    sweeps: Sweeps = 1500,
    potentials: Potentials = None,
) -> Report:
    """
    Compositions for a wanted state: dispersed at the highest density, bridged, aggregated, or a first peak at a given r.

    Without rounds the answer is what the surrogate expects. With them the loop is closed: the composition of the largest
    expected improvement is simulated and learnt, again and again; a run that is stopped goes on with the next simulation.
    """
    wanted = Goal(goal, peak_r)
    if start and (data is not None or start < LEAST_ROWS):
        raise BadParameter(f"start={start}: give {LEAST_ROWS} or more, and no table with it")
    if goal == "learn" and not rounds:
        raise BadParameter("goal=learn asks for simulations; give rounds=1 or more")
    settings = settings_of(source, level, sweeps, potentials)
    state = _State.begin(run, wanted, bounds, data, start, source, settings, start + rounds * batch)
    for k in range(rounds):
        state.round(k, batch)
    own = bool(rounds or start) or data is not None
    predictor = state.fitted() if own else Predictor.from_model(read_model(SHIPPED, kind=KIND))
    return _report(run, state, predictor, chance)


@dataclass(eq=False)
class _State:
    """What is known while the loop turns."""

    run: Run
    goal: Goal
    limits: Limits
    known: Rdfs | None
    source: str
    settings: Mapping[str, Any]
    total: int
    asked: list[list[Point]] = field(default_factory=list)
    found: list[Any] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        run: Run,
        goal: Goal,
        bounds: str,
        data: Path | None,
        start: int,
        source: str,
        settings: Mapping[str, Any],
        total: int,
    ) -> _State:
        """Rows of the table, or of the first simulations."""
        known = None
        if not start:
            known = rdf_fitting.lesson(read(data)).table
            if not set(COMPOSITION) <= set(known.rows[0]):
                raise InputError(f"the table has no columns {', '.join(COMPOSITION)}; nanonet design needs them all")
            x = known.numbers(COMPOSITION)
            usual = {name: (float(column.min()), float(column.max())) for name, column in zip(COMPOSITION, x.T, strict=True)}
            state = cls(run, goal, limits_of(bounds, usual), known, source, settings, total)
        else:
            state = cls(run, goal, limits_of(bounds), known, source, settings, total)
        kept = run.restore()
        state.asked = [] if kept is None else kept[1]["asked"]
        if start:
            state.simulate(0, lambda: spread(start, state.limits, run.rng("start")))
        return state

    @property
    def before(self) -> int:
        """Simulations asked so far in this run."""
        return len(self.found) + len(self.failures)

    def simulate(self, turn: int, choose: Any) -> None:
        """Simulate what turn number ``turn`` asks for; what was asked before a stop is asked again, not chosen anew."""
        if turn == len(self.asked):
            self.asked.append(choose())
            self.run.checkpoint({}, {"asked": self.asked})
        points = self.asked[turn]
        rows, failures = simulated(self.run, points, self.source, dict(self.settings), self.before, self.total)
        for place in sorted(rows):
            rows[place][0]["turn"] = turn
        self.found += [rows[place] for place in sorted(rows)]
        self.failures += failures
        if not self.found and self.known is None:
            raise InputError(f"none of the {len(points)} simulations succeeded, the first: {failures[0]['error']}")

    def round(self, k: int, batch: int) -> None:
        """Propose, simulate, learn."""
        first = 1 if self.asked and self.known is None else 0

        def choose() -> list[Point]:
            predictor = self.fitted()
            x = self.candidates(self.run.rng(f"candidates {k}"))
            score = promise(predictor, self.goal, x, self.best(), self.run.rng(f"draws {k}"))
            return [dict(zip(COMPOSITION, x[at].tolist(), strict=True)) for at in apart(predictor, x, score, batch)]

        self.simulate(k + first, choose)

    def candidates(self, rng: np.random.Generator) -> np.ndarray:
        """Compositions inside the limits that were not simulated: evenly spread, at the corners, and around the best."""
        points = spread(CANDIDATES, self.limits, rng)
        corners = np.array(np.meshgrid(*[sorted(set(span)) for span in self.limits.values()])).reshape(len(self.limits), -1).T
        points += [dict(zip(self.limits, corner.tolist(), strict=True)) for corner in corners]
        if (best := self.best_point()) is not None:
            for step in rng.normal(0, 0.05, (NEAR, len(self.limits))):
                moved = {
                    name: best[name] * (high / low) ** s if name == "rho" else best[name] + s * (high - low)
                    for s, (name, (low, high)) in zip(step, self.limits.items(), strict=True)
                }
                points.append(rounded(moved, self.limits))
        x = np.unique(numbers(points), axis=0)
        done = self.table().numbers(COMPOSITION)
        tried = np.array([[row[name] for name in COMPOSITION] for row in self.failures]).reshape(-1, len(COMPOSITION))
        seen = np.concatenate([done, tried])
        return np.asarray(x[~np.isclose(x[:, None], seen[None], rtol=1e-6).all(-1).any(1)])

    def table(self) -> Rdfs:
        """Everything that was simulated, before and now."""
        if self.known is not None and not self.found:
            return self.known
        own = table_of(self.found)
        if self.known is None:
            return own
        names = [name for name in self.known.rows[0] if name in own.rows[0]]
        rows = tuple({name: row.get(name) for name in names} for row in (*self.known.rows, *own.rows))
        g, error = (np.concatenate([getattr(self.known, part), getattr(own, part)]) for part in ("g", "error"))
        return Rdfs(rows, own.r, g, error)

    def lesson(self) -> rdf_fitting.Lesson:
        return rdf_fitting.lesson(self.table(), COMPOSITION)

    def fitted(self) -> Predictor:
        """The surrogate of all simulations, without theory."""
        one = self.lesson()
        return rdf_fitting.fit(one, np.ones(len(one.x), dtype=bool), None)

    def inside(self) -> np.ndarray:
        """Which rows keep to the constraints."""
        x = self.table().numbers(COMPOSITION)
        low, high = (np.array([self.limits[name][end] for name in COMPOSITION]) for end in (0, 1))
        return np.asarray(((x >= low * (1 - 1e-9)) & (x <= high * (1 + 1e-9))).all(1))

    def values(self) -> np.ndarray:
        """The value of every simulation; minus infinity outside the constraints."""
        table = self.table()
        value = self.goal.value(table.r, table.g, table.numbers(COMPOSITION))
        return np.asarray(np.where(self.inside(), value, -np.inf))

    def best(self) -> float:
        """The best value so far."""
        return float(self.values().max())

    def best_point(self) -> Point | None:
        values = self.values()
        if self.goal.kind == "learn" or not np.isfinite(values.max()):
            return None
        return dict(zip(COMPOSITION, self.table().numbers(COMPOSITION)[int(values.argmax())].tolist(), strict=True))


def proposals(state: _State, predictor: Predictor, chance: float) -> list[dict[str, Any]]:
    """What the surrogate expects to be best, among compositions that probably show what is wanted."""
    run = state.run
    x = state.candidates(run.rng("last"))
    sure, value = expected(predictor, state.goal, x, run.rng("proposals"), 64)
    x, value, sure = x[sure > 0], value[sure > 0], sure[sure > 0]
    score = value + np.where(sure >= chance, 0.0, -1e6 * (1 - sure))
    found = []
    for k in apart(predictor, x, score, PROPOSED):
        answer = predictor(x[k : k + 1])
        peak = rdf.first_peak(predictor.r, answer.g[0])
        found.append(
            {**parameters(dict(zip(COMPOSITION, x[k].tolist(), strict=True))), "chance": float(sure[k]),
             "expected": state.goal.told(float(value[k])), "first_peak_r": peak[0], "first_peak_g": peak[1],
             "state": rdf.state(predictor.r, answer.g[0], float(x[k, 0])), "in_range": int(answer.inside[0]),
             "_g": (answer.g[0], answer.low[0], answer.high[0])}
        )  # fmt: skip
    return found


def _report(run: Run, state: _State, predictor: Predictor, chance: float) -> Report:
    goal, learnt = state.goal, state.goal.kind == "learn"
    found = [] if learnt else proposals(state, predictor, chance)
    curves, figures, files, tables = dict[str, Curve](), dict[str, Figure](), dict[str, str](), dict[str, Any]()
    for k, row in enumerate(found, 1):
        g, low, high = row.pop("_g")
        curves[f"g_{k}"] = Curve(predictor.r, g, "r", "g", x_unit="sigma", y_low=low, y_high=high)
    if found:
        figures["g_1"] = Figure("band", ("g_1",), "The first proposal, as the surrogate expects it")
    values = state.values()
    best = float(values.max())
    if state.found:
        rows, curve = _history(state)
        tables["simulated"] = rows
        if not learnt and len(curve):
            curves["best"] = Curve(np.arange(1, len(curve) + 1), curve, "simulations", goal.words)
            figures["best"] = Figure("line", ("best",), "The best that was simulated, by number of simulations")
        write_rdfs(state.table(), run.file("rdfs.csv.gz"))
        one = state.lesson()
        settings = rdf_training.settings_of(one, UNSCORED, run.seed, f"designed for {goal.kind}")
        card = rdf_training.card(one, predictor, UNSCORED, Path("rdfs.csv.gz"))
        write_model(predictor.to_model(settings, card), run.file("model"))
        files = {"rdfs": "rdfs.csv.gz", "model": "model/model.json"}
    good = [row for row in found if row["chance"] >= chance]
    outside = beyond(predictor, numbers(good[:1])) if good else ""
    return Report(
        title=_title(goal, good, state),
        values={
            "best_simulated": Quantity(goal.told(best), "1/sigma^3" if goal.kind == "dispersed" else ""),
            "simulations": Quantity(len(state.found)),
            "failed": Quantity(len(state.failures)),
            "rows": Quantity(len(state.table())),
        },
        curves=curves,
        tables={"proposals": found, **tables, "failures": state.failures},
        figures=figures,
        files=files,
        notes=tuple(
            note
            for note in (
                "" if learnt or good else f"no composition within the bounds shows it with a probability of {chance:g} or more",
                f"{outside}: the first proposal is a guess" if outside else "",
                f"expected and best_simulated: {goal.words}" if not learnt else "",
                "constraints: " + ", ".join(_span(name, span) for name, span in state.limits.items()),
                f"{len(state.failures)} simulations failed, the first with: {state.failures[0]['error']}"
                if state.failures
                else "",
            )
            if note
        ),
    )


def _title(goal: Goal, good: list[dict[str, Any]], state: _State) -> str:
    wanted = goal.kind if goal.peak_r is None else f"first peak at {goal.peak_r:g}"
    if goal.kind == "learn":
        return f"{len(state.found)} simulations where the surrogate knew least"
    if not good:
        return f"{wanted}: not to be had within the bounds"
    first = ", ".join(f"{name} {good[0][name]:.3g}" for name in COMPOSITION)
    return f"{wanted}: {first}" + (f", after {len(state.found)} simulations" if state.found else "")


def _history(state: _State) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Each simulation of this run with its value, and the best so far."""
    values = state.values()[-len(state.found) :]
    kept = ("id", "turn", *COMPOSITION, "state", "first_peak_r", "first_peak_g", "converged", "run")
    rows = [
        {**{name: row[name] for name in kept}, "N": int(row["N"]), "value": state.goal.told(float(value))}
        for (row, _, _), value in zip(state.found, values, strict=True)
    ]  # fmt: skip
    best = np.maximum.accumulate(values)
    told = np.array([state.goal.told(float(value)) if np.isfinite(value) else np.nan for value in best], dtype=float)
    return rows, told if np.isfinite(told).any() else np.empty(0)


def _span(name: str, span: tuple[float, float]) -> str:
    return f"{name} {span[0]:.3g}" if span[0] == span[1] else f"{name} {span[0]:.3g} to {span[1]:.3g}"
