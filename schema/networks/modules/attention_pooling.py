"""A weighted sum of steps, with weights that each step gives itself."""

from __future__ import annotations

from torch import Tensor, nn

from .masking import masked_softmax, zero_padding
from .values import Sequence


class AttentionPooling(nn.Module):
    """Sequence -> `(batch, width)`: the sum of the steps, each times its weight.

    A step c (or tanh(Wc) with a hidden layer) has the score a·c; its weight is the softmax of
    the scores over the steps, or the sigmoid of its own.

    Args:
        hidden_width: width of tanh(Wc), which then is what is summed; None takes c as it is.
        softmax: false takes the sigmoid, which has a bias; a softmax would not notice one.
    """

    def __init__(self, width: int, hidden_width: int | None, softmax: bool) -> None:
        super().__init__()
        self.hidden = None if hidden_width is None else nn.Linear(width, hidden_width, bias=False)
        self.score = nn.Linear(hidden_width or width, 1, bias=not softmax)
        self.softmax = softmax

    def forward(self, steps: Sequence) -> Tensor:
        assert isinstance(steps.values, Tensor)
        values = zero_padding(steps.values, steps.mask)
        if self.hidden is not None:
            values = self.hidden(values).tanh()
        scores = self.score(values).squeeze(-1)
        weights = (masked_softmax(scores, steps.mask) if self.softmax
                   else scores.sigmoid().masked_fill(~steps.mask, 0.0))
        return (weights.unsqueeze(1) @ values).squeeze(1)
