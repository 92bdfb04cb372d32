"""One module in several places."""

from __future__ import annotations

from typing import Any

from ..declaration import Args, NetworkType, Scope
from ..fields import one_of, string


def _network(args: Args, scope: Scope) -> Any:
    return scope.definition(args["name"]) if args["network"] is None else args["network"]


SHARED = NetworkType(
    name="shared",
    description="One module in several places, with one set of weights: the first place gives the "
    "network and its name, the others the name alone.",
    properties={
        "name": string("What the network is called in all its places.", example="item"),
        "network": one_of("network", "The network, at the first of its places in the order of the "
                          "data; null at the others, which must give it the same shape to read.",
                          default=None, null=True,
                          example={"type": "fully_connected", "sizes": [32, 16]}),
    },
    required=("name",),
    examples=(
        {"name": "item", "network": {"type": "fully_connected", "sizes": [32, 16]}},
        {"name": "item"},
    ),
    shape=lambda value, args, scope: scope.visit(_network(args, scope), value),
    build=lambda value, args, scope: scope.build(_network(args, scope), value),
    children=("network",),
    joined_range=lambda args, ranges: ranges[0],
    output_range=lambda args: "same",
    per_step=False,
)
