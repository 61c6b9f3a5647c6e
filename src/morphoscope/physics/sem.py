r"""
A secondary-electron micrograph of a known surface, with everything an instrument adds to it.

The mean number of electrons detected at a pixel, of ``dose`` on the average:

.. math:: n = \mathrm{dose}\;\frac{Y}{\langle Y \rangle}, \qquad
          Y = \left(1 + c\,(\phi - \bar\phi)\right) \left(\frac{1}{\cos\theta}\right) + e\,|\nabla \phi|_{\rm far}
          , \qquad \tan\theta = |\nabla h|

with the contrast ``c`` between the phases, the yield of a surface inclined by theta [1]_ and a bright rim
``e`` where electrons escape through the side of an edge within their escape depth. The beam blurs it, scan
lines jitter, charging shifts lines and leaves tails behind bright objects along the fast scan axis, the
detector lies to one side, and the electrons that arrive are counted (Poisson). Lengths are in nm where the
name says so; the true scale is known and carried by the micrograph.

``draw`` makes the random choices, ``render`` is a function of them: the same ``Imaging`` gives the same image.

References
----------
.. [1] L. Reimer, Scanning Electron Microscopy (1998), section 4.2.2, doi 10.1007/978-3-540-38967-5.

Checked against: electron statistics, blur widths and line shifts, in tests/physics/test_sem.py.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy import ndimage

from ..core import Micrograph, PixelSize
from ..errors import BadParameter


@dataclass(frozen=True)
class Imaging:
    """
    How the surface was looked at.

    ``dose`` is in electrons per pixel, ``blur_nm`` the beam's standard deviation, ``relief_nm`` the height
    between the phases, ``charging`` and ``shading`` shares of the mean signal, ``jitter_px`` the standard
    deviation of a line's shift. ``seed`` fixes the noise.
    """

    dose: float = 200.0
    blur_nm: float = 5.0
    contrast: float = 0.6
    edge: float = 0.3
    relief_nm: float = 20.0
    charging: float = 0.05
    jitter_px: float = 0.2
    shading: float = 0.1
    shading_deg: float = 30.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.dose > 0:
            raise BadParameter(f"dose={self.dose:g} must be more than no electron per pixel")
        for name in ("blur_nm", "edge", "relief_nm", "charging", "jitter_px", "shading"):
            if getattr(self, name) < 0:
                raise BadParameter(f"{name}={getattr(self, name):g} must not be negative")


def draw(rng: np.random.Generator, *, pixel_nm: float, like: Imaging | None = None) -> Imaging:
    """Plausible conditions at this pixel size; those that a user would set are taken from ``like`` where given."""
    free = Imaging(
        dose=float(np.exp(rng.uniform(np.log(30), np.log(600)))),
        blur_nm=float(pixel_nm * rng.uniform(0.5, 1.2)),
        contrast=float(rng.uniform(0.3, 0.9)),
        edge=float(rng.uniform(0.1, 0.5)),
        relief_nm=float(pixel_nm * rng.uniform(0.5, 3.0)),
        charging=float(rng.uniform(0.0, 0.1)),
        jitter_px=float(rng.uniform(0.0, 0.4)),
        shading=float(rng.uniform(0.0, 0.15)),
        shading_deg=float(rng.uniform(0.0, 360.0)),
        seed=int(rng.integers(2**31)),
    )
    if like is None:
        return free
    kept = {k: getattr(like, k) for k in ("dose", "blur_nm", "contrast", "edge", "relief_nm", "charging", "jitter_px")}
    return replace(free, **kept)


def render(composition: np.ndarray, *, pixel_nm: float, imaging: Imaging, height_nm: np.ndarray | None = None) -> Micrograph:
    """
    The micrograph of a ``composition`` map in [0, 1] whose pixels are ``pixel_nm`` wide.

    ``height_nm`` is a relief beside the one between the phases, such as that of a fracture.
    """
    if composition.ndim != 2 or composition.size == 0:
        raise BadParameter(f"a surface is a plane of values, not an array of shape {composition.shape}")
    if height_nm is not None and height_nm.shape != composition.shape:
        raise BadParameter(f"height_nm of shape {height_nm.shape} does not lie on a composition of shape {composition.shape}")
    rng = np.random.default_rng(imaging.seed)
    surface = np.clip(composition, 0, 1)
    signal = _yield(surface, 0.0 if height_nm is None else height_nm, pixel_nm, imaging)
    signal = ndimage.gaussian_filter(signal, imaging.blur_nm / pixel_nm, mode="reflect")
    signal = _jitter(signal, imaging.jitter_px, rng)
    signal = signal * _shade((signal.shape[0], signal.shape[1]), imaging)
    signal = signal + signal.mean() * _charge(signal / signal.mean(), imaging.charging, rng)
    signal = np.maximum(signal, 0.02 * signal.mean())
    electrons = rng.poisson(imaging.dose * signal / signal.mean()).astype(float)
    return Micrograph(
        _levels(electrons, imaging.dose),
        pixel_size=PixelSize(pixel_nm, pixel_nm, "simulated", 0.0),
        gain=255.0,
        bits=8,
        source="",
        history=(f"render({', '.join(f'{k}={v!r}' for k, v in asdict(imaging).items())})",),
        conditions={"detector": "SE (simulated)", "voltage_kv": 5.0, "working_distance_mm": 5.0},
        notes=("simulated micrograph",),
    )


def _yield(surface: np.ndarray, height_nm: np.ndarray | float, pixel_nm: float, imaging: Imaging) -> np.ndarray:
    smooth = ndimage.gaussian_filter(surface, 1.0, mode="reflect")
    rise, run = np.gradient((smooth * imaging.relief_nm + height_nm) / pixel_nm)
    incline = np.sqrt(1 + rise**2 + run**2)
    rim = np.clip(smooth - ndimage.gaussian_filter(smooth, 4.0, mode="reflect"), 0, None)
    top = max(float(rim.max()), 1e-12)
    bright = 1 + imaging.contrast * (surface - surface.mean())
    spread = float(surface.max() - surface.min())
    return np.asarray(np.clip(bright, 0.05, None) * incline + imaging.edge * spread * rim / top)


def _jitter(signal: np.ndarray, jitter_px: float, rng: np.random.Generator) -> np.ndarray:
    """Each row shifted by its own fraction of a pixel."""
    height, width = signal.shape
    shifts = jitter_px * rng.standard_normal((height,))
    columns = np.arange(width)[None, :] + shifts[:, None]
    left = np.floor(columns).astype(int)
    share = columns - left
    rows = np.arange(height)[:, None]
    near, far = (np.clip(left + k, 0, width - 1) for k in (0, 1))
    return np.asarray(signal[rows, near] * (1 - share) + signal[rows, far] * share)


def _shade(shape: tuple[int, int], imaging: Imaging) -> np.ndarray:
    angle = math.radians(imaging.shading_deg)
    down, across = (2 * np.indices(shape, sparse=True)[k] / max(shape[k] - 1, 1) - 1 for k in (0, 1))
    return np.asarray(1 + imaging.shading * (down * math.sin(angle) + across * math.cos(angle)))


def _charge(relative: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Slow drift of the lines, single shifted lines, and a dark tail behind what is bright."""
    height, _ = relative.shape
    drift = ndimage.gaussian_filter1d(rng.standard_normal(height), 15.0, mode="nearest")
    drift /= max(float(drift.std()), 1e-12)
    jumps = np.where(rng.random(height) < 0.04, rng.standard_normal(height), 0.0)
    tail = ndimage.uniform_filter1d(relative, 41, axis=1, origin=20, mode="nearest") - relative.mean()
    return np.asarray(strength * (0.5 * drift[:, None] + jumps[:, None] - 0.8 * tail))


def _levels(electrons: np.ndarray, dose: float) -> np.ndarray:
    """8-bit grey levels as an operator would set them: black and white cut off half a per mille each."""
    low, high = np.percentile(electrons, [0.05, 99.95])
    low, high = low - 0.03 * dose, high + 0.03 * dose
    grey = np.clip((electrons - low) / max(high - low, 1e-9), 0, 1)
    return np.asarray(np.rint(grey * 255) / 255, dtype=np.float32)
