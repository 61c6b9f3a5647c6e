"""pairvae's networks on stripes: losses fall, crops come back, masked pixels weigh nothing, pairs find each other."""

import math

import numpy as np
import pytest
import torch

from morphoscope.learn import pair_generator, pair_links
from morphoscope.learn.pair_loop import Plan
from pairs_of_stripes import SIDE, stripes

SHORT = Plan(steps=100, batch=8, rate=3e-3, memory=0.9)


@pytest.fixture(scope="module")
def pairs():
    return stripes(16)


def test_the_loss_of_known_vectors():
    """Two pairs at right angles: one right and one wrong partner each."""
    ours = torch.eye(2)
    e = math.exp(1 / pair_links.TEMPERATURE)
    assert float(pair_links.contrast(ours, ours)) == pytest.approx(-math.log(e / (e + 1)), rel=1e-3, abs=1e-6)
    assert float(pair_links.contrast(ours, ours.flip(0))) == pytest.approx(math.log(e + 1), rel=1e-4)


def test_pixels_that_were_not_counted_weigh_nothing(pairs):
    coder = pair_links.new_saxs(seed=0).eval()
    changed = np.where(pairs.mask, pairs.saxs, 0.7)
    assert np.array_equal(pair_links.recoded(coder, pairs.saxs, pairs.mask), pair_links.recoded(coder, changed, pairs.mask))
    towers = pair_links.new_towers(seed=0).eval()
    one, other = (pair_links.saxs_points(towers, saxs, pairs.mask) for saxs in (pairs.saxs, changed))
    assert np.array_equal(one, other)
    assert np.allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)


def test_the_spectrum_peaks_at_the_frequency_of_stripes():
    crop = np.tile(np.sin(2 * np.pi * np.arange(192) / 12) > 0, (192, 1)).astype(np.float32)
    power = pair_links.spectrum(crop[None])[0, 0].numpy()
    assert power.shape == (96, 96)
    assert power[48, 48 + 16] == power[:, 60:].max()


@pytest.mark.slow
def test_crops_come_back_and_a_flow_obeys(pairs):
    rows = np.arange(16)

    def draw(rng, count):
        return pairs.crops(rng.choice(rows, count), rng=rng, size_px=SIDE)

    coder, losses = pair_generator.train_coder(draw, plan=Plan(200, 8, 3e-3, 0.9), seed=0)
    crops = draw(np.random.default_rng(1), 64)
    again = pair_generator.reconstructed(coder, crops)
    assert losses[-1] < 0.6 * losses[0]
    assert (again != crops).mean() < 0.12
    latents = pair_generator.latents_of(coder, crops)
    wanted = (crops.mean((1, 2)) - 0.5)[:, None] / 0.1
    velocity, losses = pair_generator.train_velocity(latents / latents.std(), wanted, plan=Plan(250, 16, 2e-3, 0.9), seed=0)
    assert losses[-1] < 0.9 * losses[0]
    unit = torch.ones(1, pair_generator.LATENT, 1, 1)
    generator = pair_generator.Generator(coder, velocity, 0 * unit, float(latents.std()) * unit)
    less, more = (
        generator.sample(np.full((8, 1), level), side_px=SIDE, rng=np.random.default_rng(2)).mean() for level in (-1.0, 1.0)
    )
    assert more - less > 0.08
    back = pair_generator.Generator.of(generator.arrays())
    one, other = (g.sample(wanted[:2], side_px=SIDE, rng=np.random.default_rng(3)) for g in (generator, back))
    assert np.array_equal(one, other)


@pytest.mark.slow
def test_patterns_and_pairs_are_learnt(pairs):
    _, losses = pair_links.train_saxs(pairs.saxs, pairs.mask, plan=SHORT, seed=0)
    assert losses[-1] < losses[0] / 2

    def draw(rng, rows):
        return pairs.crops(rows, rng=rng, size_px=SIDE)

    towers, losses = pair_links.train_towers(draw, pairs.saxs, pairs.mask, plan=SHORT, seed=0)
    assert losses[-1] < losses[0]
    crops = draw(np.random.default_rng(5), np.arange(16))
    ours = pair_links.sem_points(towers, crops)
    theirs = pair_links.saxs_points(towers, pairs.saxs, pairs.mask)
    assert ((ours @ theirs.T).argmax(1) == np.arange(16)).mean() >= 0.5
