"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .declare import option

if TYPE_CHECKING:
    from ...keys import SigningKey


@dataclass(frozen=True, kw_only=True)
class OpeningOptions:
    """How a model file is opened."""

    custom_objects: str | Mapping[str, Any] | None = option(
        "Module that defines the model's own layers.", in_python="Or these layers by name."
    )
    allow_code: bool = option(
        "Run code embedded in the model file (Lambda layers). Only for files you trust.", default=False
    )
    input_shape: Any = option(
        "Sizes the file leaves open: 224,224,3; for several inputs name=224,224,3;other=10.",
        in_python="A tuple, or tuples by input name.",
    )


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """How samples are read."""

    preprocess: str | None = option(
        "How raw values become model input: auto, none, 0..1, -1..1, imagenet-caffe, imagenet-torch or mean=…,std=… "
        "(one number, or one per channel: mean=1/2/3); for photos also fit=stretch|crop|pad, color=rgb|bgr|gray and "
        "resample=nearest|bilinear|bicubic|lanczos, as in 0..1,fit=crop. [default: auto]"
    )
    labels: str | Path | Sequence[str] | None = option(
        "Text file of class names, one a line, in the order of the outputs.",
        in_python="Or the names themselves; by default the data's.",
    )


@dataclass(frozen=True, kw_only=True)
class PrivacyOptions:
    """What of the samples may be written down."""

    hide_samples: bool = option(
        "Leave the samples out of all that is written: no photos and no values in report, page and JSON, and random "
        "numbers as a bundle's golden inputs. Names of their files stay.",
        default=False,
    )


@dataclass(frozen=True, kw_only=True)
class ReleaseOptions:
    """What a bundle says of itself, and who vouches for it."""

    sign: str | Path | SigningKey | None = option(
        "Private key to sign the bundle with; `edgecomp keys new` makes one.", in_python="Its file, or the key itself."
    )
    version: int | None = option("Release of this model, a whole number; devices refuse a lower one than they have.")
