"""Networks that the latency model has not seen: keras.applications at several sizes, in float32 and int8."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PRECISIONS = ("float32", "int8")

SAMPLES = 1
"""Of noise, to calibrate on: the ranges decide nothing about speed."""

NETWORKS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "mobilenet-0.25-128": ("MobileNet", 128, {"alpha": 0.25}),
    "mobilenet-1.0-224": ("MobileNet", 224, {}),
    "mobilenetv2-0.35-96": ("MobileNetV2", 96, {"alpha": 0.35}),
    "mobilenetv2-1.0-224": ("MobileNetV2", 224, {}),
    "mobilenetv3-small-224": ("MobileNetV3Small", 224, {}),
    "mobilenetv3-large-224": ("MobileNetV3Large", 224, {}),
    "efficientnet-b0-224": ("EfficientNetB0", 224, {}),
    "efficientnetv2-b0-160": ("EfficientNetV2B0", 160, {}),
    "nasnet-mobile-224": ("NASNetMobile", 224, {}),
    "densenet121-128": ("DenseNet121", 128, {}),
    "resnet50-128": ("ResNet50", 128, {}),
    "resnet50v2-96": ("ResNet50V2", 96, {}),
    "inceptionv3-160": ("InceptionV3", 160, {}),
    "xception-128": ("Xception", 128, {}),
    "vgg16-64": ("VGG16", 64, {}),
}
"""By name: the function of keras.applications, the side of its input, and its options."""


def unseen(folder: Path, done: Callable[[str], object] = lambda _: None) -> dict[str, bytes]:
    """All the files by name, " float32" or " int8" behind it."""
    files: dict[str, bytes] = {}
    for name in NETWORKS:
        files |= {f"{name} {precision}": keras_network(name, precision, folder) for precision in PRECISIONS}
        done(name)
    return files


def keras_network(name: str, precision: str, folder: Path) -> bytes:
    """One file, made where the folder does not have it."""
    paths = {one: folder / f"{name}.{one}.tflite" for one in PRECISIONS}
    if not all(path.exists() for path in paths.values()):
        made = _make(*NETWORKS[name])
        for one, path in paths.items():
            path.write_bytes(made[one])
    return paths[precision].read_bytes()


def _make(function: str, side: int, options: dict[str, Any]) -> dict[str, bytes]:
    import keras

    from edgecomp.export.graph import freeze
    from edgecomp.export.tflite import convert_graph
    from edgecomp.models import from_keras
    from edgecomp.quantize.litert.apply import quantize
    from edgecomp.quantize.ranges.choice import choose_ranges
    from edgecomp.quantize.ranges.observe import observe
    from edgecomp.tflite import read_tflite, with_signature

    keras.utils.set_random_seed(0)
    # VGG's dense layers would be most of its file.
    shape = {"input_shape": (side, side, 3), "include_top": function != "VGG16"}
    model = from_keras(getattr(keras.applications, function)(weights=None, **shape, **options))
    file = with_signature(convert_graph(freeze(model)), ["image"], ["scores"])
    rng = np.random.default_rng(0)
    noise = [{"image": rng.uniform(-1, 1, (1, side, side, 3)).astype(np.float32)} for _ in range(SAMPLES)]
    ranges = choose_ranges(observe(file, threads=1, stream=noise), "minmax", model=read_tflite(file))
    return {"float32": file, "int8": quantize(file, scheme="int8", io="int8", ranges=ranges)}


if __name__ == "__main__":
    unseen(Path(sys.argv[1]), lambda name: print(name, flush=True))
