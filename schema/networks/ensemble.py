"""Deep ensembles: one network several times, each from random weights of its own.

Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles, Lakshminarayanan,
Pritzel and Blundell 2017: the members differ in the weights that they start from, each learns from
its own loss on all training rows, and the ensemble predicts the mean of what they predict. The
adversarial examples of the paper are left out, and all members see one order of the rows.
"""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import integer, one_of
from ..shapes import BATCH, UNKNOWN, Members, Unknown, Value, tensor


def _shape(value: Value, args: Args, scope: Scope) -> Value:
    """what the network inside reads -> (batch, members, width of the network inside)"""
    inner = scope.visit(args["network"], value)
    if isinstance(inner, Unknown):
        return UNKNOWN
    return (BATCH, Members(args["members"]), *tensor(inner)[1:])


def _build(value: Value, args: Args, scope: Scope) -> Any:
    from .modules.ensemble import Ensemble

    return Ensemble(scope.copies(args["network"], value, args["members"]))


ENSEMBLE = NetworkType(
    name="ensemble",
    description="The same network several times, from weights of its own each (deep ensembles, "
    "2017); each learns from its own loss on the same batches, the prediction is the mean of "
    "theirs. Stands last.",
    properties={
        "members": integer("How many networks.", minimum=1, maximum=100, default=5, example=10),
        "network": one_of("network", "The network of each member, down to its output.",
                          example={"type": "fully_connected", "sizes": [32, 1]}),
    },
    required=("network",),
    examples=(
        {"network": {"type": "fully_connected", "sizes": [32, 1]}},
        {"members": 3, "network": {"type": "feed_forward", "factories": [
            {"type": "torch.nn:Linear", "out_features": 16}, {"type": "torch.nn:ReLU"},
            {"type": "output"}]}},
    ),
    shape=_shape,
    build=_build,
    children=("network",),
    in_turn=True,
    copies=lambda args: int(args["members"]),
    output_range=lambda args: "same",
    per_step=False,
)
