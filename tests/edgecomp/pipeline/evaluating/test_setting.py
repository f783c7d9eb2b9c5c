"""Samples on their way to a worker."""

from __future__ import annotations

import numpy as np
import pytest
from edgecomp_runtime.preprocess import build_contract, parse_preprocess

from edgecomp.data import open_data, prepared
from edgecomp.models.opened import TensorSpec
from edgecomp.pipeline.evaluating.setting import sample_chunks

ROW = TensorSpec("row", (1, 4))
CONTRACT = build_contract(parse_preprocess("mean=1,std=2"), [ROW], [TensorSpec("scores", (1, 3))], images=False)


@pytest.mark.parametrize("most", [None, 1, 255, 256, 257, 600, 9999])
def test_as_many_samples_are_sent_as_are_wanted(most: int | None) -> None:
    x = np.random.default_rng(0).normal(size=(600, 4)).astype(np.float32)
    samples = prepared(open_data((x, np.arange(600) % 3), inputs=[ROW]), CONTRACT)
    chunks = [one.normalized(CONTRACT) for one in sample_chunks(samples, most=most)]
    count = min(most or 600, 600)
    assert sum(map(len, chunks)) == count
    assert [label for one in chunks for label in one.labels] == (np.arange(count) % 3).tolist()
    wanted = np.concatenate([one.feeds["row"] for one in samples])[:count]
    assert np.array_equal(np.concatenate([one.values["row"] for one in chunks]), wanted)


def test_labels_stay_behind_where_they_do_not_count() -> None:
    samples = prepared(open_data((np.ones((5, 4), np.float32), np.arange(5) % 3), inputs=[ROW]), CONTRACT)
    (chunk,) = sample_chunks(samples, labels=False)
    assert list(chunk.labels) == [None] * 5
