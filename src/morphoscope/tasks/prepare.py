"""What every measurement of a micrograph needs first: its scale, what of it is specimen, and where its two phases are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import Image

from ..core import Figure, LabelMap, Micrograph, Param, PixelSize, Quantity, Report, Run
from ..errors import InputError, MissingDependency, MissingPixelSize
from ..io import read_micrograph, write
from ..measure import annotations as printing
from ..measure import scalebar
from ..measure.quality import quality
from ..measure.scalebar import ocr
from .parameters import KeepPrint, PixelSizeByHand, Threshold, calibrated, specimen
from .pictures import BLUE, save_picture, stretched, tinted
from .structure import Structure, follow

ScaleBar = Annotated[
    str,
    Param("when the printed scale bar is read: if the file has no scale, always (to compare), never",
          choices=("missing", "always", "never")),
]  # fmt: skip
EitherPhase = Annotated[
    str, Param("which phase to follow; auto takes the one of the smaller area", choices=("auto", "bright", "dark"))
]
Smoothing = Annotated[float, Param("Gaussian smoothing before the two phases are told apart", unit="px", low=0, high=100)]
LengthUnit = Annotated[str, Param("unit of lengths; nm where the scale is known", choices=("auto", "nm", "px"))]

MOST_PRINT = 0.5
"""Share of the image above which what was taken for print is more likely specimen."""
SETTINGS = {"voltage_kv": "kV", "working_distance_mm": "mm working distance", "magnification": "x"}
BAR_ERROR_PX = 0.5
"""Standard error of a printed bar's length, as found on rendered ones."""


def prepare(
    run: Run,
    image: Annotated[Path, Param("micrograph", accepts="file")],
    *,
    pixel_size_nm: PixelSizeByHand = None,
    scale_bar: ScaleBar = "missing",
    unit: LengthUnit = "auto",
    keep_print: KeepPrint = False,
    phase: EitherPhase = "auto",
    threshold: Threshold = None,
    smooth_px: Smoothing = 1.0,
) -> Report:
    """
    A micrograph ready to be measured: its scale found, its data bar cut off, its print masked, its phases told apart.

    The scale given by hand wins, then what the file knows, then the printed scale bar. The file ``prepared`` keeps
    scale and mask for every other task, ``mask`` is the mask as a picture and ``phases`` the two phases as labels.
    """
    whole = read_micrograph(image, nan="mask")
    if whole.pixels.min() == whole.pixels.max():
        level = float(whole.pixels.max())
        what = "black" if level == 0 else "white" if level == 1 else f"of one grey level ({level:.3g})"
        raise InputError(f"{whole.name}: the image is all {what}, so there is nothing to measure")
    run.progress(0, 3, "scale")
    asks = "never" if pixel_size_nm is not None else scale_bar
    reads = asks != "never" and whole.pixel_size is None
    whole, notes = _scaled(calibrated(whole, pixel_size_nm), asks)
    if unit == "nm" and whole.pixel_size is None:
        raise MissingPixelSize(f"{whole.name}: {notes[0]}; give pixel_size_nm, or ask for unit=px")
    seen = specimen(whole if unit != "px" else replace(whole, pixel_size=None), keep_print=True)
    if (cut := whole.height_px - seen.height_px) > 0:
        notes.append(f"the lowest {cut} rows are a data bar and are left out")
    run.progress(1, 3, "print")
    printed = 0.0
    if not keep_print:
        seen, printed, more = _without_print(whole, seen, words=reads)
        notes += more
    run.progress(2, 3, "phases")
    followed = phase if phase != "auto" else "bright"
    plane = Structure(seen.name, seen.pixels, seen.mask, seen.pixel_size_nm or (1.0, 1.0), "px", ())
    found = follow(plane, threshold=threshold, phase=followed, label=None, smooth_px=smooth_px)
    inside, level = found.inside, found.level or 0.0
    counted = inside if seen.mask is None else inside[seen.mask]
    if phase == "auto" and counted.mean() > 0.5:
        followed, inside = "dark", ~inside
    return _report(run, whole, seen, inside, followed, level, printed, notes)


def _scaled(micrograph: Micrograph, scale_bar: str) -> tuple[Micrograph, list[str]]:
    """``micrograph`` with its scale where it can be known, and how it was known."""
    known = micrograph.pixel_size
    if scale_bar == "never" or (known is not None and scale_bar == "missing"):
        return micrograph, [_told(known) if known is not None else "no scale in the file, and its scale bar was not asked for"]
    try:
        bar = scalebar.read(micrograph)
    except MissingDependency as error:
        reason = f"no scale in the file, and its scale bar was not read: {error}"
        return micrograph, [_told(known), f"the printed scale bar was not compared: {error}"] if known else [reason]
    if bar.pixel_size_nm is None or bar.length_px is None:
        said = f"its scale bar gives no answer: {bar.reason}"
        return micrograph, [_told(known), said] if known else [f"no scale in the file, and {said}"]
    says = f"{bar.value_nm:g} nm = {bar.length_px:.1f} px, read with confidence {bar.confidence:.2f}"
    if known is not None:
        apart = abs(bar.pixel_size_nm / known.x_nm - 1)
        return micrograph, [_told(known), f"the printed scale bar ({says}) agrees to {100 * apart:.2g} %"]
    found = PixelSize(bar.pixel_size_nm, bar.pixel_size_nm, f"scale bar: {says}", BAR_ERROR_PX / bar.length_px)
    return micrograph.with_scale(found), [_told(found)]


def _told(size: PixelSize | None) -> str:
    if size is None:
        return "unknown"
    nm = f"{size.x_nm:.5g} nm" if size.square else f"{size.x_nm:.5g} nm wide and {size.y_nm:.5g} nm high"
    origin = "given by hand" if size.origin == "given" else size.origin
    error = f", to {100 * size.relative_error:.2g} %" if size.relative_error else ""
    return f"a pixel is {nm}{error} ({origin})"


def _without_print(whole: Micrograph, seen: Micrograph, *, words: bool) -> tuple[Micrograph, float, list[str]]:
    """
    ``seen`` with its print masked, the print's share of the area, and what there is to say about it.

    ``words`` are looked for as well in pictures that no instrument's file came with, which journals label.
    """
    reader = ocr.engine() if words and ocr.INSTALLED else None
    for how in (reader, None) if reader is not None else (None,):
        printed = printing.find(whole, reader=how)
        mask = printed.mask[: seen.height_px]
        if mask.mean() <= MOST_PRINT:
            break
    kinds = ", ".join(sorted({kind for kind, (_, top, _, _) in printed.parts if top < seen.height_px}))
    if not mask.any() or not kinds:
        return seen, 0.0, []
    share = float(mask.mean())
    left = ~mask if seen.mask is None else seen.mask & ~mask
    if share > MOST_PRINT or not left.any() or np.ptp(seen.pixels[left]) == 0:
        return seen, 0.0, [f"{100 * share:.0f} % of the image look like print, which cannot be, so nothing was left out"]
    said = f"print left out, blue in the picture: {100 * share:.2g} % of the area ({kinds})"
    masked = replace(seen, mask=left, history=(*seen.history, "without(print)"))
    return masked, share, [said]


def _taken(image: Micrograph) -> str:
    """The instrument and its settings as one line."""
    known = image.conditions
    said = [str(known[name]) for name in ("vendor", "instrument", "detector") if name in known]
    said += [f"{float(known[name]):g} {unit}" for name, unit in SETTINGS.items() if isinstance(known.get(name), int | float)]
    return ", ".join([*said, *(str(known[name]) for name in ("date",) if name in known)])


def _report(
    run: Run,
    whole: Micrograph,
    seen: Micrograph,
    inside: np.ndarray,
    phase: str,
    level: float,
    printed: float,
    notes: list[str],
) -> Report:
    valid = np.ones(inside.shape, bool) if seen.mask is None else seen.mask
    named = replace(seen, source=whole.name)  # not the path, so that the same image gives the same file everywhere
    write(named, run.file("prepared.h5"))
    write(LabelMap(inside.astype(np.uint8), seen.pixel_size, source=whole.name), run.file("phases.h5"))
    Image.fromarray(np.where(valid, 255, 0).astype(np.uint8)).save(run.file("mask.png"))
    save_picture(run, "seen.png", tinted(stretched(seen), ~valid, colour=BLUE))
    merit = quality(seen)
    values = {"width_px": Quantity(seen.width_px, "px"), "height_px": Quantity(seen.height_px, "px")}
    values |= _lengths(seen)
    values |= {
        "print_share": Quantity(printed),
        "threshold": Quantity(level),
        "signal_to_noise": Quantity(merit.snr),
        "saturation_high": Quantity(merit.saturation_high),
        "saturation_low": Quantity(merit.saturation_low),
    }
    return Report(
        title=f"{whole.name}: ready to measure",
        values=values,
        tables={"prepared": [{"phase": phase, "scale": notes[0], "taken": _taken(whole)}]},
        figures={"seen": Figure("image", ("seen",), "What is measured; blue is left out")},
        files={"prepared": "prepared.h5", "mask": "mask.png", "phases": "phases.h5", "seen": "seen.png"},
        notes=(f"scale: {notes[0]}", *notes[1:], *whole.notes),
    )


def _lengths(seen: Micrograph) -> dict[str, Quantity]:
    """Pixel size, with its interval where its error is known, and field of view."""
    size = seen.pixel_size
    if size is None:
        return {}
    half = 1.96 * size.x_nm * size.relative_error if size.relative_error else None
    known = Quantity(size.x_nm, "nm") if half is None else Quantity(size.x_nm, "nm", size.x_nm - half, size.x_nm + half)
    field = {"field_width_nm": seen.width_px * size.x_nm, "field_height_nm": seen.height_px * size.y_nm}
    return {"pixel_size_nm": known, **{name: Quantity(value, "nm") for name, value in field.items()}}
