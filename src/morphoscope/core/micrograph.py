"""An image of a material, with its scale, its raw values and its history."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

import numpy as np

from ..errors import BadParameter, InputError, MissingPixelSize
from . import resample
from .frozen import freeze
from .pixel_size import PixelSize

ROUNDING = 1e-5


@dataclass(frozen=True, eq=False)
class Micrograph:
    """
    One grey plane in [0, 1] and everything known about it.

    ``offset + gain * pixels`` gives the raw values back in ``unit`` (counts, nm of height). The pixel
    size is None when unknown; it is never guessed. ``mask`` is True where the specimen can be read,
    None when that is everywhere. ``header`` is the file's own metadata, untouched; ``conditions`` is
    what was understood of it, units in the names (``voltage_kv``). ``affine`` maps pixels of this
    image to pixels of the file it was read from. ``data_bar_row_px`` is the first row of the printed
    bar at the bottom; turning the image keeps the bar out of the analysis by masking it.
    """

    pixels: np.ndarray
    pixel_size: PixelSize | None = None
    offset: float = 0.0
    gain: float = 1.0
    unit: str = ""
    bits: int = 8
    mask: np.ndarray | None = None
    data_bar_row_px: int | None = None
    source: str = ""
    history: tuple[str, ...] = ()
    conditions: Mapping[str, float | str] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    affine: resample.Affine = resample.IDENTITY

    def __post_init__(self) -> None:
        freeze(self, "pixels", "mask")
        if self.pixels.ndim != 2:
            raise InputError(f"a micrograph has 2 axes, not {self.pixels.ndim}; split the stack or the channels first")
        if self.pixels.size == 0:
            raise InputError(f"{self.name}: the image has no pixels ({self.height_px} x {self.width_px})")
        if self.mask is not None and self.mask.shape != self.pixels.shape:
            raise InputError(f"{self.name}: mask of {self.mask.shape} on an image of {self.pixels.shape}")
        if self.mask is not None and self.mask.dtype != bool:
            raise InputError(f"{self.name}: a mask is made of True and False, not of {self.mask.dtype}")
        if self.pixels.dtype.kind != "f":
            raise InputError(f"{self.name}: pixels are fractions in [0, 1], not {self.pixels.dtype}; use Micrograph.from_raw")
        low, high = float(self.pixels.min()), float(self.pixels.max())
        if not (low >= -ROUNDING and high <= 1 + ROUNDING):
            run = f"pixels run from {low:.4g} to {high:.4g}"
            raise InputError(f"{self.name}: {run}, a micrograph holds them in [0, 1]; use Micrograph.from_raw")
        if self.data_bar_row_px is not None and not 1 <= self.data_bar_row_px <= self.height_px:
            where = f"row {self.data_bar_row_px}"
            raise InputError(f"{self.name}: a data bar from {where} leaves no image in {self.height_px} rows")

    @classmethod
    def from_raw(cls, raw: np.ndarray, *, nan: str = "refuse", **known: Any) -> Micrograph:
        """
        Raw values of any numeric type, brought to [0, 1].

        8-bit and boolean images keep their levels (divided by 255 and 1); deeper ones run from their
        smallest to their largest value, and ``offset`` and ``gain`` keep the way back. Pixels that
        are NaN or infinite are refused, or masked with ``nan="mask"``.
        """
        if raw.size == 0:
            raise InputError(f"the image has no pixels ({' x '.join(map(str, raw.shape))})")
        if raw.dtype == bool:
            return cls(raw.astype(np.float32), bits=1, **known)
        if raw.dtype == np.uint8:
            return cls(raw.astype(np.float32) / np.float32(255), gain=255.0, bits=8, **known)
        if raw.dtype.kind not in "iuf":
            raise InputError(f"pixels of type {raw.dtype} are not real numbers")
        bad = ~np.isfinite(raw) if raw.dtype.kind == "f" else None
        if bad is not None and bad.any():
            if bad.all() or nan != "mask":
                count = "all" if bad.all() else f"{int(bad.sum())} of {bad.size}"
                raise InputError(f"{count} pixels are NaN or infinite; give them a number, or read the file with nan='mask'")
            known["mask"] = ~bad if known.get("mask") is None else known["mask"] & ~bad
            raw = np.where(bad, raw[~bad].min(), raw)
        low, high = (float(extreme) for extreme in (raw.min(), raw.max()))
        gain = high - low if high > low else 1.0
        if not math.isfinite(gain):
            raise InputError(f"pixels run from {low:.3g} to {high:.3g}, too far apart to be brought to one scale")
        precise = np.float32 if raw.dtype.itemsize <= 2 else np.float64
        pixels = ((raw.astype(np.float64) - low) / gain).astype(precise)
        return cls(pixels, offset=low, gain=gain, bits=raw.dtype.itemsize * 8, **known)

    @property
    def name(self) -> str:
        """The file's name, or "this image"."""
        return PurePath(self.source).name or "this image"

    @property
    def height_px(self) -> int:
        """Number of rows."""
        return int(self.pixels.shape[0])

    @property
    def width_px(self) -> int:
        """Number of columns."""
        return int(self.pixels.shape[1])

    @property
    def pixel_size_nm(self) -> tuple[float, float] | None:
        """(y, x) in nm, or None."""
        return None if self.pixel_size is None else (self.pixel_size.y_nm, self.pixel_size.x_nm)

    @property
    def extent_nm(self) -> tuple[float, float]:
        """Height and width of the whole image."""
        size = self.scale()
        return self.height_px * size.y_nm, self.width_px * size.x_nm

    def scale(self) -> PixelSize:
        """The pixel size, or a sentence that says how to give one."""
        if self.pixel_size is None:
            raise MissingPixelSize(f"{self.name} has no pixel size; give pixel_size_nm=... or read its scale bar first")
        return self.pixel_size

    def raw(self) -> np.ndarray:
        """The values of the file, in ``unit``."""
        return self.offset + self.gain * self.pixels.astype(np.float64)

    def to_source(self, points_px: np.ndarray) -> np.ndarray:
        """(row, col) pixel centres of this image as pixel centres of the file."""
        return resample.apply(self.affine, np.asarray(points_px, float))

    def with_scale(self, size: PixelSize | float) -> Micrograph:
        """The same image with this pixel size; a number is square pixels given by hand, in nm."""
        size = size if isinstance(size, PixelSize) else PixelSize(float(size), float(size))
        return replace(self, pixel_size=size, history=(*self.history, f"with_scale({size.y_nm!r}, {size.x_nm!r})"))

    def then(self, step: str, pixels: np.ndarray) -> Micrograph:
        """A new micrograph of the same shape and scale whose grey values changed."""
        if pixels.shape != self.pixels.shape:
            raise InputError(f"{step}: shape changed from {self.pixels.shape} to {pixels.shape}")
        return replace(self, pixels=pixels, history=(*self.history, step))

    def crop(self, top: int, left: int, height: int, width: int) -> Micrograph:
        """The rectangle of ``height`` by ``width`` pixels whose first pixel is (``top``, ``left``)."""
        if top < 0 or left < 0 or height < 1 or width < 1 or top + height > self.height_px or left + width > self.width_px:
            have = f"{self.name} of {self.height_px} x {self.width_px} pixels"
            raise BadParameter(f"crop of {height} x {width} at ({top}, {left}) does not fit in {have}")
        window = np.s_[top : top + height, left : left + width]
        bar = self.data_bar_row_px
        masked = self._without_data_bar() if bar is not None and bar <= top else self.mask
        return replace(
            self,
            pixels=self.pixels[window],
            mask=None if masked is None else masked[window],
            data_bar_row_px=None if bar is None or not top < bar < top + height else bar - top,
            affine=resample.compose(self.affine, (1.0, 0.0, top, 0.0, 1.0, left)),
            history=(*self.history, f"crop(top={top}, left={left}, height={height}, width={width})"),
        )

    def above_data_bar(self) -> Micrograph:
        """The image without the printed bar at its bottom, where the bar's row is known."""
        return self if self.data_bar_row_px is None else self.crop(0, 0, self.data_bar_row_px, self.width_px)

    def _without_data_bar(self) -> np.ndarray | None:
        """The mask with the data bar's rows False."""
        if self.data_bar_row_px is None:
            return self.mask
        mask = np.ones(self.pixels.shape, bool) if self.mask is None else self.mask.copy()
        mask[self.data_bar_row_px :] = False
        return mask

    def resize(self, height: int, width: int) -> Micrograph:
        """The same extent on another grid; pixels may stop being square."""
        if height < 1 or width < 1:
            raise BadParameter(f"an image of {height} x {width} pixels cannot be; give at least 1 x 1")
        y, x = self.height_px / height, self.width_px / width
        mask = None if self.mask is None else resample.resize(self.mask.astype(np.float32), height, width) > 0.999
        bar = self.data_bar_row_px
        return replace(
            self,
            pixels=resample.resize(self.pixels, height, width),
            pixel_size=None if self.pixel_size is None else self.pixel_size.scaled(y, x),
            mask=mask,
            data_bar_row_px=None if bar is None else max(1, bar * height // self.height_px),
            affine=resample.compose(self.affine, (y, 0.0, (y - 1) / 2, 0.0, x, (x - 1) / 2)),
            history=(*self.history, f"resize(height={height}, width={width})"),
        )

    def rotate(self, angle_deg: float) -> Micrograph:
        """
        Turned counter-clockwise about its centre.

        Multiples of 90 degrees move pixels exactly and swap the axes; other angles turn the specimen,
        not the grid: pixel size and shape stay, and corners that come from outside are masked. Without
        a pixel size the pixels of the file are taken as square. A data bar turns into masked pixels.
        """
        if not math.isfinite(angle_deg):
            raise BadParameter(f"angle_deg={angle_deg} is no angle; give a finite number of degrees")
        quarters, rest = divmod(angle_deg, 90)
        if rest == 0:
            return self._quarter_turns(int(quarters) % 4)
        y_nm, x_nm = self.pixel_size_nm or resample.pixel_sides(self.affine)
        aspect, angle = x_nm / y_nm, math.radians(angle_deg)
        cos, sin = math.cos(angle), math.sin(angle)
        middle_row, middle_col = (self.height_px - 1) / 2, (self.width_px - 1) / 2
        a, b, d, e = cos, sin * aspect, -sin / aspect, cos
        turn = (a, b, middle_row - a * middle_row - b * middle_col, d, e, middle_col - d * middle_row - e * middle_col)
        shape = (self.height_px, self.width_px)
        pixels, inside = resample.warp(self.pixels, turn, shape)
        masked = self._without_data_bar()
        if masked is not None:
            inside &= resample.warp(masked.astype(np.float32), turn, shape)[0] > 0.999
        return replace(
            self,
            pixels=pixels,
            mask=inside,
            data_bar_row_px=None,
            affine=resample.compose(self.affine, turn),
            history=(*self.history, f"rotate(angle_deg={angle_deg!r})"),
        )

    def _quarter_turns(self, quarters: int) -> Micrograph:
        if quarters == 0:
            return self
        last_row, last_col = self.height_px - 1.0, self.width_px - 1.0
        turn: resample.Affine = {
            1: (0.0, 1.0, 0.0, -1.0, 0.0, last_col),
            2: (-1.0, 0.0, last_row, 0.0, -1.0, last_col),
            3: (0.0, -1.0, last_row, 1.0, 0.0, 0.0),
        }[quarters]
        size, masked = self.pixel_size, self._without_data_bar()
        if size is not None and quarters % 2:
            size = replace(size, y_nm=size.x_nm, x_nm=size.y_nm)
        return replace(
            self,
            pixels=np.rot90(self.pixels, quarters),
            pixel_size=size,
            mask=None if masked is None else np.rot90(masked, quarters),
            data_bar_row_px=None,
            affine=resample.compose(self.affine, turn),
            history=(*self.history, f"rotate(angle_deg={90 * quarters})"),
        )

    def tiles(self, height: int, width: int) -> Iterator[Micrograph]:
        """Every whole tile of ``height`` by ``width`` pixels, row by row; what does not fill a tile is left out."""
        if height < 1 or width < 1:
            raise BadParameter(f"a tile of {height} x {width} pixels cannot be; give at least 1 x 1")
        if height > self.height_px or width > self.width_px:
            raise BadParameter(
                f"{self.name} of {self.height_px} x {self.width_px} pixels is smaller than one tile of {height} x {width}"
            )
        tops, lefts = range(0, self.height_px - height + 1, height), range(0, self.width_px - width + 1, width)
        return (self.crop(top, left, height, width) for top in tops for left in lefts)
