"""The torch twin against the numpy engine, and its gradients against numerical ones."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.errors import BadParameter, InputError
from morphoscope.measure import correlation, spectrum

torch = pytest.importorskip("torch")
twin = pytest.importorskip("morphoscope.learn.statistics")

SHAPES = [((23, 30), (1.0, 1.0)), ((21, 16), (0.7, 1.9)), ((8, 11, 9), (1.0, 1.0, 1.0)), ((9, 7, 10), (2.0, 0.8, 1.1))]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape, pixel", SHAPES)
def test_s2_is_that_of_the_engine(shape, pixel, masked, periodic):
    rng = np.random.default_rng(sum(shape))
    phases, mask = rng.random((3, *shape)) < 0.4, rng.random(shape) < 0.7 if masked else np.ones(shape, bool)
    given = {"r_max": 5.3 * min(pixel), "pixel": pixel, "periodic": periodic}
    expected = [correlation.two_point(phase, mask=mask if masked else None, **given) for phase in phases]
    for number, within in ((torch.float64, 1e-10), (torch.float32, 1e-6)):
        tensor, counts = torch.tensor(phases, dtype=number), torch.tensor(mask) if masked else None
        found = twin.two_point(tensor, mask=counts, axes=len(shape), **given)
        np.testing.assert_allclose(found.value, [one.s2 for one in expected], atol=within)
        np.testing.assert_allclose(found.x, expected[0].r, atol=1e-10)
        np.testing.assert_array_equal(found.weight, expected[0].pairs)


def test_s2_of_a_large_picture_in_single_precision():
    phase = np.random.default_rng(0).random((512, 480)) < 0.5
    found = twin.two_point(torch.tensor(phase, dtype=torch.float32), r_max=100)
    np.testing.assert_allclose(found.value, correlation.two_point(phase, r_max=100).s2, atol=1e-6)


def test_each_member_of_a_batch_may_have_a_mask_of_its_own():
    rng = np.random.default_rng(1)
    phases, masks = rng.random((2, 2, 14, 15)) < 0.5, rng.random((2, 2, 14, 15)) < 0.6
    found = twin.two_point(torch.tensor(phases, dtype=torch.float64), mask=torch.tensor(masks), r_max=4)
    assert found.value.shape == (2, 2, 5)
    for at in np.ndindex(2, 2):
        one = correlation.two_point(phases[at], mask=masks[at], r_max=4)
        np.testing.assert_allclose(found.value[at], one.s2, atol=1e-12)
        np.testing.assert_allclose(found.x[at], one.r, atol=1e-12)


@pytest.mark.parametrize("window", ["hann", "none"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape, pixel", SHAPES)
def test_the_spectrum_is_that_of_the_engine(shape, pixel, masked, window):
    rng = np.random.default_rng(sum(shape))
    grey, mask = rng.random((2, *shape)), rng.random(shape) < 0.7 if masked else None
    counts = torch.tensor(mask) if masked else None
    for number, within in ((torch.float64, 1e-12), (torch.float32, 1e-6)):
        power = twin.power_spectrum(torch.tensor(grey, dtype=number), pixel=pixel, mask=counts, window=window, axes=len(shape))
        rings = twin.radial_spectrum(power, pixel=pixel, axes=len(shape))
        for k in range(2):
            one = spectrum.power_spectrum(grey[k], pixel=pixel, mask=mask, window=window)
            top = one.power.max()
            np.testing.assert_allclose(power[k] / top, one.power / top, atol=within)
            by_ring = spectrum.radial(one)
            np.testing.assert_allclose(rings.value[k] / top, by_ring.value / top, atol=within)
            np.testing.assert_allclose(rings.x, by_ring.q, rtol=1e-12)
            np.testing.assert_array_equal(rings.weight, by_ring.modes)


@pytest.mark.parametrize("shape", [(2, 4, 5), (4, 3, 4)])
@pytest.mark.parametrize("periodic", [False, True])
def test_gradients_are_the_numerical_ones(shape, periodic):
    axes = 2 if shape[0] == 2 else 3
    soft = torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3), requires_grad=True)
    mask = torch.ones(shape[-axes:], dtype=torch.bool)
    mask[..., 1] = False
    assert torch.autograd.gradcheck(lambda x: twin.two_point(x, r_max=2, mask=mask, periodic=periodic, axes=axes).value, soft)
    assert torch.autograd.gradcheck(
        lambda x: twin.radial_spectrum(twin.power_spectrum(x, mask=mask, axes=axes), axes=axes).value, soft
    )


def test_wrong_input_is_one_sentence():
    with pytest.raises(InputError, match="expected real numbers on 2 or 3 axes"):
        twin.two_point(torch.ones((8, 8), dtype=torch.bool), r_max=3)
    with pytest.raises(InputError, match="mask of"):
        twin.two_point(torch.ones((8, 8)), r_max=3, mask=torch.ones((4, 4)))
    with pytest.raises(InputError, match="no pixel is left"):
        twin.two_point(torch.ones((8, 8)), r_max=3, mask=torch.zeros((8, 8)))
    with pytest.raises(BadParameter, match="shorter than one pixel"):
        twin.two_point(torch.ones((8, 8)), r_max=0.5)
    with pytest.raises(BadParameter, match="allowed: hann, none"):
        twin.power_spectrum(torch.ones((8, 8)), window="kaiser")
