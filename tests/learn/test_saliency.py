"""Grad-CAM on networks whose answer is known."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from morphoscope.errors import InputError  # noqa: E402
from morphoscope.learn.saliency import grad_cam  # noqa: E402


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
