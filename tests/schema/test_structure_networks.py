"""Parts that hold others: `parallel`, `residual` and `shared`, traced and built.

Not checked here: drawn networks, which tests/compiler/test_trace.py holds against their modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from specc.compiler.diagnostics.diagnostic import Diagnostic
from specc.compiler.network.shared import definitions
from specc.compiler.network.trace import trace
from specc.compiler.passes.resolve import resolve
from specc.compiler.stages import Graph, NetworkNode, Shapes, Source, Spec
from specc.runtime.build import Network, build_network
from specc.schema.networks.modules.values import Sequence
from specc.schema.shapes import BATCH, Features, Length, Shape

VISITS = Length("visits", 4)
FRAMES: dict[str, Shape | Features] = {
    "a": (BATCH, 3), "b": (BATCH, 3), "c": (BATCH, 2), "s": (BATCH, VISITS, 3),
    "t": (BATCH, VISITS, 2), "u": (BATCH, Length("calls", 9), 3),
}

Json = dict[str, Any]


def resolved(network: Mapping[str, Any]) -> tuple[Graph, tuple[Diagnostic, ...]]:
    plain = {"type": "plain"}
    value = {"specc": 1, "extractors": dict.fromkeys(("label", *FRAMES), plain),
             "network": network, "loss": {"type": "torch.nn:MSELoss"}}
    result = resolve(Spec(Source("spec", ""), value))
    assert result.stage is not None
    return result.stage, tuple(entry for entry in result.diagnostics if entry.is_error)


def traced(network: Mapping[str, Any]) -> tuple[NetworkNode, Shapes, tuple[Diagnostic, ...]]:
    graph, found = resolved(network)
    assert found == ()
    return graph.network, *trace(graph.network, FRAMES, 1)


def output_of(network: Mapping[str, Any]) -> Any:
    _, shapes, found = traced(network)
    assert found == ()
    return shapes.output


def refused(network: Mapping[str, Any]) -> Diagnostic:
    (diagnostic,) = traced(network)[2]
    assert diagnostic.code == "SC301" and diagnostic.help is not None
    return diagnostic


def built(network: Mapping[str, Any]) -> tuple[Network, Shapes]:
    root, shapes, found = traced(network)
    assert found == ()
    plan: Any = SimpleNamespace(graph=SimpleNamespace(network=root, seed=3, heads=()),
                                shaped=SimpleNamespace(shapes=shapes, heads={}))
    return build_network(plan, {}, torch.device("cpu")), shapes


def run(network: Network, inputs: Mapping[str, torch.Tensor | Sequence]) -> Any:
    """The output for what each extraction gives, by its pointer."""
    batch: Any = SimpleNamespace(inputs=inputs)
    return network.module(batch)


def steps(width: int, rows: int = 3) -> Sequence:
    """Sequences of 0, 1, 2, ... steps with garbage behind them."""
    mask = torch.arange(4) < torch.arange(rows)[:, None]
    return Sequence(torch.randn(rows, 4, width), mask, None)


def dense(width: int, **more: Any) -> Json:
    return {"type": "torch.nn:Linear", "out_features": width, **more}


def beside(*branches: Json, merge: str = "concat", **more: Any) -> Json:
    return {"type": "parallel", "branches": list(branches), "merge": merge, **more}


def around(network: Json, **more: Any) -> Json:
    return {"type": "residual", "network": network, **more}


def chain(*factories: Json, **more: Any) -> Json:
    return {"type": "feed_forward", "factories": list(factories), **more}


def item(network: Json | None = None, **more: Any) -> Json:
    return {"type": "shared", "name": "item", "network": network, **more}


IDENTITY: Json = {"type": "torch.nn:Identity"}
SIGMOID: Json = {"type": "torch.nn:Sigmoid"}
SOFTMAX: Json = {"type": "torch.nn:Softmax"}


# parallel


@pytest.mark.parametrize(("network", "wanted"), [
    (beside(dense(4), IDENTITY, input_frames=["a"]), (BATCH, 7)),
    (beside(dense(4, input_frames=["a"]), dense(5, input_frames=["c"])), (BATCH, 9)),
    (beside(dense(3), IDENTITY, merge="sum", input_frames=["a"]), (BATCH, 3)),
    (beside(dense(4), IDENTITY, input_frames=["s"]), (BATCH, VISITS, 7)),
    (beside(dense(4, input_frames=["s"]), dense(4, input_frames=["t"]), merge="mean"),
     (BATCH, VISITS, 4)),
])
def test_branches_are_put_together(network: Json, wanted: Shape) -> None:
    assert output_of(network) == wanted


@pytest.mark.parametrize("network", [
    beside(dense(4), IDENTITY, merge="sum", input_frames=["a"]),
    beside(dense(4, input_frames=["a"]), dense(4, input_frames=["s"])),
    beside(dense(4, input_frames=["s"]), dense(4, input_frames=["u"])),
    beside(dense(4), {"type": "periodic_embeddings", "tokens": True}, input_frames=["a"]),
    beside(dense(4, input_frames=["a"]), dense(4)),
    around({"type": "masked_pool"}, input_frames=["s"]),
    around(dense(4), projection="none", input_frames=["a"]),
    around(dense(4, input_frames=["a"])),
])
def test_what_does_not_fit_is_one_finding_with_advice(network: Json) -> None:
    refused(network)


@pytest.mark.parametrize("merge", ["concat", "sum", "mean", "product"])
@pytest.mark.parametrize("sequence", [False, True])
def test_t6_branches_give_tensors(merge: str, sequence: bool) -> None:
    network, _ = built(beside(SIGMOID, {"type": "torch.nn:Tanh"},
                              merge=merge, input_frames=["s" if sequence else "a"]))
    given: Any = steps(3) if sequence else torch.randn(3, 3)
    output = run(network, {"/network/input_frames": given})
    x = given.values if sequence else given
    left, right = x.sigmoid(), x.tanh()
    wanted = {"concat": torch.cat([left, right], -1), "sum": left + right,
              "mean": (left + right) / 2, "product": left * right}[merge]
    torch.testing.assert_close(output.values if sequence else output, wanted)
    assert not sequence or output.mask is given.mask


@pytest.mark.parametrize(("network", "wanted"), [
    (beside(SIGMOID, SOFTMAX), "real"), (beside(SIGMOID, SIGMOID), "probability"),
    (beside(SOFTMAX, SOFTMAX), "probability"), (beside(SIGMOID, SIGMOID, merge="sum"),
                                                "non_negative"),
    (beside(SOFTMAX, SOFTMAX, merge="mean"), "distribution"), (beside(SIGMOID, IDENTITY), "real"),
    (chain(SIGMOID, beside(IDENTITY, {"type": "torch.nn:Dropout", "p": 0})), "probability"),
    (around(SIGMOID), "real"), (around(SIGMOID, projection="none"), "real"),
    (item(SIGMOID), "probability"), (chain(item(SIGMOID), item()), "probability"),
])
def test_range_of_what_is_put_together(network: Json, wanted: str) -> None:
    shapes = traced({**network, "input_frames": ["a"]})[1]
    assert shapes.output_range == wanted


def test_only_a_single_reader_looks_codes_up() -> None:
    """What two branches read has to be numbers; what each reads of its own may be codes."""
    looked_up = {name: dict(traced(network)[1].looked_up) for name, network in {
        "two readers": beside(dense(1), dense(1), input_frames=["a"]),
        "own frames": beside(dense(1, input_frames=["a"]), dense(1, input_frames=["b"])),
        "behind": chain(beside({"type": "extraction", "frames": ["a"]},
                               {"type": "extraction", "frames": ["b"]}), dense(1)),
        "residual": around(dense(3), input_frames=["a"]),
        "shared": beside(item(dense(1), input_frames=["a"]), item(input_frames=["b"])),
    }.items()}
    branch = "/network/branches/"
    assert looked_up == {
        "two readers": {}, "behind": {}, "residual": {}, "shared": {},
        "own frames": {f"{branch}{place}/input_frames": f"{branch}{place}" for place in (0, 1)}}


def test_width_of_a_part_alone_is_that_of_the_network_inside() -> None:
    for network in (around(dense(4), input_frames=["a"]), item(dense(4), input_frames=["a"])):
        assert traced(network)[1].width_at == "/network/network/out_features"
    assert traced(beside(dense(4), dense(5), input_frames=["a"]))[1].width_at is None


# residual


@pytest.mark.parametrize("width", [3, 5])
@pytest.mark.parametrize("sequence", [False, True])
def test_the_input_is_added(width: int, sequence: bool) -> None:
    network, shapes = built(around(dense(width), input_frames=["s" if sequence else "a"]))
    given: Any = steps(3) if sequence else torch.randn(3, 3)
    x = given.values if sequence else given
    state = network.state()
    inner = x @ state["/network/network:weight"].T + state["/network/network:bias"]
    output = run(network, {"/network/input_frames": given})
    if width == 3:
        assert "/network:projection.weight" not in state
        wanted = inner + x
    else:
        wanted = inner + x @ state["/network:projection.weight"].T
    torch.testing.assert_close(output.values if sequence else output, wanted)
    assert shapes.output == ((BATCH, VISITS, width) if sequence else (BATCH, width))
    assert_state_is_told(network, shapes)


def assert_state_is_told(network: Network, shapes: Shapes) -> None:
    """Every weight is saved once, under the node that states it."""
    told = {f"{node.pointer}:{name}": shape for node in shapes.nodes
            for name, shape in node.parameters.items()}
    assert {name: tuple(weight.shape) for name, weight in network.state().items()} == told
    assert sum(weight.numel() for weight in network.module.parameters()) == sum(
        weight.numel() for weight in network.state().values())


# shared


TWO_PLACES = beside(item(chain(dense(4), dense(2)), input_frames=["a"]),
                    chain(item(input_frames=["b"]), dense(5)))


def test_two_places_are_one_module() -> None:
    network, shapes = built(TWO_PLACES)
    left, right = torch.randn(3, 3), torch.randn(3, 3)
    places = ["/network/branches/0/input_frames", "/network/branches/1/factories/0/input_frames"]
    output = run(network, {places[0]: left, places[1]: right})
    swapped = run(network, {places[0]: right, places[1]: left})
    last = network.nodes["/network/branches/1/factories/1"]
    torch.testing.assert_close(output[:, 2:], last(swapped[:, :2]))
    assert_state_is_told(network, shapes)
    pointers = [node.pointer for node in shapes.nodes]
    assert len(set(pointers)) == len(pointers)
    (there,) = [node for node in shapes.nodes if node.pointer == "/network/branches/1/factories/0"]
    assert there.output == (BATCH, 2) and there.parameters == {}


def test_gradients_of_both_places_add_up() -> None:
    network, _ = built(beside(item(dense(1, bias=False), input_frames=["a"]),
                              item(input_frames=["b"]), merge="sum"))
    left, right = torch.randn(4, 3), torch.randn(4, 3)
    run(network, {"/network/branches/0/input_frames": left,
                  "/network/branches/1/input_frames": right}).sum().backward()
    (weight,) = network.module.parameters()
    torch.testing.assert_close(weight.grad, (left + right).sum(0, keepdim=True))


def test_sequences_of_two_contexts_share_a_module() -> None:
    network = beside(chain(item(dense(4), input_frames=["s"]), {"type": "masked_pool"}),
                     chain(item(input_frames=["u"]), {"type": "masked_pool"}))
    assert output_of(network) == (BATCH, 8)


@pytest.mark.parametrize("other", [
    ["c"], ["s"], ["a", "b"],
])
def test_a_second_place_of_another_shape_is_refused(other: list[str]) -> None:
    diagnostic = refused(beside(item(dense(4), input_frames=["a"]), item(input_frames=other)))
    assert diagnostic.pointer == "/network/branches/1"


@pytest.mark.parametrize(("network", "pointer"), [
    (item(input_frames=["a"]), "/network/name"),
    (chain(item(dense(3)), {**item(), "name": "itme"}, input_frames=["a"]),
     "/network/factories/1/name"),
    (chain(item(), item(dense(3)), input_frames=["a"]), "/network/factories/0/name"),
    (chain(item(dense(3)), item(dense(3)), input_frames=["a"]), "/network/factories/1/name"),
    (item(chain(dense(3), item()), input_frames=["a"]), "/network/network/factories/1/name"),
])
def test_names_are_given_once_and_first(network: Json, pointer: str) -> None:
    graph, found = resolved(network)
    assert [(entry.code, entry.pointer) for entry in found] == [("SC208", pointer)]
    assert trace(graph.network, FRAMES, 1, graph.holes)[1] == (), "told once"


def test_a_misspelt_name_is_mended() -> None:
    network = chain(item(dense(3)), {**item(), "name": "itme"}, input_frames=["a"])
    assert resolved(network)[1][0].fix == (
        {"op": "replace", "path": "/network/factories/1/name", "value": "item"},)


def test_definitions_are_found_wherever_they_stand() -> None:
    assert set(definitions(resolved(TWO_PLACES)[0].network)) == {"item"}


def test_deep_nesting_takes_no_longer_than_it_is_deep() -> None:
    """Rules that ask again for the shape of a part must not double the work of each level."""
    network: Json = dense(3)
    for _ in range(40):
        network = around(network)
    assert output_of({**network, "input_frames": ["a"]}) == (BATCH, 3)
