"""
The parts of the documentation that are made from the code: tasks, commands, formats, methods, gallery.

A page holds a line ``<!-- generated: NAME -->`` where one of ``PARTS`` belongs; Sphinx fills it while it
reads the page. The tables of formats.md stand in the file itself, so that they can be read without a
build; ``python docs/generated.py`` renews them.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import pkgutil
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

import morphoscope
from morphoscope import io, learn, measure, physics
from morphoscope.app import GROUPS, TASKS, Field, load, task_fields
from morphoscope.cli.program import OWN, program
from morphoscope.io import vendors

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
PICTURES = HERE / "_build" / "gallery"
MARK = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)
TYPES = {"int": "whole number", "float": "number", "str": "text", "bool": "yes or no"}


def fill(text: str, *, pictures: bool = True) -> str:
    """``text`` with every mark replaced by what it names."""
    return MARK.sub(lambda found: gallery(pictures=pictures) if found[1] == "gallery" else PARTS[found[1]](), text)


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def prose(text: str) -> str:
    """A docstring as Markdown: what looks like an HTML tag outside of code is text."""
    parts = re.split(r"(`+[^`]+`+)", text)
    return "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)


# Tasks


def tasks() -> str:
    """Every task: what it answers, how it is called from each door, its parameters."""
    groups: dict[str, list[str]] = {}
    for name in TASKS:
        groups.setdefault(name.split()[0] if " " in name else "", []).append(name)
    parts = [one_task(name) for name in groups.pop("", [])]
    for group, names in groups.items():
        parts += [f"## Tasks of `{group}`\n\n{GROUPS[group]}.", *(one_task(name, level=3) for name in names)]
    return "\n\n".join([*parts, "## What every task takes\n\n" + common_options()])


def one_task(name: str, *, level: int = 2) -> str:
    """The section of one task."""
    fields = task_fields(name).values()
    inputs = [field for field in fields if field.positional]
    places = "".join(f" {field.name.upper()}" for field in inputs)
    quoted = ", ".join([f'"{name}"', *(f"{field.name}" for field in inputs)])
    parts = [
        f"{'#' * level} `{name}`",
        prose(inspect.getdoc(load(name)) or ""),
        f"```text\nmorphoscope {name}{places} [OPTIONS]\nms.run({quoted}, ...)\n```",
    ]
    if fields:
        head = ("parameter", "option", "type", "allowed", "default", "meaning")
        parts.append(table(head, [_row(field) for field in fields]))
    return "\n\n".join(parts)


def _row(field: Field) -> tuple[str, ...]:
    flag = "by place" if field.positional else f"`{options_of(field)}`"
    return (f"`{field.name}`", flag, kind_of(field), allowed(field), default_of(field), prose(field.param.help))


def options_of(field: Field) -> str:
    """The flag of a parameter on the command line."""
    name = field.name.replace("_", "-")
    return f"--{name} / --no-{name}" if field.kind == "bool" and not field.many else f"--{name}"


def kind_of(field: Field) -> str:
    """The type of a parameter in words."""
    if field.kind == "input":
        one = {"file": "file", "folder": "folder", "any": "file or folder"}[field.param.accepts]
    else:
        one = TYPES[field.kind]
    return f"{one}, several" if field.many else one


def allowed(field: Field) -> str:
    """Limits and unit, choices, or the unit alone."""
    if field.param.choices:
        return ", ".join(f"`{choice}`" for choice in field.param.choices)
    return field.limits or field.param.unit


def default_of(field: Field) -> str:
    """The default as a user would type it."""
    if field.required:
        return "**must be given**"
    if field.default is None:
        return "unset"
    if isinstance(field.default, bool):
        return "yes" if field.default else "no"
    if isinstance(field.default, tuple):
        return ", ".join(f"`{item}`" for item in field.default) or "none"
    return f"`{field.default:g}`" if isinstance(field.default, float) else f"`{field.default}`"


def common_options() -> str:
    """Options that the command line gives to every task."""
    name = next(iter(TASKS))
    own = set(task_fields(name))
    options = [p for p in command(name).params if isinstance(p, click.Option) and p.name not in own]
    rows = [
        (", ".join(f"`{flag}`" for flag in p.opts), f"`{p.metavar}`" if p.metavar else "", prose(p.help or "")) for p in options
    ]
    return table(("option", "value", "meaning"), rows)


# Commands


def command(name: str) -> click.Command:
    """The command that ``name`` ("measure two-point", "runs list") leads to."""
    found: click.Command = program
    context = click.Context(program)
    for word in name.split():
        inner = found.get_command(context, word) if isinstance(found, click.Group) else None
        if inner is None:
            raise LookupError(f"no command {word!r} in {name!r}")
        found = inner
    return found


def command_names(prefix: str = "", group: click.Command = program) -> Iterator[str]:
    """Every command that does something, with its whole name."""
    if not isinstance(group, click.Group):
        yield prefix
        return
    context = click.Context(group)
    for word in group.list_commands(context):
        inner = group.get_command(context, word)
        if inner is not None:
            yield from command_names(f"{prefix} {word}".strip(), inner)


def commands() -> str:
    """The help of every command that is not a task."""
    names = [name for name in command_names() if name.split()[0] in OWN]
    return "\n\n".join(f"## `morphoscope {name}`\n\n```text\n{help_of(name)}\n```" for name in names)


def help_of(name: str) -> str:
    """What ``--help`` prints."""
    context = click.Context(command(name), info_name=f"morphoscope {name}", max_content_width=100)
    context.help_option_names = ["-h", "--help"]
    return command(name).get_help(context)


# Formats


def formats() -> str:
    """One row a reader: the formats it stands for, what it reads and what it gives."""
    names: dict[str, list[str]] = {}
    for name, entry in io.READERS.items():
        names.setdefault(entry.reader, []).append(name)
    rows = []
    for where, several in names.items():
        returns, about = reader_facts(where)
        extensions = [f"`{extension}`" for name in several for extension in io.READERS[name].extensions]
        rows.append((" ".join(f"`{name}`" for name in several), about, " ".join(extensions), returns))
    returns, about = reader_facts("frames:read")
    rows.append(("a folder", about, "", returns))
    return table(("format", "what is read", "extensions", "gives"), rows)


def reader_facts(where: str) -> tuple[str, str]:
    """The nouns that a reader's signature promises, and the first sentence of its file."""
    module, function = where.split(":")
    path = Path(io.__file__).parent / f"{module}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    returns = ast.unparse(found.returns) if found.returns is not None else ""
    return ("what is inside" if returns == "Any" else returns.replace(" | ", ", ")), first_paragraph(
        ast.get_docstring(tree) or ""
    )


def makers() -> str:
    """One row a maker of instruments: where its metadata stand and what they are."""
    places: dict[str, list[str]] = {}
    for place, entries in (
        ("inside the TIFF", vendors.TAGGED),
        ("inside the TIFF", vendors.LAYOUTS),
        ("beside it", vendors.BESIDE),
    ):
        for name in entries:
            places.setdefault(name, []).append(place)
    everyone: Mapping[str, Callable[..., object]] = {**vendors.BESIDE, **vendors.LAYOUTS, **vendors.TAGGED}
    rows = []
    for name, where in places.items():
        about = first_paragraph(sys.modules[everyone[name].__module__].__doc__ or "")
        rows.append((name, " and ".join(dict.fromkeys(where)), about))
    return table(("maker", "where", "what is understood"), rows)


def first_paragraph(doc: str) -> str:
    """The first paragraph of a docstring on one line."""
    return prose(" ".join(inspect.cleandoc(doc).split("\n\n")[0].split()))


# Methods


def methods() -> str:
    """The equations: what stands at the head of every file of physics, measure and learn."""
    parts = []
    for title, package in (("Physics", physics), ("Measures", measure), ("Learning", learn)):
        parts.append(f"## {title}")
        for info in pkgutil.iter_modules(package.__path__):
            spec = importlib.util.find_spec(f"{package.__name__}.{info.name}")
            source = Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""
            doc = ast.get_docstring(ast.parse(source)) or ""
            name = f"{package.__name__.removeprefix(morphoscope.__name__ + '.')}.{info.name}"
            parts.append(f"### {name}\n\n````{{eval-rst}}\n{restructured(doc)}\n````")
    return "\n\n".join(parts)


def restructured(doc: str) -> str:
    """A module's docstring without what reStructuredText trips over; references are lines that begin with their number."""
    text = re.sub(r"^References\n-+\n", "**References**\n\n", inspect.cleandoc(doc), flags=re.MULTILINE)
    text = re.sub(r"``(\w+)``\*\*(\d)", r"``\1**\2``", text)
    paragraphs = text.split("\n\n")
    text = "\n\n".join(p if p.lstrip().startswith(".. math::") else p.replace("|", "\\|") for p in paragraphs)
    text = re.sub(r"^\.\. \[(\d+)\] ", r"| [\1] ", text, flags=re.MULTILINE)
    return re.sub(r"\[(\d+)\]_", r"[\1]", text)


# Gallery


def gallery(*, pictures: bool = True) -> str:
    """Every example: its docstring, its pictures, its code."""
    return "\n\n".join(_example(path, pictures) for path in sorted(EXAMPLES.glob("*.py")))


def _example(path: Path, pictures: bool) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    title, _, text = (ast.get_docstring(tree) or "").partition("\n\n")
    parts = [f"## {title.rstrip('.')}", prose(text)]
    for made in made_by(path) if pictures else []:
        where = made.relative_to(HERE).as_posix()
        parts.append(f"![{made.stem}]({where})" if made.suffix == ".png" else f"{{download}}`{made.name} <{where}>`")
    code = f"```{{literalinclude}} ../examples/{path.name}\n:language: python\n:lines: {tree.body[1].lineno}-\n```"
    return "\n\n".join([*parts, f"`examples/{path.name}`", code])


def made_by(path: Path) -> list[Path]:
    """The pictures and pages that an example writes; it runs again only when it changed."""
    folder = PICTURES / path.stem
    if not folder.is_dir() or folder.stat().st_mtime < path.stat().st_mtime:
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run([sys.executable, str(path)], cwd=scratch, check=True, capture_output=True, timeout=120)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for made in Path(scratch).iterdir():
                if made.suffix in (".png", ".html"):
                    shutil.copy(made, folder / made.name)
    return sorted(folder.iterdir(), key=lambda made: (made.suffix != ".png", made.name))


PARTS: Mapping[str, Callable[[], str]] = {"tasks": tasks, "commands": commands, "methods": methods, "gallery": gallery}
KEPT: Mapping[str, Callable[[], str]] = {"formats": formats, "makers": makers}
"""Tables that stand in formats.md itself, between ``<!-- NAME: begin -->`` and ``<!-- NAME: end -->``."""


def renewed(text: str) -> str:
    """``text`` with every table of KEPT as the code is now."""
    for name, part in KEPT.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        head, found, rest = text.partition(begin)
        if found:
            text = f"{head}{begin}\n{part()}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    page = HERE / "formats.md"
    page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
