"""Files beside an image that belong to it: the text a microscope writes next to its picture."""

from __future__ import annotations

import re
from pathlib import Path

MAX_BYTES = 2**20


def companions(path: Path) -> list[Path]:
    """
    Existing side-cars of ``path``: ``a.txt``, ``a.hdr``, ``a-tif.hdr``, ``a.tif.txt`` of ``a.tif``, ``a_1.ser``
    of ``a.emi`` and the other way round.

    They change what a reader answers, so they count as part of the file.
    """
    stem, suffix = path.stem, path.suffix.lstrip(".")
    names = [f"{stem}{ending}" for ending in (".txt", ".TXT", ".hdr", ".HDR", ".xml")]
    names += [f"{stem}-{suffix}.hdr", f"{path.name}.txt", f"{path.name}.hdr"]
    found = [path.with_name(name) for name in names if name != path.name]
    found = [p for p in found if p.is_file() and p.stat().st_size <= MAX_BYTES]
    if suffix.lower() == "emi":
        found += sorted(path.parent.glob(f"{_plain(stem)}_*.ser"))
    if suffix.lower() == "ser":
        found += [p for p in (path.with_name(re.sub(r"_\d+$", "", stem) + ending) for ending in (".emi", ".EMI")) if p.is_file()]
    return found


def _plain(stem: str) -> str:
    """``stem`` with the wildcards of a glob pattern made literal."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in stem)
