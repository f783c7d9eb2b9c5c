"""`python -m edgecomp_runtime` is `edgecomp-runtime`."""

from .cli import console_script

raise SystemExit(console_script())
