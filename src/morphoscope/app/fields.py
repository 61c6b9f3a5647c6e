"""Read a task's signature once; flags, form inputs, checks, campaigns and docs all come from here."""

from __future__ import annotations

import functools
import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..core import Param
from ..errors import BadParameter
from ..tasks import TASKS, load

Kind = Literal["int", "float", "str", "bool", "input"]
Resolve = Callable[[Any, "Field"], Path]

_KINDS: dict[Any, Kind] = {int: "int", float: "float", str: "str", bool: "bool", Path: "input"}
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
RESERVED = ("seed", "device", "workspace", "task", "run", "grid", "on", "retries", "json", "html", "help")


@dataclass(frozen=True)
class Field:
    """
    One parameter of a task.

    ``many`` takes a list; ``optional`` may be None; ``positional`` is an input given by place.
    ``default`` is ``inspect.Parameter.empty`` when the caller must give it.
    """

    name: str
    kind: Kind
    param: Param
    default: Any = inspect.Parameter.empty
    many: bool = False
    optional: bool = False
    positional: bool = False

    @property
    def required(self) -> bool:
        """Whether the caller must give it."""
        return self.default is inspect.Parameter.empty

    @property
    def limits(self) -> str:
        """The allowed range or choices in words; empty when everything is allowed."""
        p = self.param
        if p.choices:
            return " | ".join(p.choices)
        if p.words:
            return " | ".join((*p.words, "PATH"))
        if p.low is None and p.high is None:
            return ""
        unit = f" {p.unit}" if p.unit else ""
        low = "" if p.low is None else f"{'above' if p.open_low else 'at least'} {p.low:g}"
        high = "" if p.high is None else f"{'below' if p.open_high else 'at most'} {p.high:g}"
        if low and high and not (p.open_low or p.open_high):
            return f"{p.low:g} to {p.high:g}{unit}"
        return " and ".join(filter(None, (low, high))) + unit

    def convert(self, raw: Any, resolve: Resolve) -> Any:
        """``raw`` from any door as the type the task asks for, checked; inputs become paths by ``resolve``."""
        if raw is None or (isinstance(raw, str) and raw == "" and self.optional):
            if self.optional:
                return None
            raise BadParameter(f"{self.name}: a value is needed ({self.param.help})")
        if not self.many:
            return self._one(raw, resolve)
        items = list(raw) if isinstance(raw, Sequence) and not isinstance(raw, str) else [raw]
        if not items and self.required:
            raise BadParameter(f"{self.name}: give at least one ({self.param.help})")
        return tuple(self._one(item, resolve) for item in items)

    def _one(self, raw: Any, resolve: Resolve) -> Any:
        if self.kind == "input":
            return raw if raw in self.param.words else resolve(raw, self)
        value = self._typed(raw)
        p = self.param
        if p.choices and value not in p.choices:
            raise BadParameter(f"{self.name}: {value!r} is not one of {', '.join(p.choices)}")
        if self.kind in ("int", "float") and not self._inside(value):
            raise BadParameter(f"{self.name}: {value} is not allowed; it must be {self.limits}")
        return value

    def _inside(self, value: float) -> bool:
        p = self.param
        above = p.low is None or (value > p.low if p.open_low else value >= p.low)
        below = p.high is None or (value < p.high if p.open_high else value <= p.high)
        return above and below

    def _typed(self, raw: Any) -> Any:
        wrong = BadParameter(f"{self.name}: {raw!r} is not {_NAMES[self.kind]}")
        if self.kind == "str":
            return str(raw)
        if self.kind == "bool":
            text = str(raw).strip().lower()
            if text in _YES or text in _NO:
                return text in _YES
            raise wrong
        if isinstance(raw, bool):
            raise wrong
        try:
            value = float(raw.strip() if isinstance(raw, str) else raw)
        except (TypeError, ValueError):
            raise wrong from None
        if not math.isfinite(value):
            raise wrong
        if self.kind == "float":
            return value
        if value != int(value):
            raise wrong
        return int(raw) if isinstance(raw, int | str) and str(raw).strip().lstrip("+-").isdigit() else int(value)

    def schema(self) -> dict[str, Any]:
        """This field as JSON Schema, for the studio's API."""
        p = self.param
        kind = {"int": "integer", "float": "number", "bool": "boolean"}.get(self.kind, "string")
        one: dict[str, Any] = {"type": kind}
        if p.choices:
            one["enum"] = list(p.choices)
        if p.low is not None:
            one["exclusiveMinimum" if p.open_low else "minimum"] = p.low
        if p.high is not None:
            one["exclusiveMaximum" if p.open_high else "maximum"] = p.high
        schema: dict[str, Any] = {"type": "array", "items": one} if self.many else one
        if self.optional:
            schema = {"anyOf": [schema, {"type": "null"}]}
        schema["description"] = p.help + (f" [{p.unit}]" if p.unit else "")
        if not self.required:
            schema["default"] = list(self.default) if isinstance(self.default, tuple) else self.default
        return schema


_NAMES: dict[Kind, str] = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "input": "a file",
}


@functools.cache
def task_fields(name: str) -> Mapping[str, Field]:
    """Every parameter of the task called ``name``, inputs first, in the order of its signature."""
    return types.MappingProxyType(fields(load(name)))


def fields(task: Callable[..., Any]) -> dict[str, Field]:
    """Every parameter of ``task`` but the run."""
    hints = typing.get_type_hints(task, include_extras=True)
    parameters = list(inspect.signature(task).parameters.values())[1:]
    return {p.name: _field(p, hints[p.name]) for p in parameters}


def _field(parameter: inspect.Parameter, hint: Any) -> Field:
    what = f"parameter {parameter.name!r}"
    if typing.get_origin(hint) is not typing.Annotated:
        raise TypeError(f"{what} must be Annotated[type, Param(...)]")
    kind, param = typing.get_args(hint)[:2]
    if parameter.name in RESERVED:
        raise TypeError(f"{what} has a name that the doors use themselves")
    optional = False
    if isinstance(kind, types.UnionType):
        members = set(typing.get_args(kind))
        optional = type(None) in members
        members -= {type(None), *((str,) if param.words else ())}
        (kind,) = members
    many = typing.get_origin(kind) is tuple
    if many:
        kind = typing.get_args(kind)[0]
    positional = parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    if positional and _KINDS[kind] != "input":
        raise TypeError(f"{what} is no input (a Path), so it must be keyword-only")
    return Field(parameter.name, _KINDS[kind], param, parameter.default, many, optional, positional)


def complete(task: str, raw: Mapping[str, Any], resolve: Resolve) -> dict[str, Any]:
    """Every parameter of ``task``, converted and checked, defaults filled in."""
    known = task_fields(task)
    if unknown := sorted(set(raw) - set(known)):
        raise BadParameter(f"{task} has no parameter {unknown[0]!r}; it has {', '.join(known) or 'none'}")
    if missing := [f for f in known.values() if f.required and f.name not in raw]:
        raise BadParameter(f"{task} needs {missing[0].name}: {missing[0].param.help}")
    return {f.name: f.convert(raw[f.name], resolve) if f.name in raw else f.default for f in known.values()}


def by_name(task: str, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """``inputs`` given by place joined with ``keywords``; the last input takes the rest when it takes many."""
    places = [f for f in task_fields(task).values() if f.positional]
    given = dict(keywords)
    for index, field in enumerate(places):
        if index >= len(inputs):
            break
        if field.name in given:
            raise BadParameter(f"{task}: {field.name} is given twice")
        given[field.name] = list(inputs[index:]) if field.many else inputs[index]
    if len(inputs) > len(places) and not (places and places[-1].many):
        raise BadParameter(f"{task} takes {len(places)} input(s), {len(inputs)} were given")
    return given


__all__ = ["TASKS", "Field", "by_name", "complete", "fields", "task_fields"]
