"""The keys that sign bundles: made, opened, and one endorsing the next."""

from .endorsing import endorse
from .signing_key import SigningKey, new_key, open_key

__all__ = ["SigningKey", "endorse", "new_key", "open_key"]
