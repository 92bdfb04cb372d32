"""Extractors that fit a bundle: columns of one row, ids, several side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from .columns import FORMS
from .drawn import DrawnBundle, Events
from .places import join
from .schema import Builder, Json, happens, mostly_without, weighted

ROWS, IDS, STEPS, ID_STEPS = "rows", "ids", "steps", "ids of steps"
"""What a frame of the batch is: numbers, ids beside them, and both for each step."""

_FILL = {"categorical": "a", "datetime": "2024-01-02T03:04:05"}
"""Transformer -> what its nulls are filled with."""

_KINDS = ("auto", "auto", "continuous", "categorical", "identity", "datetime", "piecewise_linear",
          "hash", "standard", "vector", "multi_hot", "target_encoding")
"""Transformers of features."""

_PARTS = ("own", "b/c", "p.q", "é")


def row_extractors(bundle: DrawnBundle, builder: Builder, start: str | None = None,
                   numbers: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Extractors over samples, or over the rows of a context.

    Args:
        start: the frame of the context; None for samples.
        numbers: whether ids are left out.
    """
    plain = plains(bundle, builder, start)
    if numbers:
        return weighted((6, plain), (1, combined(plain)))
    ids = embeddings(bundle, builder, start)
    return weighted((12, plain), (5, ids), (2, combined(plain)), (1, combined(plain | ids)))


@st.composite
def plains(draw: st.DrawFn, bundle: DrawnBundle, builder: Builder,
           start: str | None = None) -> dict[str, Any]:
    """Columns of one frame, most of them such as their transformer reads."""
    extractor, frame = draw(_chain(bundle, "plain", start))
    forms = bundle.features[frame]
    read = {kind for form in forms.values() for kind in FORMS[form].reads}
    kind = draw(st.sampled_from(
        [kind for kind in _KINDS if kind in read and (kind != "target_encoding" or start is None)]
        or ["categorical"]))
    fitting = [name for name, form in forms.items() if kind in FORMS[form].reads]
    if draw(happens(4)) or not forms:
        extractor["take_columns"] = draw(builder.place("extractor.plain/take_columns"))
    elif fitting:
        extractor["take_columns"] = draw(st.lists(st.sampled_from(fitting), min_size=1,
                                                  max_size=3, unique=True))
    else:
        kind = "categorical"
        extractor["take_columns"] = [draw(st.sampled_from(sorted(forms)))]
    extractor["transformer"] = draw(builder.family("transformer", [kind]))
    mostly_without(draw, extractor["transformer"], "on_null", "on_unseen", "continuous",
                   "categorical", "datetime")
    for step in extractor["transformer"].get("steps", ()):
        if step["type"] == "log1p":
            step["signed"] = not draw(happens(10))
        elif len(step) == 1 or draw(happens(80)):
            step["high_quantile"] = 0.9
    for key, percent in (("nulls", 4), ("fill_value", 1), ("missing_rows", 6), ("fit", 1)):
        if draw(happens(percent)):
            extractor[key] = draw(builder.place(f"extractor.plain/{key}"))
    others = sorted(set(forms) - set(map(str, extractor["take_columns"])))
    if others and draw(happens(10)):
        extractor["drop_columns"] = [draw(st.sampled_from(others))]
    if extractor.get("nulls") == "fill" or kind in ("identity", "standard"):
        flags = [forms.get(str(name)) == "boolean" for name in extractor["take_columns"]]
        if any(flags) and not all(flags):
            # No value is one of both.
            extractor["take_columns"] = extractor["take_columns"][:1]
        fill = False if flags[0] else _FILL.get(kind, 0)
        extractor |= {"nulls": "fill",
                      "fill_value": draw(weighted((12, st.just(fill)),
                                                  (1, st.sampled_from([1, False, "a", None]))))}
    return extractor


@st.composite
def embeddings(draw: st.DrawFn, bundle: DrawnBundle, builder: Builder,
               start: str | None = None) -> dict[str, Any]:
    """Ids of columns, some with a frame of given vectors."""
    extractor, frame = draw(_chain(bundle, "embedding", start))
    forms = bundle.features[frame]
    words = [name for name, form in forms.items() if "string" in form]
    vectors = "vectors" in bundle.tables and draw(happens(60 if words else 5))
    fitting = words if vectors else [name for name, form in forms.items()
                                     if "categorical" in FORMS[form].reads]
    extractor["take_columns"] = draw(st.lists(
        st.sampled_from(fitting or sorted(forms) or ["x"]), min_size=1, max_size=2, unique=True))
    for key in ("max_values", "min_count", "on_unseen"):
        if draw(happens(20)):
            extractor[key] = draw(builder.place(f"extractor.embedding/{key}"))
    mostly_without(draw, extractor, "on_unseen")
    if vectors:
        extractor["vectors"] = {"frame": "vectors", **draw(st.fixed_dictionaries({}, optional={
            "columns": st.sampled_from([["x*"], ["x0"], [{"dtype": "number"}]]),
            "trained": st.booleans()}))}
    return extractor


def combined(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """One part or several side by side, some of them combined themselves."""
    parts = st.dictionaries(st.sampled_from(_PARTS), inner, min_size=1, max_size=2)
    once = parts.map(lambda those: {"type": "combined", "extractors": those})
    return weighted((4, once), (1, st.builds(
        lambda those, more: {"type": "combined", "extractors": {**those, "in": more}},
        parts, once)))


@st.composite
def _chain(draw: st.DrawFn, bundle: DrawnBundle, kind: str,
           start: str | None) -> tuple[dict[str, Any], str]:
    """An extractor with its joins, some of them by time, and the frame at their end."""
    frame = bundle.index_frame if start is None else start
    joins: list[Json] = []
    by_time = [events for events in bundle.events if start is None or not events.path]
    while len(joins) < 4 and draw(st.booleans()):
        here = [events for events in by_time if frame == (
            events.path[-1].frame if events.path else bundle.index_frame)]
        links = bundle.links.get(frame, ())
        if here and (not links or draw(happens(30))):
            time = next((events.times[1] for events in bundle.events if events.frame == start),
                        None)
            joins.append(draw(_as_of(draw(st.sampled_from(here)), time)))
        elif links:
            joins.append(join(draw(st.sampled_from(links))))
        else:
            break
        frame = joins[-1]["frame"]
    extractor: dict[str, Any] = {"type": kind}
    if joins:
        extractor["joins"] = joins
    elif start is None and "beside" in bundle.tables and draw(st.booleans()):
        extractor["frame"] = frame = "beside"
    return extractor, frame


@st.composite
def _as_of(draw: st.DrawFn, events: Events, time: str | None) -> dict[str, Any]:
    """The last of the events before the sample; of a row of a context, before its `time`."""
    sample, row = events.times
    on = draw(weighted((4, st.just(dict(events.on) or None)), (1, st.none())))
    step = {"frame": events.frame, "on": on,
            "as_of": {"sample": time or sample, "row": row}}
    if draw(happens(10)):
        step["max_missing"] = draw(st.sampled_from([0.0, 0.5, 1.0]))
    return step


def frames_of(extractors: Mapping[str, Json]) -> dict[str, str]:
    """Every frame that a network can read of some extractors, and what it is."""
    found = {}
    for name, value in extractors.items():
        if value["type"] != "context":
            found[name] = IDS if gives_ids(value) else ROWS
            continue
        steps = ID_STEPS if gives_ids(value.get("extractor", {"type": "plain"})) else STEPS
        for aggregation, inner in value["aggregations"].items():
            found[f"{name}.{aggregation}"] = steps if inner["type"] == "sequence" else ROWS
    return found


def gives_ids(value: Json) -> bool:
    """Whether an extractor gives ids, alone or beside numbers."""
    if value["type"] == "combined":
        return any(map(gives_ids, value["extractors"].values()))
    return bool(value["type"] == "embedding")
