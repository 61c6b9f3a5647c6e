"""Stack, Pattern, Curve, LabelMap, Trajectory and Param refuse what they cannot be."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from morphoscope.core import Curve, LabelMap, Micrograph, Param, Pattern, PixelSize, Stack, Trajectory
from morphoscope.errors import InputError


def frame(value: float = 0.5, shape: tuple[int, int] = (3, 4)) -> Micrograph:
    return Micrograph.from_raw(np.full(shape, value), unit="counts")


def test_a_stack_gives_raw_values_frame_by_frame():
    stack = Stack((frame(10), frame(20)), axis="time", times_s=(0.0, 0.5), source="/a/film.tif")
    assert len(stack) == 2
    assert stack[1].raw()[0, 0] == 20
    assert [f.unit for f in stack] == ["counts", "counts"]
    np.testing.assert_array_equal(stack.array()[:, 0, 0], [10, 20])
    assert stack.array().shape == (2, 3, 4)
    assert stack.name == "film.tif"
    assert Stack((frame(),)).name == "this stack"


def test_a_stack_refuses_what_does_not_fit():
    with pytest.raises(InputError, match=r"film\.tif: a stack needs at least one frame"):
        Stack((), source="film.tif")
    with pytest.raises(InputError, match="1 times for 2 frames"):
        Stack((frame(), frame()), times_s=(0.0,))
    with pytest.raises(InputError, match="3 names for 2 frames"):
        Stack((frame(), frame()), names=("a", "b", "c"))
    with pytest.raises(InputError, match=r"frames differ in size \(3 x 4, 5 x 6 pixels\)"):
        Stack((frame(), frame(shape=(5, 6)))).array()
    for spacing in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="slices are a positive length apart"):
            Stack((frame(),), axis="z", spacing_nm=spacing)


def test_a_pattern_knows_q_only_if_it_was_told():
    counts = np.ones((2, 3))
    assert Pattern(counts).q_per_nm is None
    assert Pattern(counts, qx_per_nm=counts).q_per_nm is None
    known = Pattern(counts, qx_per_nm=np.full((2, 3), 3.0), qy_per_nm=np.full((2, 3), -4.0), source="x/p.edf")
    np.testing.assert_allclose(known.q_per_nm, 5)
    assert known.name == "p.edf"


def test_a_pattern_counts_only_what_is_finite_and_unmasked():
    counts = np.array([[1.0, np.nan], [np.inf, 2.0]])
    assert Pattern(counts).valid.tolist() == [[True, False], [False, True]]
    assert Pattern(counts, mask=np.array([[False, True], [True, True]])).valid.tolist() == [[False, False], [False, True]]
    with pytest.raises(InputError, match="a mask is made of True and False, not of int"):
        Pattern(counts, mask=np.ones((2, 2), int))
    with pytest.raises(InputError, match=r"this pattern: error has shape \(3,\), the intensity \(2, 2\)"):
        Pattern(counts, error=np.ones(3))
    for shape in ((3,), (0, 4), (2, 2, 2)):
        with pytest.raises(InputError, match="two axes and at least one pixel"):
            Pattern(np.ones(shape))


def test_a_curve_has_an_interval_where_its_error_is_known():
    x = np.arange(3.0)
    assert Curve(x, x, "r", "g").interval() == (None, None)
    low, high = Curve(x, x, "r", "g", y_error=np.full(3, 0.5)).interval()
    np.testing.assert_allclose(high - low, 1.96)
    np.testing.assert_allclose((low + high) / 2, x)
    low, high = Curve(x, x, "r", "g", y_error=np.full(3, 0.5), y_low=x - 9, y_high=x + 9).interval()
    np.testing.assert_allclose(low, x - 9)
    assert len(Curve(x, x, "r", "g")) == 3
    assert len(Curve([1, 2], [3, 4], "r", "g").x) == 2


def test_a_curve_refuses_unequal_columns():
    x = np.arange(3.0)
    with pytest.raises(InputError, match="a curve has one axis, not 2"):
        Curve(np.zeros((2, 2)), np.zeros((2, 2)), "r", "g")
    for what in ("y_error", "x_error", "y_low", "y_high"):
        with pytest.raises(InputError, match=rf"x has shape \(3,\), {what} has \(2,\)"):
            Curve(x, x, "r", "g", **{what: np.zeros(2)})
    with pytest.raises(InputError, match=r"x has shape \(3,\), y has \(4,\)"):
        Curve(x, np.zeros(4), "r", "g")


def test_labels_are_whole_numbers_on_a_plane_or_in_a_volume():
    volume = LabelMap(np.zeros((2, 3, 4), np.uint8), PixelSize(1, 1), spacing_nm=5.0, names={0: "pore", 1: "solid"})
    assert volume.names[1] == "solid"
    assert LabelMap(np.zeros((2, 3), bool)).spacing_nm is None
    with pytest.raises(InputError, match="whole numbers on 2 or 3 axes, not float64 on 2"):
        LabelMap(np.zeros((2, 3)))
    with pytest.raises(InputError, match="not int64 on 1"):
        LabelMap(np.zeros(3, np.int64))
    with pytest.raises(InputError, match="positive length apart, not -1"):
        LabelMap(np.zeros((2, 3, 4), int), spacing_nm=-1)


def test_a_trajectory_agrees_with_itself():
    good = {
        "positions": np.zeros((5, 7, 3)),
        "lengths": np.ones((5, 3)),
        "times": np.arange(5.0),
        "types": np.zeros(7, int),
    }
    assert len(Trajectory(**good)) == 5
    for name, wrong, message in (
        ("positions", np.zeros((7, 3)), r"axes \(frame, particle, axis\), not 2 axes"),
        ("lengths", np.ones(3), r"lengths has shape \(3,\), positions ask for \(5, 3\)"),
        ("times", np.ones(4), r"times has shape \(4,\), positions ask for \(5,\)"),
        ("types", np.ones(5), r"types has shape \(5,\), positions ask for \(7,\)"),
        ("periodic", (True, True), "2 periodic flags for 3 axes"),
    ):
        with pytest.raises(InputError, match=message):
            Trajectory(**{**good, name: wrong})


def test_no_noun_can_be_written_to():
    x = np.arange(4.0)
    plane = np.ones((2, 2))
    arrays = [
        (Curve(x, x, "r", "g", y_error=x), ("x", "y", "y_error")),
        (Pattern(plane, plane, plane, mask=plane > 0), ("intensity", "qx_per_nm", "qy_per_nm", "mask")),
        (LabelMap(plane.astype(int)), ("labels",)),
        (Trajectory(np.zeros((1, 2, 3)), np.ones((1, 3)), np.zeros(1), np.zeros(2)), ("positions", "lengths", "times", "types")),
    ]
    for noun, names in arrays:
        for name in names:
            with pytest.raises(ValueError, match="read-only"):
                getattr(noun, name)[...] = 0
            with pytest.raises(FrozenInstanceError):
                setattr(noun, name, None)
    with pytest.raises(FrozenInstanceError):
        Stack((frame(),)).axis = "z"
    x[0] = 1.0  # what was handed in stays its maker's own


def test_a_param_says_once_what_every_door_needs():
    param = Param("blur radius", unit="nm", low=0, open_low=True, high=50)
    assert (param.low, param.high, param.open_low, param.open_high) == (0, 50, True, False)
    assert param == Param("blur radius", unit="nm", low=0, open_low=True, high=50)
    with pytest.raises(FrozenInstanceError):
        param.low = 3
