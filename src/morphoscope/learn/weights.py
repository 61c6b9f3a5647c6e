"""
Weights that a backbone starts from: none, those of the hub, or a local file.

The hub is torchvision's for the paper's three networks and timm's for all others; what was fetched stays in their
caches. A file is ``.safetensors``, or a checkpoint of torch (``.pth``, ``.pt``, ``.tar``, ``.bin``), which is read as
tensors only, so that no code in it runs. Checkpoints of the MicroNet kind are understood: wrapped in ``state_dict``, with
names under ``module.``, and with another head or none. A folder is one that ``pretrain`` or ``miscibility train`` made.

Checked against: checkpoints of each form written in the test, in tests/learn/test_weights.py.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import pickle
import re
import socket
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.error import URLError
from urllib.parse import urlsplit

import torch
from huggingface_hub import constants
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import InputError, UnreadableFile
from .backbones import TIMM_NAMES, Network
from .model_folder import DESCRIPTION, WEIGHTS
from .recipe import HUB, NONE, PAPER, Recipe
from .vision import timm, torchvision

CHECKPOINTS = (".pth", ".pt", ".tar", ".bin", ".ckpt")
WRAPPERS = ("state_dict", "model_state_dict", "model", "network", "net")
PREFIXES = ("module.", "network.0.", "network.", "backbone.", "encoder.", "model.")
OWN_HEAD = ("fc.", "head.", "classifier.", "last_linear.")
OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


def start(network: Network, recipe: Recipe) -> str:
    """Put the weights that ``recipe`` asks for into the backbone; says in words where they came from."""
    if recipe.weights == NONE:
        return "no earlier training"
    if recipe.weights == HUB:
        _fit_in(network.backbone, _from_hub(recipe.model), f"the hub's weights of {recipe.model}")
        return "weights of the hub"
    path = Path(recipe.weights)
    _fit_in(network.backbone, read(path, model=recipe.model), path.name)
    return f"weights of {path.name}"


def read(path: Path, *, model: str) -> dict[str, Tensor]:
    """The tensors in a checkpoint or in a folder with weights, under the names of torchvision and timm."""
    if path.is_dir():
        path = _in_folder(path, model)
    if not path.is_file():
        raise InputError(f"{path}: no weights here; give a .safetensors or .pth file, or a folder that pretrain made")
    if path.suffix.lower() == ".safetensors":
        try:
            return _plain_names(load_file(path))
        except (SafetensorError, OSError) as error:
            raise UnreadableFile(path, f"is no safetensors file ({error})") from None
    if path.suffix.lower() not in CHECKPOINTS:
        raise UnreadableFile(path, f"is no file of weights; give .safetensors or {', '.join(CHECKPOINTS)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles of another kind, which are refused below
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise UnreadableFile(path, "holds code besides weights, or is damaged; ask for it as .safetensors") from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise UnreadableFile(path, f"is no checkpoint of torch ({str(error).splitlines()[0]})") from None
    return _plain_names(_unwrapped(content, path))


def _in_folder(folder: Path, model: str) -> Path:
    """The weights file of a folder, which must be of the same network where it says so."""
    at = next((at for at in (folder, folder / "model") if (at / WEIGHTS).is_file()), None)
    if at is None:
        files = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".safetensors", *CHECKPOINTS))
        if len(files) != 1:
            raise InputError(f"{folder}: {len(files)} files of weights in this folder; name the one to use")
        return files[0]
    if (at / DESCRIPTION).is_file():
        try:
            settings = json.loads((at / DESCRIPTION).read_text(encoding="utf-8"))["settings"]
            other = settings["network"]["model"]
        except (OSError, ValueError, KeyError, TypeError):
            raise UnreadableFile(at / DESCRIPTION, "does not describe a network whose weights could be used") from None
        if other != model:
            raise InputError(f"{folder}: these are weights of {other}, not of {model}; train with --model {other}")
    return at / WEIGHTS


def _unwrapped(content: Any, path: Path) -> dict[str, Tensor]:
    for _ in range(3):
        inner = next((content[name] for name in WRAPPERS if isinstance(content, Mapping) and name in content), None)
        if not isinstance(inner, Mapping):
            break
        content = inner
    if not isinstance(content, Mapping):
        raise UnreadableFile(path, "holds no table of named weights")
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not tensors:
        raise UnreadableFile(path, "holds no table of named weights")
    return tensors


def _plain_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefixes that wrappers add, and with today's names of DenseNet's layers."""
    names = dict(tensors)
    stripped = True
    while stripped:
        stripped = False
        for prefix in PREFIXES:
            inner = {name.removeprefix(prefix): value for name, value in names.items() if name.startswith(prefix)}
            if len(inner) > len(names) / 2:
                names, stripped = inner, True
    return {OLD_DENSENET.sub(r"\1\2", name): value for name, value in names.items()}


def _fit_in(backbone: nn.Module, tensors: dict[str, Tensor], source: str) -> None:
    """Copy ``tensors`` into ``backbone``; only its own head and counters may be missing."""
    if isinstance(backbone, timm.models.VisionTransformer):
        tensors = timm.models.vision_transformer.checkpoint_filter_fn(tensors, backbone)
    own = backbone.state_dict()
    fitting = {name: value for name, value in tensors.items() if name in own and own[name].shape == value.shape}
    missing = [name for name in own if name not in fitting and not name.startswith(OWN_HEAD) and "num_batches" not in name]
    if missing:
        wrong = next((name for name in missing if name in tensors), None)
        what = f"{missing[0]} is missing" if wrong is None else f"{wrong} has the shape {tuple(tensors[wrong].shape)}"
        raise InputError(f"{source}: these weights do not fit this network ({what}); choose the --model they were made for")
    backbone.load_state_dict(fitting, strict=False)


def _from_hub(model: str) -> dict[str, Tensor]:
    try:
        with _quietly():
            if model in PAPER:
                known = torchvision.models.get_model_weights(model).IMAGENET1K_V1
                return dict(known.get_state_dict(progress=False, check_hash=True))
            return dict(timm.create_model(TIMM_NAMES.get(model, model), pretrained=True, num_classes=0).state_dict())
    except (URLError, OSError, RuntimeError) as error:
        reason = "no connection" if isinstance(error, URLError) or not _reachable() else str(error).splitlines()[0][:100]
        raise InputError(
            f"the weights of {model} could not be had from the hub or its cache ({reason}); "
            "give a file by --weights FILE, or --weights none"
        ) from None


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the chatter of the two hubs, and without minutes of retries where there is no network."""
    log = logging.getLogger("huggingface_hub")
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(patch.object(log, "disabled", True))
        if not _reachable():
            stack.enter_context(patch.object(constants, "HF_HUB_OFFLINE", True))
        yield


def _reachable() -> bool:
    try:
        socket.getaddrinfo(urlsplit(constants.ENDPOINT).hostname, 443)
    except OSError:
        return False
    return True
