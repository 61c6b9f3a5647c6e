"""
The simulated pairs of the experiments, prepared for learning: 128 of each of five seeds, and a pool with seeds apart.

    python experiments/pairvae/pairs.py FOLDER [--pool 1024]

Goes on where it was stopped; a part is 16 pairs (about 12 s of one core).
"""

import argparse
from pathlib import Path

from morphoscope.datasets.fake_pairs import fake_pair
from morphoscope.datasets.pairs import arrays

SEEDS = (101, 102, 103, 104, 105)
POOL_SEED = 900
PART = 16
AREA_PX = (480, 640)


def make(folder: Path, *, seed: int, count: int) -> None:
    """Parts of ``seed`` up to ``count`` pairs that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in range(count // PART):
        path = folder / f"pairs_{seed}_{part:03d}.npz"
        if not path.exists():
            found = arrays(fake_pair(seed * 1_000_000 + part * PART + k, area_px=AREA_PX) for k in range(PART))
            found.save(path.with_suffix(".part.npz"))
            path.with_suffix(".part.npz").rename(path)
            print(path.name, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pool", type=int, default=0)
    given = parser.parse_args()
    for seed in SEEDS:
        make(given.folder, seed=seed, count=128)
    make(given.folder, seed=POOL_SEED, count=given.pool)
