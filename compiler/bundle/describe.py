"""What a bundle holds, as records, for `specc bundle describe`."""

from __future__ import annotations

from dataclasses import dataclass

from .frames import Frame


@dataclass(frozen=True)
class ColumnDescription:
    """One column. `dtype` is Arrow's; `nulls` is None where the file does not count them."""

    name: str
    dtype: str
    nulls: int | None


@dataclass(frozen=True)
class FrameDescription:
    """One frame with all its columns, the key among them."""

    frame: str
    rows: int
    key: tuple[str, ...]
    columns: tuple[ColumnDescription, ...]


def describe_frame(frame: Frame, key: tuple[str, ...]) -> FrameDescription:
    """Reads metadata and statistics, no column."""
    nulls = frame.null_counts()
    columns = tuple(
        ColumnDescription(field.name, str(field.type), nulls.get(field.name))
        for field in frame.schema
    )
    return FrameDescription(frame.name, frame.rows, key, columns)
