"""Images of three kinds that anybody tells apart: stripes, dots and grain, with noise."""

import numpy as np
from PIL import Image
from scipy import ndimage

KINDS = ("dots", "grain", "stripes")


def picture(kind, rng, size=64):
    """One image of ``kind`` as 8-bit levels."""
    noise = rng.standard_normal((size, size))
    if kind == "stripes":
        plane = ndimage.gaussian_filter(noise, (12, 1.5)) * 12 + 0.1 * noise
    elif kind == "dots":
        seeds = rng.random((size, size)) > 0.985
        plane = 8 * ndimage.gaussian_filter(seeds.astype(float), 2.0) + 0.1 * noise
    else:
        plane = noise
    plane = (plane - plane.min()) / np.ptp(plane)
    return np.round(255 * plane).astype(np.uint8)


def write(folder, rng, count=6, kinds=KINDS):
    """A folder for each kind with ``count`` images."""
    for kind in kinds:
        (folder / kind).mkdir(parents=True)
        for k in range(count):
            Image.fromarray(picture(kind, rng)).save(folder / kind / f"s{k}_{kind}.png")
    return folder
