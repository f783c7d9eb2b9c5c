"""report.html: one file that opens offline, in light and dark, on a phone, on paper.

The plots are inline SVG written by the template, with positions in percent and colours from CSS variables: they stay
sharp at every width, follow the theme, and their labels keep their size on a phone. A plotting library would give a
picture of one width and one theme, and its import costs several times what the whole page takes to render.

Names come from model files, so from strangers: the template escapes everything, and a content security policy in the
page lets only this page's own style and script run, by their hashes, and lets nothing be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from importlib import resources
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from edgecomp.report import formats
from edgecomp.report.comparison import compare, highlights
from edgecomp.report.device_table import device_rows
from edgecomp.report.files import plain
from edgecomp.report.findings import read_findings
from edgecomp.report.histograms import histogram_panels
from edgecomp.report.layers import ROW_LIMIT, Layer, by_concern, layers_summary, read_layers
from edgecomp.report.outline import outline
from edgecomp.report.plots import clipping_plot, error_plot, size_plot
from edgecomp.report.pruned import read_pruned
from edgecomp.report.schema import validate_report
from edgecomp.report.trained import read_training
from edgecomp.report.trials import read_choice
from edgecomp.report.verdict import judge, model_name

if TYPE_CHECKING:
    from jinja2 import Template

# A page has to open on a phone: what is longer is cut here and whole in report.json.
TEXT_LIMIT = 600
LIST_LIMIT = 50
RECIPE_LIMIT = 20_000
FIRST_ROWS = 15
TENSOR_TABLE_BYTES = 200_000
TENSOR_ROW_MARKUP = 250


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
    layers = read_layers(data)
    style, script = _part("page.css"), _part("page.js")
    page = _template().render(
        report=data,
        verdict=judge(data),
        model=formats.shortened(model_name(data), 200),
        target=formats.shortened(data["target"], 200),
        comparison=compare(data),
        highlights=highlights(data),
        layers=by_concern(layers)[:ROW_LIMIT],
        layer_count=len(layers),
        layers_summary=layers_summary(layers),
        error_plot=error_plot(layers),
        clipping_plot=clipping_plot(layers),
        size_plot=size_plot(layers),
        panels=histogram_panels(data, layers),
        tensors=_tensor_rows(layers),
        findings=read_findings(data),
        devices=device_rows(data, LIST_LIMIT),
        pruned=read_pruned(data),
        training=read_training(data),
        choice=read_choice(data),
        first_rows=FIRST_ROWS,
        recipe=_recipe(data),
        longest_step=max((step.get("seconds") or 0 for step in _objects(data, "steps")), default=0),
        steps=_objects(data, "steps")[:LIST_LIMIT],
        warnings=[formats.shortened(text, TEXT_LIMIT) for text in data.get("warnings") or [] if text][:LIST_LIMIT],
        warning_count=len(data.get("warnings") or []),
        labels=[formats.shortened(text, 80) for text in data.get("labels") or [] if text][:LIST_LIMIT],
        evidence=outline((data.get("preprocess") or {}).get("evidence"), LIST_LIMIT),
        environment=outline(data.get("environment"), LIST_LIMIT),
        formats=formats,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        text_limit=TEXT_LIMIT,
    )
    # Names of files that are not UTF-8 hold lone surrogates, which no page can.
    return page.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_part("page.html.j2"))


@lru_cache(maxsize=4)
def _part(name: str) -> str:
    return resources.files("edgecomp.report").joinpath(name).read_text("utf-8")


def _tensor_rows(layers: Sequence[Layer]) -> list[Layer]:
    """As many layers with a tensor as fit the bytes set aside for them, which is all of any usual network."""
    named = [layer for layer in layers if layer.tensor]
    sizes = accumulate(
        TENSOR_ROW_MARKUP + len(escape(f"{one.name}{one.tensor}").encode("utf-8", "replace")) for one in named
    )
    return [layer for layer, size in zip(named, sizes, strict=True) if size <= TENSOR_TABLE_BYTES]


def _hash(text: str) -> str:
    """The source expression by which a content security policy allows exactly this inline text."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def _objects(report: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return [one for one in report.get(key) or [] if one]


def _recipe(report: Mapping[str, Any]) -> str:
    recipe = report.get("recipe")
    return formats.shortened(json.dumps(recipe, indent=2, ensure_ascii=False), RECIPE_LIMIT) if recipe else ""
