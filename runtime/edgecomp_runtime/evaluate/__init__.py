"""Accuracy and agreement, measured on the device through the same code that answers there."""
