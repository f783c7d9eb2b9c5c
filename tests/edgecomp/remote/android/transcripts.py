"""What `benchmark_model` prints, in the forms it has had; figures from public logs, each with its source.

None of it was measured by us: there is no phone here.
"""

from __future__ import annotations

WITH_PERCENTILES = """INFO: STARTING!
INFO: Log parameter values verbosely: [0]
INFO: Min num runs: [10]
INFO: Num threads: [2]
INFO: Graph: [/data/local/tmp/model.tflite]
INFO: Signature to run: []
INFO: #threads used for CPU inference: [2]
INFO: Loaded model /data/local/tmp/model.tflite
INFO: Initialized TensorFlow Lite runtime.
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
VERBOSE: Replacing 64 out of 65 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding \
1 partitions for subgraph 0.
INFO: The input model file size (MB): 3.96
INFO: Initialized session in 12.5ms.
INFO: Running benchmark for at least 5 iterations and at least 0.5 seconds but terminate if exceeding 10 seconds.
INFO: count=60 first=12100 curr=8300 min=8100 max=12100 avg=8350 std=210 p5=8150 median=8310 p95=8700

INFO: Running benchmark for at least 10 iterations and at least 1 seconds but terminate if exceeding 10 seconds.
INFO: count=120 first=8305 curr=8297 min=8102 max=9010 avg=8312.25 std=96 p5=8190 median={median} p95=8500

INFO: Inference timings in us: Init: 12500, First inference: 12100, Warmup (avg): 8350, Inference (avg): 8312.25
INFO: Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE.
INFO: Memory footprint delta from the start of the tool (MB): init=9.5 overall=14.25
INFO: Overall peak memory footprint (MB) via periodic monitoring: 20.5
"""
"""The newest form (LiteRT: tflite/tools/benchmark/benchmark_model.cc); the figures are made up."""

ALL_THE_SAME = """07-08 15:33:58.992 I/tflite  ( 5395): count=1 curr=2732148 p5=2732148 median=2732148 p95=2732148
07-08 15:34:26.201 I/tflite  ( 5395): count=10 first=2653894 curr=2709263 min=2640862 max=3025403 avg=2.71985e+06 \
std=105101 p5=2640862 median=2709263 p95=3025403
07-08 15:34:26.202 I/tflite  ( 5395): Inference timings in us: Init: 458883, First inference: 2732148, \
Warmup (avg): 2.73215e+06, Inference (avg): 2.71985e+06
"""
"""Out of a phone's log, with the log's own words before each line; one warm-up run has no minimum and no mean."""

WITHOUT_PERCENTILES = """INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
VERBOSE: Replacing 58 out of 58 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding \
1 partitions for the whole graph.
INFO: Initialized session in 3.337ms.
INFO: count=9 first=81913 curr=55502 min=55502 max=81913 avg=58984.7 std=8115
INFO: count=1061 first=56576 curr=56299 min=54669 max=60236 avg=56265.8 std=982
INFO: Inference timings in us: Init: 3337, First inference: 81913, Warmup (avg): 58984.7, Inference (avg): 56265.8
INFO: Overall peak memory footprint (MB) via periodic monitoring: 93.2383
"""
"""About 2022; a log of ChromeOS's mlbenchmark tests."""

OF_2020 = """STARTING!
Initialized session in 0.855ms.
count=15 first=49060 curr=33682 min=32825 max=49060 avg=34825.1 std=3930

count=50 first=32891 curr=33978 min=32641 max=34005 avg=33209.4 std=450

Inference timings in us: Init: 855, First inference: 49060, Warmup (avg): 34825.1, Inference (avg): 33209.4
Peak memory footprint (MB): init=0 overall=12.8672
"""
"""tensorflow/tensorflow issue 42507."""

OF_2019 = """STARTING!
nnapi error: unable to open library libneuralnetworks.so
Initialized session in 9.933ms
count=7 first=127425 curr=66709 min=66709 max=127425 avg=76605.9 std=20944

count=15 first=66753 curr=66800 min=66699 max=66838 avg=66767.6 std=39

Average inference timings in us: Warmup: 76605.9, Init: 9933, no stats: 66767.6
"""
"""yuenshome/yuenshome.github.io issue 77."""

ON_GPU = """INFO: Created TensorFlow Lite delegate for GPU.
VERBOSE: Replacing 58 out of 58 node(s) with delegate (TfLiteGpuDelegateV2) node, yielding \
1 partitions for the whole graph.
INFO: Explicitly applied GPU delegate, and the model graph will be completely executed by the delegate.
INFO: count=13 first=115098 curr=36666 min=32079 max=115098 avg=40199.8 std=21694
INFO: count=1694 first=35688 curr=33419 min=30394 max=42335 avg=35134.9 std=1733
INFO: Inference timings in us: Init: 842225, First inference: 115098, Warmup (avg): 40199.8, Inference (avg): 35134.9
"""
"""About 2022; a log of ChromeOS's mlbenchmark tests."""

NOT_ON_NNAPI = """INFO: Created TensorFlow Lite delegate for NNAPI.
WARN: Though NNAPI delegate is explicitly applied, the model graph will not be executed by the delegate.
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
VERBOSE: Replacing 31 out of 31 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding \
1 partitions for subgraph 0.
INFO: count=40 first=32942 curr=12594 min=11340 max=32942 avg=12581.9 std=3331
INFO: count=75 first=12840 curr=11853 min=11787 max=13649 avg=12167.6 std=325
INFO: Inference timings in us: Init: 126059, First inference: 32942, Warmup (avg): 12581.9, Inference (avg): 12167.6
"""
"""Figures of tensorflow/tensorflow issue 56301; the words of issue 83344."""
