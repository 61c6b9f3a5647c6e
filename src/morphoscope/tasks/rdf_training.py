"""Training of nanonet: the default predictor, or the paper's network, from a table of distributions."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Param, Report, Run
from ..datasets import rdfs
from ..learn.model_folder import write_model
from ..measure import rdf
from . import rdf_comparison, rdf_paper
from .rdf_fitting import Held, Lesson, final, held_out, lesson, theory_curves
from .rdf_model import Predictor
from .rdf_table import TABLE, described, read

TWELVE = 12
"""Held-out curves that are drawn."""


def train(
    run: Run,
    *,
    data: Annotated[Path | None, TABLE] = None,
    mode: Annotated[
        str, Param("Gaussian processes, or the paper's autoencoder and forest (extra learn)", choices=("default", "paper"))
    ] = "default",
    folds: Annotated[int, Param("default: parts in which compositions are held out in turn", low=2, high=20)] = 5,
    compare: Annotated[bool, Param("also score theory, the nearest composition, ridge, forests, boosting and a network")] = True,
    epochs: Annotated[int, Param("paper: epochs of the autoencoder", low=1, high=10000)] = 400,
    latent: Annotated[int, Param("paper: numbers of the latent space", low=1, high=64)] = 8,
    trees: Annotated[int, Param("paper: trees of the forest", low=1, high=1000)] = 20,
    autoencoder: Annotated[
        str, Param("paper: six convolutional stages, or one dense hidden layer", choices=("convolutional", "dense"))
    ] = "convolutional",
) -> Report:
    """
    Learn g(r) from composition, and judge it on compositions that were held out.

    Principal components of ln g with a Gaussian process each, beyond what two particles alone and a share of theory say. The
    share is chosen inside each training part; the 90 % band is calibrated on the other folds. The model in this run's
    folder is fitted on all rows; its scores are those of the held-out parts.

    The mode ``paper`` is the published network: pictures of g(r), an autoencoder, a forest from composition to its latent
    numbers; twelve compositions are held out, and everything else is scored on the same twelve.
    """
    one = lesson(read(data))
    if mode == "paper":
        about = settings_of(one, "", run.seed, f"the paper's network, {'the package' if data is None else data.name}")
        return rdf_paper.train(
            run, one, epochs=epochs, latent=latent, trees=trees, kind=autoencoder, compare=compare, about=about
        )
    cuts = list(one.folds(folds, run.rng("folds")))
    total = folds + (12 if compare else 2)
    run.progress(0, total, "theory")
    theory = theory_curves(one)
    held = held_out(one, theory, cuts, tell=lambda k: run.progress(1 + k, total, f"fold {k + 1} of {folds}"))
    done = iter(range(folds + 1, 10**6))
    if compare:
        table = rdf_comparison.rows(
            one,
            theory,
            cuts,
            held,
            seed=run.seed,
            rng=run.rng,
            tell=lambda name: run.progress(min(next(done), total), total, name),
        )
    else:
        table = [rdf_comparison.scored(one, "default: Gaussian processes", held.g, run.rng("default"), band=held.band())]
    predictor = final(one, theory, held)
    honest = rdf_comparison.sentence(table[0])
    settings = settings_of(one, honest, run.seed, "the package's table" if data is None else data.name)
    write_model(predictor.to_model(settings, card(one, predictor, honest, data)), run.file("model"))
    with run.file("held_out.csv").open("w", newline="", encoding="utf-8") as file:
        rows = rdf_comparison.peaks(one, held.g, one.names)
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return _report(run, one, predictor, held, table, honest)


def settings_of(one: Lesson, honest: str, seed: int, name: str) -> dict[str, Any]:
    """What is kept beside the numbers of a model: where they come from, how good they are, and the rows learnt from."""
    keep = ("id", "source", *one.names, "n_particles", "converged", "first_peak_r", "first_peak_g", "first_peak_factor", "state")
    rows = [described(row, one.table.r, g) for row, g in zip(one.table, one.table.g, strict=True)]
    for row, g, error in zip(rows, one.table.g, one.table.error, strict=True):
        at = int(np.nanargmin(np.abs(one.table.r - rdf.first_peak(one.table.r, g)[0])))
        if np.isfinite(error[at]):
            row["first_peak_factor"] = round(float(np.exp(error[at])), 2)
    return {
        "name": f"nanonet, {name}",
        "honest": honest,
        "seed": seed,
        "sources": dict(Counter(str(row.get("source") or "table") for row in one.table)),
        "theory_rows": 0 if one.theory is None else len(one.theory),
        "rows": [{key: row.get(key) for key in keep if key in row} for row in rows],
    }


def _report(run: Run, one: Lesson, predictor: Predictor, held: Held, table: list[dict[str, Any]], honest: str) -> Report:
    shown = run.rng("shown").permutation(len(one.x))[:TWELVE]
    curves, figures = rdf_comparison.drawn(one, held.g, shown, held.band())
    return Report(
        title=f"Learnt from {len(one.x)} rows: {honest}",
        values=rdf_comparison.values(table[0]),
        curves=curves,
        tables={"methods": table, **rdf_comparison.parities(one, held.g), "coverage": _coverage(one, held)},
        figures={**rdf_comparison.PARITIES, **figures},
        files={"model": "model/model.json", "card": "model/card.md", "held_out": "held_out.csv"},
        notes=(
            "log_error: root mean square of ln (g + 0.02) where there are particles, mean over compositions; peak_r in sigma and "
            "peak_g as a share: medians; state and covered: shares; brackets: 95 % over resampled compositions",
            f"share of theory in the model: {predictor.share:g}; in the folds: {', '.join(f'{s:g}' for s in held.shares)}",
            f"{sum(row.get('converged') == 0 for row in one.table)} of {len(one.table)} rows are not converged",
            *_commonest(one),
        ),
    )


def _commonest(one: Lesson) -> tuple[str, ...]:
    """What a guess of the commonest state would score."""
    states = Counter(str(row["state"]) for row in one.table if row.get("state"))
    return tuple(f"{n / len(one.table):.0%} of the rows are {state}" for state, n in states.most_common(1))


def _coverage(one: Lesson, held: Held) -> list[dict[str, Any]]:
    """Share of the bins inside the band, by fold."""
    low, high = held.band()
    seen = np.isfinite(one.table.g) & ((one.table.g > rdfs.FLOOR) | (held.g > rdfs.FLOOR))
    inside = ((one.table.g >= low - 1e-9) & (one.table.g <= high + 1e-9)) & seen
    share = inside.sum(1) / np.maximum(seen.sum(1), 1)
    return [
        {"fold": k + 1, "compositions": int((held.fold == k).sum()), "covered": float(share[held.fold == k].mean()),
         "width": float(held.width[held.fold == k][0]), "share_of_theory": s}
        for k, s in enumerate(held.shares)
    ]  # fmt: skip


def card(one: Lesson, predictor: Predictor, honest: str, data: Path | None) -> str:
    """What the model rests on."""
    known = predictor.simulated
    low, high = (np.where(known.logs, np.exp(end), end) for end in (known.low, known.high))
    ranges = ", ".join(
        f"{name} {a:.3g} to {b:.3g}" if b > a else f"{name} {a:.3g} alone"
        for name, a, b in zip(one.names, low, high, strict=True)
    )
    sources = ", ".join(f"{n} {s}" for s, n in sorted(Counter(str(row.get("source") or "unnamed") for row in one.table).items()))
    unsure = sum(row.get("converged") == 0 for row in one.table)
    theory = "none" if one.theory is None else f"{len(one.theory)} rows of PRISM, weight {predictor.share:g}"
    return (
        f"# Distribution of particles from the composition\n\n"
        f"Principal components of ln(g + 0.02), a Gaussian process each. No network.\n\n"
        f"- Learnt from {'the table of the package' if data is None else data.name}: {len(one.table)} rows ({sources}),\n"
        f"  {unsure} of them not converged. Theory: {theory}.\n"
        f"- Simulated range: {ranges}.\n"
        f"  Inside it `in_range` is 1. Beyond it the answer leans on theory, which is far from simulation where particles\n"
        f"  aggregate; the band widens, but nothing there was checked.\n"
        f"- Held-out score: {honest}.\n"
        f"{''.join(f'- {note.capitalize()}.{chr(10)}' for note in _commonest(one))}"
        f"- Rows of `pmf+mc` are Monte Carlo of particles with pair potentials of mean force: no forces among three particles.\n"
    )
