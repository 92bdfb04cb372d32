"""A long spec made of a short one, by repeating its extractors under new names."""

from __future__ import annotations

import copy
import itertools
import json
from typing import Any


def lengthen(spec: dict[str, Any], size: int) -> str:
    """`spec` as JSON text of at least `size` bytes, at most one extractor longer.

    Every extractor that the network reads is repeated, with its name numbered, wherever the
    original stands in `input_frames`; so the long spec is valid where the short one is.

    Raises:
        ValueError: no `input_frames` names an extractor.
    """
    long = copy.deepcopy(spec)
    lists = list(_input_frames(long["network"]))
    read = [name for name in spec["extractors"] if any(name in frames for frames in lists)]
    if not read:
        raise ValueError("no input_frames of the network names an extractor")
    copies = ((name, f"{name}_{number}") for number in itertools.count(2) for name in read)
    while len((text := json.dumps(long, indent=2) + "\n").encode()) < size:
        name, repeated = next(copies)
        long["extractors"][repeated] = spec["extractors"][name]
        for frames in lists:
            if name in frames:
                frames.append(repeated)
    return text


def _input_frames(node: Any) -> list[list[str]]:
    """Every list under the property `input_frames`, in nested network nodes too."""
    if isinstance(node, list):
        return [frames for item in node for frames in _input_frames(item)]
    if not isinstance(node, dict):
        return []
    found = [frames for item in node.values() for frames in _input_frames(item)]
    own = node.get("input_frames")
    return [own, *found] if isinstance(own, list) else found
