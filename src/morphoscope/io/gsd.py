"""Trajectories in GSD files, as HOOMD-blue writes them, through gsd, an optional dependency."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core import Trajectory
from ..errors import MissingDependency, UnreadableFile
from .formats import Options

try:
    import gsd.hoomd
except ImportError:
    raise MissingDependency("gsd", "trajectories", "read GSD trajectories") from None


def read(path: Path, options: Options) -> Trajectory:
    """Frames in order, unwrapped by their images and measured from the box's lower corner; types count from 1."""
    try:
        with gsd.hoomd.open(str(path), "r") as file:
            frames = list(file)[options.frames]
    except (RuntimeError, OSError, KeyError, ValueError):
        raise UnreadableFile(path, "is no GSD trajectory, or it is damaged or cut short; copy it again") from None
    if not frames:
        raise UnreadableFile(path, "holds no complete frame, or none of those asked for")
    boxes = np.array([frame.configuration.box for frame in frames], dtype=float)
    if np.any(np.abs(boxes[:, 3:]) > 1e-6):
        raise UnreadableFile(path, "its box is tilted; only boxes of right angles are supported")
    lengths = boxes[:, :3]
    images = np.array([frame.particles.image for frame in frames], dtype=float)
    positions = np.array([frame.particles.position for frame in frames], dtype=float)
    if not (np.isfinite(positions).all() and np.isfinite(lengths).all() and (lengths > 0).all()):
        raise UnreadableFile(path, "holds places or boxes that are not numbers; the file is damaged")
    return Trajectory(
        positions=positions + (images + 0.5) * lengths[:, None],
        lengths=lengths,
        times=np.array([frame.configuration.step for frame in frames], dtype=float),
        types=np.asarray(frames[0].particles.typeid, dtype=int) + 1,
        unit="length",
        time_unit="step",
        source=str(path),
    )
