"""A trained judge of miscibility from its folder, asked in one way whether it rests on descriptors or on a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import learn
from ..core import Micrograph, Model, Run
from ..errors import InputError
from ..learn import judge as judging
from ..learn.judge import Judge
from ..learn.model_folder import read_model
from .network_pictures import pictures

CLASSES = ("immiscible", "miscible")
SHIPPED = Path(__file__).parents[1] / "learn" / "shipped" / "miscibility"
DATA_FILES = ("../learn/shipped/miscibility/model.json", "../learn/shipped/miscibility/weights.safetensors")


@dataclass(frozen=True, eq=False)
class Asked:
    """``judge`` is the judge on descriptors or, where there is a ``network``, its guard."""

    settings: Mapping[str, Any]
    judge: Judge
    network: Any = None

    def logits(self, run: Run, rows: np.ndarray, images: Sequence[Path | Micrograph]) -> np.ndarray:
        """The evidence of ``images`` (files or what was read from them), whose descriptors are ``rows``."""
        if self.network is None or not images:
            return self.judge.logits(rows)
        seen = pictures(images, size_px=self.network.size_px, progress=run.progress)
        return np.asarray(self.network.evidence(seen, device=run.device))

    def check(self, names: Sequence[str]) -> None:
        """Refuse descriptors that are not those of the training."""
        if tuple(names) != self.judge.logistic.names:
            raise InputError("the model was trained on other descriptors than this version takes; train it again")


def judge_in(folder: Path | None) -> Asked:
    """The judge in ``folder``; the shipped one by default."""
    known = read_model(SHIPPED if folder is None else folder, kind=(judging.KIND, judging.NETWORK_KIND))
    if known.kind == judging.KIND:
        return Asked(known.settings, model_of(known))
    network = learn.network.NetworkJudge.from_model(known)
    return Asked(known.settings, _telling(network.guard), network)


def withheld(judge: Judge, novelty: float, *, coloured: bool) -> str | None:
    """Why an image gets no judgement; None where it gets one."""
    if novelty > judge.limit:
        return "unlike the micrographs it was trained on"
    return "a colour picture; micrographs of electrons have none" if coloured else None


def model_of(known: Model) -> Judge:
    """The judge on descriptors in ``known``, which must tell miscible from immiscible."""
    return _telling(Judge.from_model(known))


def _telling(judge: Judge) -> Judge:
    if judge.logistic.classes != CLASSES:
        raise InputError(f"the model tells {', '.join(judge.logistic.classes)} apart, not {' from '.join(CLASSES)}")
    return judge
