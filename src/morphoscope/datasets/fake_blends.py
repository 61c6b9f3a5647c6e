"""
A small set of simulated micrographs in the layout of polymer_sem, whose labels follow from thermodynamics.

Each made-up article studies one pair of polymers and prints a few micrographs of it, from one microscope and in one
print style, as real articles do. A blend is immiscible above the spinodal of its composition, miscible below the
binodal, and called partially compatible just above the spinodal, where the phases stay close to each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import Micrograph
from ..io import write
from ..physics import blend as physics
from ..physics import fracture, sem, sem_bar
from .polymer_sem.layout import IMAGES, RECORDS

KINDS = {"Compatible": (0.3, 0.85), "Partially compatible": (1.08, 1.15), "Incompatible": (1.3, 2.2)}
"""chi over the spinodal's chi, by the grade that follows."""
USUAL = ("Incompatible", "Compatible", "Incompatible", "Partially compatible", "Compatible", "Incompatible")
"""The grade of most specimens of an article, article after article."""


@dataclass(frozen=True)
class Specimen:
    """One blend of an article and the key of its micrograph."""

    key: str
    grade: str
    blend: physics.Blend

    @property
    def label(self) -> int:
        return int(self.grade == "Compatible")


def write_fake(
    folder: Path,
    *,
    rng: np.random.Generator,
    articles: int = 16,
    images_per_article: int = 3,
    size_px: int = 128,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> list[Specimen]:
    """Make the set in ``folder`` and give what is in it; with the same ``rng`` the files are the same."""
    (folder / IMAGES).mkdir(parents=True, exist_ok=True)
    specimens, records = [], []
    for article in range(1, articles + 1):
        pixel_nm = float(np.exp(rng.uniform(np.log(5), np.log(50))))
        style = str(rng.choice(sem_bar.BARS))
        for specimen in _article(rng, article, images_per_article):
            micrograph = micrograph_of(rng, specimen.blend, size_px=size_px, pixel_nm=pixel_nm)
            micrograph = sem_bar.with_data_bar(micrograph, style=style)
            write(micrograph, folder / IMAGES / f"{specimen.key}_{specimen.label}.png")
            specimens.append(specimen)
            records.append(_record(specimen, article, sem_bar.scale_bar_nm(size_px * pixel_nm) / 1000))
            progress(len(specimens), articles * images_per_article, specimen.key)
    (folder / RECORDS).write_text("\n\n".join(records) + "\n", encoding="utf-8")
    return specimens


def _article(rng: np.random.Generator, article: int, images: int) -> list[Specimen]:
    """One pair of polymers at a few compositions; every fourth article shows both miscible and immiscible blends."""
    n_a, n_b = (float(np.exp(rng.uniform(np.log(50), np.log(200)))) for _ in range(2))
    usual = USUAL[article % len(USUAL)]
    specimens = []
    for panel in range(images):
        grade = str(rng.choice(list(KINDS))) if article % 4 == 0 else usual
        blend = blend_of(rng, grade, n_a, n_b)
        specimens.append(Specimen(f"{article}_page{3 + article % 5}_image1_{chr(97 + panel)}", grade, blend))
    return specimens


def blend_of(rng: np.random.Generator, grade: str, n_a: float, n_b: float) -> physics.Blend:
    """A blend of chains of ``n_a`` and ``n_b`` segments whose thermodynamics make it of ``grade``."""
    phi = float(rng.uniform(0.15, 0.5))
    spinodal = physics.Blend(0.0, phi, n_a, n_b).chi_spinodal
    low, high = KINDS[grade]
    blend = physics.Blend(spinodal * float(rng.uniform(low, high)), phi, n_a, n_b)
    if grade == "Compatible" and blend.state != "miscible":  # the binodal lies far below the spinodal off the middle
        blend = physics.Blend(0.9 * blend.chi_critical * low / high, phi, n_a, n_b)
    return blend


def micrograph_of(rng: np.random.Generator, blend: physics.Blend, *, size_px: int, pixel_nm: float) -> Micrograph:
    """The fracture surface of ``blend`` after some time, through the microscope; nothing is printed on it."""
    field = physics.mixed(rng, blend, size_px=size_px)
    if blend.state == "immiscible":
        evolution = physics.Evolution(blend, field, interface_px=float(rng.uniform(0.8, 1.4)))
        until = float(np.exp(rng.uniform(np.log(60), np.log(300))))
        while evolution.time < until:
            evolution.step(until)
        field = evolution.composition
    height = fracture.relief(rng, size_px=size_px, rms=pixel_nm * float(rng.uniform(1, 6)), hurst=float(rng.uniform(0.6, 0.9)))
    imaging = sem.draw(rng, pixel_nm=pixel_nm)
    return sem.render(field, pixel_nm=pixel_nm, imaging=imaging, height_nm=height)


def _record(specimen: Specimen, article: int, scale_um: float) -> str:
    blend = specimen.blend
    lines = (
        specimen.key,
        f"Simulated fracture surface of the blend A{article}/B{article} {blend.phi:.0%} A",
        "None",
        f"chi = {blend.chi:.4g}, spinodal {blend.chi_spinodal:.4g}, chains of {blend.n_a:.0f} and {blend.n_b:.0f} segments",
        f"{scale_um:g}",
        specimen.grade,
        f"Simulated article {article} (Flory-Huggins, Cahn-Hilliard)",
    )
    return "\n".join(lines)
