"""Every transformer of the vocabulary predicts on bundles that are nothing like training.

One run for each transformer and column that it may stand on; its model predicts a bundle that is
null everywhere, one of values that training never saw, one of one row, and an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from specc.schema.declaration import Type
from specc.schema.transformers import IMPUTERS, SCALERS, STEPS, TRANSFORMERS

import specc

ROWS = 40

COLUMNS: dict[str, tuple[str, ...]] = {
    "auto": ("number", "whole", "flag", "word", "time"),
    "continuous": ("number", "whole"),
    "piecewise_linear": ("number", "whole"),
    "categorical": ("word", "whole", "flag"),
    "hash": ("word", "whole"),
    "target_encoding": ("word", "whole"),
    "datetime": ("time",),
    "identity": ("whole", "flag"),
    "vector": ("vector",),
    "multi_hot": ("tags",),
}
"""Transformer of features -> the columns that it is tried on."""

LABELS = {"standard": "number", "class_index": "word"}
"""Transformer of labels -> the column."""

STRICT = {"error"}
"""What a spec says to refuse a value: such a bundle is not predicted, but told."""


def _frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)

    def some(values: list[Any]) -> list[Any]:
        return [values[place] for place in rng.integers(len(values), size=ROWS)]

    return pd.DataFrame({
        "number": rng.random(ROWS) * 9,
        "whole": pd.array(some([1, 2, 3]), "Int64"),
        "flag": pd.array(some([True, False]), "boolean"),
        "word": some(["a", "b", "c"]),
        "time": pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 999, ROWS), "h"),
        "vector": [[float(each), 1.0] for each in rng.normal(size=ROWS)],
        "tags": [["x", "y"][: 1 + place % 2] for place in range(ROWS)],
        "late": rng.integers(0, 2, ROWS),
        "split": np.where(np.arange(ROWS) % 4, "train", "test"),
    })


def _forms(transformer: Type) -> Iterator[dict[str, Any]]:
    """Every example of a transformer, and one for each part that it may hold."""
    for example in transformer.examples:
        yield {"type": transformer.name, **example}
    if transformer.name == "vector":
        yield {"type": "vector", "length": 2}
    if transformer.name == "continuous":
        for key, parts in (("scaler", SCALERS), ("imputer", IMPUTERS)):
            for part in parts:
                for example in part.examples:
                    yield {"type": "continuous", key: {"type": part.name, **example}}
        for step in STEPS:
            for example in step.examples:
                yield {"type": "continuous", "steps": [{"type": step.name, **example}]}


def _is_strict(form: dict[str, Any]) -> bool:
    return bool({form.get("on_null"), form.get("on_unseen")} & STRICT) or (
        form["type"] == "identity" and "on_null" not in form)


def _cases() -> Iterator[Any]:
    for transformer in TRANSFORMERS:
        for column in COLUMNS.get(transformer.name, ()):
            forms = [form for form in _forms(transformer)
                     if form.get("length", 2) == 2 and not _is_strict(form)]
            yield pytest.param(column, forms, id=f"{transformer.name}-{column}")


def _model(column: str, forms: list[dict[str, Any]], folder: Path) -> specc.Model:
    extractors: dict[str, Any] = {
        f"form {place}": {"type": "plain", "take_columns": [column], "transformer": form}
        for place, form in enumerate(forms)}
    return _trained({
        "extractors": {**extractors, "label": {"type": "plain", "take_columns": ["late"]}},
        "network": {"type": "fully_connected", "sizes": [3, 1], "input_frames": [*extractors]},
        "loss": {"type": "torch.nn:BCEWithLogitsLoss"},
    }, folder)


def _trained(spec: dict[str, Any], folder: Path) -> specc.Model:
    spec = {"specc": 1, **spec, "training": {"epochs": 1, "batch_size": 16}}
    ran = specc.run(spec, {"index": _frame()}, out=folder)
    assert ran.ok, str(ran)
    return specc.load(ran.folder)


def _all_null(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(**dict.fromkeys(frame.columns))


def _all_unseen(frame: pd.DataFrame) -> pd.DataFrame:
    rows = len(frame)
    return frame.assign(number=1e6, whole=pd.array([10**9] * rows, "Int64"), word="zz",
                        time=pd.Timestamp("2091-01-01"), tags=[["zz"]] * rows,
                        vector=[[1e6, -1e6]] * rows)


def _one_row(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[:1]


def _empty(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[:0]


ODD: tuple[Callable[[pd.DataFrame], pd.DataFrame], ...] = (
    _all_null, _all_unseen, _one_row, _empty)


def test_every_transformer_is_tried() -> None:
    assert {transformer.name for transformer in TRANSFORMERS} == {*COLUMNS, *LABELS}


@pytest.mark.parametrize(("column", "forms"), [*_cases()])
def test_odd_bundles_are_predicted(column: str, forms: list[dict[str, Any]],
                                   tmp_path: Path) -> None:
    model = _model(column, forms, tmp_path)
    for change in ODD:
        frame = change(_frame().drop(columns=["late", "split"]))
        predicted = model.predict({"index": frame})["predicted"]
        assert len(predicted) == len(frame), change
        assert predicted.between(0, 1).all(), change
        # Rows that are alike are predicted alike.
        if change in (_all_null, _all_unseen) and column != "flag":
            assert np.ptp(predicted) < 1e-6, change


@pytest.mark.parametrize("transformer", LABELS)
def test_labels_that_are_not_there_are_not_missed(transformer: str, tmp_path: Path) -> None:
    classes = transformer == "class_index"
    model = _trained({
        "extractors": {
            "number": {"type": "plain", "take_columns": ["whole"],
                       "transformer": {"type": "continuous"}},
            "label": {"type": "plain", "take_columns": [LABELS[transformer]],
                      "transformer": {"type": transformer}}},
        "network": {"type": "fully_connected", "sizes": [3 if classes else 1],
                    "input_frames": ["number"]},
        "loss": {"type": "torch.nn:CrossEntropyLoss" if classes else "torch.nn:MSELoss"},
    }, tmp_path)
    for change in ODD:
        frame = change(_frame()[["whole"]])
        predicted = model.predict({"index": frame})["predicted"]
        assert len(predicted) == len(frame) and predicted.notna().all(), change


_STRICT_CASES = [
    pytest.param(column, {"type": name, "on_null": "error"}, _all_null, "SC615", id=f"{name}-null")
    for name, column in (("continuous", "number"), ("piecewise_linear", "number"),
                         ("categorical", "word"), ("hash", "word"), ("target_encoding", "word"),
                         ("datetime", "time"), ("identity", "whole"), ("vector", "vector"),
                         ("multi_hot", "tags"))
] + [
    pytest.param(column, {"type": name, "on_unseen": "error"}, _all_unseen, "SC702",
                 id=f"{name}-unseen")
    for name, column in (("categorical", "word"), ("target_encoding", "word"),
                         ("multi_hot", "tags"))
]


@pytest.mark.parametrize(("column", "form", "change", "code"), _STRICT_CASES)
def test_what_a_spec_refuses_is_told(column: str, form: dict[str, Any], change: Any, code: str,
                                     tmp_path: Path) -> None:
    model = _model(column, [form], tmp_path)
    for odd in (_one_row, _empty):
        frame = odd(_frame()[[column]])
        assert len(model.predict({"index": frame})) == len(frame)
    with pytest.raises(specc.Refused) as refused:
        model.predict({"index": change(_frame()[[column]])})
    (found,) = refused.value.diagnostics
    assert found.code == code
    assert found.help
