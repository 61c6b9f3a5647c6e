"""HDF5 attributes and small datasets as plain Python values, and the errors of damaged HDF5 files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

MAX_VALUES = 64
MAX_DEPTH = 24
MAX_NODES = 20_000


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
        node = group.get(name)
        if isinstance(node, h5py.Group):
            found[str(name)] = _tree(node, depth + 1, left)
        elif isinstance(node, h5py.Dataset):
            small = node.size is not None and node.size <= MAX_VALUES
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
