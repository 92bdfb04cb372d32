"""Repairs for a loss that does not fit its label or the output of the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...schema.agreement import LOSS_RULES, VALUE_RANGES, LossRule
from ...schema.losses import LOSSES
from ...schema.shapes import one_member
from ..diagnostics.diagnostic import Patch
from ..stages import UNKNOWN_LABEL, Graph, LabelFacts, Shapes
from ..text.pointer import value_in

CLASS_INDEX = "class_index"
MEAN_SQUARES = "torch.nn:MSELoss"
ONE_OF_ALL, EACH_COLUMN = "torch.nn:CrossEntropyLoss", "torch.nn:BCEWithLogitsLoss"

_USUAL = (ONE_OF_ALL, EACH_COLUMN, "torch.nn:NLLLoss", "torch.nn:BCELoss", MEAN_SQUARES)
"""Losses that a repair may choose, the most usual first."""

_ON_LOGITS = {"torch.nn:BCELoss": "torch.nn:BCEWithLogitsLoss",
              "torch.nn:NLLLoss": "torch.nn:CrossEntropyLoss"}
"""A loss on probabilities -> the same loss on logits."""

_LAST_ACTIVATION = {"torch.nn:BCELoss": "sigmoid", "torch.nn:NLLLoss": "log_softmax",
                    "torch.nn:KLDivLoss": "log_softmax"}
"""Loss -> what the network must end in."""

_PROPERTIES = {entry.name: entry.properties for entry in LOSSES}


def takes_two_classes(rule: LossRule) -> bool:
    """Whether a loss on numbers takes two classes, as the numbers 0 and 1."""
    return CLASS_INDEX not in rule.label and rule.values == "unit" and "number" in rule.label


def takes_form(rule: LossRule, label: LabelFacts) -> bool:
    """Whether a loss reads a label of this form."""
    if label.form == CLASS_INDEX:
        return CLASS_INDEX in rule.label or (takes_two_classes(rule) and len(label.classes) == 2)
    # The softmax over one column is always 1: nothing would be learnt.
    return "number" in rule.label and (CLASS_INDEX not in rule.label or label.columns > 1)


def takes_values(rule: LossRule, label: LabelFacts) -> bool:
    """Whether the numbers of a label are those that a loss is defined for."""
    if label.form == CLASS_INDEX:
        return True
    low, high = VALUE_RANGES[rule.values]
    torn = rule.values == "sign" and (not label.integral or label.minimum == 0)
    return low <= label.minimum and label.maximum <= high and not torn


def label_width(rule: LossRule, label: LabelFacts) -> int | None:
    """Columns that the loss wants of the network: one for each class, or as the label has, times
    the quantiles of each."""
    if label is UNKNOWN_LABEL:
        return None
    if label.form == CLASS_INDEX and CLASS_INDEX in rule.label:
        return len(label.classes)
    return label.columns * (len(rule.quantiles) or 1)


def fitting_loss(graph: Graph, shapes: Shapes, label: LabelFacts) -> str | None:
    """The most usual loss that fits the label and the network as they are."""
    return next((name for name in _USUAL if name != graph.loss.type
                 and _fits(name, shapes, label)), None)


def _fits(name: str, shapes: Shapes, label: LabelFacts) -> bool:
    rule = LOSS_RULES[name]
    if label is UNKNOWN_LABEL or not (takes_form(rule, label) and takes_values(rule, label)):
        return False
    of_numbers = label.form != CLASS_INDEX
    if of_numbers and (name == MEAN_SQUARES) == _is_two_valued(label):
        return False
    if shapes.output_range in (*rule.refuses, *rule.suspects):
        return False
    if shapes.self_sized or not isinstance(shapes.output, tuple):
        return True
    return len(one_member(shapes.output)) == 2 and shapes.output[-1] == label_width(rule, label)


def _is_two_valued(label: LabelFacts) -> bool:
    return label.integral and label.minimum >= 0 and label.maximum <= 1


def with_loss(graph: Graph, name: str | None) -> Patch | None:
    """The patch that changes the loss; properties that the other one has not are left out."""
    if name is None:
        return None
    place = graph.loss.pointer
    given: Mapping[str, Any] = value_in(graph.written, place) or {}
    properties = _PROPERTIES[name]
    kept = {key: value for key, value in given.items()
            if key in properties and value in properties[key].get("enum", [value])}
    if len(kept) == len(given) - 1:
        return ({"op": "replace", "path": f"{place}/type", "value": name},)
    return ({"op": "replace", "path": place, "value": {"type": name, **kept}},)


def range_fix(graph: Graph, shapes: Shapes) -> Patch | None:
    """The repair of an output range that the loss does not read.

    An activation that a loss on logits does itself is removed; another one than a loss on
    probabilities wants is exchanged; and where there is none, the loss is, for the same on
    logits.
    """
    loss, place = graph.loss.type, shapes.range_at
    last = _LAST_ACTIVATION.get(loss)
    named = None if place is None else value_in(graph.written, place)
    if last is not None:
        if isinstance(named, str) and named != "identity":
            return ({"op": "replace", "path": place, "value": last},)
        other = _ON_LOGITS.get(loss)
        if other is not None and shapes.output_range not in (*LOSS_RULES[other].refuses,
                                                             *LOSS_RULES[other].suspects):
            return with_loss(graph, other)
        return None
    rule = LOSS_RULES[loss]
    done_twice = shapes.output_range in rule.suspects and shapes.range_before not in rule.suspects
    if named is None or not done_twice:
        return None
    in_list = place is not None and place.rpartition("/")[2].isdigit()
    return ({"op": "remove", "path": place},) if in_list or isinstance(named, str) else None
