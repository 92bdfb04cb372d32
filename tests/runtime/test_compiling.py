"""Training steps that run a compiled network.

Not checked here: how fast they are, and devices other than the CPU.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torch._inductor.config
from specc.runtime import compiling, loop
from specc.runtime.progress import Silent
from specc.runtime.session import Session, open_session
from torch._dynamo.exc import BackendCompilerFailed
from torch._dynamo.utils import counters

import specc

CPU = torch.device("cpu")
ROWS = 90
RNG = np.random.default_rng(9)
A = RNG.normal(size=ROWS)
INDEX = pd.DataFrame({"a": A, "b": RNG.normal(size=ROWS), "late": (A > 0.2).astype(int),
                      "word": RNG.choice([f"w{place}" for place in range(5)], ROWS),
                      "split": ["train"] * 70 + ["test"] * 20})
EQUAL = ("metrics.json", "predictions.parquet", "model/weights.safetensors")


def spec_of(compile: bool, **training: Any) -> dict[str, Any]:
    """Batches of 20, 20, 20 and 10; dropout draws numbers, batch normalization has statistics."""
    return {
        "specc": 1, "name": "compiled",
        "extractors": {"label": {"type": "plain", "take_columns": ["late"]},
                       "x": {"type": "plain", "take_columns": ["a", "b", "word"],
                             "transformer": {"type": "auto"}}},
        "network": {"type": "fully_connected", "sizes": [6, 1], "input_frames": ["x"],
                    "normalization": "batch_norm", "dropout": 0.2},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        # Adam would make steps of a gradient that is 0 but for rounding.
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.05, "momentum": 0.9},
        "training": {"epochs": 3, "batch_size": 20, "device": "cpu", "compile": compile,
                     **training},
    }


class Pressed(Silent):
    """Presses Ctrl-C after so many steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def batch(self, epoch: int, rows: int, loss: float) -> None:
        self.left -= 1
        if not self.left:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.slow
def test_a_compiled_run_is_nearly_the_same_and_goes_on(tmp_path: Path) -> None:
    index = tmp_path / "bundle"
    index.mkdir()
    INDEX.to_parquet(index / "index.parquet")
    plain = specc.run(spec_of(False), index, out=tmp_path / "plain")
    counters.clear()
    whole = specc.run(spec_of(True), index, out=tmp_path / "whole")
    assert plain.run is not None and whole.run is not None, str(whole)
    # A whole batch is all of its buffer and a shorter one is not: hence two.
    assert counters["stats"]["unique_graphs"] == 2
    for column in ("loss_train", "loss_test"):
        assert plain.history[column].tolist() == pytest.approx(
            whole.history[column].tolist(), rel=1e-4)
    assert specc.load(whole.folder).evaluate(index) == whole.metrics
    # The last batch of the second epoch is the first that the rest of the run sees.
    cut = specc.run(spec_of(True), index, out=tmp_path / "cut", progress=lambda _: Pressed(7))
    assert cut.interrupted
    (folder,) = (tmp_path / "cut").iterdir()
    assert specc.resume(folder).run is not None
    for name in EQUAL:
        assert (folder / name).read_bytes() == (whole.folder / name).read_bytes(), name


def test_compiling_leaves_the_session_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same without the C++ compiler, which takes most of the time."""
    compile = torch.compile
    monkeypatch.setattr(compiling.torch, "compile", lambda module, dynamic, options: compile(
        module, dynamic=dynamic, backend="aot_eager"))

    def opened(compile: bool) -> Session:
        compiled = specc.compile(
            spec_of(compile, mini_batch_size=8, precision="bfloat16",
                    weight_average={"decay": 0.5}), {"index": INDEX})
        assert compiled.plan is not None, str(compiled)
        return open_session(compiled.plan, CPU)

    random = torch.get_rng_state()
    counters.clear()
    session, plain = opened(True), opened(False)
    assert torch.equal(torch.get_rng_state(), random)
    assert session.computing.network is not session.module
    for name, tensor in session.module.state_dict().items():
        assert torch.equal(tensor, plain.module.state_dict()[name]), name
    assert all(weight.grad is None for weight in session.module.parameters())
    # Mini-batches of 8, 4 and 2 rows share one program, and none is made during training.
    assert counters["stats"]["unique_graphs"] == 1
    history, _ = loop.train(session, Silent(), lambda row: None)
    assert counters["stats"]["unique_graphs"] == 1
    wanted, _ = loop.train(plain, Silent(), lambda row: None)
    assert history.columns["loss_train"] == pytest.approx(wanted.columns["loss_train"], rel=0.05)


def refused(result: specc.RunResult, out: Path) -> str:
    (found,) = (one for one in result.diagnostics if one.is_error)
    assert (found.code, found.pointer) == ("SC523", "/training/compile")
    assert found.help is not None and "leave" in found.help
    assert not out.exists() or not list(out.iterdir())
    return found.message


def test_a_compiler_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        def network(batch: Any) -> Any:
            raise RuntimeError("InductorError: the toolchain is\nnot here")

        return network

    monkeypatch.setattr(compiling.torch, "compile", broken)
    result = specc.run(spec_of(True), {"index": INDEX}, out=tmp_path / "runs")
    message = refused(result, tmp_path / "runs")
    assert "the toolchain is" in message and "not here" not in message


def test_a_missing_compiler_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch._inductor.config.cpp, "cxx", (None, str(tmp_path / "nowhere")))
    result = specc.run(spec_of(True), {"index": INDEX}, out=tmp_path / "runs")
    assert "C++ compiler" in refused(result, tmp_path / "runs")


def test_a_compiler_that_fails_amid_a_run_is_told(monkeypatch: pytest.MonkeyPatch,
                                                  tmp_path: Path) -> None:
    def broken(*_: Any) -> Any:
        raise BackendCompilerFailed(str, RuntimeError("no room is left"), None)

    monkeypatch.setattr(loop, "run_step", broken)
    result = specc.run(spec_of(False), {"index": INDEX}, out=tmp_path)
    (found,) = (one for one in result.diagnostics if one.is_error)
    assert found.code == "SC523" and "no room is left" in found.message

    def unlike(*_: Any) -> Any:
        raise RuntimeError("not of the compiler")

    monkeypatch.setattr(loop, "run_step", unlike)
    with pytest.raises(RuntimeError, match="not of the compiler"):
        specc.run(spec_of(False), {"index": INDEX}, out=tmp_path)


def test_a_plan_says_that_it_compiles() -> None:
    compiled = specc.compile(spec_of(True), {"index": INDEX})
    assert compiled.plan is not None and compiled.plan.description["training"]["compile"] is True
