"""A contract survives its JSON, and nothing else passes for one."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from edgecomp_runtime.contract import (
    ACTIVATIONS,
    COLORS,
    FITS,
    RESAMPLES,
    Contract,
    ContractError,
    ImageContract,
    InputContract,
    OutputContract,
)
from hypothesis import given
from hypothesis import strategies as st

_numbers = st.floats(-1e30, 1e30, allow_nan=False)
_positive = st.floats(1e-30, 1e30)


@st.composite
def _inputs(draw: st.DrawFn) -> InputContract:
    height, width, color = draw(st.integers(1, 999)), draw(st.integers(1, 999)), draw(st.sampled_from(COLORS))
    channels = 1 if color == "gray" else 3
    count = draw(st.sampled_from([1, channels]))
    image = ImageContract(height, width, color, draw(st.sampled_from(FITS)), draw(st.sampled_from(RESAMPLES)))
    return InputContract(
        draw(st.text()),
        (1, height, width, channels),
        draw(st.sampled_from(["float32", "uint8", "int32"])),
        tuple(draw(st.lists(_numbers, min_size=count, max_size=count))),
        tuple(draw(st.lists(_positive, min_size=count, max_size=count))),
        draw(st.sampled_from([image, None])),
    )


_outputs = st.builds(
    OutputContract,
    st.text(),
    st.tuples(st.just(1), st.integers(1, 9)),
    st.sampled_from(["classification", "values"]),
    st.sampled_from(ACTIVATIONS),
    st.lists(st.text()).map(tuple),
)


@given(st.lists(_inputs(), max_size=3), st.lists(_outputs, max_size=3), st.text())
def test_a_contract_is_the_same_after_its_json(
    inputs: list[InputContract], outputs: list[OutputContract], name: str
) -> None:
    contract = Contract(tuple(inputs), tuple(outputs), name)
    assert Contract.from_dict(json.loads(json.dumps(contract.to_dict()))) == contract


_GOOD: dict[str, Any] = Contract(
    (InputContract("x", (1, 4, 6, 3), image=ImageContract(4, 6)),),
    (OutputContract("y", (1, 2), "classification", "softmax", ("a", "b")),),
    "0..1",
).to_dict()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mean", [float("nan")]),
        ("mean", [1, 2]),
        ("mean", [1e39]),
        ("mean", ["1"]),
        ("mean", [True]),
        ("mean", [10**400]),
        ("mean", 0),
        ("std", [0.0]),
        ("std", [1e-45]),
        ("std", []),
        ("shape", []),
        ("shape", [1, -4, 6, 3]),
        ("shape", [1, 4.0, 6, 3]),
        ("shape", [1, 6, 4, 3]),
        ("shape", "1463"),
        ("dtype", "complex64"),
        ("name", None),
        ("image", "rgb"),
        ("image", {}),
        ("image", {"height": 4, "width": 6, "color": "rgba", "fit": "crop", "resample": "nearest"}),
        ("image", {"height": 4, "width": 6, "color": "gray", "fit": "crop", "resample": "nearest"}),
    ],
)
def test_a_wrong_value_in_an_input_is_refused(field: str, value: Any) -> None:
    data = copy.deepcopy(_GOOD)
    data["inputs"][0][field] = value
    with pytest.raises(ContractError, match="contract cannot be read"):
        Contract.from_dict(data)


@pytest.mark.parametrize("key", ["name", "shape", "kind", "activation", "labels"])
def test_a_missing_field_of_an_output_is_named(key: str) -> None:
    data = copy.deepcopy(_GOOD)
    del data["outputs"][0][key]
    with pytest.raises(ContractError, match=f"there is no '{key}'"):
        Contract.from_dict(data)


def test_labels_given_as_one_text_are_not_split_into_letters() -> None:
    data = copy.deepcopy(_GOOD)
    data["outputs"][0]["labels"] = "ab"
    with pytest.raises(ContractError, match="labels is 'ab'"):
        Contract.from_dict(data)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*sorted(_GOOD), "name"]), inner),
)


@given(_json)
def test_any_other_json_is_refused_with_our_own_error(data: Any) -> None:
    try:
        made = Contract.from_dict(data)
    except ContractError:
        return
    assert made.to_dict()["preprocess"] == data["preprocess"]
