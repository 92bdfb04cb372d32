"""How much each class of the label counts in the loss."""

from __future__ import annotations

from collections.abc import Iterator

from ...schema.training import BALANCED
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic
from ..diagnostics.hints import unknown
from ..stages import UNKNOWN_LABEL, Graph, LabelFacts
from ..text.pointer import join, touched

_PLACE = "/training/class_weight"


def class_names(label: LabelFacts) -> tuple[str, ...]:
    """The classes as a spec names them, in order; none for a label that has no classes.

    They are those of a `class_index` label, or the lower and the higher value of a column of
    0 and 1, or of -1 and 1.
    """
    if label.classes:
        return tuple(str(value) for value in label.classes)
    two_valued = label.integral and (label.minimum, label.maximum) in ((0, 1), (-1, 1))
    if label.columns == 1 and two_valued and sum(label.counts) == label.training:
        return (f"{label.minimum:g}", f"{label.maximum:g}")
    return ()


def check_class_weight(graph: Graph, label: LabelFacts) -> Iterator[Diagnostic]:
    """The classes that `class_weight` names against those of the label.

    Reports: SC407, SC408.
    """
    wanted = graph.training.class_weight
    judged = label is not UNKNOWN_LABEL and not touched(graph.label.pointer, graph.holes)
    if wanted is None or not judged:
        return
    names = class_names(label)
    if not names:
        columns = f"{label.columns} columns" if label.columns > 1 else \
            f"numbers from {label.minimum:g} to {label.maximum:g}"
        yield codes.UNWEIGHABLE_LABEL.at(_PLACE, got=columns)
    elif not isinstance(wanted, str):
        for name in wanted:
            if name not in names:
                yield unknown(codes.UNKNOWN_CLASS, join(_PLACE, name), "classes", name, names,
                              target="key")


def class_weights(graph: Graph, label: LabelFacts) -> tuple[float, ...] | None:
    """The weight of each class, in their order, or None where all count the same.

    "Balanced" weights are n / (k * count), with n training samples of k classes (King and
    Zeng, "Logistic Regression in Rare Events Data", 2001). A class without training samples
    counts 1.
    """
    wanted = graph.training.class_weight
    if wanted is None:
        return None
    if wanted == BALANCED:
        present = sum(count > 0 for count in label.counts)
        return tuple(label.training / (present * count) if count else 1.0
                     for count in label.counts)
    assert not isinstance(wanted, str)
    return tuple(wanted.get(name, 1.0) for name in class_names(label))
