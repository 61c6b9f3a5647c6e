"""
Lengths survive: crop, resize, turn and save an image without losing its scale

A micrograph knows how many nanometres its pixels are wide. Whatever is done to it afterwards, the same thing on the
specimen keeps the same length. This script simulates an image, cuts a piece out, shrinks and turns it, saves it as
PNG, reads it again, and measures one and the same distance in all of them.
"""

from pathlib import Path

import numpy as np

import morphoscope as ms


def domain_period_nm(image):
    """Mean distance between neighbouring domains, from the radial average of the power spectrum."""
    pixels = image.pixels - image.pixels.mean()
    window = np.outer(np.hanning(image.height_px), np.hanning(image.width_px))
    power = np.abs(np.fft.fft2(pixels * window)) ** 2
    y_nm, x_nm = image.pixel_size_nm
    waves = np.hypot(*np.meshgrid(np.fft.fftfreq(image.height_px, y_nm), np.fft.fftfreq(image.width_px, x_nm), indexing="ij"))
    useful = (waves > 2 / min(image.extent_nm)) & (waves < 1 / 60)
    return 1 / np.average(waves[useful], weights=power[useful])


report = ms.run("simulate blend", chi=0.03, composition=0.5, size_px=256, bar="none", time=200)
folder = Path("morphoscope-lab") / "runs" / report.run
image = ms.read(folder / "micrograph.ome.tif")

piece = image.crop(32, 32, 200, 200)
small = piece.resize(125, 160)  # the pixels are no longer square, and the image knows it
turned = small.rotate(90)
ms.write(turned, "turned.png")
again = ms.read("turned.png")

print(f"{'image':<12}{'pixels':>12}{'pixel [nm]':>20}{'size [nm]':>20}{'period [nm]':>14}")
for name, one in {"whole": image, "piece": piece, "shrunk": small, "turned": turned, "read again": again}.items():
    pixel = " x ".join(f"{side:.4g}" for side in one.pixel_size_nm)
    extent = " x ".join(f"{side:.4g}" for side in one.extent_nm)
    print(f"{name:<12}{f'{one.height_px} x {one.width_px}':>12}{pixel:>20}{extent:>20}{domain_period_nm(one):>14.1f}")

ms.write(piece, "piece.png")
assert np.allclose(sorted(again.extent_nm), sorted(piece.extent_nm), rtol=1e-9), "the physical size must not change"
for step in turned.history:
    print("done:", step)
