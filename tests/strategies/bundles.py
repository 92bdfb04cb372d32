"""Small bundles: an index frame, frames to join, and everything that real data has wrong."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from .columns import FORMS, KEYS, LABELS, SAME_KIND, Values, column
from .schema import HOSTILE, happens, weighted

STORED = ("folder", "zip", "pandas")
_NAMES = ("age", "Fare", "city", "since", "total_km", "day")
_FRAMES = ("planes", "weather", "shops", "a b", "wétter", "x.y", "label")
_ODD = 15


@dataclass(frozen=True)
class Link:
    """A way to join: `columns` of the frame before match the key of `frame`."""

    frame: str
    columns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class DrawnBundle:
    """A bundle before it is stored.

    Args:
        tables: the frames by name.
        index_frame: the frame whose rows are the samples.
        keys: the key columns of frames; frames without a key are missing.
        stored: one of STORED.
        told: whether bundle.json names index frame and keys.
        label: the column that was made to be predicted, and its form in LABELS.
        features: frame -> column -> its form in FORMS.
        links: frame -> what can be joined to it.
        splits: the values of the column `split`; empty without the column.
    """

    tables: Mapping[str, pa.Table]
    index_frame: str
    keys: Mapping[str, tuple[str, ...]]
    stored: str
    told: bool
    label: tuple[str, str]
    features: Mapping[str, Mapping[str, str]]
    links: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)
    splits: tuple[str, ...] = ()

    @property
    def tells_all(self) -> bool:
        """Whether the index frame and all keys are known without the spec."""
        if self.stored == "pandas":
            return self.index_frame == "index"
        return self.told

    def columns(self, frame: str) -> list[str]:
        """All columns of a frame."""
        names: list[str] = self.tables[frame].schema.names
        return names

    def store(self, folder: Path) -> Any:
        """What specc opens: the folder, a zip beside it, or frames of pandas."""
        if self.stored == "pandas":
            return self.pandas()
        self.write(folder)
        if self.stored == "folder":
            return folder
        path = folder.with_suffix(".zip")
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(folder.iterdir()):
                archive.write(file, file.name)
        return path

    def write(self, folder: Path) -> None:
        """One Parquet file for each frame, and bundle.json."""
        folder.mkdir(parents=True)
        for name, table in self.tables.items():
            pq.write_table(table, folder / f"{name}.parquet")
        if self.told:
            frames = {name: {"key": list(key)} for name, key in self.keys.items()}
            (folder / "bundle.json").write_text(json.dumps(
                {"specc_bundle": 1, "index_frame": self.index_frame, "frames": frames}))

    def pandas(self) -> dict[str, pd.DataFrame]:
        """The frames with their keys as pandas index."""
        frames: dict[str, pd.DataFrame] = {}
        for name, table in self.tables.items():
            try:
                frame = table.to_pandas()
            except (pa.ArrowInvalid, ValueError):
                # A time beyond what pandas counts in nanoseconds.
                frame = table.to_pandas(types_mapper=pd.ArrowDtype)
            key = self.keys.get(name, ())
            # A list can stand in a column, not in an index.
            lists = any(pa.types.is_nested(table.schema.field(column).type) for column in key)
            frames[name] = frame.set_index(list(key)) if key and not lists else frame
        return frames


def _names(count: int) -> st.SearchStrategy[list[str]]:
    """Different names of columns, some of them hostile."""
    name = weighted((5, st.sampled_from(_NAMES)), (1, st.sampled_from(HOSTILE)))
    return st.lists(name, min_size=count, max_size=count, unique=True)


@st.composite
def _generators(draw: st.DrawFn) -> np.random.Generator:
    # Values from one drawn seed: to draw each would take hypothesis seconds for a bundle.
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1)))


_SHARES = weighted((6, st.just(0.0)), (2, st.just(0.2)), (1, st.just(1.0)))
_SOUND = [name for name, form in FORMS.items() if form.reads]


def _with_nulls(values: Values, share: float, generator: np.random.Generator) -> Values:
    return [None if generator.random() < share else value for value in values]


@st.composite
def _features(draw: st.DrawFn, rows: int, most: int,
              odd: bool) -> tuple[dict[str, str], dict[str, pa.Array]]:
    """Names and forms of some columns, and their values."""
    generator = draw(_generators())
    names = draw(st.integers(1, most).flatmap(_names))
    forms: dict[str, str] = {}
    arrays: dict[str, pa.Array] = {}
    for name in names:
        forms[name] = draw(st.sampled_from(list(FORMS) if odd else _SOUND))
        form = FORMS[forms[name]]
        values = _with_nulls(form.draw(generator, rows), draw(_SHARES), generator)
        arrays[name] = column(form.dtype, values)
    return forms, arrays


@st.composite
def _splits(draw: st.DrawFn, rows: int) -> pa.Array | None:
    """The column `split`, or None."""
    generator = draw(_generators())
    train = ["train"] * max(1, rows * 6 // 10)
    rest = rows - len(train)
    scheme = draw(weighted(
        (14, st.just("usual")), (3, st.just("display")), (2, st.just("one row")),
        (1, st.just("train")), (1, st.just("odd")), (1, st.just("nulls")),
        (1, st.just("no train")), (1, st.just("numbers")), (1, st.just("one train")),
        (3, st.just("none")),
    ))
    values: Values = {
        "usual": [*train, *["test"] * rest],
        "display": [*train, *["display", "test", "validation"] * rows][:rows],
        "one row": [*["train"] * (rows - 1), "test"],
        "train": ["train"] * rows,
        "odd": [*train, *["tést", "a/b", None, ""] * rows][:rows],
        "nulls": [None] * rows,
        "no train": ["test"] * rows,
        "numbers": [1] * rows,
        "one train": ["train", *["test"] * (rows - 1)],
        "none": [],
    }[scheme]
    if scheme == "none":
        return None
    order = generator.permutation(rows)
    shuffled = [values[place] for place in order]
    if scheme == "numbers":
        return column(pa.int64(), shuffled)
    return column(draw(st.sampled_from(
        [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])), shuffled)


@st.composite
def _priorities(draw: st.DrawFn, rows: int) -> pa.Array | None:
    """The column `priority`, or None."""
    generator = draw(_generators())
    values, dtype = draw(weighted(
        (10, st.just(([], None))),
        (2, st.just(([1.0, 0.0, 2.5], pa.float64()))),
        (1, st.just(([1, 2, 0], pa.int32()))),
        (1, st.sampled_from([
            ([-1.0, 1.0], pa.float64()), ([0.0], pa.float64()), ([None, 1.0], pa.float64()),
            ([float("inf")], pa.float64()), (["a"], pa.string()), ([1e308], pa.float64()),
            ([True, False], pa.bool_()), ([float("nan"), 1.0], pa.float64()),
        ])),
    ))
    if dtype is None:
        return None
    return column(dtype, [values[place] for place in generator.integers(0, len(values), rows)])


@st.composite
def _key(draw: st.DrawFn, odd: bool) -> tuple[str, str]:
    """The dtypes of a key: on the side of the frame, and on the side that looks it up."""
    kinds = [kind for kind in KEYS if odd or kind not in ("binary", "list", "boolean")]
    here = draw(st.sampled_from(kinds))
    return here, draw(weighted((3, st.just(here)),
                               (2, st.sampled_from([*SAME_KIND.get(here, (here,))])),
                               *([(1, st.sampled_from(list(KEYS)))] if odd else [])))


def _keys(kind: str, places: list[int | None]) -> pa.Array:
    dtype, value = KEYS[kind]
    return column(dtype, [None if place is None else value(place) for place in places])


@st.composite
def bundles(draw: st.DrawFn) -> DrawnBundle:
    """Bundles of 2 to 40 samples and up to three more frames; most of them are sound."""
    odd = draw(happens(_ODD))
    rows = draw(weighted((12, st.integers(14, 40)), (3, st.integers(6, 13)), (1, st.integers(2, 5)),
                         *([(1, st.integers(0, 1))] if odd else [])))
    generator = draw(_generators())
    index = draw(weighted((4, st.just("index")), (1, st.sampled_from(_FRAMES))))
    forms, arrays = draw(_features(rows, 5, odd))
    label = draw(weighted((9, st.just("y")), (1, st.sampled_from(HOSTILE))))
    form = draw(st.sampled_from(list(LABELS)))
    share = draw(weighted((19, st.just(0.0)), (1, st.just(0.1))))
    forms.pop(label, None)
    values = _with_nulls(LABELS[form].draw(generator, rows), share, generator)
    arrays[label] = column(LABELS[form].dtype, values)
    splits = draw(_splits(rows)) if rows else None
    for name, array in (("split", splits), ("priority", draw(_priorities(rows)))):
        if array is not None and name != label:
            arrays[name] = array
            forms.pop(name, None)
    features, keys = {index: forms}, dict[str, tuple[str, ...]]()
    links: dict[str, tuple[Link, ...]] = {}
    tables: dict[str, pa.Table] = {}
    if draw(st.booleans()):
        repeated = odd and draw(st.booleans())
        arrays["id"] = _keys("int64", [place // (2 if repeated else 1) for place in range(rows)])
        keys[index] = ("id",)
    owner, owner_arrays, owner_rows = index, arrays, rows
    others = [name for name in _FRAMES if name != index]
    for frame in draw(st.lists(st.sampled_from(others), max_size=3, unique=True)):
        count = draw(weighted((6, st.integers(2, 12)), (1, st.integers(0, 1))))
        own_forms, own = draw(_features(count, 3, odd))
        key, looked_up = [], []
        for number in range(draw(weighted((4, st.just(1)), (1, st.just(2))))):
            here, there = draw(_key(odd))
            name, foreign = f"key{number}", f"{frame} key{number}"
            places: list[int | None] = list(range(count))
            if odd and count and draw(happens(30)):
                places[-1] = draw(st.sampled_from([0, None]))
            own[name] = _keys(here, places)
            reached = generator.integers(0, count + draw(st.sampled_from([0, 2])) + 1, owner_rows)
            owner_arrays[foreign] = _keys(there, _with_nulls(
                [int(place) for place in reached], draw(_SHARES), generator))
            key.append(name)
            looked_up.append(foreign)
        keys[frame] = tuple(key)
        features[frame] = own_forms
        links[owner] = (*links.get(owner, ()), Link(frame, tuple(looked_up)))
        tables[owner] = pa.table(owner_arrays)
        tables[frame] = pa.table(own)
        if draw(happens(30)):
            # The next frame hangs on this one: a chain of joins.
            owner, owner_arrays, owner_rows = frame, own, count
    tables[index] = pa.table(arrays)
    if draw(happens(20)):
        beside, own = draw(_features(rows, 3, odd))
        if index in keys:
            own["id"] = arrays["id"]
            keys["beside"] = ("id",)
        beside.pop("id", None)
        features["beside"] = beside
        tables["beside"] = pa.table(own)
    return DrawnBundle(
        tables=tables, index_frame=index, keys=keys, stored=draw(st.sampled_from(STORED)),
        told=draw(weighted((4, st.just(True)), (1, st.just(False)))), label=(label, form),
        features=features, links=links,
        splits=tuple(sorted({str(value) for value in splits.to_pylist() if value is not None}))
        if splits is not None and label != "split" else (),
    )
