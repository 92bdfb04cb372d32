"""The two training loops that specc is measured against, over tensors in memory.

Both train `Linear(width, 64), ReLU, Linear(64, 32), ReLU, Linear(32, 1)` with Adam at a learning
rate of 1e-3 and binary cross-entropy on logits, in shuffled batches of 512 rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

BATCH_SIZE = 512
HIDDEN = (64, 32)
LEARNING_RATE = 1e-3


def build_network(width: int) -> nn.Sequential:
    """The network of the benchmark for `width` input columns: `[batch, width] -> [batch, 1]`."""
    layers: list[nn.Module] = []
    for size in HIDDEN:
        layers += [nn.Linear(width, size), nn.ReLU()]
        width = size
    return nn.Sequential(*layers, nn.Linear(width, 1))


class Trainer:
    """A network, its optimizer and one step of training.

    Args:
        width: columns of the input.
    """

    def __init__(self, width: int) -> None:
        self.network = build_network(width)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE)
        self.loss = nn.BCEWithLogitsLoss()

    def step(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """`[batch, width], [batch, 1] -> []`: one optimizer step; the loss before it."""
        self.optimizer.zero_grad()
        loss: Tensor = self.loss(self.network(inputs), targets)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def dense_batches(inputs: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """One shuffled epoch of `[rows, width]` and `[rows, 1]`, picked with `index_select`."""
    for rows in torch.randperm(len(inputs)).split(BATCH_SIZE):
        yield inputs.index_select(0, rows), targets.index_select(0, rows)


def loader_batches(inputs: Tensor, targets: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """One shuffled epoch of `[rows, width]` and `[rows, 1]` from a `DataLoader`."""
    dataset = TensorDataset(inputs, targets)
    yield from DataLoader(dataset, batch_size=BATCH_SIZE, shuffle=True)


BATCHES = {"dense": dense_batches, "dataloader": loader_batches}


def train_epoch(trainer: Trainer, batches: Iterator[tuple[Tensor, Tensor]]) -> float:
    """Trains on every batch; the mean loss of the rows."""
    total = torch.zeros(())
    rows = 0
    for inputs, targets in batches:
        # Added up as a tensor and read once an epoch.
        total += trainer.step(inputs, targets) * len(inputs)
        rows += len(inputs)
    return total.item() / rows
