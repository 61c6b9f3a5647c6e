"""The published networks: known similarities, their shapes, losses that fall, and the same bits after a stop."""

import math

import numpy as np
import pytest
import torch

from morphoscope.learn import pair_paper
from morphoscope.learn.pair_loop import EVERY
from pairs_of_stripes import stripes

SIDE = 64
ROWS = np.arange(8)


@pytest.fixture(scope="module")
def lessons():
    return pair_paper.Lessons(stripes(8, side=SIDE), size_px=SIDE, seed=0, new_crops="ten")


def test_similarities_of_known_vectors():
    z = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert float(pair_paper.barlow(z, z)) == pytest.approx(0, abs=1e-3)
    assert float(pair_paper.barlow(z, -z)) == pytest.approx(4, abs=1e-2)
    swapped = z[:, [1, 0]]  # every number agrees with the other one only
    assert float(pair_paper.barlow(z, swapped)) == pytest.approx(1 + pair_paper.REDUNDANT, abs=1e-3)
    e = math.exp(10)
    assert float(pair_paper.simclr(torch.eye(2), torch.eye(2))) == pytest.approx(-math.log(e / (e + 2)), abs=1e-4)


def test_the_paper_s_shapes():
    both = pair_paper.build("compact", size_px=192, seed=0).eval()
    z = pair_paper.latents(both.sem, np.zeros((1, 192, 192), np.float32))
    assert z.shape == (1, 32, 6, 6)
    assert pair_paper.decoded(both.saxs, z).shape == (1, 192, 192)
    assert [m.out_channels for m in both.sem.decoder if isinstance(m, torch.nn.ConvTranspose2d)] == [32, 32, 32, 32, 1]
    assert both.sem.decoder[0].kernel_size == (15, 15)
    assert both.saxs.decoder[0].kernel_size == (5, 5)


def test_crops_stay_what_they_are_after_the_first_epochs(lessons):
    assert torch.equal(lessons.crops(ROWS, 9), lessons.crops(ROWS, 500))
    assert not torch.equal(lessons.crops(ROWS, 8), lessons.crops(ROWS, 9))


@pytest.mark.slow
def test_a_solo_training_falls_and_resumes(lessons):
    kept, epochs = [], 2 * EVERY

    def fitted(**loop):
        both = pair_paper.build("compact", size_px=SIDE, seed=0)
        return pair_paper.train_solo(both, lessons, ROWS, epochs=epochs, side="saxs", seed=0, **loop)

    one, losses = fitted(save=lambda make: kept.append(make()))
    other, again = fitted(saved=kept[0])
    assert losses[-1] < 0.7 * losses[0]
    assert np.array_equal(losses, again)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("similarity", ["barlow", "simclr"])
def test_the_pair_falls(lessons, similarity):
    both = pair_paper.build("compact", size_px=SIDE, seed=0)
    two, losses = pair_paper.train_pair(both, lessons, ROWS, epochs=2 * EVERY, similarity=similarity, seed=0)
    assert losses[-1] < losses[0]
    back = pair_paper.of_arrays(pair_paper.arrays_of(two), encoder="compact", size_px=SIDE)
    planes = lessons.pairs.saxs[:2]
    assert np.array_equal(pair_paper.latents(back.saxs, planes), pair_paper.latents(two.saxs, planes))


@pytest.mark.slow
def test_an_encoder_of_weights_stays_as_it_is(tmp_path, lessons):
    """A file of weights, as the paper's: the encoder is frozen, its normalisation included."""
    from safetensors.torch import save_file

    from morphoscope.learn.backbones import backbone_of

    backbone, _ = backbone_of("resnet50", size_px=SIDE)
    save_file({name: value.contiguous() for name, value in backbone.state_dict().items()}, tmp_path / "w.safetensors")
    both = pair_paper.build("resnet50", start=tmp_path / "w.safetensors", size_px=SIDE, seed=0)
    before = {name: value.clone() for name, value in both.saxs.encoder.state_dict().items()}
    one, _ = pair_paper.train_solo(both, lessons, ROWS, epochs=2, side="saxs", seed=0)
    assert all(torch.equal(before[name], value) for name, value in one.encoder.state_dict().items())
    assert torch.equal(one.encoder.backbone.conv1.weight, backbone.conv1.weight)
