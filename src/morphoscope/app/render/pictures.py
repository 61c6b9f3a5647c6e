"""Files of a run as pictures a browser can show."""

from __future__ import annotations

import base64
import io as buffers
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ... import io
from ...core import LabelMap, Micrograph, Pattern, Stack, resample
from ...errors import UnreadableFile

SHOWN_AS_IS = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
LARGEST_SIDE_PX = 2400
TAILS_PERCENT = (0.3, 99.7)


@dataclass(frozen=True)
class Picture:
    """Encoded bytes and the size of what they show; ``scale`` is shown pixels per pixel of the file."""

    content: bytes
    mime: str
    width: int
    height: int
    scale: float = 1.0

    def data_uri(self) -> str:
        """The picture as text that stands in a page."""
        return f"data:{self.mime};base64,{base64.b64encode(self.content).decode()}"


def picture(path: Path) -> Picture:
    """The file at ``path`` as PNG, or as it is where browsers know it and it is not too large."""
    mime = SHOWN_AS_IS.get(path.suffix.lower())
    if mime:
        try:
            with warnings.catch_warnings(), Image.open(path) as image:
                warnings.simplefilter("ignore")
                if max(image.size) <= LARGEST_SIDE_PX and image.mode not in ("I", "I;16", "F", "CMYK"):
                    return Picture(path.read_bytes(), mime, *image.size)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            raise UnreadableFile(path, "cannot be shown because it is damaged") from None
    return drawn(io.read(path, nan="mask"), path)


def drawn(noun: object, path: Path, *, largest_px: int = LARGEST_SIDE_PX) -> Picture:
    """A noun that has pixels as an 8-bit grey or coloured PNG, shrunk to ``largest_px``."""
    if isinstance(noun, Stack):
        noun = noun[0]
    if isinstance(noun, Micrograph):
        return grey(stretched(noun), largest_px=largest_px)
    if isinstance(noun, Pattern):
        return grey(logarithmic(noun), largest_px=largest_px)
    if isinstance(noun, LabelMap):
        return _coloured(noun, largest_px)
    raise UnreadableFile(path, f"holds a {type(noun).__name__.lower()}, which is no picture")


def stretched(micrograph: Micrograph) -> np.ndarray:
    """Pixels in [0, 1]; images of more than 8 bits run between their 0.3 and 99.7 percent levels."""
    if micrograph.bits <= 8:
        return micrograph.pixels
    low, high = display_range(micrograph)
    return np.asarray(np.clip((micrograph.pixels - low) / (high - low), 0, 1))


def display_range(micrograph: Micrograph) -> tuple[float, float]:
    """Which pixel values are shown black and white."""
    if micrograph.bits <= 8:
        return 0.0, 1.0
    seen = micrograph.pixels if micrograph.mask is None else micrograph.pixels[micrograph.mask]
    low, high = (float(level) for level in np.percentile(seen, TAILS_PERCENT)) if seen.size else (0.0, 1.0)
    return (low, high) if high > low else (0.0, 1.0)


def logarithmic(pattern: Pattern) -> np.ndarray:
    """Intensity on a logarithmic scale from its median to its brightest, in [0, 1]."""
    intensity = np.asarray(pattern.intensity, float)
    known = intensity[np.isfinite(intensity) & (intensity > 0)]
    if known.size == 0:
        return np.zeros(intensity.shape)
    low, high = np.log(np.percentile(known, (2, 99.9)))
    with np.errstate(all="ignore"):
        level = (np.log(np.where(intensity > 0, intensity, known.min())) - low) / max(high - low, 1e-12)
    return np.asarray(np.clip(np.nan_to_num(level), 0, 1))


def grey(plane: np.ndarray, *, largest_px: int = LARGEST_SIDE_PX) -> Picture:
    """Values in [0, 1] as an 8-bit PNG."""
    height, width = plane.shape
    scale = min(1.0, largest_px / max(height, width))
    if scale < 1:
        plane = resample.resize(np.asarray(plane, np.float32), max(1, round(height * scale)), max(1, round(width * scale)))
    return _png(Image.fromarray(np.round(np.clip(plane, 0, 1) * 255).astype(np.uint8)), scale)


def _coloured(labels: LabelMap, largest_px: int) -> Picture:
    """Each label in its own colour, background black."""
    plane = labels.labels if labels.labels.ndim == 2 else labels.labels[0]
    hues = (plane.astype(np.int64) * 137) % 256  # the golden angle keeps neighbours apart
    seen = np.where(plane == 0, 0, 200)
    image = Image.merge("HSV", [Image.fromarray(part.astype(np.uint8)) for part in (hues, np.full(plane.shape, 150), seen)])
    scale = min(1.0, largest_px / max(plane.shape))
    if scale < 1:
        image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.NEAREST)
    return _png(image.convert("RGB"), scale)


def _png(image: Image.Image, scale: float) -> Picture:
    buffer = buffers.BytesIO()
    image.save(buffer, "PNG", compress_level=4)
    return Picture(buffer.getvalue(), "image/png", image.width, image.height, scale)
