"""Every workflow there is, on data made here, so that a newcomer sees what comes out."""

from __future__ import annotations

from typing import Annotated

from ..core import Param, Report, Run

PHI = 0.4
CHAIN = 200
CHI = {"miscible": 0.005, "immiscible": 0.03}
MEASURES = ("measure two-point", "measure lineal-path", "measure spectrum", "measure morphology", "measure particles")


def demo(
    run: Run,
    *,
    size_px: Annotated[int, Param("side of the simulated images", unit="px", low=64, high=1024)] = 256,
) -> Report:
    """
    Simulate a miscible and an immiscible blend, look at the micrograph, and measure it in every way.

    The steps are ordinary runs: each stands in the list of runs and can be opened alone.
    """
    done, total = 0, len(CHI) + 1 + len(MEASURES)
    blends = {}
    for name, chi in CHI.items():
        run.progress(done, total, f"simulating the {name} blend")
        blends[name] = run.ask("simulate blend", chi=chi, composition=PHI, n_a=CHAIN, n_b=CHAIN, size_px=size_px, seed=run.seed)
        done += 1
    blend = blends["immiscible"]
    micrograph = f"run:{blend.run}/micrograph.ome.tif"
    answers = {}
    for task in ("inspect", *MEASURES):
        run.progress(done, total, f"{task} of the micrograph")
        answers[task] = run.ask(task, micrograph, seed=run.seed)
        done += 1
    return Report(
        "What morphoscope does, on data made here",
        values={
            "pixel_size_nm": answers["inspect"].values["pixel_size_nm"],
            "domain_size_nm": blend.values["domain_size_nm"],
            "period": answers["measure spectrum"].values["period"],
            "area_fraction": answers["measure two-point"].values["area_fraction"],
            "particles": answers["measure particles"].values["count"],
        },
        notes=(
            "nothing here was downloaded: the blends are simulated and seen through a simulated electron microscope",
            "domain_size_nm is what the simulation knows, period is what the power spectrum of the micrograph finds",
        ),
    )
