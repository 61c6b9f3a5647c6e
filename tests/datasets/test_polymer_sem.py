"""The public polymer set: records out of form, articles merged, its split, and its download."""

import hashlib
import http.server
import threading
import zipfile
from collections import Counter
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
from PIL import Image

from morphoscope.datasets import polymer_sem
from morphoscope.datasets.polymer_sem import download, split
from morphoscope.errors import InputError, UnreadableFile

TEXT = """\ufeff1_page3_image1_a
SEM of A/B
droplets
"they do not mix"
10
incompatable
Doe, J. , Polymer , 1 , 1-2 (2000)

1_page3_image1_b
SEM of A/C
None
a quotation
of two lines
unclear
partially Compatible
Doe, J. ; Polymer 1, 1-2 (2000)
2_page1_image2
no blank line before this one

and one inside
a quotation
100/300
Ccompatible
DOE J., Polymer, 1, 1-2, 2000

304_a
only a caption
"""


def picture(path, *, value=100):
    Image.fromarray(np.full((8, 8), value, np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    """The public layout in small; 2_page1_image2 and 1_* cite one article, 99_page9_image9 is not in the folder."""
    images = tmp_path / "NIMS_image" / "Total_checked"
    images.mkdir(parents=True)
    for k, name in enumerate(("1_page3_image1_a_0", "1_page3_image1_b_0", "2_page1_image2_1", "304_a_1", "7_page1_image1_0")):
        picture(images / f"{name}.png", value=40 * k)
    records = tmp_path / "NIMS_image" / "NIMS_image_data_total.txt"
    records.write_text(TEXT + "\n99_page9_image9\nx\ny\nz\n1\nCompatible\nsomebody\n", encoding="utf-8")
    return tmp_path


def test_records_out_of_form_are_read_and_named(folder):
    records = polymer_sem.read_records(folder / "NIMS_image" / "NIMS_image_data_total.txt")
    assert [r.grade for r in records.values()] == ["Incompatible", "Partially compatible", "Compatible", "", "Compatible"]
    wrapped = records["1_page3_image1_b"]
    assert wrapped.quotation == "a quotation of two lines"
    assert wrapped.scale == ""
    assert wrapped.scale_um is None
    assert "8 lines" in wrapped.oddity
    assert records["2_page1_image2"].scale == "100/300"
    assert records["1_page3_image1_a"].scale_um == 10.0
    assert "read as 'Incompatible'" in records["1_page3_image1_a"].oddity
    assert records["304_a"].caption == "only a caption"


def test_articles_with_one_reference_are_one_group(folder):
    dataset = polymer_sem.load(folder)
    groups = {sample.key: sample.group for sample in dataset}
    assert groups["1_page3_image1_a"] == groups["2_page1_image2"] == "article 1+2"
    assert groups["304_a"] == "article 304"
    assert len(dataset.groups) == 3


def test_what_is_out_of_form_is_said(folder):
    notes = " | ".join(polymer_sem.load(folder).notes)
    assert "1 image(s) without a record, such as 7_page1_image1" in notes
    assert "1 record(s) of images that are not in the folder, such as 99_page9_image9" in notes


def test_without_records_the_papers_are_the_groups(folder):
    (folder / "NIMS_image" / "NIMS_image_data_total.txt").unlink()
    dataset = polymer_sem.load(folder / "NIMS_image" / "Total_checked")
    assert dataset.groups == ("article 1", "article 2", "article 304", "article 7")
    assert "there is no NIMS_image_data_total.txt" in dataset.notes[0]


def test_panels_belong_to_a_figure():
    assert polymer_sem.figure("12_page3_image1_a1") == polymer_sem.figure("12_page3_image1") == "12_page3_image1"
    assert polymer_sem.figure("304_a") == "304"


def test_the_public_split_needs_the_whole_set(folder):
    with pytest.raises(InputError, match="it holds 1 of the paper's 400 training images and 4 others"):
        polymer_sem.public_split(polymer_sem.load(folder))


def test_the_open_images(shared_data):
    dataset = polymer_sem.load(shared_data / "miscibility")
    assert Counter(sample.label for sample in dataset) == {"immiscible": 315, "miscible": 85}
    assert {sample.key for sample in dataset} == polymer_sem.open_keys()
    assert [group for group in dataset.groups if "+" in group] == [
        "article 203+396", "article 352+669", "article 560+629", "article 67+149", "article 71+72",
    ]  # fmt: skip
    contradict = Counter((s.texts["grade"], s.label) for s in dataset)
    assert contradict["Incompatible", "miscible"] == 5
    assert contradict["Compatible", "immiscible"] == 0


@contextmanager
def served(folder):
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    handler.log_message = lambda *args: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def archive(folder, monkeypatch):
    """The small layout as the authors' archive, with its own list of digests in place of the public one."""
    path = folder / "served.zip"
    known = {}
    with zipfile.ZipFile(path, "w") as packed:
        for file in sorted((folder / "NIMS_image").rglob("*.*")):
            packed.write(file, f"Repository-9d45/{file.relative_to(folder)}")
            if file.suffix == ".png":
                known[file.stem[:-2]] = hashlib.sha256(file.read_bytes()).hexdigest()
        packed.writestr("Repository-9d45/../../outside_0.png", b"x")
    monkeypatch.setattr(download, "open_digests", lambda: known)
    monkeypatch.setattr(download, "COUNT", len(known))
    return path, known


def test_a_download_is_the_set(archive, tmp_path):
    path, known = archive
    target = tmp_path / "target"
    target.mkdir()
    with served(path.parent) as address:
        assert download.fetch(target, source=f"{address}/served.zip") == len(known)
    assert len(polymer_sem.load(target)) == len(known)
    assert [p.name for p in target.iterdir()] == ["NIMS_image"]


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda known: known.update({"2_page1_image2": "0" * 64}), "1 image.s. of the archive differ from the known ones"),
        (lambda known: known.update({"3_page1_image2": "0" * 64}), "lacks 1 of the 6 known images, such as 3_page1_image2"),
        (lambda known: known.pop("304_a"), None),
    ],
)
def test_a_changed_archive_is_refused_whole(archive, tmp_path, spoil, message):
    path, known = archive
    spoil(known)
    target = tmp_path / "target"
    target.mkdir()
    if message is None:  # an image the list does not know is one of the paper's test part
        assert download.fetch(target, source=str(path)) == 5
        return
    with pytest.raises(InputError, match=message):
        download.fetch(target, source=str(path))
    assert list(target.iterdir()) == []


def test_no_network_says_what_to_do(tmp_path):
    with pytest.raises(InputError, match=r"cannot be fetched .* give it with --source FILE.zip"):
        download.fetch(tmp_path, source="http://127.0.0.1:9/none.zip")
    (tmp_path / "half.zip").write_bytes(b"PK\x03\x04half")
    with pytest.raises(UnreadableFile, match=r"half.zip: is no complete zip"):
        download.fetch(tmp_path, source=str(tmp_path / "half.zip"))


def test_every_open_image_has_its_digest(shared_data):
    images = shared_data / "miscibility" / "NIMS_image" / "Total_checked"
    found = {path.stem[:-2]: hashlib.sha256(path.read_bytes()).hexdigest() for path in images.iterdir()}
    assert found == split.open_digests()
