"""What the tests of this room share: networks are saved by Keras 2, opened here, and compared with the original."""

import json

import numpy as np
import pytest

PLAIN_KERAS = {"files": 0, "refused": 0}


def pytest_terminal_summary(terminalreporter):
    if PLAIN_KERAS["files"]:
        terminalreporter.write_line(
            f"of {PLAIN_KERAS['files']} Keras 2 files, keras.models.load_model itself refuses {PLAIN_KERAS['refused']}"
        )


def randomize(model, seed=0):
    """Gives every weight random values, with statistics of BatchNormalization that matter."""
    generator = np.random.default_rng(seed)
    for variable in model.variables:
        if "float" not in str(variable.dtype):
            continue
        shape, name = tuple(variable.shape), variable.name
        if "variance" in name:
            value = generator.uniform(0.5, 2.0, shape)
        elif "gamma" in name:
            value = generator.uniform(0.5, 1.5, shape)
        elif len(shape) > 1:
            value = generator.normal(0, 1 / np.sqrt(max(1, np.prod(shape[:-1]))), shape)
        else:
            value = generator.normal(0, 0.3, shape)
        variable.assign(value)
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()
    return model


def random_inputs(specs, batch=2, seed=0, low=-2.0):
    """Random values for each input, floats from `low` to 2; ids are small positive numbers."""
    generator = np.random.default_rng(seed)
    values = []
    for spec in specs:
        shape = (batch, *spec.shape[1:])
        if spec.dtype == "float32":
            values.append(generator.uniform(low, 2, shape).astype("float32"))
        else:
            values.append(generator.integers(0, 19, shape).astype(spec.dtype))
    return values


def outputs_of(model, values):
    """The model's outputs as a flat list of arrays."""
    import tensorflow as tf

    if isinstance(getattr(model, "input", None), dict):
        names = sorted(model.input)
        given = dict(zip(names, values, strict=True))
    else:
        given = values if len(values) > 1 else values[0]
    return [np.asarray(one) for one in tf.nest.flatten(model(given, training=False))]


def assert_close(originals, opened, tolerance=1e-5):
    """Every output within `tolerance` of the original's, relative to the largest value of that output."""
    assert len(originals) == len(opened)
    for original, ours in zip(originals, opened, strict=True):
        assert original.shape == ours.shape
        scale = max(float(np.abs(original.astype("float64")).max(initial=0)), 1e-6)
        difference = np.abs(original.astype("float64") - ours.astype("float64")).max(initial=0)
        assert np.isfinite(ours).all()
        assert difference <= tolerance * scale


def count_plain_keras(path):
    """Notes whether keras.models.load_model opens this Keras 2 file."""
    import keras

    PLAIN_KERAS["files"] += 1
    try:
        keras.models.load_model(path, compile=False)
    except Exception:
        PLAIN_KERAS["refused"] += 1


@pytest.fixture
def clean_keras():
    """Both Kerases forget the names they gave, so that each test writes the same file."""
    import keras
    import tf_keras

    tf_keras.backend.clear_session()
    keras.backend.clear_session()


@pytest.fixture
def assert_equal_to():
    """A function that saves a Keras 2 network, opens the file and compares the outputs."""
    from edgecomp.models import open_model

    def check(make, path, kind, *, patch=None, reference=None, tolerance=1e-5, **options):
        original = randomize(make())
        original.save(path)
        original = original if reference is None else randomize(reference())
        if patch is not None:
            patch_config(path, patch)
        if path.suffix == ".h5":
            count_plain_keras(path)
        opened = open_model(path, **options)
        assert opened.format == kind
        assert opened.keras_model is not None
        takes_ids = any(type(layer).__name__ == "Embedding" for layer in original.layers)
        values = random_inputs(opened.inputs, original.inputs[0].shape[0] or 2, low=0.0 if takes_ids else -2.0)
        results = outputs_of(opened.keras_model, values)
        assert_close(outputs_of(original, values), results, tolerance)
        assert [spec.shape[1:] for spec in opened.outputs] == [one.shape[1:] for one in results]
        return opened

    return check


def patch_config(path, change):
    """Rewrites the network's description in an .h5 file, as another version would have written it."""
    import h5py

    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        changed = change(config)
        file.attrs["model_config"] = json.dumps(config if changed is None else changed)


@pytest.fixture
def tools():
    """The functions above, for tests that put them together in their own way."""
    from types import SimpleNamespace

    return SimpleNamespace(
        randomize=randomize,
        random_inputs=random_inputs,
        outputs_of=outputs_of,
        assert_close=assert_close,
        patch_config=patch_config,
        count_plain_keras=count_plain_keras,
    )
