"""
Our curves beside those that PoreSpy wrote for three made images (porespy_images.py), an independent program.

PoreSpy 3.2 agrees up to its ring averaging; releases before 3.2 are biased, and the compatibility mode
reproduces their curve.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import porespy_images
import pytest

from morphoscope.errors import InputError
from morphoscope.measure.compatibility import porespy_distance_distribution, porespy_radial_before_3_2
from morphoscope.measure.correlation import correlation_map, two_point
from morphoscope.measure.thickness import local_thickness

IMAGES = porespy_images.images()
each_image = pytest.mark.parametrize("name", list(IMAGES))


def curves(stem):
    with (Path(__file__).parent / f"porespy_{stem}.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    return {key: np.array([float(row[key]) for row in rows if row[key]]) for key in rows[0]}


NEW, OLD, LINES = curves("3_2_0_radial"), curves("2_2_2_radial"), curves("3_2_0_lines")


@each_image
def test_s2_in_the_rings_of_porespy_3_2(name):
    """The same displacements in the same rings, [r, r + 1), each displacement with the same weight."""
    phase = IMAGES[name]
    map_ = correlation_map(phase, lag_px=(120, 120))
    y, x = np.indices(map_.shape) - np.array([0, 120])[:, None, None]
    ring = np.floor(np.hypot(y, x) + 1e-9).astype(int)
    weight = np.where(y > 0, 2, 1)
    mean = np.bincount(ring.ravel(), (weight * map_).ravel()) / np.bincount(ring.ravel(), weight.ravel())
    np.testing.assert_allclose(mean[: len(NEW[f"{name}_s2"])], NEW[f"{name}_s2"], atol=1e-6)


@pytest.mark.parametrize("name, within", [("blobs", 1e-3), ("discs", 1e-3), ("stripes", 0.01)])
def test_radial_s2_agrees_with_porespy_3_2(name, within):
    """Read at the mean radius of its rings; 0.006 asked, stripes as sharp as pixels feel the place of the rings."""
    found = two_point(IMAGES[name], r_max=101)
    length = np.hypot(*np.meshgrid(np.arange(121), np.arange(-120, 121), indexing="ij"))
    ring = np.floor(length + 1e-9).astype(int).ravel()
    weight = np.where(np.arange(121) > 0, 2, 1)[:, None] * np.ones((1, 241))
    middle = np.bincount(ring, (weight * length).ravel()) / np.bincount(ring, weight.ravel())
    ours = np.interp(middle[1:99], found.r, found.s2)
    np.testing.assert_allclose(ours, NEW[f"{name}_s2"][1:99], atol=within)


@each_image
def test_the_compatibility_mode_reproduces_porespy_before_3_2(name):
    found = porespy_radial_before_3_2(IMAGES[name])
    np.testing.assert_allclose(found.x, OLD[f"{name}_r"])
    np.testing.assert_allclose(found.y, OLD[f"{name}_p"], atol=2 / IMAGES[name].sum())


def test_the_old_curve_was_biased():
    worst = 0.0
    for name, phase in IMAGES.items():
        found = two_point(phase, r_max=99)
        r, s2 = OLD[f"{name}_r"], OLD[f"{name}_s2"]
        worst = max(worst, np.abs(np.interp(r[1:98], found.r, found.s2) - s2[1:98]).max())
    assert worst > 0.02


@each_image
@pytest.mark.parametrize("axis", [0, 1])
def test_distance_distribution(name, axis):
    found = porespy_distance_distribution(IMAGES[name], axis=axis)
    np.testing.assert_allclose(found.x, LINES[f"{name}_{axis}_x"], rtol=1e-6)
    np.testing.assert_allclose(found.y, LINES[f"{name}_{axis}_pdf"], rtol=1e-6)
    np.testing.assert_allclose(found.cumulative, LINES[f"{name}_{axis}_cdf"], rtol=1e-6)


@each_image
def test_local_thickness_is_that_of_porespy_3_2(name):
    """By area, from a radius of 3 px on; below, its own map leaves some of the phase without a size."""
    radius = local_thickness(IMAGES[name], sizes=1000) / 2 + 0.25
    ours = np.array([(radius >= size).sum() for size in LINES[f"{name}_radius"]]) / IMAGES[name].sum()
    np.testing.assert_allclose(ours[3:], LINES[f"{name}_local_radius_at_least"][3:], atol=0.025)


def test_what_the_old_program_could_not_do_is_said():
    with pytest.raises(InputError, match="odd number of columns"):
        porespy_radial_before_3_2(np.ones((20, 21), bool))
