"""The competitor: the script that a practitioner writes by hand for the flights bundle.

It joins the frames into one wide table with pandas, encodes that with scikit-learn, keeps one
dense float32 matrix and trains on it.
Columns and rows are those of `specs/flights/spec.json`, so that the ROC AUC compares.

The last line of its output is a JSON object: rows, width, `first_step_at` (`time.monotonic()` at
the end of the first optimizer step), and after whole epochs rows per second of training and AUC.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from loops import BATCHES, Trainer, train_epoch
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import Tensor

TRAIN = ["train", "display"]
TEST = ["test"]
LABEL = "late"

# Frame -> (columns of the flights, columns of the frame) that match.
JOINS = {
    "planes": (["tailnum"], ["tailnum"]),
    "airports": (["dest"], ["faa"]),
    "weather": (["origin", "time_hour"], ["origin", "time_hour"]),
}
# What is learned from, frame by frame.
NUMBERS = {
    "flights": ["day", "minute", "distance"],
    "planes": ["year", "engines", "seats"],
    "airports": ["lat", "lon", "alt", "tz"],
    "weather": [
        *("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust"),
        *("precip", "pressure", "visib"),
    ],
}
CATEGORIES = {
    "flights": ["month", "weekday", "hour"],
    "planes": ["type", "manufacturer", "engine"],
}
ROUTE = {"flights": ["carrier", "origin", "dest"]}
# Scikit-learn counts nulls and the group of rare values among the categories; the spec, with
# limits of 25 and 110, does not.
MAX_CATEGORIES = 27
MAX_ROUTE_CATEGORIES = 112


def prefixed(columns: dict[str, list[str]]) -> list[str]:
    """The names that columns have in the joined table."""
    return [f"{frame}_{column}" for frame, names in columns.items() for column in names]


def read_joined(bundle: Path) -> pd.DataFrame:
    """One wide table with a row for every flight that trains or is tested."""
    keys = sorted({key for on, _ in JOINS.values() for key in on})
    taken = NUMBERS["flights"] + CATEGORIES["flights"] + ROUTE["flights"]
    columns = list(dict.fromkeys([*taken, *keys, LABEL, "split"]))
    flights = pd.read_parquet(bundle / "flights.parquet", columns=columns)
    flights = flights[flights["split"].isin(TRAIN + TEST)]
    joined = flights.rename(columns={name: f"flights_{name}" for name in columns})
    for frame, (on, key) in JOINS.items():
        columns = [*key, *NUMBERS[frame], *CATEGORIES.get(frame, [])]
        rows = pd.read_parquet(bundle / f"{frame}.parquet", columns=columns)
        joined = joined.merge(
            rows.add_prefix(f"{frame}_"),
            how="left",
            left_on=[f"flights_{name}" for name in on],
            right_on=[f"{frame}_{name}" for name in key],
            validate="many_to_one",
        )
    return joined


def one_hot(max_categories: int) -> OneHotEncoder:
    """Dense float32 columns, rare and unseen values together in one."""
    return OneHotEncoder(
        max_categories=max_categories,
        handle_unknown="infrequent_if_exist",
        sparse_output=False,
        dtype=np.float32,
    )


def build_encoder() -> ColumnTransformer:
    """Numbers imputed, flagged and scaled; categories one-hot."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    return ColumnTransformer(
        [
            ("numbers", numbers, prefixed(NUMBERS)),
            ("categories", one_hot(MAX_CATEGORIES), prefixed(CATEGORIES)),
            ("route", one_hot(MAX_ROUTE_CATEGORIES), prefixed(ROUTE)),
        ]
    )


def load(bundle: Path, lean: bool = False) -> tuple[Tensor, Tensor, Tensor, np.ndarray[Any, Any]]:
    """The bundle as dense tensors.

    Args:
        lean: numbers become float32 before scikit-learn sees them, which then keeps float32.
            Few scripts do; it takes a fifth off the peak memory.

    Returns:
        training inputs float32 `[rows, width]`, training targets float32 `[rows, 1]`,
        test inputs float32 `[tests, width]` and test labels `[tests]`.
    """
    joined = read_joined(bundle)
    if lean:
        numbers = prefixed(NUMBERS)
        joined[numbers] = joined[numbers].astype(np.float32)
    train = joined[joined["flights_split"].isin(TRAIN)]
    test = joined[joined["flights_split"].isin(TEST)]
    encoder = build_encoder()
    inputs = torch.from_numpy(encoder.fit_transform(train).astype(np.float32, copy=False))
    test_inputs = torch.from_numpy(encoder.transform(test).astype(np.float32, copy=False))
    label = f"flights_{LABEL}"
    targets = torch.from_numpy(train[label].to_numpy(np.float32)).unsqueeze(1)
    return inputs, targets, test_inputs, test[label].to_numpy(np.int64)


def test_auc(trainer: Trainer, inputs: Tensor, labels: np.ndarray[Any, Any]) -> float:
    """ROC AUC of the network on inputs `[tests, width]` and labels `[tests]`."""
    trainer.network.eval()
    with torch.no_grad():
        logits = torch.cat([trainer.network(part) for part in inputs.split(8192)])
    return float(roc_auc_score(labels, logits.squeeze(1).numpy()))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train on the flights bundle by hand.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--first-step", action="store_true", help="stop after one optimizer step")
    parser.add_argument("--lean", action="store_true", help="float32 before scikit-learn")
    parser.add_argument("--loader", choices=sorted(BATCHES), default="dense")
    options = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(0)
    inputs, targets, test_inputs, test_labels = load(options.bundle, options.lean)
    trainer = Trainer(inputs.shape[1])
    batches = BATCHES[options.loader]
    record: dict[str, Any] = {"rows": len(inputs), "width": inputs.shape[1]}

    if options.first_step:
        trainer.step(*next(batches(inputs, targets)))
        record["first_step_at"] = time.monotonic()
    else:
        started = time.monotonic()
        for epoch in range(options.epochs):
            print(f"epoch {epoch + 1}: loss {train_epoch(trainer, batches(inputs, targets)):.4f}")
        seconds = time.monotonic() - started
        record["rows_per_second"] = options.epochs * len(inputs) / seconds
        record["auc"] = test_auc(trainer, test_inputs, test_labels)
    print(json.dumps(record))


if __name__ == "__main__":
    main()
