"""
A grid of simulations: where the blend begins to separate

Below the spinodal nothing separates, above it two phases appear and drift apart as chi grows. The script runs a campaign over
chi with two seeds each, puts the images side by side, and draws the compositions of the two phases against the theory.
Start it twice: the second time nothing is computed, because every point is on the shelf.
"""

from pathlib import Path

import numpy as np

import morphoscope as ms
from morphoscope.app import Workspace, render
from morphoscope.core import Figure

CHIS = (0.016, 0.022, 0.026, 0.032)
SEEDS = (1, 2)

points = [{"chi": chi, "seed": seed, "size_px": 96, "time": 300, "bar": "none"} for chi in CHIS for seed in SEEDS]
campaign = ms.campaign("simulate blend", points)
rows = campaign.tables["points"]

shelf = Workspace("morphoscope-lab").shelf
images = [ms.read(shelf.folder(row["run"]) / "micrograph.ome.tif").pixels for row in rows if row["seed"] == SEEDS[0]]
ms.write(ms.Micrograph(np.hstack([np.pad(image, 2, constant_values=1) for image in images])), "blends_over_chi.png")


def mean_of(name, chi):
    """Average over the seeds; NaN where the blend did not separate."""
    numbers = [row[name] for row in rows if row["chi"] == chi and row.get(name) is not None]
    return np.mean(numbers) if numbers else np.nan


names = {"poor phase": "phase_poor", "rich phase": "phase_rich", "theory, poor": "binodal_poor", "theory, rich": "binodal_rich"}
curves = {
    title: ms.Curve(np.array(CHIS), np.array([mean_of(name, chi) for chi in CHIS]), "chi", "volume fraction of A")
    for title, name in names.items()
}
print("  chi    poor    rich   (theory)")
for index, chi in enumerate(CHIS):
    print(f"{chi:.3f}  " + "  ".join(f"{curve.y[index]:6.3f}" for curve in curves.values()))

report = ms.Report(
    "Compositions of the two phases against chi",
    curves=curves,
    figures={"compositions": Figure("line", tuple(curves), "Simulated phases and the binodal of Flory-Huggins theory")},
    notes=campaign.notes,
)
Path("compositions.html").write_text(render.page(report, Path.cwd()), encoding="utf-8")
