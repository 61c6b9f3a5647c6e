"""
Pairs of known truth: films of block copolymers on a grating, their micrographs and their scattering patterns.

One seed makes one pair. The pattern comes from films beside the one in the micrograph, never from that one: a beam sees
thousands of such areas, and a pattern that holds the very picture would give it away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

import numpy as np

from ..core import Curve, Micrograph, Pattern
from ..errors import BadParameter
from ..measure import template_order
from ..measure.scattering import azimuthal, plane
from ..physics import blend, copolymer, scattering, sem
from .pairs import Pair

AREA_PX = (830, 1280)
"""Rows and columns of the paper's micrographs above their data bar."""
PERIOD_NM = 28.0
PIXEL_NM = PERIOD_NM / (2 * copolymer.PIXELS)
REPLICAS, REPLICA_PX = 6, 192
TRIES = 6
SERIES_REPLICAS, SERIES_PX, SERIES_TIMES = 2, 160, (40.0, 250.0)


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


def curve_pair(pair: Pair) -> Pair:
    """``pair`` with the curve I(q) in the place of its pattern: the mean over directions."""
    if not isinstance(pair.pattern, Pattern):
        raise BadParameter(f"{pair.name} has no pattern to average")
    found = azimuthal.average(plane.plane_of(pair.pattern))
    counted = np.isfinite(found.value) & (found.value > 0)
    error = found.error[counted]
    curve = Curve(found.q[counted], found.value[counted], "q", "I", x_unit="1/nm", y_unit="counts", y_error=error)
    return replace(pair, pattern=curve)


def coarsening(seed: int, *, frames: int = 12, size_px: int = 256) -> Iterator[Pair]:
    """
    A symmetric blend while it separates, frame by frame: its micrograph, and the pattern of blends beside it.

    All frames are one group; ``time`` stands in the micrograph's conditions. Domains grow from about 10 to 17 pixels.
    """
    rng = np.random.default_rng([seed, 7])
    mixture = blend.Blend(0.03, 0.5, 100.0, 100.0)
    films = [
        blend.Evolution(mixture, blend.mixed(rng, mixture, size_px=side)) for side in (size_px, *[SERIES_PX] * SERIES_REPLICAS)
    ]
    imaging, beam = sem.draw(rng, pixel_nm=PIXEL_NM), scattering.draw(rng)
    imaging = replace(imaging, dose=max(imaging.dose, 60.0))
    for number, until in enumerate(np.geomspace(*SERIES_TIMES, frames)):
        for film in films:
            while film.time < until:
                film.step(float(until))
        seen = replace(imaging, seed=imaging.seed + number)
        micrograph = sem.render(films[0].composition, pixel_nm=PIXEL_NM, imaging=seen)
        micrograph = replace(micrograph, conditions={**micrograph.conditions, "time": float(until)})
        others = np.stack([film.composition for film in films[1:]])
        period = PIXEL_NM * blend.domain_size_px(others[0])
        told = replace(beam, seed=beam.seed + number)
        pattern = scattering.detect(others, told, pixel_nm=(PIXEL_NM, PIXEL_NM), period_nm=period)
        yield Pair(f"series_{seed}_{number:03d}", micrograph, pattern, None, f"series_{seed}")


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
