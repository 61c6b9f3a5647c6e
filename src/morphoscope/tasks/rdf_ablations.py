"""The paper's network with each of its parts varied, and every rival, on the same held-out compositions."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Curve, Figure, Param, Report, Run
from ..errors import BadParameter, TaskFailed
from . import rdf_comparison
from .rdf_table import TABLE


def ablations(
    run: Run,
    *,
    data: Annotated[Path | None, TABLE] = None,
    epochs: Annotated[int, Param("epochs of each autoencoder; the paper has 400", low=1, high=10000)] = 400,
    latents: Annotated[str, Param("sizes of the latent space, such as 2,8,32; the paper has 8")] = "2,4,8,16,32",
    trees: Annotated[int, Param("trees of the forest; the paper has 20", low=1, high=1000)] = 20,
) -> Report:
    """
    What each part of the paper's network is worth: latent sizes, trees, a dense autoencoder, and all rivals without one.

    Every network is a run of its own, so they are spread with ``--on local:2`` and found again after a stop. The same
    twelve compositions are held out of all of them. The table is in the file ablations.csv.
    """
    sizes = sizes_of(latents)
    main = 8 if 8 in sizes else sizes[len(sizes) // 2]
    shared: dict[str, Any] = {"mode": "paper", "epochs": epochs, "trees": trees} | ({} if data is None else {"data": data})
    asked = [{**shared, "latent": size, "compare": size == main} for size in sizes]
    asked.append({**shared, "latent": main, "autoencoder": "dense", "compare": False})
    found = dict[int, Report]()
    run.progress(0, len(asked), "training networks")
    for child in run.each("nanonet train", asked, seed=run.seed):
        if child.report is None:
            raise TaskFailed(f"the network with {asked[child.place]} could not be trained: {child.error}")
        found[child.place] = child.report
        run.progress(len(found), len(asked), f"{len(found)} of {len(asked)} networks trained")
    dense, whole = found[len(sizes)], found[sizes.index(main)]
    rows = _rows(sizes, [found[k] for k in range(len(sizes))], main, dense, whole, epochs)
    with run.file("ablations.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)
    return _report(rows, sizes, [found[k] for k in range(len(sizes))], main, dense, whole, epochs)


def sizes_of(text: str) -> list[int]:
    """Whole numbers from 1 to 64 in a text such as ``2,4,8``, rising."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdigit() and 1 <= int(part) <= 64 for part in parts):
        raise BadParameter(f"latents: {text!r} is no list of whole numbers from 1 to 64, such as 2,4,8")
    return sorted({int(part) for part in parts})


def _rows(
    sizes: Sequence[int], networks: Sequence[Report], main: int, dense: Report, whole: Report, epochs: int
) -> list[dict[str, Any]]:
    rows = []

    def add(part: str, varied: Any, found: dict[str, Any], epochs: int | str) -> None:
        rows.append({"part": part, "varied": varied, "epochs": epochs, **{k: v for k, v in found.items() if k != "trees"}})

    for size, one in zip(sizes, networks, strict=True):
        add("latent size", size, one.tables["methods"][0], epochs)
        add("latent size, autoencoder alone", size, one.tables["methods"][1], epochs)
    for found in whole.tables["trees"]:
        add("trees", found["trees"], found, epochs)
    add("dense autoencoder", main, dense.tables["methods"][0], epochs)
    add("dense autoencoder, alone", main, dense.tables["methods"][1], epochs)
    for found in whole.tables["methods"][2:]:
        add("picture" if "picture" in found["method"] else "rival", "", found, "")
    return rows


def _report(
    rows: list[dict[str, Any]],
    sizes: Sequence[int],
    networks: Sequence[Report],
    main: int,
    dense: Report,
    whole: Report,
    epochs: int,
) -> Report:
    curves = dict[str, Curve]()
    for size, one in zip(sizes, networks, strict=True):
        curves |= {f"{name}_{size}": one.curves[name] for name in ("loss", "validation_loss")}
    curves |= {f"{name}_dense": dense.curves[name] for name in ("loss", "validation_loss")}
    latent = [row for row in rows if row["part"] == "latent size"]
    alone = [row for row in rows if row["part"] == "latent size, autoencoder alone"]
    for name, found in (("error_by_latent", latent), ("error_by_latent_alone", alone)):
        curves[name] = _curve(found, "numbers of the latent space")
    curves["error_by_trees"] = _curve([row for row in rows if row["part"] == "trees"], "trees")
    shown = {name: figure for name, figure in whole.figures.items() if figure.kind != "image"}
    used = {name for figure in shown.values() for name in figure.data}
    curves |= {name: curve for name, curve in whole.curves.items() if name in used}
    best = min((row for row in rows if row["part"] != "picture"), key=lambda row: float(row["log_error"]))
    return Report(
        title=f"{len(rows)} ways on the same held-out compositions; the smallest error has {best['method']}",
        values=rdf_comparison.values(whole.tables["methods"][0]),
        curves=curves,
        tables={
            "ablations": rows,
            **{name: whole.tables[name] for name in ("latent", "latent_training", "latent_test", "peak_height", "peak_position")},
        },
        figures={
            "losses": Figure("line", tuple(f"loss_{name}" for name in (*sizes, "dense")), "Loss of each autoencoder"),
            "error_by_latent": Figure("line", ("error_by_latent", "error_by_latent_alone"), "Error of ln g by latent size"),
            "error_by_trees": Figure("line", ("error_by_trees",), f"Error of ln g by number of trees, latent size {main}"),
            **shown,
        },
        files={"ablations": "ablations.csv"},
        notes=(
            f"autoencoders of {epochs} epochs; figures of one network are those of latent size {main}",
            "log_error: root mean square of ln (g + 0.02) where there are particles; peak_r, peak_g: medians; brackets: 95 %",
        ),
        cites=whole.cites,
    )


def _curve(found: list[dict[str, Any]], name: str) -> Curve:
    x, y, low, high = (
        np.array([float(row[key]) for row in found]) for key in ("varied", "log_error", "log_error_low", "log_error_high")
    )
    return Curve(x, y, name, "error of ln g", y_low=low, y_high=high)
