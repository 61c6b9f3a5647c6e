"""The blend task: answers, files with their scale, and going on after a kill."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.core import Run
from morphoscope.errors import Cancelled
from morphoscope.io import read_micrograph
from morphoscope.physics.blend import Blend
from morphoscope.tasks.blend import simulate

QUICK = {"size_px": 64, "time": 60.0}


def test_an_immiscible_blend(tmp_path):
    report = simulate(Run(tmp_path, seed=1), **QUICK, pixel_size_nm=5.0)
    low, high = Blend(0.03).binodal()
    assert report.values["chi_spinodal"].value == pytest.approx(0.02)
    assert report.values["phase_poor"].value == pytest.approx(low, abs=0.03)
    assert report.values["phase_rich"].value == pytest.approx(high, abs=0.03)
    assert 40 < report.values["domain_size_nm"].value < 160
    assert report.notes[0].startswith("theory: immiscible")
    sizes = report.curves["domain_size"]
    assert sizes.y[-1] == pytest.approx(report.values["domain_size_nm"].value)
    for name in ("micrograph", "micrograph_ome_tiff"):
        image = read_micrograph(tmp_path / report.files[name])
        assert image.pixel_size_nm == pytest.approx((5.0, 5.0))
        assert (image.width_px, image.height_px) == (64, 80)
    field = np.load(tmp_path / report.files["composition"])
    assert field.mean() == pytest.approx(0.5, abs=1e-12)


def test_twice_the_pixel_is_twice_the_domain(tmp_path):
    small, large = (simulate(Run(tmp_path / str(p), seed=1), **QUICK, pixel_size_nm=p) for p in (5.0, 10.0))
    assert large.values["domain_size_nm"].value == pytest.approx(2 * small.values["domain_size_nm"].value)


@pytest.mark.parametrize(("given", "theory"), [({"chi": 0.015}, "miscible"), ({"composition": 0.12}, "metastable")])
def test_what_does_not_separate_says_so(tmp_path, given, theory):
    report = simulate(Run(tmp_path), **QUICK, **given)
    assert report.values["domain_size_nm"].value is None
    assert "phase_poor" not in report.values
    assert report.notes[0].startswith(f"theory: {theory}")


def test_too_short_a_time_says_so(tmp_path):
    notes = simulate(Run(tmp_path), size_px=64, time=1.0).notes
    assert "it has not separated yet; give it more time" in notes


def test_no_time_at_all_is_the_mixed_start(tmp_path):
    simulate(Run(tmp_path), size_px=64, time=0.0, bar="none")
    assert np.load(tmp_path / "composition.npy").std() == pytest.approx(0.005, rel=0.1)


def test_a_killed_run_goes_on_and_gives_the_identical_answer(tmp_path):
    whole = simulate(Run(tmp_path / "whole", seed=5), **QUICK)

    def stop(done, total, note):
        if done > 30:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        simulate(Run(tmp_path / "cut", seed=5, tell=stop), **QUICK)
    told = []
    again = simulate(Run(tmp_path / "cut", seed=5, tell=lambda done, total, note: told.append(done)), **QUICK)
    assert min(told) > 20
    assert again.to_json() == whole.to_json()
    for name in again.files.values():
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_another_seed_is_another_specimen(tmp_path):
    one, two = (simulate(Run(tmp_path / str(seed), seed=seed), **QUICK) for seed in (1, 2))
    assert one.values["domain_size_nm"].value != two.values["domain_size_nm"].value
