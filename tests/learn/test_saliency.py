"""Grad-CAM on networks whose answer is known."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from morphoscope.errors import InputError  # noqa: E402
from morphoscope.learn.epochs import Scale  # noqa: E402
from morphoscope.learn.network_maps import evidence_map, layer_of  # noqa: E402
from morphoscope.learn.saliency import deepest_maps, fields, grad_cam  # noqa: E402


class Net(nn.Module):
    """Two maps, the image and its negative, averaged: output 0 is the mean of the image, output 1 that of the negative."""

    def __init__(self):
        super().__init__()
        self.maps = nn.Conv2d(1, 2, 1, bias=False)
        with torch.no_grad():
            self.maps.weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))

    def forward(self, x):
        return self.maps(x).mean(dim=(2, 3))


def test_the_map_is_the_one_of_the_formula():
    image = torch.zeros(1, 8, 12)
    image[0, 2:4, 3:6] = 1
    net = Net().train()
    found = grad_cam(net, image, net.maps)
    assert found.shape == (8, 12)
    assert found == pytest.approx(image[0].numpy() / 96)
    assert grad_cam(net, image, net.maps, answer=1).max() == 0
    assert grad_cam(net, image, net.maps, answer=1, signed=True) == pytest.approx(-image[0].numpy() / 96)
    assert net.training
    assert net.maps.weight.grad is None


def test_a_coarse_layer_is_enlarged(rng):
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(4, 8, 3, stride=2), nn.Flatten(), nn.LazyLinear(2)
    )
    found = grad_cam(net, torch.as_tensor(rng.random((1, 32, 40)), dtype=torch.float32), net[2])
    assert found.shape == (32, 40)
    assert np.isfinite(found).all()


def test_what_gives_no_maps_is_refused():
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.LazyLinear(2))
    with pytest.raises(InputError, match="choose a convolution"):
        grad_cam(net, torch.zeros(1, 4, 4), net[1])
    with pytest.raises(InputError, match="one image"):
        grad_cam(net, torch.zeros(4, 4), net[0])


def test_the_evidence_of_two_classes_is_mapped_with_its_sign():
    """The first output is the mean brightness, the second its negative: the evidence is -2 brightness / temperature."""
    square = np.zeros((16, 16), np.uint8)
    square[4:8, 6:12] = 255
    scale = Scale(4.0, np.zeros(2))
    layer = layer_of(Net(), scale, square)
    assert layer == "network.maps"
    found = evidence_map(Net(), scale, square, layer)
    seen = square[::2, ::2] / 255
    assert found == pytest.approx(-2 / 4 * seen / seen.size)


def test_the_deepest_layer_that_is_fine_enough():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(inplace=True), nn.Conv2d(2, 2, 3, padding=1), nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(7), nn.Flatten(), nn.LazyLinear(2),
    )  # fmt: skip
    image = torch.as_tensor(np.random.default_rng(0).random((1, 16, 16)), dtype=torch.float32)
    assert deepest_maps(net, image) == "3"
    assert deepest_maps(net, image, least=4) == "4"
    with pytest.raises(InputError, match="no layer of this network has maps at least 20 fields wide"):
        deepest_maps(net, image, least=20)


def test_tokens_are_laid_out_behind_the_leading_ones():
    tokens = torch.arange(10.0).reshape(1, 10, 1)
    assert fields(tokens)[0, 0].tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_a_transformer_of_timm_has_maps():
    from morphoscope.learn.vision import timm

    net = timm.create_model("vit_tiny_patch16_224", num_classes=2, img_size=96)
    image = torch.as_tensor(np.random.default_rng(0).random((3, 96, 96)), dtype=torch.float32)
    layer = deepest_maps(net, image)
    assert layer == "blocks.11.norm1"
    assert grad_cam(net, image, dict(net.named_modules())[layer], signed=True).std() > 0
