"""Mistakes that look like a bad model, told from one: each found by its own sign and said in words."""
