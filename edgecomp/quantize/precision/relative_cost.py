"""What a mixture of integers and float costs, compared with another mixture of the same network.

A model and no measurement, so that the same file is chosen on every machine and at every run.

Why this is not the latency stage, which knows more kernels. That one has counted instructions, and their time from a
few published latencies: good for whole networks of one precision, not for the ratio of float to int8, on which all
depends here. Of 26 mixtures of three networks, on each of two emulated cores, it foresees to within 3 points how many
more instructions they take than int8 throughout. But an instruction of float takes another time than one of int8, and
of that the shipped profile of the Raspberry Pi 4 knows so little that MobileNet with its first convolution at float
comes out 7% faster, and a small network with its two largest ones 1% slower. Next to everything would stay float. The
times below make that 14% and 86% slower, of which a Cortex-A76 counts 4% and 85%, and a Cortex-A53, which this
overcharges, -4% and 16%. XNNPACK's own tables are on their side. And a profile that is fitted anew would change which
file a recipe makes.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...tflite import Operator, Subgraph, TfliteModel, operator_macs
from .units import CONVERSIONS

# Least times of chains of eight equal operators in LiteRT 2.3 with XNNPACK, on one core of an x86-64 with AVX-512 and
# VNNI: 1x1 and 3x3 convolutions of 56 x 56 x 64, fully connected layers of 1024, additions, with and without
# conversions between them. A float convolution comes out 3.5 times as dear as an integer one. XNNPACK's own tables say
# 2.5 to 3.2 for MobileNetV1 and 2.6 to 2.7 for V2 on Raspberry Pi 3B+ and 4 (https://github.com/google/XNNPACK), where
# what is no convolution counts too.
_MAC_NS = {"int8": 0.0025, "float32": 0.0087}
# Depthwise kernels gain next to nothing from int8: 27.6 and 28.3 ps.
_DEPTHWISE_MAC_NS = {"int8": 0.027, "float32": 0.028}
# Conversions took 42 to 45 ps an element, and touch 5 bytes of each; the weights of fully connected layers 10 to 20.
_BYTE_NS = 0.01
_OPERATOR_NS = 120.0


@dataclass(frozen=True)
class Cost:
    """What a file costs.

    Args:
        nanoseconds: of one inference by the model; only ratios mean something.
        nbytes: size of the file.
        conversions: QUANTIZE and DEQUANTIZE operators in it.
    """

    nanoseconds: float
    nbytes: int
    conversions: int


def file_cost(model: TfliteModel) -> Cost:
    """The cost of a file as it is, with the conversions that are really in it.

    Counts the operators of the main graph; a loop's body is the same in all variants and left out.
    """
    graph = model.main
    return Cost(
        nanoseconds=sum(_nanoseconds(graph, operator) for operator in graph.operators),
        nbytes=model.nbytes,
        conversions=sum(operator.name in CONVERSIONS for operator in graph.operators),
    )


def _nanoseconds(graph: Subgraph, operator: Operator) -> float:
    touched = sum(tensor.nbytes for tensor in graph.tensors_of(operator.inputs + operator.outputs))
    outputs = graph.tensors_of(operator.outputs)
    dtype = "float32" if outputs and outputs[0].dtype == "float32" else "int8"
    mac = _DEPTHWISE_MAC_NS if operator.name == "DEPTHWISE_CONV_2D" else _MAC_NS
    return _OPERATOR_NS + operator_macs(graph, operator) * mac[dtype] + touched * _BYTE_NS
