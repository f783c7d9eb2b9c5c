"""The `--input-shape` option, shared by the verbs that open models."""

from __future__ import annotations

from ..errors import InputError

Shapes = tuple[int, ...] | dict[str, tuple[int, ...]]


def parse_input_shape(text: str | None) -> Shapes | None:
    """Reads `224,224,3`, or `name=224,224,3;other=10` for several inputs.

    Raises:
        InputError: not positive integers separated by commas.
    """
    if text is None:
        return None
    if "=" not in text:
        return _sizes(text, text)
    pairs = [part.partition("=") for part in text.split(";") if part.strip()]
    return {name.strip(): _sizes(sizes, text) for name, _, sizes in pairs}


def _sizes(part: str, whole: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(size) for size in part.split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise InputError(
            f"--input-shape {whole!r}: give positive sizes without the batch, as 224,224,3, or name=224,224,3;other=10"
        )
    return sizes
