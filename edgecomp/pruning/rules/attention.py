"""Attention, whose heads stay whole, and what it is built of: EinsumDense."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..labels import NotFollowedError
from .elementwise import check_activation
from .site import Site, last_size, only


def multi_head_attention(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """MultiHeadAttention: kernels [in, heads, size] and [heads, size, out] as in Vaswani et al. (2017).

    The size of a head scales its scores, so it stays.
    """
    given = _query_value_key(site)
    if len(inputs) != len(given) or site.operation.get_config().get("use_gate"):
        raise NotFollowedError(f"of the masks that {site.layer} is given")
    labels = dict(zip(given, inputs, strict=True))
    for name, kernel in (("query", "query_dense"), ("value", "value_dense"), ("key", "key_dense")):
        site.mark(f"{kernel}/kernel", 0, labels.get(name, labels["value"]), "consumes")
    made = site.mint(last_size(site.output_shapes[0]))
    site.mark("output_dense/kernel", -1, made, "produces")
    site.mark("output_dense/bias", -1, made, "produces")
    scores = [site.channels.frozen(last_size(shape), "they are scores") for shape in site.output_shapes[1:]]
    return [made, *scores]


def _query_value_key(site: Site) -> tuple[str, ...]:
    """Which of them the call is given, in order; the key may be left to be the value."""
    names = ("query", "value", "key")
    given: dict[str, Any] = dict(zip(names, site.arguments, strict=False))
    given.update({name: site.keywords[name] for name in names if name in site.keywords})
    return tuple(name for name, value in given.items() if value is not None)


def einsum_dense(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """EinsumDense: an equation such as "...x,xy->...y" says which axes of the kernel are read, made or kept."""
    labels = only(site, inputs)
    operands, made_axes = site.operation.equation.replace(" ", "").split("->")
    read_axes, kernel = operands.split(",")
    read, made = read_axes[-1], made_axes[-1]
    if "." in (read, made):
        raise NotFollowedError(f"of the equation of {site.layer}")
    outputs = labels
    if read in kernel and read not in made_axes:
        site.mark("kernel", kernel.index(read), labels, "consumes")
    elif read == made:
        if read in kernel:
            site.mark("kernel", kernel.index(read), labels, "carries")
        if made in (site.operation.bias_axes or ""):
            site.mark("bias", -1, labels, "carries")
    else:
        raise NotFollowedError(f"of the equation of {site.layer}")
    if read != made:
        if made not in kernel or made in read_axes:
            raise NotFollowedError(f"of the equation of {site.layer}")
        outputs = site.mint(last_size(site.output_shapes[0]))
        site.mark("kernel", kernel.index(made), outputs, "produces")
        if made in (site.operation.bias_axes or ""):
            site.mark("bias", -1, outputs, "produces")
    check_activation(site, site.operation.activation, outputs)
    return [outputs]
