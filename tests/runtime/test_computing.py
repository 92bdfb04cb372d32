"""Precision of training steps.

Not checked here: that such runs go on (test_checkpoints.py), and devices other than the CPU.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from specc.compiler.stages import Plan
from specc.runtime import computing, loop
from specc.runtime.computing import no_precision
from specc.runtime.progress import Silent
from specc.runtime.rehearse import rehearse
from specc.runtime.session import Session, open_session

import specc

CPU = torch.device("cpu")
LOWER = ("bfloat16", "float16")
ROWS = 120
RNG = np.random.default_rng(5)
A = RNG.normal(size=ROWS)
INDEX = pd.DataFrame({
    "a": A, "b": RNG.normal(size=ROWS), "late": (A + 0.3 * RNG.normal(size=ROWS) > 0).astype(int),
    "much": 3 * A + 1,
    "split": ["train"] * 90 + ["test"] * 30,
})


def spec_of(precision: str, **training: Any) -> dict[str, Any]:
    return {
        "specc": 1, "name": "lower",
        "extractors": {"label": {"type": "plain", "take_columns": ["late"]},
                       "x": {"type": "plain", "take_columns": ["a", "b"],
                             "transformer": {"type": "auto"}}},
        "network": {"type": "fully_connected", "sizes": [8, 1], "input_frames": ["x"],
                    "normalization": "batch_norm", "dropout": 0.1},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": {"type": "torch.optim:SGD", "lr": 0.2, "momentum": 0.9},
        "metrics": [{"type": "sklearn.metrics:roc_auc_score"}],
        "training": {"epochs": 4, "batch_size": 20, "device": "cpu", "precision": precision,
                     **training},
    }


def plan_of(document: dict[str, Any]) -> Plan:
    compiled = specc.compile(document, {"index": INDEX})
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def session_of(precision: str, **training: Any) -> Session:
    return open_session(plan_of(spec_of(precision, **training)), CPU)


def weights(session: Session) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in session.module.parameters()])


def losses(session: Session) -> list[Any]:
    history, _ = loop.train(session, Silent(), lambda row: None)
    return list(history.columns["loss_train"])


def scaled_by(session: Session, scale: float) -> Session:
    """The same session; its losses are scaled by so much, if at all."""
    scaler = session.computing.scaler
    if scaler is not None:
        scaler.load_state_dict({**scaler.state_dict(), "scale": scale})
    return session


@pytest.mark.parametrize("training", [{}, {"accumulate": 3, "gradient_clipping": 1.0}],
                         ids=["plain", "accumulated"])
@pytest.mark.parametrize("precision", LOWER)
def test_a_lower_precision_learns_nearly_the_same(precision: str, training: Any) -> None:
    whole = losses(session_of("float32", **training))
    lower = losses(scaled_by(session_of(precision, **training), 256.0))
    assert lower[-1] < 0.8 * lower[0]
    assert lower != whole
    assert lower == pytest.approx(whole, rel=0.1)


@pytest.mark.parametrize("precision", LOWER)
def test_a_step_computes_in_it_and_keeps_float32(precision: str) -> None:
    session = session_of(precision)
    seen: list[torch.dtype] = []
    for module in session.module.modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    batch = next(session.training.of(torch.arange(20)))
    output = session.computing.output(batch)
    assert isinstance(output, torch.Tensor) and output.dtype == torch.float32
    assert set(seen) == {getattr(torch, precision)}
    seen.clear()
    loop.evaluate_all(session, ["test"])
    assert set(seen) == {torch.float32}
    assert {weight.dtype for weight in session.module.parameters()} == {torch.float32}


def test_heads_come_out_in_float32() -> None:
    head = {"network": {"type": "output"}}
    document = spec_of("bfloat16")
    document["optimizer"]["lr"] = 0.01
    document["extractors"]["much"] = {"type": "plain", "take_columns": ["much"]}
    del document["loss"], document["metrics"]
    document["network"] = {"type": "fully_connected", "sizes": [4], "input_frames": ["x"]}
    document["heads"] = {
        "late": {**head, "label": "label", "loss": {"type": "torch.nn:BCEWithLogitsLoss"}},
        "much": {**head, "label": "much", "loss": {"type": "torch.nn:MSELoss"}}}
    session = open_session(plan_of(document), CPU)
    output = session.computing.output(next(session.training.of(torch.arange(20))))
    assert isinstance(output, dict)
    assert {part.dtype for part in output.values()} == {torch.float32}
    told = losses(session)
    assert told[-1] < told[0]


def test_a_step_that_overflows_is_left_out() -> None:
    session = scaled_by(session_of("float16"), 2.0**40)
    scaler, before = session.computing.scaler, weights(session)
    assert scaler is not None
    row = loop.run_epoch(session, 1, Silent())
    assert torch.equal(weights(session), before) and np.isfinite(row["loss_train"])
    assert scaler.get_scale() < 2.0**40
    loop.run_epoch(scaled_by(session, 256.0), 2, Silent())
    assert torch.isfinite(weights(session)).all() and not torch.equal(weights(session), before)


def test_scaling_changes_no_gradient_but_by_rounding() -> None:
    """Clipped or not, the optimizer sees gradients in their own size."""
    def first_step(precision: str, **training: Any) -> torch.Tensor:
        session = scaled_by(session_of(precision, max_steps=1, **training), 256.0)
        before = weights(session)
        losses(session)
        return before - weights(session)

    for training in ({}, {"gradient_clipping": 0.01}, {"accumulate": 3}):
        torch.testing.assert_close(first_step("float16", **training),
                                   first_step("float32", **training), rtol=0.05, atol=2e-3)


@pytest.mark.parametrize("precision", LOWER)
def test_what_is_measured_does_not_depend_on_precision_or_batches(precision: str,
                                                                  tmp_path: Path) -> None:
    result = specc.run(spec_of(precision), {"index": INDEX}, out=tmp_path)
    assert result.run is not None, str(result)
    model = specc.load(result.folder)
    assert model.evaluate({"index": INDEX}) == result.metrics
    wanted = result.predictions["predicted"].to_numpy()
    for rows in (None, 128):
        got = model.prediction({"index": INDEX}, batch_size=rows).table
        assert got is not None
        assert got["predicted"].to_numpy().tobytes() == wanted.tobytes()
    about = json.loads((result.folder / "plan.json").read_text())
    assert about["training"]["precision"] == precision


def test_a_precision_that_the_device_has_not_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(spec_of("bfloat16"))
    assert no_precision(plan, CPU) is None
    # A dtype for which torch has no casts on the CPU: it warns, and casts nothing.
    monkeypatch.setitem(computing._LOWER, "bfloat16", torch.float64)
    (found,) = rehearse(plan)
    assert (found.code, found.pointer) == ("SC412", "/training/precision")

    def refuse(*_: Any) -> Any:
        raise RuntimeError("Current CUDA Device does not support bfloat16.\nmore")

    monkeypatch.setattr(torch, "autocast", refuse)
    found = no_precision(plan, CPU)
    assert found is not None and found.code == "SC412" and "CUDA" in found.message
    assert no_precision(plan_of(spec_of("float32")), CPU) is None


def test_the_rehearsal_takes_its_step_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What torch cannot do in a precision is found before the run, at its node."""
    plan = plan_of(spec_of("bfloat16"))

    def linear(x: torch.Tensor, *_: Any) -> torch.Tensor:
        if torch.is_autocast_enabled("cpu"):
            raise RuntimeError("not implemented for 'BFloat16'")
        return x.new_zeros(len(x), 1)

    monkeypatch.setattr(torch.nn.Linear, "forward", lambda self, x: linear(x))
    (found,) = rehearse(plan)
    assert found.code == "SC310" and "BFloat16" in found.message
    assert found.pointer is not None and found.pointer.startswith("/network")


def test_a_refused_precision_writes_nothing(monkeypatch: pytest.MonkeyPatch,
                                            tmp_path: Path) -> None:
    monkeypatch.setitem(computing._LOWER, "float16", torch.float64)
    result = specc.run(spec_of("float16"), {"index": INDEX}, out=tmp_path)
    assert [one.code for one in result.diagnostics if one.is_error] == ["SC412"]
    assert not list(tmp_path.iterdir())


def test_activations_of_a_lower_precision_take_half() -> None:
    memory = [plan_of(spec_of(precision)).description["memory"]
              for precision in ("float32", *LOWER)]
    assert [2 * part["activations"] for part in memory[1:]] == [memory[0]["activations"]] * 2
    assert memory[0]["weights"] == memory[1]["weights"]
