"""The rules of the house, read from the source: who may import whom, and what no file may contain."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "morphoscope"
RANK = {
    "errors": 0,
    "core": 1,
    "io": 2,
    "measure": 2,
    "physics": 2,
    "learn": 2,
    "datasets": 3,
    "library": 3,
    "tasks": 4,
    "app": 5,
    "cli": 6,
    "web": 6,
}
LEARNING = {"torch", "torchvision", "timm", "sklearn", "lightning", "segmentation_models_pytorch", "safetensors", "lightgbm"}
LINES = 450
MODULES = {str(path.relative_to(SRC)): path for path in sorted(SRC.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
every_module = pytest.mark.parametrize("name", MODULES)


def folder_of(name: str) -> str:
    """``core`` for ``core/curve.py``; ``cli`` for ``cli.py``; empty for the package's own face."""
    parts = Path(name).with_suffix("").parts
    return "" if parts[0] in ("__init__", "__main__") else parts[0]


def for_types_only(tree: ast.Module) -> set[ast.AST]:
    """Everything under ``if TYPE_CHECKING:``, which no program runs."""
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
    return {inner for block in blocks for statement in block.body for inner in ast.walk(statement)}


def imports(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def targets(name: str, node: ast.ImportFrom) -> Iterator[tuple[str, ...]]:
    """Where a relative import leads, as parts below the package: ``..core import Curve`` gives ("core", "Curve")."""
    here = Path(name).parent.parts
    base = here[: len(here) - (node.level - 1)] + tuple((node.module or "").split(".") if node.module else ())
    for alias in node.names:
        yield (*base, alias.name)


def leads_to(name: str, node: ast.ImportFrom) -> set[str]:
    """Folders an import statement reaches."""
    return {parts[0] for parts in targets(name, node) if parts[0] in RANK}


def test_every_folder_has_a_rank():
    found = {folder_of(name) for name in MODULES} - {""}
    assert found <= set(RANK), f"give a rank to {sorted(found - set(RANK))}"


@every_module
def test_imports_go_strictly_downwards(name):
    folder = folder_of(name)
    if not folder:
        return
    for node in imports(TREES[name]):
        if isinstance(node, ast.ImportFrom) and node.level:
            for other in leads_to(name, node) - {folder}:
                assert RANK[other] < RANK[folder], (
                    f"{name}:{node.lineno} ({folder}, {RANK[folder]}) imports {other} ({RANK[other]})"
                )


@every_module
def test_own_modules_are_imported_relatively(name):
    for node in imports(TREES[name]):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""] * (not node.level)
        assert not any(n.split(".")[0] == "morphoscope" for n in names), f"{name}:{node.lineno} imports itself by its full name"


@every_module
def test_no_import_hides_inside_a_function(name):
    tree = TREES[name]
    hidden = [
        inner.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert not hidden, f"{name}: imports inside a function on lines {hidden}"


@every_module
def test_learning_libraries_stay_in_learn(name):
    if folder_of(name) == "learn":
        return
    for node in imports(TREES[name]):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""] * (not node.level)
        found = {n.split(".")[0] for n in names} & LEARNING
        assert not found, f"{name}:{node.lineno} imports {found}; only learn/ may"


@every_module
def test_science_reads_no_files_and_draws_nothing(name):
    """physics/ and measure/ take nouns and give nouns; drawing belongs to app/render."""
    if folder_of(name) not in ("physics", "measure", "core"):
        return
    banned = {"matplotlib", "plotly", "h5py", "tifffile", "fabio", "click", "fastapi"}
    for node in imports(TREES[name]):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""] * (not node.level)
        found = {n.split(".")[0] for n in names} & banned
        assert not found, f"{name}:{node.lineno} imports {found}"


def test_the_package_face_imports_nothing_eagerly():
    modules = {alias.name for node in imports(TREES["__init__.py"]) if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in imports(TREES["__init__.py"]) if isinstance(node, ast.ImportFrom) and node.module != "__future__"]
    assert modules == {"lazy_loader"}
    assert froms == []


def test_core_is_numpy_only():
    allowed = {"numpy", "__future__"}
    for name in MODULES:
        if folder_of(name) == "core":
            for node in imports(TREES[name]):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""] * (not node.level)
                foreign = {n.split(".")[0] for n in names} - allowed - sys.stdlib_module_names
                assert not foreign, f"{name} imports {foreign}"


def module_graph() -> dict[str, set[str]]:
    """Which module imports which at run time; a folder's face stands for itself."""
    known = {tuple(Path(name).with_suffix("").parts): name for name in MODULES}
    known |= {parts[:-1]: name for parts, name in known.items() if parts[-1] == "__init__" and len(parts) > 1}
    graph: dict[str, set[str]] = {name: set() for name in MODULES}
    for name, tree in TREES.items():
        skipped = for_types_only(tree)
        for node in imports(tree):
            if isinstance(node, ast.ImportFrom) and node.level and node not in skipped:
                for parts in targets(name, node):
                    found = known.get(parts) or known.get(parts[:-1])
                    if found and found != name:
                        graph[name].add(found)
    return graph


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    """One import cycle as a path, or nothing."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name not in done:
            for other in sorted(graph[name]):
                if found := visit(other, [*path, name]):
                    return found
            done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := visit(name, []))), [])


def test_no_module_imports_itself_in_a_circle():
    assert cycle_in(module_graph()) == []


def test_the_cycle_finder_finds_cycles():
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert cycle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
    graph = module_graph()
    assert "core/curve.py" in graph["core/report.py"]
    assert "errors.py" in graph["core/curve.py"]
    assert "core/resample.py" in graph["core/micrograph.py"]


@every_module
def test_files_stay_readable(name):
    lines = len(MODULES[name].read_text(encoding="utf-8").splitlines())
    assert lines <= LINES, f"{name} has {lines} lines; cut it in two"


@every_module
def test_no_file_raises_bare_exceptions_asserts_or_prints(name):
    for node in ast.walk(TREES[name]):
        where = f"{name}:{getattr(node, 'lineno', 0)}"
        assert not isinstance(node, ast.Assert), f"{where}: assert in src; raise one of errors.py"
        if isinstance(node, ast.Raise) and node.exc is not None:
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            assert ast.unparse(raised) not in ("Exception", "BaseException"), f"{where}: raise one of errors.py"
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) != "print", f"{where}: print in src; return it, or use click.echo in the command line"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{where}: a bare except also catches Ctrl-C"


@every_module
def test_every_file_says_what_it_is_for(name):
    assert ast.get_docstring(TREES[name]), f"{name} has no docstring"
    stem = Path(name).stem
    assert stem not in {"utils", "util", "helpers", "helper", "base", "common", "misc", "manager"}, (
        f"{name}: name it after its topic"
    )


@every_module
def test_no_global_seed(name):
    source = ast.unparse(TREES[name])
    for call in ("np.random.seed(", "random.seed(", "np.random.rand(", "np.random.normal("):
        assert call not in source, f"{name} uses {call}...); take an explicit np.random.Generator"
