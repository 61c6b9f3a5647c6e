"""
Every question morphoscope can answer, by name.

A task is a function ``(run, input, *, typed keywords) -> Report``. To add one, write it in a file here
and add one line below; command line, Python, studio and reference docs follow. Nothing is imported
until its task is asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..errors import NotFound

if TYPE_CHECKING:
    from ..core import Report


class Entry(NamedTuple):
    """
    Where a task lives ("module:function" in this folder) and what it is for, in one line.

    ``page`` names the HTML page that the command line writes unasked; ``{input}`` stands for the first input's
    name. ``layout`` is how a page shows the report: as sections that follow each other, or as one sheet.
    """

    where: str
    summary: str
    page: str = ""
    layout: Literal["sections", "sheet"] = "sections"


GROUPS = {
    "measure": "Numbers with units and intervals from one image",
    "simulate": "Micrographs and particles of known truth, from physics",
    "datasets": "Labelled images: fetch, make, describe",
    "miscibility": "Is this polymer blend miscible? Judged from its SEM image",
    "classify": "Any classes of labelled images: learn, score, ask",
    "pretrain": "Networks trained before there are labels, as a start for others",
    "nanonet": "From the composition of a nanocomposite to its structure",
    "pairvae": "Two techniques on one specimen: a micrograph from its scattering pattern, and back",
}


TASKS: dict[str, Entry] = {
    "inspect": Entry("inspect:inspect", "What a file is: size, depth, scale and its source, instrument, quality"),
    "measure two-point": Entry("statistics:two_point", "Two-point correlation S2(r) of one phase, by direction, by cluster"),
    "prepare": Entry("prepare:prepare", "A micrograph ready to measure: scale found, print masked, phases told apart"),
    "measure sheet": Entry(
        "sheet:sheet",
        "One page for one image; one table and a comparison of groups for many",
        page="{input}-sheet.html",
        layout="sheet",
    ),
    "measure cross-correlation": Entry("cross_correlation:cross_correlation", "How the phases of labels lie to each other"),
    "measure particles": Entry("particles:measure", "Count, sizes and shapes of the particles of a micrograph"),
    "measure phases": Entry("phases:measure", "Fractions, interfaces, connectivity and tortuosity of phases"),
    "measure lineal-path": Entry("lineal_path:lineal_path", "Lineal path L(z) of one phase along each axis, and its chords"),
    "measure spectrum": Entry("spectrum:spectrum", "Power spectrum S(q) of a micrograph: period, width and orientation"),
    "measure morphology": Entry(
        "morphology:morphology", "Shape of one phase: Minkowski functionals, chords, thickness, interface, intercept, anisotropy"
    ),
    "measure rdf": Entry("distribution:rdf", "Radial distribution g(r) of particles from trajectories, with error and state"),
    "segment": Entry("segment:segment", "Divide a grey image or volume into phases: a label image for other tasks"),
    "measure intercept": Entry("intercept:intercept", "Mean lineal intercept of grains and ASTM grain size number"),
    "measure pattern": Entry("pattern:measure", "Radial and sector averages of a scattering pattern, and its orientation"),
    "measure scattering": Entry(
        "scattering:measure", "Sizes, periods and lattices from a scattering curve, or from a pattern's average"
    ),
    "scalebar": Entry("scalebar:read", "The printed scale bar of each image: value, length, pixel size, or why not"),
    "measure descriptors": Entry("descriptors:table", "About 280 numbers for each image: blobs, domains, waves, texture"),
    "miscibility train": Entry("miscibility_training:train", "Train a judge on labelled micrographs and score it by article"),
    "miscibility predict": Entry("miscibility:predict", "The evidence that each micrograph shows a miscible blend"),
    "miscibility explain": Entry(
        "miscibility_explain:explain", "Why: a map of the evidence, the droplets seen, reasons in words"
    ),
    "miscibility votes": Entry("miscibility_votes:votes", "How well people judge the images: agreement, scores, majority"),
    "miscibility evaluate": Entry("miscibility_evaluate:evaluate", "Scores and control of a trained judge on labelled images"),
    "miscibility compare": Entry("miscibility_evaluate:compare", "Paired differences of judges on the same images"),
    "miscibility sobel": Entry("miscibility:sobel", "The paper's rule without learning: few edges, so miscible"),
    "classify train": Entry("classification:train", "Learn the classes of any labelled images, scored on groups never seen"),
    "classify predict": Entry("class_prediction:predict", "The class of each image, with the probability of every class"),
    "pretrain simulated": Entry("pretrain:simulated", "Weights from simulated blends, as a start for networks on real images"),
    "pretrain micrographs": Entry("pretrain:micrographs", "Weights from micrographs without labels, as a start for networks"),
    "datasets get": Entry("datasets:get", "Fetch a public data set from its authors, checked by hashes"),
    "datasets fake": Entry("datasets:fake", "Simulated blends in the public layout, labels from thermodynamics"),
    "datasets describe": Entry("datasets:describe", "What is in a labelled set, and what leaks between the parts of a split"),
    "print-mask": Entry("print_mask:find", "What is printed on a micrograph: a mask of it, and the picture without it"),
    "demo": Entry("demo:demo", "Every workflow on embedded data, ending in one page", "morphoscope-demo.html"),
    "simulate nanocomposite": Entry(
        "nanocomposite:simulate", "Nanoparticles in a polymer melt by molecular dynamics (LAMMPS), and their g(r)"
    ),
    "prism": Entry("prism:prism", "Structure of a nanocomposite from liquid-state theory (PRISM): g(r), S(k), matrix potential"),
    "nanonet equilibrium": Entry(
        "equilibrium:equilibrium", "Equilibrium g(r) of a nanocomposite, from the matrix's potential and Monte Carlo of particles"
    ),
    "nanonet data": Entry("rdf_table:data", "The table of distributions that nanonet learns from, or one of your own"),
    "nanonet plan": Entry("rdf_plan:plan", "Core-hours of simulating many compositions, probed before anything is started"),
    "nanonet campaign": Entry("rdf_campaign:campaign", "Many compositions simulated, one run each, into one table to learn from"),
    "nanonet design": Entry("rdf_design:design", "Compositions for a wanted state, and simulations that come closer to it"),
    "nanonet train": Entry("rdf_training:train", "Learn g(r) from composition, judged on compositions held out"),
    "nanonet ablations": Entry(
        "rdf_ablations:ablations", "The paper's network with its parts varied, and every rival, in one table"
    ),
    "nanonet predict": Entry("rdf_prediction:predict", "g(r), band, first peak and state of a composition, in a moment"),
    "pairvae simulate": Entry(
        "pairvae_simulate:simulate", "Block copolymer films on a grating: micrographs and patterns in pairs"
    ),
    "pairvae evaluate": Entry("pairvae_evaluate:evaluate", "Scores of every method on unseen pairs, beside the plain answers"),
    "pairvae train": Entry("pairvae_train:train", "Learn to go from patterns to micrographs and back, from pairs of them"),
    "pairvae reconstruct": Entry(
        "pairvae_reconstruct:reconstruct", "Micrographs that may belong to a pattern, or the pattern expected of a micrograph"
    ),
    "pairvae generate": Entry("pairvae_generate:generate", "An ensemble of micrographs of one pattern, with its statistics"),
    "pairvae retrieve": Entry("pairvae_retrieve:retrieve", "Which of many files belongs to this pattern or micrograph"),
    "simulate blend": Entry("blend:simulate", "Phase separation of a polymer blend, seen through an electron microscope"),
}


def load(name: str) -> Callable[..., Report]:
    """The function behind ``name``."""
    if name not in TASKS:
        raise NotFound(f"no task {name!r}; known: {', '.join(TASKS)}")
    module, function = TASKS[name].where.split(":")
    task: Callable[..., Report] = getattr(importlib.import_module(f".{module}", __package__), function)
    return task
