"""Pictures that a report carries: only what a page may show, and only as many as fit it."""

from __future__ import annotations

import re
from dataclasses import dataclass

BYTES = 700_000
"""For all pictures of a page, which is to stay below 2 MB with everything else."""

_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/]+={0,2}")


@dataclass
class PictureBudget:
    """Hands out pictures until the page's share is used up."""

    left: int = BYTES

    def take(self, data: str | None) -> str:
        """A PNG or JPEG as a data address; empty where there is none, or it is something else or too much."""
        if not data or len(data) > self.left or not _PICTURE.fullmatch(data):
            return ""
        self.left -= len(data)
        return data
