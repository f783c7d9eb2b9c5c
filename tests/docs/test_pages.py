"""What the pages point at is there: files, other pages, benchmarks, and what their Python code imports and calls."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from pathlib import Path

import pytest

import edgecomp

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / one for one in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / one / "README.md" for one in ("runtime", "samples")),
]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchors(page: Path) -> set[str]:
    """The names that a page's headings can be linked by."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def code_blocks(page: Path) -> list[ast.Module]:
    """The page's Python, parsed."""
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [ast.parse(textwrap.dedent(one)) for one in blocks]


@each_page
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@each_page
def test_files_of_the_repository_that_are_named_exist(page):
    named = re.findall(
        r"(?<![\w/])(?:docs|samples|scripts|benchmarks|targets|edgecomp|runtime|tests)/[\w/.-]+\.(?:md|py|sh|yaml|png)\b",
        page.read_text(),
    )
    assert [one for one in named if not (ROOT / one).exists()] == []


@each_page
def test_benchmarks_that_are_named_can_be_run(page):
    text = re.sub(r"\s+", " ", page.read_text())
    for name in re.findall(r"python -m benchmarks\.(\w+)", text):
        assert "__main__" in (ROOT / "benchmarks" / f"{name}.py").read_text(), name
    for names in re.findall(r"`python -m benchmarks ([\w ]+)`", text):
        for name in names.split():
            assert "def measure(" in (ROOT / "benchmarks" / f"{name}.py").read_text(), name


@each_page
def test_python_code_imports_what_is_there_and_passes_arguments_that_are_taken(page):
    for code in code_blocks(page):
        for node in ast.walk(code):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("edgecomp"):
                module = importlib.import_module(str(node.module))
                assert [one.name for one in node.names if not hasattr(module, one.name)] == [], node.module
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("edgecomp."):
                taken = inspect.signature(getattr(edgecomp, ast.unparse(node.func).split(".")[1])).parameters
                if not any(one.kind is one.VAR_KEYWORD for one in taken.values()):
                    assert {str(one.arg) for one in node.keywords} <= set(taken), ast.unparse(node)


def test_the_index_of_the_documentation_lists_every_page():
    index = (ROOT / "docs" / "README.md").read_text()
    assert [
        one.name
        for one in sorted((ROOT / "docs").glob("*.md"))
        if one.name != "README.md" and f"({one.name})" not in index
    ] == []
