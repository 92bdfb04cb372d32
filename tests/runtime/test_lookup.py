"""Wide one-hot columns as codes: the same function, the same training, the same file.

Not checked here: that it is quicker, which benchmarks/ measures.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from specc.compiler.network import lookups
from specc.compiler.planning.plan_text import plan_text
from specc.runtime.lookup import CodedInput, Layout, LookupLinear, replace_first_linear
from specc.runtime.rehearse import rehearse
from specc.schema.networks.modules.residual_block import ResidualBlock
from torch import nn

import specc

CLOSE = {"rtol": 0.0, "atol": 1e-6}


def one_hot(codes: torch.Tensor, widths: list[int]) -> torch.Tensor:
    """Codes within each column `(rows, columns)` as `(rows, sum of widths)`."""
    return torch.cat([nn.functional.one_hot(codes[:, place].long(), width).float()
                      for place, width in enumerate(widths)], dim=1)


class Case:
    """A drawn layout with one batch in both forms."""

    def __init__(self, dense: int, widths: list[int], rows: int, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        width = dense + sum(widths)
        places = torch.randperm(width, generator=self.generator).tolist()
        self.layout = Layout(tuple(places[:dense]), tuple(places[dense:]), len(widths))
        numbers = torch.randn(rows, dense, generator=self.generator)
        codes = torch.stack([torch.randint(0, width, (rows,), generator=self.generator)
                             for width in widths], dim=1)
        offsets = torch.tensor([sum(widths[:place]) for place in range(len(widths))])
        self.coded = CodedInput(numbers, (codes + offsets).int())
        self.plain = torch.empty(rows, width)
        self.plain[:, list(self.layout.dense)] = numbers
        self.plain[:, list(self.layout.codes)] = one_hot(codes, widths)


cases = st.builds(Case, st.integers(0, 4), st.lists(st.integers(1, 6), min_size=1, max_size=3),
                  st.integers(1, 5), st.integers(0, 1000))


@settings(deadline=None, max_examples=40)
@given(case=cases, bias=st.booleans(), out=st.integers(1, 3),
       optimizer=st.sampled_from(["SGD", "Adam", "Adagrad", "RMSprop"]))
def test_same_outputs_same_step_same_state(case: Case, bias: bool, out: int,
                                           optimizer: str) -> None:
    linear = nn.Linear(case.plain.shape[1], out, bias=bias)
    looked_up = LookupLinear(copy.deepcopy(linear), case.layout)
    torch.testing.assert_close(looked_up.linear_weight(), linear.weight.detach(), rtol=0, atol=0)
    outputs = []
    for layer, batch in ((linear, case.plain), (looked_up, case.coded)):
        step = getattr(torch.optim, optimizer)(layer.parameters(), lr=0.1)
        outputs.append(layer(batch))
        outputs[-1].square().sum().backward()
        step.step()
    torch.testing.assert_close(outputs[0], outputs[1], **CLOSE)
    # The root of a tiny square is steep, so adaptive steps differ a little more.
    near = CLOSE if optimizer == "SGD" else {"rtol": 0.0, "atol": 1e-3}
    torch.testing.assert_close(looked_up.linear_weight(), linear.weight.detach(), **near)
    if bias:
        torch.testing.assert_close(looked_up.bias, linear.bias, **near)


def test_first_linear_layer_is_replaced_in_place() -> None:
    layout = Layout((0,), (1, 2), 1)
    assert isinstance(replace_first_linear(nn.Linear(3, 2), layout), LookupLinear)
    chain = nn.Sequential(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), nn.Linear(2, 2))
    assert replace_first_linear(chain, layout) is chain
    assert isinstance(chain[0][0], LookupLinear) and type(chain[1]) is nn.Linear


def test_residual_block_that_comes_first_looks_up_twice() -> None:
    block = ResidualBlock(nn.Sequential(nn.Linear(3, 2), nn.Tanh()), nn.Linear(3, 2, bias=False))
    plain = copy.deepcopy(block)
    chain = replace_first_linear(nn.Sequential(block, nn.Linear(2, 2)), Layout((0,), (1, 2), 1))
    coded = CodedInput(torch.tensor([[0.5], [2.0]]), torch.tensor([[1], [0]], dtype=torch.int32))
    dense = torch.tensor([[0.5, 0.0, 1.0], [2.0, 1.0, 0.0]])
    assert isinstance(block.shortcut, LookupLinear) and type(chain[1]) is nn.Linear
    torch.testing.assert_close(block(coded), plain(dense), **CLOSE)


# A bundle with a column of 1,000 values

VALUES, ROWS = 1_000, 1_500


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(0)
    word = np.concatenate([np.arange(VALUES), rng.integers(0, VALUES, ROWS - VALUES)])
    y = (word % 2 == 0).astype(int)
    return {
        "index": pd.DataFrame({
            "word": [f"w{number}" for number in word], "y": y, "town": rng.integers(0, 9, ROWS),
            "split": np.where(np.arange(ROWS) % 10 == 0, "test", "train")}),
        "towns": pd.DataFrame({"town": range(8), "size": range(8)}).set_index("town"),
    }


def spec(**parts: Any) -> dict[str, Any]:
    return {
        "specc": 1, "name": "words",
        "extractors": {
            "label": {"type": "plain", "take_columns": ["y"]},
            "town": {"type": "plain", "joins": [{"frame": "towns", "on": "town"}],
                     "transformer": {"type": "auto"}},
            "word": {"type": "plain", "take_columns": ["word", "town"],
                     "transformer": {"type": "categorical", "max_values": 2_000}},
        },
        "network": {"type": "fully_connected", "sizes": [8, 1],
                    "input_frames": ["town", "word"]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "optimizer": {"type": "torch.optim:Adam", "lr": 0.02},
        "metrics": [{"type": "sklearn.metrics:roc_auc_score"}],
        "training": {"epochs": 6, "batch_size": 64, "device": "cpu"}, **parts,
    }


def test_plan_chooses_codes_and_says_so(frames: dict[str, pd.DataFrame]) -> None:
    plan = specc.compile(spec(), frames).plan
    assert plan is not None
    # The column `town` is narrow and stays dense.
    assert plan.shaped.fitted.extractors["word"].codes == {"word"}
    encoding = {entry["name"]: entry["encoding"]
                for entry in plan.description["data"]["extractors"]}["word"]
    assert "codes for word" in encoding and "town" not in encoding
    assert "codes for word" in plan_text(plan.description)


def test_codes_train_to_the_same_network_as_the_dense_form(
        frames: dict[str, pd.DataFrame], monkeypatch, tmp_path) -> None:
    coded = specc.run(spec(), frames, out=tmp_path)
    monkeypatch.setattr(lookups, "LOOKUP_FROM", 10**9)
    dense = specc.run(spec(), frames, out=tmp_path)
    assert coded.run is not None and dense.run is not None, (str(coded), str(dense))
    assert dense.run.plan.shaped.fitted.extractors["word"].codes == frozenset()
    first = load_file(coded.folder / "model" / "weights.safetensors")
    second = load_file(dense.folder / "model" / "weights.safetensors")
    assert {name: tuple(weight.shape) for name, weight in first.items()} == {
        name: tuple(weight.shape) for name, weight in second.items()}
    assert set(first) == {f"/network:linear_{place}.{kind}" for place in (0, 1)
                          for kind in ("weight", "bias")}
    for name, weight in first.items():
        torch.testing.assert_close(weight, second[name], rtol=0, atol=1e-3)
    np.testing.assert_allclose(coded.predictions["predicted"], dense.predictions["predicted"],
                               atol=1e-3)
    assert coded.metrics["train"]["roc_auc_score"] > 0.9


@pytest.mark.parametrize("network", [
    {"type": "output"},
    {"type": "feed_forward", "factories": [{"type": "torch.nn:Linear", "out_features": 3},
                                           {"type": "output"}]},
    {"type": "fully_connected", "sizes": [4, 4, 3, 1], "residual": True,
     "normalization": "rms_norm"},
    {"type": "feed_forward", "factories": [
        {"type": "resnet", "width": 4, "normalization": "layer_norm"}, {"type": "output"}]},
])
def test_equal_weights_give_equal_outputs(frames: dict[str, pd.DataFrame], network: dict[str, Any],
                                          monkeypatch, tmp_path) -> None:
    """Before a step of training both forms are the same function of the same weights."""
    still = spec(network={**network, "input_frames": ["word", "town"]},
                 optimizer={"type": "torch.optim:SGD", "lr": 0.0},
                 training={"epochs": 1, "batch_size": 500, "device": "cpu"})
    coded = specc.run(still, frames, out=tmp_path)
    monkeypatch.setattr(lookups, "LOOKUP_FROM", 10**9)
    dense = specc.run(still, frames, out=tmp_path)
    first = load_file(coded.folder / "model" / "weights.safetensors")
    second = load_file(dense.folder / "model" / "weights.safetensors")
    for name, weight in first.items():
        torch.testing.assert_close(weight, second[name], rtol=0, atol=0)
    np.testing.assert_allclose(coded.predictions["predicted"], dense.predictions["predicted"],
                               atol=1e-6)


def test_rehearsal_takes_codes(frames: dict[str, pd.DataFrame]) -> None:
    plan = specc.compile(spec(), frames).plan
    assert plan is not None and rehearse(plan) == ()
