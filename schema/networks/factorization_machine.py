"""The factorization machine: Factorization Machines, Rendle 2010."""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import integer
from ..shapes import ParameterShapes, Value, tensor
from .structure import linear_parameters


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """(*batch, width) -> (*batch, 1)"""
    return (*tensor(value)[:-1], 1)


def _parameters(value: Value, args: Args, scope: Scope) -> ParameterShapes:
    width = tensor(value)[-1]
    return {"vectors": (width, args["factors"]), **linear_parameters(width, 1, True, "linear.")}


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.factorization_machine import FactorizationMachine

    width = tensor(value)[-1]
    assert isinstance(width, int)
    return FactorizationMachine(width, args["factors"])


FACTORIZATION_MACHINE = NetworkType(
    name="factorization_machine",
    description="One number: a bias, a linear term, and for each pair of features their product "
    "times the dot product of their vectors (Rendle 2010).",
    properties={
        "factors": integer("Numbers in the vector of a feature.", minimum=1, maximum=100_000,
                           default=8, example=16),
    },
    examples=({}, {"factors": 2}),
    shape=_shape,
    parameters=_parameters,
    build=_build,
)
