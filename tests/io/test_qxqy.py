"""Qx-Qy text: grids in any order, units, masked pixels, the beam's centre."""

from pathlib import Path

import numpy as np
import pytest

from morphoscope.core import Pattern
from morphoscope.errors import UnreadableFile
from morphoscope.io import read, read_pattern

HEAD = ["Data columns Qx - Qy - I(Qx,Qy) - err(I)", "ASCII data"]
QX, QY = np.arange(-0.02, 0.035, 0.01), np.arange(-0.02, 0.025, 0.01)
GX, GY = np.meshgrid(QX, QY)
VALUE = np.arange(GX.size, dtype=float).reshape(GX.shape) + 1


def write(path: Path, order: np.ndarray, *, head: list[str] = HEAD, error: np.ndarray | None = None) -> Path:
    columns = [GX, GY, VALUE, np.ones_like(VALUE) if error is None else error]
    lines = ["  ".join(f"{column.ravel()[i]:.6g}" for column in columns) for i in order]
    path.write_text("\n".join([*head, *lines]))
    return path


def pattern(path: Path) -> Pattern:
    noun = read(path)
    assert isinstance(noun, Pattern)
    return noun


ORDERS = {
    "row by row": np.arange(VALUE.size),
    "from the top": np.arange(VALUE.size).reshape(VALUE.shape)[::-1].ravel(),
    "backwards": np.arange(VALUE.size)[::-1],
    "column by column": np.arange(VALUE.size).reshape(VALUE.shape).T.ravel(),
    "shuffled": np.random.default_rng(0).permutation(VALUE.size),
}


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_every_order_gives_one_pattern(tmp_path: Path, order: str) -> None:
    found = pattern(write(tmp_path / "a.dat", ORDERS[order]))
    np.testing.assert_array_equal(found.intensity, VALUE)
    assert found.qx_per_nm is not None
    assert found.qy_per_nm is not None
    np.testing.assert_allclose(found.qx_per_nm, 10 * GX, atol=1e-9)
    np.testing.assert_allclose(found.qy_per_nm, 10 * GY, atol=1e-9)
    assert found.centre_px == pytest.approx((2.0, 2.0))
    assert found.error is not None
    assert found.mask is None


def test_missing_points_are_masked_and_keep_their_q(tmp_path: Path) -> None:
    found = pattern(write(tmp_path / "a.dat", np.delete(np.arange(VALUE.size), [3, 17])))
    assert found.mask is not None
    assert sorted(np.flatnonzero(~found.mask)) == [3, 17]
    assert found.qx_per_nm is not None
    np.testing.assert_allclose(found.qx_per_nm, 10 * GX, atol=1e-9)


def test_neither_intensity_nor_error_did_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value, error = VALUE.copy(), np.ones_like(VALUE)
    value[1, 1] = value[2, 2] = 0
    error[1, 1] = 0
    monkeypatch.setitem(globals(), "VALUE", value)
    found = pattern(write(tmp_path / "a.dat", ORDERS["row by row"], error=error))
    assert found.mask is not None
    assert (~found.mask).sum() == 1
    assert not found.mask[1, 1]


def test_unit_of_the_heading(tmp_path: Path) -> None:
    found = pattern(write(tmp_path / "a.txt", ORDERS["row by row"], head=["Qx (1/nm)  Qy (1/nm)  I (1/cm)  err (1/cm)"]))
    assert found.qx_per_nm is not None
    np.testing.assert_allclose(found.qx_per_nm, GX, atol=1e-9)
    assert found.unit == "1/cm"
    assert "q was in 1/nm" in found.notes


def test_eight_columns_of_nist(tmp_path: Path) -> None:
    head = [
        "FILE: A.DAT",
        "Data columns are Qx - Qy - I(Qx,Qy) - err(I) - Qz - SigmaQ_parall - SigmaQ_perp - fSubS(beam stop shadow)",
        "",
    ]
    columns = [GX, GY, VALUE, VALUE / 10, *[np.full_like(VALUE, 0.5)] * 4]
    lines = ["\t".join(f"{c.ravel()[i]:.6g}" for c in columns) for i in range(VALUE.size)]
    (tmp_path / "a.dat").write_text("\r\n".join([*head, *lines]))
    found = pattern(tmp_path / "a.dat")
    np.testing.assert_array_equal(found.intensity, VALUE)
    assert found.error is not None
    np.testing.assert_allclose(found.error, VALUE / 10)


def test_curved_detector_grid_is_kept_as_it_is(tmp_path: Path) -> None:
    bent_x, bent_y = GX * (1 - GY**2), GY * (1 - GX**2)
    lines = [f"{x:.9g} {y:.9g} {v} 1" for x, y, v in zip(bent_x.ravel(), bent_y.ravel(), VALUE.ravel(), strict=True)]
    (tmp_path / "a.dat").write_text("\n".join([*HEAD, *lines]))
    found = pattern(tmp_path / "a.dat")
    assert found.qx_per_nm is not None
    np.testing.assert_allclose(found.qx_per_nm, 10 * bent_x, atol=1e-7)


def test_scattered_points_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    lines = [f"{x:.6f} {y:.6f} 1 1" for x, y in rng.normal(size=(50, 2))]
    (tmp_path / "a.dat").write_text("\n".join([*HEAD, *lines]))
    with pytest.raises(UnreadableFile, match=r"a.dat: its 50 points \(Qx, Qy\) lie on no grid"):
        read(tmp_path / "a.dat")


def test_matrix_without_axes(tmp_path: Path) -> None:
    values = np.arange(100.0).reshape(10, 10)
    text = "\n".join(",".join("NaN" if v == 55 else repr(v) for v in row) for row in values.tolist())
    (tmp_path / "m.txt").write_text(text)
    found = read_pattern(tmp_path / "m.txt")
    assert (found.qx_per_nm, found.intensity.shape) == (None, (10, 10))
    assert found.mask is not None
    assert np.argwhere(~found.mask).tolist() == [[5, 5]]
    (tmp_path / "n.csv").write_text("\n".join(";".join(str(v).replace(".", ",") for v in row) for row in values.tolist()))
    np.testing.assert_array_equal(read_pattern(tmp_path / "n.csv").intensity, values)
