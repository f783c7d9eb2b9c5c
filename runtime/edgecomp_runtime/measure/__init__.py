"""Measures a loaded model on this device: time, memory, heat and energy, and whether what was measured counts."""
