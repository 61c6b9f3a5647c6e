"""Networks behind the miscibility tasks: scores beside the descriptors', resumed after a kill, and used by predict."""

import csv
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from morphoscope.app import Workspace
from morphoscope.core import Micrograph, Run
from morphoscope.datasets import fake_blends
from morphoscope.errors import BadParameter, Cancelled, InputError
from morphoscope.tasks import (
    miscibility,
    miscibility_evaluate,
    miscibility_explain,
    miscibility_training,
    network_explanation,
    network_pictures,
    networks,
)
from morphoscope.tasks.network_pictures import square

CAMPAIGN = Path(__file__).parents[2] / "experiments" / "miscibility" / "run.py"
TINY = {"model": "mobilenetv3_small_050", "quick": True, "folds": 2, "size_px": 32, "batch": 8, "validation": 0.3}


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fake")
    fake_blends.write_fake(folder, rng=np.random.default_rng(3), articles=8, images_per_article=2, size_px=64)
    return folder


@pytest.fixture(autouse=True)
def without_words(request, monkeypatch):
    """As without the extra that finds words, which saves seconds; the slow test has it."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr(network_pictures, "reader", lambda: None)
        monkeypatch.setattr(network_explanation, "reader", lambda: None)


@pytest.fixture(scope="module")
def trained(fake, tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("trained"), device="cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network_pictures, "reader", lambda: None)
        return run, miscibility_training.train(run, data=fake, seeds=2, **TINY)


def test_a_network_is_reported_like_the_descriptors_and_beside_them(trained):
    run, report = trained
    assert {"auroc", "balanced_accuracy", "accuracy", "f1_miscible", "ece"} <= set(report.values)
    names = [row["model"] for row in report.tables["models"]]
    assert names[:3] == ["mobilenetv3_small_050, from scratch", "descriptors, logistic regression", "majority class"]
    rules = report.tables["epoch_chosen"]
    assert [row["epoch_rule"] for row in rules[:3]] == ["best on test", "last", "chosen on validation"]
    assert all(row["tp"] + row["fp"] + row["fn"] + row["tn"] == 16 for row in rules)
    assert rules[0]["accuracy"] >= max(rules[1]["accuracy"], rules[2]["accuracy"])
    with open(run.folder / "epochs.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == (2 + 1) * 2 * 2  # (folds and the final one) x seeds x epochs
    assert (
        "from scratch" in (run.folder / "model" / "card.md").read_text()
        or "no earlier" in (run.folder / "model" / "card.md").read_text()
    )


def test_predict_takes_a_network(trained, fake, tmp_path):
    run, _ = trained
    (tmp_path / "some").mkdir()
    for path in sorted((fake / "Total_checked").iterdir())[:3]:
        (tmp_path / "some" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "some" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    rows = miscibility.predict(Run(tmp_path / "run", device="cpu"), (tmp_path / "some",), model=run.folder).tables["predictions"]
    assert len(rows) == 4
    assert sum(row["logit"] is None for row in rows) == 1
    assert all(0 < row["p_miscible"] < 1 for row in rows if not row["abstained"])


def test_a_network_is_explained_by_a_map_with_its_checks(trained, fake, tmp_path):
    run, _ = trained
    image = sorted((fake / "Total_checked").iterdir())[0]
    report = miscibility_explain.explain(Run(tmp_path, device="cpu"), (image,), model=run.folder)
    told = report.tables["images"][0]
    judged = miscibility.predict(Run(tmp_path, device="cpu"), (image,), model=run.folder).tables["predictions"][0]
    assert told["logit"] == pytest.approx(judged["logit"])
    assert -1 <= told["map_other_seeds_r"] <= 1
    assert all(0 <= told[name] < 1 for name in ("map_random_head_r", "map_random_weights_r"))
    assert report.curves["deletion"].y[0] == pytest.approx(told["logit"], abs=1e-4)
    assert report.curves["insertion"].y[-1] == pytest.approx(told["logit"], abs=1e-4)
    assert {"map", "droplets"} <= set(report.files)
    assert report.tables["parts"][0]["where_for"] > 0
    assert "speak most for miscible" in report.tables["reasons"][1]["reason"]


def test_a_map_lies_where_the_network_looked():
    whole = Micrograph(np.zeros((40, 100), np.float32))
    made = network_explanation.on_whole(np.ones((20, 20)), whole)
    assert made.shape == (20, 50)
    assert made[:, 15:35].all()
    assert made.sum() == 400


def test_what_a_map_points_at_is_told_in_words():
    seen = np.full((40, 40), 60, np.uint8)
    seen[:, 20:] = np.where(np.indices((40, 20)).sum(axis=0) % 2, 250, 90)
    grid = np.tile(np.linspace(1, -1, 10), (10, 1))
    parts = network_explanation.compared(seen, grid)
    assert network_explanation.in_words(parts, grid) == [
        "the parts that speak most for miscible are darker, smoother, softer than those that speak most against"
    ]
    assert "flat" in network_explanation.in_words(parts, 0 * grid)[0]


@pytest.mark.slow
def test_evaluate_takes_a_network_and_its_control(trained, fake, tmp_path):
    run, _ = trained
    report = miscibility_evaluate.evaluate(Run(tmp_path, device="cpu"), data=fake, model=run.folder)
    assert report.tables["parts"][0]["images"] == 16
    painted = report.values["painted_auroc"]
    assert painted.low <= painted.value <= painted.high
    with open(tmp_path / "evaluated.csv", newline="") as file:
        asked = {row["file"]: row["logit"] for row in csv.DictReader(file)}
    told = miscibility.predict(Run(tmp_path / "p", device="cpu"), (fake / "Total_checked",), model=run.folder)
    assert all(float(asked[row["file"]]) == pytest.approx(row["logit"]) for row in told.tables["predictions"])


@pytest.mark.slow
def test_a_killed_training_goes_on_with_the_same_bits(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(networks, "CHECKPOINT_EVERY_S", 0.0)
    whole = Run(tmp_path / "whole", device="cpu")
    whole.folder.mkdir()
    first = miscibility_training.train(whole, data=fake, **TINY)

    def stop(done, total, note):
        if "training 2 of 3, epoch 1 of 2" in note:
            raise Cancelled

    (tmp_path / "cut").mkdir()
    with pytest.raises(Cancelled):
        miscibility_training.train(Run(tmp_path / "cut", device="cpu", tell=stop), data=fake, **TINY)
    notes = []
    again = Run(tmp_path / "cut", device="cpu", tell=lambda done, total, note: notes.append(note))
    second = miscibility_training.train(again, data=fake, **TINY)
    assert not any("training 1 of 3" in note or "training 2 of 3, epoch 1 " in note for note in notes)
    assert {k: q.value for k, q in first.values.items()} == {k: q.value for k, q in second.values.items()}
    for name in ("model/weights.safetensors", "epochs.csv", "held_out.csv"):
        assert (whole.folder / name).read_bytes() == (again.folder / name).read_bytes()


@pytest.mark.slow
def test_the_paper_protocol_keeps_the_network_of_the_training_part(fake, tmp_path, monkeypatch):
    names = sorted(path.stem.rpartition("_")[0] for path in (fake / "Total_checked").iterdir())
    monkeypatch.setattr("morphoscope.datasets.polymer_sem.split.open_keys", lambda: frozenset(set(names) - set(names[::4])))
    report = miscibility_training.train(Run(tmp_path, device="cpu"), data=fake, protocol="paper", **TINY)
    assert sum(report.tables["epoch_chosen"][0][name] for name in ("tp", "fp", "fn", "tn")) == 4
    assert "1 trainings of up to 2 epochs" in " ".join(report.notes)
    assert any("share an article" in note for note in report.notes)


def test_weights_are_part_of_the_question(fake, tmp_path):
    workspace = Workspace(tmp_path / "ws")
    weights = tmp_path / "w.pth"
    ids = []
    for given, content in (("none", b""), (weights, b"a"), (weights, b"bb")):
        weights.write_bytes(content)
        raw = {"data": str(fake), "model": "resnet18", "weights": str(given)}
        ids.append(workspace.question("miscibility train", raw=raw).id)
    assert len(set(ids)) == 3


def test_what_does_not_fit_is_one_sentence(fake, tmp_path):
    with pytest.raises(BadParameter, match="seeds: 3 belongs to networks; name one by model"):
        miscibility_training.train(Run(tmp_path), data=fake, seeds=3)
    with pytest.raises(InputError, match="no weights here"):
        miscibility_training.train(Run(tmp_path), data=fake, model="resnet18", weights=tmp_path / "w.pth")
    if not torch.cuda.is_available():
        with pytest.raises(BadParameter, match="torch finds no GPU on this machine"):
            miscibility_training.train(Run(tmp_path, device="cuda"), data=fake, **TINY)


def test_too_few_groups_for_a_validation_part(fake, tmp_path):
    with pytest.raises(InputError, match="in 4 groups cannot give 1% for validation and keep every class"):
        miscibility_training.train(Run(tmp_path, device="cpu"), data=fake, **(TINY | {"validation": 0.01}))


def test_the_square_has_no_data_bar(fake, tmp_path):
    """The words of the bar are filled: two pictures that differ there only look the same to a network."""
    path = sorted((fake / "Total_checked").iterdir())[0]
    plane = np.array(Image.open(path).convert("L"))
    changed = plane.copy()
    changed[-4:-2] = 255 - changed[-4:-2]
    Image.fromarray(changed).save(tmp_path / path.name)
    one, other = (square(where, side_px=64, words=None)[0] for where in (path, tmp_path / path.name))
    assert np.abs(one.astype(int) - other.astype(int)).max() <= 2


@pytest.mark.slow
def test_the_campaign_behind_the_tables(tmp_path):
    """A row for each training that is done; what a protocol refuses is told and the rest goes on."""
    fake = tmp_path / "fake"
    fake_blends.write_fake(fake, rng=np.random.default_rng(3), articles=18, images_per_article=1, size_px=64)
    command = [sys.executable, CAMPAIGN, "--data", fake, "--workspace", tmp_path / "ws", "--out", tmp_path, "--check"]
    command += ["--models", TINY["model"], "--weights", "none", "--protocols", "grouped", "paper", "--seeds", "1"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    assert "paper, seed 0: polymer_sem: it holds 0 of the paper's 400 training images" in done.stdout
    with open(tmp_path / "runs.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["model"], row["protocol"], row["seed"]) == (TINY["model"], "grouped", "0")
    assert sum(int(row[f"selected_{name}"]) for name in ("tp", "fp", "fn", "tn")) == 18
    with open(tmp_path / "epochs.csv", newline="") as file:
        assert {each["cut"] for each in csv.DictReader(file)} == {"0", "1", "2", "all"}
    with open(tmp_path / "held_out" / f"{TINY['model']}_scratch_check.csv", newline="") as file:
        held = list(csv.DictReader(file))
    assert len(held) == 18
    assert all(np.isfinite(float(each["logit_0"])) for each in held)


def test_the_figures_are_drawn_from_the_committed_tables(tmp_path):
    page = tmp_path / "figures.html"
    subprocess.run([sys.executable, CAMPAIGN.with_name("figures.py"), "--out", page], check=True, capture_output=True)
    text = page.read_text(encoding="utf-8")
    assert all(f"Figure {number}: " in text for number in (4, 5, 6, 7))


def test_tables_keep_the_rows_of_other_trainings(tmp_path):
    run = runpy.run_path(str(CAMPAIGN))
    named = {"model": "resnet18", "weights": "none", "protocol": "grouped", "recipe": "quick"}
    run["write"](tmp_path / "runs.csv", [named | {"seed": seed, "auroc": 0.5} for seed in (0, 1)])
    rows = run["added"](tmp_path / "runs.csv", [named | {"seed": 1, "auroc": 0.75}])
    assert [(int(row["seed"]), float(row["auroc"])) for row in rows] == [(0, 0.5), (1, 0.75)]


def test_what_earlier_training_brings_is_a_paired_difference(tmp_path):
    """The same images and seeds: a start that adds evidence to the right class has a difference above 0, itself has none."""
    tables = runpy.run_path(str(CAMPAIGN.with_name("tables.py")))
    tables["pretraining"].__globals__.update(HERE=tmp_path, OUT=tmp_path)
    (tmp_path / "held_out").mkdir()
    rng = np.random.default_rng(0)
    truth = rng.random(60) < 0.4
    for start, gain, seeds in (("scratch", 0.3, (0, 1)), ("simulated", 1.5, (0, 1, 2))):
        rows = [
            {"file": f"{k}.png", "label": ("immiscible", "miscible")[int(truth[k])], "group": f"article {k // 2}", "grade": ""}
            | {f"logit_{seed}": gain * (2 * truth[k] - 1) + rng.standard_normal() for seed in seeds}
            for k in range(60)
        ]
        runpy.run_path(str(CAMPAIGN))["write"](tmp_path / "held_out" / f"resnet18_{start}_quick.csv", rows)
    tables["pretraining"]()
    with open(tmp_path / "pretraining.csv", newline="") as file:
        scratch, simulated = csv.DictReader(file)
    assert (scratch["weights"], scratch["auroc_less_scratch"], simulated["weights"]) == ("scratch", "", "simulated")
    assert simulated["seeds"] == "0 1"
    assert 0 < float(simulated["auroc_less_scratch_low"]) < float(simulated["auroc_less_scratch"])
    assert float(simulated["auroc"]) - float(scratch["auroc"]) == pytest.approx(float(simulated["auroc_less_scratch"]), abs=2e-4)


@pytest.mark.slow
def test_a_resnet_of_the_paper_in_its_quick_size(fake, tmp_path):
    report = miscibility_training.train(
        Run(tmp_path, device="cpu"), data=fake, model="resnet18", quick=True, augment="paper", folds=2, validation=0.3
    )
    assert report.values["auroc"].low <= report.values["auroc"].value <= report.values["auroc"].high
    assert len(report.curves["training"].x) == 2
