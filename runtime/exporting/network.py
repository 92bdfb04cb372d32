"""A trained network as one module from named tensors to named tensors."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ...compiler.exporting.inputs import AGES, CODES, IDS, MASK, NUMBERS, Input, inputs
from ...compiler.network.tree import extractions
from ...compiler.stages import Plan
from ...schema.networks.modules import values
from ..batches import Batch, by_head
from ..batches import Input as Read
from ..build import Network
from ..lookup import CodedInput
from .equal_modules import exportable
from .outputs import Predicting

Tensors = dict[str, Tensor]


class _Extraction(nn.Module):
    """Named tensors -> what one extraction reads: its frames side by side.

    Args:
        inputs: of the frames, in their order.
    """

    def __init__(self, inputs: Sequence[Input]) -> None:
        super().__init__()
        self.steps = any(one.steps for one in inputs)
        self.names = {holds: [one.name for one in inputs if one.holds == holds]
                      for holds in {one.holds for one in inputs}}
        widths = [size for one in inputs if one.holds == CODES for size in one.sizes]
        starts = [sum(widths[:place]) for place in range(len(widths))]
        self.register_buffer("starts", torch.tensor(starts, dtype=torch.int64))

    starts: Tensor

    def forward(self, tensors: Tensors) -> Read:
        numbers, ids = self._beside(tensors, NUMBERS), self._beside(tensors, IDS)
        if ids is not None:
            if numbers is None:
                numbers = ids[..., :0].float()
            read: Tensor | values.Features = values.Features(numbers, ids)
        elif CODES in self.names:
            codes = self._beside(tensors, CODES)
            assert codes is not None
            if numbers is None:
                numbers = codes[:, :0].float()
            return CodedInput(numbers, codes + self.starts)
        else:
            assert numbers is not None
            read = numbers
        if not self.steps:
            return read
        ages = self._beside(tensors, AGES)
        mask = self._beside(tensors, MASK)
        assert mask is not None
        return values.Sequence(read, mask, ages)

    def _beside(self, tensors: Tensors, holds: str) -> Tensor | None:
        names = self.names.get(holds, [])
        if len(names) < 2:
            return tensors[names[0]] if names else None
        return torch.cat([tensors[name] for name in names], -1)


@dataclass(eq=False)
class Nodes:
    """Which node of the spec computes; a failure leaves the one that it came from.

    Args:
        places: where the module of a node stands in the whole -> pointer of the node.
    """

    open: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def watch(self, pointer: str, module: nn.Module) -> None:
        """Notes when a module is entered and when it is left."""
        module.register_forward_pre_hook(lambda *_: self.open.append(pointer))
        module.register_forward_hook(lambda *_: self.open.pop() and None)


class Exported(nn.Module):
    """Named inputs -> named outputs.

    Args:
        plan: of a model on a bundle, as `compile_prediction` gives it.
        network: with its weights; left as it is.
        nodes: told where it computes.
    """

    def __init__(self, plan: Plan, network: Network, nodes: Nodes) -> None:
        super().__init__()
        fitted = plan.shaped.fitted
        by_frame: dict[str, list[Input]] = {}
        for one in inputs(fitted):
            by_frame.setdefault(one.frame, []).append(one)
        reads = dict(extractions(plan.graph.network))
        self._pointers = tuple(reads)
        self.extractions = nn.ModuleList(
            _Extraction([one for name in names for one in by_frame[name]])
            for names in reads.values())
        own = copy.deepcopy(network)
        made: dict[int, nn.Module] = {}
        self.network = exportable(own.module, made)
        pointers: dict[int, str] = {}
        for pointer, module in own.modules():
            written = made.get(id(module), module)
            pointers[id(written)] = pointer
            nodes.watch(pointer, written)
        nodes.places = {place: pointers[id(module)] for place, module in self.named_modules()
                        if id(module) in pointers}
        self.predicting = nn.ModuleList(
            Predicting(head, view) for head, view in plan.views.items())
        self._heads = tuple(plan.views)
        self.eval().requires_grad_(False)

    def forward(self, tensors: Tensors) -> Tensors:
        read = {pointer: part(tensors)
                for pointer, part in zip(self._pointers, self.extractions, strict=True)}
        given = by_head(self.network(Batch(read, {})))
        found: Tensors = {}
        for head, predicting in zip(self._heads, self.predicting, strict=True):
            found |= predicting(given[head])
        return found
