"""Thickness and roughness of layers drawn with known ones."""

import math

import numpy as np
import pytest

from morphoscope.measure.layers import layer


def between(first, last, shape=(200, 600)):
    rows = np.arange(shape[0])[:, None] + 0.5
    return ((rows > first) & (rows < last)).astype(int)


def test_a_straight_layer():
    found = layer(between(40, np.where(np.arange(600) < 300, 60, 64)), 1)
    assert (found.mean, found.sd, found.least, found.greatest) == pytest.approx((22, 2, 20, 24), rel=1e-3)
    assert found.roughness_first == pytest.approx(0, abs=1e-9)
    assert found.low < 22 < found.high
    assert (found.share, found.filled) == (1, 1)
    assert found.is_layer


def test_tilt_is_neither_thickness_nor_roughness():
    x = np.arange(600)
    tilted = between(30 + 0.2 * x, 60 + 0.2 * x)
    found = layer(tilted, 1)
    assert found.mean == pytest.approx(30 * math.cos(math.atan(0.2)), rel=0.01)
    assert found.tilt_deg == pytest.approx(math.degrees(math.atan(0.2)), abs=0.1)
    assert found.roughness_first < 0.35  # steps of a pixel
    turned = layer(tilted.T.copy(), 1, axis=1)
    assert turned.mean == pytest.approx(found.mean)


def test_roughness_of_a_wave():
    x = np.arange(600)
    found = layer(between(60 + 8 * np.sin(2 * np.pi * x / 60), 120.0 + 0 * x), 1, pixel=(2.0, 2.0))
    assert found.roughness_first == pytest.approx(2 * 8 / math.sqrt(2), rel=0.02)
    assert found.roughness_last == pytest.approx(0, abs=1e-9)
    assert found.mean == pytest.approx(120, rel=0.01)


def test_pores_and_cracks_belong_to_the_layer_and_specks_do_not():
    labels = between(50 + np.zeros(600), 90)
    labels[60:70, 100:180], labels[50:90, 300] = 0, 0
    labels[5:8, 20:23] = 1
    found = layer(labels, 1)
    assert (found.mean, found.least, found.greatest) == (40, 40, 40)
    assert found.share == pytest.approx(599 / 600)
    assert found.filled == pytest.approx(1 - 10 * 80 / (40 * 599))


def test_columns_cut_by_the_border_or_the_mask_are_left_out():
    x = np.arange(600)
    labels = between(30.0 + 0 * x, np.where(x < 200, 200, 80))
    assert layer(labels, 1).share == pytest.approx(400 / 600)
    mask = np.ones(labels.shape, bool)
    mask[70:, 400:] = False
    found = layer(labels, 1, mask=mask)
    assert (found.mean, found.share) == (50, pytest.approx(200 / 600))
    assert layer(labels, 7) is None
    assert not layer(labels, 1).is_layer


def test_a_layer_of_a_volume():
    z, _, x = np.meshgrid(np.arange(60), np.arange(70), np.arange(80), indexing="ij")
    volume = ((z > 15 + 0.25 * x) & (z <= 25 + 0.25 * x)).astype(int)
    found = layer(volume, 1, pixel=(2.0, 2.0, 2.0))
    assert found.mean == pytest.approx(20 * math.cos(math.atan(0.25)), rel=0.01)
    assert found.share == 1


def test_the_interval_holds_the_mean_of_a_rough_layer():
    rng, hits = np.random.default_rng(0), 0
    for _ in range(60):
        noise = np.convolve(rng.standard_normal(700), np.ones(40) / math.sqrt(40), "valid")[:600]
        found = layer(between(60 + 4 * noise, 120.0 + 0 * noise), 1)
        hits += found.low <= 60 <= found.high
    assert 53 <= hits <= 60
