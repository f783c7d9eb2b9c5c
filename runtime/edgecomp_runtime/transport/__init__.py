"""The transport form of a model: smaller to send, restored byte for byte. docs/transport.md describes the format."""

from .decode import decode

__all__ = ["decode"]
