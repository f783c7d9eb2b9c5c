"""What a page says of the answers: figures, mistakes, curves, changed samples, maps, costs."""

from __future__ import annotations

from typing import Any

import pytest

from edgecomp.report import render_html, summary_lines, validate_report
from edgecomp.report.sections.accuracy import read_accuracy, samples_needed
from edgecomp.report.sections.attention import read_attention
from edgecomp.report.sections.changes import read_changes
from edgecomp.report.sections.cost import read_cost
from edgecomp.report.sections.mistakes import other_warnings, read_mistakes
from edgecomp.report.sections.pictures import PictureBudget
from edgecomp.report.sections.robustness import read_robustness
from edgecomp.report.sections.speed import read_speed
from edgecomp.report.verdict import judge

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
DAMAGED = (
    "Layer conv2d_3 ruins the answers: its own error leaves 1.2 dB of its output; its weights are probably damaged"
)


def report(**evaluation: Any) -> dict[str, Any]:
    metric = {"name": "top1", "value": 0.98, "n": 540}
    made = {
        "schema": 1,
        "target": "t",
        "float": {"metric": metric},
        "compressed": {"metric": metric},
        "drop_points": 0.0,
        "budget": {"max_drop_points": 1.0, "met": True},
        "evaluation": {"n": 540, **evaluation},
    }
    validate_report(made)
    return made


def comparison(**more: Any) -> dict[str, Any]:
    return {
        "n": 540,
        "both": 529,
        "lost": 4,
        "won": 1,
        "drop": 0.0056,
        "low": -0.0042,
        "high": 0.0167,
        "p": 0.375,
        "max_drop_points": 1.0,
        "samples_needed": 3120,
        **more,
    }


def side(value: float, **figures: float) -> dict[str, Any]:
    return {
        "metric": {"name": "top1", "value": value, "n": 540},
        "interval": [value - 0.02, value + 0.01],
        "figures": figures,
        "classes": [{"name": "cat", "n": 50, "f1": value}, {"name": "dog", "n": 40, "f1": 0.9}],
    }


@pytest.mark.parametrize(
    ("said", "lead"),
    [
        (DAMAGED, "Layer conv2d_3 ruins the answers"),
        ("The order of the labels is probably wrong: 9.8% are right", "The order of the labels is probably wrong"),
        ("Preprocessing differs between calibration and evaluation: 30%", "Preprocessing differs between calibration"),
        ("photos/: 3 of 100 evaluation samples are also training samples", "photos/: 3 of 100 evaluation samples"),
    ],
)
def test_a_mistake_is_named_before_anything_else_and_stops_shipping(said: str, lead: str) -> None:
    wrong = report(diagnosis=[said])
    verdict = judge(wrong)
    assert (verdict.outcome, verdict.title) == ("stop", "Do not ship yet")
    page = render_html(wrong)
    assert page.index(lead) < page.index("98.00%")
    assert page.index(lead) < page.index("<main>")
    assert summary_lines(wrong)[1].startswith(f"mistake: {lead}")


def test_a_budget_that_is_missed_stays_missed_beside_a_mistake() -> None:
    wrong = {**report(diagnosis=[DAMAGED]), "drop_points": 9.0, "budget": {"max_drop_points": 1.0, "met": False}}
    assert judge(wrong).title == "Do not ship"
    assert [one.sentence for one in judge(wrong).mistakes] == [DAMAGED]


def test_a_mistake_is_not_said_again_as_a_warning() -> None:
    both = {**report(diagnosis=[DAMAGED]), "warnings": [DAMAGED, "Few samples."]}
    assert other_warnings(both) == ["Few samples."]
    assert render_html(both).count("its own error leaves 1.2 dB") == 1


def test_without_a_mistake_the_budget_decides() -> None:
    assert judge(report(diagnosis=[])).title == "Ship"
    assert read_mistakes({"schema": 1, "target": "t"}) == ()


def test_every_figure_stands_beside_the_float_models() -> None:
    files = {"float": side(0.98, log_loss=0.05, bias=0.1), "compressed": side(0.97, log_loss=0.06, bias=0.2)}
    rows = {one.name: one for one in read_accuracy(report(files=files)).figures}
    assert (rows["Top-1 accuracy"].reference, rows["Top-1 accuracy"].ours) == ("98.00%", "97.00%")
    assert rows["Top-1 accuracy"].ours_span == "95.00% to 98.00%"
    assert [rows[name].change for name in ("Top-1 accuracy", "Log loss")] == ["−1 point", "+0.010"]


@pytest.mark.parametrize(("ends", "tone"), [((0.001, 0.02), "worse"), ((-0.02, -0.001), "better"), ((-0.01, 0.01), "")])
def test_better_and_worse_are_said_beyond_chance_only(ends: tuple[float, float], tone: str) -> None:
    files = {"float": side(0.98), "compressed": side(0.97)}
    told = report(files=files, comparison=comparison(low=ends[0], high=ends[1], drop=sum(ends) / 2, p=0.01))
    assert read_accuracy(told).figures[0].tone == tone
    chance = report(files=files, comparison=comparison(low=ends[0], high=ends[1], drop=sum(ends) / 2, p=0.06))
    assert read_accuracy(chance).figures[0].tone == ""


def test_the_classes_that_lost_most_come_first() -> None:
    accuracy = read_accuracy(report(files={"float": side(0.98), "compressed": side(0.91)}))
    assert accuracy.class_figure == "F1"
    assert [(one.name, one.n) for one in accuracy.classes] == [("cat", 50), ("dog", 40)]
    assert accuracy.classes[0].change == pytest.approx(-0.07)


def test_the_loss_is_held_against_the_budget_with_the_samples_it_would_take() -> None:
    unsure = report(comparison=comparison())
    assert samples_needed(unsure) == (
        "On 540 samples the loss lies between −0.42 and 1.67 points (95%), on both sides of the budget; "
        "about 3,120 samples would settle it."
    )
    assert "3,120 samples" in judge(unsure).caution
    sure = report(comparison=comparison(high=0.008))
    assert samples_needed(sure) == judge(sure).caution == ""
    plot = read_accuracy(unsure).drop
    assert plot is not None
    assert plot.low < plot.zero < plot.value < plot.limit < plot.high  # type: ignore[operator]
    assert plot.side == "across"


def test_the_paired_test_has_its_four_counts() -> None:
    pairs = read_accuracy(report(comparison=comparison())).pairs
    assert pairs is not None
    assert (pairs.both, pairs.lost, pairs.won, pairs.neither, pairs.p) == (529, 4, 1, 6, "= 0.38")
    tiny = read_accuracy(report(comparison=comparison(p=1e-9))).pairs
    assert tiny is not None
    assert tiny.p == "< 0.001"


def curve(name: str, losses: list[float]) -> dict[str, Any]:
    points = [
        {
            "strength": 0.1 * place,
            "value": 0.9 - loss,
            "interval": [0.8 - loss, 0.95 - loss],
            "against": {"value": 0.9, "interval": [0.8, 0.95]},
            "drop": [loss, loss - 0.01, loss + 0.01],
            "agreement": 0.9,
        }
        for place, loss in enumerate(losses)
    ]
    return {"name": name, "unit": "degrees", "points": points}


def test_where_compression_makes_a_model_more_fragile_is_marked() -> None:
    curves = [curve("noise", [0.0, 0.01, 0.05, 0.1]), curve("jpeg", [0.0, 0.0, 0.01, 0.01])]
    noise, jpeg = read_robustness(report(robustness={"curves": curves, "words": "…", "samples": 200})).curves
    assert (noise.fragile, noise.verdict) == (True, "more fragile than float from 0.2 on")
    assert [row.marked for row in noise.rows] == [False, False, True, True]
    assert (jpeg.name, jpeg.fragile, jpeg.verdict) == ("JPEG", False, "no more fragile than float")
    assert noise.rows[0].strength == "none"
    assert noise.rows[3].lost == "10 (9 to 11)"
    assert noise.plot is not None
    assert jpeg.plot is not None
    assert noise.plot.levels == jpeg.plot.levels


def test_what_compression_makes_fragile_is_on_the_first_screen() -> None:
    words = "Compression makes it more fragile to noise."
    fragile = report(robustness={"curves": [curve("noise", [0.0, 0.05, 0.1])], "words": words})
    sound = report(robustness={"curves": [curve("noise", [0.0, 0.0, 0.0])], "words": words})
    assert words in render_html(fragile).split("<main>")[0]
    assert words not in render_html(sound).split("<main>")[0]


def test_curves_without_labels_show_agreement() -> None:
    points = [{"strength": one, "agreement": 1 - one} for one in (0.0, 0.1, 0.2)]
    found = read_robustness(report(robustness={"curves": [{"name": "noise", "points": points}]}))
    assert found.figure == "Agreement with float"
    assert found.curves[0].plot is not None
    assert found.curves[0].plot.reference is None


def test_why_nothing_was_measured_is_said() -> None:
    page = render_html(report(robustness={"curves": [], "reason": "Not measured, to save time."}))
    assert "Not measured, to save time." in page


def sample(**more: Any) -> dict[str, Any]:
    return {
        "name": "x[3]",
        "was": "3",
        "was_score": 0.93,
        "became": "5",
        "image": PIXEL,
        "width": 8,
        "height": 8,
        **more,
    }


def test_changed_samples_are_shown_with_both_answers() -> None:
    changes = {"words": "1 of 540 answers changed.", "samples": [sample(was_right=True, became_right=False, label="3")]}
    (found,) = read_changes(report(changes=changes), PictureBudget()).samples
    assert (found.was, found.became, found.effect, found.tone) == ("3 (93%)", "5", "now wrong", "worse")
    assert found.small
    assert f'src="{PIXEL}"' in render_html(report(changes=changes))


@pytest.mark.parametrize(
    "image",
    [
        "http://198.51.100.1/x.png",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:text/html,<script>",
        'data:image/png;base64,AAAA" onload="alert(1)',
    ],
)
def test_only_pictures_that_a_page_can_show_get_into_it(image: str) -> None:
    page = render_html(report(changes={"samples": [sample(image=image)]}))
    assert "<img" not in page
    assert "onload=" not in page


def test_a_page_says_that_samples_were_left_out_on_request_and_only_then() -> None:
    said = "Photos and values of the samples were left out on request."
    changes = {"samples": [sample(image=None, summary=[])]}
    assert render_html(report(changes=changes, samples_hidden=True)).count(said) == 2
    assert render_html(report(samples_hidden=True)).count(said) == 1
    assert said not in render_html(report(changes=changes, samples_hidden=False))


def test_pictures_beyond_what_a_page_can_hold_are_left_out() -> None:
    large = "data:image/png;base64," + "A" * 300_000
    samples = [sample(image=large) for _ in range(12)]
    page = render_html(report(changes={"samples": samples}, attention={"grid": [1, 1], "samples": samples}))
    assert page.count("<img") == 2
    assert len(page.encode()) < 2_000_000


def test_maps_are_drawn_as_shares_of_their_own_maximum() -> None:
    grid = [[0.0, 2.0], [-1.0, 1.0]]
    mapped = {"name": "x[0]", "answer": "7", "float": grid, "compressed": grid, "rank_correlation": 0.9, "overlap": 0.8}
    found = read_attention(
        report(
            attention={
                "grid": [2, 2],
                "rank_correlation": 0.9,
                "chance": {"rank_correlation": 0.1},
                "samples": [mapped],
            }
        ),
        PictureBudget(),
    )
    (one,) = found.samples
    assert [(cell.column, cell.row, cell.weight) for cell in one.maps[0].cells] == [(1, 0, 1.0), (1, 1, 0.5)]
    assert one.maps[0].most == "row 1, column 2, row 2, column 2"
    assert ("Rank correlation", "0.90 (maps of different samples: 0.10)") in found.facts


def test_maps_of_tables_name_the_columns() -> None:
    mapped = {"name": "x[0]", "answer": "yes", "float": [[0.1, 0.9, 0.0]], "compressed": [[0.2, 0.8, 0.0]]}
    found = read_attention(
        report(attention={"grid": [1, 3], "cells": ["age", "dose", "id"], "samples": [mapped]}), PictureBudget()
    )
    assert found.samples[0].maps[0].most == "dose, age"


def test_costs_have_their_gain_and_scores_what_they_are_made_of() -> None:
    cost = {
        "quantities": [
            {
                "name": "size",
                "title": "Size",
                "unit": "bytes",
                "value": 100,
                "reference": 350,
                "gain": 3.5,
                "source": "x",
            },
            {"name": "energy", "title": "Energy", "unit": "mJ"},
        ],
        "scenarios": [
            {
                "name": "phone",
                "title": "Phone",
                "score": 2.31,
                "covered": 0.85,
                "missing": ["energy"],
                "parts": [{"name": "size", "weight": 0.4, "gain": 3.5, "factor": 1.6}],
            },
            {"name": "car", "title": "Car", "score": None, "missing": []},
        ],
    }
    found = read_cost({**report(), "cost": cost})
    assert [(one.title, one.ours, one.gain, one.tone) for one in found.rows] == [("Size", "100 B", "3.50×", "better")]
    phone, car = found.scenarios
    assert (phone.score, phone.covered, phone.missing, phone.width) == ("2.31×", "85%", "energy", 100)
    assert phone.parts[0].title == "Size"
    assert (car.score, car.width) == ("—", 0.0)


@pytest.mark.parametrize(
    ("value", "said"), [(0.5, "0.5 points lost"), (1.0, "1 point lost"), (-0.2, "0.2 points gained")]
)
def test_the_cost_in_accuracy_says_lost_or_gained(value: float, said: str) -> None:
    cost = {"quantities": [{"name": "accuracy", "title": "Accuracy", "unit": "points", "value": value}]}
    assert [one.ours for one in read_cost({**report(), "cost": cost}).rows] == [said]


def test_the_plot_of_the_loss_says_lost_or_gained() -> None:
    models = {"reference": side(0.97), "compressed": side(0.98)}
    found = read_accuracy(report(**models, comparison=comparison(drop=-0.0019, low=-0.0167, high=0.0042)))
    assert found.drop is not None
    assert found.drop.summary.startswith("0.19 points gained; the loss lies between −1.67 and 0.42 (95%)")


def test_latencies_are_drawn_with_their_intervals() -> None:
    def timed(p50: float, **more: Any) -> dict[str, Any]:
        spans = {"p50": {"low": 0.9 * p50, "high": 1.1 * p50}}
        return {"latency_ms": {"p50": p50, "runs": 50, "intervals": spans, **more}}

    made = {"schema": 1, "target": "t", "float": timed(4.0), "compressed": timed(1.0, valid=False, reasons=["too hot"])}
    speed = read_speed(made)
    slow, fast = speed.timings
    assert slow.bar == pytest.approx(4 * fast.bar)
    assert slow.low < slow.bar < slow.high  # type: ignore[operator]
    assert fast.p50_span == "0.900 ms to 1.10 ms"
    assert (slow.valid, fast.valid, fast.ours) == (True, False, True)
    validate_report(made)
    assert "edgecomp is not valid: too hot." in render_html(made)
