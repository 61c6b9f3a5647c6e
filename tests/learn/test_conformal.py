"""Sets keep their promise for groups never seen, class by class; single numbers by hand."""

import numpy as np
import pytest

from morphoscope.learn import conformal


def _groups(rng, number, size, positive):
    """Evidence whose group shifts all of its images."""
    shift = np.repeat(rng.standard_normal(number), size)
    logits = shift + rng.standard_normal(number * size) + (1.0 if positive else -1.0)
    return logits, np.full(number * size, positive), [f"{positive}{k}" for k in range(number) for _ in range(size)]


def test_coverage_in_new_groups():
    covered = {True: [], False: []}
    for seed in range(150):
        rng = np.random.default_rng(seed)
        parts = [_groups(rng, 20, 6, False), _groups(rng, 12, 4, True)]
        known = conformal.calibrated(
            np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]), [name for p in parts for name in p[2]]
        )
        for positive in (False, True):
            new, *_ = _groups(rng, 20, 1, positive)
            covered[positive].append((known.p_values(new)[:, int(positive)] > 0.2).mean())
    for positive, least in ((False, 0.8), (True, 0.8)):
        assert least - 0.015 < np.mean(covered[positive]) < least + 0.08


def test_images_taken_as_independent_would_not_keep_it():
    """With a few large groups each image counted alone promises too much: the weights matter."""
    grouped, alone = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        logits, positive, names = _groups(rng, 6, 20, True)
        new, *_ = _groups(rng, 20, 1, True)
        grouped.append((conformal.calibrated(logits, positive, names).p_values(new)[:, 1] > 0.2).mean())
        one = [str(k) for k in range(logits.size)]
        alone.append((conformal.calibrated(logits, positive, one).p_values(new)[:, 1] > 0.2).mean())
    assert np.mean(grouped) > 0.79
    assert np.mean(alone) < np.mean(grouped) - 0.03


def test_p_values_by_hand():
    known = conformal.calibrated(np.array([-2.0, -1.0, 0.0, 1.0]), np.array([False, False, False, True]), ["a", "a", "b", "c"])
    immiscible, miscible = known.p_values(np.array([-0.5]))[0]
    assert immiscible == pytest.approx((1 + 1) / 3)  # of groups a and b only b's image has at least this logit
    assert miscible == pytest.approx(1 / 2)
    assert known.sets(np.array([-0.5]), ("no", "yes"), alpha=0.6) == [("no",)]
    assert known.sets(np.array([-0.5]), ("no", "yes"), alpha=0.9) == [()]


def test_own_group_does_not_count():
    logits, positive = np.array([5.0, 5.0, -1.0, 0.0, 2.0]), np.array([False, False, False, True, True])
    p = conformal.held_out_p_values(logits, positive, ["a", "a", "b", "c", "d"])
    assert p[0, 0] == p[1, 0] == pytest.approx(1 / 2)  # b alone is left to compare with, and is lower
