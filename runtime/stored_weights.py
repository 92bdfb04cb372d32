"""The weights of a model folder, held against the network before they are used."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import Diagnostic, Result
from ..compiler.planning.memory import frozen_count, parameter_count
from ..compiler.stages import Plan
from .build import Network

_REFUSALS = (safetensors.SafetensorError, OSError, ValueError, RuntimeError, TypeError, KeyError)
"""What safetensors raises for a file that is none."""


def read_weights(path: Path, plan: Plan) -> Result[Mapping[str, Tensor]]:
    """Every tensor by its name. Nothing of the size of the network is made before the file has
    shown to hold as many numbers as the network of the plan has.

    Reports: SC510, SC511.
    """
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            numbers = sum(prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
        nodes = plan.shaped.shapes.nodes
        wanted = parameter_count(nodes) + frozen_count(nodes)
        if numbers < wanted:
            return Result(None, (_other(
                path, f"the file holds {numbers:,} numbers, the network {wanted:,}"),))
        return Result(safetensors.torch.load_file(str(path)))
    except _REFUSALS as error:
        reason = f"{path.name} cannot be read: {error}".partition("\n")[0]
        return Result(None, (codes.DAMAGED_MODEL.at(file=str(path), reason=reason),))


def load_weights(network: Network, weights: Mapping[str, Tensor], path: Path) -> tuple[
        Diagnostic, ...]:
    """Puts weights into a network, all or none.

    Reports: SC511.
    """
    own = network.state()
    missing = [name for name in own if name not in weights]
    strange = [name for name in weights if name not in own]
    if missing or strange:
        name = (missing or strange)[0]
        reason = f"the file lacks {name!r}" if missing else f"the network has no {name!r}"
        return (_other(path, reason),)
    for name, tensor in own.items():
        given = weights[name]
        if given.shape != tensor.shape or given.dtype != tensor.dtype:
            return (_other(path, f"{name!r} is {_shown(given)}, the network has "
                           f"{_shown(tensor)}"),)
    network.load(weights)
    return ()


def _shown(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _other(path: Path, reason: str) -> Diagnostic:
    return codes.OTHER_WEIGHTS.at(file=str(path), reason=reason)
