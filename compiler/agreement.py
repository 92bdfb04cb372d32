"""Whether label, output, loss, optimizer and metrics fit together."""

from __future__ import annotations

from collections.abc import Iterator

from ..schema.agreement import (
    CLASS_WEIGHTS,
    MATRICES_ONLY,
    RANGE_WORDS,
    SPARSE_ONLY,
    VALUE_RANGES,
    LossRule,
    loss_rule,
)
from ..schema.constructors import load
from ..schema.shapes import Unknown, show
from . import codes
from .diagnostic import Diagnostic
from .hints import known
from .pointer import join, touched
from .stages import UNKNOWN_LABEL, Graph, LabelFacts, Node, Shapes

CLASS_INDEX = "class_index"

_METRICS = {metric.name: metric for metric in load().metrics}

_FORMS = {
    "number": "numbers",
    CLASS_INDEX: "class numbers",
}


def label_width(rule: LossRule, label: LabelFacts) -> int | None:
    """Columns that the loss wants of the network: one for each class, or as the label has."""
    if label is UNKNOWN_LABEL:
        return None
    if label.form == CLASS_INDEX and CLASS_INDEX in rule.label:
        return len(label.classes)
    return label.columns


def label_form(graph: Graph) -> str:
    """The form of the label as far as the spec alone tells it."""
    return CLASS_INDEX if graph.label.transformer.type == CLASS_INDEX else "number"


def task_of(rule: LossRule, label: LabelFacts) -> str:
    """What is learnt: `binary`, `multiclass`, `multilabel` or `regression`."""
    if label.form == CLASS_INDEX:
        return "binary" if len(label.classes) == 2 else "multiclass"
    two_valued = label.integral and (label.minimum, label.maximum) in ((0, 1), (-1, 1))
    if not two_valued:
        return "regression"
    if label.columns == 1:
        return "binary"
    return "multiclass" if rule.probability == "softmax" else "multilabel"


def check_ranges(graph: Graph, shapes: Shapes) -> Iterator[Diagnostic]:
    """Loss against label form and output range: needs no data.

    Reports: SC303, SC304, SC305.
    """
    loss = graph.loss
    if touched(loss.pointer, graph.holes) or touched(graph.label.pointer, graph.holes):
        return
    rule = loss_rule(loss.type, loss.args)
    form = label_form(graph)
    if form not in rule.label and not _two_classes_will_do(form, rule):
        yield _wrong_form(graph, rule, form)
        return
    if isinstance(shapes.output, Unknown) or touched("/network", graph.assumed):
        return
    code = (
        codes.OUTPUT_RANGE
        if shapes.output_range in rule.refuses
        else codes.SUSPICIOUS_RANGE
        if shapes.output_range in rule.suspects
        else None
    )
    if code is not None:
        yield code.at("/loss/type", loss=loss.type, wanted=rule.wants,
                      got=RANGE_WORDS[shapes.output_range], help=_range_help(loss.type))


def _two_classes_will_do(form: str, rule: LossRule) -> bool:
    """Two classes are the numbers 0 and 1, which the losses on probabilities take."""
    return form == CLASS_INDEX and rule.values == "unit" and "number" in rule.label


def _range_help(loss: str) -> str:
    if loss == "torch.nn:BCELoss":
        return 'end the network in a sigmoid ("output_activation": "sigmoid"), or use ' \
               "torch.nn:BCEWithLogitsLoss"
    if loss in ("torch.nn:NLLLoss", "torch.nn:KLDivLoss"):
        return 'end the network in "log_softmax", or use torch.nn:CrossEntropyLoss'
    if loss == "torch.nn:PoissonNLLLoss":
        return 'end the network in "softplus", or set "log_input": true'
    return "remove the last activation: this loss applies its own"


def _wrong_form(graph: Graph, rule: LossRule, form: str) -> Diagnostic:
    pointer = join(graph.label.pointer, "transformer")
    if form == "number":
        wanted = {"type": CLASS_INDEX}
        return codes.LABEL_FORM.at(
            "/loss/type", loss=graph.loss.type, wanted=_FORMS[CLASS_INDEX], got=_FORMS[form],
            help='number the classes: "transformer": {"type": "class_index"} in the label',
            fix=({"op": "add", "path": pointer, "value": wanted},),
        )
    return codes.LABEL_FORM.at(
        "/loss/type", loss=graph.loss.type, wanted=_FORMS[rule.label[0]], got=_FORMS[form],
        help="use torch.nn:CrossEntropyLoss for classes, or a label of numbers",
    )


def check_label(graph: Graph, shapes: Shapes, label: LabelFacts) -> Iterator[Diagnostic]:
    """Loss and network against the label's values.

    Reports: SC302, SC305, SC306, SC309.
    """
    loss = graph.loss
    if touched(loss.pointer, graph.holes) or label is UNKNOWN_LABEL:
        return
    rule = loss_rule(loss.type, loss.args)
    if CLASS_INDEX not in rule.label and _two_classes_will_do(label.form, rule) \
            and len(label.classes) != 2:
        yield codes.LABEL_FORM.at(
            "/loss/type", loss=loss.type, wanted="two classes",
            got=f"{len(label.classes)} classes", help="use torch.nn:CrossEntropyLoss",
        )
        return
    if label.form != CLASS_INDEX and CLASS_INDEX in rule.label and label.columns == 1:
        # The softmax over one column is always 1: nothing would be learnt.
        yield _wrong_form(graph, rule, label.form)
        return
    yield from _check_values(graph, rule, label)
    width = label_width(rule, label)
    if not isinstance(shapes.output, tuple) or width is None:
        return
    if len(shapes.output) != 2 or shapes.output[-1] != width:
        yield codes.OUTPUT_WIDTH.at(
            shapes.nodes[-1].pointer, got=show(shapes.output), loss=loss.type,
            wanted=show(("batch", width)),
            help=f"end the network in a layer of width {width}, or in "
            '{"type": "output"}, which sizes itself',
        )
    yield from _check_weights(loss, width)


def _check_values(graph: Graph, rule: LossRule, label: LabelFacts) -> Iterator[Diagnostic]:
    if label.form == CLASS_INDEX:
        return
    low, high = VALUE_RANGES[rule.values]
    outside = label.minimum < low or label.maximum > high
    torn = rule.values == "sign" and (not label.integral or label.minimum == 0)
    if outside or torn:
        wanted = {"sign": "-1 or 1", "non_negative": "from 0 upwards"}.get(
            rule.values, f"from {low:g} to {high:g}")
        yield codes.LABEL_VALUES.at(
            graph.label.pointer, loss=graph.loss.type, wanted=wanted,
            got=f"{label.minimum:g} to {label.maximum:g}",
            help=_values_help(rule, label),
        )


def _values_help(rule: LossRule, label: LabelFacts) -> str:
    if rule.values == "sign" and label.integral and (label.minimum, label.maximum) == (0, 1):
        return "use torch.nn:BCEWithLogitsLoss, which takes 0 and 1, or store -1 in place of 0"
    if rule.values == "unit":
        return 'number the classes with {"type": "class_index"}, or use a loss for regression, ' \
               "such as torch.nn:MSELoss"
    return "use a loss for regression, such as torch.nn:MSELoss"


def _check_weights(loss: Node, width: int) -> Iterator[Diagnostic]:
    key = CLASS_WEIGHTS.get(loss.type)
    weights = loss.args.get(key) if key is not None else None
    if key is not None and weights is not None and len(weights) not in _lengths(key, width):
        yield codes.WEIGHT_COUNT.at(join(loss.pointer, key), name=key, got=len(weights),
                                    wanted=width)


def _lengths(key: str, width: int) -> tuple[int, ...]:
    # torch spreads a single pos_weight over all columns.
    return (1, width) if key == "pos_weight" else (width,)


def check_optimizer(graph: Graph, shapes: Shapes) -> Iterator[Diagnostic]:
    """The optimizer against the parameters of the network.

    Reports: SC308.
    """
    optimizer = graph.optimizer
    if any(isinstance(node.output, Unknown) for node in shapes.nodes):
        return
    tensors = [
        (node.pointer, name, shape)
        for node in shapes.nodes
        for name, shape in node.parameters.items()
    ]
    if not tensors:
        yield codes.OPTIMIZER_MISMATCH.at(
            "/network", optimizer=optimizer.type, reason="it has no weights",
            help='add a layer that has weights, such as {"type": "output"}',
        )
    if touched(optimizer.pointer, graph.holes):
        return
    if optimizer.type in SPARSE_ONLY:
        yield codes.OPTIMIZER_MISMATCH.at(
            "/optimizer/type", optimizer=optimizer.type,
            reason="it takes only sparse gradients, and every gradient here is dense",
            help="use torch.optim:Adam",
        )
    if optimizer.type in MATRICES_ONLY:
        others = [f"{pointer} {name}" for pointer, name, shape in tensors if len(shape) != 2]
        if others:
            yield codes.OPTIMIZER_MISMATCH.at(
                "/optimizer/type", optimizer=optimizer.type,
                reason=f"it takes only matrices, and {others[0]} is none",
                help='set "bias": false and leave normalization out, or use torch.optim:AdamW',
            )


def check_metrics(graph: Graph, task: str, label: LabelFacts) -> Iterator[Diagnostic]:
    """Every metric against the task.

    Reports: SC307.
    """
    if label is UNKNOWN_LABEL or touched(graph.loss.pointer, graph.holes):
        return
    for node in graph.metrics:
        if touched(node.pointer, graph.holes | graph.assumed):
            continue
        metric = _METRICS[node.type]
        fits = task in metric.tasks or ("regression" in metric.tasks and label.form == "number")
        if task == "multiclass" and node.args.get("average") == "binary":
            yield codes.METRIC_MISMATCH.at(
                join(node.pointer, "average"), metric=node.type,
                wanted='two classes with "average": "binary"', got=f"a {task} task",
                help='set "average": "macro", "micro" or "weighted"',
                fix=({"op": "add", "path": join(node.pointer, "average"), "value": "macro"},),
            )
        elif task == "multiclass" and node.args.get("multi_class") == "raise":
            pointer = join(node.pointer, "multi_class")
            yield codes.METRIC_MISMATCH.at(
                pointer, metric=node.type, wanted='two classes with "multi_class": "raise"',
                got=f"a {task} task", help='set "multi_class": "ovr" or "ovo"',
                fix=({"op": "add", "path": pointer, "value": "ovr"},),
            )
        elif fits and metric.needs == "values" and label.columns > 1 and not metric.multioutput:
            yield codes.METRIC_MISMATCH.at(
                join(node.pointer, "type"), metric=node.type, wanted="one label column",
                got=f"a label of {label.columns} columns",
                help="use a metric that averages over columns, such as "
                "sklearn.metrics:mean_absolute_error",
            )
        elif not fits:
            yield codes.METRIC_MISMATCH.at(
                join(node.pointer, "type"), metric=node.type,
                wanted=" and ".join(metric.tasks) + " tasks", got=f"a {task} task",
                help=_metrics_for(task),
            )


def _metrics_for(task: str) -> str:
    names = [name for name, metric in _METRICS.items() if task in metric.tasks]
    return known(names, f"metrics for a {task} task") if names else \
        f"there are no metrics for a {task} task yet; leave `metrics` out"
