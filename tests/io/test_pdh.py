"""PDH files."""

from pathlib import Path

import numpy as np
import pytest

from morphoscope.core import Curve
from morphoscope.errors import UnreadableFile
from morphoscope.io import read


def write(path: Path, rows: list[str], *, count: int | None = None, rest: str = "") -> Path:
    counts = " ".join(f"{n:9d}" for n in (len(rows) if count is None else count, *[0] * 7))
    head = ["made", "SAXS BOX", counts, "0.0 300.0 0.0 1.0 0.1542", "1.0 2.0 0.0 0.0 0.0"]
    path.write_text("\r\n".join([*head, *rows, rest]))
    return path


def test_points_geometry_and_what_follows(tmp_path: Path) -> None:
    curve = read(write(tmp_path / "a.pdh", ["0.1 10 1", "0.2 20 2", "0.3 30 -1"], rest="<fileinfo/>"))
    assert isinstance(curve, Curve)
    np.testing.assert_array_equal(curve.x, [0.1, 0.2, 0.3])
    assert curve.y_error is not None
    np.testing.assert_array_equal(curve.y_error, [1, 2, np.nan])
    assert curve.x_unit == "1/nm"
    assert curve.header["wavelength_nm"] == 0.1542
    assert curve.header["detector_distance_mm"] == 300
    assert curve.header["rest"] == "<fileinfo/>"


def test_no_stated_error_and_a_text_name(tmp_path: Path) -> None:
    curve = read(write(tmp_path / "a.txt", ["0.1 10 0", "0.2 20 0"]))
    assert isinstance(curve, Curve)
    assert (curve.y_error, curve.x_unit) == (None, "1/nm")


def test_fewer_points_than_counted(tmp_path: Path) -> None:
    curve = read(write(tmp_path / "a.pdh", ["0.1 10 0", "0.2 20 0"], count=50))
    assert isinstance(curve, Curve)
    assert "cut short: 50 points are counted, 2 are there" in curve.notes
    with pytest.raises(UnreadableFile, match="counts 5 points and holds 0"):
        read(write(tmp_path / "b.pdh", [], count=5))
    (tmp_path / "c.pdh").write_text("1 2\n3 4\n5 6\n7 8\n")
    with pytest.raises(UnreadableFile, match="no PDH file"):
        read(tmp_path / "c.pdh")
