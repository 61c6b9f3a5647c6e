"""The loop of pairvae's networks: losses fall, and a stopped training goes on to the same bits."""

import numpy as np
import torch
from torch import nn

from morphoscope.learn.pair_loop import EVERY, Plan, filled, train

PLAN = Plan(steps=3 * EVERY, batch=8, rate=0.1, memory=0.9)


def fitted(**loop):
    def loss(network, rng, step):
        x = torch.from_numpy(rng.normal(size=(PLAN.batch, 4)).astype(np.float32)) + 0.01 * torch.randn(PLAN.batch, 4)
        return ((network(x)[:, 0] - x.sum(1)) ** 2).mean()

    torch.manual_seed(0)
    return train(nn.Linear(4, 1), loss, PLAN, seed=3, **loop)


def test_the_loss_falls_to_the_known_weights():
    network, losses = fitted()
    assert len(losses) == 3
    assert losses[-1] < losses[0] / 100
    assert np.allclose(network.weight.detach().numpy(), 1, atol=0.02)


def test_a_resumed_training_has_the_bits_of_the_unbroken_one():
    kept = []
    whole, losses = fitted(save=lambda make: kept.append(make()))
    again, others = fitted(saved=kept[0])
    assert np.array_equal(losses, others)
    assert torch.equal(whole.weight, again.weight)
    assert torch.equal(
        filled(nn.Linear(4, 1), {"weight": whole.weight.detach().numpy(), "bias": np.zeros(1, np.float32)}).weight, whole.weight
    )


def test_showing_the_average_changes_nothing():
    seen = []
    whole, _ = fitted()
    shown, _ = fitted(show=lambda network: seen.append(network.weight.detach().clone()))
    assert len(seen) == 3
    assert torch.equal(whole.weight, shown.weight)


def test_the_rate_rises_and_falls():
    rates = [PLAN.rate_at(step) for step in range(PLAN.steps)]
    assert rates[0] < rates[29] / 10
    assert rates[-1] < 0.07 * PLAN.rate
