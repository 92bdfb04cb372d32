"""Whether label, output and loss fit together."""

from __future__ import annotations

from collections.abc import Iterator

from ...schema.agreement import (
    CLASS_WEIGHTS,
    RANGE_WORDS,
    VALUE_RANGES,
    LossRule,
    loss_rule,
)
from ...schema.shapes import Unknown, show
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Related
from ..stages import UNKNOWN_LABEL, Graph, LabelFacts, Node, Shapes
from ..text.pointer import join, touched
from .heads import networks
from .loss_repair import (
    CLASS_INDEX,
    EACH_COLUMN,
    MEAN_SQUARES,
    ONE_OF_ALL,
    fitting_loss,
    label_width,
    range_fix,
    takes_form,
    takes_two_classes,
    takes_values,
    with_loss,
)
from .output import check_axes

_FORMS = {
    "number": "numbers",
    CLASS_INDEX: "class numbers",
}

LABEL_CODES = (codes.LABEL_FORM.name, codes.LABEL_VALUES.name)
"""What says that label and loss do not fit together."""


def _type_of(graph: Graph) -> str:
    return join(graph.loss.pointer, "type")


def label_form(graph: Graph) -> str:
    """The form of the label as far as the spec alone tells it."""
    return CLASS_INDEX if graph.label.transformer.type == CLASS_INDEX else "number"


def task_of(rule: LossRule, label: LabelFacts) -> str:
    """What is learnt: `binary`, `multiclass`, `multilabel` or `regression`."""
    if rule.quantiles:
        return "regression"
    if label.form == CLASS_INDEX:
        return "binary" if len(label.classes) == 2 else "multiclass"
    two_valued = label.integral and (label.minimum, label.maximum) in ((0, 1), (-1, 1))
    if not two_valued:
        return "regression"
    if label.columns == 1:
        return "binary"
    return "multiclass" if label.one_hot and _gives_one_class(rule) else "multilabel"


def _gives_one_class(rule: LossRule) -> bool:
    """Whether the probabilities of a row sum to 1, so that one column stands out."""
    return rule.probability in ("softmax", "exp")


def check_loss(graph: Graph, shapes: Shapes, label: LabelFacts) -> tuple[Diagnostic, ...]:
    """The loss against the label and the output of the network.

    A loss that cannot read the label at all is told alone: with another one, output and
    weights are judged anew. Several findings that one other loss would settle are one.

    Reports: SC302 to SC306, SC309, SC312, SC322, SC329.

    Args:
        label: UNKNOWN_LABEL where there is no bundle, or no label in it.
    """
    loss = graph.loss
    if touched(loss.pointer, graph.holes):
        return ()
    rule = loss_rule(loss.type, loss.args)
    if not touched(graph.label.pointer, graph.holes):
        wrong = tuple(_check_label(graph, shapes, rule, label))
        if wrong:
            return wrong
    axes = tuple(check_axes(networks(graph)[-1], shapes))
    if axes:
        return axes
    output = (*_check_width(graph, shapes, rule, label), *_check_range(graph, shapes, rule))
    if len(output) > 1:
        other = fitting_loss(graph, shapes, label)
        if other is not None:
            return (_other_loss(graph, shapes, rule, label, other),)
    return (*output, *_check_weights(loss, label_width(rule, label)),
            *_check_purpose(graph, rule, label), *_check_one_hot(graph, rule, label))


def _check_range(graph: Graph, shapes: Shapes, rule: LossRule) -> Iterator[Diagnostic]:
    """The numbers that the network gives against those that the loss reads: needs no data."""
    roots = [node.pointer for node in networks(graph)]
    if isinstance(shapes.output, Unknown) or any(touched(root, graph.assumed) for root in roots):
        return
    code = (
        codes.OUTPUT_RANGE
        if shapes.output_range in rule.refuses
        else codes.SUSPICIOUS_RANGE
        if shapes.output_range in rule.suspects
        else None
    )
    if code is not None:
        loss = graph.loss.type
        related = [Related("this gives them", pointer=shapes.range_at)] if shapes.range_at else []
        yield code.at(_type_of(graph), loss=loss, wanted=rule.wants,
                      got=RANGE_WORDS[shapes.output_range], help=_range_help(loss),
                      related=related, fix=range_fix(graph, shapes))


def _check_purpose(graph: Graph, rule: LossRule, label: LabelFacts) -> Iterator[Diagnostic]:
    """A loss on distances whose label has the two values of a class."""
    zero_or_one = label.integral and (label.minimum, label.maximum) == (0, 1)
    if rule.values == "any" and label.form == "number" and label.columns == 1 and zero_or_one:
        yield codes.LOSS_FOR_NUMBERS.at(
            _type_of(graph), loss=graph.loss.type,
            related=[Related("this is the label", pointer=graph.label.pointer)])


def _check_one_hot(graph: Graph, rule: LossRule, label: LabelFacts) -> Iterator[Diagnostic]:
    """A loss on one class, whose label has rows with several classes or with none."""
    marks = label.form == "number" and label.columns > 1 and label.integral \
        and (label.minimum, label.maximum) == (0, 1)
    if marks and _gives_one_class(rule) and not label.one_hot:
        loss = graph.loss.type
        yield codes.NOT_ONE_HOT.at(
            _type_of(graph), loss=loss,
            related=[Related("this is the label", pointer=graph.label.pointer)],
            fix=with_loss(graph, EACH_COLUMN) if loss == ONE_OF_ALL else None)


def _range_help(loss: str) -> str:
    if loss == "torch.nn:BCELoss":
        return 'end the network in a sigmoid ("output_activation": "sigmoid"), or use ' \
               "torch.nn:BCEWithLogitsLoss"
    if loss in ("torch.nn:NLLLoss", "torch.nn:KLDivLoss"):
        return 'end the network in "log_softmax", or use torch.nn:CrossEntropyLoss'
    if loss == "torch.nn:PoissonNLLLoss":
        return 'end the network in "softplus", or set "log_input": true'
    return "remove the last activation: this loss applies its own"


def _check_label(graph: Graph, shapes: Shapes, rule: LossRule,
                 label: LabelFacts) -> Iterator[Diagnostic]:
    """The form of the label, and its values where they are known."""
    form = label_form(graph)
    if label is UNKNOWN_LABEL:
        if form not in rule.label and not (form == CLASS_INDEX and takes_two_classes(rule)):
            yield _wrong_form(graph, shapes, rule, label)
    elif not takes_form(rule, label):
        yield _wrong_form(graph, shapes, rule, label)
    elif not takes_values(rule, label):
        yield _wrong_values(graph, shapes, rule, label)


def _wrong_form(graph: Graph, shapes: Shapes, rule: LossRule, label: LabelFacts) -> Diagnostic:
    loss, place = graph.loss.type, join(graph.label.pointer, "transformer")
    related = [Related("this is the label", pointer=graph.label.pointer)]
    other = fitting_loss(graph, shapes, label)
    if label_form(graph) == CLASS_INDEX:
        several = label is not UNKNOWN_LABEL and takes_two_classes(rule)
        return codes.LABEL_FORM.at(
            _type_of(graph), loss=loss, wanted="two classes" if several else _FORMS[rule.label[0]],
            got=f"{len(label.classes)} classes" if several else _FORMS[CLASS_INDEX],
            help=f"use {other or 'torch.nn:CrossEntropyLoss'} for classes, or a label of numbers",
            related=related, fix=with_loss(graph, other),
        )
    if other is not None and (other != MEAN_SQUARES or not _may_be_classes(shapes, label)):
        return codes.LABEL_FORM.at(
            _type_of(graph), loss=loss, wanted=_FORMS[CLASS_INDEX], got=_FORMS["number"],
            help=f"use {other}, or number the classes: "
            '"transformer": {"type": "class_index"} in the label',
            related=related, fix=with_loss(graph, other),
        )
    fix = ({"op": "add", "path": place, "value": {"type": CLASS_INDEX}},)
    return codes.LABEL_FORM.at(
        _type_of(graph), loss=loss, wanted=_FORMS[CLASS_INDEX], got=_FORMS["number"],
        help='number the classes: "transformer": {"type": "class_index"} in the label',
        related=related, fix=fix if _may_be_classes(shapes, label) else None,
    )


def _may_be_classes(shapes: Shapes, label: LabelFacts) -> bool:
    """Whether numbers may be those of classes, and the network gives more than one column."""
    one_column = not shapes.self_sized and isinstance(shapes.output, tuple) \
        and shapes.output[-1] == 1
    return not one_column and (label is UNKNOWN_LABEL or (label.integral and label.columns == 1))


def _wrong_values(graph: Graph, shapes: Shapes, rule: LossRule, label: LabelFacts) -> Diagnostic:
    low, high = VALUE_RANGES[rule.values]
    wanted = {"sign": "-1 or 1", "non_negative": "from 0 upwards"}.get(
        rule.values, f"from {low:g} to {high:g}")
    return codes.LABEL_VALUES.at(
        _type_of(graph), loss=graph.loss.type, wanted=wanted,
        got=f"{label.minimum:g} to {label.maximum:g}",
        related=[Related("this is the label", pointer=graph.label.pointer)],
        help=_values_help(rule, label), fix=with_loss(graph, fitting_loss(graph, shapes, label)),
    )


def _values_help(rule: LossRule, label: LabelFacts) -> str:
    if rule.values == "sign" and label.integral and (label.minimum, label.maximum) == (0, 1):
        return "use torch.nn:BCEWithLogitsLoss, which takes 0 and 1, or store -1 in place of 0"
    if rule.values == "unit":
        return f"use a loss for regression, such as {MEAN_SQUARES}, or number the classes with " \
               '{"type": "class_index"}'
    return f"use a loss for regression, such as {MEAN_SQUARES}"


def _check_width(graph: Graph, shapes: Shapes, rule: LossRule,
                 label: LabelFacts) -> Iterator[Diagnostic]:
    width = label_width(rule, label)
    if width is None or not isinstance(shapes.output, tuple):
        return
    if shapes.output[-1] != width:
        place = shapes.width_at
        fix = None if place is None else ({"op": "replace", "path": place, "value": width},)
        yield codes.OUTPUT_WIDTH.at(
            place or shapes.nodes[-1].pointer, got=show(shapes.output), loss=graph.loss.type,
            wanted=show(("batch", width)), fix=fix, related=_ends(graph),
            help=f"end the network in a layer of width {width}, or in "
            '{"type": "output"}, which sizes itself',
        )


def _ends(graph: Graph) -> list[Related]:
    return [Related("this is the loss", pointer=_type_of(graph)),
            Related("this is the label", pointer=graph.label.pointer)]


def _other_loss(graph: Graph, shapes: Shapes, rule: LossRule, label: LabelFacts,
                other: str) -> Diagnostic:
    """Width and range are both wrong for this loss, and right for another one."""
    place = shapes.width_at or shapes.nodes[-1].pointer
    return codes.OUTPUT_WIDTH.at(
        _type_of(graph), got=f"{show(shapes.output)}, {RANGE_WORDS[shapes.output_range]}",
        loss=graph.loss.type, wanted=f"{show(('batch', label_width(rule, label)))}, {rule.wants}",
        help=f"use {other}", fix=with_loss(graph, other),
        related=[Related("this gives them", pointer=place),
                 Related("this is the label", pointer=graph.label.pointer)],
    )


def _check_weights(loss: Node, width: int | None) -> Iterator[Diagnostic]:
    key = CLASS_WEIGHTS.get(loss.type)
    weights = loss.args.get(key) if key is not None else None
    if key is None or weights is None or width is None:
        return
    if len(weights) not in _lengths(key, width):
        yield codes.WEIGHT_COUNT.at(
            join(loss.pointer, key), name=key, got=len(weights), wanted=width,
            help="give one number for each column of the output, in order, or leave it out")


def _lengths(key: str, width: int) -> tuple[int, ...]:
    # torch spreads a single pos_weight over all columns.
    return (1, width) if key == "pos_weight" else (width,)
