"""pairvae from the door: training on stripes that goes on after a stop, and each use of what was learnt."""

import numpy as np
import pytest

from morphoscope.core import Micrograph, Pattern, Run
from morphoscope.errors import InputError
from morphoscope.io import write
from morphoscope.learn.model_folder import read_model
from morphoscope.tasks import pair_fitting
from morphoscope.tasks.pairvae_generate import generate
from morphoscope.tasks.pairvae_paper import KIND as PAPER
from morphoscope.tasks.pairvae_paper import PaperModel
from morphoscope.tasks.pairvae_reconstruct import reconstruct
from morphoscope.tasks.pairvae_retrieve import retrieve
from morphoscope.tasks.pairvae_train import train
from pairs_of_stripes import SIDE, stripes

pytestmark = pytest.mark.slow
EFFORT = 0.01


class Stopped(Exception):
    pass


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairvae")
    stripes(14, sem_only=1, saxs_only=1).save(folder / "pairs.npz")
    (folder / "run").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_fitting, "POOL", 64)
        report = train(Run(folder / "run", seed=1), data=folder / "pairs.npz", effort=EFFORT, size_px=SIDE)
    return folder, report


def pattern_file(folder, row=3, *, seed=0):
    pairs = stripes(14, seed=seed)
    path = folder / f"pattern_{seed}_{row}.h5"
    write(Pattern(pairs.saxs[row].astype(float), mask=pairs.mask[row]), path)
    return path


def sem_file(folder, row=3):
    path = folder / f"sem_{row}.png"
    write(Micrograph(0.2 + 0.6 * stripes(14).phase[row].astype(float)), path)
    return path


def fresh(folder, name):
    (folder / name).mkdir(exist_ok=True)
    return Run(folder / name)


def test_what_training_tells(trained):
    folder, report = trained
    assert report.values["pairs"].value == 12
    assert report.values["micrographs_alone"].value == report.values["patterns_alone"].value == 1
    assert (folder / "run" / report.files["model"]).exists()
    assert "12 pairs" in (folder / "run" / report.files["card"]).read_text()


def test_a_pattern_gives_micrographs(trained):
    folder, _ = trained
    run = fresh(folder, "one")
    report = reconstruct(run, pattern_file(folder), model=folder / "run", count=3)
    samples = np.load(run.file(report.files["samples"]))["samples"]
    assert samples.shape == (3, SIDE, SIDE)
    assert set(np.unique(samples)) <= {0, 1}
    chances = [row["probability"] for row in report.tables["morphology"]]
    assert sum(chances) == pytest.approx(1)
    assert chances == sorted(chances, reverse=True)
    low, high = report.curves["s2"].interval()
    assert (low <= high).all()
    assert report.values["period"].unit == "nm"
    again = reconstruct(fresh(folder, "two"), pattern_file(folder), model=folder / "run", count=3)
    assert np.array_equal(np.load(folder / "two" / again.files["samples"])["samples"], samples)


def test_a_micrograph_gives_a_pattern(trained):
    folder, _ = trained
    run = fresh(folder, "three")
    report = reconstruct(run, sem_file(folder), model=folder / "run")
    expected = np.load(run.file(report.files["expected"]))
    assert expected.shape == (SIDE, SIDE)
    assert 0 <= expected.min() <= expected.max() <= 1
    assert run.file(report.files["fft"]).exists()


def test_an_ensemble_has_statistics(trained):
    folder, _ = trained
    run = fresh(folder, "four")
    report = generate(run, pattern_file(folder), model=folder / "run", count=4)
    rows = run.file(report.files["statistics"]).read_text().splitlines()
    made = np.load(run.file(report.files["samples"]))["samples"]
    assert len(rows) == 5
    assert float(rows[2].split(",")[1]) == pytest.approx(made[1].mean(), rel=1e-4)
    assert report.values["area_fraction"].value == pytest.approx(made.mean())


def test_files_are_ranked(trained):
    folder, _ = trained
    others = tuple(pattern_file(folder, row) for row in (1, 3, 4))
    report = retrieve(fresh(folder, "five"), sem_file(folder), others, model=folder / "run")
    rows = report.tables["matches"]
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    with pytest.raises(InputError, match="none of 1 files"):
        retrieve(fresh(folder, "six"), pattern_file(folder), (pattern_file(folder, 4),), model=folder / "run")


def test_a_pattern_unlike_all_others_brings_a_warning(trained):
    folder, _ = trained
    odd = np.random.default_rng(0).random((SIDE, SIDE)) * np.linspace(0, 1, SIDE)
    write(Pattern(odd), folder / "odd.h5")
    report = reconstruct(fresh(folder, "seven"), folder / "odd.h5", model=folder / "run", count=1)
    assert report.values["unlike_training"].value > 1
    assert "unlike anything" in report.notes[0]


def test_what_cannot_be_used_is_said_in_one_sentence(trained, tmp_path):
    folder, _ = trained
    write(Pattern(np.ones((SIDE, SIDE)), mask=np.zeros((SIDE, SIDE), bool)), tmp_path / "dark.h5")
    with pytest.raises(InputError, match="masked"):
        reconstruct(Run(tmp_path), tmp_path / "dark.h5", model=folder / "run")
    write(Micrograph(np.full((20, 30), 0.5)), tmp_path / "small.png")
    with pytest.raises(InputError, match="smaller than the model's crop of 64"):
        reconstruct(Run(tmp_path), tmp_path / "small.png", model=folder / "run")
    stripes(6).save(tmp_path / "few.npz")
    with pytest.raises(InputError, match="give at least 8"):
        train(Run(tmp_path), data=tmp_path / "few.npz", size_px=SIDE)


def test_training_goes_on_after_a_stop(trained, monkeypatch):
    """Stopped while patterns are coded, it ends with the weights of the unbroken training."""
    folder, _ = trained
    monkeypatch.setattr(pair_fitting, "POOL", 64)
    (folder / "again").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(pair_fitting.learn.pair_links, "train_saxs", lambda *a, **k: (_ for _ in ()).throw(Stopped))
        with pytest.raises(Stopped):
            train(Run(folder / "again", seed=1), data=folder / "pairs.npz", effort=EFFORT, size_px=SIDE)
        patch.setattr(pair_fitting.learn.pair_generator, "train_coder", None)  # finished, so it is not asked again
    train(Run(folder / "again", seed=1), data=folder / "pairs.npz", effort=EFFORT, size_px=SIDE)
    one, other = ((folder / name / "model" / "weights.safetensors").read_bytes() for name in ("run", "again"))
    assert one == other


def test_the_published_training(tmp_path):
    """Its quick size: four reconstructions, ensembles of three variances, and a model that answers as a method."""
    stripes(8, side=64).save(tmp_path / "pairs.npz")
    report = train(Run(tmp_path), data=tmp_path / "pairs.npz", mode="paper", quick=True, effort=0.2, size_px=64)
    assert len(report.tables["medians"]) == 6
    assert {row["variance"] for row in report.tables["ensembles"]} == {"smaller", "as over the set", "larger"}
    assert (tmp_path / report.files["reconstructions"]).exists()
    model = PaperModel.from_model(read_model(tmp_path, kind=PAPER))
    pairs = stripes(3, side=64, seed=1)
    assert model.sems(pairs.saxs, pairs.mask, count=2, rng=np.random.default_rng(0)).shape == (3, 2, 64, 64)
    crops = pairs.crops(range(3), rng=np.random.default_rng(0), size_px=64)
    assert model.patterns(crops).shape == (3, 64, 64)
    assert model.similarity(crops, pairs.saxs, pairs.mask).shape == (3, 3)
    with pytest.raises(InputError, match="multiple of 32"):
        train(Run(tmp_path), data=tmp_path / "pairs.npz", mode="paper", size_px=48)
