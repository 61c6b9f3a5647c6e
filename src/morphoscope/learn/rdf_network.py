r"""
The network of the nanoNET paper: a distribution drawn as a picture, brought to eight numbers and back.

g(r) is a white line on black, 64 by 64 pixels, r from 0 to 10 and ln g from 0.001 to 300. The encoder has six stages of a
3 by 3 convolution, ReLU and the maximum of 2 by 2 pixels, with 64, 32, 32, 16, 16 and 8 channels (the last
number is the size of the latent space); the decoder six of a transposed convolution, ReLU and doubling, with 8, 16, 16, 32,
32 and 64, and a last convolution to one channel [1]_. The loss is the mean squared difference, the optimiser Adam. A dense
autoencoder of one hidden layer on each side is the variant. Weights begin as Glorot's, and the last layer is linear: with a
sigmoid, or with smaller weights, training stays at black pictures.

A row of pixels is a factor of 1.22 in g. Of a column the topmost lit pixel is read back, which keeps peaks.

References
----------
.. [1] A. Ayush, A. Seth, T. K. Patra, nanoNET: machine learning platform for predicting nanoparticles distribution in a polymer
   matrix, Soft Matter 2023.

Checked against: pictures read back, and training that resumes as if never stopped, in tests/learn/test_rdf_network.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

SIZE = 64
R_END = 10.0
G_LOW, G_HIGH = 1e-3, 300.0
ENCODER, DECODER = (64, 32, 32, 16, 16), (16, 16, 32, 32, 64)
HIDDEN = 256
BATCH = 8
RATE = 1e-3
Keep = Callable[[dict[str, np.ndarray], dict[str, object]], None]


class Autoencoder(nn.Module):
    """``kind`` is convolutional (the paper's) or dense; ``latent`` numbers in between."""

    def __init__(self, latent: int = 8, kind: str = "convolutional") -> None:
        super().__init__()
        if kind == "dense":
            self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(SIZE**2, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, latent))
            self.decoder = nn.Sequential(
                nn.Linear(latent, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, SIZE**2), nn.Unflatten(1, (1, SIZE, SIZE))
            )
            return
        down, up, before = list[nn.Module](), list[nn.Module](), 1
        for channels in (*ENCODER, latent):
            down += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            before = channels
        for channels in (latent, *DECODER):
            up += [nn.ConvTranspose2d(before, channels, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=2)]
            before = channels
        self.encoder = nn.Sequential(*down, nn.Flatten())
        self.decoder = nn.Sequential(nn.Unflatten(1, (latent, 1, 1)), *up, nn.Conv2d(before, 1, 3, padding=1))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, pictures: Tensor) -> Tensor:
        """The pictures after the way through the latent space."""
        return self.decoder(self.encoder(pictures))  # type: ignore[no-any-return]

    @torch.no_grad()
    def encode(self, pictures: np.ndarray) -> np.ndarray:
        """The latent numbers of each picture."""
        return np.asarray(self.encoder(_batch(pictures)).numpy(), dtype=float)

    @torch.no_grad()
    def decode(self, latent: np.ndarray) -> np.ndarray:
        """The picture of each row of latent numbers."""
        made = self.decoder(torch.from_numpy(np.ascontiguousarray(latent, np.float32)))[:, 0]
        return np.asarray(made.clamp(0, 1).numpy(), dtype=float)


@dataclass(frozen=True, eq=False)
class Trained:
    """The network, and its loss after each epoch on the rows of training and of validation."""

    network: Autoencoder
    loss: np.ndarray
    validation: np.ndarray


def train(
    pictures: np.ndarray,
    validation: np.ndarray,
    *,
    latent: int = 8,
    kind: str = "convolutional",
    epochs: int = 400,
    seed: int = 0,
    start: tuple[Mapping[str, np.ndarray], Mapping[str, object]] | None = None,
    keep: Keep = lambda arrays, state: None,
    every: int = 20,
    tell: Callable[[int, float], None] = lambda epoch, loss: None,
) -> Trained:
    """
    Fit an autoencoder to ``pictures``; ``keep`` is given all that is needed to go on, every ``every`` epochs.

    ``start`` is what ``keep`` was given; from there the result is the same as without a stop.
    """
    torch.manual_seed(seed)
    network = Autoencoder(latent, kind)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    losses = list[list[float]]()
    if start is not None:
        losses = _restored(network, optimiser, start[0])
    x, other = _batch(pictures), _batch(validation)
    for epoch in range(len(losses), epochs):
        order = np.random.default_rng([seed, epoch]).permutation(len(x))
        total = 0.0
        for rows in np.array_split(order, max(1, len(order) // BATCH)):
            optimiser.zero_grad()
            loss = nn.functional.mse_loss(network(x[rows]), x[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += float(loss.detach()) * len(rows)
        with torch.no_grad():
            checked = float(nn.functional.mse_loss(network(other), other)) if len(other) else float("nan")
        losses.append([total / len(x), checked])
        tell(epoch + 1, losses[-1][0])
        if (epoch + 1) % every == 0 and epoch + 1 < epochs:
            keep(_kept(network, optimiser, losses), {"epoch": epoch + 1})
    told = np.array(losses).reshape(-1, 2)
    return Trained(network.eval(), told[:, 0], told[:, 1])


def picture(r: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Each row of ``g`` as a white line on black, lowest value first."""
    edges = np.linspace(0, R_END, 4 * SIZE + 1)
    g = np.where(np.isfinite(g), g, 1.0)
    heights = np.array([np.interp(edges, r, np.log(np.clip(one, G_LOW, G_HIGH))) for one in g])
    rows = np.rint((heights - np.log(G_LOW)) / np.log(G_HIGH / G_LOW) * (SIZE - 1)).astype(int)
    places = np.arange(SIZE)
    each = np.stack([rows[:, 4 * k : 4 * k + 5] for k in range(SIZE)], axis=1)
    lit = (places[:, None] >= each.min(-1)[:, None]) & (places[:, None] <= each.max(-1)[:, None])
    return np.asarray(lit, dtype=float)


def curve(r: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """g at ``r`` from pictures: in each column the topmost pixel that is at least half as bright as the brightest."""
    top = pictures.max(axis=1, keepdims=True)
    lit = (pictures >= top / 2) & (top > 0.05)
    highest = (SIZE - 1) - lit[:, ::-1].argmax(axis=1)
    highest = np.where(lit.any(axis=1), highest, 0)
    heights = np.log(G_LOW) + highest / (SIZE - 1) * np.log(G_HIGH / G_LOW)
    columns = (np.arange(SIZE) + 0.5) * R_END / SIZE
    g = np.exp([np.interp(r, columns, one) for one in heights])
    return np.where(g > 1.5 * G_LOW, g, 0.0)


def _batch(pictures: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures, np.float32))[:, None]


def _kept(network: Autoencoder, optimiser: torch.optim.Optimizer, losses: list[list[float]]) -> dict[str, np.ndarray]:
    kept = {f"weight_{name}": tensor.numpy().copy() for name, tensor in network.state_dict().items()}
    for k, state in optimiser.state_dict()["state"].items():
        kept |= {f"adam_{k}_{name}": np.asarray(value.numpy()).copy() for name, value in state.items()}
    return {**kept, "losses": np.array(losses)}


def _restored(network: Autoencoder, optimiser: torch.optim.Optimizer, kept: Mapping[str, np.ndarray]) -> list[list[float]]:
    load(network, kept)
    state = dict[int, dict[str, Tensor]]()
    for name, array in kept.items():
        if name.startswith("adam_"):
            _, place, what = name.split("_", 2)
            state.setdefault(int(place), {})[what] = torch.from_numpy(np.array(array))
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return [[float(value) for value in row] for row in kept["losses"]]


def load(network: Autoencoder, kept: Mapping[str, np.ndarray]) -> None:
    """Give ``network`` the arrays whose names begin with ``weight_``."""
    network.load_state_dict(
        {name.removeprefix("weight_"): torch.from_numpy(np.array(a)) for name, a in kept.items() if name.startswith("weight_")}
    )
