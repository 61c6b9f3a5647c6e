"""A polymer blend that separates (or does not), and the micrograph an electron microscope would take of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import numpy as np

from ..core import Curve, Figure, Param, Quantity, Report, Run
from ..io import write
from ..physics import blend as physics
from ..physics import sem, sem_bar

SEPARATED = 0.1
"""Share of the distance between the coexisting compositions that a field must span to count as separated."""


def simulate(
    run: Run,
    *,
    chi: Annotated[float, Param("interaction parameter per segment", low=0, high=5)] = 0.03,
    composition: Annotated[float, Param("volume fraction of polymer A", low=0.01, high=0.99)] = 0.5,
    n_a: Annotated[float, Param("degree of polymerisation of A", low=1, high=1e6)] = 100.0,
    n_b: Annotated[float, Param("degree of polymerisation of B", low=1, high=1e6)] = 100.0,
    size_px: Annotated[int, Param("width and height of the image", unit="px", low=32, high=4096)] = 256,
    pixel_size_nm: Annotated[float, Param("width of a pixel", unit="nm", low=0, high=1e6, open_low=True)] = 10.0,
    time: Annotated[
        float,
        Param("how long it separates; the first waves grow by e in 4 interface_px^2, domains as time^(1/3)", low=0, high=1e6),
    ] = 400.0,
    interface_px: Annotated[float, Param("length sqrt(kappa / |f''|) of the interface", unit="px", low=0.7, high=20)] = 1.0,
    dose: Annotated[float, Param("electrons per pixel", low=1, high=1e6)] = 200.0,
    blur_nm: Annotated[float | None, Param("beam's standard deviation; 0.8 pixels by default", unit="nm", low=0)] = None,
    charging: Annotated[float, Param("charging, as a share of the mean signal", low=0, high=1)] = 0.03,
    bar: Annotated[str, Param("style of the data bar", choices=sem_bar.BARS)] = "fei",
) -> Report:
    """
    Phase separation of a blend of two polymers, seen through a scanning electron microscope.

    Cahn-Hilliard dynamics with the Flory-Huggins free energy. The width of an interface in pixels is
    chosen, so the domain size in nm follows from the pixel size; the phases' compositions are physical.
    """
    blend = physics.Blend(chi, composition, n_a, n_b)
    evolution, history = _evolve(run, blend, size_px=size_px, time=time, interface_px=interface_px)
    field = evolution.composition
    like = sem.Imaging(dose=dose, blur_nm=0.8 * pixel_size_nm if blur_nm is None else blur_nm, charging=charging)
    imaging = sem.draw(run.rng("sem"), pixel_nm=pixel_size_nm, like=like)
    micrograph = sem_bar.with_data_bar(sem.render(field, pixel_nm=pixel_size_nm, imaging=imaging), style=bar)
    for name in ("micrograph.ome.tif", "micrograph.png"):
        write(micrograph, run.file(name))
    np.save(run.file("composition.npy"), field)
    return _report(blend, field, history, imaging, pixel_size_nm)


def _evolve(
    run: Run, blend: physics.Blend, *, size_px: int, time: float, interface_px: float
) -> tuple[physics.Evolution, list[tuple[float, float]]]:
    """The blend at ``time``, and (time, domain size in pixels) on the way; goes on from a checkpoint."""
    evolution = physics.Evolution(blend, physics.mixed(run.rng("noise"), blend, size_px=size_px), interface_px=interface_px)
    history: list[tuple[float, float]] = []
    if (saved := run.restore()) is not None:
        evolution.spectrum, evolution.time = saved[0]["spectrum"], float(saved[1]["time"])
        history = [(float(t), float(size)) for t, size in saved[1]["history"]]
    stops = time * np.geomspace(0.01, 1, 50) if time > 0 else np.empty(0)
    for stop in stops[len(history) :]:
        while evolution.time < stop:
            evolution.step(float(stop))
            run.progress(evolution.time, time, f"time {evolution.time:.0f} of {time:g}")
        history.append((evolution.time, physics.domain_size_px(evolution.composition)))
        run.checkpoint({"spectrum": evolution.spectrum}, {"time": evolution.time, "history": history})
    return evolution, history


def _report(
    blend: physics.Blend, field: np.ndarray, history: list[tuple[float, float]], imaging: sem.Imaging, pixel_nm: float
) -> Report:
    binodal = blend.binodal()
    poor, rich = physics.phase_compositions(field)
    separated = binodal is not None and rich - poor > SEPARATED * (binodal[1] - binodal[0])
    k, s = physics.structure_factor(field)
    curves = {"structure_factor": Curve(k / pixel_nm, s, "q", "S", x_unit="1/nm")}
    figures: dict[str, Figure] = {
        "micrograph": Figure("image", ("micrograph",), "Simulated secondary-electron image"),
        "structure_factor": Figure("line", ("structure_factor",), "Ring average of the composition's power spectrum"),
    }
    values: dict[str, Quantity] = {
        "chi_spinodal": Quantity(blend.chi_spinodal),
        "chi_critical": Quantity(blend.chi_critical),
        "domain_size_nm": Quantity(physics.domain_size_px(field) * pixel_nm if separated else None, "nm"),
    }
    if separated:
        values |= {"phase_poor": Quantity(poor), "phase_rich": Quantity(rich)}
    if binodal is not None:
        values |= {"binodal_poor": Quantity(binodal[0]), "binodal_rich": Quantity(binodal[1])}
    if history and separated:
        times, sizes = np.array(history).T
        curves["domain_size"] = Curve(times, sizes * pixel_nm, "time", "domain size", y_unit="nm")
        figures["domain_size"] = Figure("line", ("domain_size",), "Mean wavelength of the domains while they grow")
    return Report(
        title=f"Blend of chi = {blend.chi:g} at composition {blend.phi:g}: {blend.state}",
        values=values,
        curves=curves,
        tables={"imaging": [{"setting": name, "value": value} for name, value in asdict(imaging).items()]},
        figures=figures,
        files={"micrograph": "micrograph.png", "micrograph_ome_tiff": "micrograph.ome.tif", "composition": "composition.npy"},
        notes=_notes(blend, separated, field),
        cites=("Flory, J. Chem. Phys. 10, 51 (1942)", "Cahn and Hilliard, J. Chem. Phys. 28, 258 (1958)"),
    )


def _notes(blend: physics.Blend, separated: bool, field: np.ndarray) -> tuple[str, ...]:
    chi = f"chi = {blend.chi:g}"
    texts = {
        "immiscible": f"theory: immiscible, {chi} lies above the spinodal's {blend.chi_spinodal:.4g}",
        "metastable": f"theory: metastable, {chi} lies between binodal and spinodal ({blend.chi_spinodal:.4g}); it would "
        "separate by nucleation, which this simulation without thermal noise does not show",
        "miscible": f"theory: miscible, {chi} lies below the binodal; the spinodal would be {blend.chi_spinodal:.4g}",
    }
    notes = [texts[blend.state]]
    if blend.state == "immiscible" and not separated:
        notes.append("it has not separated yet; give it more time")
    outside = float(np.mean((field < 0) | (field > 1)))
    if outside > 0:
        notes.append(
            f"phases this pure need a finer grid than any here: {outside:.1%} of the pixels lie up to "
            f"{max(-field.min(), field.max() - 1):.2g} outside 0 to 1, and are drawn as pure"
        )
    return tuple(notes)
