"""
Bruker (Veeco, Digital Instruments) Nanoscope files: a text header, then whole numbers per channel.

Value = stored number x full scale / 2^(8 x bytes per pixel) x sensitivity. The full scale is the last
number of ``@2:Z scale: V [Sens. Zsens] (0.006 V/LSB) 12.5 V``; the sensitivity it names stands elsewhere
in the header as ``@Sens. Zsens: V 20.1 nm/V``. Rows are stored from the bottom of the image.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..core import Micrograph, Stack
from ..errors import UnreadableFile
from . import lengths, planes
from .formats import Options
from .limits import check_size

MAX_HEADER_BYTES = 4 * 2**20
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
HEIGHT_UNITS = ("nm", "pm", "~m", "um", "µm", "mm", "m")


@dataclass
class Section:
    """One ``\\*Section`` of the header."""

    name: str
    lines: dict[str, str] = field(default_factory=dict)

    def get(self, *names: str) -> str:
        """The first of these entries that is there, whatever its case; "" where none is."""
        lower = {key.lower(): value for key, value in self.lines.items()}
        return next((lower[name.lower()] for name in names if name.lower() in lower), "")

    def whole(self, *names: str) -> int:
        """The leading whole number of an entry, 0 where there is none."""
        found = re.match(r"\s*(\d{1,12})", self.get(*names))
        return int(found[1]) if found else 0


def read(path: Path, options: Options) -> Micrograph | Stack:
    """One channel as a Micrograph, several as a Stack with their names."""
    with open(path, "rb") as file:
        head = file.read(MAX_HEADER_BYTES)
    sections = _sections(head.split(b"\x1a")[0].decode("latin-1"))
    images = [section for section in sections if section.name.lower() in ("ciao image list", "image list", "afm image list")]
    images = [section for section in images if section.whole("Data length", "Data offset")]
    if not images:
        what = "force curves" if any("force" in section.name.lower() for section in sections) else "no image"
        raise UnreadableFile(path, f"a Nanoscope file that holds {what}; only images are read")
    header: dict[str, dict[str, str]] = {}
    for section in sections:
        number = sum(name.split(" #")[0] == section.name for name in header)
        header[f"{section.name} #{number + 1}" if number else section.name] = section.lines
    sensitivities = _sensitivities(sections)
    conditions = _conditions(sections)
    frames, names = [], []
    for section in images:
        name = _channel(section)
        raw, pixel, notes = _pixels(section, sections, path)
        values, unit, more = _scaled(raw, section, sensitivities)
        known = {"pixel_size": pixel, "unit": unit, "header": header, "conditions": {**conditions, "channel": name}}
        frames.append(planes.plane(values, path, options, notes=(*notes, *more), **known))
        names.append(name)
    return planes.mixed(frames, path, options, names=names)


def _sections(text: str) -> list[Section]:
    found: list[Section] = []
    for line in text.splitlines():
        if line.startswith("\\*"):
            found.append(Section(line[2:].strip()))
        elif line.startswith("\\") and found:
            # the colon of "\@2:Z scale: V ..." that separates is the one with a space behind it
            key, _, value = line[1:].partition(": ")
            found[-1].lines[key.rstrip(":")] = value.strip()
    return found


def _channel(section: Section) -> str:
    """Name of the channel, with the scan direction where the file states it."""
    quoted = re.search(r'\[(.*?)\]\s*"(.*?)"', section.get("@2:Image Data", "@3:Image Data", "@Image Data"))
    name = (quoted[2] or quoted[1]) if quoted else section.get("Image data") or "image"
    direction = section.get("Line Direction", "Line direction")
    return f"{name} ({direction})" if direction else name


def _pixels(section: Section, sections: list[Section], path: Path) -> tuple[np.ndarray, object, tuple[str, ...]]:
    width, height = section.whole("Samps/line"), section.whole("Number of lines")
    start, length = section.whole("Data offset"), section.whole("Data length")
    if not width or not height:
        scan = next((s for s in sections if s.name.lower() == "ciao scan list"), section)
        width, height = width or scan.whole("Samps/line"), height or scan.whole("Lines", "Number of lines")
    check_size(path, (height, width), 1, compressed=False)
    exact, rest = divmod(length, height * width)
    stored = exact if exact in (1, 2, 4) and not rest else section.whole("Bytes/pixel")
    if stored not in (1, 2, 4) or (length and length < height * width * stored):
        raise UnreadableFile(path, f"{length:,} bytes do not make {height} x {width} pixels of 1, 2 or 4 bytes")
    if start + height * width * stored > path.stat().st_size:
        raise UnreadableFile(path, f"cut short: {height} x {width} pixels from byte {start:,} end beyond the file")
    raw = np.fromfile(path, f"<i{stored}", height * width, offset=start).reshape(height, width)[::-1]
    size, notes = _pixel_size(section, sections, height, width)
    return raw, size, notes


def _pixel_size(section: Section, sections: list[Section], height: int, width: int) -> tuple[object, tuple[str, ...]]:
    """Scan size over pixels; one length is the side along the lines, the other follows from the aspect ratio."""
    scan = next((s.get("Scan Size") for s in (section, *sections) if s.get("Scan Size")), "")
    found = re.fullmatch(rf"\s*({NUMBER})\s*({NUMBER})?\s*(\S+)\s*", scan)
    if not found:
        return None, ("no scan size in the header",)
    across = float(found[1])
    ratio = re.match(rf"({NUMBER}):({NUMBER})", section.get("Aspect ratio", "Aspect Ratio"))
    shrink = float(ratio[1]) / float(ratio[2]) if ratio and float(ratio[1]) * float(ratio[2]) > 0 else width / height
    along = float(found[2]) if found[2] else across / shrink
    return lengths.pixel_size(along / height, across / width, found[3], "Nanoscope scan size")


def _sensitivities(sections: list[Section]) -> dict[str, tuple[float, str]]:
    """``Sens. Zsens`` and its like: (number, unit)."""
    found = {}
    for section in sections:
        for key, value in section.lines.items():
            match = re.match(rf"V\s+({NUMBER})\s*(\S*)", value)
            if key.startswith("@") and "sens" in key.lower() and match:
                found[re.sub(r"^@(\d+:)?", "", key).lower()] = float(match[1]), match[2]
    return found


def _scaled(
    raw: np.ndarray, section: Section, sensitivities: dict[str, tuple[float, str]]
) -> tuple[np.ndarray, str, tuple[str, ...]]:
    """Physical values and their unit, or the stored numbers and the reason."""
    line = next((v for k, v in section.lines.items() if re.fullmatch(r"@(\d+:)?Z scale", k, re.IGNORECASE)), "")
    match = re.match(rf"V\s*\[(.*?)\]\s*(?:\(.*?\))?\s*({NUMBER})\s*(\S*)", line)
    if not match:
        return raw, "counts", ("no scale of the values in the header; they are the stored numbers",)
    full_scale, unit = float(match[2]), match[3]
    if match[1]:
        if match[1].lower() not in sensitivities:
            reason = f"the sensitivity {match[1]!r} is not in the header; values are in {unit or 'units'} of the converter"
            return raw * (full_scale / 2.0 ** (8 * _bytes(section, raw))), unit, (reason,)
        factor, ratio = sensitivities[match[1].lower()]
        full_scale, unit = full_scale * factor, ratio.split("/")[0] if ratio else unit
    unit = unit.replace("\xba", "°")
    if unit in HEIGHT_UNITS:
        full_scale, unit = full_scale * (lengths.nm_per(unit) or 1.0), "nm"
    return raw * (full_scale / 2.0 ** (8 * _bytes(section, raw))), unit, ()


def _bytes(section: Section, raw: np.ndarray) -> int:
    """Bytes that the full scale spans: the stated ones, which may be fewer than the stored."""
    return section.whole("Bytes/pixel") or raw.dtype.itemsize


def _conditions(sections: list[Section]) -> dict[str, float | str]:
    known: dict[str, float | str] = {}
    texts = {"Microscope": "microscope", "Operating mode": "operation_mode", "Date": "date", "Tip Serial Number": "tip"}
    for section in sections:
        for name, ours in texts.items():
            if section.get(name):
                known.setdefault(ours, section.get(name))
        rate = re.match(rf"({NUMBER})", section.get("Scan Rate", "Scan rate"))
        if rate:
            known.setdefault("scan_rate_hz", float(rate[1]))
    return known
