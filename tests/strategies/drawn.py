"""A bundle before it is stored, and what is known of it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

STORED = ("folder", "zip", "pandas")


@dataclass(frozen=True)
class Link:
    """A way to join: `columns` of the frame before match the key of `frame`."""

    frame: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Events:
    """Rows of a frame that can belong to samples, by a key, a time or a number.

    Args:
        path: the joins from the index frame to the one that `on` starts from.
        on: columns there to columns of `frame`; empty without a key.
        times, places: a column of the index frame, and one of `frame`.
    """

    frame: str
    path: tuple[Link, ...]
    on: Mapping[str, str]
    times: tuple[str, str]
    places: tuple[str, str]


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
        events: what contexts and as-of joins can look at.
        weighted: whether the index frame has a column `weight`.
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
    events: tuple[Events, ...] = ()
    weighted: bool = False

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
