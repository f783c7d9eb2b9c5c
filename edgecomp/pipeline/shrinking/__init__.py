"""Fewer channels on the way: dead ones, pruned ones, and the training that follows."""
