"""The tasks on labelled sets: made, described, and wrong ones."""

import pytest

from morphoscope.core import Run
from morphoscope.errors import InputError
from morphoscope.tasks import datasets


def test_a_made_set_is_described(tmp_path):
    made = Run(tmp_path / "made", seed=2)
    report = datasets.fake(made, articles=5, images_per_article=2, size_px=64)
    assert report.values["images"].value == 10
    about = datasets.describe(Run(tmp_path / "about"), made.folder, folds=2, compare_images=True)
    assert about.values["images"].value == 10
    assert about.values["tested_images_sharing_group"].value == 0
    assert {row["part"] for row in about.tables["parts"]} == {"all", "training", "test"}
    assert all(row["test_identical"] == 0 for row in about.tables["leakage"])


def test_a_random_split_is_reported_as_leaking(tmp_path):
    made = Run(tmp_path / "made", seed=2)
    datasets.fake(made, articles=5, images_per_article=2, size_px=64)
    about = datasets.describe(Run(tmp_path / "about"), made.folder, protocol="random", folds=2)
    assert about.values["tested_images_sharing_group"].value > 0
    assert any("share a group" in note for note in about.notes)


def test_the_public_split_of_a_part_of_the_set_is_refused(tmp_path, shared_data):
    with pytest.raises(InputError, match="needs the whole public set of 517"):
        datasets.describe(Run(tmp_path / "about"), shared_data / "miscibility", protocol="paper")
