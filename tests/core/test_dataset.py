"""A split never divides a group, whatever the groups look like."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from morphoscope.core import Dataset, Sample
from morphoscope.errors import BadParameter, InputError


def rows(groups: list[int], labels: list[str | None] | None = None) -> Dataset:
    labels = labels or [None] * len(groups)
    samples = tuple(Sample(f"s{i}", f"paper {g}", label=label) for i, (g, label) in enumerate(zip(groups, labels, strict=True)))
    return Dataset("made", samples, "CC0", "nobody")


datasets = st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["a", "b", None])), min_size=2, max_size=60).map(
    lambda pairs: rows([g for g, _ in pairs], [label for _, label in pairs])
)
seeds = st.integers(0, 2**31)


def keys(part: Dataset) -> list[str]:
    return [sample.key for sample in part]


@given(data=datasets, fraction=st.floats(0.05, 0.95), seed=seeds)
def test_split_divides_no_group_and_loses_no_row(data, fraction, seed):
    assume(len(data.groups) > 1)
    try:
        train, test = data.split(fraction, seed=seed)
    except InputError:
        sizes = [[s.group for s in data].count(group) for group in data.groups]
        assert len({s.label for s in data}) > 1 or min(sizes) >= 2 * min(fraction, 1 - fraction) * len(data) - 1e-9
        return
    assert not set(train.groups) & set(test.groups)
    assert sorted(keys(train) + keys(test)) == sorted(keys(data))
    assert len(train)
    assert len(test)
    assert (train.licence, train.cite, train.name) == (data.licence, data.cite, data.name)
    again = data.split(fraction, seed=seed)
    assert (keys(again[0]), keys(again[1])) == (keys(train), keys(test))


@given(data=datasets, count=st.integers(2, 6), seed=seeds)
def test_folds_divide_no_group_and_test_every_row_once(data, count, seed):
    assume(len(data.groups) >= count)
    folds = data.folds(count, seed=seed)
    assert len(folds) == count
    assert sorted(key for _, test in folds for key in keys(test)) == sorted(keys(data))
    for train, test in folds:
        assert len(test)
        assert not set(train.groups) & set(test.groups)
        assert sorted(keys(train) + keys(test)) == sorted(keys(data))
    again = data.folds(count, seed=seed)
    assert [keys(test) for _, test in again] == [keys(test) for _, test in folds]


def unequal_papers() -> Dataset:
    """Like a literature data set: 60 papers of 1 to 12 images, a fifth of the papers positive."""
    rng = np.random.default_rng(5)
    groups = [paper for paper in range(60) for _ in range(rng.integers(1, 13))]
    return rows(groups, ["yes" if paper % 5 == 0 else "no" for paper in groups])


def share(part: Dataset) -> float:
    counts = Counter(sample.label for sample in part)
    return counts["yes"] / counts.total()


@pytest.mark.parametrize("seed", range(5))
def test_labels_and_sizes_are_even_on_both_sides(seed):
    data = unequal_papers()
    train, test = data.split(0.3, seed=seed)
    assert len(test) / len(data) == pytest.approx(0.3, abs=0.01)
    assert share(test) == pytest.approx(share(train), abs=0.02)
    folds = [test for _, test in data.folds(5, seed=seed)]
    assert max(map(len, folds)) - min(map(len, folds)) <= 0.1 * len(data) / 5
    assert max(map(share, folds)) - min(map(share, folds)) < 0.1


def test_seeds_give_different_splits():
    data = unequal_papers()
    assert len({tuple(keys(data.split(0.3, seed=seed)[1])) for seed in range(10)}) == 10
    assert len({tuple(keys(data.folds(5, seed=seed)[0][1])) for seed in range(10)}) > 5


@pytest.mark.parametrize("seed", range(8))
def test_a_possible_split_is_found_from_any_seed(seed):
    train, test = rows([0] * 10 + [1]).split(0.9, seed=seed)
    assert (len(train), len(test)) == (1, 10)


def test_impossible_cuts_say_why():
    with pytest.raises(InputError, match=r"made has 1 group\(s\); 2 parts need at least 2"):
        rows([7, 7, 7]).split(0.5, seed=0)
    with pytest.raises(InputError, match=r"made has 2 group\(s\); 3 parts need at least 3"):
        rows([1, 2, 2]).folds(3, seed=0)
    with pytest.raises(InputError, match="groups of made are too large to put 10% of its rows apart; change the fraction"):
        rows([1] * 10 + [2] * 10).split(0.1, seed=0)
    for fraction in (0.0, 1.0, -0.2, 3.0, float("nan")):
        with pytest.raises(BadParameter, match=r"fraction=.* must lie between 0 and 1"):
            rows([1, 2]).split(fraction, seed=0)
    for count in (1, 0, -3):
        with pytest.raises(BadParameter, match=r"part\(s\) is no split; ask for at least 2"):
            rows([1, 2]).folds(count, seed=0)
    with pytest.raises(InputError, match="made has 0 group"):
        Dataset("made", (), "CC0", "nobody").split(0.5, seed=0)


def test_a_key_names_one_sample():
    with pytest.raises(InputError, match="made: the key 'x' names more than one sample"):
        Dataset("made", (Sample("x", "a"), Sample("y", "a"), Sample("x", "b")), "CC0", "nobody")


def test_a_dataset_is_a_row_of_samples():
    data = rows([3, 1, 3])
    assert len(data) == 3
    assert [sample.key for sample in data] == ["s0", "s1", "s2"]
    assert data.groups == ("paper 1", "paper 3")
    sample = Sample("k", "g", files={"image": Path("a.png")}, values={"chi": 0.1}, texts={"caption": "a blend"})
    assert sample.label is None
    with pytest.raises(AttributeError):
        sample.group = "other"
