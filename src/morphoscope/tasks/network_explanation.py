"""Where a network looked: the Grad-CAM map of its evidence on the image, checked by hiding parts and by other weights."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from .. import learn
from ..core import Micrograph, Run
from ..learn import occlusion
from ..learn.epochs import Pictures
from ..measure.annotations import Print
from ..measure.print_filling import textured_over
from .explanation import Found, Picture, followed
from .network_pictures import reader, square

DRAWN = 3
"""Networks with weights drawn anew for the check of each map."""
FIFTH = 0.2
UNLIKE = 1.15
"""Ratio from which two parts of the picture count as unlike in words."""


class Explainer:
    """The networks of one judge, built once for all images."""

    def __init__(self, judge: Any, *, device: str) -> None:
        self.judge, self.networks = judge, list(judge.networks(device=device))
        self.words = reader()

    def found(self, run: Run, picture: Picture, path: Path, with_curves: bool, tell: Callable[[float, str], None]) -> Found:
        """The evidence of ``picture``, in the file ``path``, its map and the checks of it."""
        tell(0, "square")
        seen, _ = square(path, side_px=2 * self.judge.size_px, words=self.words)
        logit = self._evidence(seen)
        tell(0.2, "map")
        maps = learn.network_maps
        layers = [maps.layer_of(one, scale, seen) for one, scale in zip(self.networks, self.judge.scales, strict=True)]
        each = [maps.evidence_map(*of, seen, at) for *of, at in zip(self.networks, self.judge.scales, layers, strict=True)]
        heat = np.mean(each, axis=0)
        grid = by_cell(heat)
        unlearnt = maps.unlearnt_maps(
            self.judge, seen, layers[0], rng=run.rng(f"weights drawn anew {picture.name}"), draws=DRAWN
        )  # fmt: skip
        checks, curves = _checks(each, list(unlearnt)), None
        if with_curves:
            tell(0.5, "hiding and showing in order")
            cell = occlusion.cell_of(seen.shape)
            gains, curves = self._followed(run, picture, seen, grid, logit, cell)
            checks |= gains
        parts = compared(seen, grid)
        notes = (
            f"the map is Grad-CAM at {layers[0].removeprefix('network.')}, signed, mean of {len(each)} network(s); the network "
            "sees the middle square of the picture, with its print filled",
        )
        return Found(logit, on_whole(heat, picture.whole), checks, curves, {"parts": parts}, in_words(parts, grid), notes)

    def _evidence(self, grey: np.ndarray) -> float:
        return float(self.judge.heard(self.networks, Pictures(grey[None], np.ones(1, np.float32)))[0])

    def _followed(
        self, run: Run, picture: Picture, seen: np.ndarray, grid: np.ndarray, logit: float, cell: np.ndarray
    ) -> tuple[dict[str, float], occlusion.Curves]:
        plane = Micrograph(seen.astype(np.float32) / 255)

        def score(cells: np.ndarray) -> float:
            hidden = cells.ravel()[cell]
            return self._evidence(np.rint(textured_over(plane, Print(hidden, ())) * 255).astype(np.uint8))

        return followed(score, grid, logit, rng=run.rng(f"order {picture.name}"))


def _checks(each: list[np.ndarray], unlearnt: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
    """How alike the maps of networks of other seeds are, and those with weights drawn anew (whatever their sign)."""
    grids = [by_cell(one) for one in each]
    mean = np.mean(grids, axis=0)
    found = {}
    if len(grids) > 1:
        found["map_other_seeds_r"] = float(np.mean([_alike(one, other) for one, other in combinations(grids, 2)]))
    for place, name in enumerate(("map_random_head_r", "map_random_weights_r")):
        found[name] = float(np.mean([abs(_alike(mean, by_cell(drawn[place]))) for drawn in unlearnt]))
    return found


def _alike(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1]) if one.std() > 0 and other.std() > 0 else 0.0


def by_cell(plane: np.ndarray) -> np.ndarray:
    """The mean of ``plane`` in each cell of the grid whose parts are hidden."""
    cells = occlusion.CELLS
    return np.asarray(ndimage.mean(plane, occlusion.cell_of((plane.shape[0], plane.shape[1])), np.arange(cells * cells))).reshape(
        cells, cells
    )


def on_whole(heat: np.ndarray, whole: Micrograph) -> np.ndarray:
    """``heat`` of the middle square on the whole image, 0 where the network does not see it."""
    side = heat.shape[0]
    shorter = min(whole.height_px, whole.width_px)
    height, width = (round(side * length / shorter) for length in (whole.height_px, whole.width_px))
    made = np.zeros((height, width))
    top, left = (height - side) // 2, (width - side) // 2
    made[top : top + side, left : left + side] = heat
    return made


def compared(seen: np.ndarray, grid: np.ndarray) -> list[dict[str, Any]]:
    """What the fifth of the cells that speaks most for miscible looks like, and the fifth that speaks most against."""
    grey = seen / 255
    steep = np.hypot(ndimage.sobel(grey, 0), ndimage.sobel(grey, 1)) / 8
    cell = occlusion.cell_of((seen.shape[0], seen.shape[1])).ravel()
    number = np.bincount(cell)
    mean = np.bincount(cell, grey.ravel()) / number
    spread = np.sqrt(np.maximum(np.bincount(cell, grey.ravel() ** 2) / number - mean**2, 0))
    edges = np.bincount(cell, steep.ravel()) / number
    order = np.argsort(grid, axis=None, kind="stable")
    count = round(FIFTH * grid.size)
    return [
        {
            "what": what,
            "where_for": float(values[order[-count:]].mean()),
            "where_against": float(values[order[:count]].mean()),
            "r_with_map": _alike(values, grid),
        }
        for what, values in (("brightness", mean), ("contrast within a cell", spread), ("steepness of edges", edges))
    ]


WORDS = {"brightness": "brighter", "contrast within a cell": "richer in contrast", "steepness of edges": "sharper"}
REVERSE = {"brightness": "darker", "contrast within a cell": "smoother", "steepness of edges": "softer"}


def in_words(parts: list[dict[str, Any]], grid: np.ndarray) -> list[str]:
    """The comparison as a person would tell of it."""
    if grid.std() == 0:
        return ["the map is flat: no part of the picture spoke more than another"]
    said = []
    for row in parts:
        more = row["where_for"] / max(row["where_against"], 1e-9)
        if more > UNLIKE or more < 1 / UNLIKE:
            said.append((WORDS if more > 1 else REVERSE)[row["what"]])
    alike = "as bright, as rich in contrast and as sharp as"
    told = f"{', '.join(said)} than" if said else alike
    return [f"the parts that speak most for miscible are {told} those that speak most against"]
