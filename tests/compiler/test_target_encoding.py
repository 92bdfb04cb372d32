"""`target_encoding` through the compiler: out of fold, smoothed, and the label's alone to give."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from specc.compiler.stages import Plan

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from histories import encoded, planned, reading

import specc

Frames = dict[str, pd.DataFrame]

KINDS = ["a", "b", "c", None]


def _frames(seed: int = 0, rows: int = 60, late: Any = None) -> Frames:
    """Training samples, then ten that test: two of an unseen kind, two without one."""
    rng = np.random.default_rng(seed)
    kind = [*rng.choice(KINDS, rows - 10), "a", "b", "c", "a", "b", "c", "new", "odd", None, None]
    index = pd.DataFrame({
        "kind": pd.Series(kind, dtype="str"),
        "late": rng.integers(0, 2, rows) if late is None else late,
        "split": ["train"] * (rows - 10) + ["test"] * 10})
    return {"index": index}


def _spec(label: Any = None, **properties: Any) -> dict[str, Any]:
    return reading({"kind": {"type": "plain", "take_columns": ["kind"], "transformer": {
        "type": "target_encoding", **properties}}}, label=label)


def _folds(plan: Plan) -> np.ndarray:
    fold_of = plan.shaped.fitted.extractors["kind"].fold_of
    assert fold_of is not None
    return fold_of


@pytest.mark.parametrize("smoothing", [0.0, 10.0])
def test_each_sample_reads_the_smoothed_mean_of_other_folds(smoothing: float) -> None:
    frames = _frames()
    plan = planned(_spec(smoothing=smoothing), frames)
    folds, found = _folds(plan), encoded(plan, "kind")[:, 0]
    kind, late = frames["index"]["kind"].fillna("null"), frames["index"]["late"]
    assert set(folds[:50]) == set(range(5))
    assert (folds[50:] == -1).all()
    for sample in range(60):
        others = (folds >= 0) & (folds != folds[sample])
        prior = late[others].mean()
        same = late[others & (kind == kind[sample])]
        weight = len(same) + smoothing
        wanted = (same.sum() + smoothing * prior) / weight if weight else prior
        assert found[sample] == pytest.approx(wanted, abs=1e-6), sample


def test_unseen_values_read_the_mean_of_all_and_nulls_their_own() -> None:
    frames = _frames()
    found = encoded(planned(_spec(smoothing=0.0), frames), "kind")[:, 0]
    training = frames["index"][:50]
    assert found[56] == found[57] == pytest.approx(training["late"].mean())
    assert found[58] == pytest.approx(training["late"][training["kind"].isna()].mean())
    refused = specc.validate(_spec(on_unseen="error"), frames)
    assert [one.code for one in refused.diagnostics if one.is_error] == ["SC702"]
    assert '"on_unseen": "prior"' in str(refused)


def test_the_own_label_does_not_move_the_own_encoding() -> None:
    frames = _frames()
    before = encoded(planned(_spec(), frames), "kind")
    for sample in range(0, 50, 7):
        late = frames["index"]["late"].to_numpy(copy=True)
        late[sample] = 1 - late[sample]
        after = encoded(planned(_spec(), _frames(late=late)), "kind")
        assert before[sample].tobytes() == after[sample].tobytes()
        assert before.tobytes() != after.tobytes()


def test_labels_that_do_not_train_move_nothing() -> None:
    late = _frames()["index"]["late"].to_numpy(copy=True)
    late[50:] = 1 - late[50:]
    assert encoded(planned(_spec(), _frames()), "kind").tobytes() == encoded(
        planned(_spec(), _frames(late=late)), "kind").tobytes()


def test_class_numbers_give_a_column_for_each_class() -> None:
    names = np.array(["red", "green", "blue"])
    rng = np.random.default_rng(1)
    late = names[rng.integers(0, 3, 60)]
    label = {"type": "plain", "take_columns": ["late"], "transformer": {"type": "class_index"}}
    spec = _spec(label, smoothing=0.0)
    spec["loss"] = {"type": "torch.nn:CrossEntropyLoss"}
    plan = planned(spec, _frames(late=late))
    entry = plan.shaped.fitted.extractors["kind"]
    assert entry.feature_names == ("kind_mean_blue", "kind_mean_green", "kind_mean_red")
    found = encoded(plan, "kind")
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-6)
    assert found[56].tolist() == pytest.approx(
        [(late[:50] == name).mean() for name in ("blue", "green", "red")])


def test_equal_rows_of_different_folds_are_told_apart() -> None:
    """The values of a frame are stored once, but for each fold."""
    plan = planned(_spec(smoothing=0.0), _frames())
    folds, found = _folds(plan), encoded(plan, "kind")[:, 0]
    a = np.flatnonzero(_frames()["index"]["kind"].to_numpy() == "a")
    assert len({(folds[row], found[row]) for row in a}) == len({folds[row] for row in a})
    assert len({found[row] for row in a}) > 1
