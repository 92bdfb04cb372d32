"""Batches gathered from encoded frames, against a wide table joined by pandas.

Not checked here: how each transformer encodes; the expected values come from the fitted
transformers themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specc.compiler.network import lookups
from specc.compiler.network.tree import extractions
from specc.compiler.stages import Plan
from specc.runtime.batches import Batches, LabelSource, layout_of
from specc.runtime.frames import DeviceFrame
from specc.runtime.lookup import CodedInput
from specc.runtime.session import load_plan_frames, reads_class_numbers

import specc

CPU = torch.device("cpu")


def spec(frames: list[str]) -> dict[str, Any]:
    auto = {"type": "auto"}
    return {
        "specc": 1,
        "extractors": {
            "label": {"type": "plain", "take_columns": ["y"]},
            "own": {"type": "plain", "take_columns": ["number", "word"], "transformer": auto},
            "shop": {"type": "plain", "joins": [{"frame": "shops", "on": "shop"}],
                     "transformer": auto},
            "again": {"type": "plain", "joins": [{"frame": "shops", "on": "shop"}],
                      "transformer": auto},
            "city": {"type": "plain", "joins": [{"frame": "shops", "on": "shop"},
                                                {"frame": "cities", "on": "city"}],
                     "transformer": auto},
        },
        "network": {"type": "output", "input_frames": frames},
        "loss": {"type": "torch.nn:MSELoss"}, "training": {"batch_size": 4, "epochs": 1},
    }


@st.composite
def bundles(draw: st.DrawFn) -> dict[str, pd.DataFrame]:
    """Small frames with missing rows, null keys and duplicate samples."""
    rows = draw(st.integers(4, 12))
    number = st.sampled_from([0.0, 1.5, -2.0, None])
    index = pd.DataFrame({
        "number": pd.Series(draw(st.lists(number, min_size=rows, max_size=rows)), dtype="float64"),
        "word": pd.Series(draw(st.lists(st.sampled_from(["a", "b", None]), min_size=rows,
                                        max_size=rows)), dtype="str"),
        "shop": pd.Series(draw(st.lists(st.sampled_from([1, 2, 3, 9, None]), min_size=rows,
                                        max_size=rows)), dtype="Int64"),
        "y": np.arange(rows) / rows,
        "split": ["train", "train", "test"] + [draw(st.sampled_from(["train", "test", None]))
                                               for _ in range(rows - 3)],
    })
    shops = pd.DataFrame({
        "shop": [1, 2, 3], "area": draw(st.lists(number, min_size=3, max_size=3)),
        "city": draw(st.lists(st.sampled_from(["x", "y", "z", None]), min_size=3, max_size=3)),
    }).astype({"area": "float64", "city": "str"}).set_index("shop")
    cities = pd.DataFrame({"city": ["x", "y"], "people": [10, 20], "sunny": [True, False]})
    return {"index": index, "shops": shops, "cities": cities.set_index("city")}


def joined(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The samples with everything that they reach, as one wide table."""
    shops = frames["shops"].reset_index().astype({"shop": "Int64"})
    wide = frames["index"].merge(shops, on="shop", how="left")
    return wide.merge(frames["cities"].reset_index(), on="city", how="left")


def planned(frames: dict[str, pd.DataFrame], names: list[str]) -> Plan:
    compiled = specc.compile(spec(names), frames)
    assert compiled.plan is not None, str(compiled)
    return compiled.plan


def batches_of(plan: Plan, batch_size: int) -> tuple[Batches, dict[str, DeviceFrame]]:
    frames = load_plan_frames(plan, CPU)
    read = {pointer: [frames[name] for name in names]
            for pointer, names in extractions(plan.graph.network)}
    label = frames[plan.graph.label.name]
    return Batches(read, LabelSource(label, reads_class_numbers(plan)), batch_size), frames


def dense(plan: Plan, wide: pd.DataFrame, names: list[str]) -> np.ndarray:
    """The encoded columns of the wide table, side by side, for every sample."""
    import pyarrow as pa

    table = pa.Table.from_pandas(wide.iloc[plan.samples.rows], preserve_index=False)
    return np.concatenate([
        column.encode(table.column(column.column))
        for name in names for column in plan.shaped.fitted.extractors[name].columns
    ], axis=1)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(frames=bundles(), batch_size=st.integers(1, 6), names=st.permutations(
    ["own", "shop", "city", "again"]).flatmap(lambda order: st.integers(1, 4).map(
        lambda count: list(order[:count]))), seed=st.integers(0, 99))
def test_gather_is_the_joined_and_encoded_table(frames: dict[str, pd.DataFrame], batch_size: int,
                                                names: list[str], seed: int) -> None:
    plan = planned(frames, names)
    wanted = dense(plan, joined(frames), names)
    batches, _ = batches_of(plan, batch_size)
    # Any samples in any order, some twice, as priorities draw them.
    samples = torch.randint(0, len(plan.samples), (len(plan.samples) + 3,),
                            generator=torch.Generator().manual_seed(seed))
    start = 0
    for batch in batches.of(samples):
        chosen = samples[start:start + len(batch)].numpy()
        (given_input,) = batch.inputs.values()
        assert isinstance(given_input, torch.Tensor)
        np.testing.assert_array_equal(given_input.numpy(), wanted[chosen])
        rows = plan.samples.rows[chosen]
        np.testing.assert_array_equal(batch.label[:, 0].numpy(),
                                      frames["index"]["y"].to_numpy(np.float32)[rows])
        start += len(batch)
    assert start == len(samples)


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(frames=bundles(), batch_size=st.integers(1, 6),
       names=st.permutations(["own", "shop", "city"]))
def test_codes_are_the_joined_and_encoded_table(frames: dict[str, pd.DataFrame], batch_size: int,
                                                names: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookups, "LOOKUP_FROM", 0)
        patch.setattr(lookups, "LOOKUP_BLOCK", 1)
        plan = planned(frames, names)
    wanted = dense(plan, joined(frames), names)
    batches, loaded = batches_of(plan, batch_size)
    layout = layout_of([loaded[name] for name in names])
    assert layout.code_columns == 2  # `word` and `city`
    assert sorted([*layout.dense, *layout.codes]) == list(range(wanted.shape[1]))
    samples = torch.arange(len(plan.samples))
    start = 0
    for batch in batches.of(samples):
        (coded,) = batch.inputs.values()
        assert isinstance(coded, CodedInput)
        rebuilt = np.zeros((len(batch), wanted.shape[1]), dtype=np.float32)
        rebuilt[:, list(layout.dense)] = coded.dense.numpy()
        places = np.array(layout.codes)[coded.codes.numpy()]
        np.put_along_axis(rebuilt, places, 1, axis=1)
        np.testing.assert_array_equal(rebuilt, wanted[start:start + len(batch)])
        start += len(batch)


@pytest.fixture
def frames() -> dict[str, pd.DataFrame]:
    index = pd.DataFrame({
        "number": [1.0, None, 3.0, 1.0, 1.0], "word": ["a", "b", None, "a", "a"],
        "shop": [1, 2, 9, 1, 1], "y": [0.0, 1.0, 2.0, 3.0, 3.0], "split": ["train"] * 4 + ["test"]})
    shops = pd.DataFrame({"shop": [1, 2], "area": [1.0, 2.0], "city": ["x", "y"]})
    cities = pd.DataFrame({"city": ["x", "y"], "people": [10, 20]})
    return {"index": index, "shops": shops.set_index("shop"), "cities": cities.set_index("city")}


def test_equal_extractors_share_one_encoded_frame(frames: dict[str, pd.DataFrame]) -> None:
    plan = planned(frames, ["shop", "city", "again"])
    loaded = load_plan_frames(plan, CPU)
    assert loaded["shop"] is loaded["again"]
    assert loaded["shop"] is not loaded["city"]


def test_t4_duplicate_rows_are_samples_of_their_own(frames: dict[str, pd.DataFrame]) -> None:
    """Rows 0, 3 and 4 hold the same values, 3 and 4 with their label."""
    plan = planned(frames, ["own", "shop"])
    assert len(plan.samples) == 5 and plan.training_rows == 4
    batches, _ = batches_of(plan, 5)
    (batch,) = batches.of(torch.arange(5))
    (values,) = batch.inputs.values()
    assert isinstance(values, torch.Tensor)
    assert torch.equal(values[0], values[3]) and torch.equal(values[3], values[4])
    assert batch.label[:, 0].tolist() == [0, 1, 2, 3, 3]


def test_buffers_are_reused(frames: dict[str, pd.DataFrame]) -> None:
    batches, _ = batches_of(planned(frames, ["own"]), 2)
    inputs = [next(iter(batch.inputs.values())) for batch in batches.of(torch.arange(4))]
    assert len({values.data_ptr() for values in inputs if isinstance(values, torch.Tensor)}) == 1


def test_no_samples_are_no_batches(frames: dict[str, pd.DataFrame]) -> None:
    batches, _ = batches_of(planned(frames, ["own"]), 2)
    assert list(batches.of(torch.empty(0, dtype=torch.int64))) == []


def test_class_numbers_are_integers(frames: dict[str, pd.DataFrame]) -> None:
    document = spec(["shop"])
    document["extractors"]["label"]["transformer"] = {"type": "class_index"}
    document["loss"] = {"type": "torch.nn:CrossEntropyLoss"}
    plan = specc.compile(document, frames).plan
    assert plan is not None
    batches, _ = batches_of(plan, 5)
    labels = batches.labels(torch.arange(5))
    assert labels.dtype == torch.int64 and labels.tolist() == [0, 1, 2, 3, 3]
