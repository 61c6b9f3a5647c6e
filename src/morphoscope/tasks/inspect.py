"""What a file is: a picture of it, its scale, the instrument's conditions and how good it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Curve, Figure, LabelMap, Micrograph, Param, Pattern, PixelSize, Quantity, Report, Run, Stack, Trajectory
from ..io import read
from ..measure import databar
from ..measure.quality import quality
from .pictures import save_picture, stretched

UNITS = {
    "kv": "kV",
    "mm": "mm",
    "um": "µm",
    "nm": "nm",
    "s": "s",
    "us": "µs",
    "deg": "deg",
    "pa": "pA",
    "na": "nA",
    "k": "K",
    "px": "px",
}
"""Last word of a condition's name, and the unit it stands for."""


def inspect(run: Run, file: Annotated[Path, Param("any file that can be read, or a folder of frames", accepts="any")]) -> Report:
    """What a file is: size, depth, scale and where it comes from, instrument, conditions, quality."""
    noun = read(file, nan="mask")
    answer: dict[type, Any] = {
        Micrograph: _micrograph,
        Stack: _stack,
        Pattern: _pattern,
        Curve: _curve,
        LabelMap: _labels,
        Trajectory: _trajectory,
    }
    report: Report = answer[type(noun)](run, noun)
    return replace(report, title=f"{file.name}: {report.title}")


def _micrograph(run: Run, image: Micrograph) -> Report:
    row = image.data_bar_row_px if image.data_bar_row_px is not None else databar.find(image.pixels)
    image = replace(image, data_bar_row_px=row)
    values = {
        "width_px": Quantity(image.width_px, "px"),
        "height_px": Quantity(image.height_px, "px"),
        "bits": Quantity(image.bits, "bit"),
    }
    if row is not None:
        values["data_bar_row_px"] = Quantity(int(row), "px")
    values |= _scale(image.above_data_bar(), image.pixel_size)
    conditions, texts = _conditions(image)
    return Report(
        title=f"micrograph of {image.width_px} x {image.height_px} pixels",
        values=values | conditions | _quality(image),
        curves={"grey_levels": _histogram(image.above_data_bar())},
        figures={
            "thumbnail": Figure("image", ("thumbnail",), "The whole image"),
            "grey_levels": Figure("line", ("grey_levels",), "Share of the specimen's pixels at each grey level"),
        },
        files={"thumbnail": save_picture(run, "thumbnail.png", stretched(image))},
        notes=(*_scale_notes(image), *texts, *image.notes),
    )


def _scale(specimen: Micrograph, size: PixelSize | None) -> dict[str, Quantity]:
    """Pixel size and field of view, where known; the interval where the source states its error."""
    if size is None:
        return {}
    half = None if not size.relative_error else 1.96 * size.relative_error

    def length(value: float) -> Quantity:
        return Quantity(value, "nm") if half is None else Quantity(value, "nm", value * (1 - half), value * (1 + half))

    height_nm, width_nm = specimen.extent_nm
    known = {"pixel_size_nm": length(size.x_nm)}
    if not size.square:
        known["pixel_size_y_nm"] = length(size.y_nm)
    return known | {"field_width_nm": length(width_nm), "field_height_nm": length(height_nm)}


def _scale_notes(image: Micrograph) -> tuple[str, ...]:
    if image.pixel_size is None:
        return ("scale: unknown; give pixel_size_nm by hand, or read the scale bar",)
    return (f"scale: {image.pixel_size.origin}",)


def _conditions(image: Micrograph) -> tuple[dict[str, Quantity], tuple[str, ...]]:
    """Numbers with the unit that ends their name, and the rest as text."""
    numbers: dict[str, Quantity] = {}
    texts: list[str] = []
    for name, value in image.conditions.items():
        if isinstance(value, str):
            texts.append(f"{name.replace('_', ' ')}: {value}")
        else:
            numbers[name] = Quantity(float(value), UNITS.get(name.rsplit("_", 1)[-1], ""))
    return numbers, tuple(texts)


def _quality(image: Micrograph) -> dict[str, Quantity]:
    found = quality(image)
    return {
        "sharpness": Quantity(found.sharpness, "rad/px"),
        "noise": Quantity(found.noise, "of full scale"),
        "signal_to_noise": Quantity(found.snr),
        "saturation_low": Quantity(found.saturation_low),
        "saturation_high": Quantity(found.saturation_high),
        "charging": Quantity(found.charging),
    }


def _histogram(image: Micrograph) -> Curve:
    """Share of the pixels in each of 256 levels between the darkest and the brightest possible."""
    counted = image.pixels if image.mask is None else image.pixels[image.mask]
    level = np.clip(np.rint(counted * 255), 0, 255).astype(int)
    share = np.bincount(level.ravel(), minlength=256) / max(1, level.size)
    return Curve(image.offset + image.gain * np.arange(256) / 255, share, "grey level", "share of pixels", x_unit=image.unit)


def _stack(run: Run, stack: Stack) -> Report:
    first = _micrograph(run, stack[0])
    values = {"frames": Quantity(len(stack))} | dict(first.values)
    if stack.spacing_nm is not None:
        values["spacing_nm"] = Quantity(stack.spacing_nm, "nm")
    if stack.times_s is not None and len(stack) > 1 and stack.times_s[-1] > stack.times_s[0]:
        values["frame_rate_hz"] = Quantity((len(stack) - 1) / (stack.times_s[-1] - stack.times_s[0]), "Hz")
    mean = np.array([float(frame.raw().mean()) for frame in stack])
    series = Curve(np.arange(len(stack), dtype=float), mean, stack.axis, "mean grey level", y_unit=stack[0].unit)
    notes = [f"axis: {stack.axis}", "quality and thumbnail are the first frame's", *stack.notes, *first.notes]
    if stack.names:
        notes.append(f"frames: {', '.join(stack.names)}")
    if len({frame.pixels.shape for frame in stack}) > 1:
        notes.append("frames differ in size: " + ", ".join(f"{frame.width_px} x {frame.height_px} px" for frame in stack))
    return replace(
        first,
        title=f"{len(stack)} frames along {stack.axis}",
        values=values,
        curves={**first.curves, "mean_grey": series},
        figures={**first.figures, "mean_grey": Figure("line", ("mean_grey",), "Mean grey level of each frame")},
        notes=tuple(notes),
    )


def _pattern(run: Run, pattern: Pattern) -> Report:
    height, width = pattern.intensity.shape
    values = {
        "width_px": Quantity(width, "px"),
        "height_px": Quantity(height, "px"),
        "masked_share": Quantity(float(1 - pattern.valid.mean())),
    }
    if pattern.q_per_nm is not None and pattern.valid.any():
        q = pattern.q_per_nm[pattern.valid]
        values |= {"q_min_per_nm": Quantity(float(q.min()), "1/nm"), "q_max_per_nm": Quantity(float(q.max()), "1/nm")}
    if pattern.centre_px is not None:
        row, column = pattern.centre_px
        values |= {"centre_row_px": Quantity(float(row), "px"), "centre_column_px": Quantity(float(column), "px")}
    notes = list(pattern.notes)
    if pattern.q_per_nm is None:
        notes.append("scale: the file does not know its scattering vectors q")
    return Report(
        title=f"scattering pattern of {width} x {height} pixels",
        values=values,
        figures={"thumbnail": Figure("image", ("thumbnail",), "Intensity, logarithmic")},
        files={"thumbnail": save_picture(run, "thumbnail.png", _logarithmic(pattern))},
        notes=tuple(notes),
    )


def _logarithmic(pattern: Pattern) -> np.ndarray:
    """Intensity between its 5th and 99.9th percentile on a logarithmic scale; what did not count is black."""
    positive = pattern.valid & (pattern.intensity > 0)
    shown = np.zeros(pattern.intensity.shape)
    if positive.any():
        level = np.log(pattern.intensity[positive])
        low, high = np.percentile(level, [5, 99.9])
        shown[positive] = (level - low) / max(float(high - low), 1e-12)
    return shown


def _curve(_: Run, curve: Curve) -> Report:
    finite = curve.x[np.isfinite(curve.x)]
    values = {"points": Quantity(len(curve))}
    if finite.size:
        values |= {"x_min": Quantity(float(finite.min()), curve.x_unit), "x_max": Quantity(float(finite.max()), curve.x_unit)}
    return Report(
        title=f"curve {curve.y_name} of {curve.x_name}, {len(curve)} points",
        values=values,
        curves={"curve": curve},
        figures={"curve": Figure("line", ("curve",), f"{curve.y_name} of {curve.x_name}")},
        notes=curve.notes,
    )


def _labels(run: Run, labels: LabelMap) -> Report:
    *_, height, width = labels.labels.shape
    present = np.unique(labels.labels)
    values = {"width_px": Quantity(width, "px"), "height_px": Quantity(height, "px"), "labels": Quantity(len(present))}
    if labels.pixel_size is not None:
        values["pixel_size_nm"] = Quantity(labels.pixel_size.x_nm, "nm")
    plane = labels.labels if labels.labels.ndim == 2 else labels.labels[len(labels.labels) // 2]
    shown = np.searchsorted(present, plane) / max(1, len(present) - 1)
    return Report(
        title=f"map of {len(present)} labels",
        values=values,
        figures={"thumbnail": Figure("image", ("thumbnail",), "Labels as grey levels")},
        files={"thumbnail": save_picture(run, "thumbnail.png", shown)},
    )


def _trajectory(_: Run, trajectory: Trajectory) -> Report:
    frames, particles, axes = trajectory.positions.shape
    box = {f"box_{'xyz'[k]}": Quantity(float(trajectory.lengths[0, k]), trajectory.unit) for k in range(axes)}
    span = float(trajectory.times[-1] - trajectory.times[0]) if frames else 0.0
    values = {"frames": Quantity(frames), "particles": Quantity(particles), "duration": Quantity(span, trajectory.time_unit)}
    return Report(title=f"trajectory of {particles} particles, {frames} frames", values=values | box)
