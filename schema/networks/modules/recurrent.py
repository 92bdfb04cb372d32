"""LSTM and GRU over sequences of different lengths."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .masking import pooled, zero_empty, zero_padding
from .values import Sequence


class Recurrent(nn.Module):
    """Sequence -> `(batch, directions * width)`, or with `pool` none a sequence of that width.

    Args:
        layers: a `torch.nn.LSTM` or `torch.nn.GRU` with `batch_first`.
        pool: `last` takes what each direction has at the end of its way: after the last step,
            and for the way back after the first. See `masking.pooled` for the others.
    """

    def __init__(self, layers: nn.RNNBase, pool: str) -> None:
        super().__init__()
        self.layers = layers
        self.pool = pool

    def forward(self, steps: Sequence) -> Tensor | Sequence:
        assert isinstance(steps.values, Tensor)
        values = zero_padding(steps.values, steps.mask)
        # Packing takes no empty sample: it gets one step of zeros, and its result is zeroed.
        counts = steps.mask.sum(1).clamp(min=1).cpu()
        packed = pack_padded_sequence(values, counts, batch_first=True, enforce_sorted=False)
        outputs, state = self.layers(packed)
        if self.pool == "last":
            hidden = state[0] if isinstance(state, tuple) else state
            directions = 2 if self.layers.bidirectional else 1
            return zero_empty(hidden[-directions:].transpose(0, 1).flatten(1), steps.mask)
        padded, _ = pad_packed_sequence(outputs, batch_first=True, total_length=values.shape[1])
        return pooled(steps, padded, self.pool)
