"""Few values that many weights share: codebooks, mixtures, and codebooks of several weights at once."""

from .codebooks import Start, assign, fit_centroids
from .levels import fit_levels
from .mixture import Mixture, fit_mixture
from .product import ProductCode, fit_product_code

__all__ = [
    "Mixture",
    "ProductCode",
    "Start",
    "assign",
    "fit_centroids",
    "fit_levels",
    "fit_mixture",
    "fit_product_code",
]
