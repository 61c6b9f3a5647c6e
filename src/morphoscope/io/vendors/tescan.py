"""TESCAN (Vega, Mira, Lyra, Amber): INI text in tag 50431 or in a ``.hdr`` beside the picture."""

from __future__ import annotations

from ..plain import decode
from .facts import Facts, Page
from .text import known, length_nm, number, rectangle, sections, times

TAG = 50431


def read(page: Page) -> Facts | None:
    """The private tag: text, sometimes behind a few bytes of another kind."""
    raw = page.raw(TAG)
    if raw is None:
        return None
    start = raw.find(b"[MAIN]")
    text = decode(raw[max(start, 0) :]).rstrip("\0")
    facts = beside(text, page.height_px, page.width_px)
    if facts is None:
        return Facts(notes=("the TESCAN tag holds no text that is understood",))
    return Facts(facts.pixel_size, facts.conditions, {"tescan": text}, facts.data_bar_row_px, facts.notes)


def beside(text: str, height_px: int, width_px: int) -> Facts | None:
    """``PixelSizeX`` and ``PixelSizeY`` in metres; ``ImageStripSize`` rows of printed strip at the bottom."""
    told = sections(text)
    brief = {key.rsplit(".", 1)[-1]: value for key, value in reversed(told.items())}
    if "pixelsizex" not in brief and not ("main.device" in told or "main.magnification" in told):
        return None
    y_nm, x_nm = (length_nm(brief.get(f"pixelsize{axis}"), "m") for axis in "yx")
    strip = number(brief.get("imagestripsize"))
    conditions = known(
        vendor="TESCAN",
        instrument=brief.get("devicemodel") or brief.get("device"),
        voltage_kv=times(brief.get("hv"), 1e-3),
        working_distance_mm=times(brief.get("wd"), 1e3),
        magnification=number(brief.get("magnification")),
        detector=brief.get("detector") or brief.get("detector0"),
        dwell_time_us=times(brief.get("dwelltime"), 1e6),
        tilt_alpha_deg=number(brief.get("stagetilt")),
        date=" ".join(t for t in (brief.get("date"), brief.get("time")) if t),
        software=brief.get("softwareversion"),
    )
    bar = height_px - int(strip) if strip and 0 < strip < height_px else None
    return Facts(rectangle(y_nm, x_nm, "TESCAN PixelSizeX"), conditions, data_bar_row_px=bar)
