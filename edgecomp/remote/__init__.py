"""Devices over SSH: measuring there, putting bundles there, and many devices at once.

OpenSSH itself makes the connection; a program sent over it (`device_side.py`) is the other end. Nothing of edgecomp has
to be on the device beforehand but Python 3.9. `android` is another way, for phones.
"""
