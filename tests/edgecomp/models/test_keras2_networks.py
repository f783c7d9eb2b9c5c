"""Networks as people build them in Keras 2: saved by it, opened here, their outputs compared with the original's."""

import pytest
import tf_keras as k2

from .keras2 import graphs, inputs, layers, operations, sequences

NETWORKS = [
    *layers.NETWORKS,
    *graphs.NETWORKS,
    *sequences.NETWORKS,
    *inputs.NETWORKS,
    *operations.NETWORKS,
]
# What the h5 tests find of other formats is the same code; these are where the formats differ.
OTHER_FORMATS = [
    graphs.slashes,
    graphs.siamese,
    graphs.teachable_machine,
    graphs.deeply_nested,
    sequences.bidirectional,
    sequences.stacked_cells,
    sequences.time_distributed,
    inputs.preprocessing,
]
SLOW_SAVED_MODELS = [graphs.siamese, graphs.nested_half_frozen, sequences.bidirectional, inputs.preprocessing]
SAVED_MODELS = [
    graphs.teachable_machine,
    *(pytest.param(one, marks=pytest.mark.slow) for one in SLOW_SAVED_MODELS),
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_an_h5_file_of_keras_2_computes_what_the_original_does(network, tmp_path, assert_equal_to):
    assert_equal_to(network, tmp_path / "model.h5", "legacy-h5")


@pytest.mark.parametrize("network", OTHER_FORMATS, ids=lambda network: network.__name__)
def test_a_keras_archive_of_keras_2_computes_what_the_original_does(network, tmp_path, assert_equal_to):
    assert_equal_to(network, tmp_path / "model.keras", "keras")


@pytest.mark.parametrize("network", SAVED_MODELS, ids=lambda network: network.__name__)
def test_a_saved_model_of_keras_2_becomes_a_native_model_that_computes_the_same(network, tmp_path, assert_equal_to):
    assert_equal_to(network, tmp_path / "model", "saved-model")


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_a_network_of_another_precision_computes_what_it_does_in_float32(policy, tmp_path, assert_equal_to):
    def make():
        k2.mixed_precision.set_global_policy(policy)
        try:
            return layers.several_precisions()
        finally:
            k2.mixed_precision.set_global_policy("float32")

    opened = assert_equal_to(make, tmp_path / "model.h5", "legacy-h5", reference=layers.several_precisions)
    assert {variable.dtype for variable in opened.keras_model.weights} == {"float32"}
    assert [spec.dtype for spec in (*opened.inputs, *opened.outputs)] == ["float32", "float32"]
