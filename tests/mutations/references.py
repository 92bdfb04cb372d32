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
    extractors, label = spec["extractors"], spec.get("label", "label")
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
        path: Path = ("extractors", name)
        frame = extractor.get("frame") or index
        for place, join in enumerate(extractor.get("joins", ())):
            yield from ((inner, frame if not isinstance(join["on"], dict) else join["frame"])
                        for inner in _named(join["on"], (*path, "joins", place, "on")))
            frame = join["frame"]
        for key in ("take_columns", "drop_columns"):
            for place, selector in enumerate(extractor.get(key, ())):
                if isinstance(selector, str):
                    yield (*path, key, place), frame
    settings = base.spec.get("bundle", {})
    for place, step in enumerate(settings.get("prepare", ())):
        for key in ("column", "columns", "only_where_not_null"):
            if key in step:
                yield from ((inner, index)
                            for inner in _named(step[key], ("bundle", "prepare", place, key)))
    for frame, columns in settings.get("keys", {}).items():
        yield from ((inner, frame) for inner in _named(columns, ("bundle", "keys", frame)))


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
        frame = extractor.get("frame") or index
        for place, join in enumerate(extractor.get("joins", ())):
            if isinstance(join["on"], dict):
                yield from ((("extractors", name, "joins", place, "on", column), frame)
                            for column in join["on"])
            frame = join["frame"]


REFERENCES = {
    "bad reference": bad_references,
    "bad frame": bad_frames,
    "bad column": bad_columns,
}
