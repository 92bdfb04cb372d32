"""The two formats: how a network is written, and how what was written is run."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...compiler.exporting.inputs import Input
from ...compiler.stages import Plan
from ..build import Network
from .network import Exported, Nodes, Tensors

ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""Those of the extra `onnx`."""

TRACED_ROWS, TRACED_STEPS = 3, 4
"""Sizes of the batch that is traced: exporters take 0 and 1 for sizes that never change."""

_DTYPES = {"float32": torch.float32, "int64": torch.int64, "bool": torch.bool}

_OPERATION = re.compile(r"translating node %(\w+)")
"""The operation at which the exporter to ONNX has stopped, as it says."""

Run = Callable[[Tensors], Mapping[str, Tensor]]
"""Named inputs -> named outputs, by the file alone."""


@dataclass(frozen=True)
class Format:
    """A form in which a network is kept.

    Args:
        file: its name in the folder.
        packages: what has to be installed beside torch, and names of versions that matter.
        write: writes a traced network.
        open: the network that was written, as a function.
    """

    name: str
    file: str
    packages: tuple[str, ...]
    write: Callable[[torch.export.ExportedProgram, Path, Sequence[str], Sequence[str]], None]
    open: Callable[[Path, Sequence[str]], Run]


class CannotExpress(Exception):
    """An exporter has refused the network.

    Args:
        pointer: the node that it could not take, where that is known.
    """

    def __init__(self, reason: str, pointer: str | None) -> None:
        super().__init__(reason)
        self.reason, self.pointer = reason, pointer


def missing(form: Format) -> list[str]:
    """The packages of a format that cannot be imported."""
    found = []
    for name in form.packages:
        try:
            importlib.import_module(name)
        except ImportError:
            found.append(name)
    return found


@dataclass(frozen=True, eq=False)
class Traced:
    """A network as operations, with sizes of batch and steps left open."""

    program: torch.export.ExportedProgram
    nodes: Nodes

    def write(self, form: Format, path: Path, inputs: Sequence[str],
              outputs: Sequence[str]) -> None:
        """Writes the network. Raises CannotExpress, and OSError."""
        try:
            form.write(self.program, path, inputs, outputs)
        except OSError:
            raise
        except Exception as error:  # whatever an exporter raises
            raise CannotExpress(reason_of(error), self._node_of(error)) from error

    def _node_of(self, error: BaseException) -> str | None:
        """The node of the spec that an operation comes from which an error names; None where an
        exporter has made the operation of another."""
        named = {name for one in _causes(error) for name in _OPERATION.findall(str(one))}
        for operation in self.program.graph.nodes:
            stack = operation.meta.get("nn_module_stack", {}) if operation.name in named else {}
            for place, _ in reversed(list(stack.values())):
                if place in self.nodes.places:
                    return self.nodes.places[place]
        return None


def traced(plan: Plan, network: Network, inputs: Sequence[Input]) -> Traced:
    """The network of a plan. Raises CannotExpress."""
    nodes = Nodes()
    module = Exported(plan, network, nodes)
    example = {one.name: _example(one) for one in inputs}
    batch = torch.export.Dim("batch", min=1)
    lengths: dict[str, Any] = {}
    shapes: dict[str, dict[int, Any]] = {}
    for one in inputs:
        shapes[one.name] = {0: batch}
        if one.steps:
            name = f"length_{len(lengths)}"
            shapes[one.name][1] = lengths.setdefault(one.frame, torch.export.Dim(name, min=1))
    try:
        with torch.no_grad():
            program = torch.export.export(module, (example,), dynamic_shapes=(shapes,))
    except Exception as error:  # whatever torch raises for what it cannot trace
        raise CannotExpress(reason_of(error), nodes.open[-1] if nodes.open else None) from error
    return Traced(program, nodes)


def _example(one: Input) -> Tensor:
    sizes = {"batch": TRACED_ROWS, "length": TRACED_STEPS}
    shape = [sizes[axis] if isinstance(axis, str) else axis for axis in one.shape]
    dtype = _DTYPES[one.dtype]
    return torch.ones(shape, dtype=dtype) if dtype is torch.bool else torch.zeros(
        shape, dtype=dtype)


def reason_of(error: BaseException) -> str:
    """The first line of what a library says; of an error that has a cause what that says."""
    *_, error = _causes(error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, then what has led to it."""
    while error is not None:
        yield error
        error = error.__cause__


def _write_torch(program: torch.export.ExportedProgram, path: Path, inputs: Sequence[str],
                 outputs: Sequence[str]) -> None:
    torch.export.save(program, path)


def _open_torch(path: Path, outputs: Sequence[str]) -> Run:
    module = torch.export.load(path).module()

    def run(tensors: Tensors) -> Mapping[str, Tensor]:
        with torch.no_grad():
            given: Mapping[str, Tensor] = module(tensors)
        return given

    return run


def _write_onnx(program: torch.export.ExportedProgram, path: Path, inputs: Sequence[str],
                outputs: Sequence[str]) -> None:
    # One file: what is larger than its format allows is refused.
    torch.onnx.export(program, (), path, dynamo=True, input_names=list(inputs),
                      output_names=list(outputs), external_data=False, verbose=False)


def _open_onnx(path: Path, outputs: Sequence[str]) -> Run:
    runtime: Any = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(tensors: Tensors) -> Mapping[str, Tensor]:
        given = session.run(list(outputs), {name: tensor.numpy()
                                            for name, tensor in tensors.items()})
        return {name: torch.from_numpy(value)
                for name, value in zip(outputs, given, strict=True)}

    return run


FORMATS: Mapping[str, Format] = {
    "torch": Format("torch", "network.pt2", (), _write_torch, _open_torch),
    "onnx": Format("onnx", "network.onnx", ONNX_PACKAGES, _write_onnx, _open_onnx),
}
