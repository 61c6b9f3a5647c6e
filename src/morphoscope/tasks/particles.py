"""Particles of a micrograph: how many, how large, of which shape, with intervals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np

from ..core import Micrograph, Param, Report, Run
from ..errors import InputError, UnreadableFile
from ..io import read_micrograph
from ..measure import annotations as print_on
from ..measure import particles as finding
from ..measure import shading, splitting
from ..measure.core_shell import thicknesses
from ..measure.particle_shapes import shapes, sizes_only
from .parameters import KeepPrint, PixelSizeByHand, calibrated, only_one, specimen
from .particle_report import Seen, report

MOST_LABELS = 65535
VARIED_PX = 1200
"""Side of the middle part in which particles are divided otherwise, to see what that changes."""


def measure(
    run: Run,
    image: Annotated[Path, Param("micrograph of particles", accepts="file")],
    *,
    mask: Annotated[Path | None, Param("image of the same size: white counts, black is left out", accepts="file")] = None,
    threshold: Annotated[str, Param("how particles are told from the ground", choices=finding.METHODS)] = "auto",
    polarity: Annotated[str, Param("whether particles are brighter or darker", choices=finding.POLARITIES)] = "auto",
    background: Annotated[str, Param("uneven illumination to take off", choices=shading.BACKGROUNDS)] = "none",
    smooth_px: Annotated[float | None, Param("Gaussian smoothing; by the noise unless given", unit="px", low=0, high=50)] = None,
    seeds: Annotated[str, Param("how particles are told from each other", choices=splitting.SEEDS)] = "necks",
    split: Annotated[float, Param("a neck narrower by this share divides two particles; 0 never", low=0, high=0.95)] = 0.2,
    grooves: Annotated[float, Param("dark grooves this deep, of the contrast, divide too; 0 never", low=0, high=1)] = 0.2,
    height_px: Annotated[float, Param("height of h-maxima of the distance to the ground", unit="px", low=0, open_low=True)] = 1.0,
    smallest_px: Annotated[float | None, Param("smallest diameter; 5 px by default", unit="px", low=0, high=1e4)] = None,
    smallest_nm: Annotated[float | None, Param("the same in nm", unit="nm", low=0, open_low=True)] = None,
    largest_px: Annotated[float, Param("largest diameter of blobs", unit="px", low=2, high=1e4)] = 60.0,
    debris: Annotated[float, Param("pieces smaller than this share of the typical diameter are dropped", low=0, high=1)] = 0.2,
    fill_holes: Annotated[bool, Param("hollow and pale cores belong to the particle")] = True,
    unit: Annotated[str, Param("unit of lengths; nm where the scale is known", choices=("auto", "nm", "px"))] = "auto",
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
) -> Report:
    """
    Count particles and measure size and shape of each: diameter, Feret, aspect, circularity, orientation, shell.

    Sizes are those of whole particles, weighted for the larger ones that the rim cuts more often. The
    intervals hold counting, the ways to divide touching particles, the outline and the scale, not what was
    found wrongly: look at the overlay.
    """
    only_one(smallest_px=smallest_px, smallest_nm=smallest_nm)
    whole = calibrated(masked(read_micrograph(image), mask), pixel_size_nm)
    if unit == "nm" or smallest_nm is not None:
        whole.scale()
    plain = specimen(whole if unit != "px" else replace(whole, pixel_size=None), keep_print=True)
    seen, printed = (plain, None) if keep_print else letters_apart(plain)
    least = smallest_nm / whole.scale().mean_nm if smallest_nm is not None else (5.0 if smallest_px is None else smallest_px)
    settings = finding.Settings(
        method=threshold,
        polarity=polarity,
        background=background,
        smooth_px=smooth_px,
        seeds=seeds,
        split=split,
        height_px=height_px,
        grooves=grooves,
        debris=debris,
        smallest_px=least,
        largest_px=largest_px,
        fill_holes=fill_holes,
    )
    run.progress(0, 3, "looking for particles")
    try:
        found = finding.find(seen.pixels.astype(np.float64), mask=seen.mask, printed=printed, settings=settings)
    except InputError as error:
        raise type(error)(f"{whole.name}: {error}") from None
    if found.count > MOST_LABELS:
        raise InputError(f"{whole.name}: {found.count} particles are more than a label image holds; raise smallest_px")
    run.progress(1, 3, "measuring shapes")
    return report(run, _measured(whole, seen, found, settings), advance=lambda: run.progress(2, 3, "intervals"))


def _measured(whole: Micrograph, seen: Micrograph, found: finding.Found, settings: finding.Settings) -> Seen:
    """Shapes and shells of what was found, and the sizes of the same particles divided otherwise."""
    grey, pixel, blur = seen.pixels.astype(np.float64), seen.pixel_size_nm or (1.0, 1.0), found.outline_px
    valid = np.ones(grey.shape, bool) if seen.mask is None else seen.mask
    rows = shapes(found.labels, grey=grey, pixel=pixel, mask=seen.mask, blur_px=blur)
    smooth, ground = found.ground.smooth, valid & (found.labels == 0)
    level = float(np.median(smooth[ground])) if ground.any() else 0.0
    shells = thicknesses(found.labels, smooth, ground=level, blur_px=found.ground.sigma_px)
    part = tuple(slice(max(0, (n - VARIED_PX) // 2), max(0, (n - VARIED_PX) // 2) + VARIED_PX) for n in grey.shape)
    cut = replace(
        found,
        labels=found.labels[part],
        ground=replace(found.ground, inside=found.ground.inside[part], smooth=smooth[part]),
        cores=found.cores[part],
        rims=found.rims[part],
    )
    same = sizes_only(splitting.only(cut.labels, np.ones(int(cut.labels.max(initial=0)), bool)), pixel=pixel, blur_px=blur)
    inside = valid[part]
    others = [
        sizes_only(labels, pixel=pixel, mask=inside, blur_px=blur)
        for labels in finding.variants(cut, valid=inside, settings=settings)
    ]
    return Seen(whole, seen, found, rows, shells, same, tuple(others))


def letters_apart(plain: Micrograph) -> tuple[Micrograph, np.ndarray]:
    """
    ``plain`` with boxes, bars and frames masked, and a map of all print.

    Letters are not masked: a saturated particle may look like one, and is kept where most of its piece is no print.
    """
    found = print_on.find(plain)
    mask = np.zeros(found.mask.shape, bool)
    parts = tuple((kind, box) for kind, box in found.parts if kind not in ("ink", "words"))
    for _, (left, top, right, bottom) in parts:
        mask[
            max(0, top - print_on.MARGIN_PX) : bottom + print_on.MARGIN_PX,
            max(0, left - print_on.MARGIN_PX) : right + print_on.MARGIN_PX,
        ] = True
    return print_on.without(plain, print_on.Print(mask & found.mask, parts)), found.mask


def masked(micrograph: Micrograph, mask: Path | None) -> Micrograph:
    """``micrograph`` with the white pixels of the file ``mask`` as those that count."""
    if mask is None:
        return micrograph
    chosen = read_micrograph(mask).pixels > 0.5
    if chosen.shape != micrograph.pixels.shape:
        sizes = (
            f"{chosen.shape[1]} x {chosen.shape[0]} pixels, {micrograph.name} is {micrograph.width_px} x {micrograph.height_px}"
        )
        raise UnreadableFile(mask, f"a mask of {sizes}; give one of the same size")
    if not chosen.any():
        raise UnreadableFile(mask, "the mask is black everywhere; white pixels are those that count")
    return replace(micrograph, mask=chosen if micrograph.mask is None else chosen & micrograph.mask)
