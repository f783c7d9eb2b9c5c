"""Ratios against what a user would otherwise pick, measured side by side in one run: `make bench`."""
