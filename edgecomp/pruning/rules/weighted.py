"""Layers that make new channels out of others: dense layers, convolutions, embeddings."""

from __future__ import annotations

import numpy as np

from ..channel_graph import Role
from ..labels import NotFollowedError
from .elementwise import check_activation
from .site import Site, only


def dense(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Dense: kernel [in, units]."""
    return [_makes(site, only(site, inputs), consumes=0, produces=1)]


def convolution(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Conv1D, Conv2D, Conv3D: kernel [..., in / groups, filters]."""
    if site.operation.groups > 1:
        return [_grouped(site, only(site, inputs))]
    return [_makes(site, only(site, inputs), consumes=-2, produces=-1)]


def transposed_convolution(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: kernel [..., filters, in]."""
    return [_makes(site, only(site, inputs), consumes=-1, produces=-2)]


def depthwise_convolution(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """DepthwiseConv1D, DepthwiseConv2D: kernel [..., in, multiplier]; output c * multiplier + m reads channel c."""
    labels = only(site, inputs)
    site.mark("kernel", -2, labels, "carries")
    labels = np.repeat(labels, site.operation.depth_multiplier)
    site.mark("bias", 0, labels, "carries")
    check_activation(site, site.operation.activation, labels)
    return [labels]


def separable_convolution(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """SeparableConv1D, SeparableConv2D: depthwise, then a 1x1 kernel [..., in * multiplier, filters]."""
    labels = only(site, inputs)
    site.mark("depthwise_kernel", -2, labels, "carries")
    site.mark("pointwise_kernel", -2, np.repeat(labels, site.operation.depth_multiplier), "consumes")
    made = site.mint(site.operation.filters)
    site.mark("pointwise_kernel", -1, made, "produces")
    site.mark("bias", 0, made, "produces")
    check_activation(site, site.operation.activation, made)
    return [made]


def embedding(site: Site, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Embedding: a table [words, dimensions]; its input is numbers of words, not channels."""
    site.channels.freeze(only(site, inputs), f"they are looked up in {site.layer}")
    made = site.mint(site.operation.output_dim)
    site.mark("embeddings", 1, made, "produces")
    return [made]


def _makes(site: Site, labels: np.ndarray, *, consumes: int, produces: int) -> np.ndarray:
    shape = site.shape("kernel")
    if shape is None:
        raise NotFollowedError(f"as {site.layer} has no kernel yet")
    site.mark("kernel", consumes, labels, "consumes")
    made = site.mint(shape[produces])
    site.mark("kernel", produces, made, "produces")
    site.mark("bias", 0, made, "produces")
    check_activation(site, site.operation.activation, made)
    return made


def _grouped(site: Site, labels: np.ndarray) -> np.ndarray:
    """A convolution in groups stays one only if all its groups keep the same number of channels.

    With more groups than channels in each, whole groups go, inputs and outputs together; else the same positions go
    in every group. What is finer leaves more to choose from.
    """
    groups, filters = site.operation.groups, site.operation.filters
    by_group = labels.reshape(groups, -1)
    role: Role
    if groups >= by_group.shape[1]:
        made = np.repeat(by_group[:, 0], filters // groups)
        site.channels.unite(by_group, by_group[:, :1])
        role = "carries"
    else:
        made = np.tile(site.mint(filters // groups), groups)
        site.channels.unite(by_group, by_group[:1])
        site.mark("kernel", -2, by_group[0], "consumes")
        role = "produces"
    site.mark("kernel", -1, made, role)
    site.mark("bias", 0, made, role)
    check_activation(site, site.operation.activation, made)
    return made
