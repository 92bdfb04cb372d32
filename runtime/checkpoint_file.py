"""A checkpoint as one file: tensors as safetensors, everything else as JSON in its header.

A file that is there is whole, and a hash of all that it holds tells when it was cut or changed
later. Nothing is pickled, so reading one runs no code.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from ..compiler.diagnostics import codes
from ..compiler.diagnostics.diagnostic import one_line
from ..compiler.text.written import check_file
from . import run_folder
from .run_folder import FolderError

FORMAT = "1"
"""Version of the form that a checkpoint has."""

_ENTRY = "specc checkpoint"
"""The entry of the header: format, hash and JSON."""

Tensors = dict[str, torch.Tensor]

BROKEN = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, RuntimeError,
          TypeError, ValueError, safetensors.SafetensorError)
"""What a file raises that no run has written."""


def write_checkpoint(path: Path, tree: Mapping[str, Any]) -> None:
    """Writes a tree of dicts, lists, tuples, tensors, numbers, strings, true, false and null.

    Raises FolderError (SC513); the file that was there before is then there still.
    """
    tensors: Tensors = {}
    text = json.dumps(_packed(tree, "", tensors), ensure_ascii=False, allow_nan=False)
    tensors = dict(_apart(tensors))
    # In one entry, because the library puts several in any order.
    content = safetensors.torch.save(
        tensors, {_ENTRY: f"{FORMAT} {_hash(text, tensors)} {text}"})
    try:
        run_folder.write_bytes(path, content)
    except FolderError as error:
        reason = str(error).rpartition(": ")[2]
        raise FolderError(codes.UNWRITABLE_CHECKPOINT.at(
            file=str(path), path=str(path), reason=reason)) from error


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The tree that was written, its tensors on the CPU.

    Raises FolderError (SC515).
    """
    try:
        check_file(path)
        with safetensors.safe_open(path, framework="pt", device="cpu") as file:
            about = file.metadata() or {}
            # Copies, so that nothing hangs on a file that may change.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        version, stored, text = about[_ENTRY].split(" ", 2)
        if version != FORMAT:
            raise ValueError(f"its format is {version!r}, this version reads {FORMAT!r}")
        if stored != _hash(text, tensors):
            raise ValueError("what it holds is not what was written")
        tree = _unpacked(json.loads(text), tensors)
        if not isinstance(tree, dict):
            raise ValueError("it holds no state of a run")
        return tree
    except BROKEN as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> FolderError:
    """The finding about a checkpoint that cannot be used (SC515)."""
    reason = one_line(str(error).partition("\n")[0]) or type(error).__name__
    return FolderError(codes.DAMAGED_CHECKPOINT.at(file=str(path), path=str(path), reason=reason))


def _packed(value: Any, place: str, tensors: Tensors) -> Any:
    """A value as JSON; its tensors go into `tensors` by their place in the tree."""
    if isinstance(value, torch.Tensor):
        tensors[place] = value.detach().cpu().contiguous()
        return {"tensor": place}
    if isinstance(value, Mapping):
        return {"dict": [[key, _packed(inner, f"{place}/{key}", tensors)]
                         for key, inner in value.items()]}
    if isinstance(value, list | tuple):
        inner = [_packed(part, f"{place}/{index}", tensors) for index, part in enumerate(value)]
        return inner if isinstance(value, list) else {"tuple": inner}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    # A float is written with the digits that name it alone, so it comes back the same.
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{place} is {type(value).__name__}, which a checkpoint does not hold")


def _unpacked(value: Any, tensors: Tensors) -> Any:
    if isinstance(value, list):
        return [_unpacked(inner, tensors) for inner in value]
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    if kind == "tensor":
        return tensors[inner]
    if kind == "dict":
        return {key: _unpacked(part, tensors) for key, part in inner}
    if kind == "tuple":
        return tuple(_unpacked(part, tensors) for part in inner)
    if kind == "float":
        return float(inner)
    raise ValueError(f"it holds a {kind!r}")


def _apart(tensors: Tensors) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors, each with memory of its own, which the file format wants."""
    seen: set[int] = set()
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage()
        own = storage.nbytes() == tensor.nbytes and storage.data_ptr() not in seen
        seen.add(storage.data_ptr())
        yield name, tensor if own else tensor.clone()


def _hash(text: str, tensors: Tensors) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=16)
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
