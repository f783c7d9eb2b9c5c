"""Which operators the XNNPACK delegate takes, as LiteRT 2.3 is built: int8 and uint8 as well as float32.

Read from the delegate's own checks, `VisitNode` in
https://github.com/google-ai-edge/LiteRT/blob/main/tflite/delegates/xnnpack/xnnpack_delegate.cc, which go beyond the
lists in the README beside it, and held against what LiteRT does in the tests.
"""

from .decision import left_over, refusal
from .failures import failure

__all__ = ["failure", "left_over", "refusal"]
