"""Trajectories of molecular dynamics in XTC, TRR and DCD files through chemfiles, an optional dependency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..core import Trajectory
from ..errors import MissingDependency, UnreadableFile
from .formats import Options

try:
    import chemfiles
except ImportError:
    raise MissingDependency("chemfiles", "trajectories", "read XTC, TRR and DCD trajectories") from None

NM = (".xtc", ".trr")
"""Formats whose lengths are in nm by definition; DCD does not say."""


def read(path: Path, options: Options) -> Trajectory:
    """Frames in order, with the box of each. The formats name no types, so all particles are of type 1."""
    in_nm = path.suffix.lower() in NM
    try:
        with chemfiles.Trajectory(str(path), "r", path.suffix[1:].upper()) as file:
            frames = [_frame(path, file.read()) for _ in range(file.nsteps)][options.frames]
    except chemfiles.ChemfilesError as error:
        raise UnreadableFile(path, f"damaged or not supported ({' '.join(str(error).split())})") from None
    if not frames:
        raise UnreadableFile(path, "holds no complete frame, or none of those asked for")
    positions, lengths = (np.array(part) for part in zip(*frames, strict=True))
    if np.any(lengths <= 0):
        raise UnreadableFile(path, "holds no box, without which nothing can be counted in a volume")
    scale = 0.1 if in_nm else 1.0  # chemfiles turns nm into its own unit, the angstrom
    return Trajectory(
        positions=positions * scale,
        lengths=lengths * scale,
        times=np.arange(len(frames), dtype=float),
        types=np.ones(positions.shape[1], int),
        unit="nm" if in_nm else "length",
        time_unit="frame",
        source=str(path),
    )


def _frame(path: Path, frame: Any) -> tuple[np.ndarray, np.ndarray]:
    if np.any(np.abs(np.array(frame.cell.angles) - 90) > 1e-3):
        raise UnreadableFile(path, "its box is tilted; only boxes of right angles are supported")
    return np.array(frame.positions), np.array(frame.cell.lengths)
