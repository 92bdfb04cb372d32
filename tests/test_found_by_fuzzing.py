"""What drawn pairs of spec and bundle have broken, each as the smallest pair that shows it.

The promise itself is put to the test by test_soundness.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import specc

Json = dict[str, Any]
Frames = dict[str, pd.DataFrame]

ROWS = 24


def frames(**changed: pd.DataFrame) -> Frames:
    """Samples with a time, and events of the same customers."""
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2024-01-01")
    index = pd.DataFrame({
        "who": rng.integers(0, 4, ROWS), "amount": rng.normal(size=ROWS),
        "word": rng.choice(["a", "b", "c"], ROWS), "y": np.arange(ROWS) % 2,
        "now": start + pd.to_timedelta(rng.integers(0, 500, ROWS), "h"),
        "split": ["train"] * 16 + ["test"] * 8})
    events = pd.DataFrame({
        "who": rng.integers(0, 4, 60), "spent": rng.normal(size=60),
        "word": rng.choice(["a", "b"], 60),
        "at": start + pd.to_timedelta(rng.integers(0, 500, 60), "h")})
    return {"index": index, "events": events, **changed}


def spec(network: Json, aggregation: Json | None = None, inner: Json | None = None,
         **parts: Any) -> Json:
    """A network over `own`, `ids` and the context `past.of`."""
    return {
        "specc": 1,
        "extractors": {
            "label": {"type": "plain", "take_columns": ["y"]},
            "own": {"type": "plain", "take_columns": ["amount"]},
            "ids": {"type": "embedding", "take_columns": ["word"]},
            "past": {"type": "context", "frame": "events", "on": "who", "size": 3,
                     "as_of": {"sample": "now", "row": "at"},
                     "extractor": inner or {"type": "plain", "take_columns": ["spent"]},
                     "aggregations": {"of": aggregation or {"type": "sequence"}}},
        },
        "network": network, "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
        "training": {"epochs": 1, "batch_size": 5}, **parts}


def errors(document: Json, bundle: Frames | None) -> list[tuple[str, str | None]]:
    found = specc.validate(document, bundle).diagnostics
    return [(entry.code, entry.pointer) for entry in found if entry.is_error]


def reading(frame: str, *layers: Json) -> Json:
    """Layers over one frame, and an output behind them."""
    first, *others = layers
    return {"type": "feed_forward",
            "factories": [{**first, "input_frames": [frame]}, *others, {"type": "output"}]}


@pytest.mark.parametrize("aggregation", [
    {"type": "sequence"}, {"type": "sequence", "reversed": True}, {"type": "pivot"},
    {"type": "group_by", "functions": ["mean", "since_last"]}])
@pytest.mark.parametrize("events", [
    pytest.param({"who": 99}, id="of nobody"), pytest.param({"at": pd.NaT}, id="of no time")])
def test_a_context_without_a_row_anywhere(aggregation: Json, events: Mapping[str, Any],
                                          tmp_path: Path) -> None:
    bundle = frames()
    bundle["events"] = bundle["events"].assign(**events)
    bundle["events"]["at"] = bundle["events"]["at"].astype("datetime64[ns]")
    layers = [{"type": "masked_pool"}] if aggregation["type"] == "sequence" else [
        {"type": "torch.nn:Linear", "out_features": 3}]
    result = specc.run(spec(reading("past.of", *layers), aggregation), bundle, out=tmp_path)
    assert result.ok, str(result)
    assert len(result.predictions) == ROWS
    assert result.predictions["predicted"].nunique() == 1


@pytest.mark.parametrize("aggregation", ["pivot", "group_by"])
def test_numbers_of_ids(aggregation: str) -> None:
    document = spec({"type": "output", "input_frames": ["past.of"]}, {"type": aggregation},
                    {"type": "embedding", "take_columns": ["word"]})
    wanted = [("SC204", "/extractors/past/aggregations/of")]
    assert errors(document, None) == errors(document, frames()) == wanted


@pytest.mark.parametrize("network, place", [
    ({"type": "lstm", "width": 1, "pool": "none", "input_frames": ["past.of"]}, "/network"),
    ({"type": "output", "input_frames": ["past.of"]}, "/network"),
    ({"type": "embedding", "width": 1, "tokens": True, "input_frames": ["ids"]}, "/network"),
    (reading("own", {"type": "linear_embeddings", "width": 2, "tokens": True}),
     "/network/factories/1"),
])
def test_a_network_that_ends_in_more_than_one_row(network: Json, place: str) -> None:
    document = spec(network)
    assert errors(document, None) == errors(document, frames()) == [("SC329", place)]


@pytest.mark.parametrize("transformer", [
    {"type": "categorical", "on_unseen": "error"}, {"type": "target_encoding",
                                                    "on_unseen": "error"}])
def test_times_that_are_none_of_python(transformer: Json) -> None:
    bundle = frames()
    bundle["index"]["amount"] = np.array([0] * 16 + [10**13] * 8, dtype="datetime64[s]")
    document = spec({"type": "output", "input_frames": ["own"]})
    document["extractors"]["own"]["transformer"] = transformer
    found = [entry for entry in specc.validate(document, bundle).diagnostics if entry.is_error]
    assert [entry.code for entry in found] == ["SC702"]
    assert "10000000000000" in found[0].message


def test_classes_that_are_times_of_no_calendar(tmp_path: Path) -> None:
    bundle = frames()
    bundle["index"]["y"] = np.array([0, 10**13] * (ROWS // 2), dtype="datetime64[s]")
    document = spec({"type": "output", "input_frames": ["own"]},
                    loss={"type": "torch.nn:CrossEntropyLoss"})
    document["extractors"]["label"]["transformer"] = {"type": "class_index"}
    result = specc.run(document, bundle, out=tmp_path)
    assert result.ok, str(result)
    assert result.predictions["true"].nunique() == 2


def test_an_optimizer_that_divides_by_the_size_of_each_tensor(tmp_path: Path) -> None:
    """Tokens of ids alone leave the vectors of numbers empty."""
    network = reading("ids", {"type": "ft_transformer", "width": 4, "heads": 1, "layers": 1})
    document = spec(network, optimizer={"type": "torch.optim:Adafactor"})
    result = specc.run(document, frames(), out=tmp_path)
    assert result.ok, str(result)


def test_a_time_of_rows_that_is_not_there() -> None:
    document = spec({"type": "output", "input_frames": ["past.of"]}, {"type": "group_by"})
    document["extractors"]["past"] |= {"as_of": None, "at": {"sample": "now", "row": "landed"}}
    assert errors(document, frames()) == [("SC607", "/extractors/past/at/row")]


def test_bins_of_a_number_beyond_two_to_the_53(tmp_path: Path) -> None:
    """Its neighbours are further apart than 1, so that a bin as wide as 1 had no width."""
    bundle = frames()
    bundle["index"]["amount"] = np.full(ROWS, 2**64 - 1, dtype=np.uint64)
    document = spec({"type": "output", "input_frames": ["own"]})
    document["extractors"]["own"]["transformer"] = {"type": "piecewise_linear"}
    result = specc.run(document, bundle, out=tmp_path)
    assert result.ok, str(result)


def test_a_split_called_train_is_watched_before_training(tmp_path: Path) -> None:
    """Its loss of epoch 0 was that of the training, which there was none of, so nothing was
    better and training ended at once."""
    document = spec({"type": "output", "input_frames": ["own"]}, training={
        "epochs": 2, "evaluate_before_training": True,
        "early_stopping": {"split": "train", "patience": 3}})
    result = specc.run(document, frames(), out=tmp_path)
    assert result.history["epoch"].tolist() == [0, 1, 2]
    assert result.history["loss_train"].notna().all()


def test_samples_without_any_row_before_their_time() -> None:
    """Without a key there was nothing to show of them."""
    document = spec({"type": "output", "input_frames": ["own"]})
    document["extractors"]["own"] = {
        "type": "plain", "take_columns": ["spent"], "transformer": {"type": "continuous"},
        "joins": [{"frame": "events", "on": None, "max_missing": 0,
                   "as_of": {"sample": "now", "row": "at"}}]}
    bundle = frames()
    bundle["index"].loc[3, "now"] = pd.Timestamp("2020-02-03")
    (found,) = (entry for entry in specc.validate(document, bundle).diagnostics if entry.is_error)
    assert found.code == "SC626"
    assert "for 'now'" in found.message and "2020-02-03" in found.message
