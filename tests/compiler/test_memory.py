"""The bytes that a plan takes, against what a run allocates; and the bytes there are.

Not checked here: how well the estimate of the activations meets a real backward pass.
"""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from specc.compiler.diagnostics.diagnostic import Diagnostic
from specc.compiler.planning import available, memory
from specc.compiler.stages import ShapedNode
from specc.runtime.device import choose_device
from specc.runtime.loop import run_step
from specc.runtime.session import open_session

import specc

Json = dict[str, Any]


def _only(result: specc.Validation) -> Diagnostic:
    (found,) = (found for found in result.diagnostics if found.is_error)
    return found


@pytest.mark.parametrize("optimizer", [
    {"type": "torch.optim:SGD", "lr": 0.1},
    {"type": "torch.optim:SGD", "lr": 0.1, "momentum": 0.9},
    {"type": "torch.optim:AdamW"},
    {"type": "torch.optim:RMSprop", "momentum": 0.5},
    {"type": "torch.optim:Adagrad"},
], ids=lambda optimizer: f"{optimizer['type']} {len(optimizer)}")
def test_counts_are_what_a_run_allocates(spec: Json, bundle: Path, optimizer: Json) -> None:
    spec["optimizer"] = optimizer
    plan = specc.compile(spec, bundle).plan
    assert plan is not None
    device = choose_device("cpu")
    assert device is not None
    session = open_session(plan, device)
    run_step(session, next(session.training.of(_first(plan.training_rows))))
    weights = list(session.module.parameters())
    state = [value for one in session.optimizer.state.values() for name, value in one.items()
             if name != "step" and hasattr(value, "nbytes")]
    frames = session.frames.values()
    assert plan.memory.weights == sum(weight.nbytes for weight in weights)
    assert plan.memory.gradients == sum(weight.grad.nbytes for weight in weights
                                        if weight.grad is not None)
    assert plan.memory.optimizer == sum(value.nbytes for value in state)
    assert plan.memory.data == sum(
        frame.dense.nbytes + frame.codes.nbytes + frame.positions.nbytes for frame in frames)


def _first(rows: int) -> Any:
    import torch

    return torch.arange(rows)


def test_activations_follow_widths_and_batch() -> None:
    nodes = (
        ShapedNode("/network/input_frames", "extraction", (), ("batch", 7), {}, 0),
        ShapedNode("/network", "fully_connected", ("batch", 7), ("batch", 1),
                   {"a.weight": (50, 7), "a.bias": (50,), "b.weight": (1, 50)}, 0),
    )
    # Seven inputs, 50 hidden values and one output a sample, each with its gradient.
    assert memory.activation_bytes(nodes, 10) == (7 + 51) * 10 * 4 * 2


@pytest.mark.parametrize("sizes", [[1_000_000, 1_000_000, 1], [1_000_000] * 100 + [1]])
def test_a_network_that_cannot_fit_allocates_nothing(spec: Json, bundle: Path,
                                                     sizes: list[int]) -> None:
    assert specc.compile(spec, bundle).plan is not None  # lazy imports, once
    spec["network"]["sizes"] = sizes
    tracemalloc.start()
    begin = time.perf_counter()
    try:
        found = _only(specc.validate(spec, bundle))
        seconds, peak = time.perf_counter() - begin, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (found.code, found.pointer) == ("SC405", "/network")
    assert "TiB" in found.message
    assert peak < 20_000_000
    assert seconds < 3  # tracing and a busy machine; 0.05 s alone


def test_nothing_is_allocated_without_a_bundle(spec: Json) -> None:
    spec["network"]["sizes"] = [1_000_000] * 999 + [1]
    specc.validate(spec)
    tracemalloc.start()
    try:
        assert specc.validate(spec).ok
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_memory_that_is_just_enough(spec: Json, bundle: Path,
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    plan = specc.compile(spec, bundle).plan
    assert plan is not None
    needed = sum(plan.description["memory"].values())
    for there, codes in ((needed, []), (needed - 1, ["SC405"]), (None, [])):
        monkeypatch.setattr(memory, "available_memory", lambda there=there: there)
        assert [found.code for found in specc.validate(spec, bundle).diagnostics] == codes


@pytest.mark.parametrize(("change", "pointer"), [
    ({"sizes": [512, 1]}, "/network"),
    ({"sizes": [1]}, "/extractors/order"),
])
def test_what_takes_the_most_is_named(spec: Json, bundle: Path, change: Json, pointer: str,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 10)
    spec["network"] |= change
    spec["training"]["batch_size"] = 2
    found = _only(specc.validate(spec, bundle))
    assert (found.code, found.pointer) == ("SC405", pointer)


def test_a_large_batch_is_named(spec: Json, bundle: Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 10)
    spec["network"]["sizes"] = [8, 1]
    spec["training"]["batch_size"] = 10
    spec["optimizer"]["momentum"] = 0.0
    assert _only(specc.validate(spec, bundle)).pointer == "/training/batch_size"


# What there is


def test_this_machine_has_memory() -> None:
    there = memory.available_memory()
    assert there is None or 10**6 < there < 10**14


def test_meminfo() -> None:
    assert available._meminfo("MemTotal: 9 kB\nMemAvailable:   3 kB\nHugePages_Total: 0\n") == 3072


@pytest.mark.parametrize(("files", "membership", "left"), [
    ({"a/memory.max": "100", "a/memory.current": "60",
      "a/memory.stat": "anon 1\ninactive_file 5\nactive_file 2\n", "memory.max": "max",
      "memory.current": "70"}, "0::/a/b\n", [47]),
    ({"a/memory.max": "100", "a/memory.current": "60", "memory.max": "90",
      "memory.current": "80"}, "0::/a\n", [40, 10]),
    ({"memory/j/memory.limit_in_bytes": "50", "memory/j/memory.usage_in_bytes": "20"},
     "9:name=systemd:/\n4:memory:/j\n0::/\n", [30]),
    ({"memory.max": "max"}, "0::/\n", []),
    ({}, "", []),
])
def test_control_groups(files: dict[str, str], membership: str, left: list[int],
                        tmp_path: Path) -> None:
    for name, text in {**files, "cgroup": membership}.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text, encoding="ascii")
    assert available._control_groups(tmp_path / "root" / "cgroup", tmp_path / "root") == left


def test_show_bytes() -> None:
    assert [memory.show_bytes(size) for size in (0, 1023, 1024, 1536 * 1024, 2**70 * 5)] == [
        "0 B", "1023 B", "1.0 KiB", "1.5 MiB", "5120.0 EiB"]
