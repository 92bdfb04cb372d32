"""Network factories: schema, shape rule and module of each type in one place."""

from __future__ import annotations

from ..declaration import NetworkType
from .attention_pooling import ATTENTION_POOLING
from .conv1d import CONV1D
from .cross import CROSS
from .cross_attention import CROSS_ATTENTION
from .embedding import EMBEDDING
from .ensemble import ENSEMBLE
from .factorization_machine import FACTORIZATION_MACHINE
from .ft_transformer import FT_TRANSFORMER
from .fully_connected import FULLY_CONNECTED
from .highway import HIGHWAY
from .masked_pool import MASKED_POOL
from .numerical_embeddings import (
    LINEAR_EMBEDDINGS,
    PERIODIC_EMBEDDINGS,
    PIECEWISE_LINEAR_EMBEDDINGS,
)
from .parallel import PARALLEL
from .recurrent import GRU, LSTM
from .residual import RESIDUAL
from .resnet import RESNET
from .self_attention import SELF_ATTENTION
from .shared import SHARED
from .structure import EXTRACTION, FEED_FORWARD, OUTPUT
from .tabm import TABM
from .torch_layers import TORCH_LAYERS
from .transformer_encoder import TRANSFORMER_ENCODER
from .two_tower import TWO_TOWER

NETWORKS: tuple[NetworkType, ...] = (
    EXTRACTION,
    FEED_FORWARD,
    PARALLEL,
    RESIDUAL,
    SHARED,
    ENSEMBLE,
    FULLY_CONNECTED,
    RESNET,
    CROSS,
    HIGHWAY,
    FACTORIZATION_MACHINE,
    TWO_TOWER,
    TABM,
    FT_TRANSFORMER,
    EMBEDDING,
    LINEAR_EMBEDDINGS,
    PERIODIC_EMBEDDINGS,
    PIECEWISE_LINEAR_EMBEDDINGS,
    LSTM,
    GRU,
    CONV1D,
    SELF_ATTENTION,
    TRANSFORMER_ENCODER,
    CROSS_ATTENTION,
    ATTENTION_POOLING,
    MASKED_POOL,
    OUTPUT,
    *TORCH_LAYERS,
)

__all__ = ["NETWORKS"]
