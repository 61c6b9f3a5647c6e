"""Is this blend miscible? The judge is asked about micrographs; beside it stands the paper's rule without learning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from PIL import Image, ImageOps
from scipy import special

from ..core import Figure, Param, Quantity, Report, Run
from ..datasets import labelled, polymer_sem
from ..datasets.leaks import sha256
from ..errors import InputError
from ..io import read_micrograph
from ..measure import scores
from ..measure.sobel import edge_strength
from . import field_scale
from .contact_sheet import contact_sheet
from .criterion import ALPHA
from .datasets import DATA
from .descriptors import Survey, survey
from .judges import CLASSES, Asked, judge_in, withheld
from .scalebar import images

GRADES = ("Incompatible", "Partially compatible", "Compatible")


def predict(
    run: Run,
    files: Annotated[tuple[Path, ...], Param("micrographs, or folders of them", accepts="any")],
    *,
    model: Annotated[
        Path | None, Param("folder of a model, or run:ID of a training; the shipped one by default", accepts="folder")
    ] = None,
    alpha: Annotated[
        float, Param("share of images whose set of classes may miss the right one", low=0, high=1, open_low=True, open_high=True)
    ] = ALPHA,
) -> Report:
    """
    The evidence that each micrograph shows a miscible blend: a logit that does not saturate, its probability, and a grade.

    ``logit_low`` and ``logit_high`` bound the logit, had the judge learnt from other articles. ``set`` holds the classes that
    cannot be ruled out at ``alpha``. An image too unlike those of training is not judged, and one that cannot be read is
    reported; the others go on.
    """
    asked = judge_in(model)
    paths = list(images(files))
    if not paths:
        raise InputError("no image in what was given; give micrographs or folders of them")
    found = survey(paths, progress=run.progress)
    if found.read:
        asked.check(found.names)
    answers = _answers(asked, found, asked.logits(run, found.rows, found.read), alpha) if found.read else []
    answers += [_unread(path, reason) for path, reason in found.left_out]
    answers.sort(key=lambda row: (row["logit"] is None, -(row["logit"] or 0.0)))
    contact_sheet(run, [(Path(row["path"]), _caption(row)) for row in answers if row["logit"] is not None])
    judged = [row for row in answers if not row["abstained"]]
    for row in answers:
        row["sha256"] = sha256(Path(row.pop("path")))
    return Report(
        title=f"Miscibility of {len(answers)} image(s): {sum(row['p_miscible'] >= 0.5 for row in judged)} miscible, "
        f"{sum(row['p_miscible'] < 0.5 for row in judged)} immiscible, {len(answers) - len(judged)} not judged",
        values={"images": Quantity(len(answers)), "judged": Quantity(len(judged))},
        tables={"predictions": answers},
        files={"sheet": "sheet.png"} if any(row["logit"] is not None for row in answers) else {},
        figures={"sheet": Figure("image", ("sheet",), "Sorted by evidence, the most miscible first")}
        if any(row["logit"] is not None for row in answers)
        else {},
        notes=(
            f"model: {asked.settings.get('name', 'unnamed')}; {asked.settings.get('honest', 'its score is unknown')}",
            *field_scale.warning(asked.settings, found.widths_nm),
        ),
        cites=(polymer_sem.CITE,),
    )


def sobel(
    run: Run,
    *,
    data: Annotated[Path, DATA],
    threshold: Annotated[
        float | None, Param("edge strength below which a blend is called miscible; learnt by default", low=0, high=255)
    ] = None,
    conversion: Annotated[
        str,
        Param("grey from colour: right puts transparent images on white, paper drops transparency", choices=("right", "paper")),
    ] = "right",
) -> Report:
    """
    The paper's rule without learning: a blend is miscible where the picture has few edges.

    A threshold that is not given is the one with the best accuracy on these very images, as in the paper; it is no
    held-out figure.
    """
    dataset = labelled.load(data)
    strengths, truth, rows = [], [], []
    for k, sample in enumerate(dataset):
        run.progress(k, len(dataset), sample.key)
        path = sample.files["image"]
        strength = edge_strength(_as_in_paper(path) if conversion == "paper" else _levels(path))
        strengths.append(strength)
        truth.append(sample.label == CLASSES[1])
        rows.append({"file": path.name, "label": sample.label, "edge_strength": strength})
    value, positive = np.array(strengths), np.array(truth)
    learnt = threshold is None
    limit = _best_threshold(value, positive) if threshold is None else threshold
    count = scores.counts(positive, value < limit)
    low, high = scores.wilson(count.tp + count.tn, len(value))
    return Report(
        title=f"Sobel rule on {len(value)} images: accuracy {count.accuracy:.3f} at threshold {limit:.4g}",
        values={name: Quantity(getattr(count, name)) for name in ("tp", "fp", "fn", "tn")}
        | {
            "accuracy": Quantity(count.accuracy, low=low, high=high),
            "precision": Quantity(count.precision),
            "recall": Quantity(count.recall),
            "specificity": Quantity(count.specificity),
            "f1": Quantity(count.f1),
            "threshold": Quantity(limit),
            "majority_accuracy": Quantity(max(positive.mean(), 1 - positive.mean())),
        },
        tables={"strengths": rows},
        figures={"strengths": Figure("violin", ("strengths",), "Edge strength by class")},
        notes=("the threshold was learnt on these very images, so the accuracy is no held-out figure",) if learnt else (),
        cites=(polymer_sem.CITE,),
    )


def _answers(asked: Asked, found: Survey, logits: np.ndarray, alpha: float) -> list[dict[str, Any]]:
    judge, read, rows = asked.judge, found.read, found.rows
    novelty = judge.novelty(rows)
    grades = judge.grade(logits)
    ends = judge.interval(rows) if asked.network is None else None
    lows, highs = ([None] * len(read),) * 2 if ends is None else (end.tolist() for end in ends)
    sets = [None] * len(read) if judge.conformal is None else judge.conformal.sets(logits, CLASSES, alpha=alpha)
    answers = []
    for path, logit, unlike, coloured, grade, low, high, some in zip(
        read, logits.tolist(), novelty.tolist(), found.coloured, grades, lows, highs, sets, strict=True
    ):
        reason = withheld(judge, unlike, coloured=coloured)
        silent = reason is not None
        answers.append(
            {
                "file": path.name,
                "p_miscible": None if silent else float(special.expit(logit)),
                "logit": logit,
                "grade": None if silent else grade,
                "abstained": silent,
                "logit_low": low,
                "logit_high": high,
                "set": None if silent or some is None else " or ".join(some) or "neither",
                "novelty": unlike,
                "reason": reason,
                "path": str(path),
            }
        )
    return answers


def _unread(path: Path, reason: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("p_miscible", "logit", "grade"))
    more = dict.fromkeys(("logit_low", "logit_high", "set", "novelty"))
    return {"file": path.name, **nothing, "abstained": True, **more, "reason": reason, "path": str(path)}


def _caption(row: dict[str, Any]) -> str:
    return f"{row['logit']:+.1f} not judged" if row["abstained"] else f"{row['logit']:+.1f} {row['grade']}"


def _levels(path: Path) -> np.ndarray:
    return np.asarray(np.rint(np.clip(read_micrograph(path, nan="mask").pixels, 0, 1) * 255))


def _as_in_paper(path: Path) -> np.ndarray:
    """Transparency dropped and colours weighed, so that a picture kept in the alpha channel comes out black."""
    try:
        with Image.open(path) as picture:
            return np.asarray(ImageOps.grayscale(picture.convert("RGB")))
    except OSError:
        raise InputError(f"{path.name}: cannot be opened as a picture") from None


def _best_threshold(value: np.ndarray, positive: np.ndarray) -> float:
    tried = np.append(np.unique(value), value.max() + 1)
    right = [scores.counts(positive, value < at).accuracy for at in tried]
    return float(tried[int(np.argmax(right))])
