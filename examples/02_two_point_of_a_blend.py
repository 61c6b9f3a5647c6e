"""
How much and how coarse: the two-point correlation of a separating blend

S2(r) is the chance that both ends of a needle of length r, thrown at random, land in the same phase. The script measures
it on a simulated micrograph and holds the area fraction against the truth, which is known here because the composition
under the image is known. Expect to be a little above it: domain edges are bright in an electron microscope, and the 95 %
interval knows how much the image varies, not how the instrument sees. The script writes the image, the image with the
phase in colour, and the report as a page.
"""

import shutil
from pathlib import Path

import numpy as np

import morphoscope as ms
from morphoscope.app import Workspace, write_page

lab = Workspace("morphoscope-lab")
blend = ms.run("simulate blend", chi=0.03, composition=0.4, time=200)
folder = lab.shelf.folder(blend.run)
found = ms.run("measure two-point", folder / "micrograph.ome.tif", smooth_px=1)

field = np.load(folder / "composition.npy")
middle = (blend.values["phase_poor"].value + blend.values["phase_rich"].value) / 2
truth = float((field > middle).mean())

fraction = found.values["area_fraction"]
print(f"area fraction: measured {fraction}, true {truth:.3f}")
print(f"correlation length: {found.values['correlation_length']}")
print(f"interface per area: {found.values['interface_per_area']}")

s2 = found.curves["S2"]
print(f"S2 begins at {s2.y[0]:.3f} (the fraction) and levels off near {s2.y[-10:].mean():.3f} (its square is {s2.y[0] ** 2:.3f})")

shutil.copy(folder / "micrograph.png", "blend.png")
shutil.copy(Path(lab.shelf.folder(found.run)) / found.files["phase"], "phase.png")
write_page(lab, found.run, Path("two_point.html"))
