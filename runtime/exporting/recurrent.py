"""LSTM and GRU step by step, in the form that exporters can write with a length of its own in
each batch: a packed sequence is no tensor that they know."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

# Public as an operator of an exported program, but not yet as a function.
from torch._higher_order_ops.scan import scan

from ...schema.networks.modules.masking import pooled, zero_padding
from ...schema.networks.modules.recurrent import Recurrent
from ...schema.networks.modules.values import Sequence

State = tuple[Tensor, ...]
"""`(batch, width)`: the hidden state, behind it that of the cell where there is one."""

Cell = Callable[[State, Tensor], State]
"""State and input of a step, `(batch, gates * width)`, to the next state."""


class Direction(nn.Module):
    """One layer of an LSTM or a GRU, in one direction.

    Args:
        layers: where the weights are taken from.
        suffix: the end of their names, such as `_l0_reverse`.
    """

    def __init__(self, layers: nn.RNNBase, suffix: str, *, backwards: bool) -> None:
        super().__init__()
        self.width = layers.hidden_size
        self.is_lstm = isinstance(layers, nn.LSTM)
        self.backwards = backwards
        for side in ("ih", "hh"):
            for kind in ("weight", "bias"):
                tensor = getattr(layers, f"{kind}_{side}{suffix}").detach().clone()
                self.register_buffer(f"{kind}_{side}", tensor)

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor
    bias_hh: Tensor

    def forward(self, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, length, in)` -> the output of each step `(batch, length, width)`, arbitrary
        where padding is, and the last state `(batch, width)`, zeros for a sample without a step.

        Args:
            mask: bool `(batch, length)`; padding leaves the state as it is.
        """
        inputs = (values @ self.weight_ih.t() + self.bias_ih).transpose(0, 1)
        there = mask.transpose(0, 1).unsqueeze(-1)
        if self.backwards:
            # Padding comes first then, and passes without a trace.
            inputs, there = inputs.flip(0), there.flip(0)
        cell = self._lstm if self.is_lstm else self._gru
        empty = values.new_zeros(values.shape[0], self.width)

        def step(state: State, read: tuple[Tensor, Tensor]) -> tuple[State, Tensor]:
            given, present = read
            after = tuple(torch.where(present, new, old)
                          for new, old in zip(cell(state, given), state, strict=True))
            return after, after[0].clone()

        start = (empty, empty.clone()) if self.is_lstm else (empty,)
        last, outputs = scan(step, start, (inputs, there))
        if self.backwards:
            outputs = outputs.flip(0)
        return outputs.transpose(0, 1), last[0]

    def _lstm(self, state: State, given: Tensor) -> State:
        """The equations of `torch.nn.LSTM`."""
        hidden, cell = state
        gates = given + hidden @ self.weight_hh.t() + self.bias_hh
        enter, forget, new, out = gates.chunk(4, -1)
        cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
        return out.sigmoid() * cell.tanh(), cell

    def _gru(self, state: State, given: Tensor) -> State:
        """The equations of `torch.nn.GRU`."""
        (hidden,) = state
        reset, update, new = given.chunk(3, -1)
        own_reset, own_update, own_new = (hidden @ self.weight_hh.t() + self.bias_hh).chunk(3, -1)
        candidate = (new + (reset + own_reset).sigmoid() * own_new).tanh()
        kept = (update + own_update).sigmoid()
        return ((1 - kept) * candidate + kept * hidden,)


class Stepwise(nn.Module):
    """The same function as a trained `Recurrent`, without dropout."""

    def __init__(self, trained: Recurrent) -> None:
        super().__init__()
        layers = trained.layers
        self.pool = trained.pool
        self.layers = nn.ModuleList(
            nn.ModuleList(
                Direction(layers, f"_l{place}{'_reverse' * backwards}", backwards=backwards)
                for backwards in ((False, True) if layers.bidirectional else (False,)))
            for place in range(layers.num_layers))

    def forward(self, steps: Sequence) -> Tensor | Sequence:
        assert isinstance(steps.values, Tensor)
        values = zero_padding(steps.values, steps.mask)
        last: tuple[Tensor, ...] = ()
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleList)
            outputs, last = zip(*(run(values, steps.mask) for run in layer), strict=True)
            values = torch.cat(outputs, -1)
        return torch.cat(last, -1) if self.pool == "last" else pooled(steps, values, self.pool)
