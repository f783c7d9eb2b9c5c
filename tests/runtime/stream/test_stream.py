"""`Model.stream` answers every frame it promised, the newest one where frames are dropped, and keeps none of them."""

from __future__ import annotations

import os
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edgecomp_runtime import InputError, Model
from PIL import Image


@pytest.fixture
def table(models: Path) -> Model:
    return Model.load(models / "table.tflite")


def rows(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, 5), dtype=np.float32)


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.001)


def _is_reading() -> bool:
    return any(one.name == "edgecomp-frames" for one in threading.enumerate())


def test_a_list_is_answered_in_order_and_as_classify_does(table: Model) -> None:
    samples = list(rows(20))
    answers = list(table.stream(samples, top=2))
    assert [one.number for one in answers] == list(range(20))
    assert [one.prediction for one in answers] == [table.classify(one, top=2) for one in samples]
    assert all(one.dropped == 0 and one.error == "" for one in answers)
    times = [one.time for one in answers]
    assert times == sorted(times)


def test_a_model_of_values_gives_what_predict_gives(models: Path) -> None:
    contract = Model.load(models / "two.tflite").contract
    outputs = tuple(replace(one, kind="values") for one in contract.outputs)
    model = Model.load(models / "two.tflite", preprocess=replace(contract, outputs=outputs))
    sample = {"a": np.ones(4, np.float32), "b": np.ones(2, np.float32)}
    (answer,) = model.stream([sample])
    wanted: Any = model.predict(sample)
    assert set(answer.prediction) == {"sum", "product"}
    assert all(np.array_equal(answer.prediction[name], wanted[name]) for name in wanted)


def test_an_array_is_streamed_along_its_first_axis(table: Model) -> None:
    assert len(list(table.stream(rows(7)))) == 7


def test_a_broken_photo_in_a_folder_is_told_and_the_rest_answered(models: Path, tmp_path: Path) -> None:
    for name in "abc":
        Image.new("RGB", (16, 12)).save(tmp_path / f"{name}.png")
    (tmp_path / "b.png").write_bytes(b"no photo")
    answers = list(Model.load(models / "photo_int8.tflite").stream(tmp_path))
    assert [bool(one.error) for one in answers] == [False, True, False]
    assert answers[1].name == str(tmp_path / "b.png")
    assert answers[1].prediction is None


def test_answers_are_frozen(table: Model) -> None:
    (answer,) = table.stream(rows(1))
    with pytest.raises(AttributeError):
        answer.number = 3  # type: ignore[misc]


def test_a_slow_model_gets_the_newest_frame_and_every_frame_is_accounted_for(
    table: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast, frames, taken = table.predict, rows(200), [0]

    def slow(x: Any) -> Any:
        wanted = min(taken[0] + 3, 200)
        wait_until(lambda: taken[0] >= wanted)
        return fast(x)

    def camera() -> Iterator[np.ndarray]:
        for frame in frames:
            time.sleep(0.001)
            taken[0] += 1
            yield frame

    monkeypatch.setattr(table, "predict", slow)
    answers = list(table.stream(camera(), drop=True))
    assert len(answers) < 150
    assert answers[-1].number == 199, "the last frame is the newest, and is answered"
    assert len(answers) + sum(one.dropped for one in answers) == 200
    for before, after in pairwise(answers):
        assert after.dropped == after.number - before.number - 1
    monkeypatch.undo()
    # What is answered is the frame of that number, not one that came later.
    assert all(one.prediction == table.classify(frames[one.number]) for one in answers)


def test_a_fast_model_drops_nothing_of_a_slow_camera(table: Model) -> None:
    numbers: list[int] = []

    def camera() -> Iterator[np.ndarray]:
        for number, frame in enumerate(rows(10)):
            wait_until(lambda number=number: len(numbers) == number)  # type: ignore[misc]
            yield frame

    for one in table.stream(camera(), drop=True):
        numbers.append(one.number)  # noqa: PERF401 - the camera looks at it meanwhile
    assert numbers == list(range(10))


def test_a_rate_is_steady_and_does_not_shift(table: Model) -> None:
    answers = list(table.stream(rows(11), rate=50))
    assert answers[-1].time >= 0.2 - 1e-3
    assert all(one.time >= one.number / 50 - 1e-3 for one in answers)


def test_files_played_at_a_rate_are_dropped_when_the_model_is_too_slow(
    table: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "rows.npy", rows(60))
    with pytest.raises(InputError, match="give a rate"):
        table.stream(tmp_path / "rows.npy", drop=True)
    fast = table.predict
    monkeypatch.setattr(table, "predict", lambda x: (wait_until(lambda: not _is_reading()), fast(x))[1])
    answers = list(table.stream(tmp_path / "rows.npy", rate=200, drop=True))
    assert len(answers) < 60
    assert len(answers) + sum(one.dropped for one in answers) == 60


def test_ending_early_closes_the_source_and_its_thread(table: Model) -> None:
    closed = threading.Event()

    def camera() -> Iterator[np.ndarray]:
        try:
            while True:
                time.sleep(0.001)
                yield np.zeros(5, np.float32)
        finally:
            closed.set()

    for drop in (True, False):
        closed.clear()
        stream = table.stream(camera(), drop=drop)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        # A user's own generator is closed by the thread that runs it, or with the last reference to it.
        del stream
        assert closed.wait(60)
    wait_until(lambda: not _is_reading())


def test_an_error_of_the_source_is_raised_after_what_came_before_it(table: Model) -> None:
    def camera() -> Iterator[np.ndarray]:
        yield np.zeros(5, np.float32)
        raise OSError("unplugged")

    for drop in (True, False):
        stream = table.stream(camera(), drop=drop)
        assert next(stream).number == 0
        with pytest.raises(OSError, match="unplugged"):
            next(stream)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), "fast"])
def test_a_rate_that_is_none_is_refused(table: Model, rate: Any) -> None:
    with pytest.raises(InputError, match="rate is"):
        table.stream(rows(1), rate=rate)


@pytest.mark.parametrize("source", [b"bytes", 3, {"x": [1]}])
def test_what_cannot_be_streamed_is_refused(table: Model, source: Any) -> None:
    with pytest.raises(InputError, match="cannot be streamed"):
        table.stream(source)


@pytest.mark.parametrize("drop", [False, True])
def test_memory_does_not_grow_over_100_000_frames(table: Model, drop: bool) -> None:
    frame = np.zeros(5, np.float32)

    def resident_bytes() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def run(count: int) -> int:
        answered = 0
        for answer in table.stream((frame for _ in range(count)), drop=drop):
            answered += 1 + answer.dropped
        return answered

    run(2000)
    before = resident_bytes()
    assert run(100_000) == 100_000
    assert resident_bytes() - before < 2**20
    # And the same to the byte, on fewer frames, since it is slow.
    tracemalloc.start()
    try:
        run(200)
        first = tracemalloc.get_traced_memory()[0]
        run(5000)
        assert tracemalloc.get_traced_memory()[0] - first < 20_000
    finally:
        tracemalloc.stop()
