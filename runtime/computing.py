"""How training steps compute the network: in which precision, and in which form.

Evaluations and predictions call the network itself, in float32.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn, optim

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic
from ..compiler.stages import Plan
from ..schema.training import BFLOAT16, FLOAT16, FLOAT32
from .batches import Batch, Labels

_LOWER = {BFLOAT16: torch.bfloat16, FLOAT16: torch.float16}
"""The dtypes of the precisions that are lower than that of the weights."""


class Computing:
    """The passes of training steps, forward and backward.

    With `float16` losses are scaled before the backward pass, so that small gradients are not
    lost, and a step whose gradients overflow is left out.

    Attributes:
        network: what a step calls: the module itself, or what the compiler made of it.
        scaler: scales losses; None but with `float16`.
    """

    def __init__(self, plan: Plan, module: nn.Module, optimizer: optim.Optimizer,
                 device: torch.device) -> None:
        precision = plan.graph.training.precision
        self._device = device.type
        self._dtype = _LOWER.get(precision)
        self.network: Callable[[Batch], Labels] = module
        self.scaler = torch.amp.GradScaler(device.type) if precision == FLOAT16 else None
        self._optimizer = optimizer
        if self.scaler is not None:
            # A fused step that leaves itself out would begin the moments of SGD with whatever is
            # in memory; without this mark it is not called at all.
            optimizer._step_supports_amp_scaling = False  # type: ignore[attr-defined]

    def output(self, batch: Batch) -> Labels:
        """What the network gives in a training step, float32, so that the loss is computed in
        float32 too."""
        if self._dtype is None:
            return self.network(batch)
        with torch.autocast(self._device, self._dtype):
            output = self.network(batch)
        if isinstance(output, Mapping):
            return {name: part.float() for name, part in output.items()}
        return output.float()

    def backward(self, loss: Tensor) -> None:
        """Adds the gradients of a loss to those that there are."""
        scaled = loss if self.scaler is None else self.scaler.scale(loss)
        scaled.backward()  # type: ignore[no-untyped-call]

    def unscale(self) -> None:
        """Gives the gradients their own size, once before a step."""
        if self.scaler is not None:
            self.scaler.unscale_(self._optimizer)

    def step(self) -> None:
        """The optimizer follows the gradients, unless they are infinite from having been
        scaled."""
        if self.scaler is None:
            self._optimizer.step()
            return
        self.scaler.step(self._optimizer)
        self.scaler.update()

    def state(self) -> dict[str, Any] | None:
        """For a checkpoint."""
        return None if self.scaler is None else self.scaler.state_dict()


def no_precision(plan: Plan, device: torch.device) -> Diagnostic | None:
    """The finding about a precision that the device does not have (SC412)."""
    precision = plan.graph.training.precision
    if precision == FLOAT32:
        return None
    reason = "torch has no automatic casts to it there"
    try:
        # Torch warns about what a device has not, and then casts nothing; or it raises.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with torch.autocast(device.type, _LOWER[precision]):
                if torch.is_autocast_enabled(device.type):
                    return None
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
    return codes.UNAVAILABLE_PRECISION.at("/training/precision", device=str(device),
                                          precision=precision, reason=reason)
