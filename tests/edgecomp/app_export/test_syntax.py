"""The classes in Kotlin and Swift can be parsed, whatever model they are for; no compiler is needed for that."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tree_sitter
import tree_sitter_kotlin
import tree_sitter_swift

from edgecomp.app_export.render import app_files
from edgecomp.app_export.source import AppSource, read_app_source

from ...browser.phone_bundles import convolution, write_bundle

GRAMMARS = {"android": tree_sitter_kotlin, "ios": tree_sitter_swift}

KOTLIN_MATH = {"PI", "abs", "ceil", "exp", "floor", "max", "min", "pow", "round", "sin", "sqrt", "tanh", "truncate"}
"""Of kotlin.math what a class here may need; a name that is not there would only be found by a compiler."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> AppSource:
    return read_app_source(write_bundle(tmp_path_factory.mktemp("bundle") / "bundle.zip", convolution()))


def troubles(platform: str, code: bytes) -> list[str]:
    """Where the grammar finds what it cannot read, or misses something."""
    tree = tree_sitter.Parser(tree_sitter.Language(GRAMMARS[platform].language())).parse(code)
    found, waiting = [], [tree.root_node]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            found.append(f"line {node.start_point[0] + 1}: {node.text[:60] if node.text else node.type}")
        waiting.extend(node.children)
    return found


def variants(source: AppSource) -> list[AppSource]:
    """Every branch of the templates."""
    found = []
    for dtype in ("float32", "int8", "uint8"):
        for activation in ("none", "softmax", "sigmoid"):
            changes: dict[str, Any] = {
                "input_tensor": replace(source.input_tensor, stored_dtype=dtype, scale=1.5e-7, zero_point=-128),
                "output_tensor": replace(source.output_tensor, stored_dtype=dtype, scale=0.25, zero_point=3),
                "output": replace(source.output, activation=activation),
            }
            found.append(replace(source, **changes))
    return found


@pytest.mark.parametrize("platform", sorted(GRAMMARS))
def test_every_variant_can_be_parsed(source: AppSource, platform: str) -> None:
    for variant in variants(source):
        for name, content in app_files(variant, platform).items():
            if name.endswith((".kt", ".swift")):
                assert troubles(platform, content) == [], (name, variant.output.activation)


@pytest.mark.parametrize("platform", sorted(GRAMMARS))
def test_a_slip_would_be_found(source: AppSource, platform: str) -> None:
    (name,) = (one for one in app_files(source, platform) if one.startswith("Preprocessing"))
    code = app_files(source, platform)[name]
    assert troubles(platform, code.replace(b"{", b"", 1))
    assert troubles(platform, code.replace(b"if (", b"if if (").replace(b"if photo", b"if if photo"))


def test_names_of_models_cannot_break_out_of_the_code(source: AppSource, tmp_path: Path) -> None:
    wild = replace(source, name='x"; } \n */ fun evil() {', labels=('"; evil()', "</b>"))
    for platform in GRAMMARS:
        for name, content in app_files(wild, platform).items():
            if name.endswith((".kt", ".swift")):
                assert b"evil()" not in content
                assert troubles(platform, content) == []


def test_what_is_imported_of_kotlins_mathematics_exists_and_is_used(source: AppSource) -> None:
    for variant in variants(source):
        for name, content in app_files(variant, "android").items():
            if name.endswith(".kt"):
                imported = re.findall(r"^import kotlin\.math\.(\w+)$", content.decode(), re.MULTILINE)
                assert set(imported) <= KOTLIN_MATH
                body = content.decode().split("\n\n", 2)[2]
                if name == "Preprocessing.kt":
                    assert [one for one in imported if not re.search(rf"\b{one}\b", body)] == []
