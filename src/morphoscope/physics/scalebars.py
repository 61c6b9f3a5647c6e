"""
Scale bars of known length printed onto a picture, in the styles of microscopes and of journals.

The picture is drawn four times finer than its pixels and averaged down, so a bar may end anywhere to a quarter of a
pixel, and its true length is known exactly: between the ends of a plain bar, between the middles of the ticks of one that has
ticks, from the first to the last tick of a ruler. ``draw`` makes the random choices, ``render`` is a function of them.

Checked against: ends found again by eye-free means in tests/measure/test_scalebar_bars.py.
"""

from __future__ import annotations

import functools
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..errors import BadParameter

FINE = 4
STYLES = ("plain", "outlined", "box", "data bar", "ticks", "split", "ruler")
PLACES = ("above", "below", "right", "left")
FONT_FOLDER = Path("/usr/share/fonts/truetype")
FONTS = ("dejavu/DejaVuSans.ttf", "dejavu/DejaVuSans-Bold.ttf", "dejavu/DejaVuSerif.ttf", "dejavu/DejaVuSansMono.ttf",
         "liberation/LiberationSans-Regular.ttf", "liberation/LiberationSans-Bold.ttf", "liberation/LiberationSerif-Regular.ttf",
         "liberation/LiberationSerif-Bold.ttf", "liberation/LiberationSansNarrow-Regular.ttf",
         "liberation/LiberationSans-Italic.ttf")  # fmt: skip
UNITS_NM = {"pm": 1e-3, "Å": 0.1, "nm": 1.0, "um": 1e3, "µm": 1e3, "μm": 1e3, "mm": 1e6}
VALUES = (1, 2, 2.5, 3, 4, 5)


@dataclass(frozen=True)
class Printed:
    """
    How a bar is printed. ``length_px`` may be a fraction; ``place`` says where the label stands; ``grey`` is that of
    the ink and ``paper`` that of a box, from 0 to 1; ``quality`` is the JPEG quality, None without compression.
    """

    style: str
    value: float
    unit: str
    words: str
    length_px: float
    thick_px: float
    font: str
    font_px: int
    place: str
    left: float
    top: float
    grey: float
    paper: float
    quality: int | None

    @property
    def value_nm(self) -> float:
        """The length that the label names."""
        return self.value * UNITS_NM[self.unit]

    def __post_init__(self) -> None:
        if self.style not in STYLES or self.place not in PLACES:
            raise BadParameter(
                f"no bar of style {self.style!r} with its label {self.place!r}; styles: {', '.join(STYLES)}; "
                f"places: {', '.join(PLACES)}"
            )


def fonts() -> tuple[str, ...]:
    """Fonts that are installed, the one inside Pillow ("") first."""
    return ("", *(name for name in FONTS if (FONT_FOLDER / name).is_file()))


@functools.cache
def _font(name: str, size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.truetype(FONT_FOLDER / name, size_px) if name else ImageFont.load_default(size_px)


def draw(rng: np.random.Generator, *, shape: tuple[int, int], style: str | None = None) -> Printed:
    """A plausible bar for a picture of ``shape`` whose sizes, font, words and place are left to chance."""
    height, width = shape
    style = style or str(rng.choice(STYLES, p=(0.30, 0.15, 0.17, 0.12, 0.10, 0.08, 0.08)))
    unit = str(rng.choice(list(UNITS_NM), p=(0.02, 0.03, 0.40, 0.13, 0.25, 0.12, 0.05)))
    value = _value(rng, unit, style)
    font_px = int(rng.integers(max(12, height // 34), max(16, height // 13)))
    font = str(rng.choice(fonts()))
    if not font and not unit.isascii():  # Pillow's own font has neither µ nor Å
        unit, font = ("um", "") if UNITS_NM[unit] == 1e3 else (unit, fonts()[-1])
    place = str(rng.choice(PLACES, p=(0.5, 0.3, 0.12, 0.08))) if style in ("plain", "outlined", "box", "ticks") else "above"
    if style == "data bar":
        place = str(rng.choice(("right", "above")))
    words = _words(rng, value, unit, style)
    if not font and not words.isascii():
        raise BadParameter(f"no font that has {words!r} is installed; install the DejaVu or Liberation fonts")
    wide, _ = _size(font, font_px, words)
    shortest = max(0.06 * width, 14.0) if style != "ruler" else 0.25 * width
    length = float(np.round(np.exp(rng.uniform(math.log(shortest), math.log(0.42 * width))) * FINE) / FINE)
    if style == "split":
        length = max(length, math.ceil(2.0 * wide))
    thick = (
        float(rng.integers(2, max(4, height // 60))) if style not in ("ticks", "split", "ruler") else float(rng.integers(1, 4))
    )
    thick = min(thick, max(2.0, length / 6))
    beside = wide + font_px if place in ("left", "right") else 0
    half = max(0.0, (wide - length) / 2) if place in ("above", "below") else 0.0
    low = 8 + half + (beside if place == "left" else 0)
    high = width - 8 - half - length - (beside if place == "right" else 0)
    left = float(np.round(rng.uniform(low, max(low, high)) * FINE) / FINE)
    edge = 2.2 * font_px + thick
    top = height - 0.5 * edge - thick if style in ("data bar", "ruler") else float(rng.uniform(edge, height - edge - thick))
    if style not in ("data bar", "ruler") and rng.random() < 0.8:
        top = height - edge - thick - float(rng.uniform(0, 0.1) * height)
    light = bool(rng.random() < 0.6)
    grey, paper = (float(rng.uniform(0.93, 1.0)), 0.0) if light else (float(rng.uniform(0.0, 0.06)), 1.0)
    quality = None if rng.random() < 0.3 else int(rng.integers(40, 96))
    return Printed(style, value, unit, words, length, thick, font, font_px, place, left, float(round(top)), grey, paper, quality)


def _value(rng: np.random.Generator, unit: str, style: str) -> float:
    highest = {"pm": 2, "Å": 1, "nm": 2, "mm": 0}.get(unit, 2)
    lowest = {"pm": 2, "Å": 0, "nm": 0, "mm": -1}.get(unit, -1)
    value = float(rng.choice(VALUES)) * 10.0 ** int(rng.integers(lowest, highest + 1))
    return float(f"{value:.6g}")


def _words(rng: np.random.Generator, value: float, unit: str, style: str) -> str:
    if style == "ruler":
        digits = 2 if value < 10 else 1 if value < 100 else 0
        return f"{value:.{digits}f}{unit}"
    number = f"{value:g}"
    if "." in number and rng.random() < 0.2:
        number = number.replace(".", ",")
    return number + " " * int(rng.choice((0, 1, 2), p=(0.3, 0.6, 0.1))) + unit


def _size(font: str, font_px: int, words: str) -> tuple[float, float]:
    box = _font(font, font_px * FINE).getbbox(words)
    return (box[2] - box[0]) / FINE, (box[3] - box[1]) / FINE


def render(background: np.ndarray, printed: Printed) -> np.ndarray:
    """``background`` in [0, 1] with the bar printed on it, as 8-bit levels over 255."""
    height, width = background.shape
    rows = round(2.4 * printed.font_px + printed.thick_px) if printed.style in ("data bar", "ruler") else 0
    ink = Image.new("L", (width * FINE, height * FINE), 0)
    paper = Image.new("L", (width * FINE, height * FINE), 0)
    canvas = _Canvas(ImageDraw.Draw(ink), ImageDraw.Draw(paper))
    grey, ground = printed.grey, printed.paper
    if rows:
        canvas.fill(0, height - rows, width, height)
    label = _draw_bar(canvas, printed, height - rows if rows else 0, height)
    if printed.style == "box":
        pad = 0.4 * printed.font_px
        left, right = min(label[0], printed.left), max(label[2], printed.left + printed.length_px)
        canvas.fill(
            left - pad, min(label[1], printed.top) - pad, right + pad, max(label[3], printed.top + printed.thick_px) + pad
        )
    if printed.style == "outlined":
        canvas.surround(ink)
    covered, inked = _down(paper), _down(ink)
    picture = background * (1 - covered) + ground * covered
    picture = picture * (1 - inked) + grey * inked
    levels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return np.asarray((levels if printed.quality is None else _compressed(levels, printed.quality)) / 255.0)


class _Canvas:
    """Draws in pixels of the final picture on planes ``FINE`` times finer."""

    def __init__(self, ink: ImageDraw.ImageDraw, paper: ImageDraw.ImageDraw) -> None:
        self.ink, self.paper = ink, paper

    def stroke(self, left: float, top: float, right: float, bottom: float) -> None:
        self.ink.rectangle([round(left * FINE), round(top * FINE), round(right * FINE) - 1, round(bottom * FINE) - 1], fill=255)

    def fill(self, left: float, top: float, right: float, bottom: float) -> None:
        self.paper.rectangle([round(left * FINE), round(top * FINE), round(right * FINE) - 1, round(bottom * FINE) - 1], fill=255)

    def surround(self, ink: Image.Image) -> None:
        around = np.asarray(ink.resize((ink.width // FINE, ink.height // FINE), Image.Resampling.BOX)) > 0
        grown = around.copy()
        for axis in (0, 1):
            for step in (-1, 1):
                grown |= np.roll(around, step, axis)
        for row, column in zip(*np.nonzero(grown), strict=True):
            self.fill(column, row, column + 1, row + 1)

    def words(self, printed: Printed, left: float, top: float) -> None:
        font = _font(printed.font, printed.font_px * FINE)
        box = font.getbbox(printed.words)
        self.ink.text((left * FINE - box[0], top * FINE - box[1]), printed.words, fill=255, font=font)


def _draw_bar(canvas: _Canvas, p: Printed, band_top: int, height: int) -> tuple[float, float, float, float]:
    """Draws stroke and label and returns the label's box."""
    wide, tall = _size(p.font, p.font_px, p.words)
    gap = max(3.0, 0.3 * p.font_px)
    right, middle = p.left + p.length_px, p.left + p.length_px / 2
    if p.style == "ruler":
        row = band_top + 3.0
        for k in range(11):
            at = p.left + p.length_px * k / 10
            canvas.stroke(at - 1, row, at + 1, row + (8 if k % 5 == 0 else 5))
        x = min(right + 2 - wide + 2, right)
        canvas.words(p, x, band_top + 14.0)
        return (x, band_top + 14.0, x + wide, band_top + 14.0 + tall)
    top = (band_top + height) / 2 - p.thick_px / 2 if band_top and p.place == "right" else p.top
    if band_top and p.place == "above":
        top = height - p.thick_px - 4.0
    if p.style == "split":
        half = (wide + p.font_px) / 2
        canvas.stroke(p.left, top, middle - half, top + p.thick_px)
        canvas.stroke(middle + half, top, right, top + p.thick_px)
        canvas.words(p, middle - wide / 2, top + p.thick_px / 2 - tall / 2)
        return (middle - wide / 2, top - tall / 2, middle + wide / 2, top + tall / 2)
    reach = 0.0
    if p.style == "ticks":
        reach = max(4.0, 0.3 * p.font_px)
        for at in (p.left, right):
            canvas.stroke(at - p.thick_px / 2, top - reach, at + p.thick_px / 2, top + p.thick_px + reach)
    canvas.stroke(p.left, top, right, top + p.thick_px)
    x, y = {
        "above": (middle - wide / 2, top - gap - reach - tall),
        "below": (middle - wide / 2, top + p.thick_px + reach + gap),
        "right": (right + gap + 2, top + p.thick_px / 2 - tall / 2),
        "left": (p.left - gap - 2 - wide, top + p.thick_px / 2 - tall / 2),
    }[p.place]
    canvas.words(p, x, y)
    return (x, y, x + wide, y + tall)


def _down(plane: Image.Image) -> np.ndarray:
    fine = np.asarray(plane, dtype=np.float64) / 255
    return np.asarray(fine.reshape(fine.shape[0] // FINE, FINE, fine.shape[1] // FINE, FINE).mean(axis=(1, 3)))


def _compressed(levels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))
