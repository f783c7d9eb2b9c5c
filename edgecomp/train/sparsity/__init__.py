"""Weights that become zero while a network is trained, and zeros that stay while it is trained on."""
