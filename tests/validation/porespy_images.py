"""
Three made images, and the program that wrote ``porespy_*.csv`` beside this file from them.

``python porespy_images.py`` with PoreSpy 3.2.0 (or, for the biased radial curve, 2.2.2) installed in an
environment of its own writes the curves of that release again. The tests need the CSV files only.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from scipy import ndimage

HERE = Path(__file__).parent
SIZE = 200


def images() -> dict[str, np.ndarray]:
    """Blobs, stripes with wavy edges, and separate discs; seeded, bit for bit the same everywhere."""
    rng = np.random.default_rng(20)
    noise = rng.integers(0, 256, (SIZE, SIZE)).astype(float)
    smooth = ndimage.uniform_filter(ndimage.uniform_filter(noise, 7, mode="wrap"), 7, mode="wrap")
    y, x = np.indices((SIZE, SIZE))
    wave = np.array([0, 1, 2, 3, 3, 2, 1, 0, -1, -2, -3, -3, -2, -1])[y % 14]
    discs = np.zeros((SIZE, SIZE), bool)
    for cy, cx, radius in zip(rng.integers(0, SIZE, 40), rng.integers(0, SIZE, 40), rng.integers(4, 13, 40), strict=True):
        discs |= (y - cy) ** 2 + (x - cx) ** 2 <= radius**2
    return {"blobs": smooth > np.median(smooth), "stripes": (x + wave) % 20 < 7, "discs": discs}


def write(name: str, columns: dict[str, np.ndarray]) -> None:
    with (HERE / name).open("w", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(columns)
        longest = max(map(len, columns.values()))
        rows.writerows([[f"{c[k]:.8g}" if k < len(c) else "" for c in columns.values()] for k in range(longest)])


def main() -> None:
    import porespy
    from porespy import filters, metrics

    radial, lines = {}, {}
    for name, image in images().items():
        found = metrics.two_point_correlation(image.astype(int))
        radial[f"{name}_r"], radial[f"{name}_p"] = found.distance, found.probability
        radial[f"{name}_s2"] = found.probability_scaled
        if porespy.__version__ >= "3.2":
            for axis in (0, 1):
                forward = filters.distance_transform_lin(image.astype(int), axis=axis, mode="forward")
                path = metrics.lineal_path_distribution(forward, bins=10)
                lines[f"{name}_{axis}_x"], lines[f"{name}_{axis}_pdf"] = path.bin_centers, path.pdf
                lines[f"{name}_{axis}_cdf"] = path.cdf
            thick = filters.local_thickness(image, sizes=25)
            sizes = np.arange(1, 26, dtype=float)
            lines[f"{name}_radius"] = sizes
            lines[f"{name}_local_radius_at_least"] = np.array([(thick >= s).sum() / image.sum() for s in sizes])
    release = porespy.__version__.replace(".", "_")
    write(f"porespy_{release}_radial.csv", radial)
    if lines:
        write(f"porespy_{release}_lines.csv", lines)


if __name__ == "__main__":
    main()
