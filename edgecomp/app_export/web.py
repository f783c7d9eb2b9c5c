"""The page of `edgecomp phone` as a folder for any web host."""

from __future__ import annotations

from pathlib import Path

from ..phone.model_data import read_model_data
from ..phone.site import ISOLATION, POLICY, site_files
from .render import fill, plain_name


def web_files(bundle: Path, litert: Path) -> dict[str, bytes]:
    """The files of the folder, by their names with `/` between folders.

    Args:
        bundle: the bundle.
        litert: the folder with LiteRT.js.

    Raises:
        InputError: there is no bundle, or a browser cannot run its model.
        IntegrityError: it is damaged.
    """
    data = read_model_data(bundle)
    headers = {**ISOLATION, "Content-Security-Policy": POLICY}
    return {
        **site_files(data, litert, takes_results=False),
        "_headers": ("/*\n" + "".join(f"  {key}: {value}\n" for key, value in headers.items())).encode(),
        "README.md": fill("web/README.md", {"name": plain_name(data.name)}).encode(),
    }
