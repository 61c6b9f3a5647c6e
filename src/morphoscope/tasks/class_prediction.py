"""A trained classifier asked about new images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import numpy as np
from scipy import special

from .. import learn
from ..core import Figure, Param, Quantity, Report, Run
from ..datasets.leaks import sha256
from ..errors import InputError
from ..learn import attributes as learnt_attributes
from ..learn import judge as judging
from ..learn.attributes import Attributes
from ..learn.judge import Judge
from ..learn.model_folder import read_model
from ..measure import class_scores
from . import field_scale
from .contact_sheet import contact_sheet
from .descriptors import survey
from .network_pictures import pictures
from .rows import write_rows
from .scalebar import images

UNLIKE = "unlike the micrographs it was trained on"


class Knows(Protocol):
    """What a model of classes and one of attributes have in common."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def attributes(self) -> tuple[str, ...]: ...
    @property
    def limit(self) -> float: ...
    def probabilities(self, rows: np.ndarray) -> np.ndarray: ...
    def novelty(self, rows: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Classes:
    """A judge of classes, asked like one of attributes."""

    judge: Judge

    @property
    def names(self) -> tuple[str, ...]:
        return self.judge.logistic.names

    @property
    def attributes(self) -> tuple[str, ...]:
        return self.judge.logistic.classes

    @property
    def limit(self) -> float:
        return self.judge.limit

    def probabilities(self, rows: np.ndarray) -> np.ndarray:
        return self.judge.logistic.probabilities(rows)

    def novelty(self, rows: np.ndarray) -> np.ndarray:
        return self.judge.novelty(rows)


def predict(
    run: Run,
    files: Annotated[tuple[Path, ...], Param("images, or folders of them", accepts="any")],
    *,
    model: Annotated[Path, Param("folder of a model, run:ID of a training, or the name of a kept model", accepts="folder")],
    least_p: Annotated[float, Param("no answer where the likeliest class is less probable than this", low=0, high=1)] = 0.0,
) -> Report:
    """
    The class of each image, with the probability of every class; or its attributes, those of p above one half.

    An image too unlike those of training gets no answer, and one that cannot be read is reported; the others go on.
    """
    known = read_model(model, kind=(judging.KIND, judging.NETWORK_KIND, learnt_attributes.KIND))
    several = known.kind == learnt_attributes.KIND
    network = learn.network.NetworkJudge.from_model(known) if known.kind == judging.NETWORK_KIND else None
    judge: Knows = Attributes.from_model(known) if several else Classes(network.guard if network else Judge.from_model(known))
    paths = list(images(files))
    if not paths:
        raise InputError("no image in what was given; give images or folders of them")
    found = survey(paths, progress=run.progress)
    if found.read and found.names != judge.names:
        raise InputError("the model was trained on other descriptors than this version takes; train it again")
    classes = judge.attributes
    answers = [_unread(path, reason, classes) for path, reason in found.left_out]
    if found.read:
        p = judge.probabilities(found.rows) if network is None else _by_network(run, network, found.read)
        answers += _answers(judge, found.read, found.rows, p, least_p, several=several)
    answers.sort(key=lambda row: (row["novelty"] is None, row["label"] is None, row["label"] or "", -(row["p"] or 0.0)))
    shown = [(Path(row["path"]), _caption(row)) for row in answers if row["novelty"] is not None]
    contact_sheet(run, shown)
    for row in answers:
        del row["path"]
    write_rows(run.file("predictions.csv"), answers)
    counts = Counter(row["label"] for row in answers if row["label"] is not None)
    told = ", ".join(f"{count} {label}" for label, count in counts.most_common())
    return Report(
        title=f"Classes of {len(answers)} image(s): {told + '; ' if told else ''}{len(answers) - counts.total()} not answered",
        values={"images": Quantity(len(answers)), "answered": Quantity(counts.total())}
        | {"attributes" if several else "classes": Quantity(len(classes))},
        tables={"predictions": answers},
        files={"predictions": "predictions.csv"} | ({"sheet": "sheet.png"} if shown else {}),
        figures={"sheet": Figure("image", ("sheet",), "By class, the surest first")} if shown else {},
        notes=(
            f"model: {known.settings.get('name', 'unnamed')}; {known.settings.get('honest', 'its score is unknown')}",
            *field_scale.warning(known.settings, found.widths_nm),
        ),
    )


def _by_network(run: Run, network: Any, read: Sequence[Path]) -> np.ndarray:
    """The probability of each class, a row an image."""
    seen = pictures(read, size_px=network.size_px, progress=run.progress)
    return np.asarray(special.softmax(class_scores.columns(network.evidence(seen, device=run.device)), axis=1))


def _answers(
    judge: Knows, read: Sequence[Path], rows: np.ndarray, probabilities: np.ndarray, least_p: float, *, several: bool
) -> list[dict[str, Any]]:
    answers = []
    for path, p, unlike in zip(read, probabilities, judge.novelty(rows).tolist(), strict=True):
        label, sure = _told(judge.attributes, p, several=several)
        reason = UNLIKE if unlike > judge.limit else None
        if reason is None and sure < least_p:
            reason = f"the likeliest answer is {label} with p = {sure:.2f}"
        answers.append(
            {
                "file": path.name,
                "label": label if reason is None else None,
                "p": sure if reason is None else None,
                "abstained": reason is not None,
                "reason": reason,
                "novelty": unlike,
                **{f"p_{name}": float(x) for name, x in zip(judge.attributes, p, strict=True)},
                "sha256": sha256(path),
                "path": str(path),
            }
        )
    return answers


def _told(names: Sequence[str], p: np.ndarray, *, several: bool) -> tuple[str, float]:
    """The answer, and the probability of its least sure part."""
    if not several:
        return names[int(p.argmax())], float(p.max())
    return ";".join(name for name, x in zip(names, p, strict=True) if x > 0.5) or "none", float(np.maximum(p, 1 - p).min())


def _unread(path: Path, reason: str, classes: Sequence[str]) -> dict[str, Any]:
    nothing = {"label": None, "p": None, "abstained": True, "reason": reason, "novelty": None}
    named = dict.fromkeys((f"p_{name}" for name in classes), None)
    return {"file": path.name, **nothing, **named, "sha256": sha256(path), "path": str(path)}


def _caption(row: dict[str, Any]) -> str:
    return "no answer" if row["abstained"] else f"{row['label']} {row['p']:.2f}"
