"""Paired files: two folders by name, a table, what is missing, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from morphoscope.core import Curve, Micrograph
from morphoscope.datasets.pair_folder import AREA_PX, find, read_pairs
from morphoscope.datasets.pairs import arrays
from morphoscope.errors import InputError
from morphoscope.io import write

RNG = np.random.default_rng(0)


def picture(path, shape=(220, 240), *, colour=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = RNG.integers(0, 256, shape, dtype=np.uint8)
    levels = np.stack([grey, 255 - grey, grey // 2], axis=-1) if colour else grey
    Image.fromarray(levels).save(path)
    return path


@pytest.fixture
def public(tmp_path):
    """The layout of the public pairs."""
    for name in ("a1", "b2", "c3"):
        picture(tmp_path / "SEM" / f"{name}.tif")
        picture(tmp_path / "SAXS" / f"{name}.jpg")
    return tmp_path


def test_the_public_layout_is_paired_by_name(public):
    found = find(public)
    assert [one.name for one in found] == ["a1", "b2", "c3"]
    ready = arrays(read_pairs(found))
    assert ready.has_sem.all()
    assert ready.has_saxs.all()
    assert np.isnan(ready.q_per_nm).all()


def test_words_at_the_end_of_a_name_do_not_part_a_pair(tmp_path):
    picture(tmp_path / "one" / "film_SEM.tif")
    picture(tmp_path / "two" / "film_saxs.png")
    (pair,) = find(tmp_path / "one", partner=tmp_path / "two")
    assert pair.name == "film"


def test_rows_below_the_public_area_are_the_data_bar(tmp_path):
    picture(tmp_path / "SEM" / "a.tif", (960, 1280))
    picture(tmp_path / "SAXS" / "a.jpg")
    (pair,) = read_pairs(find(tmp_path))
    assert pair.sem.pixels.shape == AREA_PX


def test_unpaired_files_are_refused_or_allowed(public):
    (public / "SAXS" / "b2.jpg").unlink()
    with pytest.raises(InputError, match="3 files in SEM and 2 in SAXS are no pairs: b2 without a partner"):
        find(public)
    ready = arrays(read_pairs(find(public, missing=True)))
    assert ready.has_saxs.tolist() == [True, False, True]


def test_colour_maps_and_grey_are_not_mixed(public):
    picture(public / "SAXS" / "b2.jpg", colour=True)
    with pytest.raises(InputError, match=r"b2\.jpg is colour-mapped and a1\.jpg is grey"):
        list(read_pairs(find(public)))
    for name in ("a1", "c3"):
        picture(public / "SAXS" / f"{name}.jpg", colour=True)
    assert len(list(read_pairs(find(public)))) == 3


def test_a_table_names_files_morphologies_and_groups(public):
    (public / "pairs.csv").write_text(
        "sem,saxs,morphology,group\nSEM/a1.tif,SAXS/a1.jpg,skew,film 1\nSEM/b2.tif,SAXS/b2.jpg,ladders,film 1\nSEM/c3.tif,,,\n"
    )
    with pytest.raises(InputError, match="c3 has no partner"):
        find(public)
    found = find(public, missing=True)
    assert [(one.name, one.morphology, one.group) for one in found][:2] == [("a1", "skew", "film 1"), ("b2", "ladders", "film 1")]
    assert found[2].saxs is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sem,other\nSEM/a1.tif,x\n", "no column 'saxs'"),
        ("sem,saxs\n", "no row below the header"),
        ("sem,saxs\nSEM/no.tif,SAXS/a1.jpg\n", "line 2: no file SEM/no.tif"),
        ("sem,saxs\n,\n", "line 2: neither a micrograph nor a pattern"),
        ("sem,saxs\nSEM/a1.tif,SAXS/a1.jpg\nSEM/a1.tif,SAXS/a1.jpg\n", "the name 'a1' stands in more than one row"),
    ],
)
def test_tables_out_of_form_are_refused(public, text, message):
    (public / "pairs.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        find(public)


def test_folders_out_of_form_are_refused(tmp_path):
    (tmp_path / "SEM").mkdir()
    with pytest.raises(InputError, match="not one folder SEM beside one folder SAXS"):
        find(tmp_path)
    (tmp_path / "SAXS").mkdir()
    with pytest.raises(InputError, match="no file that can be read"):
        find(tmp_path)
    with pytest.raises(InputError, match="no such folder or table"):
        find(tmp_path / "nothing")


def test_a_curve_takes_the_place_of_a_pattern(tmp_path):
    q = np.geomspace(0.01, 1, 50)
    for k, name in enumerate(("a", "b")):
        picture(tmp_path / "SEM" / f"{name}.tif")
        write(Curve(q[k:], 100 * q[k:] ** -(3.0 + k), "q", "I", x_unit="1/nm"), saxs := tmp_path / f"{name}.h5")
        assert saxs.exists()
        (tmp_path / "SAXS").mkdir(exist_ok=True)
        saxs.rename(tmp_path / "SAXS" / f"{name}.h5")
    ready = arrays(read_pairs(find(tmp_path)))
    assert (ready.saxs == ready.saxs[:, :1]).all()
    assert ready.saxs[0, 0] == pytest.approx(np.linspace(1, 0, 192), abs=1e-5)
    assert ready.q_per_nm[:, 0, 0] == pytest.approx(q[1])
    picture(tmp_path / "p" / "p.png")
    mixed = [*read_pairs(find(tmp_path)), *read_pairs(find(tmp_path / "SEM", partner=tmp_path / "p", missing=True))]
    with pytest.raises(InputError, match="a has a curve where others have a pattern"):
        arrays(mixed)


def test_a_micrograph_without_scale_still_pairs(tmp_path):
    (tmp_path / "SEM").mkdir()
    write(Micrograph(RNG.random((200, 200)).astype(np.float32)), tmp_path / "SEM" / "x.png")
    picture(tmp_path / "SAXS" / "x.png")
    assert np.isnan(arrays(read_pairs(find(tmp_path))).pixel_nm).all()
