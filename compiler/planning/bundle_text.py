"""A description of a bundle as text and as JSON data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..diagnostics.diagnostic import one_line
from ..diagnostics.wording import count

if TYPE_CHECKING:
    from ..bundle import Bundle, FrameDescription

FORMAT = 1
"""The version of the form of `specc bundle describe --format json`."""


def bundle_json(bundle: Bundle, frames: Sequence[FrameDescription]) -> dict[str, Any]:
    """The description as data."""
    return {
        "format": FORMAT,
        "bundle": bundle.name,
        "index_frame": bundle.index_frame,
        "frames": [asdict(frame) for frame in frames],
    }


def bundle_text(bundle: Bundle, frames: Sequence[FrameDescription]) -> str:
    """The description as lines, frame by frame."""
    return "\n".join(_lines(bundle, frames)) + "\n"


def made_text(path: str, bundle: Bundle, frames: Sequence[FrameDescription]) -> str:
    """The description of a bundle that was made: a line for each frame, then where it lies."""
    lines = [one_line(f"{frame.frame}: {count(frame.rows, 'row')}, "
                      f"{count(len(frame.columns), 'column')}, key "
                      f"{', '.join(frame.key) or 'none'}") for frame in frames]
    return "\n".join([*lines, one_line(f"bundle {path}: index frame {bundle.index_frame}"), ""])


def _lines(bundle: Bundle, frames: Sequence[FrameDescription]) -> Iterator[str]:
    index = bundle.index_frame or "none: name it in bundle.json or in the spec"
    yield f"bundle {one_line(bundle.name)}: {len(frames)} frames, index frame {one_line(index)}"
    for frame in frames:
        key = ", ".join(frame.key) or "none"
        yield ""
        yield one_line(f"{frame.frame}: {frame.rows:,} rows, key {key}")
        width = max((len(column.name) for column in frame.columns), default=0)
        for column in frame.columns:
            nulls = "" if column.nulls is None else f"  {column.nulls:,} nulls"
            yield one_line(f"  {column.name.ljust(width)}  {column.dtype}{nulls}")
