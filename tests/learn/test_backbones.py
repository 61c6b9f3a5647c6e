"""Backbones: the paper's widths, grey pictures in, what is frozen stays, and repeated seeds."""

import pytest
import torch

from morphoscope.errors import BadParameter
from morphoscope.learn.backbones import build
from morphoscope.learn.recipe import Recipe

TINY = "mobilenetv3_small_050"


def widths(network):
    return [(m.in_features, m.out_features) for m in network.head.modules() if isinstance(m, torch.nn.Linear)]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("resnet18", [(1000, 100), (100, 10), (10, 2)]),
        ("densenet121", [(50176, 100), (100, 2)]),
        pytest.param("vgg16", [(25088, 1024), (1024, 100), (100, 10), (10, 2)], marks=pytest.mark.slow),
    ],
)
def test_the_networks_of_the_paper_have_its_heads(model, expected):
    network = build(Recipe(model, size_px=32), classes=2, seed=0).eval()
    assert widths(network) == expected
    with torch.inference_mode():
        assert network(torch.rand(2, 1, 32, 32)).shape == (2, 2)


def test_any_name_of_timm_and_any_number_of_classes():
    network = build(Recipe(TINY, size_px=32), classes=5, seed=0).eval()
    with torch.inference_mode():
        assert network(torch.rand(3, 1, 32, 32)).shape == (3, 5)


def test_a_transformer_takes_sizes_that_are_no_multiple_of_its_patch():
    network = build(Recipe("vit_tiny_patch16_224", size_px=40), classes=2, seed=0).eval()
    with torch.inference_mode():
        assert network(torch.rand(1, 1, 40, 40)).shape == (1, 2)


def test_frozen_trains_the_head_only():
    network = build(Recipe(TINY, size_px=32, frozen=True), classes=2, seed=0).train()
    before = {name: value.clone() for name, value in network.backbone.state_dict().items()}
    network(torch.rand(4, 1, 32, 32)).sum().backward()
    assert all(p.grad is None for p in network.backbone.parameters())
    assert all(p.grad is not None for p in network.head.parameters())
    assert all(torch.equal(before[name], value) for name, value in network.backbone.state_dict().items())


def test_the_same_seed_gives_the_same_numbers_and_leaves_torch_as_it_was():
    before = torch.get_rng_state()
    one, other, third = (build(Recipe(TINY, size_px=32), classes=2, seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not torch.equal(one["head.1.weight"], third["head.1.weight"])


def test_unknown_names_get_one_sentence():
    with pytest.raises(BadParameter, match=r"model='resnet_18' is not known; .* did you mean resnet18"):
        build(Recipe("resnet_18"), classes=2, seed=0)
    with pytest.raises(BadParameter, match="smaller than one patch"):
        build(Recipe("vit_base_patch32_224", size_px=31), classes=2, seed=0)
