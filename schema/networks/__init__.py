"""Network factories: schema, shape rule and module of each type in one place."""

from __future__ import annotations

from ..declaration import NetworkType
from .fully_connected import FULLY_CONNECTED
from .structure import EXTRACTION, FEED_FORWARD, OUTPUT
from .torch_layers import TORCH_LAYERS

NETWORKS: tuple[NetworkType, ...] = (
    EXTRACTION,
    FEED_FORWARD,
    FULLY_CONNECTED,
    OUTPUT,
    *TORCH_LAYERS,
)

__all__ = ["NETWORKS"]
