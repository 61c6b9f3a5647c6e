"""From a scattering pattern to micrographs that may belong to it, or from a micrograph to the pattern expected of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from .. import learn
from ..core import Curve, Figure, Micrograph, Param, Pattern, PixelSize, Quantity, Report, Run
from ..datasets.pairs import pattern_of, phase_of
from ..errors import InputError
from ..io import read, write
from ..learn.model_folder import read_model
from ..measure import spectrum
from ..measure.fingerprint import blocks, fingerprints
from .pair_model import KIND, SPREAD, PairModel
from .pictures import save_picture

ModelFolder = Annotated[Path, Param("folder of a model, or run:ID of a training", accepts="folder")]
Side = Annotated[
    str, Param("what the file shows; by default a micrograph or a pattern by its format", choices=("auto", "sem", "saxs"))
]
Spread = Annotated[float, Param("how much samples differ, as a share of what is not known", low=0, high=2)]
GAP_PX = 4
ACROSS = 5


@dataclass(frozen=True, eq=False)
class Given:
    """A pattern prepared as the model learnt them."""

    saxs: np.ndarray
    mask: np.ndarray
    q_per_nm: np.ndarray


def reconstruct(
    run: Run,
    file: Annotated[Path, Param("scattering pattern, or micrograph", accepts="file")],
    *,
    model: ModelFolder,
    side: Side = "auto",
    count: Annotated[int, Param("micrographs to make of a pattern", low=1, high=1000)] = 10,
    spread: Spread = SPREAD,
) -> Report:
    """
    The other technique's view of a specimen.

    Of a pattern: micrographs that may belong to it, their S2 with the band that should hold 90 % of crops, the morphology
    with probabilities, the period, and the most similar specimen of training. Of a micrograph: the pattern
    expected of it, beside its Fourier transform. A pattern unlike those of training brings a warning.
    """
    noun = opened(file, side)
    known = PairModel.from_model(read_model(model, kind=KIND))
    if isinstance(noun, Pattern):
        return _micrographs(run, known, pattern_given(known, noun, file.name), file.name, count=count, spread=spread)
    return _pattern(run, known, crop_given(known, noun, file.name), file.name)


def opened(file: Path, side: str) -> Micrograph | Pattern:
    """The file as a micrograph or a pattern; a mere picture counts as a micrograph unless ``side`` says otherwise."""
    noun = read(file, nan="mask", as_pattern=side == "saxs")
    wanted = {"sem": Micrograph, "saxs": Pattern}.get(side, (Micrograph, Pattern))
    if not isinstance(noun, wanted):
        raise InputError(
            f"{file.name} holds a {type(noun).__name__.lower()}; give a micrograph or a scattering pattern, and its side"
        )
    return noun  # type: ignore[return-value]


def pattern_given(model: PairModel, pattern: Pattern, name: str) -> Given:
    """``pattern`` as the model learnt them."""
    saxs, mask, q = pattern_of(pattern, size_px=model.size_px, name=name)
    return Given(saxs[None], mask[None], q)


def crop_given(model: PairModel, sem: Micrograph, name: str) -> np.ndarray:
    """The middle of the micrograph's bright phase."""
    rows, columns = sem.pixels.shape
    if min(rows, columns) < model.size_px:
        raise InputError(
            f"{name}: the micrograph has {rows} x {columns} pixels, smaller than the model's crop of {model.size_px}"
        )
    top, left = (rows - model.size_px) // 2, (columns - model.size_px) // 2
    return phase_of(sem)[top : top + model.size_px, left : left + model.size_px].astype(np.uint8)


def _micrographs(run: Run, model: PairModel, given: Given, name: str, *, count: int, spread: float) -> Report:
    made = model.sample(given.saxs, given.mask, count=count, rng=run.rng("samples"), spread=spread)[0]
    write_samples(run, model, made)
    near, apart = model.nearest(given.saxs, given.mask)
    known = model.known
    save_picture(run, "samples.png", sheet(made))
    save_picture(run, "given.png", shown_pattern(given.saxs[0], given.mask[0]))
    save_picture(run, "nearest.png", known.crops[near[0]].astype(float))
    curve, whole = s2_curves(model, given, made)
    said = probabilities(model, given)
    inside = model.novelty(given.saxs, given.mask)[0] <= 1
    return Report(
        title=f"{count} micrographs that may belong to {name}" + (f": {said[0]['morphology']}" if said else ""),
        values={
            "period": period(model, made),
            "area_fraction": Quantity(float(made.mean())),
            "unlike_training": Quantity(float(model.novelty(given.saxs, given.mask)[0])),
        },
        curves={"s2": curve, "s2_samples": whole},
        tables={
            "morphology": said,
            "nearest": [{"name": known.names[near[0]], "morphology": known.morphology[near[0]], "difference": float(apart[0])}],
        },
        figures={
            "samples": Figure("image", ("sheet",), "Micrographs that may belong to the pattern"),
            "given": Figure("image", ("given",), "The pattern as the model sees it; what was not counted is grey"),
            "nearest": Figure("image", ("nearest",), f"Crop of the most similar specimen, {known.names[near[0]]}"),
            "s2": Figure("band", ("s2", "s2_samples"), "S2: expected, with the band for 90 % of crops, and mean of the samples"),
            **({"morphology": Figure("bar", ("morphology",), "Probability of each morphology")} if said else {}),
        },
        files={"samples": "samples.npz", "sheet": "samples.png", "given": "given.png", "nearest": "nearest.png",
               **{f"sample_{k + 1}": f"samples/{k + 1:03d}.png" for k in range(min(count, 10))}},
        notes=tuple(note for note in (unlike(inside), BAND_NOTE, POSSIBLE) if note),
    )  # fmt: skip


POSSIBLE = "every sample is possible; none is the micrograph that was taken"
BAND_NOTE = (
    "the band of S2 holds all that is not known and how crops of one specimen differ; samples differ by the spread asked for"
)


def _pattern(run: Run, model: PairModel, crop: np.ndarray, name: str) -> Report:
    found = model.patterns(crop[None])[0]
    transform = np.asarray(learn.pair_links.spectrum(crop[None])[0, 0].numpy())
    low, high = np.percentile(transform, [1, 99.8])
    again = model.sem_again(crop[None])[0]
    near = int((model.sem_points(crop[None]) @ known_points(model).T).argmax())
    np.save(run.file("expected.npy"), found)
    save_picture(run, "expected.png", found)
    save_picture(run, "fft.png", (transform - low) / max(high - low, 1e-9))
    save_picture(run, "given.png", np.concatenate([crop, np.full((len(crop), GAP_PX), 0.5), again], axis=1))
    save_picture(run, "nearest.png", model.known.crops[near].astype(float))
    s2 = fingerprints(crop[None])[0, blocks(model.size_px)["s2"]]
    return Report(
        title=f"The scattering pattern expected of {name}",
        values={
            "period": period(model, crop[None]),
            "area_fraction": Quantity(float(crop.mean())),
        },
        curves={"s2": Curve(np.arange(float(len(s2))), s2, "r", "S2", x_unit="px")},
        tables={"nearest": [{"name": model.known.names[near], "morphology": model.known.morphology[near]}]},
        figures={
            "expected": Figure("image", ("picture",), "Expected pattern: logarithm of the intensity, 0 to 1"),
            "fft": Figure("image", ("fft",), "The crop's own power spectrum, its inner part, for comparison"),
            "given": Figure(
                "image", ("given",), "Middle of the micrograph, two phases; beside it the same from the latent space"
            ),
            "nearest": Figure(
                "image", ("nearest",), f"Crop of the best matching specimen of training, {model.known.names[near]}"
            ),
            "s2": Figure("line", ("s2",), "S2 of the crop"),
        },
        files={
            "expected": "expected.npy",
            "picture": "expected.png",
            "fft": "fft.png",
            "given": "given.png",
            "nearest": "nearest.png",
        },
        notes=("the expected pattern is a mean over what such a specimen may scatter; its level follows the training patterns",),
    )


def known_points(model: PairModel) -> np.ndarray:
    """Unit vectors of the specimens of training, from the crops that are kept of them."""
    return model.sem_points(model.known.crops)


def write_samples(run: Run, model: PairModel, made: np.ndarray) -> None:
    """``samples.npz`` with all crops, and each as a PNG with its scale."""
    np.savez_compressed(run.file("samples.npz"), samples=made.astype(np.uint8))
    pixel = model.known.pixel_nm
    size = PixelSize(pixel, pixel, "the pairs of training") if math.isfinite(pixel) else None
    for k, one in enumerate(made):
        write(Micrograph(one.astype(np.float64), pixel_size=size), run.file(f"samples/{k + 1:03d}.png"))


def sheet(made: np.ndarray) -> np.ndarray:
    """The first crops side by side."""
    rows = [list(made[k : k + ACROSS]) for k in range(0, min(len(made), 2 * ACROSS), ACROSS)]
    side = made.shape[1]
    blank = np.full((side, side), 0.5)
    padded = [
        [
            np.pad(one.astype(float), ((0, GAP_PX), (0, GAP_PX)), constant_values=0.5)
            for one in row + [blank] * (ACROSS - len(row))
        ]
        for row in rows
    ]
    return np.concatenate([np.concatenate(row, axis=1) for row in padded], axis=0)


def shown_pattern(saxs: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The pattern, grey where nothing was counted."""
    return np.where(mask, saxs, 0.5)


def s2_curves(model: PairModel, given: Given, made: np.ndarray) -> tuple[Curve, Curve]:
    """S2 expected of crops with its band, and the mean over the samples."""
    low, middle, high = (end[0] for end in model.s2_band(given.saxs, given.mask))
    r, block = np.arange(float(len(middle))), blocks(model.size_px)["s2"]
    mean = fingerprints(made)[:, block].mean(axis=0)
    return (
        Curve(r, middle, "r", "S2", x_unit="px", y_low=low, y_high=high),
        Curve(r, mean, "r", "S2", x_unit="px"),
    )


def probabilities(model: PairModel, given: Given) -> list[dict[str, Any]]:
    """Rows of morphology and probability, the likeliest first."""
    found = model.probabilities(given.saxs, given.mask)
    return sorted(
        ({"morphology": name, "probability": float(p[0])} for name, p in found.items()), key=lambda row: -row["probability"]
    )


def period(model: PairModel, made: np.ndarray) -> Quantity:
    """Median period of the crops by the peak of their spectra, in nm where training told the pixel size."""
    peaks = [spectrum.find_peak(spectrum.radial(spectrum.power_spectrum(one.astype(float)))) for one in made]
    found = [peak.period for peak in peaks if peak is not None]
    pixel = model.known.pixel_nm
    scale, unit = (pixel, "nm") if math.isfinite(pixel) else (1.0, "px")
    return Quantity(scale * float(np.median(found)) if found else math.nan, unit)


def unlike(inside: bool) -> str:
    """The warning, or nothing."""
    return "" if inside else "this pattern is unlike anything the model was trained on; what follows is a guess"
