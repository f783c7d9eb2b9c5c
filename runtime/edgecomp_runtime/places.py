"""Where this package keeps things on a device: installed models, and the keys that may sign them."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import InputError

HOME_VARIABLE = "EDGECOMP_HOME"
SYSTEM_HOME = Path("/var/lib/edgecomp")


def home() -> Path:
    """The folder that everything lies in; it need not exist.

    Returns:
        `$EDGECOMP_HOME` where that is set; else `/var/lib/edgecomp` for root and `~/.local/share/edgecomp` for others.

    Raises:
        InputError: `$EDGECOMP_HOME` is not an absolute path, or there is no home folder to be found.
    """
    named = os.environ.get(HOME_VARIABLE)
    if named:
        if not os.path.isabs(named):
            raise InputError(f"{HOME_VARIABLE} is {named!r}, not an absolute path; every command must find the same")
        return Path(named)
    if os.geteuid() == 0:
        return SYSTEM_HOME
    try:
        return Path.home() / ".local" / "share" / "edgecomp"
    except RuntimeError:
        raise InputError(f"this user has no home folder; set {HOME_VARIABLE} to a folder to keep models in") from None


def trusted_keys() -> Path:
    """The folder of the public keys whose bundles are installed here; see `bundle.trust`."""
    return home() / "trusted"
