"""A split with known leaks is seen through, in words; one without is not accused."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from morphoscope.core import Dataset, Sample
from morphoscope.datasets import Pair, find_leaks
from morphoscope.errors import UnreadableFile


def picture(path: Path, seed: int, change: str = "") -> Path:
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal((180, 240)), rng.uniform(2, 5))
    grey = 0.5 + 0.35 * np.tanh(field / field.std())
    if change == "turned":
        grey = np.rot90(grey)
    if change == "cropped":
        grey = grey[20:140, 30:190]
    Image.fromarray((255 * grey).astype(np.uint8)).save(path)
    return path


def rows(name: str, files: dict[str, Path], groups: dict[str, str] | None = None) -> Dataset:
    return Dataset(
        name, tuple(Sample(key, (groups or {}).get(key, key), {"image": path}) for key, path in files.items()), "CC0", "nobody"
    )


@pytest.fixture
def four(tmp_path: Path) -> dict[str, Path]:
    return {f"a{seed}": picture(tmp_path / f"a{seed}.png", seed) for seed in range(4)}


def test_a_clean_split_is_called_clean_and_says_what_was_compared(tmp_path, four):
    test = rows("made", {f"b{seed}": picture(tmp_path / f"b{seed}.png", seed) for seed in range(10, 13)})
    leaks = find_leaks(rows("made", four), test)
    assert not leaks
    assert str(leaks) == (
        "made: 4 training rows and 3 test rows share no group, no key and no byte-identical file. Among 4 training images and "
        "3 test images none is a turned, mirrored, cropped, rescaled, recompressed or brightened copy of another."
    )


def test_every_kind_of_leak_is_named_in_one_sentence(tmp_path, four):
    copy = Path(shutil.copy(four["a2"], tmp_path / "renamed.png"))
    test = rows(
        "made",
        {
            "b0": picture(tmp_path / "b0.png", 0, "turned"),
            "b1": picture(tmp_path / "b1.jpg", 1, "cropped"),
            "b2": copy,
            "a3": picture(tmp_path / "b3.png", 33),
            "b4": picture(tmp_path / "b4.png", 34),
        },
        {"b4": "a0", "b1": "a0"},
    )
    leaks = find_leaks(rows("made", four), test)
    assert leaks
    assert leaks.groups == (("a0", 1, 2), ("a3", 1, 1))
    assert leaks.keys == ("a3",)
    assert leaks.identical == (Pair("a2", "b2", four["a2"], copy),)
    assert {(pair.train_key, pair.test_key) for pair in leaks.similar} == {("a0", "b0"), ("a1", "b1")}
    assert all(0.7 <= pair.score <= 1 for pair in leaks.similar)
    text = leaks.sentence()
    assert "3 of 5 test rows come from a group that is also in training (such as 'a0')" in text
    assert "1 key stands in both parts (such as 'a3')" in text
    assert "1 test file is byte-identical to a training file, e.g. a2.png = renamed.png" in text
    assert "2 of 5 test images are near-duplicates of a training image, e.g. a0.png ~ b0.png (1.00)" in text
    assert "scores on this split will be too good. Looked at 4 training images and 5 test images." in text
    with pytest.raises(dataclasses.FrozenInstanceError):
        leaks.keys = ()


def test_without_images_only_names_and_bytes_are_compared_and_it_says_so(tmp_path, four):
    test = rows("test", {"b": picture(tmp_path / "b.png", 0, "turned"), "c": four["a1"]})
    leaks = find_leaks(rows("train", four), test, images=False)
    assert leaks.similar == ()
    assert [pair.test_key for pair in leaks.identical] == ["c"]
    assert str(leaks).startswith("train against test: 1 test file is byte-identical to a training file, e.g. a1.png = a1.png;")
    assert str(leaks).endswith("Images were not compared.")


def test_files_that_are_no_pictures_are_compared_by_bytes(tmp_path):
    for name, text in (("a.xyz", "1 2\n3 4\n"), ("b.xyz", "1 2\n3 4\n"), ("c.xyz", "5 6\n")):
        (tmp_path / name).write_text(text)
    leaks = find_leaks(rows("made", {"a": tmp_path / "a.xyz"}), rows("made", {"b": tmp_path / "b.xyz", "c": tmp_path / "c.xyz"}))
    assert [(pair.train_key, pair.test_key) for pair in leaks.identical] == [("a", "b")]
    assert "Images could not be compared: there are 0 training images and 0 test images." in str(leaks)


def test_a_broken_picture_is_named_and_a_missing_one_is_an_error(tmp_path, four):
    broken = tmp_path / "broken.png"
    broken.write_bytes(four["a0"].read_bytes()[:60])
    leaks = find_leaks(rows("made", four), rows("made", {"b": broken, "c": picture(tmp_path / "c.png", 20)}))
    assert leaks.test_images == 1
    assert "Not compared because unreadable: 1 file (broken.png: " in str(leaks)
    with pytest.raises(UnreadableFile, match=r"gone\.png: no such file"):
        find_leaks(rows("made", four), rows("made", {"b": tmp_path / "gone.png"}))


def test_a_grouped_split_passes_where_a_random_one_does_not(tmp_path):
    """Two halves of one picture belong to one group: Dataset.split keeps them together, chance does not."""
    samples = []
    for seed in range(6):
        for part, change in (("whole", ""), ("part", "cropped")):
            path = picture(tmp_path / f"{seed}_{part}.png", seed, change)
            samples.append(Sample(f"{seed}_{part}", str(seed), {"image": path}))
    data = Dataset("made", tuple(samples), "CC0", "nobody")
    assert not find_leaks(*data.split(0.33, seed=0))
    alternating = [dataclasses.replace(data, samples=tuple(samples[k::2])) for k in (0, 1)]
    leaks = find_leaks(*alternating)
    assert "6 of 6 test rows come from a group" in str(leaks)
    assert "6 of 6 test images are near-duplicates" in str(leaks)


@pytest.mark.slow
def test_articles_that_printed_a_picture_twice_are_found(shared_data):
    """Four pairs of images stand in two articles each; grouping by article alone cannot keep them apart."""
    root = shared_data / "miscibility" / "NIMS_image" / "Total_checked"
    papers = ("560", "629", "203", "396", "124", "71", "72", "67")
    paths = [path for path in sorted(root.iterdir()) if path.name.split("_")[0] in papers]
    data = [Sample(path.stem, path.name.split("_")[0], {"image": path}) for path in paths]
    train, test = (
        Dataset(
            "miscibility", tuple(s for s in data if (s.group in ("629", "396", "71", "67")) is side), "closed", "Liang et al."
        )
        for side in (False, True)
    )
    leaks = find_leaks(train, test)
    assert not leaks.groups
    assert {(pair.train_key, pair.test_key) for pair in leaks.similar} == {
        ("560_page3_image1_d_0", "629_page8_image1_b_0"),
        ("560_page3_image1_c_0", "629_page8_image1_a_0"),
        ("203_page7_image5_0", "396_page8_image1_d_0"),
        ("203_page7_image7_0", "396_page8_image1_h_0"),
    }
