"""Parts of a spec that do not fit together: shapes, losses, labels, output ranges, metrics.

Every other width, loss and metric here is wrong by the meaning of the base, which a table says;
none is left out because of what specc says of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from specc.compiler.text.patch import value_at

from .bases import Base
from .case import Case, replaced

_WIDTHS: Mapping[str, tuple[str, ...]] = {
    "breast_cancer": ("/network/sizes/1",),
    "diabetes": ("/network/sizes/1",),
    "flights": ("/network/sizes/2",),
    "titanic": ("/network/sizes/1",),
    "titanic.layers": ("/network/factories/7/sizes/1",),
    "iris.layers": ("/network/factories/5/out_features",),
    "diabetes.huber": ("/network/factories/2/sizes/1",),
    "unsplit_flights.delay": ("/network/sizes/2",),
    "departures.contexts": ("/network/factories/2/sizes/1",),
}
"""Base -> the width that the label fixes."""

_ARGUMENTS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "titanic.layers": {
        "/network/factories/2/num_groups": (5, 7, 24),
        "/network/factories/5/out_features": (15, 17, 9),
        "/network/factories/6/dim": (2, -3, 0, 5),
        "/loss/weight": ([1.0], [1.0, 2.0, 3.0]),
    },
    "iris.layers": {
        "/network/factories/2/num_parameters": (3, 13, 6),
        "/network/factories/4/start_dim": (2, 3),
        "/network/factories/4/end_dim": (2, -2, -4),
        "/loss/weight": ([1.0], [1.0, 1.0]),
    },
    "sentences.steps": {
        "/network/factories/0/branches/0/factories/1/heads": (3, 5, 16),
        "/network/factories/0/branches/1/factories/1/heads": (4, 5),
    },
    "departures.contexts": {"/network/factories/0/branches/0/heads": (3, 16)},
}
"""Base -> pointer -> values under which a node cannot take what it gets."""

_LAYERS: Mapping[str, tuple[tuple[str, Any, str], ...]] = {
    "titanic.layers": (
        ("/network/factories/2", {"type": "extraction", "frames": ["fare"]}, ""),
        ("/network/factories/3", {"type": "torch.nn:Softmax", "dim": 2}, "/dim"),
        ("/network/factories/5", {"type": "torch.nn:GroupNorm", "num_groups": 10}, "/num_groups"),
        ("/network/factories/7", {"type": "torch.nn:GroupNorm", "num_groups": 3}, "/num_groups"),
    ),
    "iris": (
        ("/network/factories/2", {"type": "torch.nn:PReLU", "num_parameters": 4},
         "/num_parameters"),
        ("/network/factories/2", {"type": "torch.nn:GroupNorm", "num_groups": 3}, "/num_groups"),
        ("/network/factories/1", {"type": "torch.nn:LogSoftmax", "dim": 0}, "/dim"),
        ("/network/factories/1", {"type": "extraction", "frames": ["flower"]}, ""),
    ),
    "breast_cancer.probabilities": (
        ("/network/factories/1", {"type": "torch.nn:GLU"}, ""),
        ("/network/factories/2", {"type": "torch.nn:Flatten", "start_dim": 2}, "/start_dim"),
        ("/network/factories/2", {"type": "torch.nn:GroupNorm", "num_groups": 5}, "/num_groups"),
    ),
    "diabetes.huber": (
        ("/network/factories/1", {"type": "torch.nn:PReLU", "num_parameters": 7},
         "/num_parameters"),
        ("/network/factories/1", {"type": "torch.nn:GroupNorm", "num_groups": 4}, "/num_groups"),
    ),
    "sentences.steps": (
        ("/network/factories/0/branches/0/factories/2", {"type": "lstm", "width": 4}, ""),
        ("/network/factories/0/branches/2/factories/0", {"type": "masked_pool"}, ""),
        ("/network/factories/0/branches/2/factories/1", {"type": "torch.nn:BatchNorm1d"}, ""),
        ("/network/factories/1", {"type": "attention_pooling"}, ""),
        ("/network/factories/4", {"type": "torch.nn:Softmax", "dim": 2}, "/dim"),
    ),
    "departures.contexts": (
        ("/network/factories/2", {"type": "embedding", "width": 3}, ""),
        ("/network/factories/2", {"type": "gru", "width": 3}, ""),
        ("/network/factories/0/branches/1",
         {"type": "fully_connected", "sizes": [4], "input_frames": ["carrier"]}, ""),
        ("/network/factories/0/branches/1",
         {"type": "torch.nn:Linear", "out_features": 4, "input_frames": ["aircraft.steps",
                                                                         "timetable"]},
         "/input_frames"),
    ),
}
"""Base -> a layer, where it cannot stand, and which property of it says so."""

_REGRESSION = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")
_CLASSES = ("CrossEntropyLoss", "NLLLoss", "MultiMarginLoss")

_LOSSES: Mapping[str, tuple[str, ...]] = {
    # One column of 0 and 1 without a sigmoid, or with one.
    "breast_cancer": (*_CLASSES, "BCELoss", "SoftMarginLoss", "MSELoss"),
    "flights": (*_CLASSES, "BCELoss", "SoftMarginLoss", "HuberLoss"),
    "titanic": (*_CLASSES, "BCEWithLogitsLoss", "SoftMarginLoss"),
    "breast_cancer.probabilities": (*_CLASSES, "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"),
    # Three classes; two classes with their log-probabilities.
    "iris": (*_REGRESSION, "BCELoss", "BCEWithLogitsLoss", "SoftMarginLoss", "NLLLoss",
             "PoissonNLLLoss", "MultiLabelSoftMarginLoss"),
    "iris.layers": (*_REGRESSION, "BCELoss", "BCEWithLogitsLoss", "NLLLoss", "KLDivLoss"),
    "titanic.layers": (*_REGRESSION, "BCELoss", "BCEWithLogitsLoss", "SoftMarginLoss"),
    # Numbers of any size.
    "diabetes": (*_CLASSES, "BCELoss", "BCEWithLogitsLoss", "SoftMarginLoss", "KLDivLoss"),
    "diabetes.huber": (*_CLASSES, "BCELoss", "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"),
    "unsplit_flights.delay": (*_CLASSES, "BCELoss", "BCEWithLogitsLoss", "PoissonNLLLoss"),
}
"""Base -> losses of torch.nn that do not fit its label or its output."""

_ENDS: Mapping[str, tuple[tuple[str, Any], ...]] = {
    "breast_cancer": (("/network/output_activation", "sigmoid"),
                      ("/network/output_activation", "relu"),
                      ("/network/output_activation", "softmax")),
    "flights": (("/network/output_activation", "sigmoid"),
                ("/network/output_activation", "log_sigmoid")),
    "iris": (("/network/factories/3/activation", "softmax"),
             ("/network/factories/3/activation", "sigmoid")),
    "breast_cancer.probabilities": (("/network/factories/2/activation", "identity"),
                                    ("/network/factories/2/activation", "relu"),
                                    ("/network/factories/2/activation", "log_sigmoid")),
    "titanic.layers": (("/network/factories/7/output_activation", "identity"),
                       ("/network/factories/7/output_activation", "softmax")),
    # The label under a loss for other values.
    "iris.layers": (("/extractors/species/transformer", {"type": "identity"}),),
    "unsplit_flights.delay": (("/loss", {"type": "torch.nn:BCELoss"}),),
}
"""Base -> the other end of a loss: activations that it does not read, labels that it cannot."""

_OF_CLASSES = ("roc_auc_score", "accuracy_score", "log_loss", "balanced_accuracy_score",
               "matthews_corrcoef", "f1_score")
_OF_NUMBERS = ("r2_score", "mean_squared_error", "mean_absolute_error", "max_error")
_OF_TWO = ({"type": "sklearn.metrics:f1_score"}, {"type": "sklearn.metrics:roc_auc_score"},
           {"type": "sklearn.metrics:precision_score", "average": "binary"},
           {"type": "sklearn.metrics:jaccard_score"})


def bad_shapes(base: Base, dice: random.Random) -> Iterator[Case]:
    """A width that the label does not have, an argument or a layer that the shape refuses."""
    for pointer in _WIDTHS.get(base.name, ()):
        width = value_at(base.spec, pointer)
        for wrong in (2, 5, 10) if width == 1 else (1, width + 1, width * 2):
            yield replaced(base, "bad shape", pointer, wrong, width)
    for pointer, values in _ARGUMENTS.get(base.name, {}).items():
        for wrong in values:
            yield replaced(base, "bad shape", pointer, wrong, value_at(base.spec, pointer))
    for pointer, layer, key in _LAYERS.get(base.name, ()):
        yield Case(base, "bad shape", ({"op": "add", "path": pointer, "value": layer},),
                   pointer + key, None)


def wrong_losses(base: Base, dice: random.Random) -> Iterator[Case]:
    """A loss that does not fit the label or the output, and the other end of that."""
    for name in _LOSSES.get(base.name, ()):
        yield _with_loss(base, {"type": f"torch.nn:{name}"})
    for pointer, value in _ENDS.get(base.name, ()):
        if pointer == "/loss":
            yield _with_loss(base, value)
            continue
        yield Case(base, "wrong loss", ({"op": "add", "path": pointer, "value": value},), pointer,
                   None)


def _with_loss(base: Base, loss: Any) -> Case:
    return Case(base, "wrong loss", ({"op": "replace", "path": "/loss", "value": loss},),
                "/loss/type", base.spec["loss"])


def wrong_metrics(base: Base, dice: random.Random) -> Iterator[Case]:
    """A metric of numbers for classes, of classes for numbers, of two classes for three."""
    metrics = base.spec.get("metrics", ())
    numbers = base.bundle in ("diabetes", "unsplit_flights")
    wrong = [{"type": f"sklearn.metrics:{name}"}
             for name in (_OF_CLASSES if numbers else _OF_NUMBERS)]
    if base.bundle == "iris":
        wrong += _OF_TWO
    elif base.name != "titanic.layers" and not numbers:
        # A score of numbers is defined on 0 and 1 too.
        return
    for index in range(len(metrics)):
        for value in wrong:
            pointer = f"/metrics/{index}"
            # A default that is for two classes alone is at fault, though it is not written.
            lacks = base.bundle == "iris" and value in _OF_TWO
            default = "multi_class" if "roc_auc" in value["type"] else "average"
            yield Case(base, "wrong metric",
                       ({"op": "replace", "path": pointer, "value": value},),
                       f"{pointer}/{default if lacks else 'type'}", metrics[index])


AGREEMENT = {
    "bad shape": bad_shapes,
    "wrong loss": wrong_losses,
    "wrong metric": wrong_metrics,
}
