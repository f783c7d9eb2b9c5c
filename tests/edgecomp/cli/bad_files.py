"""Files as people give them that cannot be used, each kind with what is wrong with it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def write_good(folder: Path, corners: Any, fragile: Any) -> None:
    """What is right: a photo classifier and a network for rows, with their samples."""
    shutil.copy(corners.model, folder / "good.keras")
    shutil.copy(fragile.model, folder / "row.keras")
    shutil.copytree(corners.data, folder / "photos")
    shutil.copytree(corners.evaluation, folder / "test")
    shutil.copy(fragile.data, folder / "rows.npz")
    shutil.copy(fragile.evaluation, folder / "rows_test.npz")


def write_files_that_are_no_model(folder: Path) -> None:
    """Damaged, cut short, or something else; made of the good model."""
    import keras

    keras.models.load_model(folder / "good.keras").save_weights(folder / "only.weights.h5")
    (folder / "model.pkl").write_bytes(b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00")
    (folder / "text.keras").write_text("this is no model\n")
    (folder / "empty.keras").write_bytes(b"")
    (folder / "truncated.keras").write_bytes((folder / "good.keras").read_bytes()[:3000])
    (folder / "truncated.h5").write_bytes((folder / "only.weights.h5").read_bytes()[:1000])
    (folder / "damaged.tflite").write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(40))
    with zipfile.ZipFile(folder / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    (folder / "no_saved_model").mkdir()
    (folder / "no_saved_model" / "notes.txt").write_text("hello")


def write_models_that_do_not_fit(folder: Path, network: Any) -> None:
    """Whole models that cannot be converted, or not with the good samples."""
    import keras
    from keras import layers

    from edgecomp.quantize.litert.apply import quantize

    class Doubling(layers.Layer):
        def call(self, value: Any) -> Any:
            return 2 * value

    def save(name: str, *steps: Any, shape: tuple[int | None, ...] = (8, 8, 1)) -> None:
        inputs = value = keras.Input(shape, name="photo")
        for step in steps:
            value = step(value)
        keras.Model(inputs, value).save(folder / name)

    pooled = layers.GlobalAveragePooling2D
    save("custom.keras", Doubling(), pooled(), layers.Dense(4))
    save("lambda.keras", layers.Lambda(lambda value: value * 2), pooled(), layers.Dense(4))
    save("open_size.keras", layers.Conv2D(2, 3), pooled(), layers.Dense(4), shape=(None, None, 1))
    save("flex.keras", layers.Flatten(), lambda value: keras.ops.erfinv(value), layers.Dense(4))
    save("unscaled.keras", layers.Conv2D(2, 3), pooled(), layers.Dense(4, activation="softmax"))
    save("four.keras", layers.Dense(4, activation="softmax"), shape=(2,))
    save("nan.keras", layers.Flatten(), lambda value: keras.ops.log(value - 1000), layers.Dense(4))
    (folder / "quantized.tflite").write_bytes(quantize(network("conv").file, scheme="dynamic", io="float"))


def write_photos(folder: Path) -> None:
    """None, broken ones, ones without labels, and ones of more classes than the model has."""
    rng = np.random.default_rng(0)

    def noise(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (8, 8), np.uint8)).save(path)

    (folder / "empty_folder").mkdir()
    (folder / "broken_photos").mkdir()
    for index in range(5):
        (folder / "broken_photos" / f"{index}.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    for index in range(30):
        noise(folder / "flat_photos" / f"{index}.png")
    for label in range(6):
        for index in range(4):
            noise(folder / "six_classes" / str(label) / f"{index}.png")


def write_arrays(folder: Path) -> None:
    """Arrays of other shapes, contents and labels than the network for rows takes."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 2)).astype(np.float32)
    with_nan = rows.copy()
    with_nan[7, 1] = np.nan
    np.savez(folder / "nan.npz", x=with_nan)
    np.savez(folder / "wide.npz", x=rng.normal(size=(40, 3)).astype(np.float32))
    np.savez(folder / "no_labels.npz", x=rng.normal(size=(40, 2)).astype(np.float32))
    np.savez(folder / "label_9.npz", x=rng.normal(size=(40, 2)).astype(np.float32), y=np.arange(40) % 10)
    np.savez(folder / "targets.npz", x=rng.normal(size=(40, 2)).astype(np.float32), y=rng.normal(size=(40, 2)))
    np.savez(folder / "uneven.npz", x=rows, y=np.zeros(39, np.int64))
    np.savez(folder / "text.npz", x=np.array([["a", "b"]] * 30))
    np.save(folder / "objects.npy", np.array([[1], [1, 2]], dtype=object), allow_pickle=True)
    np.save(folder / "constant.npy", np.ones((40, 2), np.float32))
    (folder / "truncated.npz").write_bytes((folder / "rows.npz").read_bytes()[:100])


def write_texts(folder: Path) -> None:
    """Tables, labels, a target and recipes that say what cannot be."""
    (folder / "missing_files.csv").write_text("file,label\n" + "".join(f"gone/{i}.png,a\n" for i in range(30)))
    (folder / "words.csv").write_text("a,b\n1,2\n3,many\n")
    (folder / "data.txt").write_text("1 2 3\n")
    (folder / "labels.txt").write_text("one\ntwo\n")
    (folder / "bytes.txt").write_bytes(b"\xff\xfe\x00one")
    (folder / "board.yaml").write_text(
        "name: board\ntitle: Board\nextends: raspberry-pi-4b\nruntime:\n  threads: many\n"
    )
    (folder / "recipe.yaml").write_text("recipe: 1\npasses: [prune]\n")
    (folder / "torn.yaml").write_text("recipe: [1\n")


def write_places(folder: Path) -> None:
    """Where results cannot go."""
    (folder / "file").write_text("mine")
    (folder / "full").mkdir()
    (folder / "full" / "mine.txt").write_text("mine")
