"""Pairs simulated into a folder, and the methods scored on them, as a user would."""

import json

import pytest

from morphoscope.app import Workspace
from morphoscope.core import Micrograph, Pattern
from morphoscope.datasets import fake_pairs
from morphoscope.errors import BadParameter, InputError
from morphoscope.io import read

CONTRACT = ("s2_mae", "s2_mae_mean10", "lineal_mae", "frechet", "saxs_mae", "recall_at_1")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("pairs"))
    with pytest.MonkeyPatch.context() as patch:  # fewer and smaller films in the beam, for speed
        patch.setattr(fake_pairs, "REPLICAS", 2)
        patch.setattr(fake_pairs, "REPLICA_PX", 96)
        yield workspace, workspace.run("pairvae simulate", count=8, height_px=200, width_px=224, seed=3)


def test_the_folder_holds_readable_pairs(simulated):
    workspace, report = simulated
    folder = workspace.runs / report.run
    rows = report.tables["pairs"]
    assert [row["morphology"] for row in rows][:4] == ["hexagonal", "skew", "alternating lines", "ladders"]
    assert isinstance(read(folder / rows[0]["sem"]), Micrograph)
    pattern = read(folder / rows[0]["saxs"])
    assert isinstance(pattern, Pattern)
    assert pattern.q_per_nm is not None
    assert not pattern.mask.all()
    assert (folder / report.files["sheet"]).stat().st_size > 10_000


def test_lost_partners_are_left_out_of_the_table(simulated):
    workspace, _ = simulated
    report = workspace.run("pairvae simulate", count=4, height_px=192, width_px=192, seed=3, lose=0.8)
    assert report.values["without_partner"].value == sum(not (r["sem"] and r["saxs"]) for r in report.tables["pairs"]) > 0
    with pytest.raises(InputError, match="has no partner; complete the row, or allow missing partners"):
        workspace.run("pairvae evaluate", data=workspace.runs / report.run, train=2, seeds=1)


def test_every_method_has_the_columns_of_the_contract(simulated):
    workspace, report = simulated
    found = workspace.run("pairvae evaluate", data=workspace.runs / report.run, train=4, seeds=2, samples=2)
    rows = json.loads(found.to_json())["tables"]["methods"]
    assert {"another crop", "nearest neighbour", "random", "random field", "mean image", "FFT of the SEM"} <= {
        row["method"] for row in rows
    }
    for row in rows:
        for name in CONTRACT:
            assert {name, f"{name}_low", f"{name}_high"} <= set(row)
            if row[name] is not None:
                assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
    ceiling, random = (next(r for r in rows if r["method"] == name) for name in ("another crop", "random"))
    assert ceiling["s2_mae"] < random["s2_mae"]


def test_wrong_questions_end_in_one_sentence(simulated):
    workspace, report = simulated
    folder = workspace.runs / report.run
    with pytest.raises(InputError, match="leave 0 to test after 8"):
        workspace.run("pairvae evaluate", data=folder, train=8, seeds=1)
    with pytest.raises(InputError, match="smaller than the crop of 256"):
        workspace.run("pairvae evaluate", data=folder, train=4, seeds=1, size_px=256)
    with pytest.raises(BadParameter, match="height_px"):
        workspace.run("pairvae simulate", count=1, height_px=10)
