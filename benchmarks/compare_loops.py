"""Training rows per second of specc's loop and of the two baselines, in one process.

The sides take turns epoch by epoch, each with a network of its own, in an order that rotates.
The last line of the output is a JSON object with the rates of every round.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from loops import BATCHES, Trainer, train_epoch
from measure import interleave
from specc_side import prepare_training
from torch import Tensor


def baseline_epoch(loader: str, inputs: Tensor, targets: Tensor) -> Callable[[], object]:
    """A function that trains one more epoch of a fresh network."""
    trainer = Trainer(inputs.shape[1])
    return lambda: train_epoch(trainer, BATCHES[loader](inputs, targets))


def timed(epoch: Callable[[], object], rows: int) -> Callable[[], float]:
    """`epoch` as a function that gives its rows per second."""

    def rate() -> float:
        started = time.perf_counter()
        epoch()
        return rows / (time.perf_counter() - started)

    return rate


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare training loops.")
    parser.add_argument("spec", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without-specc", action="store_true")
    options = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(0)
    epochs: dict[str, Callable[[], object]] = {}
    if options.without_specc:
        from dense_script import load

        inputs, targets, _, _ = load(options.bundle)
    else:
        training = prepare_training(options.spec, options.bundle)
        inputs, targets = training.matrix()
        if training.rows != len(inputs):
            raise ValueError(f"an epoch has {training.rows} rows, the matrix {len(inputs)}")
        epochs["specc"] = training.epoch
    for loader in BATCHES:
        epochs[loader] = baseline_epoch(loader, inputs, targets)

    rates = interleave(
        {name: timed(epoch, len(inputs)) for name, epoch in epochs.items()},
        # The first round pays for the allocator's first blocks and is dropped.
        options.rounds + 1,
    )
    rows_per_second = {name: found[1:] for name, found in rates.items()}
    width = inputs.shape[1]
    print(json.dumps({"rows": len(inputs), "width": width, "rows_per_second": rows_per_second}))


if __name__ == "__main__":
    main()
