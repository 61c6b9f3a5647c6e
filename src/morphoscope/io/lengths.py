"""Units as instruments write them: lengths to nm, scattering vectors to 1/nm, pixel sizes with their origin."""

from __future__ import annotations

import math
import re

from ..core import PixelSize

NM_PER = {
    "fm": 1e-6, "pm": 1e-3, "a": 0.1, "å": 0.1, "ang": 0.1, "angstrom": 0.1, "angstroms": 0.1, "ångström": 0.1, "ångstrom": 0.1,
    "nm": 1.0, "nanometer": 1.0, "nanometers": 1.0, "nanometre": 1.0, "nanometres": 1.0,
    "um": 1e3, "micron": 1e3, "microns": 1e3, "micrometer": 1e3, "micrometers": 1e3, "micrometre": 1e3, "micrometres": 1e3,
    "mm": 1e6, "millimeter": 1e6, "millimeters": 1e6, "millimetre": 1e6, "millimetres": 1e6, "cm": 1e7,
    "m": 1e9, "meter": 1e9, "meters": 1e9, "metre": 1e9, "metres": 1e9, "in": 2.54e7, "inch": 2.54e7,
}  # fmt: skip
"""How many nm one of each unit is; ``~m`` and the two letters µ are read as ``um``."""

SECONDS_PER = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0, "min": 60.0, "h": 3600.0}

_INVERSE = re.compile(r"^(?:1/|/)\(?(?P<over>[^()]+?)\)?$|^(?P<power>.+?)(?:\^?\(?\{?[-−]1\}?\)?|⁻¹)$")


def _plain(unit: str) -> str:
    text = re.sub(r"[\s\[\]_$\\]", "", unit).replace("\u212b", "å").replace("A\u030a", "å")
    text = text.replace("\u00b5", "u").replace("\u03bc", "u").replace("~m", "um")
    return text.removesuffix(".").lower()


def nm_per(unit: str) -> float | None:
    """Length in nm of one ``unit``, or None where it is no length."""
    return NM_PER.get(_plain(unit))


def seconds_per(unit: str) -> float | None:
    """Duration in s of one ``unit``, or None where it is no time."""
    return SECONDS_PER.get(_plain(unit))


def per_nm(unit: str) -> float | None:
    """What one inverse length such as ``1/A``, ``nm^-1`` or ``Å⁻¹`` is in 1/nm; None where it is none."""
    found = _INVERSE.match(_plain(unit))
    length = NM_PER.get(found["over"] or found["power"]) if found else None
    return None if length is None else 1.0 / length


def spelled(unit: str) -> str:
    """``unit`` in one spelling: inverse lengths as ``1/nm``, ``1/Å``, ``1/cm``; others as they are, stripped."""
    found = _INVERSE.match(_plain(unit))
    length = NM_PER.get(found["over"] or found["power"]) if found else None
    names = {0.1: "1/Å", 1.0: "1/nm", 1e3: "1/µm", 1e6: "1/mm", 1e7: "1/cm", 1e9: "1/m"}
    return unit.strip() if length is None else names.get(length, unit.strip())


def pixel_size(
    y: float, x: float, unit: str, origin: str, *, x_unit: str | None = None
) -> tuple[PixelSize | None, tuple[str, ...]]:
    """
    The pixel size of steps ``y`` and ``x`` in ``unit``, or None and the reason why there is none.

    Steps count by their size: a negative one is an axis that runs backwards.
    """
    units = (unit, unit if x_unit is None else x_unit)
    if any(not math.isfinite(step) or step == 0 for step in (y, x)):
        return None, ("the file's pixel size is zero or not a number; it is taken as unknown",)
    factors = [nm_per(u) for u in units]
    if factors[0] is not None and factors[1] is not None:
        sizes = abs(y) * factors[0], abs(x) * factors[1]
        return PixelSize(*sizes, origin=f"metadata: {origin}"), ()
    inverse = [per_nm(u) for u in units]
    if inverse[0] is not None and inverse[1] is not None:
        steps = f"{abs(y) * inverse[0]:.6g} x {abs(x) * inverse[1]:.6g} 1/nm"
        return None, (f"a diffraction image: one pixel is {steps} (y, x), not a length",)
    if any(_plain(u) in ("rad", "mrad", "urad", "deg", "°") for u in units):
        return None, (f"a diffraction image: one pixel is {abs(y):.6g} {units[0].strip()}, an angle, not a length",)
    if y == x == 1 or _plain(unit) in ("px", "pixel", "pixels"):
        return None, ()
    named = repr(unit.strip()) if unit.strip() else "none"
    return None, (f"the file's step of {abs(x):.6g} per pixel has no unit of length (unit: {named})",)
