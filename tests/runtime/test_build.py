"""Networks built from a plan: names, seeds, state."""

from __future__ import annotations

from typing import Any

import pandas as pd
import torch
from specc.compiler.network.tree import extractions
from specc.compiler.stages import Plan
from specc.runtime.batches import layout_of
from specc.runtime.build import Network, build_network
from specc.runtime.session import load_plan_frames, open_session

import specc

CPU = torch.device("cpu")
LINEAR = {"type": "torch.nn:Linear", "out_features": 3}


def plan_of(*factories: dict[str, Any], seed: int = 0, frames: tuple[str, ...] = ("x",)) -> Plan:
    index = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0],
                          "y": [0.0, 1.0, 0.5, 2.0], "split": "train"})
    spec = {
        "specc": 1, "seed": seed,
        "extractors": {"label": {"type": "plain", "take_columns": ["y"]},
                       "x": {"type": "plain", "take_columns": ["a", "b"]},
                       "z": {"type": "plain", "take_columns": ["b"]}},
        "network": {"type": "feed_forward", "input_frames": list(frames),
                    "factories": list(factories)},
        "loss": {"type": "torch.nn:MSELoss"}, "training": {"batch_size": 4},
    }
    compiled = specc.compile(spec, {"index": index})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def built(plan: Plan) -> Network:
    frames = load_plan_frames(plan, CPU)
    layouts = {pointer: layout_of([frames[name] for name in names])
               for pointer, names in extractions(plan.graph.network)}
    return build_network(plan, layouts, CPU)


def test_state_is_named_by_pointer() -> None:
    state = built(plan_of(LINEAR, {"type": "torch.nn:BatchNorm1d"}, {"type": "torch.nn:ReLU"},
                          {"type": "output"})).state()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == {
        "/network/factories/0:weight": (3, 2), "/network/factories/0:bias": (3,),
        "/network/factories/1:weight": (3,), "/network/factories/1:bias": (3,),
        "/network/factories/1:running_mean": (3,), "/network/factories/1:running_var": (3,),
        "/network/factories/1:num_batches_tracked": (),
        "/network/factories/3:linear.weight": (1, 3), "/network/factories/3:linear.bias": (1,),
    }


def test_state_is_that_of_the_module() -> None:
    network = built(plan_of(LINEAR, {"type": "output"}))
    whole = [tensor for _, tensor in sorted(network.module.state_dict().items())]
    named = list(network.state().values())
    assert sum(tensor.numel() for tensor in whole) == sum(tensor.numel() for tensor in named)
    assert not any(tensor.requires_grad for tensor in named)


def test_t3_weights_follow_the_seed() -> None:
    first, same, other = (built(plan_of(LINEAR, {"type": "output"}, seed=seed)).state()
                          for seed in (1, 1, 2))
    for name, weight in first.items():
        assert torch.equal(weight, same[name])
        assert not torch.equal(weight, other[name])


def test_weights_of_a_node_stay_when_another_is_added() -> None:
    """Every node draws from a stream of its own, named by its pointer."""
    short = built(plan_of(LINEAR, LINEAR, {"type": "output"})).state()
    longer = built(plan_of(LINEAR, LINEAR, LINEAR, {"type": "output"})).state()
    wider = built(plan_of(LINEAR, {"type": "feed_forward", "factories": [LINEAR, LINEAR]},
                          {"type": "output"})).state()
    for name in ("/network/factories/0:weight", "/network/factories/0:bias"):
        assert torch.equal(short[name], longer[name]) and torch.equal(short[name], wider[name])
    assert torch.equal(short["/network/factories/1:weight"], longer["/network/factories/1:weight"])
    assert torch.equal(short["/network/factories/2:linear.weight"],
                       wider["/network/factories/2:linear.weight"])


def test_equal_nodes_in_two_places_differ() -> None:
    state = built(plan_of({**LINEAR, "out_features": 2}, {**LINEAR, "out_features": 2},
                          {"type": "output"})).state()
    assert not torch.equal(state["/network/factories/0:weight"],
                           state["/network/factories/1:weight"])


def test_building_leaves_the_global_stream_alone() -> None:
    plan = plan_of(LINEAR, {"type": "output"})
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    built(plan)
    assert torch.equal(torch.rand(3), wanted)


def test_frames_come_in_the_order_of_the_spec() -> None:
    outputs = []
    for frames in (("x", "z"), ("z", "x")):
        session = open_session(plan_of({"type": "output"}, frames=frames), CPU)
        batch = next(session.evaluation.of(torch.arange(4)))
        outputs.append(batch.inputs["/network/input_frames"].clone())
    assert torch.equal(outputs[0][:, [2, 0, 1]], outputs[1])
