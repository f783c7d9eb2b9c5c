"""Wins accuracy back: fine-tuning with labels, and distillation from the network that a smaller one came from."""
