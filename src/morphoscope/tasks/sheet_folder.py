"""Many images: a sheet of each, one table of all, and what tells their groups apart."""

from __future__ import annotations

import csv
import importlib
import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..core import Figure, Quantity, Report, Run
from ..errors import BadParameter, InputError, MissingDependency
from ..measure import groups as comparing
from ..measure.size_distribution import Estimate
from .contact_sheet import captioned, grid
from .scalebar import images
from .sheet_groups import Member, check, groups_of, members

if TYPE_CHECKING:
    import pyarrow  # noqa: F401  (its version is part of what a kept answer rests on)

ENDINGS = {"": "", "1/nm": "_per_nm", "1/px": "_per_px", "1/nm²": "_per_nm2", "1/px²": "_per_px2", "1/µm²": "_per_um2"}
COMPARED = ("d_mean", "number_per_area", "area_fraction", "interface_per_area", "correlation_length", "thickness_mean", "period")
"""What is compared unless told otherwise."""
PAIRS_OF_ALL = 3
"""Most groups of which every pair is compared; with more each is compared with the reference."""
LEVEL = 0.05
SHOWN, ACROSS, TILE_PX = 60, 4, 360


def table(
    run: Run,
    given: tuple[Path, ...],
    settings: Mapping[str, Any],
    *,
    groups: Path | None,
    names: str | None,
    compare: tuple[str, ...],
    reference: str | None,
) -> Report:
    """The report on all images in ``given``; images that cannot be measured are named and left out."""
    files = list(dict.fromkeys(path for path in images(given) if groups is None or path != groups))
    if not files:
        raise InputError(f"no image in {', '.join(path.name for path in given)}; give images or folders of images")
    found = members(files, given, table=groups, names=names)
    check(found, reference)
    reports, skipped = _measured(run, found, settings)
    if not reports:
        raise InputError(f"none of the {len(found)} images could be measured; the first because {skipped[0]['reason']}")
    rows = _rows([member for member in found if member.path in reports], reports)
    _write(run, rows)
    notes = _write_parquet(run, rows)
    chosen = _chosen(rows, compare)
    distinct = groups_of([member for member in found if member.path in reports])
    tables = {"images": rows} | ({"skipped": skipped} if skipped else {})
    figures: dict[str, Figure] = {}
    if len(distinct) > 1:
        more, figures, said = _compared(run, rows, chosen, distinct, reference)
        tables = more | tables
        notes = said + notes
    else:
        notes.insert(0, "no groups, so nothing is compared: put images into sub-folders, or give groups or names")
    figures["contact"] = Figure(
        "image", ("contact",), "What was measured in each image" + (f", first {SHOWN}" if len(rows) > SHOWN else "")
    )
    _contact(run, [(row["file"], reports[member.path]) for row, member in zip(rows, _in(found, reports), strict=True)])
    there = {"table": "table.csv", "table_parquet": "table.parquet", "contact": "contact.png"}
    many = f" in {len(distinct)} groups" if len(distinct) > 1 else ""
    return Report(
        title=f"{len(rows)} of {len(found)} images{many}" if skipped else f"{len(rows)} images{many}",
        values={"images": Quantity(len(found)), "measured": Quantity(len(rows)), "groups": Quantity(len(distinct))},
        tables=tables,
        figures=figures,
        files={name: file for name, file in there.items() if run.file(file).exists()},
        notes=(*_problems(skipped, rows, distinct), *notes),
        cites=(
            "Hedges, J. Educ. Stat. 6, 107 (1981)",
            "Cliff, Psychol. Bull. 114, 494 (1993); Newcombe, Stat. Med. 25, 559 (2006)",
            "Holm, Scand. J. Stat. 6, 65 (1979)",
        )
        if len(distinct) > 1
        else (),
    )


def _measured(run: Run, found: Sequence[Member], settings: Mapping[str, Any]) -> tuple[dict[Path, Report], list[dict[str, Any]]]:
    """A sheet of every image, and why there is none of the others."""
    reports: dict[Path, Report] = {}
    failed: dict[int, str] = {}
    points = [{"files": [str(member.path)], **settings} for member in found]
    run.progress(0, len(found), "images")
    for done, child in enumerate(run.each("measure sheet", points, seed=run.seed), 1):
        member = found[child.place]
        if child.report is not None:
            reports[member.path] = child.report
        else:
            failed[child.place] = child.error
        run.progress(done, len(found), f"{member.name}" + (f", {len(failed)} failed" if failed else ""))
    return reports, [{"file": found[index].name, "reason": failed[index]} for index in sorted(failed)]


def _in(found: Sequence[Member], reports: Mapping[Path, Report]) -> list[Member]:
    return [member for member in found if member.path in reports]


def column_of(name: str, unit: str) -> str:
    """``name`` with its unit at the end, once: "d10" in nm is "d10_nm"."""
    ending = ENDINGS.get(unit, f"_{unit.replace('/', '_per_').replace('µ', 'u').replace('²', '2')}")
    return name if name.endswith(ending) else name + ending


def _rows(found: Sequence[Member], reports: Mapping[Path, Report]) -> list[dict[str, Any]]:
    """One row an image: what it is, then each value with its unit in the name, its bounds beside it."""
    columns: dict[str, None] = {}
    bounded: set[str] = set()
    for report in reports.values():
        for name, quantity in report.values.items():
            columns[column_of(name, quantity.unit)] = None
            bounded |= {column_of(name, quantity.unit)} if quantity.low is not None else set()
    rows = []
    for member in found:
        report = reports[member.path]
        known = {column_of(name, quantity.unit): quantity for name, quantity in report.values.items()}
        row: dict[str, Any] = {"file": member.name, "group": member.group, "specimen": member.specimen}
        for column in columns:
            quantity = known.get(column, Quantity(None))
            row[column] = quantity.value
            if column in bounded:
                row |= {f"{column}_low": quantity.low, f"{column}_high": quantity.high}
        scale = next((note for note in report.notes if note.startswith("scale: ")), "").removeprefix("scale: ")
        rows.append(row | {"scale": scale, "run": report.run})
    empty = [name for name in ("group", "specimen") if not any(row[name] for row in rows)]
    return [{name: value for name, value in row.items() if name not in empty} for row in rows]


def _write(run: Run, rows: Sequence[Mapping[str, Any]]) -> None:
    with open(run.file("table.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(run: Run, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Write the table for data frames; where that cannot be done, the sentence that says how it can."""
    try:
        arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        return [f"table.parquet is left out: {MissingDependency('pyarrow', 'tables', 'write it')}"]
    texts = {name for name in rows[0] if any(isinstance(row[name], str) for row in rows)}
    kinds = [(name, arrow.string() if name in texts else arrow.float64()) for name in rows[0]]
    parquet.write_table(arrow.Table.from_pylist(list(rows), schema=arrow.schema(kinds)), run.file("table.parquet"))
    return []


def _chosen(rows: Sequence[Mapping[str, Any]], compare: tuple[str, ...]) -> list[str]:
    """The columns to compare: of those that differ by unit only, the one that most images have."""
    numeric = [name for name in rows[0] if any(isinstance(row[name], int | float) for row in rows)]
    numeric = [name for name in numeric if not name.endswith(("_low", "_high"))]
    chosen = []
    for wanted in compare or COMPARED:
        fitting = [name for name in numeric if name == wanted] or [
            name for name in numeric if name in {column_of(wanted, unit) for unit in (*ENDINGS, "nm", "px", "deg")}
        ]
        if fitting:
            chosen.append(max(fitting, key=lambda name: sum(row[name] is not None for row in rows)))
        elif compare:
            raise BadParameter(f"compare: there is no quantity {wanted!r}; there are {', '.join(numeric)}")
    return list(dict.fromkeys(chosen))


def _compared(
    run: Run, rows: Sequence[Mapping[str, Any]], chosen: Sequence[str], distinct: Sequence[str], reference: str | None
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Figure], list[str]]:
    """The tables ``comparison``, ``effects`` and ``groups``, their figures, and what to know about them."""
    units = {column: _units(rows, column, distinct) for column in chosen}
    units = {column: found for column, found in units.items() if sum(len(values) > 0 for values in found.values()) > 1}
    p_values = [comparing.rank_test(list(found.values()), rng=run.rng(f"p {column}")) for column, found in units.items()]
    corrected = comparing.holm(p_values)
    comparison = [
        {"quantity": column, **{f"n {name}": len(values) for name, values in found.items()}, "p": p, "p_holm": p_holm}
        for (column, found), p, p_holm in zip(units.items(), p_values, corrected, strict=True)
    ]
    effects = [_effect(column, a, b, found) for column, found in units.items() for a, b in _pairs(distinct, reference)]
    summaries = [_summary(run, column, name, values) for column, found in units.items() for name, values in found.items()]
    figures = {}
    if any(row["hedges_g"] is not None for row in effects):
        figures["effects"] = Figure("forest", ("effects:hedges_g",), "Standardised difference (Hedges' g) with its 95 % interval")
    for row in comparison:
        told = "" if row["p"] is None else f"; p = {row['p']:.2g}, corrected {row['p_holm']:.2g}"
        figures[str(row["quantity"])] = Figure("box", (f"images:{row['quantity']}:group",), f"One dot an image{told}")
    notes = _about_units(rows, distinct, units, run)
    return {"comparison": comparison, "effects": effects, "groups": summaries}, figures, notes


def _units(rows: Sequence[Mapping[str, Any]], column: str, distinct: Sequence[str]) -> dict[str, np.ndarray]:
    """The values of each group: one an image, or one a specimen where specimens are named."""
    found = {}
    for name in distinct:
        here = [row for row in rows if row.get("group") == name and row[column] is not None]
        own = [row.get("specimen") or f"file {row['file']}" for row in here]
        found[name] = comparing.unit_means(np.array([row[column] for row in here], float), own)
    return found


def _pairs(distinct: Sequence[str], reference: str | None) -> list[tuple[str, str]]:
    if reference is None and len(distinct) <= PAIRS_OF_ALL:
        return list(itertools.combinations(distinct, 2))
    first = reference or distinct[0]
    return [(first, name) for name in distinct if name != first]


def _effect(column: str, a: str, b: str, found: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """How much larger ``b`` is than ``a``, in the quantity's own unit and without one."""
    first, second = found[a], found[b]
    row: dict[str, Any] = {"quantity": column, "groups": f"{a} → {b}"}
    measures: dict[str, Estimate] = {
        "difference": comparing.difference(first, second),
        "hedges_g": comparing.hedges_g(first, second),
        "cliffs_delta": comparing.cliffs_delta(first, second),
    }
    for name, estimate in measures.items():
        row |= {name: estimate.value, f"{name}_low": _known(estimate.low), f"{name}_high": _known(estimate.high)}
    return row


def _summary(run: Run, column: str, name: str, values: np.ndarray) -> dict[str, Any]:
    told = comparing.summary(values, rng=run.rng(f"{column} of {name}"))
    row: dict[str, Any] = {"quantity": column, "group": name, "n": told.count}
    for kind, estimate in (("mean", told.mean), ("median", told.median)):
        row |= {kind: estimate.value, f"{kind}_low": _known(estimate.low), f"{kind}_high": _known(estimate.high)}
    return row | {"sd": told.sd}


def _known(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _about_units(
    rows: Sequence[Mapping[str, Any]], distinct: Sequence[str], units: Mapping[str, Mapping[str, np.ndarray]], run: Run
) -> list[str]:
    """What counts as one observation, and how much so few of them can tell."""
    named = any(row.get("specimen") for row in rows)
    one = "specimen" if named else "image"
    how = "images of one are averaged" if named else "name specimens in the table of groups if several images show one"
    notes = [f"one {one} counts once, whatever its number of particles; {how}"]
    if not units:
        return [*notes, "no quantity is known in two groups, so nothing is compared"]
    largest = {name: max(len(found[name]) for found in units.values()) for name in distinct}
    for name in (name for name, count in largest.items() if count == 1):
        notes.append(f"group {name} has one {one}: no interval of it can be had")
    least = comparing.smallest_p([count for count in largest.values() if count], rng=run.rng("smallest p"))
    if least is not None and least * len(units) > LEVEL and max(largest.values()) > 1:
        sizes = ", ".join(f"{count} in {name}" for name, count in largest.items())
        notes.append(
            f"with {sizes} no difference can give p below {least:.2g}, or p_holm below {min(1.0, least * len(units)):.2g}:"
            f" more {one}s or fewer quantities would tell more, and the effect sizes hold all the same"
        )
    notes.append(
        f"p permutes the ranks of all groups; p_holm is corrected for the {len(units)} quantities, the intervals are not"
    )
    return notes


def _problems(skipped: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], distinct: Sequence[str]) -> list[str]:
    notes = []
    if skipped:
        listed = "; ".join(str(row["reason"]) for row in skipped[:3]) + ("; ..." if len(skipped) > 3 else "")
        notes.append(f"{len(skipped)} left out: {listed}")
    without = sum(not row.get("group") for row in rows)
    if len(distinct) > 1 and without:
        notes.append(f"{without} image(s) have no group: they stand in the table and are not compared")
    scaled = sum(row.get("pixel_size_nm") is not None for row in rows)
    if 0 < scaled < len(rows):
        notes.append(
            f"{len(rows) - scaled} of {len(rows)} images have no scale: lengths in px and in nm stand in different columns"
        )
    elif scaled == 0:
        notes.append("no image has a scale, so lengths are in pixels and compare only at the same magnification")
    return notes


def _contact(run: Run, shown: Sequence[tuple[str, Report]]) -> None:
    """The outlined images, small, side by side, to check by eye."""
    tiles = []
    for name, report in shown[:SHOWN]:
        with Image.open(run.path_of(report, "overlay")) as image:
            tiles.append(captioned(image, (name,), side_px=TILE_PX))
    grid(tiles, columns=ACROSS).save(run.file("contact.png"))
