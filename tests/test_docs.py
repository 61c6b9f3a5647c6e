"""The documentation says what the program does: nothing is missing, nothing is made up, every command in it runs."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import shlex
import subprocess
import sys
import typing
from html import unescape
from pathlib import Path
from types import ModuleType

import click
import pytest

import morphoscope as ms
from morphoscope import errors
from morphoscope.app import GROUPS, TASKS, load, task_fields
from morphoscope.core import report as report_module
from morphoscope.io import READERS
from morphoscope.io.writing import WRITERS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {str(page.relative_to(ROOT)): page for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts}
PAGES |= {name: ROOT / name for name in ("README.md", "CONTRIBUTING.md")}
UNITS = {"_nm": "nm", "_px": "px", "_per_nm": "1/nm", "_deg": "deg", "_s": "s"}
every_page = pytest.mark.parametrize("name", PAGES)
every_task = pytest.mark.parametrize("task", TASKS)


def beside(name: str) -> ModuleType:
    """A module that lies in docs/."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


blocks, generated = beside("blocks"), beside("generated")


def text_of(name: str) -> str:
    return PAGES[name].read_text(encoding="utf-8")


# Nothing is missing


@every_task
def test_a_task_and_its_parameters_are_explained(task):
    doc = inspect.getdoc(load(task)) or ""
    assert len(doc) > 60, f"{task}: a docstring says what it answers"
    assert TASKS[task].summary, f"{task} has no summary"
    assert " " not in task or GROUPS.get(task.split()[0]), f"the group of {task} has no summary"
    for name, field in task_fields(task).items():
        assert len(field.param.help) > 3, f"{task}: {name} has no help"
        ending = next((e for e in sorted(UNITS, key=len, reverse=True) if name.endswith(e)), None)
        if ending and field.kind in ("int", "float"):
            assert field.param.unit == UNITS[ending], f"{task}: {name} is said to be in {field.param.unit!r}"


@every_task
def test_the_reference_names_every_parameter_with_its_facts(task):
    section = generated.one_task(task)
    assert f"`{task}`" in section
    assert (inspect.getdoc(load(task)) or "").splitlines()[0].replace("<", "&lt;") in section
    rows = {line.split("|")[1].strip(" `"): line for line in section.splitlines() if line.startswith("| `")}
    assert set(rows) == set(task_fields(task))
    for name, field in task_fields(task).items():
        assert generated.prose(field.param.help).replace("|", "\\|") in rows[name]
        assert field.param.unit in rows[name]
        assert field.positional or f"--{name.replace('_', '-')}" in rows[name]
        assert ("must be given" in rows[name]) == field.required


def test_the_tasks_page_holds_every_task_and_the_common_options():
    page = generated.tasks()
    assert set(re.findall(r"^##+ `([a-z0-9 -]+)`$", page, re.MULTILINE)) == set(TASKS)
    for flag in ("--seed", "--grid", "--on", "--retries", "--json", "--html", "--workspace"):
        assert f"`{flag}`" in page


def test_every_command_is_on_a_page():
    page = generated.commands()
    for name in generated.command_names():
        assert name in TASKS or f"## `morphoscope {name}`" in page
    for name in generated.command_names():
        for option in generated.command(name).params:
            assert not isinstance(option, click.Option) or option.help, f"{name}: {option.opts} has no help"


def test_the_tables_of_formats_are_as_the_code_is():
    page = text_of("docs/formats.md")
    assert page == generated.renewed(page), "formats.md is behind the code; run: python docs/generated.py"
    for name, entry in READERS.items():
        assert re.search(rf"^\| (`\w+` )*`{name}` (`\w+` )*\| ", page, re.MULTILINE), f"{name} has no row in formats.md"
        for extension in entry.extensions:
            assert f"`{extension}`" in page, f"{extension} of {name} is not in formats.md"
    for extension in WRITERS:
        assert f"`{extension}`" in page


@pytest.mark.parametrize("name", READERS)
def test_a_reader_says_what_it_gives_and_what_it_reads(name):
    nouns, about = generated.reader_facts(READERS[name].reader)
    assert nouns, f"the reader of {name} has no return type"
    assert nouns == "what is inside" or all(hasattr(ms, noun) for noun in nouns.split(", "))
    assert len(about) > 30, f"the reader of {name} has no docstring"


def error_classes() -> list[type[Exception]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.MorphoscopeError)]


def test_every_error_stands_in_the_tree_and_says_when_it_is_raised():
    tree = errors.__doc__ or ""
    for kind in error_classes():
        assert re.search(rf"\b{kind.__name__}\b", tree), f"{kind.__name__} is missing in the tree of errors.py"
        assert len(kind.__doc__ or "") > 20
        (parent,) = kind.__bases__
        if parent is not Exception:
            indent = {
                line.strip("│├└─ ").split()[0]: len(line) - len(line.lstrip("│├└─ "))
                for line in tree.splitlines()
                if line.strip()
            }
            assert indent[kind.__name__] > indent[parent.__name__], f"{kind.__name__} is drawn beside {parent.__name__}"


def public_names() -> list[str]:
    stub = ast.parse((ROOT / "src/morphoscope/__init__.pyi").read_text(encoding="utf-8"))
    return [alias.asname or alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names]


@pytest.mark.parametrize("name", public_names())
def test_a_public_name_is_on_the_python_page_with_a_docstring(name):
    assert re.search(rf"\.\. auto(class|function):: morphoscope\.{name}$", text_of("docs/reference/api.md"), re.MULTILINE)
    assert len(inspect.getdoc(getattr(ms, name)) or "") > 20


def test_the_page_of_the_report_is_the_contract():
    page = text_of("docs/reference/report.md")
    rows = re.findall(r"^\| `([a-z]+)` \| (.*) \|$", page, re.MULTILINE)
    assert [name for name, _ in rows] == list(ms.Report("x").to_dict())
    assert dict(rows)["schema"].startswith(f"{report_module.SCHEMA}.")
    kinds = set(typing.get_args(report_module.FigureKind))
    assert kinds <= set(re.findall(r"`([a-z]+)`", dict(rows)["figures"]))
    (block,) = (block for block in blocks.blocks(page) if block.language == "json")
    shown = ms.Report.from_json(block.text)
    assert shown.to_dict() == ms.Report.from_json(shown.to_json()).to_dict()
    assert shown.figures["S2"].kind in kinds


# Nothing is made up


def problem_with(words: list[str]) -> str:
    """What is wrong with a command line of ours; empty when the commands and options in it exist."""
    found: click.Command = generated.program
    rest = words[1:]
    while isinstance(found, click.Group) and rest and not rest[0].startswith("-"):
        inner = found.get_command(click.Context(found), rest[0])
        if inner is None:
            return f"no command {rest[0]!r}"
        found, rest = inner, rest[1:]
    if isinstance(found, click.Group) and not any(word.startswith("-") for word in rest):
        return "" if len(words) == 1 or found is not generated.program else "no command"
    known = {flag for option in found.params for flag in (*option.opts, *option.secondary_opts)} | {"--help", "-h"}
    unknown = [word for word in rest if word.startswith("-") and word.split("=")[0] not in known]
    return f"no option {unknown[0]}" if unknown else ""


def command_lines(page: str) -> list[str]:
    """Every command of ours in the shell blocks of ``page`` and in its running text."""
    lines = [line for block in blocks.blocks(page) if block.language == "sh" for line in blocks.commands(block)]
    parts = [part.strip() for line in lines for part in re.split(r"&&|\|\||[|;]", line)]
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    spans = re.findall(r"(?<!`)`(morphoscope [^`]+)`(?!`)", prose)
    ours = [part for part in [*parts, *spans] if part.split()[0].rpartition("/")[2] == "morphoscope"]
    return [part for part in ours if "..." not in part]


@every_page
def test_commands_and_options_in_a_page_exist(name):
    for line in command_lines(text_of(name)):
        problem = problem_with(shlex.split(line, comments=True))
        assert not problem, f"{name}: {line}: {problem}"


@every_page
def test_options_in_running_text_exist(name):
    known = {
        flag
        for name in generated.command_names()
        for p in generated.command(name).params
        for flag in (*p.opts, *p.secondary_opts)
    }
    known |= {"--help"}
    for span in re.findall(r"(?<!`)`(--[a-z][^`]*)`(?!`)", text_of(name)):
        for word in re.findall(r"(?<!\S)--[a-z][a-z-]*", span):
            assert word in known, f"{name} speaks of {word}, which no command has"


@every_page
def test_python_names_in_a_page_exist(name):
    for block in blocks.blocks(text_of(name)):
        if block.language == "python":
            for used in re.findall(r"\bms\.([A-Za-z_]+)", block.text):
                assert hasattr(ms, used), f"{name}: ms.{used} does not exist"


def test_the_check_of_commands_notices_what_does_not_exist():
    assert problem_with(shlex.split("morphoscope measure two-point a.tif --smooth-px 1")) == ""
    assert problem_with(shlex.split("morphoscope measure two-pint a.tif")) == "no command 'two-pint'"
    assert problem_with(shlex.split("morphoscope measure two-point a.tif --smooth 1")) == "no option --smooth"
    assert problem_with(shlex.split("morphoscope runs list --jsn")) == "no option --jsn"
    assert problem_with(["morphoscope", "--version"]) == ""
    page = "```sh\ncd x && .venv/bin/morphoscope nothing\n```\nText `morphoscope demo`.\n"
    assert command_lines(page) == [".venv/bin/morphoscope nothing", "morphoscope demo"]


def slugs(page: str) -> set[str]:
    """Anchors of the headings of a page, as GitHub and MyST make them."""
    heads = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def dead_links(page: str, folder: Path) -> list[str]:
    """Targets of links that lead nowhere in this checkout."""
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)):
        if re.match(r"[a-z]+:", target):
            continue
        where, _, anchor = target.partition("#")
        path = (folder / where).resolve() if where else None
        exists = path is None or path.exists()
        if exists and anchor:
            exists = anchor in slugs(generated.fill(path.read_text(encoding="utf-8"), pictures=False) if path else page)
        dead += [] if exists else [target]
    return dead


@every_page
def test_links_in_a_page_lead_somewhere(name):
    assert dead_links(text_of(name), PAGES[name].parent) == []


def test_the_check_of_links_notices_dead_ones():
    page = "# A head: with `code`\n[a](#a-head-with-code) [b](#nowhere) [c](design.md) [d](gone.md) [e](design.md#gone) [f](https://x.org)"
    assert dead_links(page, DOCS) == ["#nowhere", "gone.md", "design.md#gone"]


def test_every_page_is_in_the_contents():
    listed = set(re.findall(r"^([a-z/]+)$", text_of("docs/index.md"), re.MULTILINE))
    pages = {str(Path(name).relative_to("docs").with_suffix("")) for name in PAGES if name.startswith("docs/")}
    assert pages - {"index"} == listed


def test_the_design_page_names_every_folder_of_the_package():
    page = text_of("docs/design.md")
    for folder in (ROOT / "src/morphoscope").iterdir():
        if (folder / "__init__.py").is_file():
            assert f"`{folder.name}`" in page, f"design.md does not say what {folder.name}/ is for"


# It is true


def test_the_comparison_of_output_tells_words_and_numbers_apart():
    printed = "title of x\n  a   1.234 nm\n  b   5 px\n  run simulate-blend-0123456789ab\n"
    assert blocks.difference("title of x\n  a   1.23 nm\n", printed) == ""
    assert blocks.difference("title of x\n...\n  run simulate-blend-ffffffffffff\n", printed) == ""
    assert blocks.difference("title of x\n  b   5 px\n", printed) == "  b   5 px"
    assert blocks.difference("title of x\n  a   1.4 nm\n", printed) == "  a   1.4 nm"
    assert blocks.difference("title of x\n  a   1.234 um\n", printed) == "  a   1.234 um"
    assert blocks.difference("title of ...\n", printed) == ""


def test_only_the_installation_is_not_run():
    (block,) = (block for block in blocks.blocks(text_of("docs/tutorial.md")) if block.how == "not run")
    assert "pip install" in block.text


@pytest.mark.slow
@pytest.mark.dist
@pytest.mark.timeout(900)
def test_the_tutorial_runs_as_it_stands(tmp_path):
    seen = 0
    for block, code, printed in blocks.walk(text_of("docs/tutorial.md"), tmp_path):
        where = f"tutorial.md, line {block.line}:\n{block.text}"
        assert (code != 0) == (block.how == "fails"), f"{where}ended with code {code}:\n{printed}"
        assert "Traceback" not in printed, where + printed
        missing = blocks.difference(block.shown, printed) if block.shown is not None else ""
        assert not missing, f"{where}shows {missing!r}, but prints:\n{printed}(python docs/blocks.py renews the page)"
        seen += 1
    assert seen > 20


def test_equations_keep_to_what_every_renderer_knows():
    sized = [
        str(path) for path in (ROOT / "src").rglob("*.py") if re.search(r"\\[Bb]ig+[lr]?\b", path.read_text(encoding="utf-8"))
    ]
    assert sized == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_documentation_builds_without_a_warning_and_holds_everything(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-D", "pictures=0", "-b", "html", str(DOCS), str(tmp_path / "html")]
    done = subprocess.run([*command, "-d", str(tmp_path / "trees")], capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stderr
    html = {page.stem: unescape(page.read_text(encoding="utf-8")) for page in (tmp_path / "html").rglob("*.html")}
    for task in TASKS:
        assert f'id="{task.replace(" ", "-")}"' in html["tasks"]
        for name in task_fields(task):
            assert f">{name}<" in html["tasks"]
    for kind in error_classes():
        assert f'id="morphoscope.errors.{kind.__name__}"' in html["errors"]
    for name in public_names():
        assert f'id="morphoscope.{name}"' in html["api"]
    assert "<math" in html["methods"]
    for name, text in html.items():
        loaded = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(https?:[^"]+)"', text)
        assert loaded == [], f"{name} loads {loaded} from the network"
