"""Heads: several labels that one network is trained on, each with a loss of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .declaration import Fragment
from .fields import many_of, number, one_of, string

HEAD_NAME = "^[A-Za-z_][A-Za-z0-9_]*$"
"""Names of heads start the names of measures and of columns of predictions."""

HEADS, LOSS = "heads", "loss"
"""The keys of which a spec writes one."""

REPLACED = ("label", LOSS, "metrics")
"""Keys of the top level that each head has for itself."""

_HEAD: Fragment = {
    "title": "head",
    "type": "object",
    "properties": {
        "label": string("The extractor that gives the true values of this head.",
                        example="delay"),
        "network": one_of("network", "The network of this head; it reads what `network` of the "
                          "top level gives.", default={"type": "output"},
                          example={"type": "fully_connected", "sizes": [16, 1]}),
        "loss": one_of("loss", "What training minimises in this head.",
                       example={"type": "torch.nn:HuberLoss"}),
        "weight": number("What the loss of this head counts in the sum of all; with 0 the head is "
                         "evaluated and not trained.", minimum=0.0, maximum=1e6, default=1.0,
                         example=0.3),
        "metrics": many_of("metric", "What is measured of this head on each evaluated split.",
                           default=[], example=[{"type": "sklearn.metrics:r2_score"}]),
    },
    "required": ["label", "loss"],
    "additionalProperties": False,
}

HEADS_FIELD: Fragment = {
    "description": "Several labels by name, each with its head: a network behind `network`, a "
    "loss, a weight and metrics. In their place `label`, `loss` and `metrics` of the top level "
    "are not written. Measures and predictions are called `<head>.<name>`. Null trains on one "
    "label.",
    "type": ["object", "null"],
    "propertyNames": {"pattern": HEAD_NAME, "maxLength": 64},
    "additionalProperties": _HEAD,
    "minProperties": 1,
    "maxProperties": 100,
    "default": None,
    "examples": [{"late": {"label": "late", "loss": {"type": "torch.nn:BCEWithLogitsLoss"}}}],
}


def needs_loss(schema: Fragment) -> dict[str, Any]:
    """The schema of a spec for those without `heads`: they have one label, so they need a loss."""
    loss = {"$ref": "#/$defs/loss", "description": schema["properties"][LOSS]["description"],
            "examples": schema["properties"][LOSS]["examples"]}
    return {**schema, "properties": {**schema["properties"], LOSS: loss},
            "required": [*schema["required"], LOSS]}


def written_out(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A spec with its defaults, but for those of the keys that its heads replace, or else the
    heads."""
    spare = (HEADS,) if spec[HEADS] is None else REPLACED
    return {key: value for key, value in spec.items() if key not in spare}
