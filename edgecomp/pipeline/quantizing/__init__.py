"""Integers on the way: settings tried on held-out samples, the file made, and trained on where that is asked for."""
