"""
The long simulations behind the nanocomposite tables, in short pieces, one LAMMPS process at a time.

    python experiments/nanonet/campaign.py --work DIR            # go on where it stopped
    touch DIR/STOP                                               # stop after the piece in hand

A row of plan.csv is a leg: an umbrella leg (pair of particles, pulled inward or outward window by window) or a
direct simulation (one composition from one start, chunk by chunk). Each finished piece is one row of DIR/windows.csv or
DIR/chunks.csv; what failed is in DIR/failures.csv. The state between pieces is a restart file.
"""

from __future__ import annotations

import argparse
import csv
import fcntl
import os
import time
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from morphoscope.io.lammps import last_thermo, read_dump
from morphoscope.measure import rdf
from morphoscope.physics import nanocomposite as physics
from morphoscope.physics import nanocomposite_lammps as lammps
from morphoscope.tasks import lammps_process

HERE = Path(__file__).parent
DT = 0.01
BIN = 0.02
SETTLE, SAMPLE = 3000, 25000
"""Steps of an umbrella window in a leg of weight 1."""
CHUNK, FRAME = 50_000, 250
"""Steps of a direct piece, and between its frames."""
TIMEOUT_S = 4 * 3600
RETRIES = 3


def windows(diameter: float) -> list[tuple[float, float]]:
    """(distance, spring) of the windows from deep contact to D + 5: close and stiff near contact, wider far away."""
    near = np.arange(0.76 * diameter, diameter + 2.45, 0.2)
    far = np.arange(near[-1] + 0.3, diameter + 5.15, 0.3)
    return [(round(float(r), 3), 60.0) for r in near] + [(round(float(r), 3), 35.0) for r in far]


def append(path: Path, row: dict[str, Any]) -> None:
    """Add a row; the file is replaced whole, so that no reader ever meets half of one."""
    rows = read(path)
    part = path.with_suffix(".part")
    with part.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row), extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*rows, row])
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def read(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class Leg:
    """One row of the plan and what is finished of it."""

    def __init__(self, row: dict[str, str], work: Path, version: str) -> None:
        self.row, self.work, self.version = row, work, version
        self.name = f"{row['id']}_{row['leg']}_{row['round']}"
        self.folder = work / "legs" / self.name
        self.point = physics.StatePoint(
            diameter=float(row["D"]), beads=int(row["N"]), density=float(row["rho"] or 0),
            eps_nn=float(row["eps_nn"] or 0), eps_pn=float(row["eps_pn"]),
        )  # fmt: skip
        self.table = work / ("windows.csv" if row["kind"] == "pmf" else "chunks.csv")
        self.done = sum(r["leg_name"] == self.name for r in read(self.table))
        self.failed = sum(r["leg_name"] == self.name for r in read(work / "failures.csv"))
        count = len(windows(self.point.diameter)) if row["kind"] == "pmf" else int(row["pieces"])
        self.total = count

    @property
    def open(self) -> bool:
        return self.done < self.total and self.failed < RETRIES

    def settings(self) -> lammps.Settings:
        """The usual settings; a leg that failed gets a longer push-off, then half the time step too."""
        settings = lammps.Settings(dt=DT)
        if self.failed:
            settings = replace(settings, push_off=settings.push_off * 3)
        return replace(settings, dt=DT / 2) if self.failed > 1 else settings

    def seed(self) -> int:
        return 1 + zlib.crc32(f"{self.name} {self.failed}".encode()) % 899_999_999

    def piece(self) -> None:
        """Simulate the next piece and write its row, or the reason why not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        seconds = self._start() if self.done == 0 else 0.0
        if seconds is None:
            return
        self._window(seconds) if self.row["kind"] == "pmf" else self._chunk(seconds)

    def _run(self, text: str, name: str) -> float | None:
        outcome = lammps_process.run(text, self.folder, name, timeout_s=TIMEOUT_S)
        if outcome.error:
            row = {"leg_name": self.name, "piece": self.done, "stage": name, "attempt": self.failed, "error": outcome.error}
            append(self.work / "failures.csv", row)
            self.failed += 1
            return None
        return outcome.cpu_seconds

    def _ladder(self) -> list[tuple[float, float]]:
        steps = windows(self.point.diameter)
        return steps[::-1] if self.row["leg"] == "inward" else steps

    def _start(self) -> float | None:
        rng = np.random.default_rng(self.seed())
        hold = None
        if self.row["kind"] == "pmf":
            distance, spring = self._ladder()[0]
            hold = (spring, distance)
            made = physics.pair(rng, self.point, distance=distance, farthest=self.point.diameter + 5)
        else:
            made = physics.composite(rng, self.point, particles=int(self.row["particles"]), start=self.row["leg"])
        (self.folder / "start.data").write_text(lammps.data_text(made))
        text = lammps.start_text(self.point, self.settings(), data="start.data", restart="state.0", seed=self.seed(), hold=hold)
        return self._run(text, "start")

    def _row(self, cpu: float) -> dict[str, Any]:
        thermo = last_thermo(self.folder / "piece.log")
        atoms = int(thermo.pop("atoms"))
        return {
            "leg_name": self.name, "id": self.row["id"], "D": self.row["D"], "N": self.row["N"], "rho": self.row["rho"],
            "eps_nn": self.row["eps_nn"], "eps_pn": self.row["eps_pn"], "leg": self.row["leg"], "round": self.row["round"],
            "piece": self.done, "atoms": atoms, "dt": self.settings().dt, "seed": self.seed(), "attempt": self.failed,
            "temperature": f"{thermo['Temp']:.5g}", "pressure": f"{thermo['Press']:.4g}", "volume": f"{thermo['Volume']:.2f}",
            "dangerous": int(thermo["dangerous"]), "cpu_s": round(cpu, 1), "lammps": self.version,
        }  # fmt: skip

    def _finish(self, row: dict[str, Any]) -> None:
        append(self.table, row)
        self.done += 1
        for old in self.folder.glob("state.*"):
            if int(old.suffix[1:]) < self.done - 1:
                old.unlink()

    def _window(self, cpu: float) -> None:
        distance, spring = self._ladder()[self.done]
        weight = float(self.row["weight"])
        text = lammps.window_text(
            self.point, self.settings(), restart=f"state.{self.done}", after=f"state.{self.done + 1}", samples="r.txt",
            spring=spring, distance=distance, settle=SETTLE, steps=int(SAMPLE * weight),
        )  # fmt: skip
        spent = self._run(text, "piece")
        if spent is None:
            return
        r = np.loadtxt(self.folder / "r.txt")[:, 1]
        series = self.work / "series" / f"{self.name}.{self.done:02d}.npy"
        series.parent.mkdir(exist_ok=True)
        np.save(series, r.astype(np.float32))
        bins = np.floor(r / BIN).astype(int)
        counts = np.bincount(bins - bins.min())
        row = self._row(cpu + spent) | {
            "spring": spring, "distance": distance, "steps": int(SAMPLE * weight), "samples": len(r),
            "mean_r": f"{r.mean():.5f}", "std_r": f"{r.std():.5f}", "bin": BIN, "first_bin": bins.min(),
            "blocks": " ".join(f"{b.mean():.4f}" for b in np.array_split(r, 10)), "counts": " ".join(map(str, counts)),
        }  # fmt: skip
        self._finish(row)

    def _chunk(self, cpu: float) -> None:
        text = lammps.run_text(
            self.point, self.settings(), restart=f"state.{self.done}", until=CHUNK * (self.done + 1), dump="np.dump",
            dump_every=FRAME, thermo=CHUNK // 5,
        ) + f"write_restart state.{self.done + 1}\n"  # fmt: skip
        spent = self._run(text, "piece")
        if spent is None:
            return
        trajectory = read_dump(self.folder / "np.dump")
        counted = rdf.count(trajectory.positions[1:], trajectory.lengths[1:])
        kept = self.work / "series" / f"{self.name}.{self.done:03d}.npz"
        kept.parent.mkdir(exist_ok=True)
        np.savez_compressed(kept, positions=trajectory.positions[1:].astype(np.float32), lengths=trajectory.lengths[1:])
        row = self._row(cpu + spent) | {
            "particles": trajectory.positions.shape[1], "steps": CHUNK, "frames": len(trajectory) - 1,
            "box_volume": f"{np.prod(trajectory.lengths[1:], axis=1).mean():.2f}",
            "shortest_box": f"{trajectory.lengths.min():.3f}", "pairs_per_volume": f"{counted.pairs_per_volume:.8g}",
            "counts": " ".join(map(str, counted.counts)),
        }  # fmt: skip
        self._finish(row)


def next_leg(plan: Path, work: Path, version: str) -> Leg | None:
    """The first open leg in the order of the plan."""
    legs = (Leg(row, work, version) for row in read(plan))
    return next((leg for leg in legs if leg.open), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder of the state and of the growing tables")
    parser.add_argument("--plan", type=Path, default=HERE / "plan.csv")
    parser.add_argument("--pieces", type=int, default=10**9, help="stop after so many pieces")
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    lock = (chosen.work / "campaign.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    version = lammps_process.version()
    for _ in range(chosen.pieces):
        if (chosen.work / "STOP").exists():
            break
        leg = next_leg(chosen.plan, chosen.work, version)
        if leg is None:
            break
        began = time.time()
        leg.piece()
        print(f"{time.strftime('%F %T')} {leg.name} {leg.done}/{leg.total} {time.time() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
