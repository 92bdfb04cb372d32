"""Whether label, output, loss, optimizer and metrics fit together.

Not checked here: that what is accepted trains, which tests/runtime/test_vocabulary.py tries for
every loss, optimizer and metric.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest
from specc.compiler.diagnostics.diagnostic import Diagnostic
from specc.compiler.network.agreement import task_of
from specc.compiler.network.loss_repair import label_width
from specc.compiler.stages import LabelFacts
from specc.schema.agreement import LOSS_RULES, RANGE_WORDS, VALUE_RANGES, loss_rule
from specc.schema.losses import LOSSES

import specc

ROWS = 12
INDEX = pd.DataFrame({
    "a": [row / 3 for row in range(ROWS)],
    "b": [float(row % 5) for row in range(ROWS)],
    "binary": [row % 2 for row in range(ROWS)],
    "other": [(row // 2) % 2 for row in range(ROWS)],
    "neither": [1 - row % 2 for row in range(ROWS)],
    "sign": [2 * (row % 2) - 1 for row in range(ROWS)],
    "number": [row - 3.5 for row in range(ROWS)],
    "count": [row % 4 for row in range(ROWS)],
    "share": [(row % 5) / 4 for row in range(ROWS)],
    "word": [("no", "yes")[row % 2] for row in range(ROWS)],
    "color": [("red", "green", "blue")[row % 3] for row in range(ROWS)],
    "split": ["train"] * 8 + ["test"] * 4,
})
CLASSES = {"type": "class_index"}
LOGIT = "torch.nn:BCEWithLogitsLoss"
CROSS_ENTROPY = "torch.nn:CrossEntropyLoss"


def spec(label: Any = "binary", loss: Any = LOGIT, **parts: Any) -> dict[str, Any]:
    columns = [label] if isinstance(label, str) else list(label)
    made: dict[str, Any] = {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": columns},
                       "x": {"type": "plain", "take_columns": ["a", "b"]}},
        "network": {"type": "output", "input_frames": ["x"]},
        "loss": {"type": loss} if isinstance(loss, str) else loss,
        "training": {"epochs": 1, "batch_size": 4},
    }
    if set(columns) & {"word", "color"}:
        made["extractors"]["label"]["transformer"] = CLASSES
    return {**made, **parts}


def found(document: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    return specc.compile(document, {"index": INDEX}).diagnostics


def told(document: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    return [(diagnostic.code, diagnostic.pointer) for diagnostic in found(document)]


def network(activation: str = "identity", width: int | None = None) -> dict[str, Any]:
    if width is None:
        return {"type": "output", "activation": activation, "input_frames": ["x"]}
    return {"type": "fully_connected", "sizes": [width], "output_activation": activation,
            "input_frames": ["x"]}


def patched(document: dict[str, Any], diagnostic: Diagnostic) -> dict[str, Any]:
    """The document after the `fix` of a diagnostic (JSON Patch, of objects alone)."""
    assert diagnostic.fix is not None
    fixed = copy.deepcopy(document)
    for operation in diagnostic.fix:
        *path, last = operation["path"].removeprefix("/").split("/")
        target: Any = fixed
        for step in path:
            target = target[int(step)] if isinstance(target, list) else target[step]
        if operation["op"] == "remove":
            del target[int(last) if isinstance(target, list) else last]
        else:
            target[int(last) if isinstance(target, list) else last] = operation["value"]
    return fixed


# The width that label and loss want

WIDTHS = [
    ("binary", LOGIT, 1), (("binary", "other"), LOGIT, 2), ("word", LOGIT, 1),
    ("word", CROSS_ENTROPY, 2), ("color", CROSS_ENTROPY, 3), ("number", "torch.nn:MSELoss", 1),
    (("number", "share"), "torch.nn:L1Loss", 2), ("color", "torch.nn:MultiMarginLoss", 3),
    (("binary", "neither"), CROSS_ENTROPY, 2), ("number", "quantile", 3),
    (("number", "share"), {"type": "quantile", "quantiles": [0.2, 0.8]}, 4),
]


@pytest.mark.parametrize(("label", "loss", "width"), WIDTHS)
def test_output_sizes_itself(label: Any, loss: str, width: int) -> None:
    compiled = specc.compile(spec(label, loss), {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    assert compiled.plan.shaped.shapes.output == ("batch", width)


@pytest.mark.parametrize(("label", "loss", "width"), WIDTHS)
def test_other_width_is_sc302(label: Any, loss: str, width: int) -> None:
    document = spec(label, loss, network=network(width=width + 1))
    (diagnostic,) = found(document)
    assert (diagnostic.code, diagnostic.pointer) == ("SC302", "/network/sizes/0")
    assert [place.pointer for place in diagnostic.related] == ["/loss/type", "/extractors/label"]
    assert told(patched(document, diagnostic)) == []
    assert f"(batch, {width + 1})" in diagnostic.message
    assert f"(batch, {width})" in diagnostic.message
    assert told(spec(label, loss, network=network(width=width))) == []


def test_width_of_two_forms() -> None:
    numbers = LabelFacts("number", 3, (), 0.0, 1.0, True)
    classes = LabelFacts("class_index", 1, ("a", "b", "c"), 0.0, 2.0, True)
    assert label_width(loss_rule(CROSS_ENTROPY, {}), numbers) == 3
    assert label_width(loss_rule(CROSS_ENTROPY, {}), classes) == 3
    assert label_width(loss_rule(LOGIT, {}), classes) == 1


TASKS = [
    (("binary",), LOGIT, "binary"), (("sign",), "torch.nn:SoftMarginLoss", "binary"),
    (("number",), "torch.nn:MSELoss", "regression"), (("share",), LOGIT, "regression"),
    (("binary", "other"), LOGIT, "multilabel"), (("word",), LOGIT, "binary"),
    (("word",), CROSS_ENTROPY, "binary"), (("color",), CROSS_ENTROPY, "multiclass"),
    (("binary", "neither"), CROSS_ENTROPY, "multiclass"),
    (("binary", "neither"), LOGIT, "multilabel"),
    (("binary", "other"), CROSS_ENTROPY, "multilabel"),
    (("count",), "torch.nn:MSELoss", "regression"), (("binary",), "quantile", "regression"),
]


@pytest.mark.parametrize(("label", "loss", "task"), TASKS)
def test_task(label: tuple[str, ...], loss: str, task: str) -> None:
    compiled = specc.compile(spec(label, loss), {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    assert compiled.plan.shaped.task == task


def test_two_equal_values_are_no_task_with_two_classes() -> None:
    constant = LabelFacts("number", 1, (), 1.0, 1.0, True)
    assert task_of(loss_rule("torch.nn:MSELoss", {}), constant) == "regression"


# Output ranges

PROBABILITY = "torch.nn:BCELoss"
RANGES = [
    ("binary", PROBABILITY, "identity", "SC303"), ("binary", PROBABILITY, "relu", "SC303"),
    ("binary", PROBABILITY, "log_sigmoid", "SC303"), ("binary", PROBABILITY, "sigmoid", None),
    (("binary", "other"), PROBABILITY, "softmax", None),
    ("binary", LOGIT, "sigmoid", "SC304"), ("binary", LOGIT, "identity", None),
    ("binary", LOGIT, "tanh", None), ("binary", LOGIT, "relu", "SC304"),
    ("color", CROSS_ENTROPY, "softmax", "SC304"), ("color", CROSS_ENTROPY, "identity", None),
    ("color", CROSS_ENTROPY, "log_softmax", None), ("color", CROSS_ENTROPY, "sigmoid", "SC304"),
    ("color", "torch.nn:NLLLoss", "identity", "SC304"),
    ("color", "torch.nn:NLLLoss", "softmax", "SC304"),
    ("color", "torch.nn:NLLLoss", "log_softmax", None),
    ("number", "torch.nn:MSELoss", "sigmoid", None),
    (("binary", "other"), "torch.nn:MultiLabelSoftMarginLoss", "sigmoid", "SC304"),
    ("sign", "torch.nn:SoftMarginLoss", "sigmoid", "SC304"),
    ("sign", "torch.nn:SoftMarginLoss", "identity", None),
    ("count", {"type": "torch.nn:PoissonNLLLoss", "log_input": False}, "identity", "SC303"),
    ("count", {"type": "torch.nn:PoissonNLLLoss", "log_input": False}, "softplus", None),
    ("count", "torch.nn:PoissonNLLLoss", "identity", None),
    ("number", "quantile", "identity", None), ("share", "quantile", "sigmoid", None),
]


@pytest.mark.parametrize(("label", "loss", "activation", "code"), RANGES)
def test_range_of_the_output(label: Any, loss: Any, activation: str, code: str | None) -> None:
    document = spec(label, loss, network=network(activation))
    wanted = [] if code is None else [(code, "/loss/type")]
    assert told(document) == wanted
    assert [(one.code, one.pointer) for one in specc.validate(document).diagnostics] == wanted
    assert specc.compile(document, {"index": INDEX}).ok == (code != "SC303")


def test_dropout_behind_a_sigmoid_leaves_no_probabilities() -> None:
    """In training dropout makes what it keeps larger, and the loss would raise."""
    document = spec(loss=PROBABILITY, network={
        "type": "feed_forward", "input_frames": ["x"],
        "factories": [{"type": "output", "activation": "sigmoid"}, {"type": "torch.nn:Dropout"}]})
    assert told(document) == [("SC303", "/loss/type")]


def test_every_range_is_judged_by_every_loss() -> None:
    for rule in LOSS_RULES.values():
        assert set(rule.refuses) | set(rule.suspects) <= set(RANGE_WORDS)
        assert not set(rule.refuses) & set(rule.suspects)
        assert rule.values in VALUE_RANGES


def test_every_loss_of_the_vocabulary_has_a_rule() -> None:
    assert list(LOSS_RULES) == [*dict.fromkeys(LOSS_RULES)]
    assert set(LOSS_RULES) == {entry.name for entry in LOSSES}


# The form of the label


@pytest.mark.parametrize("loss", ["torch.nn:NLLLoss", "torch.nn:MultiMarginLoss"])
def test_classes_wanted_and_the_fix_numbers_them(loss: str) -> None:
    document = spec("count", loss, network=network("log_softmax"))
    diagnostics = found(document)
    assert [one.code for one in diagnostics] == ["SC305"]
    assert diagnostics[0].pointer == "/loss/type"
    assert told(patched(document, diagnostics[0])) == []


@pytest.mark.parametrize("label", ["count", "binary"])
def test_cross_entropy_on_one_column_of_numbers(label: str) -> None:
    """Over one column its softmax is always 1: nothing would be learnt."""
    document = spec(label, CROSS_ENTROPY)
    diagnostics = found(document)
    assert [one.code for one in diagnostics if one.is_error] == ["SC305"]
    assert told(patched(document, diagnostics[0])) == []


def test_numbers_wanted() -> None:
    assert told(spec("color", "torch.nn:MSELoss")) == [("SC305", "/loss/type")]
    assert told(spec("color", LOGIT)) == [("SC305", "/loss/type")]
    assert told(spec("word", LOGIT)) == []


@pytest.mark.parametrize(("label", "loss", "activation"), [
    ("count", LOGIT, "identity"), ("number", PROBABILITY, "sigmoid"),
    ("number", "torch.nn:PoissonNLLLoss", "identity"),
    ("binary", "torch.nn:SoftMarginLoss", "identity"),
    ("share", "torch.nn:SoftMarginLoss", "identity"),
    ("number", "torch.nn:MultiLabelSoftMarginLoss", "identity"),
])
def test_values_outside_of_the_loss(label: str, loss: str, activation: str) -> None:
    (diagnostic,) = found(spec(label, loss, network=network(activation)))
    assert (diagnostic.code, diagnostic.pointer) == ("SC306", "/loss/type")
    assert [place.pointer for place in diagnostic.related] == ["/extractors/label"]


# Repairs of the loss, and of what it reads

BCE, MSE, NLL = PROBABILITY, "torch.nn:MSELoss", "torch.nn:NLLLoss"
CHANGED_LOSSES = [
    ("binary", CROSS_ENTROPY, network(width=1), LOGIT),
    ("binary", CROSS_ENTROPY, network("sigmoid", 1), BCE),
    ("binary", "torch.nn:SoftMarginLoss", network(), LOGIT),
    ("binary", BCE, network(), LOGIT),
    ("number", LOGIT, network(width=1), MSE),
    ("number", BCE, network(), MSE),
    ("number", CROSS_ENTROPY, network(width=1), MSE),
    ("color", MSE, network(width=3), CROSS_ENTROPY),
    ("color", LOGIT, network(width=3), CROSS_ENTROPY),
    ("color", BCE, network("log_softmax", 3), CROSS_ENTROPY),
    ("color", NLL, network(), CROSS_ENTROPY),
    ("word", MSE, network(width=1), LOGIT),
    ("word", BCE, network("log_softmax", 2), CROSS_ENTROPY),
]


@pytest.mark.parametrize(("label", "loss", "end", "other"), CHANGED_LOSSES)
def test_the_loss_that_fits_all_the_rest_is_the_fix(label: Any, loss: str, end: Any,
                                                    other: str) -> None:
    document = spec(label, loss, network=end)
    (diagnostic,) = found(document)
    assert diagnostic.pointer == "/loss/type"
    assert diagnostic.fix == ({"op": "replace", "path": "/loss/type", "value": other},)
    assert told(patched(document, diagnostic)) == []


def test_another_loss_keeps_the_properties_that_it_has() -> None:
    document = spec("number", {"type": LOGIT, "pos_weight": [2.0], "reduction": "sum"},
                    network=network(width=1))
    (diagnostic,) = found(document)
    assert diagnostic.fix == ({"op": "replace", "path": "/loss",
                               "value": {"type": MSE, "reduction": "sum"}},)
    document["loss"] = {"type": "torch.nn:KLDivLoss", "reduction": "batchmean"}
    (diagnostic,) = found(document)
    assert diagnostic.fix == ({"op": "replace", "path": "/loss", "value": {"type": MSE}},)


CHANGED_ENDS = [
    ("binary", LOGIT, network("sigmoid"), {"op": "remove", "path": "/network/activation"}),
    ("color", CROSS_ENTROPY, network("softmax", 3),
     {"op": "remove", "path": "/network/output_activation"}),
    ("binary", BCE, network("relu"),
     {"op": "replace", "path": "/network/activation", "value": "sigmoid"}),
    ("color", NLL, network("softmax", 3),
     {"op": "replace", "path": "/network/output_activation", "value": "log_softmax"}),
    ("binary", LOGIT, {"type": "feed_forward", "input_frames": ["x"],
                       "factories": [{"type": "output"}, {"type": "torch.nn:Sigmoid"}]},
     {"op": "remove", "path": "/network/factories/1"}),
]


@pytest.mark.parametrize(("label", "loss", "end", "operation"), CHANGED_ENDS)
def test_an_activation_that_the_loss_does_not_read_is_repaired(label: Any, loss: str, end: Any,
                                                               operation: Any) -> None:
    document = spec(label, loss, network=end)
    (diagnostic,) = found(document)
    assert diagnostic.code in ("SC303", "SC304")
    assert diagnostic.fix == (operation,)
    related = [place.pointer for place in diagnostic.related]
    assert related == [operation["path"]]
    assert told(patched(document, diagnostic)) == []
    assert [one.fix for one in specc.validate(document).diagnostics] == [(operation,)]


def test_no_repair_of_a_range_where_two_are_as_good() -> None:
    document = spec("count", {"type": "torch.nn:PoissonNLLLoss", "log_input": False},
                    network=network())
    assert [one.fix for one in found(document)] == [None]


def test_a_loss_for_another_label_is_told_alone() -> None:
    """Neither the width nor the range nor the weights that the wrong loss wants matter."""
    document = spec("number", {"type": NLL, "weight": [1.0, 2.0]}, network=network(width=1))
    assert [one.code for one in found(document)] == ["SC305"]
    document = spec("number", BCE, network=network(width=3))
    assert [one.code for one in found(document)] == ["SC306"]


def test_width_and_range_that_another_loss_settles_are_one_finding() -> None:
    document = spec("color", {"type": "torch.nn:MultiMarginLoss"}, network=network(width=2))
    assert [one.code for one in found(document)] == ["SC302"]
    document = spec("word", BCE, network=network("log_softmax", 2))
    (diagnostic,) = found(document)
    assert (diagnostic.code, diagnostic.pointer) == ("SC302", "/loss/type")
    assert "/network/sizes/0" in {place.pointer for place in diagnostic.related}


def test_width_and_range_that_no_loss_settles_are_two_findings() -> None:
    document = spec("binary", BCE, network=network("relu", 4))
    assert sorted(one.code for one in found(document)) == ["SC302", "SC303"]


# Weights, optimizers, metrics


@pytest.mark.parametrize(("label", "loss", "key", "right", "wrong"), [
    ("color", CROSS_ENTROPY, "weight", 3, (1, 2, 4)),
    ("color", "torch.nn:NLLLoss", "weight", 3, (2,)),
    ("color", "torch.nn:MultiMarginLoss", "weight", 3, (1,)),
    (("binary", "other"), LOGIT, "pos_weight", 2, (3,)),
    (("binary", "other"), "torch.nn:MultiLabelSoftMarginLoss", "weight", 2, (1, 3)),
])
def test_weights_are_counted(label: Any, loss: str, key: str, right: int,
                             wrong: tuple[int, ...]) -> None:
    end = network("log_softmax" if loss.endswith("NLLLoss") else "identity")
    for count in (right, *wrong):
        document = spec(label, {"type": loss, key: [1.0] * count}, network=end)
        assert told(document) == ([] if count == right else [("SC309", f"/loss/{key}")])


def test_one_positive_weight_is_spread_over_all_columns() -> None:
    assert told(spec(("binary", "other"), {"type": LOGIT, "pos_weight": [2.0]})) == []


def test_muon_takes_matrices_alone() -> None:
    muon = {"type": "torch.optim:Muon"}
    assert told(spec(optimizer=muon)) == [("SC308", "/optimizer/type")]
    bare = {"type": "output", "bias": False, "input_frames": ["x"]}
    assert told(spec(optimizer=muon, network=bare)) == []


def test_sparse_adam_takes_sparse_gradients_alone() -> None:
    document = spec(optimizer={"type": "torch.optim:SparseAdam"})
    assert told(document) == [("SC308", "/optimizer/type")]
    (diagnostic,) = specc.validate(document).diagnostics
    assert diagnostic.code == "SC308"
    assert told(patched(document, diagnostic)) == []



def test_network_without_weights() -> None:
    bare = {"type": "torch.nn:ReLU", "input_frames": ["x"]}
    document = spec(("number", "share"), "torch.nn:MSELoss", network=bare)
    assert told(document) == [("SC308", "/network")]


AUC, MAE = "sklearn.metrics:roc_auc_score", "sklearn.metrics:mean_absolute_error"
F1 = "sklearn.metrics:f1_score"


@pytest.mark.parametrize(("label", "loss", "metric", "fits"), [
    ("binary", LOGIT, AUC, True), ("number", "torch.nn:MSELoss", AUC, False),
    ("number", "torch.nn:MSELoss", MAE, True), ("color", CROSS_ENTROPY, MAE, False),
    ("word", CROSS_ENTROPY, AUC, True), ("share", LOGIT, AUC, False),
    (("binary", "other"), LOGIT, AUC, True), (("binary", "other"), LOGIT, MAE, True),
    (("binary", "neither"), CROSS_ENTROPY, MAE, False),
    (("binary", "other"), LOGIT, "sklearn.metrics:log_loss", False),
    # Two numbers are numbers still: their squared error has a meaning.
    ("binary", LOGIT, MAE, True),
])
def test_metric_fits_the_task(label: Any, loss: str, metric: str, fits: bool) -> None:
    wanted = [] if fits else [("SC307", "/metrics/0/type")]
    assert told(spec(label, loss, metrics=[{"type": metric}])) == wanted


def test_average_over_many_classes_is_named_and_the_fix_names_it() -> None:
    document = spec("color", CROSS_ENTROPY, metrics=[{"type": F1}])
    (diagnostic,) = found(document)
    assert (diagnostic.code, diagnostic.pointer) == ("SC307", "/metrics/0/average")
    assert told(patched(document, diagnostic)) == []


def test_auc_of_many_classes_says_how() -> None:
    """Its default refuses more than two classes, so no epoch would have a value."""
    document = spec("color", CROSS_ENTROPY, metrics=[{"type": AUC}])
    assert [one.code for one in found(document) if one.is_error] == ["SC307"]
    assert told(spec("color", CROSS_ENTROPY, metrics=[{"type": AUC, "multi_class": "ovr"}])) == []


@pytest.mark.parametrize(("label", "loss", "metrics", "left"), [
    ("number", MSE, [AUC], ["sklearn.metrics:r2_score"]),
    ("number", MSE, [AUC, "sklearn.metrics:r2_score"], ["sklearn.metrics:r2_score"]),
    ("color", CROSS_ENTROPY, [MAE], ["sklearn.metrics:accuracy_score"]),
    (("binary", "other"), LOGIT, ["sklearn.metrics:log_loss"], [AUC]),
    (("number", "share"), MSE, ["sklearn.metrics:max_error"], [MAE]),
])
def test_the_usual_metric_is_the_fix(label: Any, loss: str, metrics: list[str],
                                     left: list[str]) -> None:
    document = spec(label, loss, metrics=[{"type": name} for name in metrics])
    (diagnostic,) = found(document)
    assert diagnostic.code == "SC307"
    fixed = patched(document, diagnostic)
    assert [metric["type"] for metric in fixed["metrics"]] == left
    assert told(fixed) == []


def test_a_metric_with_properties_is_replaced_whole() -> None:
    document = spec("number", MSE, metrics=[{"type": AUC, "max_fpr": 0.5}])
    (diagnostic,) = found(document)
    assert diagnostic.fix == ({"op": "replace", "path": "/metrics/0",
                               "value": {"type": "sklearn.metrics:r2_score"}},)


def test_metrics_that_go_with_the_loss_are_not_told_when_the_label_does_not() -> None:
    document = spec("number", LOGIT, network=network(width=1),
                    metrics=[{"type": AUC}, {"type": F1}])
    assert [one.code for one in found(document)] == ["SC306"]
    document["metrics"].append({"type": MAE})
    assert sorted(one.code for one in found(document)) == ["SC306", "SC307", "SC307"]


def test_metric_of_one_column_on_several() -> None:
    """scikit-learn refuses several columns there, so no epoch would have a value."""
    label = ("number", "share")
    one = spec(label, "torch.nn:MSELoss", metrics=[{"type": "sklearn.metrics:max_error"}])
    assert [diagnostic.code for diagnostic in found(one) if diagnostic.is_error] == ["SC307"]
    assert told(spec(label, "torch.nn:MSELoss", metrics=[{"type": MAE}])) == []


# Several mistakes at once


def test_independent_mistakes_are_all_told() -> None:
    document = spec(
        "color", {"type": CROSS_ENTROPY, "weight": [1.0]},
        network=network(width=2), optimizer={"type": "torch.optim:Muon"},
        metrics=[{"type": MAE}, {"type": F1, "average": "macro"}])
    assert sorted(one.code for one in found(document)) == ["SC302", "SC307", "SC308", "SC309"]


def test_shape_error_does_not_hide_the_loss() -> None:
    glu = {"type": "feed_forward", "input_frames": ["x"], "factories": [
        {"type": "torch.nn:Linear", "out_features": 3}, {"type": "torch.nn:GLU"}]}
    document = spec("number", "torch.nn:NLLLoss", network=glu)
    assert sorted(one.code for one in specc.validate(document).diagnostics) == ["SC301", "SC305"]


def test_shape_error_hides_what_follows_from_it() -> None:
    glu = {"type": "feed_forward", "input_frames": ["x"], "factories": [
        {"type": "torch.nn:Linear", "out_features": 3}, {"type": "torch.nn:GLU"}]}
    document = spec("binary", PROBABILITY, network=glu)
    assert told(document) == [("SC301", "/network/factories/1")]
