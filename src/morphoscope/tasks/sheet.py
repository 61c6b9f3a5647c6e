"""One page that answers for one image, and one table and comparison that answer for many."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from PIL import Image
from scipy import ndimage

from ..core import Curve, Figure, LabelMap, Micrograph, Param, Report, Run
from ..core.report import FigureKind
from ..errors import BadParameter, InputError
from ..io import read, read_micrograph
from ..measure.particles import POLARITIES
from ..measure.size_distribution import FEWEST
from . import sheet_folder
from .parameters import KeepPrint, PixelSizeByHand, Threshold
from .pictures import ACCENT, BLUE, save_picture, stretched, tinted
from .prepare import EitherPhase, LengthUnit, ScaleBar, Smoothing

PALE = (255, 217, 102)
PICTURE_PX = 1600
NOISY = 2.0
"""Signal to noise below which the sheet warns."""
SATURATED = 0.02
TOO_FINE = 0.15
"""Share of the picture above which outlines would hide it."""
STRUCTURES = ("auto", "particles", "phases")
COVERED = 0.25
"""Share of the phase that particles must cover to be the structure of the image."""

SHOWN: dict[str, tuple[str, ...]] = {
    "measure particles": ("count", "d_mean", "d10", "d50", "d90", "d_sd", "number_per_area", "share_below_100_nm"),
    "measure two-point": ("area_fraction", "correlation_length", "interface_per_area"),
    "measure lineal-path": ("mean_chord_x", "mean_chord_y"),
    "measure morphology": ("thickness_mean", "anisotropy"),
    "measure spectrum": ("period", "coherence_length", "order_parameter"),
}
"""What of each task's values stands on the sheet; lengths of particles have their unit in the name."""


def sheet(
    run: Run,
    files: Annotated[tuple[Path, ...], Param("one image for a page; several, or folders, for a table", accepts="any")],
    *,
    pixel_size_nm: PixelSizeByHand = None,
    scale_bar: ScaleBar = "missing",
    unit: LengthUnit = "auto",
    keep_print: KeepPrint = False,
    phase: EitherPhase = "auto",
    threshold: Threshold = None,
    smooth_px: Smoothing = 1.0,
    polarity: Annotated[str, Param("whether particles are brighter or darker", choices=POLARITIES)] = "auto",
    structure: Annotated[
        str, Param("separate particles, or phases alone; auto asks how much of a phase the particles cover", choices=STRUCTURES)
    ] = "auto",
    groups: Annotated[
        Path | None, Param("table (CSV) with columns file, group and, if images share one, specimen", accepts="file")
    ] = None,
    names: Annotated[str | None, Param("groups from file names, such as '{group}_{specimen}_*'")] = None,
    compare: Annotated[tuple[str, ...], Param("quantities to compare; the main ones by default")] = (),
    reference: Annotated[str | None, Param("the group that the others are compared with")] = None,
) -> Report:
    """
    One image on one page: picture, scale and how it was known, sizes, correlations, spectrum, phases, numbers with intervals.

    Several images or folders make one table (CSV and Parquet), and a comparison of their groups: sub-folders, or what a
    table or the file names say. An image that cannot be measured is named and left out.
    """
    settings = {
        "pixel_size_nm": pixel_size_nm,
        "scale_bar": scale_bar,
        "unit": unit,
        "keep_print": keep_print,
        "phase": phase,
        "threshold": threshold,
        "smooth_px": smooth_px,
    }
    if len(files) == 1 and not files[0].is_dir():
        if groups is not None or names is not None or compare or reference is not None:
            raise BadParameter("one image cannot be compared; give several images, or folders of images, with groups")
        return _one(run, files[0], settings, polarity, structure)
    shared = {**settings, "polarity": polarity, "structure": structure}
    return sheet_folder.table(run, files, shared, groups=groups, names=names, compare=compare, reference=reference)


def _one(run: Run, image: Path, settings: Mapping[str, Any], polarity: str, structure: str) -> Report:
    total = 3 + len(SHOWN)
    run.progress(0, total, "scale and print")
    ready = run.ask("prepare", image, **settings)
    facts = ready.tables["prepared"][0]
    source = f"run:{ready.run}/{ready.files['prepared']}"
    as_it_is = {"keep_print": True}  # prepare has masked it
    same = {**as_it_is, "threshold": ready.values["threshold"].value, "phase": facts["phase"], "smooth_px": settings["smooth_px"]}
    asked: dict[str, dict[str, Any]] = {
        "measure particles": {**as_it_is, "polarity": polarity, "unit": settings["unit"]},
        "measure two-point": same,
        "measure lineal-path": same,
        "measure morphology": same,
        "measure spectrum": as_it_is,
    }
    if structure == "phases":
        del asked["measure particles"]
    answers: dict[str, Report] = {}
    missing: list[str] = []
    for done, (task, given) in enumerate(asked.items(), 1):
        run.progress(done, total, task)
        _ask(run, task, source, given, answers, missing)
    run.progress(total - 2, total, "measure phases")
    inputs = {"mask": f"run:{ready.run}/{ready.files['mask']}", "tortuous": "none"}
    _ask(run, "measure phases", f"run:{ready.run}/{ready.files['phases']}", inputs, answers, missing)
    run.progress(total - 1, total, "picture")
    if structure == "auto" and "measure particles" in answers:
        covered = _covered(run, ready, answers["measure particles"])
        if covered < COVERED:
            del answers["measure particles"]
            missing.append(
                f"particles left out: they would cover {100 * covered:.2g} % of the phase, so it is not made of them;"
                " structure=particles shows them"
            )
    return _report(run, image, ready, answers, missing)


def _covered(run: Run, ready: Report, particles: Report) -> float:
    """Area of the particles over that of the rarer phase."""
    inside, labels = _labels(run.path_of(ready, "phases")) > 0, _particles(run, particles)
    return float((labels > 0).sum() / max(1, min(inside.sum(), (~inside).sum())))


def _ask(run: Run, task: str, source: str, given: Mapping[str, Any], answers: dict[str, Report], missing: list[str]) -> None:
    """Ask ``task``; what cannot be measured is a sentence and not the end of the page."""
    try:
        answers[task] = run.ask(task, source, seed=run.seed, **given)
    except InputError as error:
        missing.append(f"{task.removeprefix('measure ')} left out: {error}")


def _report(run: Run, image: Path, ready: Report, answers: Mapping[str, Report], missing: Iterable[str]) -> Report:
    seen = read_micrograph(run.path_of(ready, "prepared"))
    unit = "px" if seen.pixel_size is None else "nm"
    facts = ready.tables["prepared"][0]
    files, caption = _pictures(run, seen, ready, answers, facts["phase"])
    values = {name: ready.values[name] for name in ("pixel_size_nm", "field_width_nm", "field_height_nm") if name in ready.values}
    if unit == "px":
        values = {name: ready.values[name] for name in ("width_px", "height_px")}
    for task, names in SHOWN.items():
        if task in answers:
            known = answers[task].values
            values |= {name: known[name] for short in names for name in (short, f"{short}_{unit}") if name in known}
    values |= {name: ready.values[name] for name in ("signal_to_noise", "print_share")}
    curves = _curves(answers)
    tables, figures = _figures(answers, curves, unit)
    if "measure particles" not in answers and "measure spectrum" in answers:
        shutil.copyfile(run.path_of(answers["measure spectrum"], "power"), run.file("power.png"))
        files["power"] = "power.png"
        figures["power"] = Figure("image", ("power",), "Power by wave vector")
    if "measure phases" in answers:
        tables["phases"] = _phases(answers["measure phases"], facts["phase"])
    tables["made_from"] = [{"task": report.task, "run": report.run} for report in (ready, *answers.values())]
    return Report(
        title=image.name,
        values=values,
        curves=curves,
        tables=tables,
        figures={
            "overlay": Figure("image", ("overlay",), caption),
            "phase": Figure("image", ("phase",), f"The {facts['phase']} phase, coloured; blue is left out"),
            **figures,
        },
        files=files,
        notes=(
            *ready.notes[:1],
            *([f"taken: {facts['taken']}"] if facts["taken"] else []),
            *ready.notes[1:],
            *missing,
            *_warnings(ready, answers),
            *_method(ready, answers, facts),
        ),
        cites=tuple(dict.fromkeys(cite for report in answers.values() for cite in report.cites)),
    )


def _pictures(run: Run, seen: Micrograph, ready: Report, answers: Mapping[str, Report], phase: str) -> tuple[dict[str, str], str]:
    """The image with outlines and its phases in colour, both with a true scale bar; and what the first one shows."""
    grey = np.clip(stretched(seen), 0, 1)
    inside = _labels(run.path_of(ready, "phases"))
    left_out = np.zeros(grey.shape, bool) if seen.mask is None else ~seen.mask
    pixel_nm = None if seen.pixel_size is None else seen.pixel_size.x_nm
    thick = max(1, round(max(grey.shape) / 640))
    colour = tinted(grey, left_out, colour=BLUE)
    particles = answers.get("measure particles")
    if particles is None:
        outlined = _outlined(colour, inside, thick, ACCENT)
        fine = float((outlined != colour).any(axis=2).mean()) > TOO_FINE
        colour, said = (
            (colour, "As measured; the phases are too fine to outline") if fine else (outlined, f"The {phase} phase outlined")
        )
    else:
        labels = _particles(run, particles)
        cut = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        at_rim = np.isin(labels, cut[cut > 0])
        colour = _outlined(colour, np.where(at_rim, 0, labels), thick, ACCENT)
        colour = _outlined(colour, np.where(at_rim, labels, 0), thick, PALE)
        count = int(labels.max(initial=0))
        said = f"{count} particle{'' if count == 1 else 's'} outlined" + (
            "; yellow where the rim cuts them" if at_rim.any() else ""
        )
    said += "; blue is print, left out" if left_out.any() else ""
    on_left = _busier_right(left_out)
    save_picture(run, "overlay.png", colour, longest_px=PICTURE_PX, pixel_nm=pixel_nm, on_left=on_left)
    both = tinted(tinted(grey, (inside > 0) & ~left_out), left_out, colour=BLUE)
    save_picture(run, "phase.png", both, longest_px=PICTURE_PX // 2, pixel_nm=pixel_nm, on_left=on_left)
    return {"overlay": "overlay.png", "phase": "phase.png"}, said


def _busier_right(left_out: np.ndarray) -> bool:
    """Whether the lower right corner holds more print than the lower left one."""
    corner = left_out[-left_out.shape[0] // 5 :]
    half = left_out.shape[1] // 3
    return bool(corner[:, -half:].sum() > corner[:, :half].sum())


def _labels(path: Path) -> np.ndarray:
    found = read(path)
    return found.labels if isinstance(found, LabelMap) else np.zeros((0, 0), np.uint8)


def _particles(run: Run, answer: Report) -> np.ndarray:
    return np.asarray(Image.open(run.path_of(answer, "labels")))


def _outlined(plane: np.ndarray, labels: np.ndarray, thick: int, colour: tuple[int, int, int]) -> np.ndarray:
    """``plane`` with the inner outline of every label, ``thick`` pixels wide."""
    size = 2 * thick + 1
    edge = ndimage.minimum_filter(labels, size, mode="nearest") != ndimage.maximum_filter(labels, size, mode="nearest")
    return tinted(plane, edge & (labels > 0), strength=1.0, colour=colour)


def _curves(answers: Mapping[str, Report]) -> dict[str, Curve]:
    """The curves of the page; chords where there are no particles to show."""
    wanted = {
        "measure particles": ("by_number",),
        "measure two-point": ("S2",),
        "measure lineal-path": ("L_x", "L_y", "chord_lengths_x", "chord_lengths_y"),
        "measure spectrum": ("S",),
        "measure morphology": ("thickness",),
    }
    if "measure particles" in answers:
        wanted["measure lineal-path"] = ("L_x", "L_y")
    return {
        name.replace("chord_lengths", "chords"): answers[task].curves[name]
        for task, names in wanted.items()
        if task in answers
        for name in names
        if name in answers[task].curves
    }


def _figures(
    answers: Mapping[str, Report], curves: Mapping[str, Curve], unit: str
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Figure]]:
    tables: dict[str, list[dict[str, Any]]] = {}
    figures: dict[str, Figure] = {}
    bins = _histogram(answers["measure particles"], unit) if "measure particles" in answers else []
    if bins:
        tables["sizes"] = bins
        figures["sizes"] = Figure("bar", ("sizes",), "Sizes of whole particles")
    drawn: dict[str, tuple[FigureKind, tuple[str, ...], str]] = {
        "by_number": ("line", ("by_number",), "Sizes, cumulative by number"),
        "S2": ("band", ("S2",), "Two-point correlation S2(r)"),
        "L": ("band", ("L_x", "L_y"), "Lineal path L(z)"),
        "chords": ("line", ("chords_x", "chords_y"), "Chord lengths, by number"),
        "S": ("band", ("S",), "Power spectrum S(q)"),
        "thickness": ("line", ("thickness",), "Local thickness, cumulative"),
    }
    for name, (kind, data, caption) in drawn.items():
        if there := tuple(curve for curve in data if curve in curves):
            figures[name] = Figure(kind, there, caption)
    return tables, figures


def _histogram(particles: Report, unit: str) -> list[dict[str, Any]]:
    """Whole particles by diameter, each counted by its weight; nothing for fewer than can have a distribution."""
    name = f"diameter_{unit}"
    rows = [row for row in particles.tables.get("particles", ()) if not row["at_edge"]]
    if len(rows) < 2 * FEWEST:
        return []
    sizes = np.array([row[name] for row in rows])
    weights = np.array([row.get("weight", 1.0) for row in rows])
    bins = int(np.clip(len(np.histogram_bin_edges(sizes, "fd")) - 1, 5, 24))
    counts, edges = np.histogram(sizes, bins=bins, weights=weights)
    return [
        {name: float(middle), "particles": round(float(count), 3)}
        for middle, count in zip((edges[:-1] + edges[1:]) / 2, counts, strict=True)
    ]


def _phases(answer: Report, phase: str) -> list[dict[str, Any]]:
    """The table of phases with their names in place of labels."""
    other = "dark" if phase == "bright" else "bright"
    return [{"phase": phase if row["label"] else other, **row} for row in answer.tables["phases"]]


def _warnings(ready: Report, answers: Mapping[str, Report]) -> list[str]:
    """What a reader should know before trusting the numbers."""
    found = []
    noise = ready.values["signal_to_noise"].value
    if noise is not None and noise < NOISY:
        found.append(f"the image is noisy (signal to noise {noise:.2g}): look at the outlines before using the numbers")
    for end in ("low", "high"):
        share = ready.values[f"saturation_{end}"].value or 0.0
        if share > SATURATED:
            found.append(
                f"{100 * share:.2g} % of the pixels are pure {'black' if end == 'low' else 'white'}: detail is lost there"
            )
    for task, answer in answers.items():
        if task in ("measure particles", "measure two-point", "measure spectrum"):
            found += [note for note in answer.notes if _is_warning(note)]
    return list(dict.fromkeys(found))


def _is_warning(note: str) -> bool:
    return not note.startswith(
        ("scale", "the scale itself", "intervals:", "particles are", "normal_angle", "pixels are not square")
    )


def _method(ready: Report, answers: Mapping[str, Report], facts: Mapping[str, Any]) -> list[str]:
    """How the numbers came about, for those who check."""
    level = ready.values["threshold"].value or 0.0
    said = [
        f"method: {facts['phase']} phase above {level:.3g}"
        if facts["phase"] == "bright"
        else f"method: dark phase up to {level:.3g}"
    ]
    said[0] += " of full scale after smoothing; intervals are 95 % and hold what varies within this image, not between specimens"
    if "pixel_size_nm" in ready.values and ready.values["pixel_size_nm"].low is not None:
        said.append("method: the error of the scale is in the intervals of particle sizes, not in those of other lengths")
    if "measure particles" in answers:
        said += [f"method: {note}" for note in answers["measure particles"].notes if note.startswith("particles are")]
    return said
