"""OME-XML in the ImageDescription: PhysicalSizeX with its unit, the order of planes, channel names."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..lengths import nm_per, seconds_per
from .facts import Facts, Page
from .layout import Layout, laid_out
from .text import bare, number, rectangle, xml

DESCRIPTION = 270
OURS = "morphoscope.org/micrograph"
"""Namespace of the annotation in which our own writer keeps what OME has no place for."""

AXES = {"C": "channel", "Z": "z", "T": "time"}


def layout(page: Page, planes: int) -> Layout | None:
    """Scale and axes of an OME-TIFF of ``planes`` images."""
    text = page.value(DESCRIPTION)
    if not isinstance(text, str) or "<OME" not in text[:4000]:
        return None
    root = xml(text)
    header = Facts(header={"ome": text})
    kept = _ours(root)
    if len(kept.get("frames", ())) == planes:
        return Layout((header,), kept=tuple(kept["frames"]), **_stack(kept.get("stack", {}), planes))
    images = [node for node in root.iter() if bare(node.tag) == "pixels"]
    if not images:
        return Layout((header,))
    facts = [_facts(pixels, text) for pixels in images]
    counts = [_counts(pixels) for pixels in images]
    if len(images) > 1:
        per_plane = [
            fact for fact, count in zip(facts, counts, strict=True) for _ in range(min(math.prod(count.values()), planes))
        ]
        return Layout(tuple(per_plane[:planes]))
    pixels = images[0]
    made = laid_out(facts[0], counts[0], planes, spacing_nm=_length(pixels, "PhysicalSizeZ"), step_s=_time(pixels))
    names = tuple(str(c.get("Name") or "") for c in pixels if bare(c.tag) == "channel")
    if made.axis == "channel" and len(names) == planes and all(names):
        made = replace(made, names=names)
    return made


def _counts(pixels: ET.Element) -> dict[str, int]:
    """Sizes of the axes in the order in which planes run; samples of one colour are one channel."""
    order = [axis for axis in (pixels.get("DimensionOrder") or "XYCZT") if axis in AXES]
    sizes = {AXES[axis]: int(number(pixels.get(f"Size{axis}")) or 1) for axis in order}
    samples = [int(number(c.get("SamplesPerPixel")) or 1) for c in pixels if bare(c.tag) == "channel"]
    if samples and sum(samples) == sizes.get("channel"):
        sizes["channel"] = len(samples)
    return sizes


def _length(pixels: ET.Element, key: str) -> float | None:
    value, factor = number(pixels.get(key)), nm_per(pixels.get(f"{key}Unit") or "um")
    return value * factor if value and factor and value > 0 else None


def _time(pixels: ET.Element) -> float | None:
    value, factor = number(pixels.get("TimeIncrement")), seconds_per(pixels.get("TimeIncrementUnit") or "s")
    return value * factor if value and factor and value > 0 else None


def _facts(pixels: ET.Element, text: str) -> Facts:
    size = rectangle(_length(pixels, "PhysicalSizeY"), _length(pixels, "PhysicalSizeX"), "OME PhysicalSizeX")
    return Facts(size, header={"ome": text})


def _stack(told: Mapping[str, Any], planes: int) -> dict[str, Any]:
    names, times = tuple(str(name) for name in told.get("names") or ()), told.get("times_s")
    spacing = told.get("spacing_nm")
    return {
        "axis": told.get("axis", "page"),
        "names": names if len(names) == planes else (),
        "spacing_nm": None if spacing is None else float(spacing),
        "times_s": tuple(float(t) for t in times) if times and len(times) == planes else None,
    }


def _ours(root: ET.Element) -> dict[str, Any]:
    """The JSON that our own writer left, or nothing."""
    for node in root.iter():
        if bare(node.tag) == "commentannotation" and node.get("Namespace") == OURS:
            value = "".join(node.itertext())
            kept = json.loads(value)
            return kept if isinstance(kept, dict) else {}
    return {}
