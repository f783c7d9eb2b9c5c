"""The bundle: opened, checked and taken whole or not at all. The format is described in docs/bundle.md."""
