"""Which part of the work a place of a spec belongs to: data, network or training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...schema.heads import HEADS
from ...schema.preparation import DERIVE, FILTER, PRIORITY, TIME_SPLIT
from ...schema.transformers.categories import TARGET_ENCODING
from ..text.pointer import parts
from .canonical import digest

DATA, NETWORK, TRAINING, NAMES = "data", "network", "training", "names"
SECTIONS = (DATA, NETWORK, TRAINING, NAMES)
"""In the order of the work."""

WORK = (DATA, NETWORK, TRAINING)
"""The sections that a run does something for."""

_SEED = "seed"
_NAMES = ("$schema", "specc", "name", "description")
_SECTION = {"bundle": DATA, "extractors": DATA, "label": DATA, "network": NETWORK,
            **dict.fromkeys(_NAMES, NAMES)}
_OF_TRAINING = ("train_on", "evaluate_on", "sample_weight")
"""Properties of `training` that choose rows, which fits see, or columns, which `*` leaves out."""

_WITHOUT_CHANCE = {step.name for step in (TIME_SPLIT, PRIORITY, FILTER, DERIVE)}
"""Steps of preparation that the seed has no part in."""

_OF_HEAD = {"label": DATA, "network": NETWORK}


def sections_of(pointer: str, draws: bool) -> tuple[str, ...]:
    """The sections that change with what stands at a place of a spec.

    Args:
        draws: whether the data depends on the seed; see `draws_data`.
    """
    top, *path = parts(pointer)
    if top == HEADS:
        return (_OF_HEAD.get(path[1], TRAINING),) if len(path) > 1 else WORK
    if top == TRAINING and path and path[0] in _OF_TRAINING:
        return (DATA,)
    if top == _SEED and draws:
        return DATA, TRAINING
    return (_SECTION.get(top, TRAINING),)


def draws_data(spec: Mapping[str, Any]) -> bool:
    """Whether the seed has a part in the data: in a random split, or in folds."""
    return reads_label(spec) or any(
        step["type"] not in _WITHOUT_CHANCE for step in spec["bundle"]["prepare"])


def reads_label(spec: Mapping[str, Any]) -> bool:
    """Whether a transformer reads the label in folds, which are drawn by the label's name."""
    return any(entry.get("type") == TARGET_ENCODING.name for entry in _objects(spec["extractors"]))


def section_hashes(spec: Mapping[str, Any]) -> dict[str, str]:
    """Section -> hash of what a canonical spec says of it.

    Of two specs, `data` and `network` are equal where their hashes are. Equal `data` gives the
    same samples and the same encoded columns on the same bundle, equal `network` the same
    modules for them. Names of extractors are part of both: other names give other hashes.
    """
    training = spec["training"]
    heads = spec.get(HEADS) or {}
    data = {
        **{key: value for key, value in spec.items() if _SECTION.get(key) == DATA},
        **{key: training[key] for key in _OF_TRAINING},
        HEADS: {name: head["label"] for name, head in heads.items()},
        _SEED: spec[_SEED] if draws_data(spec) else None,
    }
    network = {
        "network": spec["network"],
        HEADS: {name: head["network"] for name, head in heads.items()},
    }
    learning = {
        **{key: value for key, value in spec.items() if key not in (*_SECTION, HEADS)},
        TRAINING: {key: value for key, value in training.items() if key not in _OF_TRAINING},
        HEADS: {name: {key: value for key, value in head.items() if key not in _OF_HEAD}
                for name, head in heads.items()},
    }
    return {DATA: digest(data), NETWORK: digest(network), TRAINING: digest(learning)}


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for element in value.values():
            yield from _objects(element)
    elif isinstance(value, list | tuple):
        for element in value:
            yield from _objects(element)
