"""
Pairs of known truth: films of block copolymers on a grating, their micrographs and their scattering patterns.

One seed makes one pair. The pattern comes from films beside the one in the micrograph, never from that one: a beam sees
thousands of such areas, and a pattern that holds the very picture would give it away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np

from ..core import Micrograph
from ..measure import template_order
from ..physics import copolymer, scattering, sem
from .pairs import Pair

AREA_PX = (830, 1280)
"""Rows and columns of the paper's micrographs above their data bar."""
PERIOD_NM = 28.0
PIXEL_NM = PERIOD_NM / (2 * copolymer.PIXELS)
REPLICAS, REPLICA_PX = 6, 192
TRIES = 6


def fake_pair(seed: int, *, kind: str | None = None, area_px: tuple[int, int] = AREA_PX) -> Pair:
    """The pair of ``seed``; its morphology is what the film shows, most likely ``kind`` (seed by seed in turn)."""
    rng = np.random.default_rng([seed, 6])
    wanted = kind or copolymer.KINDS[seed % len(copolymer.KINDS)]
    film, psi, name = _film(rng, wanted, area_px)
    micrograph = _micrograph(rng, psi, area_px)
    step_y, step_x = (d * PERIOD_NM / copolymer.NATURAL for d in copolymer.spacing(film, REPLICA_PX))
    replicas = copolymer.evolve(film, rng=rng, shape=(REPLICA_PX, REPLICA_PX), count=REPLICAS)
    pattern = scattering.detect(replicas, scattering.draw(rng), pixel_nm=(step_y, step_x), period_nm=PERIOD_NM)
    made = f"film({', '.join(f'{k}={v:.4g}' for k, v in asdict(film).items())})"
    pattern = replace(pattern, history=(made, *pattern.history))
    micrograph = replace(micrograph, history=(made, *micrograph.history))
    return Pair(f"pair_{seed:06d}", micrograph, pattern, name, "")


def fake_pairs(count: int, *, seed: int = 0, area_px: tuple[int, int] = AREA_PX) -> Iterator[Pair]:
    """``count`` pairs, the four morphologies in turn; other seeds give other pairs."""
    for number in range(count):
        yield fake_pair(seed * 1_000_000 + number, kind=copolymer.KINDS[number % len(copolymer.KINDS)], area_px=area_px)


def _film(rng: np.random.Generator, kind: str, area_px: tuple[int, int]) -> tuple[copolymer.Film, np.ndarray, str]:
    """A film that shows one of the four morphologies; those that show none are drawn again, the last one is kept."""
    rows, columns = (2 * -(-n // 4) for n in area_px)
    for _ in range(TRIES):
        film = copolymer.draw(kind, rng)
        psi = copolymer.evolve(film, rng=rng, shape=(rows, columns))[0]
        name = template_order.order(psi > 0, period_px=copolymer.PIXELS).name
        if name in copolymer.KINDS:
            break
    return film, psi, name


def _micrograph(rng: np.random.Generator, psi: np.ndarray, area_px: tuple[int, int]) -> Micrograph:
    surface = 0.5 + 0.5 * np.tanh(float(rng.uniform(1.8, 2.8)) * copolymer.enlarge(psi))
    imaging = sem.draw(rng, pixel_nm=PIXEL_NM)
    imaging = replace(imaging, dose=max(imaging.dose, 60.0))
    return sem.render(surface[: area_px[0], : area_px[1]], pixel_nm=PIXEL_NM, imaging=imaging)
