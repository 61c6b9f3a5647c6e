"""nanonet data, train and predict."""

from __future__ import annotations

import numpy as np
import pytest

from morphoscope.app import Workspace
from morphoscope.core import Run
from morphoscope.datasets.rdfs import Rdfs, read_rdfs, write_rdfs
from morphoscope.errors import BadParameter, InputError, UnreadableFile
from morphoscope.measure import rdf
from morphoscope.tasks.rdf_ablations import sizes_of
from morphoscope.tasks.rdf_frame import alone, frame
from morphoscope.tasks.rdf_prediction import predict
from morphoscope.tasks.rdf_table import COLUMNS, data
from morphoscope.tasks.rdf_training import train

R = (np.arange(100) + 0.5) * 0.1
POINT = {"D": 3.0, "N": 40, "rho": 7e-4, "eps_nn": 0.5, "eps_pn": 0.3}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A table of a user: two peaks whose heights follow from two columns of any name."""
    rng = np.random.default_rng(0)
    salt, heat = rng.uniform(0, 1, 24), rng.uniform(1, 2, 24)
    first, second = np.exp(-(((R - 3.05) / 0.3) ** 2)), np.exp(-(((R - 4.5) / 0.5) ** 2))
    g = np.where(R < 2.8, 0, 1 + (5 * heat[:, None] - 1) * first + salt[:, None] * second)
    rows = tuple({"id": f"a{k}", "salt": float(s), "heat": float(h)} for k, (s, h) in enumerate(zip(salt, heat, strict=True)))
    path = tmp_path_factory.mktemp("own") / "own.csv"
    write_rdfs(Rdfs(rows, R, g, np.full_like(g, np.nan)), path)
    return path


def test_the_table_has_the_columns_of_the_contract(tmp_path):
    report = data(Run(tmp_path), source="pmf+mc")
    rows = report.tables["rdfs"]
    assert list(rows[0])[: len(COLUMNS)] == list(COLUMNS)
    assert {row["source"] for row in rows} == {"pmf+mc"}
    assert report.values["simulated"].value == len(rows)
    assert len(read_rdfs(tmp_path / "rdfs.csv.gz")) == len(rows)


def test_a_table_of_ones_own_is_described(own, tmp_path):
    report = data(Run(tmp_path), table=own)
    assert [row["number"] for row in report.tables["ranges"]] == ["salt", "heat"]
    assert report.tables["rdfs"][0]["first_peak_g"] > 4


@pytest.mark.parametrize(("given", "match"), [({"source": "mad"}, "source mad"), ({"table": True}, "fewer than 10 columns")])
def test_wrong_tables_are_one_sentence(tmp_path, given, match):
    if "table" in given:
        given = {"table": tmp_path / "t.csv"}
        given["table"].write_text("a,b\n1,2\n")
    with pytest.raises((InputError, UnreadableFile), match=match):
        data(Run(tmp_path), **given)


def test_two_particles_alone_are_what_is_known_before():
    g = alone(R, 3.0, 0.5)
    assert g[:25].max() < 1e-3
    assert 1.3 < g.max() < np.exp(0.5)
    assert R[g.argmax()] == pytest.approx(3 * 2 ** (1 / 6), abs=0.06)
    x = np.array([[3.0, 40, 7e-4, 0.5, 0.3], [4.2, 30, 1e-3, 2.0, 0.1]])
    both = frame(x, ("D", "N", "rho", "eps_nn", "eps_pn"), R)
    curves = np.array([alone(R, d, e) for d, e in ((3.0, 0.5), (4.2, 2.0))])
    assert np.abs(both.target(curves)).max() < 1e-9
    other = curves * np.where(R > 3.5, 2, 1)
    assert both.back(both.target(other))[0] == pytest.approx(np.log(other[0] + 0.02), abs=0.01)


def test_a_users_table_is_learnt_and_judged_on_rows_held_out(own, tmp_path):
    report = train(Run(tmp_path), data=own, folds=3, compare=False)
    assert report.values["peak_r"].value <= 0.11
    assert report.values["peak_g"].value < 0.15
    assert report.values["r2"].value > 0.95
    assert 0.8 < report.values["covered"].value <= 1
    assert len(report.tables["peak_height"]) == 24
    assert "24 rows" in (tmp_path / "model" / "card.md").read_text()
    with pytest.raises(InputError, match=r"takes salt, heat; give them as at='salt=\.\.\., heat=\.\.\.'"):
        predict(Run(tmp_path), **POINT, model=tmp_path / "model")
    answer = predict(Run(tmp_path), at="heat=1.5, salt = 0.4", model=tmp_path / "model")
    assert answer.values["first_peak_g"].value == pytest.approx(5 * 1.5, rel=0.15)
    assert answer.values["first_peak_r"].value == pytest.approx(3.05, abs=0.11)
    assert answer.values["in_range"].value == 1
    assert answer.tables["nearest"][0].keys() >= {"salt", "heat"}
    assert answer.title.startswith("g(r) at ")
    far = predict(Run(tmp_path), at="heat=3, salt=0.4", model=tmp_path / "model")
    assert "heat=3 lies beyond the simulated range" in far.notes[0]
    with pytest.raises(BadParameter, match="heat=3 lies beyond"):
        predict(Run(tmp_path), at="heat=3, salt=0.4", model=tmp_path / "model", strict=True)


@pytest.mark.parametrize(
    ("at", "match"),
    [("D=3", "N, rho, eps_nn, eps_pn is missing"), ("salt=3", "is not one number of the model"), ("D=x", "'x' of D"),
     ("D=3, D=4", "each once"), ("D=3,N=40,rho=0,eps_nn=0.1,eps_pn=0.1", "rho=0 must lie above 0")],
)  # fmt: skip
def test_numbers_the_model_does_not_take_are_one_sentence(tmp_path, at, match):
    with pytest.raises(BadParameter, match=match):
        predict(Run(tmp_path), at=at)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", b"\x1f\x8b\x08\x00cut short", b"a,\x00b\n1,2\n"])
@pytest.mark.parametrize("name", ["picture.png", "table.csv.gz"])
def test_a_picture_for_a_table_is_one_sentence(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"no table of distributions; give a CSV file") as caught:
        train(Run(tmp_path), data=path)
    assert "codec" not in str(caught.value)


def test_folds_need_compositions(own, tmp_path):
    with pytest.raises(InputError, match="too few for 20 folds"):
        train(Run(tmp_path), data=own, folds=20)


def test_the_shipped_model_answers_with_a_band(tmp_path):
    report = predict(Run(tmp_path), **POINT)
    g = report.curves["g"]
    assert len(g) == 100
    assert (g.y_low <= g.y).all()
    assert (g.y <= g.y_high).all()
    assert g.y[:15].max() < 0.02
    assert report.values["in_range"].value == 1
    assert report.tables["state"] == [{"state": rdf.state(g.x, g.y, 3.0), "basis": "simulation"}]
    assert len(report.tables["nearest"]) == 5


def test_the_shipped_model_is_made_from_the_shipped_table(tmp_path):
    """Where a composition was simulated, the answer is near to what was found."""
    table = read_rdfs()
    simulated = table.where((table.column("source") == "pmf+mc") & (table.column("converged") == 1.0))
    misses = []
    for row in list(simulated)[:5]:
        point = {name: row[name] for name in ("D", "N", "rho", "eps_nn", "eps_pn")}
        report = predict(Run(tmp_path), **{**point, "N": int(point["N"])})
        misses.append(abs(np.log(report.values["first_peak_g"].value / row["first_peak_g"])))
        assert report.values["in_range"].value == 1
    assert np.median(misses) < 0.2


def test_beyond_the_simulated_range_the_band_widens_or_strict_refuses(tmp_path):
    near, far = predict(Run(tmp_path), **POINT), predict(Run(tmp_path), **{**POINT, "D": 4.7})
    assert far.values["in_range"].value == 0
    assert "D=4.7 lies beyond" in far.notes[0]

    def width(report):
        g = report.curves["g"]
        return np.log((g.y_high + 0.02) / (g.y_low + 0.02))[-40:].mean()

    assert width(far) > 2 * width(near)
    with pytest.raises(BadParameter, match=r"D=4\.7 lies beyond the simulated range"):
        predict(Run(tmp_path), **{**POINT, "D": 4.7}, strict=True)


@pytest.mark.parametrize(("wrong", "match"), [({"rho": 0.5}, "overlap"), ({"rho": 0.0}, "no particles")])
def test_impossible_compositions_are_one_sentence(tmp_path, wrong, match):
    with pytest.raises(BadParameter, match=match):
        predict(Run(tmp_path), **{**POINT, **wrong})


@pytest.mark.slow
def test_the_papers_pipeline_gives_its_figures(own, tmp_path):
    pytest.importorskip("torch", reason="the network needs torch")
    report = train(Run(tmp_path), data=own, mode="paper", epochs=2, autoencoder="dense", compare=False)
    assert len(report.curves["loss"]) == 2
    assert {row["compositions"] for row in report.tables["methods"]} == {4}
    assert {row["part"] for row in report.tables["latent"]} == {"training", "test"}
    assert {"loss", "reconstructions", "forest", "latent", "peak_height", "peak_position"} <= set(report.figures)
    assert (tmp_path / "reconstructions.png").stat().st_size > 500
    assert report.tables["methods"][2]["peak_g"] < 0.25  # the picture read back: a row of pixels is a factor of 1.22
    assert [row["trees"] for row in report.tables["trees"]] == [1, 2, 5, 10, 20, 40, 80]
    answer = predict(Run(tmp_path), at="salt=0.4, heat=1.5", model=tmp_path / "model")
    assert answer.curves["g"].y_low.shape == (100,)
    assert "the paper gives no band" in answer.notes[0]
    first = min(report.tables["peak_height"], key=lambda row: row["id"])
    row = next(row for row in read_rdfs(own) if row["id"] == first["id"])
    same = predict(Run(tmp_path), at=f"salt={row['salt']}, heat={row['heat']}", model=tmp_path / "model")
    assert same.values["first_peak_g"].value == pytest.approx(np.exp(first["predicted_ln_g"]) - 0.02, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("text", ["", "2,x", "0", "65", "2.5"])
def test_sizes_that_are_none_are_one_sentence(text):
    with pytest.raises(BadParameter, match="is no list of whole numbers"):
        sizes_of(text)


@pytest.mark.slow
def test_the_ablations_hold_every_way_on_the_same_rows(own, tmp_path):
    pytest.importorskip("torch", reason="the network needs torch")
    report = Workspace(tmp_path).run("nanonet ablations", data=own, epochs=1, latents="8, 2")
    rows = report.tables["ablations"]
    parts = {row["part"] for row in rows}
    assert {"latent size", "trees", "dense autoencoder", "picture", "rival"} <= parts
    assert [row["varied"] for row in rows if row["part"] == "latent size"] == [2, 8]
    assert {row["compositions"] for row in rows} == {4}
    assert {"losses", "error_by_latent", "error_by_trees", "latent", "peak_height", "peak_position", "forest"} <= set(
        report.figures
    )
    with (tmp_path / "runs" / report.run / "ablations.csv").open() as file:
        assert len(file.readlines()) == len(rows) + 1


@pytest.mark.slow
def test_the_papers_network_is_scored_beside_the_rest(own, tmp_path):
    pytest.importorskip("torch", reason="the network needs torch")
    report = train(Run(tmp_path), data=own, mode="paper", epochs=1, compare=True)
    methods = [row["method"] for row in report.tables["methods"]]
    assert methods[0].startswith("the paper's network")
    assert {"default: Gaussian processes", "nearest composition", "ridge", "forest"} <= set(methods)
    assert {row["compositions"] for row in report.tables["methods"]} == {4}
    assert report.tables["methods"][3]["log_error"] < 0.3
