"""Packing what a device gets."""

from .base import Base
from .pack import BundleContents, Goldens, pack_bundle
from .repack import PackedModel, open_base, open_packed, repack
from .seal import Release

__all__ = [
    "Base",
    "BundleContents",
    "Goldens",
    "PackedModel",
    "Release",
    "open_base",
    "open_packed",
    "pack_bundle",
    "repack",
]
