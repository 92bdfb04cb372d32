"""A moving average of the weights, which is what a run keeps and measures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .session import Session

State = dict[str, Any]


class Averaging:
    """An exponential moving average over the steps of a run; without `weight_average` in the spec
    there is none, and nothing here does anything.

    Buffers of real numbers, such as the means and variances of batch normalization, are averaged
    in the same way: they belong to the weights with which they were gathered, and averaged weights
    with the buffers of the last step would have statistics of a network that they are not. Other
    buffers are those of the last average.
    """

    def __init__(self, session: Session) -> None:
        plan = session.plan
        self._settings = plan.graph.training.weight_average
        self._module = session.module
        self._epochs_before = plan.epochs_before
        self._steps = 0
        self._average = None if self._settings is None else AveragedModel(
            session.module, multi_avg_fn=self._mix, use_buffers=True)

    def _mix(self, averages: Any, values: Any, count: Tensor | int) -> None:
        """Moves averages towards values, lists of tensors of one dtype.

        The decay after n averages is `min(decay, (1 + n) / (10 + n))`. Source of the formula:
        `num_updates` of TensorFlow's `tf.train.ExponentialMovingAverage`.
        """
        assert self._settings is not None
        if not averages[0].is_floating_point():
            for average, value in zip(averages, values, strict=True):
                average.copy_(value)
            return
        done = self.count
        decay = min(self._settings.decay, (1 + done) / (10 + done))
        mix: Any = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        mix(averages, values, count)

    @property
    def count(self) -> int:
        """How many averages were made; with none the weights are those of training."""
        return 0 if self._average is None else int(self._average.n_averaged)

    def step(self, epoch: int) -> None:
        """An optimizer step of an epoch is done; epochs count those of earlier runs too."""
        if self._settings is None or self._average is None:
            return
        if epoch - self._epochs_before < self._settings.start_epoch:
            return
        self._steps += 1
        if self._steps % self._settings.every_steps == 0:
            self._average.update_parameters(self._module)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """The network of the session holds the average, as soon as there is one."""
        if not self.count:
            yield
            return
        self._exchange()
        try:
            yield
        finally:
            self._exchange()

    def settle(self) -> None:
        """The network of the session gets the average for good: training is over."""
        if self._average is not None and self.count:
            self._module.load_state_dict(self._average.module.state_dict())

    @torch.no_grad()
    def _exchange(self) -> None:
        """The two change places, tensor by tensor, so that one alone is there three times."""
        assert self._average is not None
        for own, average in zip(_tensors(self._module), _tensors(self._average.module),
                                strict=True):
            kept = own.clone()
            own.copy_(average)
            average.copy_(kept)

    def state(self) -> State | None:
        """For a checkpoint."""
        if self._average is None:
            return None
        return {"steps": self._steps, "count": self.count,
                "weights": self._average.module.state_dict() if self.count else {}}

    def load(self, state: State | None) -> None:
        """Goes on with what a checkpoint holds.

        Raises ValueError where only one of the two has an average.
        """
        if (state is None) != (self._average is None):
            raise ValueError("one of the two alone has an average of the weights")
        if state is None or self._average is None:
            return
        if state["count"]:
            self._average.module.load_state_dict(state["weights"])
        self._steps = int(state["steps"])
        self._average.n_averaged.fill_(int(state["count"]))


def kept_weights(tree: Mapping[str, Any]) -> Mapping[str, Tensor]:
    """Of the tree of a checkpoint the weights with which the run was evaluated there."""
    average = tree["average"]
    weights: Mapping[str, Tensor] = tree["network"]
    return average["weights"] if average is not None and average["count"] else weights


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    return chain(module.parameters(), module.buffers())
