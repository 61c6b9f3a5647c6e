"""Labelled folders and tables, the protocols that cut them, and the simulated set."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from morphoscope.datasets import fake_blends, labelled, protocols
from morphoscope.errors import BadParameter, InputError
from morphoscope.io import read_micrograph


def fill(folder, names):
    for k, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), k, np.uint8)).save(folder / name)
    return folder


def test_class_folders_with_specimens(tmp_path):
    dataset = labelled.load(fill(tmp_path, ["good/s1/a.png", "good/s1/b.png", "bad/c.png", "bad/d.png", "bad/.hidden/e.png"]))
    assert Counter(s.label for s in dataset) == {"good": 2, "bad": 2}
    assert dataset.groups == ("bad/c.png", "bad/d.png", "good/s1")
    assert "each image counts as its own specimen" in dataset.notes[0]


def test_a_pattern_makes_groups(tmp_path):
    dataset = labelled.load(fill(tmp_path, ["x/7_a.png", "x/7_b.png", "y/8_a.png"]), group_pattern=r"(\d+)_")
    assert dataset.groups == ("7", "8")
    assert dataset.notes == ()
    with pytest.raises(BadParameter, match=r"does not match 'x/7_a.png'"):
        labelled.load(tmp_path, group_pattern="q+")
    with pytest.raises(BadParameter, match="no regular expression"):
        labelled.load(tmp_path, group_pattern="(")


def test_a_table(tmp_path):
    fill(tmp_path, ["a.png", "b.png"])
    table = tmp_path / "labels.csv"
    table.write_text("file,label,group,temperature,remark\na.png,yes,s1,20,fine\nb.png,no,s2,,\n")
    one, two = labelled.load(table)
    assert (one.label, one.group, dict(one.values), dict(one.texts)) == ("yes", "s1", {"temperature": 20.0}, {"remark": "fine"})
    assert dict(two.values) == {}


@pytest.mark.parametrize(
    "text, message",
    [
        ("file,class\na.png,x\n", "no column 'label'"),
        ("file,label\nmissing.png,x\n", "line 2: no file missing.png"),
        ("file,label\na.png,\n", "line 2: no label"),
        ("file,label\n", "no row below the header"),
        ("file,label\na.png,miscible\nb.png,Miscible \n", "look like one class in two spellings"),
        ("file,label\na.png,same\nb.png,same\n", "every image is labelled 'same'"),
        ("file,label\na.png,x\na.png,y\n", "names more than one sample"),
    ],
)
def test_a_wrong_table_gets_one_sentence(tmp_path, text, message):
    fill(tmp_path, ["a.png", "b.png"])
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        labelled.load(tmp_path / "labels.csv")


def test_an_empty_folder(tmp_path):
    with pytest.raises(InputError, match="no labelled image"):
        labelled.load(tmp_path)


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fake")
    specimens = fake_blends.write_fake(folder, rng=np.random.default_rng(1), articles=6, images_per_article=2, size_px=64)
    return folder, specimens


def test_labels_of_simulated_blends_follow_from_thermodynamics(fake):
    _, specimens = fake
    assert {s.grade for s in specimens} == set(fake_blends.KINDS)
    for specimen in specimens:
        assert (specimen.blend.state == "miscible") == (specimen.label == 1)
        assert (specimen.blend.chi > specimen.blend.chi_spinodal) == (specimen.label == 0)


def test_the_simulated_set_is_read_like_the_public_one(fake):
    folder, specimens = fake
    dataset = labelled.load(folder)
    assert {s.key: int(s.label == "miscible") for s in dataset} == {s.key: s.label for s in specimens}
    assert len(dataset.groups) == 6
    assert dataset.notes == ()
    image = read_micrograph(dataset.samples[0].files["image"])
    assert min(image.pixels.shape) >= 64


def test_the_simulated_set_repeats(fake, tmp_path):
    folder, _ = fake
    fake_blends.write_fake(tmp_path, rng=np.random.default_rng(1), articles=1, images_per_article=2, size_px=64)
    for path in (tmp_path / "Total_checked").iterdir():
        assert path.read_bytes() == (folder / "Total_checked" / path.name).read_bytes()


def test_grouped_splits_keep_articles_together_and_random_ones_do_not(shared_data):
    dataset = labelled.load(shared_data / "miscibility")
    for protocol, shared in (("grouped", False), ("random", True)):
        cuts = list(protocols.splits(dataset, protocol, folds=5, repeats=2, seed=3))
        assert len(cuts) == 10
        assert any(set(c.train.groups) & set(c.test.groups) for c in cuts) is shared
        for repeat in (0, 1):
            tested = [s.key for c in cuts if c.repeat == repeat for s in c.test]
            assert sorted(tested) == sorted(s.key for s in dataset)
    assert cuts[0].test.samples != cuts[5].test.samples


def test_protocols_refuse_what_cannot_be_split(tmp_path):
    dataset = labelled.load(fill(tmp_path, ["x/a.png", "x/b.png", "y/c.png"]))
    with pytest.raises(InputError, match="the class 'y' has one image"):
        next(protocols.splits(dataset, "grouped"))
    with pytest.raises(BadParameter, match="choose grouped, random, paper"):
        next(protocols.splits(dataset, "best"))
