"""Packing what a device gets."""

from .pack import BundleContents, Goldens, pack_bundle

__all__ = ["BundleContents", "Goldens", "pack_bundle"]
