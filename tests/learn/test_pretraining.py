"""Learning without labels: the loss of known vectors, which falls in training, and the same bits after a stop."""

import math

import numpy as np
import pytest
import torch

from morphoscope.learn.epochs import Pictures
from morphoscope.learn.pretraining import TEMPERATURE, contrast, contrastive
from morphoscope.learn.recipe import Recipe

TINY = "mobilenetv3_small_050"


def test_the_loss_of_known_vectors():
    """Two specimens at right angles whose pictures agree: one right and two wrong partners."""
    outputs = torch.tensor([[1.0, 0], [0, 2.0], [3.0, 0], [0, 1.0]])
    e = math.exp(1 / TEMPERATURE)
    assert float(contrast(outputs)) == pytest.approx(-math.log(e / (e + 2)), rel=1e-5)
    assert float(contrast(outputs[[0, 1, 3, 2]])) > 4


@pytest.fixture(scope="module")
def textures():
    """Every picture is a grating of a period and a duty of its own."""
    rng, x = np.random.default_rng(0), np.arange(64)
    periods = rng.permutation(np.geomspace(4, 48, 40))
    planes = [np.tile(np.where(np.sin(2 * np.pi * x / p) > rng.uniform(-0.5, 0.5), 220, 30), (64, 1)) for p in periods]
    return Pictures(np.stack(planes).astype(np.uint8), np.full(40, 64, np.float32))


def test_a_resumed_training_has_the_bits_of_the_unbroken_one(textures):
    recipe, kept = Recipe(TINY, epochs=3, size_px=32, batch=12, rate=1e-3), []
    train, held = np.arange(30), np.arange(30, 40)
    whole = contrastive(textures, train, held, recipe, seed=1, device="cpu", save=lambda make: kept.append(make()))
    again = contrastive(textures, train, held, recipe, seed=1, device="cpu", saved=kept[0])
    assert all(np.array_equal(whole[0][name], again[0][name]) for name in whole[0])
    assert np.array_equal(whole[1], again[1])
    assert np.array_equal(whole[2], again[2])


@pytest.mark.slow
def test_the_loss_falls_below_that_of_guessing(textures):
    recipe = Recipe("resnet18", epochs=14, size_px=32, batch=30, rate=1e-3)
    _, losses, _ = contrastive(textures, np.arange(30), np.arange(30, 40), recipe, seed=1, device="cpu")
    assert losses[-4:].mean() < 0.92 * math.log(59)  # one right partner among 59
