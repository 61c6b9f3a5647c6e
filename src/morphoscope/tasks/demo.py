"""Every workflow there is, on data made here, so that a newcomer sees what comes out."""

from __future__ import annotations

from typing import Annotated

from ..core import Param, Quantity, Report, Run

PHI = 0.4
CHAIN = 200
CHI_MISCIBLE, CHI_IMMISCIBLE = 0.005, 0.03


def demo(
    run: Run,
    *,
    size_px: Annotated[int, Param("side of the simulated images", unit="px", low=64, high=1024)] = 256,
) -> Report:
    """
    Simulate a miscible and an immiscible blend, look at the micrographs, measure their two-point correlation.

    The steps are ordinary runs: each stands in the list of runs and can be opened alone.
    """
    blends = {}
    for step, (name, chi) in enumerate((("miscible", CHI_MISCIBLE), ("immiscible", CHI_IMMISCIBLE))):
        run.progress(step, 4, f"simulating the {name} blend")
        blends[name] = run.ask("simulate blend", chi=chi, composition=PHI, n_a=CHAIN, n_b=CHAIN, size_px=size_px, seed=run.seed)
    seen = blends["immiscible"]
    micrograph = f"run:{seen.run}/micrograph.ome.tif"
    run.progress(2, 4, "inspecting the micrograph")
    facts = run.ask("inspect", micrograph)
    run.progress(3, 4, "measuring its two-point correlation")
    s2 = run.ask("measure two-point", micrograph, seed=run.seed)
    run.progress(4, 4, "done")
    return Report(
        "What morphoscope does, on data made here",
        values={
            "pixel_size_nm": facts.values["pixel_size_nm"],
            "domain_size_nm": seen.values["domain_size_nm"],
            "area_fraction": s2.values["area_fraction"],
            "steps": Quantity(4),
        },
        notes=(
            "Nothing here was downloaded: the blends are simulated and seen through a simulated electron microscope.",
            "The pixel size is read back from the written file; the area fraction comes with its 95 % interval.",
        ),
    )
