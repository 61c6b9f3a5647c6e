"""
The scale bar and the bar of data that instruments print on their images, in the styles of several makers.

The scale bar is the largest of 1, 2 or 5 times a power of ten nm that takes at most ``LONGEST`` of the
image's width, drawn to the nearest pixel. What was drawn is recorded in ``conditions``: ``scale_bar_nm``,
``scale_bar_px``.

Checked against: the drawn line's length and the first printed row, in tests/physics/test_sem_bar.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..core import Micrograph
from ..errors import BadParameter

LONGEST = 0.28

UNITS = ((1e6, "mm"), (1e3, "µm"), (1.0, "nm"))


@dataclass(frozen=True)
class Style:
    """
    How one maker prints: grey ``paper`` and ``ink``, height of the bar as a share of the width (0 draws
    the scale bar into the image), cells ruled or not, and the words, ``{}`` filled from the image.
    """

    paper: int
    ink: int
    height: float
    words: tuple[str, ...]
    ruled: bool = False
    ticks: int = 0
    on_left: bool = False
    line_above: bool = False


STYLES: dict[str, Style | None] = {
    "none": None,
    "fei": Style(0, 255, 0.075, ("HV {kv:.2f} kV", "mag {mag:,.0f} x", "WD {wd:.1f} mm", "det ETD"), ruled=True, line_above=True),
    "zeiss": Style(
        0, 235, 0.07, ("EHT = {kv:.2f} kV", "WD = {wd:.1f} mm", "Signal A = SE2", "Mag = {kmag:.2f} K X"), on_left=True
    ),
    "zeiss-white": Style(255, 0, 0.07, ("EHT = {kv:.2f} kV", "WD = {wd:.1f} mm", "Signal A = InLens"), on_left=True),
    "jeol": Style(0, 255, 0.06, ("SEI", "{kv:.1f}kV", "X{mag:,.0f}", "WD {wd:.1f}mm")),
    "hitachi": Style(0, 255, 0.055, ("{kv:.1f}kV {wd:.1f}mm x{kmag:.1f}k SE(U)",), ticks=11),
    "tescan": Style(225, 20, 0.09, ("SEM HV: {kv:.1f} kV", "WD: {wd:.2f} mm", "Det: SE"), ruled=True, line_above=True),
    "inside": Style(0, 255, 0.0, ()),
}

BARS = tuple(STYLES)


def with_data_bar(micrograph: Micrograph, *, style: str) -> Micrograph:
    """``micrograph`` with the bar of ``style`` printed below it, or the scale bar alone printed into it."""
    if style not in STYLES:
        raise BadParameter(f"bar={style!r} is not one of {', '.join(BARS)}")
    look = STYLES[style]
    if look is None:
        return micrograph
    length_nm = scale_bar_nm(micrograph.width_px * micrograph.scale().x_nm)
    length_px = round(length_nm / micrograph.scale().x_nm)
    known = {**micrograph.conditions, "scale_bar_nm": length_nm, "scale_bar_px": float(length_px)}
    history = (*micrograph.history, f"with_data_bar(style={style!r})")
    if look.height == 0:
        return replace(micrograph, pixels=_inside(micrograph.pixels, length_nm, length_px), conditions=known, history=history)
    strip = _strip(micrograph, look, length_nm, length_px)
    size, offset, gain = micrograph.height_px, micrograph.offset, micrograph.gain
    mask = None if micrograph.mask is None else np.vstack([micrograph.mask, np.zeros(strip.shape, bool)])
    return replace(
        micrograph,
        pixels=np.vstack([micrograph.pixels, strip]),
        mask=mask,
        data_bar_row_px=size,
        offset=offset,
        gain=gain,
        conditions=known,
        history=history,
    )


def scale_bar_nm(width_nm: float) -> float:
    """The longest of 1, 2, 5 x 10^n nm that fits ``LONGEST`` of ``width_nm``."""
    most = width_nm * LONGEST
    decade = 10.0 ** math.floor(math.log10(most))
    return max(step * decade for step in (1.0, 2.0, 5.0) if step * decade <= most * (1 + 1e-12))


def label(length_nm: float) -> str:
    """``length_nm`` as it is printed: "500 nm", "2 µm"."""
    scale, unit = next((s, u) for s, u in UNITS if length_nm >= s or u == "nm")
    return f"{length_nm / scale:g} {unit}"


def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=max(8, size_px))


def lettering(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, *, ink: int | str, size_px: int, anchor: str, rim: int = 0
) -> None:
    """``text``, with the stem of each µ drawn onto a u, because Pillow's own font has no µ."""
    font, plain = _font(size_px), text.replace("µ", "u")
    pen.text(at, plain, fill=ink, font=font, anchor=anchor, stroke_width=rim, stroke_fill=0)
    left = pen.textbbox(at, plain, font=font, anchor=anchor)[0]
    for k, letter in enumerate(text):
        if letter == "µ":
            u = pen.textbbox((left + font.getlength(plain[:k]), at[1]), "u", font=font, anchor="l" + anchor[1])
            stem = round(u[0] + 0.11 * size_px)
            pen.line((stem, u[1] + 1, stem, u[3] + 0.35 * (u[3] - u[1])), fill=ink, width=max(1, size_px // 12))


def _strip(micrograph: Micrograph, look: Style, length_nm: float, length_px: int) -> np.ndarray:
    """The printed bar as pixels in [0, 1]."""
    width = micrograph.width_px
    height = max(16, round(look.height * width))
    image = Image.new("L", (width, height), look.paper)
    pen = ImageDraw.Draw(image)
    if look.line_above:
        pen.line((0, 0, width, 0), fill=look.ink)
    room = length_px + round(0.04 * width) if not look.ticks else length_px + round(0.02 * width)
    words_at = room if look.on_left else 0
    _words(pen, _filled(micrograph, look), look, words_at, width - room, height)
    left = round(0.02 * width) if look.on_left else width - room + round(0.01 * width)
    if look.ticks:
        _ticks(pen, look, left, length_nm, length_px, height)
    else:
        _scale(pen, look.ink, left, length_nm, length_px, height)
    return np.asarray(image, dtype=np.float32) / np.float32(255)


def _filled(micrograph: Micrograph, look: Style) -> tuple[str, ...]:
    """The words with this image's numbers; the magnification is that of a print 127 mm wide."""
    magnification = 127e6 / (micrograph.width_px * micrograph.scale().x_nm)
    known = {
        "kv": float(micrograph.conditions.get("voltage_kv", 5.0)),
        "wd": float(micrograph.conditions.get("working_distance_mm", 5.0)),
        "mag": magnification,
        "kmag": magnification / 1000,
    }
    return tuple(words.format(**known) for words in look.words)


def _words(pen: ImageDraw.ImageDraw, words: tuple[str, ...], look: Style, left: int, width: int, height: int) -> None:
    cell = width / len(words)
    font = _font(min(round(0.5 * height), max(8, round(min(1.7 * cell / max(map(len, words)), 0.42 * height)))))
    for k, text in enumerate(words):
        start = left + k * cell
        pen.text((start + 0.03 * cell + 2, height / 2), text, fill=look.ink, font=font, anchor="lm")
        if look.ruled and k:
            pen.line((start, 0, start, height), fill=look.ink)
    if look.ruled and not look.on_left:
        pen.line((left + width, 0, left + width, height), fill=look.ink)


def _scale(pen: ImageDraw.ImageDraw, ink: int, left: int, length_nm: float, length_px: int, height: int) -> None:
    """A line with end marks, its length written above or beside it."""
    row, half = round(0.72 * height), max(2, round(0.1 * height))
    pen.rectangle((left, row, left + length_px - 1, row + max(0, height // 40)), fill=ink)
    for column in (left, left + length_px - 1):
        pen.line((column, row - half, column, row + half), fill=ink)
    lettering(pen, (left + length_px / 2, 0.32 * height), label(length_nm), ink=ink, size_px=round(0.4 * height), anchor="mm")


def _ticks(pen: ImageDraw.ImageDraw, look: Style, left: int, length_nm: float, length_px: int, height: int) -> None:
    """Evenly spaced marks from end to end of the length, which is written below the last."""
    for column in np.linspace(left, left + length_px - 1, look.ticks):
        pen.line((round(column), 2, round(column), round(0.22 * height)), fill=look.ink)
    lettering(pen, (left + length_px, 0.68 * height), label(length_nm), ink=look.ink, size_px=round(0.45 * height), anchor="rm")


def _inside(pixels: np.ndarray, length_nm: float, length_px: int) -> np.ndarray:
    """The scale bar alone, white with a dark rim, in the lower right corner of the image."""
    height, width = pixels.shape
    image = Image.fromarray(np.rint(pixels * 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    thick = max(3, round(0.012 * height))
    right, bottom = width - round(0.04 * width), height - round(0.04 * height)
    box = (right - length_px, bottom - thick, right - 1, bottom - 1)
    pen.rectangle((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), fill=0)
    pen.rectangle(box, fill=255)
    middle = (right - length_px / 2, bottom - 1.6 * thick)
    lettering(pen, middle, label(length_nm), ink=255, size_px=round(0.05 * height), anchor="mb", rim=1)
    return np.asarray(image, dtype=np.float32) / np.float32(255)
