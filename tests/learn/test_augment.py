"""What another session would change: known turns, noise of the right variance, and the same seed twice."""

import numpy as np
import pytest
import torch

from morphoscope.learn import augment

CPU = torch.device("cpu")


def squares(n=6, side=64):
    rng = np.random.default_rng(4)
    return torch.from_numpy(rng.integers(40, 200, (n, side, side)).astype(np.uint8))


def test_the_same_seed_gives_the_same_pictures():
    grey, shorter = squares(), torch.full((6,), 400.0)
    for change in (
        lambda seed: augment.physical(grey, generator=augment.generator_of(CPU, seed, 2)),
        lambda seed: augment.copies(grey, shorter, generator=augment.generator_of(CPU, seed)),
    ):
        assert torch.equal(change(1), change(1))
        assert not torch.equal(change(1), change(2))


def test_sizes_and_range():
    grey = squares()
    assert augment.views(grey).shape == (6, 1, 32, 32)
    seen = augment.physical(grey, generator=augment.generator_of(CPU, 1))
    assert seen.shape == (6, 1, 32, 32)
    assert 0 <= float(seen.min()) <= float(seen.max()) <= 1
    made = augment.copies(grey, torch.full((6,), 128.0), generator=augment.generator_of(CPU, 1))
    assert made.shape == (6, 32, 32)
    assert made.dtype == torch.uint8


def test_the_papers_crop_magnifies_large_pictures():
    """A crop of 256 of 1024 pixels shows a quarter of the side: stripes come out four times as wide."""
    side = 256
    stripes = torch.from_numpy(np.where(np.hypot(*np.ogrid[-128:128, -128:128]) // 4 % 2, 255, 0).astype(np.uint8))[None]
    rough = []
    for shorter in (256.0, 1024.0):
        made = augment.copies(stripes, torch.tensor([shorter]), generator=augment.generator_of(CPU, 5))[0].float()
        rough.append(float((made[:, 1:] - made[:, :-1]).abs().mean()))
    assert rough[1] < 0.5 * rough[0]
    assert made.shape == (side // 2, side // 2)


def test_noise_has_the_variance_of_counted_electrons():
    plane = torch.full((2, 1, 200, 200), 0.5)
    seen = augment.noisy(plane, torch.tensor([100.0, 400.0]), generator=augment.generator_of(CPU, 3))
    assert seen.mean(dim=(1, 2, 3)).numpy() == pytest.approx(0.5, abs=0.002)
    assert seen.std(dim=(1, 2, 3)).numpy() == pytest.approx([np.sqrt(0.5 / 100), np.sqrt(0.5 / 400)], rel=0.02)


def test_each_picture_has_its_own_blur():
    point = torch.zeros(2, 1, 41, 41)
    point[:, 0, 20, 20] = 1
    seen = augment.blurred(point, torch.tensor([1.0, 2.0])).numpy()[:, 0]
    x = np.arange(41) - 20
    widths = [np.sqrt((plane.sum(0) * x**2).sum() / plane.sum()) for plane in seen]
    assert widths == pytest.approx([1.0, 2.0], rel=0.03)


def test_without_ranges_nothing_but_a_turn_is_left():
    """Every range shut, a round object in the middle stays what it is."""
    still = augment.Physics((1, 1), (1, 1), 0, (1, 1), 0.05, 0, 0, (1e12, 1e12))
    disc = torch.from_numpy((np.hypot(*np.ogrid[-32:32, -32:32]) < 8).astype(np.uint8) * 200)[None]
    seen = augment.physical(disc, generator=augment.generator_of(CPU, 2), ranges=still)
    assert float(seen.sum()) == pytest.approx(float(augment.views(disc).sum()), rel=0.03)
