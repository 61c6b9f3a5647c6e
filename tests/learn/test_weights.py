"""Weights of every form come into the backbone, and what does not fit is refused in one sentence."""

import pickle
import socket

import pytest
import torch
from safetensors.torch import save_file

from morphoscope.errors import InputError, UnreadableFile
from morphoscope.learn import weights
from morphoscope.learn.backbones import backbone_of, build
from morphoscope.learn.recipe import Recipe

TINY = "mobilenetv3_small_050"


@pytest.fixture(scope="module")
def trained():
    """Weights that no fresh network has."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(77)
        return backbone_of(TINY, size_px=32)[0].state_dict()


def started(path, model=TINY):
    recipe = Recipe(model, path, size_px=32)
    network = build(recipe, classes=2, seed=0)
    weights.start(network, recipe)
    return network.backbone.state_dict()


def same(found, expected):
    return all(torch.equal(found[name], expected[name]) for name in found if "num_batches" not in name)


def test_plain_safetensors(trained, tmp_path):
    save_file(trained, tmp_path / "w.safetensors")
    assert same(started(tmp_path / "w.safetensors"), trained)
    assert same(started(tmp_path), trained)  # the only file of the folder


def test_a_checkpoint_of_the_micronet_kind(trained, tmp_path):
    """Wrapped, under module., with a head of other classes and without counters."""
    inside = {f"module.{name}": value for name, value in trained.items() if "num_batches" not in name}
    inside["module.classifier.weight"] = torch.zeros(54, 1024)
    torch.save({"epoch": 3, "state_dict": inside, "acc1": 0.5}, tmp_path / "micronet.pth.tar")
    assert same(started(tmp_path / "micronet.pth.tar"), trained)


def test_a_missing_head_stays_fresh(tmp_path):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        theirs = {
            name: v for name, v in backbone_of("resnet18", size_px=32)[0].state_dict().items() if not name.startswith("fc.")
        }
    torch.save(theirs, tmp_path / "r.pth")
    found = started(tmp_path / "r.pth", "resnet18")
    assert torch.equal(found["layer4.1.conv2.weight"], theirs["layer4.1.conv2.weight"])
    assert found["fc.weight"].shape == (1000, 512)


def test_old_names_of_densenet():
    old = {
        "module.features.denseblock1.denselayer1.norm.1.weight": torch.zeros(1),
        "module.features.conv0.weight": torch.zeros(1),
    }
    new = {"features.denseblock1.denselayer1.norm1.weight", "features.conv0.weight"}
    assert set(weights._plain_names(old)) == new


def test_weights_of_another_network_are_refused(trained, tmp_path):
    torch.save(trained, tmp_path / "tiny.pth")
    with pytest.raises(InputError, match=r"tiny\.pth: these weights do not fit this network \(bn1\.weight has the shape"):
        started(tmp_path / "tiny.pth", "resnet18")


def test_code_in_a_checkpoint_does_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (pytest.fail, ("it ran",))

    with open(tmp_path / "evil.pth", "wb") as file:
        pickle.dump({"state_dict": Evil()}, file)
    with pytest.raises(UnreadableFile, match="holds code besides weights, or is damaged"):
        started(tmp_path / "evil.pth")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cut.safetensors", b"cut", "is no safetensors file"),
        ("a.txt", b"words", r"is no file of weights; give \.safetensors or \.pth"),
    ],
)
def test_broken_files_get_one_sentence(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFile, match=message):
        started(tmp_path / name)


def test_an_empty_folder(tmp_path):
    with pytest.raises(InputError, match="0 files of weights in this folder"):
        started(tmp_path)


@pytest.mark.parametrize("model", ["resnet18", TINY])
def test_offline_the_hub_ends_in_one_sentence(model, tmp_path, monkeypatch, capfd):
    def nowhere(*_):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        InputError, match=rf"the weights of {model} could not be had .*\(no connection\); give a file by --weights FILE"
    ):
        started("hub", model)
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")
