"""A table of researchers' votes, as a user has it."""

import numpy as np
import pytest

from morphoscope.core import Run
from morphoscope.datasets import fake_blends, labelled
from morphoscope.errors import InputError
from morphoscope.tasks.miscibility_votes import votes


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fake")
    fake_blends.write_fake(folder, rng=np.random.default_rng(3), articles=20, images_per_article=2, size_px=32)
    return folder


def _table(fake, path, right=0.75, people=21, seed=0):
    """Votes that are right with the same chance for everybody."""
    rng, rows = np.random.default_rng(seed), [["image", *(f"P{k}" for k in range(people))]]
    for sample in labelled.load(fake):
        truth = sample.label == "miscible"
        given = np.where(rng.random(people) < right, truth, not truth)
        rows.append([sample.files["image"].stem, *(str(int(vote)) for vote in given)])
    path.write_text("\n".join(",".join(row) for row in rows))
    return path


def test_equal_people_have_equal_scores_and_the_best_ten_flatter(fake, tmp_path):
    report = votes(Run(tmp_path / "run"), _table(fake, tmp_path / "votes.csv"), data=fake)
    values = {name: quantity.value for name, quantity in report.values.items()}
    assert values["mean_accuracy"] == pytest.approx(0.75, abs=0.05)
    assert values["best_ten_accuracy"] > values["mean_accuracy"] + 0.03
    elsewhere = report.tables["summary"][2]["accuracy"]
    assert elsewhere == pytest.approx(0.75, abs=0.05)
    assert values["majority_accuracy"] > 0.95
    assert values["auroc_mean_vote"] > 0.95
    assert values["people_kappa"] == pytest.approx(values["people_alpha"], abs=0.01)
    assert 0.1 < values["people_alpha"] < 0.45
    assert "flatters" in report.notes[0]
    assert len(report.tables["people"]) == 21


def test_missing_votes_other_words_and_unknown_images(fake, tmp_path):
    samples = list(labelled.load(fake))
    rows = ["image;A;B;C"]
    for sample in samples[:10]:
        rows.append(f"{sample.key};{sample.label};;{'M' if sample.label == 'miscible' else 'i'}")
    rows.append("elsewhere_page1_image1;1;0;1")
    (tmp_path / "votes.csv").write_text("\n".join(rows))
    report = votes(Run(tmp_path / "run"), tmp_path / "votes.csv", data=fake)
    assert report.values["mean_accuracy"].value == 1
    assert len(report.tables["people"]) == 2
    assert report.tables["not_found"] == [{"image": "elsewhere_page1_image1"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,A,B\nx,1,0", "none of its 1 images is in"),
        ("image,A,B\nKEY,1,maybe", "line 2: B voted 'maybe'"),
        ("image,A,label\nKEY,1,0", "'label' is no person"),
        ("image,A,B\nKEY,1", "line 2: 1 votes for 2 people"),
        ("image,A,B\nKEY,1,0\nKEY,1,0", "has two rows"),
        ("image\nKEY", "at least two people"),
        ("image,A,B\nKEY,,", "no votes"),
    ],
)
def test_wrong_tables_get_one_sentence(fake, tmp_path, text, said):
    key = next(iter(labelled.load(fake))).key
    (tmp_path / "votes.csv").write_text(text.replace("KEY", key))
    with pytest.raises(InputError, match=said):
        votes(Run(tmp_path / "run"), tmp_path / "votes.csv", data=fake)
