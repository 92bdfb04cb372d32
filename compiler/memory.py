"""Bytes that a plan needs, counted before anything is allocated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .stages import FittedExtractor, Memory, Node

_FLOAT, _CODE = 4, 4
"""Bytes of a float32 and of an int32."""

_MOMENTS = {
    "torch.optim:Adam": 2, "torch.optim:AdamW": 2, "torch.optim:NAdam": 2, "torch.optim:RAdam": 2,
    "torch.optim:Adamax": 2, "torch.optim:Adadelta": 2, "torch.optim:Adagrad": 1,
    "torch.optim:RMSprop": 1, "torch.optim:Rprop": 2, "torch.optim:ASGD": 1,
    "torch.optim:Muon": 1, "torch.optim:Adafactor": 1, "torch.optim:SparseAdam": 2,
}
"""Tensors that an optimizer always keeps for each weight."""

_KEEPS_MOMENTUM = ("torch.optim:SGD", "torch.optim:RMSprop")
"""Optimizers that keep one tensor more where the spec asks for momentum."""


def memory_of(extractors: Mapping[str, FittedExtractor], parameters: int,
              optimizer: Node) -> Memory:
    """Bytes for data, weights, gradients and optimizer state.

    Args:
        parameters: trainable numbers of the network.
    """
    weights = parameters * _FLOAT
    moments = _MOMENTS.get(optimizer.type, 0)
    if optimizer.type in _KEEPS_MOMENTUM and optimizer.args["momentum"]:
        moments += 1
    return Memory(
        data=sum(data_bytes(entry) for entry in _distinct(extractors)),
        weights=weights,
        gradients=weights,
        optimizer=moments * weights,
    )


def _distinct(extractors: Mapping[str, FittedExtractor]) -> Iterator[FittedExtractor]:
    """Fitted extractors, equal ones once: they share their encoded frame."""
    seen: set[int] = set()
    for entry in extractors.values():
        if id(entry.columns) not in seen:
            seen.add(id(entry.columns))
            yield entry


def data_bytes(entry: FittedExtractor) -> int:
    """Bytes of one encoded frame, the null row included, and of its positions."""
    looked_up = [column for column in entry.columns if column.column in entry.codes]
    dense = entry.width - sum(len(column.names) for column in looked_up)
    rows = entry.reached + 1
    return rows * (dense * _FLOAT + len(looked_up) * _CODE) + entry.positions.nbytes
