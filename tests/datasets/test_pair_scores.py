"""Baselines and scores on pairs drawn by hand: lines of four widths, whose patterns are two spots."""

from dataclasses import replace

import numpy as np
import pytest

from morphoscope.datasets import pair_baselines
from morphoscope.datasets.pair_scores import COLUMNS, Answers, Truth, ask, recall, score, split, table
from morphoscope.datasets.pairs import PairArrays
from morphoscope.errors import InputError

SIDE, PIXEL_NM, COUNT = 96, 2.0, 12
Q = (np.arange(64) - 31.5) * 0.02


def drawn(seed=0):
    """Vertical lines of period 8, 12 and 16 px in turn; on the detector spots at 2 pi over the period."""
    rng = np.random.default_rng(seed)
    periods = [(8, 12, 16)[k % 3] for k in range(COUNT)]
    columns = np.arange(160)
    phase = np.stack([np.broadcast_to((columns + rng.integers(p)) % p < p / 2, (140, 160)) for p in periods])
    flipped = phase ^ (rng.random(phase.shape) < 0.01)
    q = np.hypot(*np.meshgrid(Q, Q, indexing="ij"))
    spots = [
        np.exp(-(((np.abs(Q) - 2 * np.pi / (p * PIXEL_NM)) / 0.02) ** 2))[None] * np.exp(-((Q / 0.03) ** 2))[:, None]
        for p in periods
    ]
    mask = np.broadcast_to(q > 0.06, (COUNT, 64, 64))
    names = tuple(f"p{k}" for k in range(COUNT))
    return PairArrays(
        names, names, tuple(f"{p} px" for p in periods), flipped.astype(np.uint8), flipped.astype(np.uint8) * 255,
        np.full(COUNT, PIXEL_NM), (np.stack(spots) * mask).astype(np.float32), mask,
        np.broadcast_to(q, mask.shape).astype(np.float32), np.ones(COUNT, bool), np.ones(COUNT, bool),
    )  # fmt: skip


@pytest.fixture(scope="module")
def scored():
    rng = np.random.default_rng(1)
    train, test = drawn(1).where(np.arange(6)), drawn(2).where(np.arange(6, COUNT))
    truth = Truth.of(test, crops=3, rng=rng, size_px=SIDE)
    found = pair_baselines.answers(train, truth, rng=rng)
    return truth, found, [score(answer, truth) for answer in found]


def test_the_rows_say_what_they_know(scored):
    rows = {row["method"]: row for row in table([scored[2]], rng=np.random.default_rng(0), draws=20)}
    assert list(rows) == [
        "another crop", "nearest neighbour", "same morphology", "random", "random field", "mean image", "FFT of the SEM",
    ]  # fmt: skip
    for row in rows.values():
        for name in COLUMNS:
            value = row[name]
            assert value is None or row[f"{name}_low"] <= value <= row[f"{name}_high"]
    assert rows["another crop"]["saxs_mae"] is None
    assert rows["FFT of the SEM"]["s2_mae"] is None
    assert rows["FFT of the SEM"]["recall_at_1"] > 1 / 6
    near = rows["nearest neighbour"]
    assert near["s2_mae"] < 0.5 * rows["random"]["s2_mae"]
    assert near["saxs_mae"] == pytest.approx(0, abs=1e-6)
    assert rows["random field"]["s2_mae"] < rows["random"]["s2_mae"]


def test_a_random_field_has_the_period_of_its_pattern(scored):
    truth, found, _ = scored
    fields = next(answer for answer in found if answer.name == "random field").sems
    for k in range(len(truth.pairs)):
        power = np.abs(np.fft.fft2(fields[k] - 0.5)).mean(axis=0)
        period = SIDE / (1 + int(np.argmax(power[0, 1 : SIDE // 2])))
        assert period == pytest.approx(float(truth.pairs.morphology[k].split()[0]), rel=0.12)


def test_the_spectrum_of_a_micrograph_lies_on_its_pattern(scored):
    truth, found, _ = scored
    made = next(answer for answer in found if answer.name == "FFT of the SEM").patterns
    for k in range(len(truth.pairs)):
        top = np.argmax(np.where(truth.pairs.mask[k], made[k, 0], 0))
        assert truth.pairs.saxs[k].ravel()[top] > 0.5


def test_a_method_that_knows_everything_has_no_error(scored):
    truth = scored[0]

    class Oracle:
        name = "oracle"

        def sems(self, saxs, mask, *, count, rng):
            return truth.crops

        def patterns(self, phases):
            return np.repeat(truth.pairs.saxs, 3, axis=0)

        def similarity(self, phases, saxs, mask):
            return np.eye(len(saxs))

    (row,) = table([[score(ask(Oracle(), truth, rng=np.random.default_rng(0)), truth)]], rng=np.random.default_rng(0), draws=10)
    assert [row[name] for name in ("s2_mae", "s2_mae_mean10", "lineal_mae", "saxs_mae", "euler_mae")] == [0] * 5
    assert row["frechet"] == pytest.approx(0, abs=1e-9)
    assert row["recall_at_1"] == row["recall_at_1_back"] == 1


def test_recall_by_chance_is_one_in_all():
    similarity = np.random.default_rng(3).random((64, 64))
    found = recall(similarity, rng=np.random.default_rng(4))
    assert found["recall_at_1"] == pytest.approx(1 / 32, abs=0.03)
    assert found["recall_at_5"] == pytest.approx(5 / 32, abs=0.06)
    assert recall(np.ones((64, 64)), rng=np.random.default_rng(4))["recall_at_5"] == 0


def test_masked_pixels_are_left_out_of_the_error(scored):
    truth = scored[0]
    wrong = np.where(truth.pairs.mask, truth.pairs.saxs, 1.0)[:, None]
    found = score(Answers("x", patterns=np.broadcast_to(wrong, (6, 3, 64, 64))), truth)
    assert (found.pictures["saxs_mae"] == 0).all()


def test_without_scale_or_with_curves_spectra_are_left_out():
    pairs = drawn()
    assert pair_baselines.on_one_scale(pairs)
    assert not pair_baselines.on_one_scale(replace(pairs, pixel_nm=np.full(COUNT, np.nan)))
    rows = np.broadcast_to(Q + 1, pairs.saxs.shape).astype(np.float32)
    assert not pair_baselines.on_one_scale(replace(pairs, q_per_nm=rows))
    truth = Truth.of(pairs.where([10, 11]), crops=2, rng=np.random.default_rng(0), size_px=SIDE)
    train = replace(pairs.where(np.arange(9)), q_per_nm=rows[:9])
    found = pair_baselines.answers(train, truth, rng=np.random.default_rng(0))
    assert not {"random field", "FFT of the SEM"} & {answer.name for answer in found}


def test_a_split_shares_no_specimen():
    pairs = drawn()
    train, test = split(pairs, train=7, unseen=4, rng=np.random.default_rng(0))
    assert (len(train), len(test)) == (7, 4)
    assert not set(train.groups) & set(test.groups)
    with pytest.raises(InputError, match="12 pairs of 12 specimens leave 0 to test after 12"):
        split(pairs, train=12, unseen=4, rng=np.random.default_rng(0))
