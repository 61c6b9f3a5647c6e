r"""
Training a network: a loop to be read from top to bottom.

Cross-entropy over batches, Adam or AdamW, a constant rate or half a cosine, early stopping on a validation part. The
order of the pictures, their changes and the dropout of an epoch follow from (seed, epoch) alone, so that training which
goes on from a checkpoint gives the same bits as training which was never stopped (on one processor with as many threads;
a GPU may add in another order). The test part
is looked at after each epoch for the record; nothing is chosen by it.

Rare classes are shown more often: each picture of a class counts ``repeats`` times, as the paper's copies do.

Checked against: a resumed and an unbroken training, and separable pictures, in tests/learn/test_fitting.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import BadParameter
from . import augment, weights
from .backbones import Network, build
from .epochs import Followed, Parts, Pictures
from .recipe import Recipe

OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
AT_ONCE = 64
"""Pictures that pass through the network together where nothing is learnt."""
Save = Callable[[Callable[[], dict[str, np.ndarray]]], None]
Tell = Callable[[int, str], None]


def device_of(wanted: str) -> torch.device:
    """``auto`` is a GPU where there is one."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise BadParameter("device=cuda, but torch finds no GPU on this machine; choose device auto or cpu")
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if wanted == "auto" else wanted)


def fit(
    pictures: Pictures,
    codes: np.ndarray,
    parts: Parts,
    recipe: Recipe,
    *,
    classes: int,
    seed: int,
    device: str = "auto",
    saved: Mapping[str, np.ndarray] | None = None,
    save: Save = lambda arrays: None,
    tell: Tell = lambda epoch, note: None,
) -> tuple[dict[str, np.ndarray], Followed]:
    """
    Train on ``parts.train`` and follow the other parts; gives the weights of the chosen epoch and the record of all.

    The chosen epoch has the lowest validation loss; without a validation part it is the last. ``save`` is given a
    function that makes the arrays of a checkpoint, after each epoch; ``saved`` is such arrays, to go on from there.
    """
    at = device_of(device)
    network = build(recipe, classes=classes, seed=seed)
    if saved:
        network.load_state_dict(_tensors(saved, "network."))
    else:
        weights.start(network, recipe)
    network.to(at).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    supply = _Supply(network, pictures, codes, parts.train, recipe, seed, at)
    learner, start = supply.learner, 0
    optimiser = OPTIMISERS[recipe.optimiser]([p for p in learner.parameters() if p.requires_grad], lr=recipe.rate)
    followed, chosen = Followed.empty(), dict[str, np.ndarray]()
    if saved:
        load_optimiser(optimiser, saved)
        followed, chosen = Followed.of(saved), named(saved, "chosen.")
        start = len(followed)
    for epoch in range(start, recipe.epochs):
        if recipe.patience and followed.since_best(codes[parts.validation]) >= recipe.patience:
            break
        with torch.random.fork_rng(devices=[at] if at.type == "cuda" else []):
            torch.manual_seed(word(seed, epoch))
            loss, hits = _one_epoch(learner, optimiser, supply, recipe, epoch)
        answers = {name: evidence(network, pictures, part) for name, part in parts.followed().items()}
        followed = followed.then(loss, hits, answers["validation"], answers["test"])
        if followed.since_best(codes[parts.validation]) == 0:
            chosen = state_of(network)
        save(partial(_checkpoint, network, optimiser, followed, chosen))
        tell(epoch + 1, followed.words(codes[parts.validation]))
    return chosen, followed


def rehearse(recipe: Recipe, *, classes: int, device: str = "auto") -> str:
    """Build the network once and load its weights, so that what is wrong shows before the work; says where they are from."""
    device_of(device)
    return weights.start(build(recipe, classes=classes, seed=0), recipe)


def _one_epoch(
    learner: nn.Module, optimiser: torch.optim.Optimizer, supply: _Supply, recipe: Recipe, epoch: int
) -> tuple[float, float]:
    """Mean loss and share of right answers over the pictures as they were shown."""
    supply.network.train()
    total = hits = 0.0
    for k, (shown, wanted) in enumerate(supply.batches(epoch)):
        for group in optimiser.param_groups:
            group["lr"] = rate_at(recipe, epoch + k * recipe.batch / len(supply.order))
        with torch.autocast(shown.device.type, torch.bfloat16, enabled=mixed(recipe, shown.device)):
            outputs = learner(shown)
            loss = nn.functional.cross_entropy(outputs.float(), wanted)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        total += float(loss.detach()) * len(wanted)
        hits += float((outputs.argmax(1) == wanted).sum())
    return total / len(supply.order), hits / len(supply.order)


def rate_at(recipe: Recipe, epoch: float) -> float:
    """The learning rate at a moment, in epochs from the start."""
    if recipe.schedule == "constant":
        return recipe.rate
    return recipe.rate * 0.5 * (1 + math.cos(math.pi * min(1.0, epoch / recipe.epochs)))


def mixed(recipe: Recipe, device: torch.device) -> bool:
    """Whether bfloat16 is used where it suffices: on GPUs that have it, or where it is asked for."""
    return recipe.precision == "bfloat16" or (
        recipe.precision == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported()
    )


class _Supply:
    """
    The training pictures, epoch by epoch.

    Copies in the paper's way are made once; behind a frozen backbone the features of what does not change are taken
    once, and only the head learns.
    """

    def __init__(
        self,
        network: Network,
        pictures: Pictures,
        codes: np.ndarray,
        train: np.ndarray,
        recipe: Recipe,
        seed: int,
        at: torch.device,
    ) -> None:
        self.network, self.recipe, self.seed, self.at = network, recipe, seed, at
        times = repeats(codes[train], paper=recipe.augment == "paper")
        self.order = np.repeat(train, times)
        self.codes = torch.from_numpy(codes[self.order]).to(at)
        self.grey = torch.from_numpy(pictures.grey[self.order]).to(at)
        if recipe.augment == "paper":
            shorter = torch.from_numpy(pictures.shorter_px[self.order])
            maker = augment.generator_of(torch.device("cpu"), seed, 10**6)
            made = [
                augment.copies(self.grey[k : k + AT_ONCE].cpu(), shorter[k : k + AT_ONCE], generator=maker)
                for k in range(0, len(self.order), AT_ONCE)
            ]
            self.grey = torch.cat(made).to(at)
        self.features = self._features() if recipe.frozen and recipe.augment != "physical" else None
        self.learner: nn.Module = network if self.features is None else network.head

    def batches(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Every picture once, in an order of this epoch; a last batch of one is left out."""
        random = augment.generator_of(self.at, self.seed, epoch)
        order = torch.randperm(len(self.order), generator=random, device=self.at)
        for rows in torch.split(order, self.recipe.batch):
            if len(rows) > 1:
                yield self._shown(rows, random), self.codes[rows]

    def _shown(self, rows: Tensor, random: torch.Generator) -> Tensor:
        if self.features is not None:
            return self.features[rows]
        if self.recipe.augment == "physical":
            return augment.physical(self.grey[rows], generator=random)
        return self._still(self.grey[rows])

    def _still(self, grey: Tensor) -> Tensor:
        """Pictures that are shown as they are; copies have the network's size already."""
        return grey[:, None].float() / 255 if self.recipe.augment == "paper" else augment.views(grey)

    def _features(self) -> Tensor:
        self.network.eval()
        with torch.inference_mode():
            found = [self.network.features(self._still(part)) for part in torch.split(self.grey, AT_ONCE)]
        return torch.cat(found).clone()


def repeats(codes: np.ndarray, *, paper: bool) -> np.ndarray:
    """How often each picture is shown in an epoch, so that rare classes weigh as much as frequent ones."""
    count = np.bincount(codes)[codes]
    often = augment.USUAL if paper else 1
    return np.asarray(np.clip(np.rint(often * count.max() / count), often, augment.RARE), int)


def evidence(network: Network, pictures: Pictures, rows: np.ndarray) -> np.ndarray:
    """Outputs (n, classes) for the pictures ``rows``, seen as they are."""
    network.eval()
    at = next(network.parameters()).device
    grey = torch.from_numpy(pictures.grey[rows])
    with torch.inference_mode():
        found = [network(augment.views(part.to(at))).float().cpu().numpy() for part in torch.split(grey, AT_ONCE)]
    return np.concatenate(found) if found else np.zeros((0, 0), np.float32)


def word(*numbers: int) -> int:
    """A seed for torch from ``numbers``, for example (seed, epoch)."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint32)[0])


def state_of(network: nn.Module) -> dict[str, np.ndarray]:
    """The weights as named arrays."""
    return {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}


def _checkpoint(
    network: nn.Module, optimiser: torch.optim.Optimizer, followed: Followed, chosen: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    arrays = {f"network.{name}": value for name, value in state_of(network).items()}
    arrays |= {f"chosen.{name}": value for name, value in chosen.items()}
    return arrays | moments_of(optimiser) | followed.arrays()


def moments_of(optimiser: torch.optim.Optimizer) -> dict[str, np.ndarray]:
    """What the optimiser remembers, as named arrays."""
    return {
        f"optimiser.{place}.{name}": value.cpu().numpy().copy()
        for place, moments in optimiser.state_dict()["state"].items()
        for name, value in moments.items()
    }


def load_optimiser(optimiser: torch.optim.Optimizer, saved: Mapping[str, np.ndarray]) -> None:
    """The inverse of ``moments_of``."""
    moments: dict[int, dict[str, Any]] = {}
    for name, value in _tensors(saved, "optimiser.").items():
        place, _, what = name.partition(".")
        moments.setdefault(int(place), {})[what] = value
    optimiser.load_state_dict({"state": moments, "param_groups": optimiser.state_dict()["param_groups"]})


def named(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin with ``prefix``, under the rest of their names."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _tensors(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.array(array)) for name, array in named(arrays, prefix).items()}
