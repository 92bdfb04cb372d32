"""The data of a plan as text: frames, extractors, joins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..data.matching import percent
from ..diagnostics.diagnostic import one_line
from .memory import show_bytes
from .text_lines import Described, constructor, listed, table, wrapped


def frames_text(data: Described) -> Iterator[str]:
    """The samples, the preparation, and the frames with the columns that are read."""
    splits = ", ".join(f"{one_line(name)} {rows:,}" for name, rows in data["splits"].items())
    yield f"data: {data['samples']:,} samples of frame {one_line(data['index_frame'])} ({splits})"
    for step in data.get("prepare", ()):
        yield from wrapped(_step(step), "  ")
    for frame in data["frames"]:
        columns = frame["columns"]
        yield (f"  {one_line(frame['name'])}: {frame['rows']:,} rows, {len(columns)} of "
               f"{frame['columns_in_frame']} columns read")
        by_dtype: dict[str, list[str]] = {}
        for column in columns:
            uses = [use for use in column["read_as"] if use != "feature"]
            shown = one_line(column["name"]) + (f" ({', '.join(uses)})" if uses else "")
            by_dtype.setdefault(column["dtype"], []).append(shown)
        for dtype, names in by_dtype.items():
            yield from wrapped(f"{dtype}: {listed(names)}", "    ")


def _step(step: Described) -> str:
    frame = one_line(step["frame"])
    if "operation" in step:
        return (f"derive {frame}.{one_line(step['column'])} ({step['dtype']}): "
                f"{one_line(constructor(step['operation']))}")
    return (f"filter {frame} by {', '.join(map(one_line, step['columns']))}: "
            f"{step['kept']:,} of {step['rows']:,} rows kept")


def extractors_text(data: Described) -> Iterator[str]:
    """What is taken of the frames, and how it is stored."""
    extractors = data["extractors"]
    yield f"extractors: {len(extractors)}"
    yield from table(
        ("extractor", "frame", "rows", "columns", "positions", "bytes", "encoding"),
        [
            (
                one_line(extractor["name"]),
                " > ".join(map(one_line, extractor["chain"])) or one_line(extractor["frame"]),
                f"{extractor['rows']:,}",
                columns_text(extractor),
                f"{extractor['positions']['dtype']} {show_bytes(extractor['positions']['bytes'])}",
                show_bytes(extractor["bytes"]),
                one_line(extractor["encoding"]),
            )
            for extractor in extractors
        ],
    )
    reasons: dict[str, list[str]] = {}
    for extractor in extractors:
        reasons.setdefault(f"{one_line(extractor['encoding'])}: {extractor['why']}", []).append(
            one_line(extractor["name"]))
    for reason, names in reasons.items():
        yield f"  {', '.join(names)} {'is' if len(names) == 1 else 'are'} {reason}"
    for extractor in extractors:
        yield from column_lines(extractor, data["samples"])


def columns_text(extractor: Described) -> str:
    """The columns taken, and the numbers and ids that they become."""
    made = f"{extractor['width']}" if extractor["width"] or not extractor["ids"] else ""
    ids = f"{extractor['ids']} of ids" if extractor["ids"] else ""
    return f"{len(extractor['columns'])} -> {' and '.join(filter(None, (made, ids)))}"


def column_lines(extractor: Described, rows: int) -> Iterator[str]:
    """What is to be said of single columns: ids with their vectors, and nulls.

    Args:
        rows: samples, or rows of a context, that the extractor takes values for.
    """
    name = one_line(extractor["name"])
    if extractor["frozen"]:
        yield f"  {name} is encoded as an earlier run has fitted it"
    ids = [_table(column) for column in extractor["columns"] if "ids" in column]
    if ids:
        yield from wrapped(f"ids in {name}, with those for padding, null and unknown values: "
                           f"{listed(ids)}", "  ")
    nulls = [f"{one_line(column['name'])} {percent(column['nulls'] / rows)}"
             for column in extractor["columns"] if column["nulls"]]
    if nulls:
        yield from wrapped(f"nulls in {name}: {listed(nulls)}", "  ")


def _table(column: Described) -> str:
    shown, vectors = f"{one_line(column['name'])} {column['ids']:,}", column["vectors"]
    if vectors is None:
        return shown
    return (f"{shown} (vectors of {one_line(vectors['frame'])}, {vectors['width']} numbers each, "
            f"{'trained' if vectors['trained'] else 'frozen'})")


def joins_text(data: Described) -> Iterator[str]:
    """What each join found, those of contexts and of what is taken of their rows too."""
    contexts = data["contexts"]
    joins = [(extractor, step)
             for extractor in (*data["extractors"], *contexts,
                               *(part for context in contexts for part in context["extractors"]))
             for step in extractor["coverage"]]
    if not joins:
        return
    timed = any(step["as_of"] is not None for _, step in joins)
    why = "each takes one row, that of a unique key or the last one of its time" if timed \
        else "each key is unique in its frame"
    yield f"joins: {len(joins)}, {why}, so none gives a sample two rows"
    yield from table(
        ("extractor", "frame", "on", "matched", "missing", "null keys", "orphan rows", "such as"),
        [
            (
                one_line(extractor["name"]),
                one_line(step["frame"]),
                matched_text(step["columns"], step["as_of"]),
                percent(step["matched"] / max(1, step["samples"])),
                _missing(step),
                f"{step['null_keys']:,}",
                f"{step['orphans']:,} of {step['rows']:,}",
                ", ".join(map(one_line, step["missing_examples"])),
            )
            for extractor, step in joins
        ],
    )


def matched_text(columns: Sequence[str], as_of: Described | None) -> str:
    """The columns that are matched, and the times that are compared."""
    shown = list(map(one_line, columns))
    if as_of is not None:
        shown.append(f"{one_line(as_of['row'])} before {one_line(as_of['sample'])}")
    return ", ".join(shown)


def _missing(step: Described) -> str:
    budget = step["max_missing"]
    return f"{step['missing']:,}" + (f" (at most {percent(budget)})" if budget < 1 else "")
