"""Plan -> torch modules, each named by its pointer in the spec."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..compiler.data.vectors import read_vectors
from ..compiler.network.heads import networks
from ..compiler.network.shared import definitions
from ..compiler.network.tree import EXTRACTION
from ..compiler.seeds import derive_seed
from ..compiler.stages import NetworkNode, Plan, ShapedHead
from ..compiler.text.pointer import join
from ..schema.declaration import Scope
from ..schema.networks.modules.values import Sequence as Steps
from ..schema.shapes import Value, length_of
from .batches import Batch, Input
from .lookup import Layout, LookupLinear, replace_first_linear


class Extraction(nn.Module):
    """Batch -> (batch, width): the gathered frames of one extraction."""

    def __init__(self, pointer: str) -> None:
        super().__init__()
        self.pointer = pointer

    def forward(self, batch: Batch) -> Input:
        return batch.inputs[self.pointer]


class PerStep(nn.Module):
    """Steps -> Steps: a module for rows, applied to every step alone."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, steps: Steps) -> Steps:
        return steps._replace(values=self.inner(steps.values))


class WithHeads(nn.Module):
    """Batch -> the output of each head by its name: all read what one network gives."""

    def __init__(self, trunk: nn.Module, heads: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.trunk = trunk
        # A list, since a name of a spec may be that of a method.
        self.heads = nn.ModuleList(heads.values())
        self._names = tuple(heads)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        value = self.trunk(batch)
        return {name: head(value) for name, head in zip(self._names, self.heads, strict=True)}


class EachMember(nn.ModuleDict):
    """The modules of one node, one in each member of an ensemble; computes nothing itself."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        super().__init__({f"member_{index}": module for index, module in enumerate(modules)})


@dataclass(frozen=True, eq=False)
class Network:
    """A built network.

    Args:
        module: Batch -> output, or with heads the output of each by its name; calls the others.
        nodes: pointer -> module of every node that has weights or state of its own; of a node
            within an `ensemble` those of all members.
    """

    module: nn.Module
    nodes: Mapping[str, nn.Module]

    def modules(self) -> Iterator[tuple[str, nn.Module]]:
        """Pointer and module of every node, within an ensemble once for each member."""
        for pointer, module in self.nodes.items():
            parts = module.values() if isinstance(module, EachMember) else (module,)
            yield from ((pointer, part) for part in parts)

    def state(self) -> dict[str, Tensor]:
        """Every weight and buffer, named `<pointer>:<name>`, as of ordinary layers."""
        return dict(self._state())

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Takes every weight and buffer from a state with the names, shapes and dtypes of its
        own."""
        for name, child in self._looked_up():
            child.set_linear_weight(state[name])
        for name, tensor in self._ordinary():
            tensor.copy_(state[name])

    def _state(self) -> Iterator[tuple[str, Tensor]]:
        for name, child in self._looked_up():
            yield name, child.linear_weight()
        yield from self._ordinary()

    def _looked_up(self) -> Iterator[tuple[str, LookupLinear]]:
        """The layers that stand for ordinary ones, by the names of their weights."""
        for pointer, module in self.nodes.items():
            for name, child in module.named_modules():
                if isinstance(child, LookupLinear):
                    yield f"{pointer}:{name}.weight" if name else f"{pointer}:weight", child

    def _ordinary(self) -> Iterator[tuple[str, Tensor]]:
        """Every other weight and buffer itself, by its name."""
        for pointer, module in self.nodes.items():
            looked_up = {name for name, child in module.named_modules()
                         if isinstance(child, LookupLinear)}
            for name, tensor in module.state_dict().items():
                owner, _, last = name.rpartition(".")
                if owner not in looked_up or last == "bias":
                    yield f"{pointer}:{name}", tensor.detach()


@dataclass
class _Builder(Scope):
    label_width: int | None
    seed: int
    shapes: Mapping[str, Value]
    layouts: Mapping[str, Layout]
    looked_up: Mapping[str, str]
    shared: Mapping[str, NetworkNode]
    given: Callable[[str], NDArray[np.float32]]
    ensemble: str | None = None
    member: int = 0
    built: dict[str, nn.Module] = field(default_factory=dict)
    nodes: dict[str, nn.Module] = field(default_factory=dict)
    inner: dict[str, list[nn.Module]] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def vectors(self, name: str) -> Tensor:
        return torch.from_numpy(self.given(name))

    def definition(self, name: str) -> NetworkNode:
        return self.shared[name]

    def visit(self, child: NetworkNode, value: Value) -> Value:
        """The shape that the compiler inferred for this node."""
        return self.shapes[child.pointer]

    def build(self, child: NetworkNode, value: Value) -> nn.Module:
        """The module of a node; of a shared one the same in all its places."""
        if child.pointer not in self.built:
            self.built[child.pointer] = self._first(child, value)
        if self.open:
            self.inner[self.open[-1]].append(self.built[child.pointer])
        return self.built[child.pointer]

    def copies(self, child: NetworkNode, value: Value, count: int) -> list[nn.Module]:
        """One module of a node for each member of the ensemble that is being built."""
        members = [
            replace(self, ensemble=self.open[-1], member=index, built={}, nodes={}, inner={},
                    open=[])
            for index in range(count)]
        modules = [member.build(child, value) for member in members]
        self.inner[self.open[-1]] += modules
        own = [dict(_own_parts(member)) for member in members]
        for pointer in own[0]:
            self.nodes[pointer] = EachMember([parts[pointer] for parts in own])
            self.inner[pointer] = []
        return modules

    def _seed(self, pointer: str) -> int:
        """Each node draws its weights from a stream of its own: adding one leaves the others.

        The first member of an ensemble starts as its network would in the place of the ensemble.
        """
        if self.ensemble is not None:
            pointer = self.ensemble + pointer.removeprefix(join(self.ensemble, "network"))
        purpose = f"weights of member {self.member}" if self.member else "weights"
        return derive_seed(self.seed, pointer, purpose)

    def _first(self, child: NetworkNode, value: Value) -> nn.Module:
        if child.type == EXTRACTION:
            return Extraction(child.pointer)
        pointer = join(child.pointer, "input_frames")
        if child.args.get("input_frames"):
            value = self.shapes[pointer]
            return nn.Sequential(Extraction(pointer), self._own(child, value))
        return self._own(child, value)

    def _own(self, node: NetworkNode, value: Value) -> nn.Module:
        assert node.declaration.build is not None
        torch.manual_seed(self._seed(node.pointer))
        self.inner[node.pointer] = []
        self.open.append(node.pointer)
        try:
            module: Any = node.declaration.build(value, node.args, self)
        except Exception as error:
            error.add_note(f"while building {node.pointer} as {node.type}")
            raise
        self.open.pop()
        for extraction, reader in self.looked_up.items():
            if reader == node.pointer and self.layouts[extraction].codes:
                module = replace_first_linear(module, self.layouts[extraction])
        self.nodes[node.pointer] = module
        if node.declaration.per_step and length_of(value) is not None:
            return PerStep(module)
        return module  # type: ignore[no-any-return]


def build_network(plan: Plan, layouts: Mapping[str, Layout], device: torch.device) -> Network:
    """The network of a plan with seeded weights, on the device.

    Args:
        layouts: pointer of an extraction -> the layout of its columns.
    """
    shapes, heads = plan.shaped.shapes, plan.shaped.heads
    builder = _Builder(
        label_width=None if heads else _width(shapes.output),
        seed=plan.graph.seed,
        shapes={node.pointer: node.output for node in shapes.nodes},
        layouts=layouts,
        looked_up=shapes.looked_up,
        shared=definitions(plan.graph.network),
        given=cache(lambda name: given_vectors(plan, name)),
    )
    with torch.random.fork_rng(devices=[]):
        module = builder.build(plan.graph.network, shapes.nodes[0].input)
        if heads:
            module = WithHeads(module, {
                name: _build_head(builder, head, shapes.output) for name, head in heads.items()})
    return Network(module.to(device), dict(_own_parts(builder)))


def _build_head(builder: _Builder, head: ShapedHead, value: Value) -> nn.Module:
    """The module of a head, which reads `value` and may share what stands before it."""
    graph = head.graph
    builder.label_width = _width(head.shapes.output)
    builder.shared = definitions(*networks(graph))
    return builder.build(graph.heads[0].network, value)


def given_vectors(plan: Plan, name: str) -> NDArray[np.float32]:
    """The vectors of the `embedding` of this name; zeros in the graph of a model, which has them
    among its weights.

    Raises BundleError when their frame cannot be read any more.
    """
    fitted = plan.shaped.fitted
    parts = {**fitted.extractors}
    for context in fitted.contexts.values():
        parts |= context.extractors
    vectors = parts[name].bound.vectors
    if vectors is None:
        ids = parts[name].ids[0]
        return np.zeros((len(ids.values), ids.width or 0), dtype=np.float32)
    return read_vectors(vectors, fitted.bound.bundle)


def _own_parts(builder: _Builder) -> Iterator[tuple[str, nn.Module]]:
    """Of every node the module, and of one that holds others what it has beside them."""
    for pointer, module in builder.nodes.items():
        if not builder.inner[pointer]:
            yield pointer, module
            continue
        own = _without(module, set(map(id, builder.inner[pointer])))
        if own.state_dict():
            yield pointer, own


def _without(module: nn.Module, inner: Collection[int]) -> nn.Module:
    """The weights and members of a module under the same names, but for members that hold one
    of `inner`, given by their ids."""
    own = nn.Module()
    if id(module) in inner:
        return own
    for name, parameter in module.named_parameters(recurse=False):
        own.register_parameter(name, parameter)
    for name, member in module.named_children():
        if not any(id(part) in inner for part in member.modules()):
            own.add_module(name, member)
    return own


def _width(output: Value) -> int | None:
    assert isinstance(output, tuple)
    width = output[-1]
    return width if isinstance(width, int) else None
