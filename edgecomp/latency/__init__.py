"""How fast a file runs."""
