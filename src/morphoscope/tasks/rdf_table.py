"""The table of radial distribution functions: the package's own, or one of the user's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..datasets import rdfs
from ..datasets.rdfs import Rdfs
from ..errors import InputError
from ..measure import rdf

TABLE = Param("table of distributions, CSV; the package's own by default", accepts="file")
COLUMNS = ("id", "source", *rdfs.COMPOSITION, "n_particles", "converged", "first_peak_r", "first_peak_g")
SHOWN = 200
"""Curves in the table's picture at most."""


def data(
    run: Run,
    *,
    table: Annotated[Path | None, TABLE] = None,
    source: Annotated[str, Param("only rows of this source: md, pmf+mc or prism in the package's own table")] = "",
) -> Report:
    """
    The table that nanonet learns from: one row a composition and source, with g(r) in the file ``rdfs.csv.gz``.

    A table of your own has a column for each bin, ``g_0.05``, ``g_0.15``, ..., and any columns of numbers that describe
    its rows; ``nanonet train`` learns from it likewise.
    """
    found = read(table, source)
    rdfs.write_rdfs(found, run.file("rdfs.csv.gz"))
    rows = [described(row, found.r, g) for row, g in zip(found, found.g, strict=True)]
    counts = Counter((str(row.get("source") or "table"), str(row.get("state") or "unknown")) for row in rows)
    names = found.descriptors()
    ranges = [
        {"number": name, "low": float(column.min()), "high": float(column.max()), "values": len(set(column.tolist()))}
        for name, column in zip(names, found.numbers(names).T, strict=True)
    ]
    return Report(
        title=f"{len(rows)} distributions described by {', '.join(names)}",
        values={
            "rows": Quantity(len(rows)),
            "compositions": Quantity(len({tuple(row[name] for name in names) for row in found})),
            "simulated": Quantity(sum(str(row.get("source")) in ("md", "pmf+mc") for row in rows)),
            "bins": Quantity(len(found.r)),
        },
        curves={"median": Curve(found.r, np.nanmedian(found.g, axis=0), "r", "g", x_unit="sigma")},
        tables={
            "rdfs": rows,
            "ranges": ranges,
            "states": [{"source": s, "state": state, "rows": n} for (s, state), n in sorted(counts.items())],
        },
        figures={
            "states": Figure("bar", ("states",), "Rows by source and state"),
            "median": Figure("line", ("median",), "The median of g in each bin"),
        },
        files={"rdfs": "rdfs.csv.gz"},
        notes=(rdfs.CARD.read_text(encoding="utf-8"),) if table is None and rdfs.CARD.exists() else (),
    )


def read(path: Path | None, source: str = "") -> Rdfs:
    """The rows of the table at ``path``, or of the package's own."""
    found = rdfs.read_rdfs(rdfs.SHIPPED if path is None else path)
    if source:
        known = sorted({str(row.get("source")) for row in found})
        found = found.where(np.array([row.get("source") == source for row in found], dtype=bool))
        if not len(found):
            raise InputError(f"no row has the source {source}; the table has {', '.join(known)}")
    if not len(found):
        raise InputError("no table of distributions comes with this version; give one of your own")
    return found


def described(row: Any, r: np.ndarray, g: np.ndarray) -> dict[str, Any]:
    """``row`` with the columns of the contract first; peaks and state are measured where the table does not hold them."""
    peak = rdf.first_peak(r, g)
    known: dict[str, Any] = {name: row.get(name) for name in COLUMNS if name in row or name in ("id", "source")}
    known |= {"first_peak_r": row.get("first_peak_r") or peak[0], "first_peak_g": row.get("first_peak_g") or peak[1]}
    for name in ("N", "n_particles", "converged", "inside"):
        if isinstance(row.get(name), float) and row[name].is_integer():
            known[name] = int(row[name])
    if "D" in row:
        known["state"] = row.get("state") or rdf.state(r, g, float(row["D"]))
    return known | {name: value for name, value in row.items() if name not in known}
