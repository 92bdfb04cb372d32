"""A spec for a bundle and a label, drafted, then compiled until nothing is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..bundle import Bundle, BundleError
from ..data.dtypes import FLOAT, INTEGER
from ..data.preparation import PRIORITY
from ..diagnostics import codes
from ..diagnostics.diagnostic import Diagnostic, Result
from ..diagnostics.wording import count
from ..stages import Source
from ..text.pointer import inside
from ..text.pointer import join as below
from .facts import Columns
from .guesses import Guess
from .labels import Label, find_frame, judge_label
from .parts import LABEL, Part, Parts
from .splits import Split, splits, trained_rows

NAME = "draft"
"""The name of the text that diagnostics of a draft print."""

_MOST_TRIES = 20
_OUTSIDE = re.compile(r"[^A-Za-z0-9_.-]+")
_RARE = 2
"""Rows that a class has at least, or no part of a split could train on it and test it."""

_SIZES = ((2_000, 32, 50), (20_000, 128, 20), (200_000, 512, 10))
_LARGE = (1024, 5)
"""Training rows up to which a batch size and a number of epochs are taken; then the last."""


@dataclass(frozen=True)
class Drafted:
    """A spec that compiles on its bundle, and what was guessed for it."""

    spec: Mapping[str, Any]
    guesses: tuple[Guess, ...]


@dataclass(frozen=True, eq=False)
class _Sketch:
    """The parts of a draft; `split` is one of several ways."""

    index_frame: str
    label: Label
    classes_out: tuple[Any, ...]
    parts: tuple[Part, ...]
    split: Split
    guesses: tuple[Guess, ...]


def draft(bundle: Bundle, label: str) -> Result[Drafted]:
    """A spec that predicts the column `label` of the index frame, with a reason for each guess.

    Joins, ids, splits and the kind of label are told from the values. What the compiler refuses
    is left out, with its reason, so that a draft runs as it is.

    Reports: SC604, SC607, SC616, SC620, SC648 to SC650.
    """
    try:
        return _draft(bundle, label)
    except BundleError as error:
        return Result(None, error.diagnostics)


def _draft(bundle: Bundle, name: str) -> Result[Drafted]:
    found = find_frame(bundle, name)
    if found.stage is None:
        return Result(None, found.diagnostics)
    frame, file = found.stage, bundle.file(found.stage)
    if not bundle.rows(frame):
        return Result(None, (codes.EMPTY_FRAME.at(file=file, frame=frame),))
    columns = Columns(bundle)
    judged = judge_label(columns.of(frame, name), file)
    if judged.stage is None:
        return Result(None, judged.diagnostics)
    label = judged.stage
    parts = Parts(columns, frame, label)
    parts.find()
    guesses = [
        Guess("/extractors/label", f"learn {label.facts.name}, {label.task}", label.reason),
        *parts.unused,
    ]
    if bundle.index_frame is None:
        guesses.insert(0, Guess("/bundle/index_frame", f"take {frame} as the index frame",
                                f"it is the only frame with a column {name!r}"))
    ways = splits(columns, frame, label)
    sketches = [_Sketch(frame, label, _classes_out(columns, frame, label, way),
                        tuple(parts.parts), way, tuple(guesses)) for way in ways]
    return _accepted(columns, sketches)


def _accepted(columns: Columns, sketches: Sequence[_Sketch]) -> Result[Drafted]:
    """The first sketch that compiles, where need be without the parts that do not."""
    place, parts, left_out = 0, sketches[0].parts, tuple[Guess, ...]()
    errors: list[Diagnostic] = []
    for _ in range(_MOST_TRIES + len(sketches)):
        if not parts:
            reason = "no column is left to learn from"
            return _refused(columns.bundle, reason, left_out or sketches[place].guesses)
        sketch = replace(sketches[place], parts=parts,
                         guesses=(*sketches[place].guesses, *left_out))
        spec = _spec(columns, sketch)
        errors = _errors(spec, columns.bundle)
        if not errors:
            guesses = (*sketch.guesses, sketch.split.guess,
                       *(guess for part in parts for guess in part.guesses),
                       *_settings(columns, sketch, spec))
            return Result(Drafted(spec, guesses))
        mended, refused = _without_refused(parts, errors)
        if mended != parts:
            parts = mended
            left_out += refused
        elif place + 1 < len(sketches):
            place += 1
        else:
            break
    return _refused(columns.bundle, errors[0].message, ())


def _without_refused(parts: tuple[Part, ...], errors: Sequence[Diagnostic]
                     ) -> tuple[tuple[Part, ...], tuple[Guess, ...]]:
    """The parts without the columns that errors name, or without the part where they name none,
    and the reasons for the parts that are gone."""
    kept: list[Part] = []
    gone: list[Guess] = []
    for part in parts:
        place = below("/extractors", part.name)
        messages = [error.message for error in errors
                    if error.pointer is not None and inside(error.pointer, place)]
        if not messages:
            kept.append(part)
            continue
        named = {name: message for name in part.taken for message in messages
                 if f"the column {name!r}" in message}
        left = part.without(named)
        if left is not None:
            kept.append(left)
        else:
            gone.append(Guess("", f"leave out {part.name}", messages[0]))
    return tuple(kept), tuple(gone)


def _refused(bundle: Bundle, reason: str, guesses: Sequence[Guess]) -> Result[Drafted]:
    why = "; ".join(str(guess) for guess in guesses if not guess.pointer)
    return Result(None, (codes.NO_DRAFT.at(
        file=bundle.name, reason=f"{reason} ({why})" if why else reason),))


def _errors(spec: Mapping[str, Any], bundle: Bundle) -> list[Diagnostic]:
    from ..pipeline import compile_document, read

    document = read(Source(NAME, json.dumps(spec)))
    found = document.diagnostics
    if document.stage is not None:
        found += compile_document(document.stage, bundle).diagnostics
    return [diagnostic for diagnostic in found if diagnostic.is_error]


def _classes_out(columns: Columns, frame: str, label: Label, way: Split) -> tuple[Any, ...]:
    """Classes without a row to train on, or with too few rows to share out."""
    if not label.classes:
        return ()
    counts = label.facts.counts
    if way.step is None:
        training, _ = trained_rows(columns, frame, way)
        mine = label.facts.codes[training & label.facts.present]
        out = np.bincount(mine, minlength=len(counts)) == 0
    else:
        out = counts < _RARE
    values = label.facts.values.to_pylist()
    return tuple(values[place] for place in np.flatnonzero(out))


def _spec(columns: Columns, sketch: _Sketch) -> dict[str, Any]:
    bundle, label = columns.bundle, sketch.label
    settings: dict[str, Any] = {}
    if bundle.index_frame is None:
        settings["index_frame"] = sketch.index_frame
    where: list[dict[str, Any]] = []
    if sketch.classes_out:
        where.append({"column": label.facts.name, "is": "not_in",
                      "value": list(sketch.classes_out)})
    elif sketch.split.step is None and _without_label(columns, sketch):
        where.append({"column": label.facts.name, "is": "not_null"})
    prepare = [*([{"type": "filter", "where": where}] if where else []),
               *([sketch.split.step] if sketch.split.step is not None else [])]
    if prepare:
        settings["prepare"] = prepare
    taken: dict[str, Any] = {"type": "plain", "take_columns": [label.facts.name]}
    if label.transformer is not None:
        taken["transformer"] = label.transformer
    batch_size, epochs = _sizes(columns, sketch)
    training: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size,
                                **sketch.split.training}
    if not _can_draw(columns, sketch.index_frame):
        training["sampler"] = {"type": "shuffled"}
    return {
        "specc": 1,
        "name": _name(bundle.name),
        "description": f"Predicts {label.facts.name}. Drafted by specc init: read it, and "
        "change what it guessed wrong.",
        **({"bundle": settings} if settings else {}),
        "extractors": {LABEL: taken, **{part.name: part.extractor for part in sketch.parts}},
        "network": {
            "type": "feed_forward", "input_frames": [part.reads for part in sketch.parts],
            "factories": [
                {"type": "fully_connected", "sizes": [64, 32], "activation": "relu",
                 "output_activation": "relu"},
                {"type": "output"},
            ],
        },
        "loss": {"type": label.loss},
        "optimizer": {"type": "torch.optim:AdamW", "lr": 0.001},
        "metrics": [{"type": name} for name in label.metrics],
        "training": training,
    }


def _without_label(columns: Columns, sketch: _Sketch) -> int:
    """Rows that would be samples and have no label."""
    null = ~sketch.label.facts.present
    if sketch.split.step is None:
        null = null & trained_rows(columns, sketch.index_frame, sketch.split)[1]
    return int(np.count_nonzero(null))


def _name(text: str) -> str:
    name = _OUTSIDE.sub("_", text).lstrip("_.-")[:64]
    return name or NAME


def _rows(columns: Columns, sketch: _Sketch) -> int:
    """About how many rows train."""
    present = sketch.label.facts.present
    if sketch.split.step is None:
        training, _ = trained_rows(columns, sketch.index_frame, sketch.split)
        return int(np.count_nonzero(training & present))
    return int(np.count_nonzero(present) * 0.7)


def _sizes(columns: Columns, sketch: _Sketch) -> tuple[int, int]:
    rows = _rows(columns, sketch)
    for most, batch_size, epochs in _SIZES:
        if rows <= most:
            # Several steps an epoch for the smallest bundles too.
            while batch_size > 1 and batch_size > rows // 4:
                batch_size //= 2
            return batch_size, epochs
    return _LARGE


def _can_draw(columns: Columns, frame: str) -> bool:
    """Whether a column `priority`, where there is one, can be drawn by."""
    if PRIORITY not in columns.bundle.schema(frame).names:
        return True
    facts = columns.of(frame, PRIORITY)
    return facts.kind in (INTEGER, FLOAT) and not facts.nulls \
        and bool((facts.numbers >= 0).all() and np.isfinite(facts.numbers.sum())
                 and facts.numbers.any())


def _settings(columns: Columns, sketch: _Sketch, spec: Mapping[str, Any]) -> Sequence[Guess]:
    """What was guessed of rows and of training."""
    found = []
    label = sketch.label
    if sketch.classes_out:
        shown = ", ".join(map(str, sketch.classes_out[:5]))
        found.append(Guess("/bundle/prepare/0", f"leave out rows with {label.facts.name} {shown}",
                           f"{count(len(sketch.classes_out), 'class')} without enough rows to "
                           "train on"))
    nulls = _without_label(columns, sketch)
    if nulls:
        found.append(Guess("/bundle/prepare", f"leave out {count(nulls, 'row')}",
                           f"{label.facts.name} is null there"))
    training = spec["training"]
    if "sampler" in training:
        found.append(Guess("/training/sampler", "draw rows in random order",
                           "the column 'priority' holds no priorities"))
    found.append(Guess("/loss", f"minimise {label.loss}, measure {', '.join(label.metrics)}",
                       f"the label is {label.task}"))
    found.append(Guess("/training", f"{training['epochs']} epochs in batches of "
                       f"{training['batch_size']}",
                       f"about {_rows(columns, sketch):,} rows train"))
    return found
