"""Packing what a device gets."""

from .pack import BundleContents, Goldens, pack_bundle
from .repack import PackedModel, open_packed, repack
from .seal import Release

__all__ = ["BundleContents", "Goldens", "PackedModel", "Release", "open_packed", "pack_bundle", "repack"]
