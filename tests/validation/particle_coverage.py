"""
How often the 95 % intervals of ``measure particles`` hold the truth, on simulated micrographs.

Windows of wide fields of known population are rendered, searched with default settings and measured; run as a
program, this writes ``particle_coverage.csv`` beside itself:

    python tests/validation/particle_coverage.py 40

The argument is the number of windows for each polarity, crowding and noise.
"""

import csv
import platform
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage, special

from morphoscope.measure import particles, population
from morphoscope.measure.particle_shapes import sizes_only
from morphoscope.physics import particle_field
from morphoscope.physics.particle_field import Look

MEDIAN, SIGMA, LIMIT = 18.0, 0.25, 20.0
SHAPE, SIDE = (256, 256), 4000
CROWDS = {
    "apart": {"covered": 0.18, "gap_px": 3.0},
    "touching": {"covered": 0.25},
    "overlapping": {"covered": 0.25, "overlap": 0.15},
}
NOISES = (0.03, 0.08, 0.15)
CONTRAST = 0.3
NAMES = {"mean": "d_mean", "d50_number": "d50", "per_area": "number_per_area", "below": "share_below"}
SEED = 20261121


def truth(field):
    """The population's numbers; those of the sizes from the log-normal they were drawn from."""
    share = float(special.ndtr(np.log(LIMIT / MEDIAN) / SIGMA))
    return {"mean": MEDIAN * np.exp(SIGMA**2 / 2), "d50_number": MEDIAN, "per_area": field.per_px2, "below": share}


def measured(field, look, rng):
    """Estimates from one window, or None where too few whole particles were found."""
    top, left = rng.random(2) * SIDE
    plane = particle_field.signal(*particle_field.window(field, top_px=top, left_px=left, shape=SHAPE), SHAPE)
    grey = particle_field.seen(plane, look, rng=rng)
    found = particles.find(grey)
    whole = sizes_only(found.labels, blur_px=found.outline_px)
    if len(whole[0]) < 3:
        return None
    rim = np.concatenate([found.labels[0], found.labels[-1], found.labels[:, 0], found.labels[:, -1]])
    names = np.setdiff1d(np.arange(1, found.count + 1), rim)
    centres = np.array(ndimage.center_of_mass(found.labels > 0, found.labels, names))
    valid = np.ones(SHAPE, bool)
    others = [sizes_only(labels, blur_px=found.outline_px) for labels in particles.variants(found, valid=valid)]
    return population.estimated(whole, centres, population.Window(valid), rng=rng, limit=LIMIT, others=others, draws=500)


def rows(windows, seed=SEED, crowds=tuple(CROWDS), noises=NOISES):
    """One row a polarity, crowding, noise and quantity."""
    for crowd in crowds:
        index = list(CROWDS).index(crowd)
        start = np.random.default_rng([seed, index])
        field = particle_field.scatter(start, side_px=SIDE, median_px=MEDIAN, sigma=SIGMA, **CROWDS[crowd])
        for bright in (True, False):
            for noise in noises:
                rng = np.random.default_rng([seed, index, bright, round(1000 * noise)])
                look = Look(bright=bright, contrast=CONTRAST, noise=noise)
                runs = [known for known in (measured(field, look, rng) for _ in range(windows)) if known is not None]
                for name, true in truth(field).items():
                    yield {
                        "crowding": crowd,
                        "polarity": "bright" if bright else "dark",
                        "contrast_over_noise": round(CONTRAST / noise, 1),
                        "quantity": NAMES[name],
                        **summary([known.estimates[name] for known in runs], true),
                    }


def summary(estimates, true):
    """How many intervals hold the truth, and how far and wide the estimates lie around it."""
    values = np.array([estimate.value for estimate in estimates]) / true
    half = np.mean([(estimate.high - estimate.low) / 2 for estimate in estimates]) / true
    return {
        "windows": len(estimates),
        "covered": sum(estimate.low <= true <= estimate.high for estimate in estimates),
        "bias_percent": round(100 * (values.mean() - 1), 2),
        "spread_percent": round(100 * values.std(), 2),
        "half_width_percent": round(100 * half, 2),
    }


def main():
    windows = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_suffix(".csv")
    table = list(rows(windows))
    about = f"seed {SEED}, {windows} windows of {SHAPE[1]} x {SHAPE[0]} px each, log-normal {MEDIAN:g} px, {SIGMA:g}"
    with path.open("w", newline="") as file:
        file.write(f"# {about}; Python {platform.python_version()}, numpy {np.__version__}\n")
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


if __name__ == "__main__":
    main()
