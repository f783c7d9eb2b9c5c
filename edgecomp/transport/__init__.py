"""The transport form of a finished .tflite: smaller to send, restored byte for byte on the device.

`encode` is here; `decode` is the device package's. docs/transport.md describes the format.
"""

from edgecomp_runtime.transport import decode

from .encode import encode

__all__ = ["decode", "encode"]
