"""Parameters from a signature: conversion, checks, messages."""

from pathlib import Path
from typing import Annotated

import pytest

from morphoscope.app.fields import by_name, complete, fields, task_fields
from morphoscope.core import Param
from morphoscope.errors import BadParameter
from morphoscope.tasks import TASKS


def as_path(raw, field):
    return Path(str(raw))


def ask(toys, **raw):
    return complete("toy double", raw, as_path)


def test_defaults_are_filled_in(toys):
    assert ask(toys) == {
        "image": None, "number": 1.0, "times": 1, "mode": "fast", "loud": False, "weights": (), "limit": None,
    }  # fmt: skip


@pytest.mark.parametrize("name, raw, value", [
    ("number", "2.5", 2.5), ("number", 3, 3.0), ("times", "7", 7), ("times", 7.0, 7), ("times", "9" * 20, int("9" * 20)),
    ("mode", "exact", "exact"), ("loud", "yes", True), ("loud", "0", False), ("loud", True, True),
    ("weights", ["1", 2], (1.0, 2.0)),
    ("weights", "4", (4.0,)), ("limit", "", None), ("limit", "0.5", 0.5), ("image", "a.tif", Path("a.tif")),
])  # fmt: skip
def test_text_and_python_values_mean_the_same(toys, name, raw, value):
    found = ask(toys, **{name: raw})[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("raw, message", [
    ({"number": -1}, r"number: -1.0 is not allowed; it must be 0 to 100 nm"),
    ({"number": "much"}, "number: 'much' is not a number"),
    ({"number": "nan"}, "number: 'nan' is not a number"),
    ({"number": "inf"}, "number: 'inf' is not a number"),
    ({"number": True}, "number: True is not a number"),
    ({"number": None}, r"number: a value is needed \(what to double\)"),
    ({"times": 0}, "times: 0 is not allowed; it must be at least 1"),
    ({"times": "1.5"}, "times: '1.5' is not a whole number"),
    ({"mode": "slow"}, "mode: 'slow' is not one of fast, exact"),
    ({"loud": "maybe"}, "loud: 'maybe' is not true or false"),
    ({"limit": 0}, "limit: 0.0 is not allowed; it must be above 0"),
    ({"nmber": 3}, "toy double has no parameter 'nmber'; it has image, number"),
])  # fmt: skip
def test_wrong_values_say_what_is_allowed(toys, raw, message):
    with pytest.raises(BadParameter, match=message):
        ask(toys, **raw)


def test_a_missing_input_says_what_it_is(toys):
    with pytest.raises(BadParameter, match="toy flaky needs folder: memory"):
        complete("toy flaky", {}, as_path)


def test_inputs_by_place(toys):
    assert by_name("toy double", ["a.tif"], {"number": 3}) == {"image": "a.tif", "number": 3}
    with pytest.raises(BadParameter, match="image is given twice"):
        by_name("toy double", ["a.tif"], {"image": "b.tif"})
    with pytest.raises(BadParameter, match=r"takes 1 input\(s\), 2 were given"):
        by_name("toy double", ["a.tif", "b.tif"], {})


def test_the_last_input_takes_the_rest_when_it_takes_many():
    def task(run, first: Annotated[Path, Param("one")], rest: Annotated[tuple[Path, ...], Param("more")] = ()):
        """Not called."""

    found = fields(task)
    assert (found["first"].many, found["rest"].many, found["rest"].positional) == (False, True, True)


def test_words_stand_for_no_path():
    def task(run, *, start: Annotated[Path | str | None, Param("start", words=("none", "hub"))] = None): ...

    (field,) = fields(task).values()
    assert (field.kind, field.optional, field.limits) == ("input", True, "none | hub | PATH")
    assert field.convert("hub", as_path) == "hub"
    assert field.convert("a.pth", as_path) == Path("a.pth")
    assert field.convert(None, as_path) is None


def test_signatures_that_doors_cannot_serve_are_refused():
    def plain(run, *, number: float = 1.0):
        """Not annotated."""

    def place(run, number: Annotated[float, Param("not an input")]):
        """A number by place."""

    def clash(run, *, seed: Annotated[int, Param("the doors' own name")] = 0):
        """A reserved name."""

    for task, message in ((plain, "must be Annotated"), (place, "keyword-only"), (clash, "doors use themselves")):
        with pytest.raises(TypeError, match=message):
            fields(task)


def test_schema_tells_limits_and_defaults(toys):
    known = task_fields("toy double")
    assert known["number"].schema() == {
        "type": "number", "minimum": 0, "maximum": 100, "description": "what to double [nm]", "default": 1.0,
    }  # fmt: skip
    assert known["limit"].schema()["anyOf"] == [{"type": "number", "exclusiveMinimum": 0}, {"type": "null"}]
    assert known["weights"].schema()["items"] == {"type": "number"}
    assert known["mode"].schema()["enum"] == ["fast", "exact"]


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_described(task):
    known = task_fields(task)
    assert TASKS[task].summary
    for field in known.values():
        assert field.param.help
        assert field.required or field.optional or field.many or field.default is not None
