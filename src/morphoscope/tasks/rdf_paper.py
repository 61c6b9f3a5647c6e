"""The nanoNET paper's pipeline: composition, forest, latent numbers, decoder, picture, g(r); with its figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import learn
from ..core import Curve, Figure, Report, Run
from ..datasets.rdfs import FLOOR
from ..learn.model_folder import write_model
from . import rdf_comparison
from .pictures import save_picture
from .rdf_fitting import Lesson, held_out, standardised, theory_curves, width_of
from .rdf_model import NORMAL_90
from .rdf_paper_model import PaperPredictor, known_rows

HELD_OUT = 12
VALIDATION = 0.2
FORESTS = (1, 2, 5, 10, 20, 40, 80)
PICTURES = 6
CITE = "Ayush, Seth and Patra, nanoNET: machine learning platform for predicting nanoparticles distribution in a polymer matrix"


def train(
    run: Run, one: Lesson, *, epochs: int, latent: int, trees: int, kind: str, compare: bool, about: dict[str, Any]
) -> Report:
    """
    Train the autoencoder and the forest on all but twelve compositions, and score them on these.

    ``about`` is what the model's folder says of itself besides.
    """
    build, test = parts(one, run.rng("held out"))
    rows = np.flatnonzero(build)
    mixed = run.rng("validation").permutation(rows)
    count = max(1, round(VALIDATION * len(mixed)))
    checked, learnt = np.sort(mixed[:count]), np.sort(mixed[count:])
    pictures = learn.rdf_network.picture(one.table.r, one.table.g)
    trained = learn.rdf_network.train(
        pictures[learnt], pictures[checked], latent=latent, kind=kind, epochs=epochs, seed=run.seed,
        start=run.restore(), keep=run.checkpoint,
        tell=lambda epoch, loss: run.progress(epoch, epochs + 1, f"epoch {epoch} of {epochs}, loss {loss:.4f}"),
    )  # fmt: skip
    network = trained.network
    codes = network.encode(pictures)
    forest = learn.curve_rivals.scaled_forest(one.x[learnt], codes[learnt], trees=trees, seed=run.seed)
    guessed = forest(one.x)
    g = np.full_like(one.table.g, np.nan)
    g[test] = learn.rdf_network.curve(one.table.r, network.decode(guessed[test]))
    recoded = np.full_like(g, np.nan)
    recoded[test] = learn.rdf_network.curve(one.table.r, network.decode(codes[test]))
    drawn_only = np.full_like(g, np.nan)
    drawn_only[test] = learn.rdf_network.curve(one.table.r, pictures[test])
    table = [
        rdf_comparison.scored(one, f"the paper's network ({kind}, latent {latent}, {trees} trees)", g, run.rng("paper")),
        rdf_comparison.scored(one, "its autoencoder alone, from the measured picture", recoded, run.rng("recoded")),
        rdf_comparison.scored(one, "the picture alone, read back", drawn_only, run.rng("picture")),
    ]
    if compare:
        theory = theory_curves(one)
        cuts = [(build, test)]
        table += rdf_comparison.rows(one, theory, cuts, held_out(one, theory, cuts), seed=run.seed, rng=run.rng)
    of_trees = []
    for count in FORESTS:
        other = np.full_like(g, np.nan)
        codes_of = learn.curve_rivals.scaled_forest(one.x[learnt], codes[learnt], trees=count, seed=run.seed)
        other[test] = learn.rdf_network.curve(one.table.r, network.decode(codes_of(one.x[test])))
        of_trees.append({"trees": count, **rdf_comparison.scored(one, f"{count} trees", other, run.rng(f"{count} trees"))})
    missed = standardised(one, np.log(g + FLOOR), np.ones_like(g))
    predictor = PaperPredictor(
        one.names, one.table.r, known_rows(one.x[rows], one.names), network, forest, NORMAL_90 * width_of(missed[test])
    )
    honest = rdf_comparison.sentence(table[0]).replace("held out in folds", "held out")
    settings = {**about, "honest": honest, "latent": latent, "autoencoder": kind, "trees": trees, "epochs": epochs}
    settings["rows"] = [row for row, kept in zip(about["rows"], build, strict=True) if kept]
    write_model(predictor.to_model(settings, _card(one, honest, len(learnt), epochs)), run.file("model"))
    _reconstructions(run, pictures[np.flatnonzero(test)[:PICTURES]], network)
    sizes = _sizes(one, codes, learnt, checked, run.seed)
    curves, figures = rdf_comparison.drawn(one, g, np.flatnonzero(test))
    steps = np.arange(1, len(trained.loss) + 1)
    return Report(
        title=f"The paper's network, {len(steps)} epochs on {len(learnt)} pictures: {rdf_comparison.sentence(table[0])}",
        values=rdf_comparison.values(table[0]),
        curves={
            "loss": Curve(steps, trained.loss, "epoch", "mean squared error"),
            "validation_loss": Curve(steps, trained.validation, "epoch", "mean squared error"),
            **{f"forest_{name}": Curve(np.array(FORESTS), mse, "trees", "mean squared error") for name, mse in sizes.items()},
            **curves,
        },
        tables={
            "methods": table,
            "trees": of_trees,
            "latent": _agreement(codes, guessed, {"training": learnt, "test": np.concatenate([checked, np.flatnonzero(test)])}),
            "latent_training": _pairs(codes, guessed, learnt),
            "latent_test": _pairs(codes, guessed, np.concatenate([checked, np.flatnonzero(test)])),
            **rdf_comparison.parities(one, g),
        },
        figures={
            "loss": Figure("line", ("loss", "validation_loss"), "Reconstruction error of the autoencoder"),
            "reconstructions": Figure("image", ("reconstructions",), "Held-out pictures; below each its reconstruction"),
            "forest": Figure("line", tuple(f"forest_{name}" for name in sizes), "Error of the latent numbers by number of trees"),
            "latent": Figure("parity", ("latent_training", "latent_test"), "Latent numbers: of the picture, and of the forest"),
            **rdf_comparison.PARITIES,
            **figures,
        },
        files={"reconstructions": "reconstructions.png", "model": "model/model.json", "card": "model/card.md"},
        notes=(
            f"{int(test.sum())} rows were held out; every method here learnt from the others alone",
            "the forest's test rows are those that validated the autoencoder, and the held-out ones",
        ),
        cites=(CITE,),
    )  # fmt: skip


def _card(one: Lesson, honest: str, learnt: int, epochs: int) -> str:
    """What the model rests on."""
    return (
        "# Distribution of particles from the composition, by the network of the nanoNET paper\n\n"
        f"Forest, latent numbers, decoder, picture of 64 by 64 pixels, g(r). {CITE}.\n\n"
        f"- Learnt from {learnt} pictures in {epochs} epochs; numbers: {', '.join(one.names)}.\n"
        f"- Held-out score: {honest}.\n"
        "- A row of pixels is a factor of 1.22 in g; g below 0.0015 is read as 0, above 300 as 300.\n"
        "- There to be compared with: the default of `nanonet train` is better by every measure of its table.\n"
    )


def parts(one: Lesson, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Flags of the rows to build from and of those held out: twelve compositions, or a fifth where there are fewer than 60."""
    groups = np.unique(one.group)
    count = min(HELD_OUT, max(1, len(groups) // 5))
    test = np.isin(one.group, rng.permutation(groups)[:count])
    return ~test, test


def _sizes(one: Lesson, codes: np.ndarray, learnt: np.ndarray, checked: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Mean squared error of the latent numbers, scaled by their variance, for forests of growing size."""
    scale = max(float(codes[learnt].var()), 1e-12)
    found = dict[str, list[float]](training=[], test=[])
    for trees in FORESTS:
        forest = learn.curve_rivals.scaled_forest(one.x[learnt], codes[learnt], trees=trees, seed=seed)
        for name, rows in (("training", learnt), ("test", checked)):
            found[name].append(float(np.square(forest(one.x[rows]) - codes[rows]).mean()) / scale)
    return {name: np.array(values) for name, values in found.items()}


def _agreement(codes: np.ndarray, guessed: np.ndarray, parts: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """r2 of the latent numbers, all together."""
    found = []
    for name, rows in parts.items():
        rest = np.square(codes[rows] - guessed[rows]).sum()
        total = np.square(codes[rows] - codes[rows].mean(0)).sum()
        found.append({"part": name, "rows": len(rows), "r2": float(1 - rest / total) if total > 0 else None})
    return found


def _pairs(codes: np.ndarray, guessed: np.ndarray, rows: Sequence[int] | np.ndarray) -> list[dict[str, Any]]:
    return [
        {"encoded": float(a), "predicted": float(b)}
        for k in rows
        for a, b in zip(codes[k], guessed[k], strict=True)
    ]  # fmt: skip


def _reconstructions(run: Run, pictures: np.ndarray, network: Any) -> None:
    """Pictures in a row above their reconstructions."""
    both = np.stack([pictures, network.decode(network.encode(pictures))])[:, :, ::-1]
    framed = np.pad(both, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=0.5)
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in framed])
    save_picture(run, "reconstructions.png", np.kron(sheet, np.ones((2, 2))))
