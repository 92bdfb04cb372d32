"""Normalizations of hidden values by their short names."""

from __future__ import annotations

from typing import Any

from ..shapes import Dim, Shape, ShapeError, show

NORMALIZATIONS = {
    "batch_norm": "BatchNorm1d",
    "layer_norm": "LayerNorm",
    "rms_norm": "RMSNorm",
}
"""Short name -> class of torch.nn."""


def check_rows(shape: Shape, name: str) -> None:
    """Raises ShapeError where batch normalization would read more than one row a sample."""
    if name == "batch_norm" and len(shape) != 2:
        raise ShapeError(show(shape), "(batch, width) for batch_norm",
                         help='use "normalization": "layer_norm" on sequences')


def norm_parameters(name: str, width: Dim, prefix: str = "") -> dict[str, Shape]:
    """The trainable tensors of a normalization, `(width,)` each."""
    # The root mean square keeps the mean, so there is nothing to shift.
    tensors = ("weight",) if name == "rms_norm" else ("weight", "bias")
    return {f"{prefix}{tensor}": (width,) for tensor in tensors}


def normalization(name: str, width: int) -> Any:
    """The torch module of a normalization by its short name."""
    from torch import nn

    return getattr(nn, NORMALIZATIONS[name])(width)
