"""How much of a model's robustness a conversion measures by itself."""

from __future__ import annotations

from typing import Any

import pytest

from edgecomp.errors import InputError
from edgecomp.pipeline.robustness_plan import BY_ITSELF, RobustnessPlan, check_possible, plan_robustness


def plan(asked: str | None = None, **more: Any) -> RobustnessPlan:
    small: dict[str, Any] = {"labelled": True, "effort": "normal", "samples": 2000, "values": 784, "latency_ms": 0.1}
    return plan_robustness(asked, **{**small, **more})


def test_a_small_network_is_measured_by_itself_on_a_few_samples() -> None:
    assert plan() == RobustnessPlan(BY_ITSELF, 200)


def test_a_large_network_is_not_and_the_reader_is_told_what_it_would_take() -> None:
    found = plan(values=224 * 224 * 3, latency_ms=20.0)
    assert found.names == ()
    assert found.reason == "Not measured, to save time; --robustness all takes about 9 min."


def test_low_effort_measures_nothing_by_itself_and_what_is_asked_for_all_the_same() -> None:
    assert plan(effort="low").names == ()
    assert plan("blur", effort="low").names == ("blur",)


def test_what_is_asked_for_is_measured_however_long_it_takes() -> None:
    found = plan("noise,fgsm", values=10**7, latency_ms=1000.0)
    assert found == RobustnessPlan(("noise", "fgsm"), 500)


def test_none_is_none_without_a_word() -> None:
    assert plan("none") == RobustnessPlan(())


@pytest.mark.parametrize("few", [{"labelled": False}, {"samples": 50}])
def test_without_labels_or_samples_nobody_expects_curves(few: dict[str, Any]) -> None:
    assert plan(**few) == RobustnessPlan(())


def test_what_cannot_be_measured_is_refused_before_the_conversion() -> None:
    check_possible("all", None, class_labels=False)
    check_possible(None, None, class_labels=False)
    check_possible("pgd", object(), class_labels=True)
    with pytest.raises(InputError, match="--robustness fog is none of all, noise"):
        check_possible("fog", None, class_labels=False)
    for keras_model, class_labels in ((None, True), (object(), False)):
        with pytest.raises(InputError, match="--robustness fgsm attacks a Keras classifier"):
            check_possible("noise,fgsm", keras_model, class_labels=class_labels)
