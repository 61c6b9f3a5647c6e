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

HEAD = b"GMX_trn_file"
"""Every frame of a TRR file begins with this word."""


def read(path: Path, options: Options) -> Trajectory:
    """
    Frames in order, with the box of each. The formats name no types, so all particles are of type 1.

    An unfinished last frame, as a run that was killed leaves it, is left out; any other damage is an error.
    """
    kind, in_nm = path.suffix[1:].upper(), path.suffix.lower() in NM
    try:
        with chemfiles.Trajectory(str(path), "r", kind) as file:
            frames = _frames(path, file)[options.frames]
    except chemfiles.ChemfilesError:
        raise UnreadableFile(path, f"is no {kind} trajectory, or its beginning is damaged") from None
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


def _frames(path: Path, file: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    """All whole frames of an open file."""
    whole = list[tuple[np.ndarray, np.ndarray]]()
    if path.suffix.lower() == ".trr" and _heads(path) > file.nsteps + 1:
        raise UnreadableFile(path, f"frame {file.nsteps + 1} is damaged; copy or convert the file again")
    for k in range(file.nsteps):
        try:
            frame = file.read()
        except chemfiles.ChemfilesError as error:
            if whole and k == file.nsteps - 1 and "out of bounds" in str(error):
                break
            raise UnreadableFile(path, f"frame {k + 1} of {file.nsteps} is damaged; copy or convert the file again") from None
        whole.append(_frame(path, frame))
        if not np.isfinite(whole[-1][0]).all():
            raise UnreadableFile(path, f"frame {k + 1} of {file.nsteps} holds places that are not numbers; the file is damaged")
    return whole


def _heads(path: Path) -> int:
    """How many frames of a TRR file begin; the library stops without a word at one that is damaged."""
    count, kept = 0, b""
    with path.open("rb") as file:
        while block := file.read(2**20):
            text = kept + block
            count += text.count(HEAD)
            kept = text[-len(HEAD) + 1 :]
    return count


def _frame(path: Path, frame: Any) -> tuple[np.ndarray, np.ndarray]:
    if np.any(np.abs(np.array(frame.cell.angles) - 90) > 1e-3):
        raise UnreadableFile(path, "its box is tilted; only boxes of right angles are supported")
    return np.array(frame.positions), np.array(frame.cell.lengths)
