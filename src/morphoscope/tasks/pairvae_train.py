"""Training of pairvae: the two directions between micrographs and patterns, from pairs of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..datasets.fake_pairs import fake_pairs
from ..datasets.pair_folder import find, read_pairs
from ..datasets.pairs import CROP_PX, PairArrays, arrays
from ..errors import BadParameter
from ..learn.model_folder import write_model
from ..learn.recipe import HUB, NONE
from . import pair_fitting, pairvae_paper
from .pair_fitting import NAMES, PREVIEW, Effort
from .pair_model import PairModel

EVERY = 50
STEP_PX = 32
"""Pixels of a crop for one cell of the networks' smallest planes."""


def train(
    run: Run,
    *,
    data: Annotated[
        Path | None, Param("folder or table of pairs, or a prepared .npz; simulated pairs by default", accepts="any")
    ] = None,
    partner: Annotated[
        Path | None, Param("folder of the patterns, where data is the folder of the micrographs", accepts="folder")
    ] = None,
    count: Annotated[int, Param("simulated pairs, where no data is given", low=8, high=10_000)] = 64,
    missing: Annotated[bool, Param("allow files without a partner: they teach what they can")] = True,
    effort: Annotated[float, Param("length of the training, as a share of the usual one", low=0, open_low=True, high=100)] = 1.0,
    size_px: Annotated[int, Param("side of a crop", unit="px", low=64, high=512)] = CROP_PX,
    mode: Annotated[
        str, Param("what is best on unseen pairs, or the published PairVAE", choices=("default", "paper"))
    ] = "default",
    encoder: Annotated[str, Param("paper: compact, or a network of timm as resnet50")] = "compact",
    weights: Annotated[
        Path | str, Param("paper: what the encoder starts from, and then keeps", accepts="any", words=(NONE, HUB))
    ] = NONE,
    similarity: Annotated[str, Param("paper: loss that brings latent planes together", choices=("barlow", "simclr"))] = "barlow",
    crops: Annotated[str, Param("paper: epochs that see new crops", choices=("one", "ten", "hundred", "all"))] = "hundred",
    quick: Annotated[bool, Param("paper: a hundredth of the epochs, to try it out")] = False,
) -> Report:
    """
    Learn from pairs of micrographs and scattering patterns to go from each to the other.

    Four networks: an autoencoder of micrographs, a flow that makes micrographs with wanted statistics, an autoencoder of
    patterns, and two towers that match both. Gaussian processes tell the statistics of the micrographs of a pattern, and the
    pattern of a micrograph. Some ten minutes on two cores; stopped, it goes on from its last
    checkpoint. While it runs, preview.png shows crops of training above what is made with their statistics.

    The mode ``paper`` is the published training: each technique alone (500 and 1000 epochs), then both (1100), hours of a
    processor; it ends with four reconstructions and ensembles of 100 micrographs with three variances.
    """
    if size_px % STEP_PX:
        raise BadParameter(f"size_px={size_px} must be a multiple of {STEP_PX}, for example {CROP_PX}")
    pairs = prepared(run, data, partner=partner, count=count, missing=missing, size_px=size_px)
    settings: dict[str, Any] = {"name": "pairvae, simulated pairs" if data is None else f"pairvae, {data.name}", "seed": run.seed}
    if mode == "paper":
        choice = pairvae_paper.Choice(encoder, weights, similarity, crops, effort * (pairvae_paper.QUICK if quick else 1))
        return pairvae_paper.train(run, pairs, choice, size_px=size_px, settings=settings)
    model, losses = pair_fitting.fit(run, pairs, effort=Effort(effort), size_px=size_px)
    seen = int((pairs.has_sem & pairs.has_saxs).sum())
    write_model(model.to_model(settings, card(pairs, model, data, effort)), run.file("model"))
    curves = {
        name: Curve(EVERY * np.arange(1.0, len(loss) + 1), loss, "step", "loss") for name, loss in losses.items() if len(loss)
    }
    figures = {name: Figure("line", (name,), f"Loss against step: {NAMES[name]}") for name in curves}
    files = {"model": "model/model.json", "card": "model/card.md"}
    if run.file(PREVIEW).exists():
        figures["preview"] = Figure("image", ("preview",), "Crops of training (above), and what is made with their statistics")
        files["preview"] = PREVIEW
    return Report(
        title=f"Learnt from {seen} pairs of micrograph and pattern",
        values={
            "pairs": Quantity(seen),
            "micrographs_alone": Quantity(int((pairs.has_sem & ~pairs.has_saxs).sum())),
            "patterns_alone": Quantity(int((pairs.has_saxs & ~pairs.has_sem).sum())),
        },
        curves=curves,
        figures=figures,
        files=files,
        notes=(
            "losses are those of training; ask pairvae evaluate for scores on pairs that were not learnt from",
            "use it: pairvae reconstruct FILE --model run:ID of this run",
        ),
        cites=("Lu and Jayaraman, Pair-Variational Autoencoders (PairVAE)", "Lipman et al., arXiv 2210.02747"),
    )  # fmt: skip


def prepared(run: Run, data: Path | None, *, partner: Path | None = None, count: int, missing: bool, size_px: int) -> PairArrays:
    """Pairs ready for learning, from files or simulated."""
    if data is not None and data.suffix == ".npz":
        return PairArrays.load(data)
    if data is not None:
        files = find(data, partner=partner, missing=missing)
        return arrays(_told(run, read_pairs(files), len(files), "reading"), size_px=size_px)
    return arrays(_told(run, fake_pairs(count, seed=run.seed), count, "simulating"), size_px=size_px)


def _told(run: Run, pairs: Any, total: int, doing: str) -> Any:
    for k, pair in enumerate(pairs):
        run.progress(k, total, f"{doing} pair {k + 1} of {total}")
        yield pair


def card(pairs: PairArrays, model: PairModel, data: Path | None, effort: float) -> str:
    """What the model rests on."""
    kinds = sorted(set(pairs.morphology) - {""})
    return (
        f"# Micrographs and scattering patterns of the same specimens\n\n"
        f"- Learnt from {'simulated pairs' if data is None else data.name}: {int((pairs.has_sem & pairs.has_saxs).sum())} pairs, "
        f"{int(pairs.has_sem.sum())} micrographs, {int(pairs.has_saxs.sum())} patterns; effort {effort:g}.\n"
        f"- Morphologies: {', '.join(kinds) or 'not named'}.\n"
        f"- Crops of {model.size_px} px of two phases; patterns with their logarithm between 0 and 1.\n"
        f"- Of a pattern only statistics of its micrographs can be known. Samples are possible micrographs, never the one\n"
        f"  that was taken; the band of S2 is meant to hold 90 % of crops of such a specimen.\n"
        f"- Patterns unlike those of training are answered with a warning. Nothing was checked there.\n"
        f"- Scores on pairs not learnt from: run pairvae evaluate.\n"
    )
