"""`python -m edgecomp_runtime` is `edgecomp-runtime`."""

from .cli import main

raise SystemExit(main())
