"""Activations by their short names, and the range that each leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ACTIVATIONS = {
    "identity": "Identity",
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "softplus": "Softplus",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "log_sigmoid": "LogSigmoid",
}
"""Short name -> class of torch.nn, for the element-wise activations."""

OUTPUT_ACTIVATIONS = {**ACTIVATIONS, "softmax": "Softmax", "log_softmax": "LogSoftmax"}
"""Those that may stand last: the element-wise ones, and the two over the last axis."""

RANGES = {
    "Identity": "same",
    "Sigmoid": "probability",
    "Hardsigmoid": "probability",
    "Softmax": "distribution",
    "Softmin": "distribution",
    "LogSoftmax": "log_distribution",
    "LogSigmoid": "log_probability",
    "ReLU": "non_negative",
    "ReLU6": "non_negative",
    "Softplus": "non_negative",
}
"""Class of torch.nn -> what its output is; the others leave real numbers."""

_OVER_LAST_AXIS = ("Softmax", "LogSoftmax")


def range_after(name: str) -> str:
    """The range that the activation with this short name leaves after a linear layer."""
    after = RANGES.get(OUTPUT_ACTIVATIONS[name], "real")
    return "real" if after == "same" else after


def activation(name: str) -> Any:
    """The torch module of an activation by its short name."""
    from torch import nn

    factory: Callable[..., Any] = getattr(nn, OUTPUT_ACTIVATIONS[name])
    return factory(dim=-1) if OUTPUT_ACTIVATIONS[name] in _OVER_LAST_AXIS else factory()
