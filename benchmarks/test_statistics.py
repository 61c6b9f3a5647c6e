"""
Bounds on what the statistics cost; ``python benchmarks/statistics_speed.py`` writes the table.

Run with ``pytest benchmarks/test_statistics.py``. Bounds are on ratios within one run, of processor time: S2 of
1024 x 1024 pixels in 3 times its two transforms, and, where porespy is installed, S2 in a fortieth of its time and the
rest not slower.
"""

import pytest
from statistics_speed import PLANE, VOLUME, blobs, measured, porespy


@pytest.fixture(scope="module")
def phase():
    return blobs(1024, 1024)


@pytest.mark.parametrize("r_max", [256, 512])
def test_s2_costs_little_more_than_its_transforms(phase, r_max):
    ours = next(case for case in PLANE if case[0] == f"S2, r to {r_max} px")
    bare = next(case for case in PLANE if case[0] == f"two transforms for r to {r_max} px, single precision")
    assert measured(ours, phase, None)[0][1] < 3 * measured(bare, phase, None)[0][1]


@pytest.mark.parametrize("case", [case for case in PLANE + VOLUME if case[2] is not None], ids=lambda case: case[0])
def test_not_slower_than_porespy(phase, case):
    other = porespy()
    if other is None:
        pytest.skip("PoreSpy is not installed; it is no dependency, only what is compared with")
    ours, theirs = measured(case, phase if case in PLANE else blobs(96, 96, 96), other)
    at_least = 40 if case in PLANE and case[0].startswith("S2") else 1
    assert theirs[1] > at_least * ours[1]
