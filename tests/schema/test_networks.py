"""Every shape rule against the real module.

Not checked here: numbers that a module computes, beyond the range that it states.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specc.schema.agreement import RANGE_WORDS
from specc.schema.declaration import Args, NetworkType, Scope
from specc.schema.networks import NETWORKS
from specc.schema.networks.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS, range_after
from specc.schema.networks.structure import extract
from specc.schema.shapes import BATCH, UNKNOWN, Frames, Shape, ShapeError, Value, show, size, tensor
from torch import nn

from ..strategies.values import (
    ORDINARY,
    agrees,
    forgotten,
    has_shape,
    in_double,
    inputs,
    rows_of,
    tensors,
)

LEAVES = [entry for entry in NETWORKS if entry.build is not None and not entry.children]
BY_NAME = {entry.name: entry for entry in NETWORKS}
QUICK = settings(deadline=None, max_examples=25,
                 suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

JOINED_RULES: Mapping[str, Callable[[Args], bool]] = {
    "torch.nn:Hardtanh": lambda args: args["min_val"] < args["max_val"],
    "torch.nn:RReLU": lambda args: args["lower"] <= args["upper"],
}
"""What no schema of a single property can say; the rehearsal of a run finds it (SC310)."""

each_leaf = pytest.mark.parametrize("entry", LEAVES, ids=lambda entry: entry.name)
pytestmark = pytest.mark.filterwarnings("ignore")


class Place(Scope):
    """A place in a network of which only the width of the label is known."""

    def __init__(self, label_width: int | None) -> None:
        self.label_width = label_width


# Drawn arguments and shapes


def values(fragment: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Any JSON value that the fragment accepts; widths and counts stay small."""
    if "enum" in fragment:
        return st.sampled_from(fragment["enum"])
    types = fragment["type"] if isinstance(fragment["type"], list) else [fragment["type"]]
    return st.one_of([_values_of(kind, fragment) for kind in types])


def _values_of(kind: str, fragment: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if kind == "null":
        return st.none()
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        low = fragment.get("minimum", -4)
        return st.integers(low, min(fragment.get("maximum", 4), max(low + 6, 4)))
    if kind == "number":
        return st.floats(
            max(fragment.get("minimum", fragment.get("exclusiveMinimum", -1e6)), -1e6),
            min(fragment.get("maximum", fragment.get("exclusiveMaximum", 1e6)), 1e6),
            exclude_min="exclusiveMinimum" in fragment,
            exclude_max="exclusiveMaximum" in fragment, allow_nan=False,
        )
    assert kind == "array"
    return st.lists(values(fragment["items"]), min_size=fragment.get("minItems", 0), max_size=3)


def filled(entry: NetworkType, given_args: Args) -> dict[str, Any]:
    defaults = {name: fragment["default"] for name, fragment in entry.properties.items()
                if "default" in fragment}
    return {**defaults, **given_args}


def arguments(entry: NetworkType) -> st.SearchStrategy[Args]:
    """All properties of a type, drawn, at their defaults, or as in an example."""
    drawn = st.fixed_dictionaries({
        name: values(fragment) | st.just(fragment["default"]) if "default" in fragment
        else values(fragment) for name, fragment in entry.properties.items()
    })
    examples = st.sampled_from([filled(entry, example) for example in entry.examples])
    return (examples | drawn).filter(JOINED_RULES.get(entry.name, lambda args: True))


def ordinary(entry: NetworkType, args: Args) -> Value:
    """The first ordinary value that a type reads."""
    for value in ORDINARY:
        try:
            entry.shape(value, args, Place(2))
        except ShapeError:
            continue
        return value
    raise AssertionError(f"{entry.name} reads no ordinary value")


def built(entry: NetworkType, value: Value, args: Args, label_width: int = 2) -> nn.Module:
    assert entry.build is not None
    module: nn.Module = entry.build(value, args, Place(label_width))
    return module


# The rules


@each_leaf
def test_shape_and_parameters_are_those_of_the_module(entry: NetworkType) -> None:
    @QUICK
    @given(args=arguments(entry), value=inputs(per_step=entry.per_step),
           label_width=st.integers(1, 4))
    def holds(args: Args, value: Value, label_width: int) -> None:
        try:
            entry.shape(value, args, Place(label_width))
        except ShapeError as error:
            assert error.got and error.wanted
            return
        check_module(entry, value, args, label_width)

    holds()
    # Those that are particular about what they read may have refused all that was drawn.
    for example in entry.examples:
        args = filled(entry, example)
        check_module(entry, ordinary(entry, args), args, 2)


def check_module(entry: NetworkType, value: Value, args: Args, label_width: int) -> None:
    """The shape rule and the parameters of a type, which reads this value, against its module."""
    wanted = entry.shape(value, args, Place(label_width))
    assert isinstance(wanted, tuple) and wanted[0] == BATCH and None not in wanted
    module = built(entry, value, args, label_width)
    assert {name: tuple(weight.shape) for name, weight in module.named_parameters()
            if weight.requires_grad} == dict(entry.parameters(value, args, Place(label_width)))
    for rows in range(1, 6):
        module.train(rows > 1 or not entry.needs_several_rows(args))
        assert has_shape(module(tensors(value, rows)), wanted, rows)
        module.eval()
        assert has_shape(module(tensors(value, rows)), wanted, rows)


@each_leaf
def test_examples_take_an_ordinary_batch(entry: NetworkType) -> None:
    for example in entry.examples:
        args = filled(entry, example)
        value = ordinary(entry, args)
        assert has_shape(built(entry, value, args)(tensors(value, 4)),
                         entry.shape(value, args, Place(2)), 4)


@each_leaf
def test_unknown_widths_flow(entry: NetworkType) -> None:
    @QUICK
    @given(args=arguments(entry), value=inputs(per_step=entry.per_step),
           label_width=st.integers(1, 4))
    def holds(args: Args, value: Value, label_width: int) -> None:
        try:
            wanted = tensor(entry.shape(value, args, Place(label_width)), by_member=True)
        except ShapeError:
            return
        parameters = entry.parameters(value, args, Place(label_width))
        for less, width in itertools.product((value, *forgotten(value)), (label_width, None)):
            told_shape = tensor(entry.shape(less, args, Place(width)), by_member=True)
            assert agrees(wanted, told_shape)
            told = entry.parameters(less, args, Place(width))
            assert told.keys() == parameters.keys()
            assert all(agrees(parameters[name], told[name]) for name in told)

    holds()


@each_leaf
def test_bare_batch_is_refused_with_advice(entry: NetworkType) -> None:
    for example in entry.examples:
        with pytest.raises(ShapeError) as refused:
            entry.shape(Frames({"a": (BATCH, 3)}), filled(entry, example), Place(1))
        assert refused.value.help is not None and "input_frames" in refused.value.help


@each_leaf
def test_several_rows_are_asked_for_where_one_will_not_do(entry: NetworkType) -> None:
    for example in entry.examples:
        args = filled(entry, example)
        value = ordinary(entry, args)
        module = built(entry, value, args).train()
        if not entry.needs_several_rows(args):
            module(tensors(value, 1))
            continue
        with pytest.raises(ValueError, match="more than 1 value"):
            module(tensors(value, 1))


def test_codes_are_read_by_a_linear_layer_that_comes_first() -> None:
    readers = [entry for entry in LEAVES if entry.reads_codes]
    assert {entry.name for entry in readers} == {"fully_connected", "output", "resnet",
                                                 "torch.nn:Linear"}
    for entry in readers:
        assert entry.build is not None
        module = entry.build((BATCH, 5), filled(entry, entry.examples[0]), Place(2))
        first = module if isinstance(module, nn.Linear) else module[0]
        assert isinstance(first, nn.Linear) and first.in_features == 5


@each_leaf
def test_one_sample_gets_one_output_whatever_its_batch(entry: NetworkType) -> None:
    """So a prediction is the same alone and among others: no statistics of the batch."""
    for example in entry.examples:
        args = filled(entry, example)
        value = ordinary(entry, args)
        module = built(entry, value, args).eval().double()
        batch = in_double(tensors(value, 4))
        for row in range(4):
            alone = slice(row, row + 1)
            torch.testing.assert_close(module(rows_of(batch, alone)),
                                       rows_of(module(batch), alone))


# Ranges

SAMPLES: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "real": lambda x: x,
    "probability": torch.sigmoid,
    "distribution": lambda x: torch.softmax(x, -1),
    "log_probability": nn.functional.logsigmoid,
    "log_distribution": lambda x: torch.log_softmax(x, -1),
    "non_negative": torch.abs,
}


def lies_in(output: torch.Tensor, stated: str) -> bool:
    tiny = 1e-5
    if stated == "real":
        return True
    if stated == "non_negative":
        return bool((output >= 0).all())
    if stated == "probability":
        return bool(((output >= 0) & (output <= 1)).all())
    if stated == "distribution":
        sums = output.sum(-1)
        return bool((output >= 0).all()) and bool(((sums - 1).abs() < tiny).all())
    if stated == "log_probability":
        return bool((output <= 0).all())
    assert stated == "log_distribution"
    return bool((output <= tiny).all()) and bool((output.logsumexp(-1).abs() < tiny).all())


def test_ranges_have_words_and_samples() -> None:
    assert set(SAMPLES) == set(RANGE_WORDS)
    for name, sample in SAMPLES.items():
        assert lies_in(sample(torch.randn(5, 3)), name)


@each_leaf
def test_outputs_lie_in_the_stated_range(entry: NetworkType) -> None:
    @QUICK
    @given(args=arguments(entry), width=st.integers(1, 8), training=st.booleans(),
           scale=st.sampled_from([0.1, 1.0, 30.0]))
    def holds(args: Args, width: int, training: bool, scale: float) -> None:
        shape = (BATCH, width)
        try:
            entry.shape(shape, args, Place(3))
        except ShapeError:
            return
        module = built(entry, shape, args, 3).train(training)
        stated = entry.output_range(args)
        given_ranges = SAMPLES if stated in ("same", "scaled") else ["real"]
        for name in given_ranges:
            output = module(SAMPLES[name](scale * torch.randn(5, width)))
            if not output.isfinite().all():
                continue
            if stated == "scaled":
                low = name in ("probability", "distribution", "non_negative")
                assert lies_in(output, "non_negative" if low else "real")
            else:
                assert lies_in(output, name if stated == "same" else stated), (stated, output)

    holds()


def test_short_names_are_activations_of_torch() -> None:
    for short, class_name in OUTPUT_ACTIVATIONS.items():
        assert issubclass(getattr(nn, class_name), nn.Module)
        assert f"torch.nn:{class_name}" in BY_NAME, short
        assert range_after(short) in RANGE_WORDS
    assert set(ACTIVATIONS) < set(OUTPUT_ACTIVATIONS)


# Structure


def test_extraction_puts_frames_side_by_side_in_the_order_given() -> None:
    frames = Frames({"a": (BATCH, 3), "b": (BATCH, 4), "c": (BATCH, None)})
    assert extract(frames, ("a", "b")) == (BATCH, 7)
    assert extract(frames, ("b",)) == (BATCH, 4)
    assert extract(frames, ("a", "c")) == (BATCH, None)
    with pytest.raises(ShapeError, match="the batch of named frames"):
        extract((BATCH, 3), ("a",))


def test_output_is_as_wide_as_the_label() -> None:
    output = BY_NAME["output"]
    assert output.shape((BATCH, 5), filled(output, {}), Place(3)) == (BATCH, 3)
    assert output.shape((BATCH, 5), filled(output, {}), Place(None)) == (BATCH, None)


def test_t10_dropout_and_activation_follow_every_hidden_layer_and_none_the_last() -> None:
    entry = BY_NAME["fully_connected"]
    args = filled(entry, {"sizes": [4, 3, 2], "dropout": 0.5, "normalization": "layer_norm",
                          "activation": "tanh"})
    assert entry.build is not None
    names = [type(module).__name__ for module in entry.build((BATCH, 5), args, Place(1))]
    hidden = ["Linear", "LayerNorm", "Tanh", "Dropout"]
    assert names == [*hidden, *hidden, "Linear", "Identity"]


def test_bare_bones_of_shapes() -> None:
    assert show((BATCH, None)) == "(batch, ?)" and show(UNKNOWN) == "?"
    assert show(Frames({"a": (BATCH, 1), "b": (BATCH, 2)})) == "a (batch, 1), b (batch, 2)"
    assert size((2, 3)) == 6 and size((BATCH, 3)) is None and size((None,)) is None


@pytest.mark.parametrize(("name", "args", "shape"), [
    ("torch.nn:GLU", {}, (BATCH, 3)),
    ("torch.nn:GLU", {"dim": 0}, (BATCH, 4)),
    ("torch.nn:Softmax", {"dim": 2}, (BATCH, 4)),
    ("torch.nn:Softmax", {"dim": -2}, (BATCH, 4)),
    ("torch.nn:Flatten", {"start_dim": 2, "end_dim": 1}, (BATCH, 4, 2)),
    ("torch.nn:Flatten", {"end_dim": 0}, (BATCH, 4, 2)),
    ("torch.nn:GroupNorm", {"num_groups": 3}, (BATCH, 4)),
    ("torch.nn:GroupNorm", {"num_groups": 4}, (BATCH, 4)),
    ("torch.nn:PReLU", {"num_parameters": 3}, (BATCH, 4)),
    ("torch.nn:BatchNorm1d", {}, (BATCH, 4, 2, 2)),
    ("fully_connected", {"sizes": [2, 1], "normalization": "batch_norm"}, (BATCH, 4, 2)),
])
def test_shapes_that_do_not_fit_are_refused(name: str, args: Args, shape: Shape) -> None:
    entry = BY_NAME[name]
    with pytest.raises(ShapeError):
        entry.shape(shape, filled(entry, args), Place(1))
