"""Tortuosity against closed forms of conduction, and against other programs' solvers."""

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from morphoscope.measure.tortuosity import tortuosity


def test_array_of_insulating_discs():
    """Rayleigh's square array to the eighth power of the share, as Perrins, McKenzie and McPhedran write it (1979)."""
    for share in (0.1, 0.3, 0.5):
        y, x = np.mgrid[:400, :400] - 199.5
        outside = np.hypot(y, x) > 400 * np.sqrt(share / np.pi)
        f = 1 - outside.mean()
        exact = 1 - 2 * f / (1 + f - 0.305827 * f**4 / (1 - 1.402958 * f**8) - 0.013362 * f**8)
        assert tortuosity(outside, axis=0).diffusivity == pytest.approx(exact, rel=0.006)


def test_insulating_spheres_far_apart():
    """Maxwell: tau = 1 + c / 2 for a share c of spheres; here in a cubic array."""
    z, y, x = np.mgrid[:64, :64, :64] - 31.5
    outside = z * z + y * y + x * x > (64 * (0.15 * 3 / (4 * np.pi)) ** (1 / 3)) ** 2
    assert tortuosity(outside, axis=2).factor == pytest.approx(1 + (1 - outside.mean()) / 2, rel=0.01)


TAUFACTOR = {"z": 2.3139937, "y": 2.2598832, "x": 2.2203555}
"""TauFactor 1.2.1, ``Solver(...).solve(conv_crit=1e-4)`` in double precision, along each axis."""


PORESPY = {"z": 2.3055213, "y": 2.2535041, "x": 2.2140471}
"""PoreSpy 3.2.0, ``simulations.tortuosity_fd``: of what goes through, from the centres of the end voxels."""


@pytest.mark.slow
def test_a_random_medium_as_taufactor_and_porespy_solve_it():
    field = ndimage.gaussian_filter(np.random.default_rng(7).standard_normal((80, 80, 80)), 3, mode="wrap")
    inside = field > np.quantile(field, 0.55)
    for axis, letter in enumerate("zyx"):
        found = tortuosity(inside, axis=axis)
        assert found.factor == pytest.approx(TAUFACTOR[letter], rel=5e-5)
        assert found.through == pytest.approx(PORESPY[letter], rel=4e-3)


CROPS = {
    (0, "z"): 3.0809316,
    (0, "y"): 2.6371138,
    (0, "x"): 2.5116253,
    (1, "z"): 3.5520370,
    (1, "y"): 2.2918644,
    (1, "x"): 2.2393959,
}
"""The same program on voxels 60 to 160, 100 to 200, 100 to 200 of the battery electrode, by label and axis."""


@pytest.mark.slow
def test_a_battery_electrode_as_taufactor_solves_it(shared_data):
    path = shared_data / "porous_3d" / "matbox" / "nmc-1-cal_generatedCBD_bridge.tif"
    crop = tifffile.imread(path)[60:160, 100:200, 100:200]
    for (label, letter), expected in CROPS.items():
        assert tortuosity(crop == label, axis="zyx".index(letter)).factor == pytest.approx(expected, rel=5e-5)
    assert tortuosity(crop == 2, axis=2) is None
