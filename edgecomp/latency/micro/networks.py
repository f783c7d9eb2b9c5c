"""Which small networks are measured: chains of one operator at several shapes, and blocks like those of real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from .blocks import BLOCKS, DEEP_BLOCKS
from .builder import NetworkBuilder

PRECISIONS = ("float32", "int8")

_Build = Callable[[NetworkBuilder], int]


@dataclass(frozen=True)
class MicroModel:
    """A small network.

    Args:
        name: says what is in it.
        file: the .tflite.
        is_block: whether it mixes operators as real networks do. Such ones show how far predictions are off.
    """

    name: str
    file: bytes
    is_block: bool = False


def micro_models(*, heavy: bool = True) -> Iterator[MicroModel]:
    """The small networks, in float32 and int8, the same at every call.

    Args:
        heavy: with those of many weights, which show what caches hold; to counts of instructions they add nothing.
    """
    for precision in PRECISIONS:
        chains = {**_chains(), **_conversions(precision), **(_heavy_chains() if heavy else {})}
        for name, build in chains.items():
            yield MicroModel(f"{name} {precision}", _made(build, precision))
        for name, build in {**BLOCKS, **(DEEP_BLOCKS if heavy else {})}.items():
            yield MicroModel(f"{name} {precision}", _made(build, precision), is_block=True)


def _made(build: _Build, precision: str) -> bytes:
    builder = NetworkBuilder(precision)
    return builder.finish(build(builder))


# Side of the image, channels in, channels out. A chain goes to and fro between both widths, so that weights of some
# hundred kilobytes follow each other as in a network.
_POINTWISE = (
    *((112, 16, 96), (56, 24, 144), (28, 40, 240), (28, 128, 128), (14, 96, 576), (14, 128, 512), (14, 80, 200)),
    *((10, 192, 192), (7, 160, 960), (7, 512, 1024), (4, 256, 1024), (3, 160, 320), (56, 8, 48), (1, 240, 64)),
    *((1, 960, 240), (1, 72, 24)),
)
# Side, channels in, channels out, window, stride.
_CONVOLUTIONS = (
    *((112, 3, 32, 3, 2), (64, 3, 64, 3, 1), (48, 3, 64, 7, 2), (56, 64, 64, 3, 1), (28, 128, 128, 3, 1)),
    *((14, 256, 256, 3, 1), (7, 256, 512, 3, 1), (4, 256, 256, 3, 1), (32, 16, 16, 3, 1), (17, 48, 64, 5, 1)),
    *((28, 32, 128, 3, 2), (28, 256, 512, 1, 2), (14, 512, 256, 1, 2), (40, 48, 24, 3, 1)),
)
# Side, channels, window, stride.
_DEPTHWISE = (
    *((112, 32, 3, 1), (56, 144, 3, 1), (56, 96, 3, 2), (28, 192, 3, 1), (14, 576, 3, 1), (7, 960, 3, 1)),
    *((14, 40, 3, 1), (28, 240, 5, 1), (14, 480, 5, 1), (7, 960, 5, 1), (28, 44, 7, 2), (28, 96, 7, 1)),
    *((56, 72, 5, 2), (4, 512, 3, 1), (14, 336, 5, 2), (3, 336, 5, 1)),
)
# Side, channels, convolutions: more and more weights, which caches hold or not.
_HEAVY = ((4, 1024, 2), (4, 1024, 4), (4, 1024, 8), (4, 1024, 12), (7, 512, 10))
_DENSE = ((1280, 1000), (1024, 1024), (64, 10), (256, 256), (576, 1024), (2048, 1000))
_IMAGES = ((56, 56, 24), (14, 14, 112), (28, 28, 256), (7, 7, 320), (1, 1, 480), (96, 96, 64))
_FEW_IMAGES = ((56, 56, 32), (14, 14, 200), (7, 7, 480))
# Few channels, as of photos, start the inner loop often.
_BY_CHANNEL = ((64, 64, 3), (56, 56, 24), (14, 14, 112), (28, 28, 256), (7, 7, 320))
_REPEATS = 4
# Operators whose kernels for int8 need a table or a fixed grid behave as others of one input.
_UNARY = ("RELU", "LOGISTIC", "HARD_SWISH", "TANH")


def _chains() -> dict[str, _Build]:
    """One operator again and again."""
    found: dict[str, _Build] = {"call": lambda network: network.unary("RELU", network.input(1, 1, 1, 8))}
    for shape in _POINTWISE:
        found[f"1x1 convolution {shape}"] = partial(_pointwise, shape=shape)
    for case in _CONVOLUTIONS:
        found[f"convolution {case}"] = partial(_convolution, case=case)
    for depthwise in _DEPTHWISE:
        found[f"depthwise {depthwise}"] = partial(_depthwise, case=depthwise)
    for dense in _DENSE:
        found[f"dense {dense}"] = partial(_dense, shape=dense)
    for image in _BY_CHANNEL:
        found |= {
            f"{name} by channel {image}": partial(_by_channel, name=name, image=image) for name in ("ADD", "SUB", "MUL")
        }
    for image in _IMAGES:
        found |= {f"{name} {image}": partial(_binary, name=name, image=image) for name in ("ADD", "MUL")}
        found |= {f"{name} {image}": partial(_unary, name=name, image=image) for name in _UNARY}
    for image in _FEW_IMAGES:
        found |= {
            f"SUB {image}": partial(_binary, name="SUB", image=image),
            f"swish {image}": partial(_swish, image=image),
            f"MEAN {image}": partial(_mean, image=image),
            f"CONCATENATION {image}": partial(_concatenation, image=image),
            f"PAD {image}": partial(_pad, image=image),
            f"STRIDED_SLICE {image}": partial(_crop, image=image),
            f"RESHAPE {image}": partial(_reshape, image=image),
            f"TRANSPOSE {image}": partial(_transpose, image=image),
        }
        for name in ("MAX_POOL_2D", "AVERAGE_POOL_2D"):
            found |= {
                f"{name} {w} {s} {image}": partial(_pool, name=name, image=image, window=w, stride=s)
                for w, s in ((3, 1), (2, 2), (5, 1))
            }
        for name in ("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"):
            found[f"{name} {image}"] = partial(_resize, name=name, image=image)
    found |= {f"SOFTMAX {units}": partial(_softmax, units=units) for units in (10, 250, 1000)}
    return found


def _heavy_chains() -> dict[str, _Build]:
    return {f"weights {case}": partial(_heavy, case=case) for case in _HEAVY}


def _conversions(precision: str) -> dict[str, _Build]:
    other, name = ("int8", "QUANTIZE") if precision == "float32" else ("float32", "DEQUANTIZE")
    found: dict[str, _Build] = {
        f"{name} {image}": partial(_converted, name=name, image=image, to=other) for image in _FEW_IMAGES
    }
    if precision == "int8":
        found |= {
            f"QUANTIZE {image}": partial(_converted, name="QUANTIZE", image=image, to="int8") for image in _FEW_IMAGES
        }
    return found


def _pointwise(network: NetworkBuilder, shape: tuple[int, int, int]) -> int:
    side, narrow, wide = shape
    tensor = network.input(1, side, side, narrow)
    for place in range(_REPEATS):
        tensor = network.convolution(tensor, narrow if place % 2 else wide)
    return tensor


def _heavy(network: NetworkBuilder, case: tuple[int, int, int]) -> int:
    side, channels, count = case
    tensor = network.input(1, side, side, channels)
    for _ in range(count):
        tensor = network.convolution(tensor, channels)
    return tensor


def _convolution(network: NetworkBuilder, case: tuple[int, int, int, int, int]) -> int:
    side, narrow, wide, window, stride = case
    tensor = network.input(1, side, side, narrow)
    if stride > 1 or narrow != wide:
        return network.convolution(tensor, wide, window, stride=stride)
    for _ in range(_REPEATS // 2):
        tensor = network.convolution(tensor, wide, window)
    return tensor


def _depthwise(network: NetworkBuilder, case: tuple[int, int, int, int]) -> int:
    side, channels, window, stride = case
    tensor = network.input(1, side, side, channels)
    for _ in range(_REPEATS if stride == 1 else 1):
        tensor = network.depthwise(tensor, window, stride=stride)
    return tensor


def _dense(network: NetworkBuilder, shape: tuple[int, int]) -> int:
    return network.dense(network.dense(network.input(1, shape[0]), shape[1]), shape[0])


def _binary(network: NetworkBuilder, name: str, image: tuple[int, int, int]) -> int:
    first = second = network.input(1, *image)
    second = network.input(1, *image)
    for _ in range(_REPEATS):
        first = network.binary(name, first, second)
    return first


def _by_channel(network: NetworkBuilder, name: str, image: tuple[int, int, int]) -> int:
    tensor, factors = network.input(1, *image), network.input(1, 1, 1, image[-1])
    for _ in range(_REPEATS):
        tensor = network.binary(name, tensor, factors)
    return tensor


def _swish(network: NetworkBuilder, image: tuple[int, int, int]) -> int:
    tensor = network.input(1, *image)
    for _ in range(_REPEATS):
        tensor = network.binary("MUL", tensor, network.unary("LOGISTIC", tensor))
    return tensor


def _unary(network: NetworkBuilder, name: str, image: tuple[int, int, int]) -> int:
    tensor = network.input(1, *image)
    for _ in range(_REPEATS):
        tensor = network.unary(name, tensor)
    return tensor


def _mean(network: NetworkBuilder, image: tuple[int, int, int]) -> int:
    return network.mean(network.input(1, *image))


def _concatenation(network: NetworkBuilder, image: tuple[int, int, int]) -> int:
    tensor, other = network.input(1, *image), network.input(1, *image)
    for _ in range(_REPEATS):
        tensor = network.concatenation(tensor, other)
    return tensor


def _pad(network: NetworkBuilder, image: tuple[int, int, int]) -> int:
    tensor = network.input(1, *image)
    for _ in range(_REPEATS):
        tensor = network.pad(tensor)
    return tensor


def _crop(network: NetworkBuilder, image: tuple[int, int, int]) -> int:
    tensor = network.input(1, *image)
    for _ in range(_REPEATS):
        tensor = network.crop(tensor)
    return tensor


def _reshape(network: NetworkBuilder, image: tuple[int, int, int]) -> int:
    height, width, channels = image
    tensor = network.input(1, *image)
    for place in range(_REPEATS):
        tensor = network.reshape(tensor, 1, *(image if place % 2 else (height * width, channels)))
    return tensor


def _transpose(network: NetworkBuilder, image: tuple[int, int, int]) -> int:
    tensor = network.input(1, *image)
    for _ in range(2):
        tensor = network.transpose(tensor, 0, 3, 1, 2)
    return tensor


def _pool(network: NetworkBuilder, name: str, image: tuple[int, int, int], window: int, stride: int) -> int:
    tensor = network.input(1, *image)
    for _ in range(_REPEATS if stride == 1 else 1):
        tensor = network.pool(name, tensor, window, stride=stride)
    return tensor


def _resize(network: NetworkBuilder, name: str, image: tuple[int, int, int]) -> int:
    return network.resize(name, network.input(1, *image), 2 * image[0], 2 * image[1])


def _softmax(network: NetworkBuilder, units: int) -> int:
    return network.unary("SOFTMAX", network.input(1, units))


def _converted(network: NetworkBuilder, name: str, image: tuple[int, int, int], to: str) -> int:
    return network.unary(name, network.input(1, *image), precision=to)
