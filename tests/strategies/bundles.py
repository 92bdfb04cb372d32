"""Small bundles: an index frame, frames to join, and everything that real data has wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from hypothesis import strategies as st

from .columns import (
    FORMS,
    LABELS,
    PLACES,
    SHARES,
    TIMES,
    column,
    generators,
    key_kinds,
    keys_of,
    with_nulls,
)
from .drawn import STORED, DrawnBundle, Events, Link
from .samples import priorities, splits_of, weights
from .schema import HOSTILE, happens, weighted

_NAMES = ("age", "Fare", "city", "since", "total_km", "day")
_FRAMES = ("planes", "weather", "shops", "a b", "wétter", "x.y", "label")
_ODD = 12

EVENTS, VECTORS = "events", "vectors"
"""The frame of many rows for each sample, and that of given vectors."""


def _names(count: int) -> st.SearchStrategy[list[str]]:
    """Different names of columns, some of them hostile."""
    name = weighted((5, st.sampled_from(_NAMES)), (1, st.sampled_from(HOSTILE)))
    return st.lists(name, min_size=count, max_size=count, unique=True)


_SOUND = [name for name, form in FORMS.items() if form.reads]


@st.composite
def _features(draw: st.DrawFn, rows: int, most: int,
              odd: bool) -> tuple[dict[str, str], dict[str, pa.Array]]:
    """Names and forms of some columns, and their values."""
    generator = draw(generators())
    names = draw(st.integers(1, most).flatmap(_names))
    forms: dict[str, str] = {}
    arrays: dict[str, pa.Array] = {}
    for name in names:
        forms[name] = draw(st.sampled_from(list(FORMS) if odd else _SOUND))
        form = FORMS[forms[name]]
        values = with_nulls(form.draw(generator, rows), draw(SHARES), generator)
        arrays[name] = column(form.dtype, values)
    return forms, arrays


@dataclass
class _Table:
    """A frame in the making."""

    rows: int
    arrays: dict[str, pa.Array]


@st.composite
def bundles(draw: st.DrawFn) -> DrawnBundle:
    """Bundles of 2 to 40 samples and up to five more frames; most of them are sound."""
    odd = draw(happens(_ODD))
    rows = draw(weighted((12, st.integers(14, 40)), (3, st.integers(6, 13)), (1, st.integers(2, 5)),
                         *([(1, st.integers(0, 1))] if odd else [])))
    generator = draw(generators())
    index = draw(weighted((4, st.just("index")), (1, st.sampled_from(_FRAMES))))
    forms, arrays = draw(_features(rows, 5, odd))
    label = draw(weighted((9, st.just("y")), (1, st.sampled_from(HOSTILE))))
    form = draw(st.sampled_from(list(LABELS)))
    share = draw(weighted((19, st.just(0.0)), (1, st.just(0.1))))
    forms.pop(label, None)
    values = with_nulls(LABELS[form].draw(generator, rows), share, generator)
    arrays[label] = column(LABELS[form].dtype, values)
    splits = draw(splits_of(rows)) if rows else None
    weight = draw(weights(rows))
    for name, array in (("split", splits), ("priority", draw(priorities(rows))),
                        ("weight", weight)):
        if array is not None and name != label:
            arrays[name] = array
            forms.pop(name, None)
    features, keys = {index: forms}, dict[str, tuple[str, ...]]()
    tables = {index: _Table(rows, arrays)}
    if draw(st.booleans()):
        repeated = odd and draw(st.booleans())
        arrays["id"] = keys_of("int64", [place // (2 if repeated else 1) for place in range(rows)])
        keys[index] = ("id",)
    if draw(happens(70)):
        count = draw(weighted((6, st.integers(5, 60)), (1, st.integers(0, 2))))
        features[EVENTS], own = draw(_features(count, 3, odd))
        tables[EVENTS] = _Table(count, own)
    links: dict[str, tuple[Link, ...]] = {}
    others = [name for name in _FRAMES if name != index]
    for frame in draw(st.lists(st.sampled_from(others), max_size=3, unique=True)):
        # Most frames hang on the index frame, some on another one: a chain of joins.
        owner = draw(weighted((5, st.just(index)), (3, st.sampled_from(sorted(tables)))))
        tables[frame], features[frame], link, keys[frame] = draw(
            _joined(frame, tables[owner], odd))
        links[owner] = (*links.get(owner, ()), link)
    events = draw(_events(tables, index, links, odd)) if EVENTS in tables else ()
    if draw(happens(20)):
        beside, own = draw(_features(rows, 3, odd))
        if index in keys:
            own["id"] = arrays["id"]
            keys["beside"] = ("id",)
        beside.pop("id", None)
        features["beside"] = beside
        tables["beside"] = _Table(rows, own)
    if draw(happens(40)):
        tables[VECTORS] = _Table(4, draw(_vectors(odd)))
        keys[VECTORS] = ("word",)
    return DrawnBundle(
        tables={name: pa.table(table.arrays) for name, table in tables.items()},
        index_frame=index, keys=keys, stored=draw(st.sampled_from(STORED)),
        told=draw(weighted((4, st.just(True)), (1, st.just(False)))), label=(label, form),
        features=features, links=links,
        splits=tuple(sorted({str(value) for value in splits.to_pylist() if value is not None}))
        if splits is not None and label != "split" else (),
        events=events, weighted=weight is not None and label != "weight",
    )


@st.composite
def _joined(draw: st.DrawFn, frame: str, owner: _Table,
            odd: bool) -> tuple[_Table, dict[str, str], Link, tuple[str, ...]]:
    """A frame that the owner looks up by one column or two."""
    generator = draw(generators())
    count = draw(weighted((6, st.integers(2, 12)), (1, st.integers(0, 1))))
    forms, own = draw(_features(count, 3, odd))
    key, looked_up = [], []
    for number in range(draw(weighted((4, st.just(1)), (1, st.just(2))))):
        here, there = draw(key_kinds(odd))
        name, foreign = f"key{number}", f"{frame} key{number}"
        places: list[int | None] = list(range(count))
        if odd and count and draw(happens(30)):
            places[-1] = draw(st.sampled_from([0, None]))
        own[name] = keys_of(here, places)
        reached = generator.integers(0, count + draw(st.sampled_from([0, 2])) + 1, owner.rows)
        owner.arrays[foreign] = keys_of(there, with_nulls(
            [int(place) for place in reached], draw(SHARES), generator))
        key.append(name)
        looked_up.append(foreign)
    return _Table(count, own), forms, Link(frame, tuple(looked_up)), tuple(key)


@st.composite
def _events(draw: st.DrawFn, tables: Mapping[str, _Table], index: str,
            links: Mapping[str, tuple[Link, ...]], odd: bool) -> tuple[Events, ...]:
    """Gives the frame of events keys, times and numbers, and the samples what goes with them."""
    generator = draw(generators())
    samples, rows = tables[index], tables[EVENTS]
    path: tuple[Link, ...] = ()
    if links.get(index) and draw(happens(25)):
        path = (draw(st.sampled_from(links[index])),)
    owner = tables[path[-1].frame] if path else samples
    on = {}
    for number in range(draw(weighted((5, st.just(1)), (2, st.just(2)), (1, st.just(0))))):
        here, there = draw(key_kinds(odd))
        name = draw(st.sampled_from([f"who{number}", f"event who{number}"]))
        for table, column_name, kind in ((owner, name, there), (rows, f"who{number}", here)):
            places = generator.integers(0, 4, table.rows)
            table.arrays[column_name] = keys_of(kind, with_nulls(
                [int(place) for place in places], draw(SHARES), generator))
        on[name] = f"who{number}"
    times = draw(st.sampled_from(TIMES))
    of_rows = draw(st.sampled_from(TIMES)) if odd else times
    numbers = draw(st.sampled_from(PLACES))
    others = draw(st.sampled_from(PLACES))
    for table, name, form in ((samples, "now", times), (rows, "at", of_rows),
                              (samples, "turn", numbers), (rows, "turn", others)):
        table.arrays[name] = column(FORMS[form].dtype, with_nulls(
            FORMS[form].draw(generator, table.rows), draw(SHARES), generator))
    found = [Events(EVENTS, path, on, ("now", "at"), ("turn", "turn"))]
    if draw(happens(40)):
        # The earlier samples of the same kind.
        samples.arrays["kind"] = keys_of("int64", generator.integers(0, 3, samples.rows).tolist())
        found.append(Events(index, (), {"kind": "kind"}, ("now", "now"), ("turn", "turn")))
    return tuple(found)


@st.composite
def _vectors(draw: st.DrawFn, odd: bool) -> dict[str, pa.Array]:
    """A vector for each of some words."""
    generator = draw(generators())
    words = ["a", "b", "a" if odd and draw(happens(20)) else "c", "é"]
    arrays = {"word": column(draw(st.sampled_from([pa.string(), pa.large_string()])), words)}
    for place in range(draw(st.integers(1, 4))):
        form = FORMS[draw(st.sampled_from(["float64", "float32", "int8"]))]
        share = draw(SHARES) if odd else 0.0
        arrays[f"x{place}"] = column(form.dtype, with_nulls(form.draw(generator, 4), share,
                                                            generator))
    return arrays
