"""The rooms of the source tree: who may import whom. Read from the code, also where it imports inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOST = sorted((ROOT / "edgecomp").rglob("*.py"))
DEVICE = sorted((ROOT / "runtime" / "edgecomp_runtime").rglob("*.py"))
HEAVY = {"tensorflow", "keras", "tf_keras", "litert_quantizer"}


@cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    """All of a file's syntax; the module itself is the first."""
    return tuple(ast.walk(ast.parse(file.read_text())))


def imported(file: Path, root: Path, nodes: Iterable[ast.AST] | None = None) -> set[str]:
    """The full names of the modules that a file imports anywhere, or in some of its nodes."""
    package = file.relative_to(root).parts[:-1]
    found = set()
    for node in nodes_of(file) if nodes is None else nodes:
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (above, node.module) if part)
            found |= {module} if node.module else {f"{module}.{one.name}" for one in node.names}
    return found


def tops(modules: set[str]) -> set[str]:
    """The packages that modules belong to."""
    return {one.split(".")[0] for one in modules}


def rooms() -> dict[str, set[str]]:
    """For each package and module right below `edgecomp` the others of them that it imports."""
    found: dict[str, set[str]] = {}
    for file in HOST:
        room = file.relative_to(ROOT / "edgecomp").parts[0].removesuffix(".py")
        others = {one.split(".")[1] for one in imported(file, ROOT) if one.startswith("edgecomp.")}
        found.setdefault(room, set()).update(others - {room, "__version__"})
    return found


def test_rooms_do_not_import_each_other_in_circles():
    TopologicalSorter(rooms()).prepare()  # CycleError names the circle


def test_gradients_are_taken_where_strided_kernels_of_one_pixel_are_safe():
    """TensorFlow's own gradient of them breaks memory; see `models/safe_gradients.py`."""
    unsafe = [
        file.relative_to(ROOT)
        for file in HOST
        for node in nodes_of(file)
        if isinstance(node, ast.With)
        and "GradientTape(" in ast.unparse(node.items[-1])
        and "safe_gradients(" not in ast.unparse(node.items[0])
    ]
    assert not unsafe


def test_only_the_command_line_and_the_package_itself_know_the_pipeline():
    assert {room for room, others in rooms().items() if "pipeline" in others} == {"cli", "__init__"}
    assert {room for room, others in rooms().items() if "cli" in others} == set()


def test_the_device_package_imports_nothing_of_the_host_and_no_tensorflow():
    for file in DEVICE:
        assert not tops(imported(file, ROOT / "runtime")) & {"edgecomp", *HEAVY}, file.relative_to(ROOT)


def test_tensorflow_is_imported_inside_functions_but_for_the_room_that_is_made_of_it():
    early = [file for file in HOST if tops(imported(file, ROOT, ast.iter_child_nodes(nodes_of(file)[0]))) & HEAVY]
    assert {file.relative_to(ROOT).parts[1] for file in early} == {"qat"}
