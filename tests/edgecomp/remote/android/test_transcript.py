"""What benchmark_model prints is read in every form it has had, and nothing is made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecomp.errors import InputError
from edgecomp.remote.android.transcript import read_transcript, why_it_failed

from .transcripts import (
    ALL_THE_SAME,
    NOT_ON_NNAPI,
    OF_2019,
    OF_2020,
    ON_GPU,
    WITH_PERCENTILES,
    WITHOUT_PERCENTILES,
)


def test_the_newest_form_has_median_delegate_and_memory() -> None:
    found = read_transcript(WITH_PERCENTILES.format(median=8299))
    assert (found.load_ms, found.first_ms) == (12.5, 12.1)
    assert (found.measured.runs, found.measured.median, found.measured.p95) == (120, 8.299, 8.5)
    assert found.measured.mean == pytest.approx(8.31225)
    assert found.warm_up is not None
    assert found.warm_up.runs == 60
    (delegated,) = found.delegated
    assert (delegated.is_xnnpack, delegated.nodes, delegated.of, delegated.partitions) == (True, 64, 65, 1)
    assert (found.peak_bytes, found.added_bytes) == (int(20.5 * 2**20), int(14.25 * 2**20))


def test_a_log_with_its_own_words_and_a_single_warm_up_run() -> None:
    found = read_transcript(ALL_THE_SAME)
    assert found.first_ms == pytest.approx(2732.148)
    assert found.warm_up is not None
    assert (found.warm_up.runs, found.warm_up.mean) == (1, pytest.approx(2732.148))
    assert (found.measured.median, found.measured.mean) == (pytest.approx(2709.263), pytest.approx(2719.85))
    assert found.peak_bytes is None


@pytest.mark.parametrize(
    ("text", "load", "first", "mean", "runs"),
    [
        (WITHOUT_PERCENTILES, 3.337, 81.913, 56.2658, 1061),
        (OF_2020, 0.855, 49.06, 33.2094, 50),
        (OF_2019, 9.933, 127.425, 66.7676, 15),
    ],
)
def test_older_forms_have_a_mean_and_no_median(text: str, load: float, first: float, mean: float, runs: int) -> None:
    found = read_transcript(text)
    assert (found.load_ms, found.first_ms) == (pytest.approx(load), pytest.approx(first))
    assert (found.measured.mean, found.measured.runs) == (pytest.approx(mean), runs)
    assert (found.measured.median, found.measured.p95) == (None, None)


def test_which_delegate_really_ran_is_told() -> None:
    gpu, refused = read_transcript(ON_GPU), read_transcript(NOT_ON_NNAPI)
    assert [one.name for one in gpu.delegated] == ["TfLiteGpuDelegateV2"]
    assert (gpu.not_delegated, gpu.created_xnnpack) == (False, False)
    assert (refused.not_delegated, refused.created_xnnpack) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "INFO: STARTING!",
        OF_2020.replace("count=50", "count=0"),
        OF_2020.replace("Init: 855, ", ""),
        OF_2020.replace("avg=33209.4", "avg=1.2.3"),
        OF_2020.replace("Init: 855", "Init: 1e999"),
        "\n".join(line for line in OF_2020.splitlines() if "count=" not in line),
    ],
)
def test_what_has_no_figures_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="benchmark_model"):
        read_transcript(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for tried in (text, OF_2020 + text, OF_2020.replace("33209.4", text), text + OF_2019):
        try:
            assert read_transcript(tried).measured.runs > 0
        except InputError:
            continue


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("INFO: STARTING!\nERROR: Failed to load model /x.tflite\nERROR: Benchmarking failed.", "Failed to load model"),
        ('CANNOT LINK EXECUTABLE "b": library "libc.so" not found', "CANNOT LINK EXECUTABLE"),
        ("sh: ./benchmark_model: Permission denied", "Permission denied"),
        ("Segmentation fault \x1b[2J", "Segmentation fault [2J"),
        ("", ""),
    ],
)
def test_the_first_error_is_the_cause(text: str, why: str) -> None:
    assert why in why_it_failed(text)
    assert why_it_failed(text).isprintable()
