"""The top level of a spec."""

from __future__ import annotations

from . import training
from .declaration import Fragment
from .extractors import EXTRACTOR, KEYS
from .fields import REQUIRED, integer, many_of, mapping, one_of, string
from .heads import HEADS, HEADS_FIELD, LOSS

VERSION = 1
"""The version of the vocabulary, written in a spec as `"specc": 1`."""


def _object(description: str, properties: dict[str, Fragment], *, default: object,
            example: object, required: list[str] | None = None) -> Fragment:
    fragment: dict[str, object] = {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required or [],
        "additionalProperties": False,
    }
    if default is not REQUIRED:
        fragment["default"] = default
    return {**fragment, "examples": [example]}


_BUNDLE = _object(
    "What the spec says of the bundle itself: its index frame, its keys, and steps that prepare "
    "it before anything is extracted.",
    {
        "index_frame": string("The frame whose rows are the samples; null takes the one that "
                              "bundle.json names, or the frame called `index`.", default=None,
                              example="flights", null=True),
        "keys": KEYS,
        "prepare": many_of("preparation", "Steps that choose rows and make columns, `split` and "
                           "`priority` too, in order.", default=[],
                           example=[{"type": "random_split",
                                     "parts": {"train": 0.8, "test": 0.2}}]),
    },
    default={},
    example={"index_frame": "flights"},
)

_NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_.-]*$"

_VERSION: Fragment = {
    "description": "The version of the vocabulary that the spec is written in.",
    "type": "integer",
    "const": VERSION,
    "examples": [VERSION],
}

_DESCRIPTION: Fragment = {
    "description": "What the spec is for, in words.",
    "type": "string",
    "maxLength": 100_000,
    "default": "",
    "examples": ["Does a flight arrive more than 15 minutes late?"],
}

_EXTRACTORS: Fragment = {
    **mapping("The extractors by name; the network and the label refer to them by it.",
              {"$ref": f"#/$defs/{EXTRACTOR}"}, min_properties=1,
              example={"label": {"type": "plain", "take_columns": ["Survived"]}}),
    "propertyNames": {"minLength": 1, "maxLength": 200},
}

PROPERTIES: dict[str, Fragment] = {
    "$schema": string("The address of this schema, for editors; specc does not open it.",
                      default="spec.schema.json", example="../../schema/spec.schema.json"),
    "specc": _VERSION,
    "name": {**string("The name of the spec; run folders are called by it.", default="spec",
                      example="titanic", pattern=_NAME_PATTERN), "maxLength": 64},
    "description": _DESCRIPTION,
    "seed": integer("The seed of every random choice: splits, weights, order, dropout.",
                    minimum=0, maximum=2**63 - 1, default=0, example=42),
    "bundle": _BUNDLE,
    "extractors": _EXTRACTORS,
    "label": string("The extractor that gives the true values.", default="label",
                    example="label"),
    "network": one_of("network", "The network, from the frames of the batch to its output.",
                      example={"type": "fully_connected", "sizes": [10, 1],
                               "input_frames": ["passengers"]}),
    LOSS: one_of("loss", "What training minimises; every spec without `heads` has one.",
                 default=None, null=True, example={"type": "torch.nn:MSELoss"}),
    "optimizer": one_of("optimizer", "How the weights follow the gradients.",
                        default={"type": "torch.optim:AdamW"},
                        example={"type": "torch.optim:SGD", "lr": 0.5}),
    "scheduler": one_of("scheduler", "How the learning rate changes over the epochs; null keeps "
                        "it.", default=None, null=True,
                        example={"type": "torch.optim.lr_scheduler:StepLR", "step_size": 5}),
    "metrics": many_of("metric", "What is measured on each evaluated split.", default=[],
                       example=[{"type": "sklearn.metrics:roc_auc_score"}]),
    HEADS: HEADS_FIELD,
    "training": _object("How to train.", training.PROPERTIES, default={},
                        example={"epochs": 10, "batch_size": 50}),
}

REQUIRED_KEYS = ("specc", "extractors", "network")
