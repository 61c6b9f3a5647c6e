"""How the phases of a picture or volume of labels lie to each other."""

from __future__ import annotations

import itertools
from typing import Annotated, Any

import numpy as np

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..errors import BadParameter, InputError
from ..measure import correlation, threshold
from .division import Mask
from .parameters import KeepPrint, Periodic, PixelSizeByHand, only_one
from .pictures import save_picture
from .structure import Input, SliceByHand, Structure, middle, structure_of

MOST = 6


def cross_correlation(
    run: Run,
    image: Input,
    *,
    label_a: Annotated[int | None, Param("one of the two phases; every pair by default", low=0)] = None,
    label_b: Annotated[int | None, Param("the other", low=0)] = None,
    classes: Annotated[int | None, Param("for a grey image: divide it into so many phases by grey level", low=2, high=5)] = None,
    mask: Mask = None,
    r_max_nm: Annotated[
        float | None, Param("longest distance; a quarter of the shortest side by default", unit="nm", low=0, open_low=True)
    ] = None,
    r_max_px: Annotated[float | None, Param("the same in pixels", unit="px", low=1)] = None,
    periodic: Periodic = False,
    keep_print: KeepPrint = False,
    pixel_size_nm: PixelSizeByHand = None,
    slice_nm: SliceByHand = None,
) -> Report:
    """
    Cross-correlation of two phases of an image or volume of labels: S_ab(r), the chance of a needle with an end in each.

    It is 0 at r = 0 and the product of the two fractions far away. Above that product the phases seek each other at
    that distance, below it they avoid each other. The first slope is the interface between the two over pi (in a
    volume over 4), so phases that never touch begin flat.
    """
    only_one(r_max_nm=r_max_nm, r_max_px=r_max_px)
    if (label_a is None) != (label_b is None) or (label_a is not None and label_a == label_b):
        raise BadParameter("label_a and label_b are two different phases; give both, or neither for every pair")
    structure = structure_of(image, mask=mask, keep_print=keep_print, pixel_size_nm=pixel_size_nm, slice_nm=slice_nm)
    r_max = structure.longest(r_max_nm, r_max_px)
    if classes is None:
        labels = structure.labels()
    else:
        labels = threshold.multi_otsu(structure.values, classes=classes, mask=structure.mask)[0].astype(np.int32)
    pairs = _pairs(structure, labels, label_a, label_b)
    curves, rows = {}, []
    counts = labels if structure.mask is None else labels[structure.mask]
    for number, (a, b) in enumerate(pairs):

        def tell(done: int, blocks: int, number: int = number, words: str = f"phases {a} and {b}") -> None:
            run.progress(number * blocks + done, len(pairs) * blocks, f"{words}, block {done + 1} of {blocks}")

        common: dict[str, Any] = {"mask": structure.mask, "pixel": structure.sides, "periodic": periodic, "tell": tell}
        found = correlation.cross_correlation(labels == a, labels == b, r_max=r_max, rng=run.rng(f"{a} {b}"), **common)
        name = f"S_{a}_{b}"
        curves[name] = Curve(
            found.r, found.value, "r", f"S of phases {a} and {b}", x_unit=structure.unit, y_low=found.low, y_high=found.high
        )
        shares = [float((counts == label).mean()) for label in (a, b)]
        rows.append({"label_a": a, "label_b": b, "fraction_a": shares[0], "fraction_b": shares[1],
                     "far_value": shares[0] * shares[1], "blocks": found.blocks})  # fmt: skip
    return _report(run, structure, labels, curves, rows)


def _pairs(structure: Structure, labels: np.ndarray, label_a: int | None, label_b: int | None) -> list[tuple[int, int]]:
    names = [int(name) for name in np.unique(labels if structure.mask is None else labels[structure.mask])]
    if len(names) < 2:
        raise InputError(f"{structure.name}: only one phase is there ({names[0]}), so there is no pair")
    if label_a is not None and label_b is not None:
        missing = [label for label in (label_a, label_b) if label not in names]
        if missing:
            raise InputError(f"{structure.name}: no pixel carries label {missing[0]}; it holds {', '.join(map(str, names[:12]))}")
        return [(label_a, label_b)]
    if len(names) > MOST:
        raise InputError(
            f"{structure.name}: holds {len(names)} values; give label_a and label_b, or classes=2 to divide it by grey level"
        )
    return list(itertools.combinations(names, 2))


def _report(run: Run, structure: Structure, labels: np.ndarray, curves: dict[str, Curve], rows: list[dict[str, Any]]) -> Report:
    names, plane = np.unique(labels), middle(labels)
    shown = np.searchsorted(names, plane) / max(len(names) - 1, 1)
    section = "" if structure.ndim == 2 else ", middle slice"
    return Report(
        title=f"Cross-correlation of the phases of {structure.name} ({structure.extent})",
        values={"phases": Quantity(len(names))},
        curves=curves,
        tables={"pairs": rows},
        figures={
            "S": Figure("band", tuple(curves), "Cross-correlation of pairs of phases with 95 % intervals"),
            "phases": Figure("image", ("phases",), f"Labels as grey levels{section}"),
        },
        files={"phases": save_picture(run, "phases.png", shown)},
        notes=(
            f"intervals: 95 %, by redrawing blocks of the {'image' if structure.ndim == 2 else 'volume'}",
            "far_value is the product of the two fractions, to which a curve tends where the phases do not know of each other",
            *structure.notes,
        ),
        cites=("Torquato, Random Heterogeneous Materials (2002)",),
    )
