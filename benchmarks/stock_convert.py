"""What a user would otherwise run: the stock converter, full INT8, with the same photos. One process, no extras.

python -m benchmarks.stock_convert MODEL.keras FOLDER_OF_PHOTOS OUT.tflite
"""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image


def main(model_path: str, folder: str, out: str) -> None:
    """Converts with `from_keras_model` and a representative dataset, as TensorFlow's guide shows."""
    model = keras.models.load_model(model_path, compile=False)
    size = model.input_shape[1:3]

    def photos():
        for path in sorted(Path(folder).iterdir()):
            image = Image.open(path).convert("RGB").resize((size[1], size[0]), Image.Resampling.BILINEAR)
            yield [np.asarray(image, np.float32)[None] / 127.5 - 1]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = photos
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    Path(out).write_bytes(converter.convert())


if __name__ == "__main__":
    main(*sys.argv[1:])
