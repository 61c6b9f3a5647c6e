"""Descriptors: what they say of drawn discs, stripes and noise, and what they must not see."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from morphoscope.core import Micrograph, PixelSize
from morphoscope.errors import InputError
from morphoscope.measure import descriptors
from morphoscope.measure.descriptors import describe_frame, frame
from morphoscope.measure.descriptors.droplets import droplets


def discs(rng, *, radius=6, count=60, size=256, bright=True, noise=0.03):
    y, x = np.indices((size, size))
    plane = np.full((size, size), 0.5)
    for cy, cx in rng.uniform(0, size, (count, 2)):
        plane[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] = 0.8 if bright else 0.2
    return Micrograph(np.clip(plane + noise * rng.standard_normal(plane.shape), 0, 1).astype(np.float32))


def noise(rng, size=256):
    return Micrograph(np.clip(0.5 + 0.1 * rng.standard_normal((size, size)), 0, 1).astype(np.float32))


def test_names_do_not_depend_on_the_image(rng):
    one, other = descriptors.describe(noise(rng)), descriptors.describe(discs(rng, size=300))
    assert list(one) == list(other)
    assert len(one) == 282
    assert all(np.isfinite(list(one.values())))


def test_bright_and_dark_discs_change_places(rng):
    seed = rng.integers(1000)
    bright, dark = (descriptors.describe(discs(np.random.default_rng(seed), bright=b, noise=0.0)) for b in (True, False))
    for radius in (5, 8):
        assert bright[f"blobs.votes_max_bright_{radius}px"] > 1.3 * bright[f"blobs.votes_max_dark_{radius}px"]
        assert bright[f"blobs.votes_max_bright_{radius}px"] == pytest.approx(dark[f"blobs.votes_max_dark_{radius}px"], rel=0.15)
    assert bright["domains.discs_bright"] == pytest.approx(dark["domains.discs_dark"], abs=0.3)
    assert bright["blobs.bright_strength_4px"] > 2 * bright["blobs.dark_strength_4px"]


def test_discs_are_counted_and_noise_has_none(rng):
    found = descriptors.describe(discs(rng, count=40, radius=7))
    assert 20 < np.expm1(found["domains.discs_bright"]) < 45
    assert np.expm1(descriptors.describe(noise(rng))["domains.discs_very_bright"]) < 3


def test_a_blob_answers_loudest_at_its_own_scale(rng):
    found = descriptors.describe(discs(rng, radius=6, count=25, noise=0.0), families=("blobs",))
    strength = {s: found[f"blobs.hessian_p999_{s:g}px"] for s in (1.5, 2.5, 4.0, 6.0, 9.0, 13.0)}
    assert max(strength, key=strength.get) == 4.0  # radius over the square root of two


def test_stripes_are_directed(rng):
    x = np.arange(256)
    stripes = np.repeat(0.5 + 0.3 * np.sin(2 * np.pi * x / 16)[None, :], 256, axis=0)
    image = Micrograph(np.clip(stripes + 0.02 * rng.standard_normal(stripes.shape), 0, 1).astype(np.float32))
    found = descriptors.describe(image, families=("waves", "texture"))
    plain = descriptors.describe(noise(rng), families=("waves", "texture"))
    assert found["texture.directed_flat_8px"] > plain["texture.directed_flat_8px"] + 0.5
    assert max(v for k, v in found.items() if k.startswith("waves.directed")) > 1.0
    assert found["waves.bump"] > plain["waves.bump"] + 1


def test_what_is_masked_is_not_seen(rng):
    image = discs(rng, size=320)
    mask = np.ones(image.pixels.shape, bool)
    mask[280:, :] = False
    mask[20:50, 30:80] = False
    pixels = image.pixels.copy()
    pixels[~mask] = 1.0
    one, other = (descriptors.describe(replace(image, pixels=p, mask=mask)) for p in (image.pixels, pixels))
    assert one == other


def test_size_and_scale_are_not_seen(rng):
    plane = np.kron(discs(rng, size=128).pixels, np.ones((2, 2), np.float32))
    small, large = Micrograph(plane), Micrograph(np.kron(plane, np.ones((2, 2), np.float32)), pixel_size=PixelSize(3.0, 3.0, "x"))
    one, other = descriptors.describe(small), descriptors.describe(large)
    assert np.allclose(list(one.values()), list(other.values()), atol=1e-4)


def test_images_without_a_specimen_are_refused(rng):
    with pytest.raises(InputError, match="20 x 20 px is too small"):
        descriptors.describe(noise(rng, size=20))
    hidden = replace(noise(rng), mask=np.zeros((256, 256), bool))
    with pytest.raises(InputError, match="less than a twentieth"):
        descriptors.describe(hidden)


def test_a_constant_picture_has_finite_descriptors():
    found = descriptors.describe(Micrograph(np.full((64, 64), 0.5, np.float32)))
    assert all(np.isfinite(list(found.values())))


@pytest.mark.parametrize(("blur", "sharp"), [(0.8, True), (6.0, False)])
def test_droplets_have_place_size_polarity_and_rim(blur, sharp):
    y, x = np.indices((256, 256))
    plane = np.full((256, 256), 0.5)
    for (cy, cx), bright in {(64, 70): True, (180, 60): True, (120, 190): False}.items():
        plane[np.hypot(y - cy, x - cx) < 14] = 0.8 if bright else 0.2
    plane = ndimage.gaussian_filter(plane, blur)
    found = droplets(frame(Micrograph(plane.astype(np.float32))))
    assert [one.bright for one in found].count(True) == 2
    assert [one.bright for one in found].count(False) == 1
    dark = next(one for one in found if not one.bright)
    assert (dark.y_px, dark.x_px) == pytest.approx((120, 190), abs=1)
    assert dark.radius_px == pytest.approx(14, abs=2)
    widths = [one.rim_px / one.radius_px for one in found]
    assert all(width < 0.5 for width in widths) == sharp


def test_hidden_pixels_do_not_count(rng):
    """Hiding the part that differs leaves the descriptors of the rest; hiding nearly all is refused."""
    plain = ndimage.gaussian_filter(rng.standard_normal((256, 256)), 3)
    plain = np.clip(0.5 + 0.1 * plain / plain.std(), 0, 1)
    spoilt = plain.copy()
    spoilt[:80, :80] = np.indices((80, 80)).sum(axis=0) % 16 / 16
    hidden = np.zeros((256, 256), bool)
    hidden[:80, :80] = True
    usual, seen, masked = (
        describe_frame(view)
        for view in (
            frame(Micrograph(plain.astype(np.float32))),
            frame(Micrograph(spoilt.astype(np.float32))),
            frame(Micrograph(spoilt.astype(np.float32))).hiding(hidden),
        )
    )
    for name in ("texture.contrast_flat_1px", "blobs.laplace_kurtosis_1.5px", "domains.cover_very_bright"):
        assert abs(masked[name] - usual[name]) < 0.35 * abs(seen[name] - usual[name])
    with pytest.raises(InputError, match="left to see"):
        frame(Micrograph(plain.astype(np.float32))).hiding(np.ones((256, 256), bool))
