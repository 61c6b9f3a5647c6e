"""The page of nanocomposites: what its sliders ask for."""

import importlib.util

import numpy as np
import pytest

from morphoscope.core import Run
from morphoscope.tasks.rdf_prediction import predict

POINT = {"D": 3, "N": 40, "rho": 0.001, "eps_nn": 0.5, "eps_pn": 0.4}
needs_numba = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="Monte Carlo in seconds needs numba")


def test_the_page_names_five_sliders_and_its_twin_their_limits(client):
    page = client.get("/nanonet").text
    told = client.get("/nanonet.json").json()
    assert [s["name"] for s in told["sliders"]] == ["D", "N", "rho", "eps_nn", "eps_pn"]
    for slider in told["sliders"]:
        assert f'id="{slider["name"]}"' in page
        assert slider["low"] <= slider["value"] <= slider["high"]
    assert 'aria-current="page">Nanonet' in page


def test_the_curve_is_the_task_s_and_takes_less_than_50_ms(client, tmp_path):
    told = [client.get("/nanonet/curve.json", params=POINT).json() for _ in range(5)][-1]
    report = predict(Run(tmp_path), **POINT)
    assert told["g"] == pytest.approx(report.curves["g"].y, rel=1e-3)
    assert told["high"] == pytest.approx(report.curves["g"].y_high, rel=1e-3)
    assert told["state"] == report.tables["state"][0]["state"]
    assert told["in_range"]
    assert not client.get("/nanonet/curve.json", params={**POINT, "D": 4.5}).json()["in_range"]
    taken = [client.get("/nanonet/curve.json", params={**POINT, "eps_pn": 0.1 + k / 50}).json()["milliseconds"] for k in range(9)]
    assert np.median(taken) < 50


def test_the_map_agrees_with_the_curve(client):
    told = client.get("/nanonet/map.json", params={**POINT, "across": "eps_pn", "up": "rho"}).json()
    states, across, up = np.array(told["state"]), told["axes"]["eps_pn"], told["axes"]["rho"]
    assert states.shape == (len(up), len(across))
    for i, j in ((0, 0), (20, 5), (31, 31)):
        one = client.get("/nanonet/curve.json", params={**POINT, "eps_pn": across[i], "rho": up[j]}).json()
        assert told["states"][states[j, i]] == one["state"]
        assert bool(told["inside"][j][i]) == one["in_range"]
    whole = client.get("/nanonet/map.json", params={**POINT, "across": "N", "up": "D"}).json()
    assert whole["axes"]["N"] == list(range(25, 41))


@pytest.mark.parametrize(
    ("path", "given", "words"),
    [("curve", {"rho": "0.3"}, "overlap"), ("curve", {"D": "wide"}, "is not a number"), ("curve", {"rho": "0"}, "no particles"),
     ("map", {"across": "rho", "up": "rho"}, "two different ones"), ("particles", {"N": "3.5"}, "whole number")],
)  # fmt: skip
def test_a_wrong_composition_is_one_sentence(client, path, given, words):
    answer = client.get(f"/nanonet/{path}.json", params={**POINT, **given})
    assert answer.status_code == 422
    assert words in answer.json()["error"]


@needs_numba
@pytest.mark.slow
def test_the_particles_are_those_of_the_state(client):
    told = {eps: client.get("/nanonet/particles.json", params={**POINT, "eps_pn": eps}).json() for eps in (0.1, 0.9)}
    alone = {}
    for eps, one in told.items():
        x = np.array(one["positions"])
        assert x.shape == (64, 3)
        assert one["box"] == pytest.approx(40, abs=0.01)
        assert one["source"] == "simulated potential"
        apart = x[:, None] - x[None]
        apart -= one["box"] * np.rint(apart / one["box"])
        near = np.sqrt((apart**2).sum(-1)) + 99 * np.eye(64)
        assert near.min() > 2
        alone[eps] = (near.min(0) > 3.5).mean()
    assert alone[0.1] < 0.2 < 0.5 < alone[0.9]
    assert client.get("/nanonet/particles.json", params={**POINT, "D": 4.2}).json()["source"] == "theory (PRISM)"
