"""The committed constructors against torch and scikit-learn themselves.

Not checked here: that the assembled schema refers to them, and rules that join two
parameters, which `CROSS_RULES` lists and a pass of the compiler has to hold.
"""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from specc.schema import fields
from specc.schema.constructors import generate, layers, load, metrics, optimizers
from specc.schema.constructors.types import DIRECTIONS, NEEDS, TASKS, MetricType
from specc.schema.declaration import Args, Type

OPTIMIZERS, SCHEDULERS = load().optimizers, load().schedulers
LOSSES, LAYERS, METRICS = load().losses, load().layers, load().metrics
WIDTH = 6
STEPS = 12
TORCH_TYPES = (*OPTIMIZERS, *SCHEDULERS, *LOSSES, *LAYERS)
ALL_TYPES = (*TORCH_TYPES, *METRICS)
QUICK = settings(deadline=None, max_examples=6,
                 suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def _onecycle(args: Args) -> bool:
    # Torch divides by zero when the rise ends at the very first step.
    steps = STEPS if args["total_steps"] is None else args["total_steps"]
    return steps >= STEPS and args["pct_start"] * steps != 1


def _not_both(args: Args) -> bool:
    return not (args.get("fused") and args.get("foreach"))


def _weights_fit(args: Args) -> bool:
    return args["weight"] is None or len(args["weight"]) == WIDTH


CROSS_RULES: Mapping[str, Callable[[Args], bool]] = {
    "torch.optim:Adam": _not_both,
    "torch.optim:AdamW": _not_both,
    "torch.optim:SGD": lambda args: _not_both(args) and (
        not args["nesterov"] or (args["momentum"] > 0 and args["dampening"] == 0)),
    "torch.optim.lr_scheduler:OneCycleLR": _onecycle,
    "torch.optim.lr_scheduler:SequentialLR": lambda args: (
        len(args["milestones"]) == len(args["schedulers"]) - 1),
    "torch.nn:BCEWithLogitsLoss": lambda args: (
        args["pos_weight"] is None or len(args["pos_weight"]) in (1, WIDTH)),
    "torch.nn:CrossEntropyLoss": _weights_fit,
    "torch.nn:NLLLoss": _weights_fit,
    "torch.nn:MultiMarginLoss": _weights_fit,
    "torch.nn:MultiLabelSoftMarginLoss": _weights_fit,
    "torch.nn:Hardtanh": lambda args: args["min_val"] < args["max_val"],
    "torch.nn:RReLU": lambda args: args["lower"] <= args["upper"],
    "torch.nn:PReLU": lambda args: args["num_parameters"] in (1, WIDTH),
    "torch.nn:GroupNorm": lambda args: WIDTH % args["num_groups"] == 0,
    "torch.nn:Flatten": lambda args: args["start_dim"] == 1 and args["end_dim"] in (-1, 1),
    "torch.nn:GLU": lambda args: args["dim"] in (-1, 1),
    "torch.nn:Softmax": lambda args: args["dim"] in (-1, 1),
    "torch.nn:Softmin": lambda args: args["dim"] in (-1, 1),
    "torch.nn:LogSoftmax": lambda args: args["dim"] in (-1, 1),
    "sklearn.metrics:roc_auc_score": lambda args: (
        args["multi_class"] != "raise" and args["max_fpr"] is None
        and (args["multi_class"], args["average"]) != ("ovo", "micro")),
}
"""What no schema of a single property can say."""


# Values that a fragment accepts


def values(fragment: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Any JSON value that the fragment accepts, often at its bounds."""
    if "enum" in fragment:
        return st.sampled_from(fragment["enum"])
    if fragment.get("items", {}).get("$ref") == "#/$defs/scheduler":
        inner = {"type": "torch.optim.lr_scheduler:ExponentialLR", "gamma": 0.9}
        return st.lists(st.just(inner), min_size=fragment["minItems"], max_size=3)
    types = fragment["type"] if isinstance(fragment["type"], list) else [fragment["type"]]
    return st.one_of([_values_of(kind, fragment) for kind in types])


def _values_of(kind: str, fragment: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if kind == "null":
        return st.none()
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        # Axes have no bounds. Widths, whose top is a million, stay small to spare memory.
        low, high = fragment.get("minimum", -3), fragment.get("maximum", 3)
        small = st.integers(low, min(high, low + 6))
        return small if high == 1_000_000 else small | st.just(high)
    if kind == "number":
        drawn = st.floats(
            fragment.get("minimum", fragment.get("exclusiveMinimum")),
            fragment.get("maximum", fragment.get("exclusiveMaximum")),
            exclude_min="exclusiveMinimum" in fragment,
            exclude_max="exclusiveMaximum" in fragment,
            allow_nan=False,
        )
        return drawn | st.just(fragment["default"]) if "default" in fragment else drawn
    assert kind == "array"
    if "prefixItems" in fragment:
        return st.tuples(*map(values, fragment["prefixItems"])).map(list)
    return st.lists(values(fragment["items"]), min_size=fragment.get("minItems", 0),
                    max_size=fragment.get("maxItems", WIDTH))


def arguments(entry: Type) -> st.SearchStrategy[Args]:
    """All properties of a type, each drawn or left at its default, cross rules held."""
    drawn = {}
    for name, fragment in entry.properties.items():
        strategy = values(fragment)
        drawn[name] = strategy | st.just(fragment["default"]) if "default" in fragment else strategy
    return st.fixed_dictionaries(drawn).filter(CROSS_RULES.get(entry.name, lambda args: True))


def filled(entry: Type, given: Args) -> Args:
    defaults = {name: fragment["default"] for name, fragment in entry.properties.items()
                if "default" in fragment}
    return {**defaults, **given}


# The real things


def target(entry: Type) -> Callable[..., Any]:
    module, name = entry.name.split(":")
    return getattr(import_module(module), name)


def python_value(fragment: Mapping[str, Any], value: Any) -> Any:
    """A JSON value as the type that the library checks for: torch tells 0 from 0.0."""
    if isinstance(value, list):
        places = fragment.get("prefixItems", [fragment["items"]] * len(value))
        return [python_value(place, item) for place, item in zip(places, value, strict=True)]
    if isinstance(value, int) and not isinstance(value, bool) and "number" in _types(fragment):
        return float(value)
    return value


def _types(fragment: Mapping[str, Any]) -> list[str]:
    types = fragment.get("type", [])
    return types if isinstance(types, list) else [types]


def python_arguments(entry: Type, given: Args) -> dict[str, Any]:
    return {name: python_value(entry.properties[name], value)
            for name, value in filled(entry, given).items()}


def try_optimizer(entry: Type, args: Args) -> None:
    """Construct, then step on one weight matrix."""
    weight = torch.nn.Parameter(torch.ones(3, 2))
    optimizer = target(entry)([weight], **python_arguments(entry, args))
    for _ in range(3):
        weight.grad = torch.full((3, 2), 0.5)
        if entry.name.endswith("SparseAdam"):
            weight.grad = weight.grad.to_sparse()
        optimizer.step()


def sgd() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1, momentum=0.9)


def build_scheduler(entry: Type, args: Args, optimizer: torch.optim.Optimizer) -> Any:
    given = python_arguments(entry, args)
    for length in ("T_max", "total_steps", "total_iters", "step_size_up"):
        if length in given and given[length] is None:
            given[length] = STEPS
    if "schedulers" not in given:
        return target(entry)(optimizer, **given)
    given["schedulers"] = [
        build_scheduler(next(t for t in SCHEDULERS if t.name == inner["type"]),
                        {key: value for key, value in inner.items() if key != "type"}, optimizer)
        for inner in given["schedulers"]
    ]
    return target(entry)(optimizer=optimizer, **given)


def try_scheduler(entry: Type, args: Args) -> None:
    """Construct, then step as often as there are epochs."""
    optimizer = sgd()
    scheduler = build_scheduler(entry, args, optimizer)
    for _ in range(STEPS - 1):
        optimizer.step()
        watched = (1.0,) if entry.name.endswith("ReduceLROnPlateau") else ()
        scheduler.step(*watched)


def try_loss(entry: Type, args: Args) -> None:
    """Construct, then go forwards and backwards; the result is one number."""
    given = {name: torch.tensor(value) if isinstance(value, list) else value
             for name, value in python_arguments(entry, args).items()}
    loss = target(entry)(**given)
    output = torch.full((4, WIDTH), 0.5, requires_grad=True)
    classes = {"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"}
    wanted = (torch.tensor([0, 1, 2, 3]) if entry.name.split(":")[1] in classes
              else torch.full((4, WIDTH), 0.25))
    result = loss(output, wanted)
    assert result.shape == ()
    result.backward()


FILLED = {
    "torch.nn:Linear": "in_features",
    "torch.nn:BatchNorm1d": "num_features",
    "torch.nn:LayerNorm": "normalized_shape",
    "torch.nn:RMSNorm": "normalized_shape",
    "torch.nn:GroupNorm": "num_channels",
}


def try_layer(entry: Type, args: Args) -> None:
    """Construct, then go forwards in training and in evaluation, and backwards."""
    given = python_arguments(entry, args)
    if entry.name in FILLED:
        given[FILLED[entry.name]] = WIDTH
    layer = target(entry)(**given)
    samples = torch.linspace(-1, 1, 4 * WIDTH).reshape(4, WIDTH).requires_grad_()
    layer(samples).sum().backward()
    layer.eval()
    layer(samples)


def predictions(entry: MetricType, task: str, good: bool) -> tuple[Any, Any]:
    """Labels and predictions that are perfect, or as wrong as they can be."""
    if task == "regression":
        wanted = np.array([1.0, 2.0, 3.0, 4.0, 6.0, 9.0])
        return wanted, wanted if good else wanted[::-1].copy()
    if task == "multilabel":
        marks = np.eye(6, 3, dtype=int) | np.eye(6, 3, -3, dtype=int)
        shown = marks if good else 1 - marks
        return marks, shown if entry.needs == "labels" else 0.1 + 0.8 * shown
    count = 2 if task == "binary" else 3
    wanted = np.arange(6) % count
    shown = wanted if good else (wanted + 1) % count
    if entry.needs == "labels":
        return wanted, shown
    chances = np.full((6, count), 0.1)
    chances[np.arange(6), shown] = 1.1 - 0.1 * count
    return wanted, chances[:, 1] if task == "binary" else chances


def adapted(entry: MetricType, task: str, args: Args) -> dict[str, Any]:
    """The arguments, with those defaults replaced that scikit-learn refuses for many classes."""
    given = python_arguments(entry, args)
    if task in ("multiclass", "multilabel"):
        if given.get("average") == "binary":
            given["average"] = "macro"
        if given.get("multi_class") == "raise":
            given["multi_class"] = "ovr"
    return given


def try_metric(entry: Type, args: Args) -> None:
    """Call for every task; the result is one number."""
    assert isinstance(entry, MetricType)
    for task in entry.tasks:
        for good in (True, False):
            wanted, shown = predictions(entry, task, good)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = target(entry)(wanted, shown, **adapted(entry, task, args))
            assert np.ndim(result) == 0 and not math.isnan(result), (task, good)


TRY = {
    **{entry.name: try_optimizer for entry in OPTIMIZERS},
    **{entry.name: try_scheduler for entry in SCHEDULERS},
    **{entry.name: try_loss for entry in LOSSES},
    **{entry.name: try_layer for entry in LAYERS},
    **{entry.name: try_metric for entry in METRICS},
}

each_type = pytest.mark.parametrize("entry", ALL_TYPES, ids=lambda entry: entry.name)
each_metric = pytest.mark.parametrize("entry", METRICS, ids=lambda entry: entry.name)


@each_type
@pytest.mark.filterwarnings("ignore")
def test_examples_construct(entry: Type) -> None:
    for example in entry.examples:
        assert set(entry.required) <= set(example) <= set(entry.properties)
        for name, value in example.items():
            check_value(entry.properties[name], value)
        TRY[entry.name](entry, example)


@each_type
@pytest.mark.filterwarnings("ignore")
def test_accepted_values_never_raise(entry: Type) -> None:
    @QUICK
    @given(args=arguments(entry))
    def holds(args: Args) -> None:
        TRY[entry.name](entry, args)

    holds()


def check_value(fragment: Mapping[str, Any], value: Any) -> None:
    own = dict(fragment)
    if "$ref" in own.get("items", {}):
        own["items"] = {"type": "object", "required": ["type"]}
    Draft202012Validator(own).validate(value)


@each_type
def test_every_property_is_complete(entry: Type) -> None:
    assert entry.description.endswith(".")
    for name, fragment in entry.properties.items():
        Draft202012Validator.check_schema(fragment)
        assert fragment["description"].endswith("."), name
        (example,) = fragment["examples"]
        check_value(fragment, example)
        assert ("default" in fragment) == (name not in entry.required)
        if "default" in fragment:
            check_value(fragment, fragment["default"])


def test_names_are_unique_and_known_ones_are_there() -> None:
    names = [entry.name for entry in ALL_TYPES]
    assert len(names) == len(set(names))
    assert {"torch.optim:SGD", "torch.optim:Muon", "torch.optim.lr_scheduler:OneCycleLR",
            "torch.nn:MSELoss", "torch.nn:Linear", "sklearn.metrics:roc_auc_score"} <= set(names)
    assert "torch.optim:LBFGS" not in names
    assert set(CROSS_RULES) <= set(names)


@each_metric
def test_direction_and_needs(entry: MetricType) -> None:
    assert entry.needs in NEEDS and entry.direction in DIRECTIONS
    assert set(entry.tasks) <= set(TASKS)
    assert (entry.needs == "values") == (entry.tasks == ("regression",))
    # Among two classes the best two hold every class.
    example = {"k": 1} if "k" in entry.properties else entry.examples[0]
    for task in entry.tasks:
        best, worst = (
            target(entry)(*predictions(entry, task, good), **adapted(entry, task, example))
            for good in (True, False)
        )
        assert best > worst if entry.direction == "higher" else best < worst


@each_metric
def test_several_label_columns(entry: MetricType) -> None:
    if entry.tasks != ("regression",):
        return
    columns = np.arange(1.0, 13.0).reshape(6, 2)
    given = python_arguments(entry, entry.examples[0])
    call = partial(target(entry), columns, columns + 1, **given)
    if entry.multioutput:
        assert np.shape(call()) == ()
    else:
        with pytest.raises(ValueError):
            call()


@each_metric
def test_a_split_without_one_class_is_measured_with_labels(entry: MetricType) -> None:
    if entry.takes_labels and entry.needs == "probabilities":
        chances = np.full((4, 3), [0.5, 0.3, 0.2])
        assert math.isfinite(target(entry)(np.array([0, 1, 0, 1]), chances, labels=[0, 1, 2]))


# The generator


def test_file_is_fresh() -> None:
    assert generate.is_fresh(), f"stale; run {generate.COMMAND}"


def test_stale_file_is_reported(tmp_path, monkeypatch, capsys) -> None:
    stale = tmp_path / "constructors.json"
    stale.write_text("{}")
    monkeypatch.setattr(generate, "PATH", stale)
    assert generate.main(["--check"]) == 1
    assert generate.COMMAND in capsys.readouterr().err
    assert stale.read_text() == "{}"
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0


def test_unlisted_class_is_refused() -> None:
    without = {name: entry for name, entry in optimizers.TABLE.entries.items() if name != "Muon"}
    with pytest.raises(generate.TableError, match="Muon: neither listed nor excluded"):
        generate.make_family(replace(optimizers.TABLE, entries=without))


def test_class_that_is_gone_is_refused() -> None:
    more = {**layers.TABLE.entries, "Gone": layers.TABLE.entries["ReLU"]}
    with pytest.raises(generate.TableError, match="Gone: listed"):
        generate.make_family(replace(layers.TABLE, entries=more))


def test_exclusion_of_nothing_is_refused() -> None:
    more = {**metrics.TABLE.excluded, "Gone": "no reason"}
    with pytest.raises(generate.TableError, match="Gone: excluded"):
        generate.make_family(replace(metrics.TABLE, excluded=more))


def test_undescribed_parameter_is_refused() -> None:
    without = {name: form for name, form in optimizers.TABLE.forms.items()
               if name != "weight_decay"}
    with pytest.raises(generate.TableError, match=r"weight_decay: no table describes"):
        generate.make_family(replace(optimizers.TABLE, forms=without))


def test_unused_form_is_refused() -> None:
    more = {**optimizers.TABLE.forms, "gone": optimizers.TABLE.forms["lr"]}
    with pytest.raises(generate.TableError, match="gone"):
        generate.make_family(replace(optimizers.TABLE, forms=more))


def test_default_outside_the_range_is_refused() -> None:
    high = partial(fields.number, "Learning rate.", example=3, minimum=2)
    forms = {**optimizers.TABLE.forms, "lr": high}
    with pytest.raises(generate.TableError, match="default does not fit"):
        generate.make_family(replace(optimizers.TABLE, forms=forms))


def test_import_brings_in_neither_library() -> None:
    code = ("import sys; import specc.schema.constructors; "
            "print([name for name in ('torch', 'sklearn', 'pandas') "
            "if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
