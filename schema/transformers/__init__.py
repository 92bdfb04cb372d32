"""Transformers: how the raw values of one column become numbers; steps, scalers and imputers."""

from __future__ import annotations

from ..declaration import Type
from .auto import AUTO, TRANSFORMER
from .categories import CATEGORICAL, CLASS_INDEX, HASH, TARGET_ENCODING
from .lists import MULTI_HOT, VECTOR
from .numeric import CONTINUOUS, IDENTITY, PIECEWISE_LINEAR, STANDARD
from .scalers import IMPUTER, IMPUTERS, SCALER, SCALERS
from .steps import STEP, STEPS
from .times import DATETIME

TRANSFORMERS: tuple[Type, ...] = (
    AUTO, CONTINUOUS, PIECEWISE_LINEAR, CATEGORICAL, HASH, TARGET_ENCODING, DATETIME, IDENTITY,
    VECTOR, MULTI_HOT, STANDARD, CLASS_INDEX,
)

__all__ = ["IMPUTER", "IMPUTERS", "SCALER", "SCALERS", "STEP", "STEPS", "TRANSFORMER",
           "TRANSFORMERS"]
