"""What an export for apps starts from: a bundle whose model takes one photo and tells classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgecomp_runtime.bundle.read import is_bundle
from edgecomp_runtime.contract import ImageContract, InputContract, OutputContract
from edgecomp_runtime.model import Model
from edgecomp_runtime.tensors import Tensor

from ..errors import InputError

STORED = ("float32", "int8", "uint8")


@dataclass(frozen=True)
class AppSource:
    """A photo classifier.

    Args:
        name: of the model.
        model: the bytes of the .tflite.
        labels: names of the classes; empty where they are not known.
        image: how a photo is brought to the input's size and colours.
        input: the input's contract.
        input_tensor: how its values are stored.
        output: the contract of the output that has the classes.
        output_tensor: how its values are stored.
        output_place: its place among the model's outputs, as the file has them.
    """

    name: str
    model: bytes
    labels: tuple[str, ...]
    image: ImageContract
    input: InputContract
    input_tensor: Tensor
    output: OutputContract
    output_tensor: Tensor
    output_place: int


def read_app_source(path: Path) -> AppSource:
    """Opens a bundle.

    Raises:
        InputError: there is none, or its model is no photo classifier of one input.
        IntegrityError: it is damaged.
    """
    if not path.exists():
        raise InputError(f"there is no bundle at {path}: check the path")
    if not is_bundle(path):
        raise InputError(f"{path} is no bundle; give the bundle.zip that edgecomp convert writes")
    loaded = Model.load(path)
    assert loaded.bundle is not None
    contract = loaded.contract
    found = next((place for place, one in enumerate(contract.outputs) if one.kind == "classification"), None)
    image = contract.inputs[0].image
    if len(contract.inputs) != 1 or image is None or found is None:
        sides = (contract.inputs, contract.outputs)
        takes, gives = (", ".join(one.name for one in side) for side in sides)
        raise InputError(
            f"{path}: an app's class is written for models that take one photo and tell classes; this takes {takes} "
            f"and gives {gives}. Feed its model.tflite from code of your own"
        )
    tensors = (loaded.inputs[0], loaded.outputs[found])
    for one in tensors:
        if one.stored_dtype not in STORED:
            raise InputError(
                f"{path}: {one.name} is {one.stored_dtype}, and the class handles {', '.join(STORED)} tensors; "
                "convert the model again with such inputs and outputs (--io)"
            )
    return AppSource(
        name=loaded.bundle.manifest.name,
        model=loaded.bundle.model,
        labels=contract.outputs[found].labels,
        image=image,
        input=contract.inputs[0],
        input_tensor=tensors[0],
        output=contract.outputs[found],
        output_tensor=tensors[1],
        output_place=_place(loaded, found),
    )


def _place(loaded: Model, found: int) -> int:
    from ..tflite.reader import read_tflite

    assert loaded.bundle is not None
    graph = read_tflite(loaded.bundle.model).main
    return graph.outputs.index(loaded.outputs[found].index)
