"""HDF5 attributes and small datasets as plain Python values, and the errors of damaged HDF5 files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..errors import UnreadableFile
from .limits import check_size

MAX_VALUES = 64
MAX_DEPTH = 24
MAX_NODES = 20_000


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """The file, open for reading; one that HDF5 itself cannot open is refused in words."""
    try:
        file = h5py.File(path, "r")
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        reason = "its signature or its index is broken" if "signature" in str(error) else "cut short or damaged"
        raise UnreadableFile(path, f"an HDF5 file that cannot be opened: {reason}") from error
    with file:
        yield file


def check(path: Path, dataset: Any, shape: Sequence[int] | None = None) -> None:
    """
    Refuse a dataset too large to decode, or one whose values lie in another file of this computer.

    ``shape`` is what will be read of it, all by default.
    """
    if _elsewhere(dataset, path):
        raise UnreadableFile(path, f"its values {dataset.name} lie in another file, which is not opened")
    check_size(path, dataset.shape if shape is None else shape, dataset.dtype.itemsize)


def _elsewhere(dataset: Any, path: str | Path) -> bool:
    """Whether the values lie outside the file at ``path``: by an external link, external storage or a virtual dataset."""
    return bool(getattr(dataset, "external", None)) or dataset.is_virtual or dataset.file.filename != str(path)


def plain(value: Any) -> Any:
    """A value of h5py as str, int, float, bool, list or None."""
    if isinstance(value, bytes | np.bytes_):
        return value.decode("utf-8", "replace")
    if isinstance(value, h5py.Empty):
        return None
    if isinstance(value, np.ndarray):
        if value.size > MAX_VALUES:
            return f"array of {' x '.join(str(n) for n in value.shape)} {value.dtype} values"
        return plain(value[()].item()) if value.ndim == 0 else [plain(item) for item in value]
    if isinstance(value, np.void):
        return [plain(item) for item in value.tolist()] if value.dtype.names else value.tobytes().hex()
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def attributes(node: Any) -> dict[str, Any]:
    """The attributes of a group or dataset; one that cannot be read is left out."""
    found = {}
    for name in node.attrs:
        try:
            found[str(name)] = plain(node.attrs[name])
        except (OSError, TypeError, ValueError, KeyError, RuntimeError):
            continue
    return found


def tree(group: Any) -> dict[str, Any]:
    """Everything small below ``group``: attributes and datasets as nested dicts, large datasets as a short text."""
    return _tree(group, 0, [MAX_NODES])


def _tree(group: Any, depth: int, left: list[int]) -> dict[str, Any]:
    found = attributes(group)
    if depth >= MAX_DEPTH:
        return found
    for name in group:
        left[0] -= 1
        if left[0] < 0:
            break
        if isinstance(group.get(name, getlink=True), h5py.ExternalLink):
            continue
        node = group.get(name)
        if isinstance(node, h5py.Group):
            found[str(name)] = _tree(node, depth + 1, left)
        elif isinstance(node, h5py.Dataset):
            small = node.size is not None and node.size <= MAX_VALUES and not _elsewhere(node, group.file.filename)
            shape = " x ".join(str(n) for n in node.shape or ())
            found[str(name)] = plain(node[()]) if small else f"array of {shape} {node.dtype} values"
    return found


def text(value: Any) -> str:
    """A plain value as text, "" for none."""
    value = plain(value)
    if isinstance(value, list):
        value = value[0] if value else ""
    return "" if value is None else str(value)


def number(value: Any) -> float | None:
    """A plain value as a finite float, or None."""
    value = plain(value)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found) else None


def images(group: Any) -> list[Any]:
    """Every dataset of numbers below ``group`` with at least two axes longer than 1, in the file's order."""
    found: list[Any] = []
    seen: set[int] = set()

    def visit(_: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset) and node.dtype.kind in "biufc" and sum(n > 1 for n in node.shape or ()) >= 2:
            key = hash(node.id)
            if key not in seen:
                seen.add(key)
                found.append(node)

    group.visititems(visit)
    return found
