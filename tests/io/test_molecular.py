"""Binary trajectories, written by their own libraries and others', and read again."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from morphoscope.errors import MissingDependency, UnreadableFile
from morphoscope.io import read

FRAMES, COUNT, BOX = 3, 7, np.array([20.0, 21.0, 22.0])
PLACES = np.random.default_rng(0).uniform(0, 20, (FRAMES, COUNT, 3)).astype(np.float32)


def written(path: Path) -> Path:
    """``PLACES`` (in angstrom) as MDAnalysis writes them."""
    analysis = pytest.importorskip("MDAnalysis", reason="MDAnalysis is not installed")
    universe = analysis.Universe.empty(COUNT, trajectory=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with analysis.Writer(str(path), n_atoms=COUNT) as file:
            for frame in PLACES:
                universe.atoms.positions = frame
                universe.dimensions = [*BOX, 90, 90, 90]
                file.write(universe.atoms)
    return path


@pytest.mark.parametrize(("suffix", "scale", "unit"), [(".dcd", 1.0, "length"), (".xtc", 0.1, "nm"), (".trr", 0.1, "nm")])
def test_positions_and_boxes_of_other_programs(tmp_path: Path, suffix: str, scale: float, unit: str) -> None:
    pytest.importorskip("chemfiles", reason="chemfiles is not installed")
    found = read(written(tmp_path / f"a{suffix}"))
    np.testing.assert_allclose(found.positions, PLACES * scale, atol=0.006 * scale)
    np.testing.assert_allclose(found.lengths, np.tile(BOX * scale, (FRAMES, 1)), rtol=1e-5)
    assert found.unit == unit
    assert len(read(tmp_path / f"a{suffix}", frames=slice(1, 2))) == 1


def test_gsd_with_types_and_images(tmp_path: Path) -> None:
    hoomd = pytest.importorskip("gsd.hoomd", reason="gsd is not installed")
    with hoomd.open(str(tmp_path / "a.gsd"), "w") as file:
        for k, frame in enumerate(PLACES):
            one = hoomd.Frame()
            one.configuration.step = 100 * k
            one.configuration.box = [*BOX, 0, 0, 0]
            one.particles.N = COUNT
            one.particles.position = frame - BOX / 2
            one.particles.types = ["bead", "particle"]
            one.particles.typeid = [0] * 5 + [1] * 2
            one.particles.image = np.full((COUNT, 3), k)
            file.append(one)
    found = read(tmp_path / "a.gsd")
    np.testing.assert_allclose(found.positions[2], PLACES[2] + 2 * BOX, atol=1e-5)
    assert found.types.tolist() == [1] * 5 + [2] * 2
    assert found.times.tolist() == [0, 100, 200]
    (tmp_path / "a.gsd").write_bytes((tmp_path / "a.gsd").read_bytes()[:300])
    with pytest.raises(UnreadableFile, match=r"^a\.gsd: "):
        read(tmp_path / "a.gsd")


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("chemfiles", reason="chemfiles is not installed")
    whole = written(tmp_path / "a.dcd").read_bytes()
    (tmp_path / "a.dcd").write_bytes(whole[: len(whole) // 2])
    try:
        assert len(read(tmp_path / "a.dcd")) < FRAMES
    except UnreadableFile as error:
        assert "\n" not in str(error)  # noqa: PT017
    (tmp_path / "b.xtc").write_bytes(b"no trajectory at all")
    with pytest.raises(UnreadableFile, match=r"^b\.xtc: "):
        read(tmp_path / "b.xtc")


@pytest.mark.parametrize(("package", "module", "suffix"), [("chemfiles", "molecular", ".xtc"), ("gsd", "gsd", ".gsd")])
def test_without_the_package_its_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, module: str, suffix: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"morphoscope.io.{module}", raising=False)
    (tmp_path / f"a{suffix}").write_bytes(b"something")
    with pytest.raises(MissingDependency, match=r"morphoscope\[trajectories\]"):
        read(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("suffix", [".dcd", ".xtc", ".trr"])
def test_a_cut_end_costs_one_frame_and_damage_within_is_one_sentence(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("chemfiles", reason="chemfiles is not installed")
    path = written(tmp_path / f"a{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    assert len(read(path)) == FRAMES - 1
    middle = len(whole) // 2
    path.write_bytes(whole[: middle - 60] + b"\xff" * 120 + whole[middle + 60 :])
    with pytest.raises(UnreadableFile, match=rf"^a\{suffix}: (frame [123]|is no).* (damaged|numbers)") as caught:
        read(path)
    assert str(tmp_path) not in str(caught.value)


def test_places_that_are_no_numbers_are_one_sentence(tmp_path: Path) -> None:
    hoomd = pytest.importorskip("gsd.hoomd", reason="gsd is not installed")
    with hoomd.open(str(tmp_path / "a.gsd"), "w") as file:
        one = hoomd.Frame()
        one.configuration.box = [*BOX, 0, 0, 0]
        one.particles.N = COUNT
        one.particles.position = np.full((COUNT, 3), np.nan)
        file.append(one)
    with pytest.raises(UnreadableFile, match=r"^a\.gsd: holds places or boxes that are not numbers"):
        read(tmp_path / "a.gsd")
