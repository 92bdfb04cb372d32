"""Names that are not there: extractors, splits, frames and columns."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from specc.compiler.bundle import Bundle
from specc.compiler.text.pointer import pointer_of
from specc.compiler.vocabulary.schema_walk import Path

from .bases import Base, names_of
from .case import Case, replaced
from .typos import misspelt
from .vocabulary import at, described

_INPUTS = ("features", "inputs", "data", "x")
_FRAMES = ("data", "table", "main")
_COLUMNS = ("id", "value", "target_column", "feature_1")


def _wrong_names(base: Base, kind: str, path: Path, known: Collection[str],
                 others: Collection[str], dice: random.Random) -> Iterator[Case]:
    """A name that is misspelt, and one of something else."""
    name, pointer = at(base.spec, path), pointer_of(path)
    for distance in (1, 2):
        wrong = misspelt(name, distance, dice, known)
        if wrong is not None and not any(fnmatchcase(other, wrong) for other in known):
            yield replaced(base, kind, pointer, wrong, name, distance)
    strange = sorted(set(others) - set(known))
    if strange:
        yield replaced(base, kind, pointer, dice.choice(strange), name)


def bad_references(base: Base, bundle: Bundle, dice: random.Random) -> Iterator[Case]:
    """`input_frames`, `frames`, `label`, `train_on` and `evaluate_on` with a name that is none."""
    spec = base.spec
    extractors, label = frames_of(spec), spec.get("label", "label")
    for path, _, value in described(base):
        for key in ("input_frames", "frames"):
            for index, name in enumerate(value.get(key, ())):
                place = (*path, key, index)
                yield from _wrong_names(base, "bad reference", place, extractors,
                                        (*_INPUTS, *bundle.frames), dice)
                yield replaced(base, "bad reference", pointer_of(place), label, name)
                if index:
                    yield replaced(base, "bad reference", pointer_of(place), value[key][0], name)
    if "label" in spec:
        yield from _wrong_names(base, "bad reference", ("label",), extractors,
                                ("y", "target"), dice)
    for key in ("train_on", "evaluate_on"):
        splits = ("train", "display", "validation", "test")
        for index in range(len(spec["training"].get(key, ()))):
            yield from _wrong_names(base, "bad reference", ("training", key, index), splits,
                                    ("dev", "all"), dice)


def frames_of(spec: Any) -> list[str]:
    """The names that a network may read, the label with them."""
    found = []
    for name, extractor in spec["extractors"].items():
        if extractor["type"] == "context":
            found += [f"{name}.{aggregation}" for aggregation in extractor["aggregations"]]
        else:
            found.append(name)
    return found


def bad_frames(base: Base, bundle: Bundle, dice: random.Random) -> Iterator[Case]:
    """A frame that the bundle has not, in a join, as the index frame, or with a key."""
    settings = base.spec.get("bundle", {})
    places: list[Path] = [(*path, "frame") for path, _, value in described(base)
                          if isinstance(value.get("frame"), str)]
    if "index_frame" in settings:
        places.append(("bundle", "index_frame"))
    for path in places:
        name = at(base.spec, path)
        files = (f"{name}.parquet", f"{name}.csv", f"{name}/")
        for others in (files, (*_FRAMES, *base.spec["extractors"])):
            yield from _wrong_names(base, "bad frame", path, bundle.frames, others, dice)
    for name in settings.get("keys", ()):
        for distance in (1, 2):
            wrong = misspelt(name, distance, dice, bundle.frames)
            if wrong is not None:
                new = pointer_of(("bundle", "keys", wrong))
                old = pointer_of(("bundle", "keys", name))
                yield Case(base, "bad frame", ({"op": "move", "from": old, "path": new},), new,
                           name, distance)


def bad_columns(base: Base, bundle: Bundle, dice: random.Random) -> Iterator[Case]:
    """A column that the frame has not, in a selector, a join, a preparation or a key."""
    frames = dict(names_of(bundle))
    index = base.spec.get("bundle", {}).get("index_frame", bundle.index_frame)
    every = {column for columns in frames.values() for column in columns}
    for path, frame in _columns(base, index):
        yield from _wrong_names(base, "bad column", path, frames[frame], (*_COLUMNS, *every), dice)
    for path, frame in _column_keys(base, index):
        name = path[-1]
        assert isinstance(name, str)
        wrong = misspelt(name, 1, dice, frames[frame])
        if wrong is not None:
            new = pointer_of((*path[:-1], wrong))
            move = {"op": "move", "from": pointer_of(path), "path": new}
            yield Case(base, "bad column", (move,), new, name, 1)


def _columns(base: Base, index: str) -> Iterator[tuple[Path, str]]:
    """The places of values that name a column, and its frame."""
    for name, extractor in base.spec["extractors"].items():
        yield from _of_extractor(("extractors", name), extractor, index)
    settings = base.spec.get("bundle", {})
    for place, step in enumerate(settings.get("prepare", ())):
        for key in ("column", "columns", "only_where_not_null"):
            # The column that a step adds is a name of its own.
            if key in step and step["type"] != "derive":
                yield from ((inner, index)
                            for inner in _named(step[key], ("bundle", "prepare", place, key)))
    for frame, columns in settings.get("keys", {}).items():
        yield from ((inner, frame) for inner in _named(columns, ("bundle", "keys", frame)))


def _of_extractor(path: Path, extractor: Any, start: str) -> Iterator[tuple[Path, str]]:
    """The columns that an extractor names, those of its parts too.

    Args:
        start: the frame whose rows are the samples.
    """
    frame = extractor.get("frame") if extractor["type"] != "context" else None
    frame = frame or start
    for place, step in enumerate(extractor.get("joins", ())):
        yield from _of_step((*path, "joins", place), step, frame, start)
        frame = step["frame"]
    for key in ("take_columns", "drop_columns"):
        for place, selector in enumerate(extractor.get(key, ())):
            if isinstance(selector, str) and "*" not in selector:
                yield (*path, key, place), frame
    for part, inner in extractor.get("extractors", {}).items():
        yield from _of_extractor((*path, "extractors", part), inner, start)
    if extractor["type"] == "context":
        rows = extractor["frame"]
        yield from _of_step(path, extractor, frame, start)
        yield from ((inner, rows) for inner in _named(extractor.get("order_by", ()),
                                                      (*path, "order_by")))
        yield from (((*path, "where", place, "column"), rows)
                    for place, _ in enumerate(extractor.get("where", ())))
        yield from _of_extractor((*path, "extractor"), extractor["extractor"], rows)


def _of_step(path: Path, step: Any, frame: str, start: str) -> Iterator[tuple[Path, str]]:
    """The columns of `on`, `as_of` and `at`; the keys of an object `on` are told by another."""
    on = step.get("on", ())
    if isinstance(on, Mapping):
        yield from (((*path, "on", column), step["frame"]) for column in on)
    else:
        yield from ((inner, frame) for inner in _named(on, (*path, "on")))
    for key in ("as_of", "at"):
        if step.get(key) is not None:
            yield from (((*path, key, "sample"), start), ((*path, key, "row"), step["frame"]))


def _named(value: Any, path: Path) -> Iterator[Path]:
    """The places of names in one name, a list of names, or an object of names."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, Mapping):
        yield from ((*path, key) for key in value)
    else:
        yield from ((*path, index) for index in range(len(value)))


def _column_keys(base: Base, index: str) -> Iterator[tuple[Path, str]]:
    """The keys of `"on": {here: there}`, and the frame that they name a column of."""
    for name, extractor in base.spec["extractors"].items():
        path: Path = ("extractors", name)
        frame = index if extractor["type"] == "context" else extractor.get("frame") or index
        for place, step in enumerate(extractor.get("joins", ())):
            yield from _keys_of((*path, "joins", place, "on"), step["on"], frame)
            frame = step["frame"]
        if extractor["type"] == "context":
            yield from _keys_of((*path, "on"), extractor.get("on"), frame)


def _keys_of(path: Path, on: Any, frame: str) -> Iterator[tuple[Path, str]]:
    if isinstance(on, Mapping):
        yield from (((*path, column), frame) for column in on)


REFERENCES = {
    "bad reference": bad_references,
    "bad frame": bad_frames,
    "bad column": bad_columns,
}
