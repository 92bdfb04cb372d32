"""Symbolic shapes through whole networks, and against the network that the runtime builds.

Not checked here: the rule of each single type, which tests/schema/test_networks.py holds
against its module.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specc.compiler.diagnostics.diagnostic import Diagnostic
from specc.compiler.network.trace import trace
from specc.compiler.network.tree import extractions, walk
from specc.compiler.passes.resolve import resolve
from specc.compiler.stages import NetworkNode, Plan, Shapes, Source, Spec
from specc.runtime.batches import Batch
from specc.runtime.build import build_network
from specc.runtime.lookup import Layout
from specc.schema.shapes import BATCH, UNKNOWN, Features, Frames, Shape, counted

import specc

WIDTHS = {"a": 3, "b": 2}


def network_of(network: Mapping[str, Any]) -> NetworkNode:
    """The resolved network of a spec with the extractors `a` and `b`."""
    plain = {"type": "plain"}
    value = {"specc": 1, "extractors": {"label": plain, "a": plain, "b": plain},
             "network": network, "loss": {"type": "torch.nn:MSELoss"}}
    result = resolve(Spec(Source("spec", ""), value))
    assert result.stage is not None, result.diagnostics
    return result.stage.network


def traced(network: Mapping[str, Any], widths: Mapping[str, int | None] | None = None,
           label_width: int | None = 2) -> tuple[Shapes, tuple[Diagnostic, ...]]:
    return trace(network_of(network), flat_frames(WIDTHS if widths is None else widths),
                 label_width)


def flat_frames(widths: Mapping[str, int | None]) -> dict[str, Shape | Features]:
    return {name: (BATCH, width) for name, width in widths.items()}


def chain(*factories: Mapping[str, Any], frames: tuple[str, ...] = ("a", "b")) -> dict[str, Any]:
    return {"type": "feed_forward", "input_frames": list(frames), "factories": list(factories)}


LINEAR = {"type": "torch.nn:Linear", "out_features": 7}
SIGMOID = {"type": "torch.nn:Sigmoid"}


def test_nodes_come_in_the_order_of_the_data() -> None:
    shapes, found = traced(chain(LINEAR, {"type": "feed_forward", "factories": [SIGMOID]},
                                 {"type": "output"}))
    assert found == ()
    assert [(node.pointer, node.output, node.depth) for node in shapes.nodes] == [
        ("/network/input_frames", ("batch", 5), 0),
        ("/network", ("batch", 2), 0),
        ("/network/factories/0", ("batch", 7), 1),
        ("/network/factories/1", ("batch", 7), 1),
        ("/network/factories/1/factories/0", ("batch", 7), 2),
        ("/network/factories/2", ("batch", 2), 1),
    ]
    assert shapes.output == ("batch", 2) and shapes.output_range == "real"


def test_extraction_reads_only_its_frames() -> None:
    shapes, _ = traced({**LINEAR, "input_frames": ["b"]})
    assert isinstance(shapes.nodes[0].input, Frames)
    assert dict(shapes.nodes[0].input.shapes) == {"b": ("batch", 2)}
    assert shapes.nodes[1].parameters == {"weight": (7, 2), "bias": (7,)}


def test_extraction_as_a_factory_and_as_a_property_are_the_same() -> None:
    first, _ = traced({"type": "feed_forward", "factories": [
        {"type": "extraction", "frames": ["b", "a"]}, LINEAR]})
    second, _ = traced(chain(LINEAR, frames=("b", "a")))
    assert first.output == second.output
    assert first.nodes[1].pointer == "/network/factories/0"
    assert set(first.looked_up) == {"/network/factories/0"}
    assert set(second.looked_up) == {"/network/input_frames"}


MISTAKES = {
    "odd_width": (chain(LINEAR, {"type": "torch.nn:GLU"}, LINEAR, {"type": "torch.nn:GLU"}),
                  "/network/factories/1", "/network/factories/0/out_features"),
    "first_node": (chain({"type": "torch.nn:GLU"}, LINEAR),
                   "/network/factories/0", "/network/input_frames"),
    "groups": (chain({"type": "torch.nn:GroupNorm", "num_groups": 2}),
               "/network/factories/0/num_groups", "/network/input_frames"),
    "behind_a_nested_chain": (
        chain({"type": "feed_forward", "factories": [SIGMOID, LINEAR]},
              {"type": "torch.nn:GLU"}),
        "/network/factories/1", "/network/factories/0/factories/1/out_features"),
    "frames_after_a_tensor": (chain(LINEAR, {**LINEAR, "input_frames": ["a"]}),
                              "/network/factories/1/input_frames", "/network/factories/0"),
    "extraction_after_a_tensor": (chain(LINEAR, {"type": "extraction", "frames": ["a"]}, LINEAR),
                                  "/network/factories/1", "/network/factories/0"),
    "batch_axis": (chain(LINEAR, {"type": "torch.nn:Softmax", "dim": 0}, {"type": "torch.nn:GLU"}),
                   "/network/factories/1/dim", "/network/factories/0/out_features"),
    "behind_what_keeps_the_width": (
        chain(LINEAR, SIGMOID, {"type": "torch.nn:PReLU", "num_parameters": 3}),
        "/network/factories/2/num_parameters", "/network/factories/0/out_features"),
    "a_perceptron_before": (
        chain({"type": "fully_connected", "sizes": [4, 5]}, {"type": "torch.nn:GLU"}),
        "/network/factories/1", "/network/factories/0/sizes/1"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_one_mistake_is_one_diagnostic(name: str) -> None:
    """SC301 names the node, or the property of it that does not fit, and what makes it so wide."""
    network, pointer, producer = MISTAKES[name]
    shapes, found = traced(network)
    (diagnostic,) = found
    assert (diagnostic.code, diagnostic.pointer) == ("SC301", pointer)
    assert [related.pointer for related in diagnostic.related] == [producer]
    assert shapes.output is UNKNOWN


@pytest.mark.parametrize(("layer", "value"), [
    ({"type": "torch.nn:PReLU", "num_parameters": 3}, 7),
    ({"type": "torch.nn:Softmax", "dim": 0}, -1),
    ({"type": "torch.nn:GLU", "dim": 5}, -1), ({"type": "torch.nn:Flatten", "start_dim": 2}, 1),
    ({"type": "torch.nn:Flatten", "end_dim": -2}, -1),
])
def test_the_only_value_that_fits_is_the_fix(layer: dict[str, Any], value: int) -> None:
    _, (diagnostic,) = traced(chain(LINEAR, layer))
    assert diagnostic.fix == ({"op": "add", "path": diagnostic.pointer, "value": value},)


def test_groups_that_share_the_width_are_offered_nearest_first() -> None:
    _, (diagnostic,) = traced(chain({"type": "torch.nn:Linear", "out_features": 24},
                                    {"type": "torch.nn:GroupNorm", "num_groups": 7}))
    assert diagnostic.fix is None
    assert (diagnostic.help or "").startswith("one of: 6, 8, 4")


ENDS = {
    "last_layer": (chain(LINEAR), "/network/factories/0/out_features", None, False),
    "kept_width": (chain(LINEAR, SIGMOID), "/network/factories/0/out_features",
                   "/network/factories/1", False),
    "last_of_several": (
        {"type": "fully_connected", "sizes": [4, 2], "output_activation": "relu",
         "input_frames": ["a"]}, "/network/sizes/1", "/network/output_activation", False),
    "halved": (chain({"type": "torch.nn:Linear", "out_features": 8}, {"type": "torch.nn:GLU"}),
               None, None, False),
    "self_sized": (chain(LINEAR, {"type": "output", "activation": "sigmoid"}), None,
                   "/network/factories/1/activation", True),
    "nothing_but_frames": (chain(SIGMOID), None, "/network/factories/0", False),
    "ensemble": ({"type": "tabm", "input_frames": ["a"], "output_activation": "sigmoid"}, None,
                 "/network/output_activation", True),
    "activation_of_an_ensemble": (chain({"type": "tabm"}, SIGMOID), None, "/network/factories/1",
                                  True),
    "members_that_end_in_an_output": (
        chain({"type": "ensemble", "network": {"type": "output", "activation": "sigmoid"}}), None,
        "/network/factories/0/network/activation", True),
    "width_of_members": (chain({"type": "ensemble", "network": LINEAR}),
                         "/network/factories/0/network/out_features", None, False),
    "towers": ({"type": "two_tower", "left": {**LINEAR, "input_frames": ["a"]},
                "right": {**LINEAR, "input_frames": ["b"]}}, None, None, False),
}


@pytest.mark.parametrize("name", ENDS)
def test_which_values_make_the_output_what_it_is(name: str) -> None:
    network, width, activation, self_sized = ENDS[name]
    shapes, _ = traced(network)
    assert shapes.width_at == width
    assert shapes.self_sized == self_sized
    if activation is not None:
        assert shapes.range_at == activation


def test_bare_batch_has_no_producer_and_gives_advice() -> None:
    network = {"type": "feed_forward", "factories": [
        LINEAR, {"type": "extraction", "frames": ["a"]}, LINEAR]}
    _, (diagnostic,) = traced(network)
    assert (diagnostic.code, diagnostic.pointer) == ("SC301", "/network/factories/0")
    assert diagnostic.related == () and "input_frames" in (diagnostic.help or "")


def test_nodes_behind_a_mistake_are_listed_as_unknown() -> None:
    shapes, _ = traced(MISTAKES["first_node"][0])
    assert [node.pointer for node in shapes.nodes][-2:] == ["/network/factories/0",
                                                            "/network/factories/1"]
    assert all(node.output is UNKNOWN and not node.parameters for node in shapes.nodes[1:])


DROPOUT = {"type": "torch.nn:Dropout"}
FLATTEN = {"type": "torch.nn:Flatten"}
RANGES = {
    "nothing": ((LINEAR,), "real"),
    "sigmoid": ((LINEAR, SIGMOID), "probability"),
    "through flatten": ((LINEAR, SIGMOID, FLATTEN, {"type": "torch.nn:Identity"}), "probability"),
    "through a nested chain": (
        ({"type": "feed_forward", "factories": [LINEAR, SIGMOID]}, FLATTEN), "probability"),
    "through dropout that drops nothing": ((LINEAR, SIGMOID, {**DROPOUT, "p": 0}), "probability"),
    # In training dropout doubles what it keeps.
    "through dropout": ((LINEAR, SIGMOID, DROPOUT), "non_negative"),
    "distribution through dropout": ((LINEAR, {"type": "torch.nn:Softmax"}, DROPOUT),
                                     "non_negative"),
    "logarithm through dropout": ((LINEAR, {"type": "torch.nn:LogSoftmax"}, DROPOUT), "real"),
    "through alpha dropout": ((LINEAR, SIGMOID, {"type": "torch.nn:AlphaDropout"}), "real"),
    "dropout first": ((DROPOUT, LINEAR, SIGMOID), "probability"),
    "last counts": ((LINEAR, SIGMOID, LINEAR), "real"),
    "output": (({"type": "output", "activation": "softmax"},), "distribution"),
    "fully_connected": (({"type": "fully_connected", "sizes": [2, 2],
                          "output_activation": "log_softmax"},), "log_distribution"),
    "bounds": ((LINEAR, {"type": "torch.nn:Hardtanh", "min_val": 0}), "probability"),
    "wide bounds": ((LINEAR, {"type": "torch.nn:Hardtanh"}), "real"),
}


@pytest.mark.parametrize("name", RANGES)
def test_range_of_the_output(name: str) -> None:
    factories, wanted = RANGES[name]
    assert traced(chain(*factories))[0].output_range == wanted


def test_frames_as_they_are_may_hold_any_number() -> None:
    assert traced(chain({"type": "torch.nn:Identity"}))[0].output_range == "real"


LOOKED_UP = {
    "linear": (chain(LINEAR), {"/network/input_frames": "/network/factories/0"}),
    "dense": ({"type": "fully_connected", "sizes": [1], "input_frames": ["a"]},
              {"/network/input_frames": "/network"}),
    "output in a nested chain": (
        chain({"type": "feed_forward", "factories": [{"type": "output"}]}),
        {"/network/input_frames": "/network/factories/0/factories/0"}),
    "dropout first": (chain(DROPOUT, LINEAR), {}),
    "members": (chain({"type": "ensemble", "network": LINEAR}),
                {"/network/input_frames": "/network/factories/0/network"}),
    "residual blocks": (
        {"type": "fully_connected", "sizes": [3, 1], "residual": True, "input_frames": ["a"]},
        {"/network/input_frames": "/network"}),
    "towers": (
        {"type": "two_tower", "left": {**LINEAR, "input_frames": ["a"]},
         "right": {"type": "resnet", "width": 7, "input_frames": ["b"]}},
        {"/network/left/input_frames": "/network/left",
         "/network/right/input_frames": "/network/right"}),
    "towers of one extraction": (
        {"type": "two_tower", "left": LINEAR, "right": LINEAR, "input_frames": ["a"]}, {}),
    "normalized first": (chain({"type": "torch.nn:LayerNorm"}, LINEAR, LINEAR), {}),
}


@pytest.mark.parametrize("name", LOOKED_UP)
def test_who_can_look_up_codes(name: str) -> None:
    network, wanted = LOOKED_UP[name]
    assert traced(network)[0].looked_up == wanted


# Against the built network

LEAVES = [
    LINEAR, SIGMOID, DROPOUT, FLATTEN, {"type": "output"}, {"type": "output", "bias": False},
    {"type": "torch.nn:GLU"}, {"type": "torch.nn:LayerNorm"}, {"type": "torch.nn:BatchNorm1d"},
    {"type": "torch.nn:GroupNorm", "num_groups": 2}, {"type": "torch.nn:PReLU"},
    {"type": "torch.nn:Softmax"}, {"type": "torch.nn:RMSNorm"},
    {"type": "torch.nn:Linear", "out_features": 4, "bias": False},
    {"type": "fully_connected", "sizes": [6, 4], "normalization": "batch_norm", "dropout": 0.2},
    {"type": "fully_connected", "sizes": [3], "output_activation": "softmax"},
    {"type": "fully_connected", "sizes": [4, 4, 2], "residual": True, "normalization": "rms_norm"},
    {"type": "resnet", "width": 4, "hidden_factor": 1.5}, {"type": "cross"},
    {"type": "cross", "rank": 1, "layers": 1}, {"type": "factorization_machine", "factors": 2},
    {"type": "tabm", "members": 3, "width": 4},
    {"type": "tabm", "members": 2, "width": 3, "architecture": "tabm_mini"},
    {"type": "ensemble", "members": 3, "network": LINEAR},
]


def holders(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Parts that hold others; what a shared network is called must be told it."""
    merges = st.sampled_from(["concat", "sum", "mean", "product"])
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(
            lambda parts: {"type": "feed_forward", "factories": parts}),
        st.builds(lambda parts, merge: {"type": "parallel", "branches": parts, "merge": merge},
                  st.lists(inner, min_size=2, max_size=3), merges),
        inner.map(lambda part: {"type": "residual", "network": part}),
        inner.map(lambda part: {"type": "ensemble", "members": 2, "network": part}),
        st.builds(lambda part, merge: {"type": "parallel", "merge": merge, "branches": [
            {"type": "shared", "network": part}, {"type": "shared"}]}, inner, merges),
    )


def with_names(part: Any, names: Iterator[int]) -> Any:
    """The drawn network with a name for each pair of places that share a network."""
    if isinstance(part, list):
        return [with_names(entry, names) for entry in part]
    if not isinstance(part, dict):
        return part
    if part.get("branches", [{}])[-1] == {"type": "shared"}:
        name = str(next(names))
        part = {**part, "branches": [{**branch, "name": name} for branch in part["branches"]]}
    return {key: with_names(value, names) for key, value in part.items()}


def networks() -> st.SearchStrategy[dict[str, Any]]:
    """Chains of parts, some of which hold others, that read `a`, `b` or both."""
    leaf = st.sampled_from(LEAVES)
    part = st.recursive(leaf, holders, max_leaves=6)
    frames = st.sampled_from([["a"], ["b"], ["a", "b"], ["b", "a"]])

    def whole(parts: list[dict[str, Any]], names: list[str], prepended: str) -> dict[str, Any]:
        if prepended == "factory":
            extraction = {"type": "extraction", "frames": names}
            return {"type": "feed_forward", "factories": [extraction, *parts]}
        if prepended == "first":
            first = {**parts[0], "input_frames": names}
            return {"type": "feed_forward", "factories": [first, *parts[1:]]}
        return {"type": "feed_forward", "input_frames": names, "factories": parts}

    return st.builds(whole, st.lists(part, min_size=1, max_size=5), frames,
                     st.sampled_from(["factory", "first", "property"]))


@pytest.fixture(scope="module")
def plan() -> Plan:
    """A plan on `a` with 3 columns and `b` with 2; its network is there to be replaced."""
    index = pd.DataFrame({name: [0.0, 1.0, 2.0] for name in ("a0", "a1", "a2", "b0", "b1", "y")})
    spec = {
        "specc": 1,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "a": {"type": "plain", "take_columns": ["a?"]},
                       "b": {"type": "plain", "take_columns": ["b?"]}},
        "network": {"type": "output", "input_frames": ["a", "b"]},
        "loss": {"type": "torch.nn:MSELoss"}, "training": {"batch_size": 3},
    }
    compiled = specc.compile(spec, {"index": index.assign(split="train")})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def planned(plan: Plan, network: NetworkNode, shapes: Shapes) -> Plan:
    """The plan with another network in it."""
    bound = plan.shaped.fitted.bound
    graph = replace(bound.graph, network=network)
    fitted = replace(plan.shaped.fitted, bound=replace(bound, graph=graph))
    return replace(plan, shaped=replace(plan.shaped, fitted=fitted, shapes=shapes))


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(network=networks(), rows=st.integers(2, 5), label_width=st.integers(1, 4))
def test_rules_agree_with_the_built_network(plan: Plan, network: dict[str, Any], rows: int,
                                            label_width: int) -> None:
    root = network_of(with_names(network, itertools.count()))
    unknown, _ = trace(root, flat_frames(dict.fromkeys(WIDTHS)), None)
    shapes, found = trace(root, flat_frames(WIDTHS), label_width)
    # A chain tells its first mistake; branches make mistakes of their own.
    assert len({diagnostic.pointer for diagnostic in found}) == len(found)
    if found:
        return
    assert isinstance(shapes.output, tuple) and isinstance(unknown.output, tuple)
    assert all(told in (None, dim)
               for told, dim in zip(unknown.output, shapes.output, strict=True))
    assert [node.pointer for node in unknown.nodes] == [node.pointer for node in shapes.nodes]
    sized_by_label = any(node.type in ("output", "tabm") for node in walk(root))
    if sized_by_label and shapes.output[-1] != label_width:
        return  # their width is that of the label, which the network has to give
    reads = dict(extractions(root))
    layouts = {pointer: Layout(tuple(range(sum(WIDTHS[name] for name in names))), (), 0)
               for pointer, names in reads.items()}
    built = build_network(planned(plan, root, shapes), layouts, torch.device("cpu"))
    inputs = {pointer: torch.randn(rows, layout.width) for pointer, layout in layouts.items()}
    batch = Batch(inputs, torch.zeros(rows, label_width))
    for training in (True, False):
        built.module.train(training)
        assert tuple(built.module(batch).shape) == (rows, *counted(shapes.output)[1:])
    real = Counter((pointer, name, tuple(weight.shape)) for pointer, module in built.modules()
                   for name, weight in module.named_parameters())
    assert real == {(node.pointer, name, shape): node.members for node in shapes.nodes
                    for name, shape in node.parameters.items()}
    assert sum(weight.numel() for weight in built.module.parameters()) == sum(
        torch.Size(shape).numel() for _, _, shape in real.elements())
