"""Pairs of micrograph and pattern: simulated ones, and what is prepared from any of them for learning."""

from dataclasses import replace

import numpy as np
import pytest

from morphoscope.core import Micrograph, Pattern
from morphoscope.datasets import fake_pairs as fake_pairs_module
from morphoscope.datasets.fake_pairs import PERIOD_NM, coarsening, curve_pair, fake_pair, fake_pairs
from morphoscope.datasets.pairs import Pair, PairArrays, arrays, phase_of
from morphoscope.errors import BadParameter, InputError
from morphoscope.measure import spectrum
from morphoscope.physics import copolymer

AREA = (208, 256)


@pytest.fixture(scope="module", autouse=True)
def small_beam():
    """Fewer and smaller films in the beam than usual, for speed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake_pairs_module, "REPLICAS", 2)
        patch.setattr(fake_pairs_module, "REPLICA_PX", 96)
        yield


@pytest.fixture(scope="module")
def made(small_beam):
    return list(fake_pairs(4, seed=1, area_px=AREA))


@pytest.fixture(scope="module")
def ready(made):
    alone = [Pair("no pattern", sem=made[0].sem), Pair("no micrograph", pattern=made[1].pattern)]
    return arrays([*made, *alone])


def test_the_four_morphologies_come_in_turn_with_scale_and_q(made):
    assert [pair.morphology for pair in made] == list(copolymer.KINDS)
    for pair in made:
        assert pair.sem.pixels.shape == AREA
        assert pair.sem.pixel_size.mean_nm == pytest.approx(PERIOD_NM / 12)
        assert pair.pattern.q_per_nm is not None
        assert pair.group == pair.name


def test_a_seed_makes_the_same_pair_again(made):
    again = fake_pair(1_000_000, area_px=AREA)
    assert np.array_equal(again.sem.pixels, made[0].sem.pixels)
    assert np.array_equal(again.pattern.intensity, made[0].pattern.intensity)


def test_micrograph_and_pattern_tell_the_same_period(made):
    dots = made[0]
    radial = spectrum.radial(spectrum.power_spectrum(dots.sem.pixels, pixel=(dots.sem.pixel_size.mean_nm,) * 2))
    peak = spectrum.find_peak(radial, q_low=0.12, q_high=0.4)
    assert peak is not None
    off_axis = (np.abs(dots.pattern.qy_per_nm) > 0.1) & dots.pattern.mask
    seen = np.where(off_axis, dots.pattern.intensity, 0)
    bright = seen > np.percentile(seen[off_axis], 99)
    assert float(np.median(dots.pattern.q_per_nm[bright])) == pytest.approx(peak.q, rel=0.1)


def test_arrays_hold_one_row_a_pair_and_say_what_is_missing(ready):
    assert len(ready) == 6
    assert ready.has_sem.tolist() == [True] * 5 + [False]
    assert ready.has_saxs.tolist() == [True] * 4 + [False, True]
    assert ready.phase.shape == (6, *AREA)
    assert ready.saxs.shape == ready.mask.shape == ready.q_per_nm.shape == (6, 192, 192)
    assert 0 <= ready.saxs.min() < 0.01 < 0.99 < ready.saxs.max() <= 1
    assert (ready.saxs[~ready.mask] == 0).all()
    assert ready.morphology[0] == "hexagonal"
    assert ready.morphology[4] == ""


def test_the_phase_is_the_one_that_was_simulated(made, ready):
    """What the paper's recipe finds bright is mostly what is bright before noise."""
    sharp = made[1].sem.pixels
    smooth = np.asarray(sharp > np.median(sharp))
    assert np.mean(ready.phase[1].astype(bool) == smooth) > 0.85


def test_crops_are_parts_of_the_phase(ready):
    crops = ready.crops([0, 2, 0], rng=np.random.default_rng(0), size_px=96)
    assert crops.shape == (3, 96, 96)
    assert set(np.unique(crops)) == {0.0, 1.0}
    assert not np.array_equal(crops[0], crops[2])
    grey = ready.grey_crops([0], rng=np.random.default_rng(0), size_px=96)
    assert 0 <= grey.min() < grey.max() <= 1
    with pytest.raises(InputError, match="no micrograph: no micrograph to crop"):
        ready.crops([5], rng=np.random.default_rng(0))


def test_saved_and_loaded_they_are_the_same(ready, tmp_path):
    ready.save(tmp_path / "pairs.npz")
    found = PairArrays.load(tmp_path / "pairs.npz")
    for name in ("phase", "mask", "has_sem", "has_saxs"):
        assert np.array_equal(getattr(found, name), getattr(ready, name))
    assert found.saxs == pytest.approx(ready.saxs, abs=1e-5)
    assert np.array_equal(found.q_per_nm, ready.q_per_nm, equal_nan=True)
    assert (found.names, found.groups, found.morphology) == (ready.names, ready.groups, ready.morphology)
    part = found.where([2, 0])
    assert part.names == (ready.names[2], ready.names[0])
    assert np.array_equal(part.phase[1], ready.phase[0])


def test_masked_pixels_do_not_matter(made):
    pattern = made[0].pattern
    spoiled = replace(pattern, intensity=np.where(pattern.mask, pattern.intensity, 1e9).astype(np.float32))
    first, second = (arrays([Pair("a", pattern=p)]) for p in (pattern, spoiled))
    assert np.array_equal(first.saxs, second.saxs)


def test_a_larger_pattern_is_averaged():
    rows, columns = np.indices((384, 384))
    picture = Pattern(100.0 * ((rows // 2 + columns // 2) % 2), unit="grey levels")
    found = arrays([Pair("a", pattern=picture)])
    assert found.saxs[0, :4, :4] == pytest.approx(np.indices((4, 4)).sum(axis=0) % 2, abs=1e-6)
    assert np.isnan(found.q_per_nm).all()


def test_bad_pairs_are_refused_in_one_sentence(made):
    small = Micrograph(np.zeros((100, 300)))
    with pytest.raises(InputError, match="small: the micrograph has 100 x 300 pixels, smaller than the crop of 192"):
        arrays([Pair("small", sem=small)])
    masked = replace(made[0].pattern, mask=np.zeros((192, 192), bool))
    with pytest.raises(InputError, match="dark: every pixel of the pattern is masked"):
        arrays([Pair("dark", pattern=masked)])
    with pytest.raises(InputError, match="needs at least one of its two partners"):
        Pair("nothing")
    with pytest.raises(InputError, match="no pair is given"):
        arrays([])


def test_a_flat_micrograph_has_no_dark_phase():
    assert phase_of(Micrograph(np.full((40, 40), 0.5))).all()


def test_crop_protocols_repeat_so_many_places(ready):
    for protocol, at_most in (("one", 1), ("ten", 10)):
        source = ready.crop_source(protocol, rng=np.random.default_rng(0), size_px=96)
        seen = {source([0]).tobytes() for _ in range(30)}
        assert len(seen) <= at_most
        assert len(seen) > at_most // 2
    source = ready.crop_source("random", rng=np.random.default_rng(0), size_px=96)
    assert len({source([0]).tobytes() for _ in range(30)}) > 20
    with pytest.raises(BadParameter, match="protocol='two' is not known; allowed: one, ten, hundred, random"):
        ready.crop_source("two", rng=np.random.default_rng(0))


def test_a_curve_is_the_mean_of_its_pattern_over_directions(made):
    curve, pattern = curve_pair(made[2]).pattern, made[2].pattern
    step = float(np.median(np.diff(curve.x)))
    for k in (20, 40, 60):
        ring = pattern.mask & (np.abs(pattern.q_per_nm - curve.x[k]) < step / 2)
        assert curve.y[k] == pytest.approx(pattern.intensity[ring].mean(), rel=0.1)
    with pytest.raises(BadParameter, match="has no pattern to average"):
        curve_pair(curve_pair(made[2]))


def test_a_blend_coarsens_frame_by_frame(monkeypatch):
    monkeypatch.setattr(fake_pairs_module, "SERIES_TIMES", (20.0, 100.0))
    monkeypatch.setattr(fake_pairs_module, "SERIES_PX", 96)
    frames = list(coarsening(1, frames=2, size_px=192))
    assert {pair.group for pair in frames} == {"series_1"}
    assert [pair.sem.conditions["time"] for pair in frames] == pytest.approx([20, 100])
    sizes = []
    for pair in frames:
        ring = pair.pattern.mask & (pair.pattern.q_per_nm > 0.06)
        top = pair.pattern.intensity[ring] > np.percentile(pair.pattern.intensity[ring], 98)
        sizes.append(2 * np.pi / np.median(pair.pattern.q_per_nm[ring][top]))
    assert sizes[1] > 1.1 * sizes[0]
