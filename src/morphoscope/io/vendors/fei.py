"""FEI and Thermo Fisher: the INI text of Quanta, Nova, Helios, Apreo, ..., and the XML of Phenom and newer software."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from ...core import PixelSize
from ..plain import decode
from .facts import Facts, Page
from .text import bare, fitted, known, length_nm, number, rectangle, sections, times, xml

TAGS = (34682, 34680)
XML_TAG = 34683
NAMES = {"scan": "Scan", "escan": "EScan", "iscan": "IScan"}
SCANS = tuple(NAMES)
FIELDS = ("beam", "ebeam", "ibeam", "irbeam")
EMBEDDED = re.compile(rb"<FeiImage\b.*?</FeiImage>", re.DOTALL)


def read(page: Page) -> Facts | None:
    """Pixel size and conditions from whichever of the maker's tags is there."""
    found = None
    for code in TAGS:
        raw = page.raw(code)
        if raw is not None:
            text = decode(raw).rstrip("\0")
            facts = from_xml(text, page.height_px, page.width_px) if text.lstrip().startswith("<") else _from_ini(text, page)
            found = facts if found is None else found.and_then(facts)
    raw = page.raw(XML_TAG)
    if raw is not None:
        facts = from_xml(decode(raw).rstrip("\0"), page.height_px, page.width_px)
        found = facts if found is None else found.and_then(facts)
    return found


def _from_ini(text: str, page: Page) -> Facts:
    told = sections(text)
    stated = _resolution(told)
    size = None
    for scan in SCANS:
        y_nm, x_nm = (length_nm(told.get(f"{scan}.{key}"), "m") for key in ("pixelheight", "pixelwidth"))
        size = size or rectangle(y_nm, x_nm, f"FEI {NAMES[scan]}.PixelWidth")
    if size is None and stated is not None:
        size = _from_field(told, stated)
    beam = told.get("beam.beam", "EBeam").lower()
    detector = told.get("detectors.name") or told.get("detectors.mode")
    facts = Facts(size, _conditions(told, beam, detector), {"fei": text}, _bar(told, page))
    return fitted(facts, stated, page.height_px, page.width_px)


def _resolution(told: dict[str, str]) -> tuple[int, int] | None:
    width, height = (number(told.get(f"image.resolution{axis}")) for axis in "xy")
    return (int(width), int(height)) if width and height else None


def _from_field(told: dict[str, str], stated: tuple[int, int]) -> PixelSize | None:
    for scan in SCANS:
        x_nm = length_nm(told.get(f"{scan}.horfieldsize"), "m")
        y_nm = length_nm(told.get(f"{scan}.verfieldsize"), "m")
        if x_nm:
            return rectangle(y_nm and y_nm / stated[1], x_nm / stated[0], f"FEI {NAMES[scan]}.HorFieldsize")
    for beam in FIELDS:
        x_nm, y_nm = (length_nm(told.get(f"{beam}.{key}"), "m") for key in ("hfw", "vfw"))
        if x_nm:
            return rectangle(y_nm and y_nm / stated[1], x_nm / stated[0], f"FEI {beam}.HFW")
    return None


def _bar(told: dict[str, str], page: Page) -> int | None:
    """First row of the printed bar: the scanned rows end there."""
    height = number(told.get("privatefei.databarheight"))
    if height and 0 < height < page.height_px:
        stated = _resolution(told)
        if stated is None or stated[1] != page.height_px:
            return page.height_px - int(height)
    return None


def _conditions(told: dict[str, str], beam: str, detector: str | None) -> dict[str, float | str]:
    return known(
        vendor="FEI / Thermo Fisher",
        instrument=told.get("system.systemtype") or told.get("system.type"),
        voltage_kv=times(told.get("beam.hv") or told.get(f"{beam}.hv"), 1e-3),
        working_distance_mm=_positive(times(told.get(f"{beam}.wd") or told.get("stage.workingdistance"), 1e3)),
        magnification=_positive(number(told.get("image.magnification"))),
        detector=detector,
        dwell_time_us=times(_first(told, "dwelltime", "dwell"), 1e6),
        probe_current_pa=times(told.get(f"{beam}.beamcurrent"), 1e12),
        tilt_alpha_deg=times(told.get("stage.staget"), 57.29577951308232),
        date=" ".join(t for t in (told.get("user.date"), told.get("user.time")) if t),
        software=told.get("system.software"),
    )


def _first(told: dict[str, str], *keys: str) -> str | None:
    return next((told[f"{scan}.{key}"] for scan in SCANS for key in keys if told.get(f"{scan}.{key}")), None)


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def embedded(raw: bytes, height_px: int, width_px: int) -> Facts | None:
    """The XML that a Phenom writes into its JPEG pictures."""
    found = EMBEDDED.search(raw)
    return None if found is None else from_xml(found[0].decode("utf-8", "replace"), height_px, width_px)


def from_xml(text: str, height_px: int, width_px: int) -> Facts:
    """Pixel size in ``<pixelWidth unit="nm">`` (Phenom) or ``<PixelSize><X unit="m">`` (Thermo)."""
    root = xml(text)
    leaves = {bare(node.tag): node for node in root.iter() if node.text and node.text.strip()}
    size = rectangle(_leaf_nm(leaves.get("pixelheight")), _leaf_nm(leaves.get("pixelwidth")), "FEI XML pixelWidth")
    for node in root.iter():
        if size is None and bare(node.tag) == "pixelsize":
            axes = {bare(child.tag): child for child in node}
            size = rectangle(_leaf_nm(axes.get("y")), _leaf_nm(axes.get("x")), "Thermo XML PixelSize")
    height = number(_text(leaves, "databarheight"))
    volts = number(_text(leaves, "accelerationvoltage", "acceleratingvoltage", "hv"))
    conditions = known(
        vendor="FEI / Thermo Fisher",
        instrument=_text(leaves, "instrumentmodel", "instrumentclass", "model", "instrument"),
        voltage_kv=None if volts is None else abs(volts) / 1e3 if abs(volts) > 100 else abs(volts),
        working_distance_mm=_leaf_mm(leaves.get("workingdistance")),
        magnification=number(_text(leaves, "magnification", "nominalmagnification")),
        detector=_text(leaves, "detectorname", "detector", "activedetector"),
        date=_text(leaves, "acquisitiondatetime", "time", "date"),
    )
    return Facts(size, conditions, {"fei_xml": text}, height_px - int(height) if height and 0 < height < height_px else None)


def _text(leaves: dict[str, ET.Element], *names: str) -> str | None:
    return next(((leaves[name].text or "").strip() for name in names if name in leaves), None)


def _leaf_nm(node: ET.Element | None) -> float | None:
    if node is None:
        return None
    unit = next((value for key, value in node.attrib.items() if bare(key) == "unit"), "m")
    return length_nm(f"{(node.text or '').strip()} {unit}")


def _leaf_mm(node: ET.Element | None) -> float | None:
    nm = _leaf_nm(node)
    return None if nm is None else float(f"{nm * 1e-6:.12g}")
