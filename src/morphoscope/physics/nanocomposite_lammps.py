"""
LAMMPS text for nanoparticles in a melt: data file, push-off, equilibrium runs and umbrella windows.

Every script ends by writing a restart file, and every later one begins by reading one, so that a run may be cut
anywhere. The numerical settings are parameters with the defaults of nanoNET (doi 10.1039/D3SM00567D): NPT at T = 1
and P = 1 with Nose and Hoover's equations, steps of 0.005 tau, 10^7 of them to equilibrate and 10^7 to sample.

Checked against: density, bond length and temperature of the pure melt, in tests/validation/test_nanocomposite_melt.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .nanocomposite import Configuration, StatePoint


@dataclass(frozen=True)
class Settings:
    """Thermodynamic and numerical settings; the defaults are the paper's where it names them."""

    temperature: float = 1.0
    pressure: float = 1.0
    dt: float = 0.005
    temperature_damp: float = 1.0
    pressure_damp: float = 10.0
    cutoff: float = 2.5
    fene_k: float = 30.0
    fene_r0: float = 1.5
    skin: float = 0.5
    push_off: int = 800
    warm_up: int = 3000
    eps_pp: float = 1.0


def data_text(configuration: Configuration) -> str:
    """The configuration as a LAMMPS data file of atom style ``bond``, wrapped into the box with image flags."""
    lengths, positions = configuration.lengths, configuration.positions
    image = np.floor(positions / lengths).astype(int)
    wrapped = positions - image * lengths
    kinds = max(1, int(configuration.bonds[:, 0].max(initial=1)))
    lines = ["Nanoparticles in a melt of bead-spring chains", ""]
    lines += [f"{len(positions)} atoms", f"{len(configuration.bonds)} bonds", "2 atom types", f"{kinds} bond types", ""]
    lines += [f"0 {edge:.10g} {axis}lo {axis}hi" for axis, edge in zip("xyz", lengths, strict=True)]
    lines += ["", "Masses", "", *(f"{kind} {mass:.8g}" for kind, mass in enumerate(configuration.masses, 1))]
    lines += ["", "Atoms # bond", ""]
    for k, (x, i) in enumerate(zip(wrapped, image, strict=True)):
        head = f"{k + 1} {configuration.molecules[k]} {configuration.types[k]}"
        lines.append(f"{head} {x[0]:.7f} {x[1]:.7f} {x[2]:.7f} {i[0]} {i[1]} {i[2]}")
    if len(configuration.bonds):
        lines += ["", "Bonds", ""]
        lines += [f"{k} {kind} {i + 1} {j + 1}" for k, (kind, i, j) in enumerate(configuration.bonds, 1)]
    return "\n".join(lines) + "\n"


_NEIGHBOURS = """\
neighbor {skin:g} multi
neigh_modify every 1 delay 0 check yes
comm_modify mode multi reduce/multi
"""


def _bonds(point: StatePoint, settings: Settings, *, grafted: bool = False) -> str:
    fene = f"{settings.fene_k:g} {settings.fene_r0:g} {settings.eps_pp:g} 1.0"
    if grafted:
        return (
            f"bond_style hybrid fene harmonic\nbond_coeff 1 fene {fene}\n"
            f"bond_coeff 2 harmonic 200 {point.mixed_sigma:.8g}\nspecial_bonds fene\n"
        )
    return f"bond_style fene\nbond_coeff 1 {fene}\nspecial_bonds fene\n" if point.beads > 1 else "bond_style none\n"


def _potential(point: StatePoint, settings: Settings, *, particle_pair: bool = True) -> str:
    """The full potential; without ``particle_pair`` two particles do not see each other."""
    cut, mixed, wide = settings.cutoff, point.mixed_sigma, point.diameter
    nn, reach = (point.eps_nn, cut * wide) if particle_pair else (0.0, 1.0)
    return (
        f"pair_style lj/cut {cut:g}\npair_modify shift yes\n"
        f"pair_coeff 1 1 {settings.eps_pp:g} 1.0 {cut:g}\n"
        f"pair_coeff 1 2 {point.eps_pn:g} {mixed:.8g} {cut * mixed:.8g}\n"
        f"pair_coeff 2 2 {nn:g} {wide:.8g} {reach:.8g}\n"
    )


def start_text(
    point: StatePoint,
    settings: Settings,
    *,
    data: str,
    restart: str,
    seed: int,
    grafted: bool = False,
    hold: tuple[float, float] | None = None,
) -> str:
    """
    From a laid-out configuration to a warm liquid: soft push-off, limited steps in the full potential, short NPT.

    ``hold`` = (spring, distance) keeps a pair on the x axis, and takes its own potential away.
    """
    paired = hold is None
    touch, apart = 1.122 * point.mixed_sigma, 1.122 * point.diameter
    ramp = "v_push" if paired else "0.0"
    gentle = f"fix bath all langevin {settings.temperature:g} {settings.temperature:g} 0.5 {seed}\nfix limit all nve/limit 0.05\n"
    return (
        f"units lj\natom_style bond\nnewton on\nspecial_bonds fene\nread_data {data}\n"
        f"group chains type 1\ngroup particles type 2\n"
        + _NEIGHBOURS.format(skin=0.5)
        + _bonds(point, settings, grafted=grafted)
        + "variable push equal ramp(2,60)\n"
        f"pair_style soft 1.122\npair_coeff 1 1 0.0 1.122\npair_coeff 1 2 0.0 {touch:.8g}\npair_coeff 2 2 0.0 {apart:.8g}\n"
        f"fix ramp all adapt 1 pair soft a 1 1 v_push pair soft a 1 2 v_push"
        + (f" pair soft a 2 2 {ramp}" if paired else "")
        + f"\nvelocity all create {settings.temperature:g} {seed} mom yes dist gaussian\n"
        + gentle
        + _hold(hold)
        + f"thermo 1000\nthermo_style custom step temp press vol\ntimestep 0.005\nrun {settings.push_off}\n"
        "unfix ramp\n"
        + _potential(point, settings, particle_pair=paired)
        + _NEIGHBOURS.format(skin=settings.skin)
        + f"run {settings.push_off}\nunfix limit\nunfix bath\n"
        + f"timestep {settings.dt:g}\n"
        + _npt(settings, momentum=paired)
        + f"run {settings.warm_up}\nreset_timestep 0\nwrite_restart {restart}\n"
    )


def _hold(hold: tuple[float, float] | None) -> str:
    """A spring between the two particles along x, which are pinned to the axis."""
    if hold is None:
        return ""
    spring, distance = hold
    return (
        "variable ida equal count(all)-1\nvariable idb equal count(all)\n"
        "group left id ${ida}\ngroup right id ${idb}\n"
        "velocity particles set NULL 0.0 0.0\n"
        f"fix spring left spring couple right {spring:g} {distance:g} NULL NULL 0.0\n"
        "fix axis particles setforce NULL 0.0 0.0\n"
    )


def _npt(settings: Settings, *, momentum: bool = True) -> str:
    t, p = settings.temperature, settings.pressure
    text = f"fix npt all npt temp {t:g} {t:g} {settings.temperature_damp:g} iso {p:g} {p:g} {settings.pressure_damp:g}\n"
    return text + ("fix still all momentum 1000 linear 1 1 1\n" if momentum else "")


def _resumed(point: StatePoint, settings: Settings, restart: str, *, grafted: bool = False, paired: bool = True) -> str:
    return (
        f"units lj\nnewton on\nread_restart {restart}\n"
        + _NEIGHBOURS.format(skin=settings.skin)
        + _bonds(point, settings, grafted=grafted)
        + _potential(point, settings, particle_pair=paired)
        + f"timestep {settings.dt:g}\n"
    )


def window_text(
    point: StatePoint,
    settings: Settings,
    *,
    restart: str,
    after: str,
    samples: str,
    spring: float,
    distance: float,
    settle: int,
    steps: int,
    every: int = 10,
) -> str:
    """One umbrella window: pull the pair to ``distance``, let it settle, sample its separation along x."""
    return (
        _resumed(point, settings, restart, paired=False)
        + _hold((spring, distance))
        + _npt(settings, momentum=False)
        + "variable r equal xcm(right,x)-xcm(left,x)\n"
        f"thermo {max(1, settle + steps) // 4}\nthermo_style custom step temp press vol pe v_r\n"
        f"run {settle}\n"
        f"fix sample all ave/time {every} 1 {every} v_r file {samples}\n"
        f"run {steps}\nwrite_restart {after}\n"
    )


def run_text(
    point: StatePoint,
    settings: Settings,
    *,
    restart: str,
    until: int,
    dump: str,
    dump_every: int,
    dump_from: int = 0,
    thermo: int = 1000,
    kept: str = "",
    kept_every: int = 0,
    end: str = "",
    grafted: bool = False,
) -> str:
    """
    Go on from a restart file to step ``until``.

    From step ``dump_from`` on, the particles' unwrapped positions go to ``dump`` (if any) every ``dump_every`` steps. With
    ``kept``, restart files of that name (``*`` stands for the step) are written every ``kept_every`` steps; all atoms go to
    ``end`` at the end.
    """
    joined = point.beads > 1
    measure = "compute length chains bond/local dist\ncompute bond chains reduce ave c_length inputs local\n" if joined else ""
    frames = (
        f"dump particles particles custom {dump_every} {dump} id type xu yu zu\n"
        f"dump_modify particles sort id format float %.6g delay {dump_from} first yes flush yes\n"
    )
    return (
        _resumed(point, settings, restart, grafted=grafted)
        + _npt(settings)
        + measure
        + f"thermo {thermo}\nthermo_style custom step temp press vol pe{' c_bond' if joined else ''}\nthermo_modify flush yes\n"
        + (f"restart {kept_every} {kept}\n" if kept else "")
        + (frames if dump else "")
        + f"run {until} upto\n"
        + (f"write_dump all custom {end} id type xu yu zu modify sort id format float %.6g\n" if end else "")
    )
