"""Decides what is worth trying: budgets, fronts, how long to train what, how much to prune. Needs no TensorFlow."""
