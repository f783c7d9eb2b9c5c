"""report.html: one file that opens offline, in light and dark, on a phone, on paper.

The plots are inline SVG written by the template, with positions in percent and colours from CSS variables: they stay
sharp at every width, follow the theme, and their labels keep their size on a phone. A plotting library would give a
picture of one width and one theme, and its import costs several times what the whole page takes to render.

Names come from model files, so from strangers: the template escapes everything, and a content security policy in the
page lets only this page's own style and script run, by their hashes, and lets nothing be fetched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from itertools import accumulate
from typing import Any

from edgecomp.report import formats
from edgecomp.report.assets import page_part, page_template, source_hash
from edgecomp.report.comparison import compare, highlights
from edgecomp.report.cutting import cut
from edgecomp.report.files import plain
from edgecomp.report.plots.depth import clipping_plot, error_plot, size_plot
from edgecomp.report.plots.histograms import histogram_panels
from edgecomp.report.schema import validate_report
from edgecomp.report.sections.accuracy import read_accuracy
from edgecomp.report.sections.attention import read_attention
from edgecomp.report.sections.changes import read_changes
from edgecomp.report.sections.cost import read_cost
from edgecomp.report.sections.device_table import device_rows
from edgecomp.report.sections.findings import read_findings
from edgecomp.report.sections.layers import ROW_LIMIT, Layer, by_concern, layers_summary, read_layers
from edgecomp.report.sections.low_rank import read_low_rank
from edgecomp.report.sections.mistakes import other_warnings
from edgecomp.report.sections.outline import outline
from edgecomp.report.sections.pictures import PictureBudget
from edgecomp.report.sections.pruned import read_pruned
from edgecomp.report.sections.robustness import read_robustness
from edgecomp.report.sections.search import read_search
from edgecomp.report.sections.speed import read_speed
from edgecomp.report.sections.trained import read_training
from edgecomp.report.sections.trials import read_choice
from edgecomp.report.sections.weights import read_weights
from edgecomp.report.subject import subject_of
from edgecomp.report.verdict import judge

# A page has to open on a phone: what is longer is cut here and whole in report.json.
TEXT_LIMIT = 600
LIST_LIMIT = 50
RECIPE_LIMIT = 20_000
FIRST_ROWS = 15
TENSOR_TABLE_BYTES = 200_000
TENSOR_ROW_MARKUP = 250

PAGE_LIMIT = 2_000_000
"""Bytes that a page stays below."""

CUTS = (100, 30, 10)
"""Items that lists are cut to, one after the other, where a page would be longer all the same."""

CUT_WARNING = "This page leaves out much of report.json, which holds more than a page may."

PARTS = (
    ("warnings", "Warnings", ("warnings",)),
    ("comparison", "Side by side", ("comparison",)),
    ("accuracy", "Accuracy", ("accuracy",)),
    ("speed", "Speed", ("speed",)),
    ("device", "On the device", ("device",)),
    ("findings", "What stands in its way", ("findings",)),
    ("size", "Size and cost", ("size_plot", "cost")),
    ("pruned", "Pruning", ("pruned",)),
    ("low-rank", "Smaller layers", ("low_rank",)),
    ("weights", "Weights", ("weights",)),
    ("layers", "Error by layer", ("layers",)),
    ("robustness", "Robustness", ("robustness",)),
    ("changes", "Changed answers", ("changes",)),
    ("attention", "What answers hang on", ("attention",)),
    ("search", "The search", ("search",)),
    ("training", "Training", ("training",)),
    ("choice", "The integers", ("choice",)),
    ("done", "What was done", ("preprocess", "steps", "recipe")),
    ("environment", "Where it comes from", ("source", "labels", "environment")),
)
"""Sections by id, what the list of contents calls them, and which of the page's parts make one appear."""


def render_html(report: Mapping[str, Any]) -> str:
    """Renders a report as one self-contained page of less than 2 MB.

    Args:
        report: a report of schema 1; whatever was not measured may be missing or null.

    Returns:
        The page, to be written as UTF-8.

    Raises:
        InputError: the report breaks the schema.
    """
    validate_report(report)
    data: dict[str, Any] = json.loads(json.dumps(report, default=plain))
    page = _page(data)
    for most in CUTS:
        if len(page.encode()) < PAGE_LIMIT:
            break
        page = _page(cut(data, most) | {"warnings": [CUT_WARNING, *(data.get("warnings") or [])[:most]]})
    return page


def _page(data: dict[str, Any]) -> str:
    shown = {**_judgement(data), **_figures(data), **_layers(data), **_making(data)}
    style, script = page_part("page.css"), page_part("page.js")
    page = page_template("edgecomp.report", "page.html.j2").render(
        report=data,
        parts=[(key, title) for key, title, there in PARTS if any(shown[one] for one in there)],
        formats=formats,
        style=style,
        script=script,
        style_hash=source_hash(style),
        script_hash=source_hash(script),
        text_limit=TEXT_LIMIT,
        **shown,
    )
    # Names of files that are not UTF-8 hold lone surrogates, which no page can.
    return page.encode("utf-8", "replace").decode("utf-8")


def _judgement(data: dict[str, Any]) -> dict[str, Any]:
    """What is read first."""
    warnings = other_warnings(data)
    return {
        "subject": subject_of(data),
        "verdict": judge(data),
        "target": formats.shortened(data["target"], 200),
        "comparison": compare(data),
        "highlights": highlights(data),
        "warnings": [formats.shortened(text, TEXT_LIMIT) for text in warnings[:LIST_LIMIT]],
        "warning_count": len(warnings),
    }


def _figures(data: dict[str, Any]) -> dict[str, Any]:
    """Accuracy, speed, cost, robustness, samples."""
    pictures = PictureBudget()
    return {
        "accuracy": read_accuracy(data),
        "speed": read_speed(data),
        "device": data.get("predicted") or data.get("measured") or data.get("devices"),
        "devices": device_rows(data, LIST_LIMIT),
        "findings": read_findings(data),
        "cost": read_cost(data),
        "robustness": read_robustness(data),
        "changes": read_changes(data, pictures),
        "attention": read_attention(data, pictures),
        "samples_hidden": bool((data.get("evaluation") or {}).get("samples_hidden")),
    }


def _layers(data: dict[str, Any]) -> dict[str, Any]:
    layers = read_layers(data)
    return {
        "layers": by_concern(layers)[:ROW_LIMIT],
        "layer_count": len(layers),
        "layers_summary": layers_summary(layers),
        "error_plot": error_plot(layers),
        "clipping_plot": clipping_plot(layers),
        "size_plot": size_plot(layers),
        "panels": histogram_panels(data, layers),
        "tensors": _tensor_rows(layers),
        "first_rows": FIRST_ROWS,
    }


def _making(data: dict[str, Any]) -> dict[str, Any]:
    """How it came about."""
    return {
        "pruned": read_pruned(data),
        "low_rank": read_low_rank(data),
        "weights": read_weights(data),
        "search": read_search(data),
        "training": read_training(data),
        "choice": read_choice(data),
        "recipe": _recipe(data),
        "preprocess": data.get("preprocess") or {},
        "longest_step": max((step.get("seconds") or 0 for step in _objects(data, "steps")), default=0),
        "steps": _objects(data, "steps")[:LIST_LIMIT],
        "labels": [formats.shortened(text, 80) for text in data.get("labels") or [] if text][:LIST_LIMIT],
        "evidence": outline((data.get("preprocess") or {}).get("evidence"), LIST_LIMIT),
        "source": data.get("source") or {},
        "environment": outline(data.get("environment"), LIST_LIMIT),
    }


def _tensor_rows(layers: Sequence[Layer]) -> list[Layer]:
    """As many layers with a tensor as fit the bytes set aside for them, which is all of any usual network."""
    named = [layer for layer in layers if layer.tensor]
    sizes = accumulate(
        TENSOR_ROW_MARKUP + len(escape(f"{one.name}{one.tensor}").encode("utf-8", "replace")) for one in named
    )
    return [layer for layer, size in zip(named, sizes, strict=True) if size <= TENSOR_TABLE_BYTES]


def _objects(report: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return [one for one in report.get(key) or [] if one]


def _recipe(report: Mapping[str, Any]) -> str:
    recipe = report.get("recipe")
    return formats.shortened(json.dumps(recipe, indent=2, ensure_ascii=False), RECIPE_LIMIT) if recipe else ""
