"""Our own losses against scikit-learn and against what they are for.

Not checked here: that they train in the loop, which test_vocabulary.py tries.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_pinball_loss
from specc.compiler.stages import Node
from specc.runtime.constructors import build_loss

CPU = torch.device("cpu")


@given(levels=st.lists(st.floats(0.01, 0.99), min_size=1, max_size=4), columns=st.integers(1, 3),
       rows=st.integers(1, 5), seed=st.integers(0, 99))
def test_quantile_is_the_mean_of_pinball_losses(levels: list[float], columns: int, rows: int,
                                                seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = rng.normal(size=(rows, columns)).astype(np.float32)
    output = rng.normal(size=(rows, columns, len(levels))).astype(np.float32)
    wanted = np.mean([mean_pinball_loss(label[:, column], output[:, column, place], alpha=level)
                      for column in range(columns) for place, level in enumerate(levels)])
    given_ = torch.from_numpy(output.reshape(rows, -1)), torch.from_numpy(label)
    values = {reduction: build_loss(Node("/loss", "quantile", {
        "quantiles": levels, "reduction": reduction}), CPU)(*given_)
        for reduction in ("mean", "sum", "none")}
    assert float(values["mean"]) == pytest.approx(wanted, abs=1e-5)
    assert float(values["sum"]) == pytest.approx(wanted * output.size, abs=1e-4)
    assert values["none"].shape == output.shape


def test_the_quantile_has_the_smallest_loss() -> None:
    label = torch.arange(101.0).unsqueeze(1)
    loss = build_loss(Node("/loss", "quantile", {"quantiles": [0.3], "reduction": "mean"}), CPU)
    costs = [float(loss(torch.full((101, 1), float(value)), label)) for value in range(101)]
    assert int(np.argmin(costs)) == 30
