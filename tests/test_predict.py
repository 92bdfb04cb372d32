"""`specc predict` and `specc evaluate`: a model folder and another bundle, and nothing else."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

sys.path.insert(0, str(Path(__file__).resolve().parent))

from conftest import write_bundle
from histories import AS_OF, Frames, context, reading, visits_and_events

import specc

Specc = Callable[..., Result]

AUTO = {"type": "auto"}
EXTRACTORS: dict[str, Any] = {
    "own": {"type": "plain", "take_columns": ["value", "kind", "time", "flag"],
            "transformer": AUTO},
    "bins": {"type": "plain", "take_columns": ["value"],
             "transformer": {"type": "piecewise_linear", "bins": 3}},
    "steps": {"type": "plain", "take_columns": ["positive"], "transformer": {
        "type": "continuous", "steps": [{"type": "log1p"}, {"type": "clip", "high": 3}],
        "scaler": {"type": "sklearn.preprocessing:QuantileTransformer"}}},
    "hashed": {"type": "plain", "take_columns": ["kind"],
               "transformer": {"type": "hash", "buckets": 5}},
    "late": {"type": "plain", "take_columns": ["kind"], "transformer": {"type": "target_encoding"}},
    "vector": {"type": "plain", "take_columns": ["vector"], "transformer": {"type": "vector"}},
    "tags": {"type": "plain", "take_columns": ["tags"], "transformer": {"type": "multi_hot"}},
    "ids": {"type": "embedding", "take_columns": ["kind"], "max_values": 2},
    "given": {"type": "embedding", "take_columns": ["kind"], "vectors": {"frame": "kinds"}},
    "fixed": {"type": "embedding", "take_columns": ["kind"],
              "vectors": {"frame": "kinds", "trained": False}},
    "parts": {"type": "combined", "extractors": {
        "item": {"type": "plain", "joins": [{"frame": "items", "on": "item", "max_missing": 0.9}],
                 "transformer": AUTO},
        "price": {"type": "plain", "take_columns": ["price"], "transformer": AUTO, "joins": [
            {"frame": "prices", "on": "item", "as_of": AS_OF}]}}},
    "past": context("events", {
        "sums": {"type": "group_by", "functions": ["count", "mean", "max"], "presence": True,
                 "scaler": {"type": "sklearn.preprocessing:StandardScaler"}},
        "steps": {"type": "sequence", "size": 3},
        "beside": {"type": "pivot", "size": 2, "presence": True}},
        ["value", "kind"], on="person", as_of=AS_OF),
}


def _frames(seed: int = 0, samples: int = 40) -> Frames:
    frames = visits_and_events(seed, samples=samples)
    rng = np.random.default_rng(seed)
    index = frames["index"]
    index["flag"] = pd.array(rng.choice([True, False, None], samples), dtype="boolean")
    index["positive"] = np.where(rng.random(samples) < 0.2, np.nan, rng.random(samples) * 9)
    index["vector"] = [[float(x), 1.0] for x in rng.normal(size=samples)]
    index["tags"] = [["x", "y"][: 1 + place % 2] for place in range(samples)]
    vectors = pd.DataFrame({"x": [0.1, 0.2, 0.3], "y": [1.0, 2.0, 3.0]},
                           index=pd.Index(["a", "b", "c"], name="kind"))
    return {**frames, "kinds": vectors}


def _run(spec: dict[str, Any], frames: Frames, folder: Path) -> Path:
    ran = specc.run(spec, frames, out=folder)
    assert ran.ok, str(ran)
    return ran.folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with every way of extracting."""
    spec = reading(EXTRACTORS, training={"epochs": 1})
    spec["metrics"] = [{"type": "sklearn.metrics:roc_auc_score"}]
    return _run(spec, _frames(), tmp_path_factory.mktemp("runs"))


def _unlabelled(frames: Frames) -> Frames:
    """What a bundle to predict needs, and no more."""
    return {**{name: frame for name, frame in frames.items() if name != "kinds"},
            "index": frames["index"].drop(columns=["late", "split"])}


def _bits(table: pd.DataFrame) -> bytes:
    return b"".join(table[name].to_numpy().tobytes() for name in _predicted(table))


def _predicted(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if "predicted" in name or "probability" in name]


def test_training_rows_get_the_predictions_of_the_run(run: Path) -> None:
    wanted = pd.read_parquet(run / "predictions.parquet")
    got = specc.load(run).predict(_unlabelled(_frames()))
    assert list(got["visit"]) == list(wanted["visit"])
    # A training row of the run was encoded without its own label.
    free = wanted["split"] == "test"
    assert 0 < free.sum() < len(free)
    assert _bits(got[free]) == _bits(wanted[free])
    assert np.allclose(got["predicted"], wanted["predicted"], atol=0.5)


@pytest.mark.parametrize("label", [
    {"type": "plain", "take_columns": ["late"]},
    {"type": "plain", "take_columns": ["team"], "transformer": {"type": "class_index"}},
    {"type": "plain", "take_columns": ["day"], "transformer": {"type": "class_index"}},
    {"type": "plain", "take_columns": ["amount"], "transformer": {"type": "standard"}},
    {"type": "plain", "take_columns": ["many"],
     "transformer": {"type": "multi_hot", "on_unseen": "error"}},
])
def test_every_form_of_label_is_predicted_to_the_bit(label: Any, tmp_path: Path) -> None:
    frames = _frames()
    index = frames["index"]
    index["team"] = ["red", "blue", "green", None][:3] * 13 + ["red"]
    index["day"] = pd.to_datetime(["2024-01-01", "2024-02-01"] * 20)
    index["amount"] = np.linspace(-5, 80, 40)
    index["many"] = [["p"], ["q"], ["p", "q"], []] * 10
    spec = reading({name: EXTRACTORS[name] for name in ("own", "past")}, label=label,
                   training={"epochs": 1})
    kind = label["take_columns"][0]
    spec["loss"] = {"type": {
        "late": "torch.nn:BCEWithLogitsLoss", "many": "torch.nn:BCEWithLogitsLoss",
        "amount": "torch.nn:MSELoss"}.get(kind, "torch.nn:CrossEntropyLoss")}
    spec["network"]["factories"][-1] = {"type": "output"}
    folder = _run(spec, frames, tmp_path)
    wanted = pd.read_parquet(folder / "predictions.parquet")
    given = _unlabelled(frames)
    given["index"] = given["index"].drop(columns=["team", "day", "amount", "many"])
    got = specc.load(folder).predict(given)
    rest = [name for name in wanted.columns
            if name != "split" and not name.partition(".")[2].startswith("true")
            and not name.startswith("true")]
    assert list(got.columns) == rest
    pd.testing.assert_frame_equal(got, wanted[rest], check_exact=True)


def test_heads_are_predicted_by_name(tmp_path: Path) -> None:
    frames = _frames()
    frames["index"]["amount"] = np.linspace(-5, 80, 40)
    spec = reading({"own": EXTRACTORS["own"]}, training={"epochs": 1})
    spec["extractors"]["amount"] = {"type": "plain", "take_columns": ["amount"],
                                    "transformer": {"type": "standard"}}
    del spec["loss"]
    spec["network"]["factories"].pop()
    spec["heads"] = {"late": {"label": "label", "loss": {"type": "torch.nn:BCEWithLogitsLoss"}},
                     "cost": {"label": "amount", "loss": {"type": "torch.nn:MSELoss"}}}
    folder = _run(spec, frames, tmp_path)
    given = _unlabelled(frames)
    given["index"] = given["index"].drop(columns="amount")
    got = specc.load(folder).predict(given)
    assert list(got.columns) == ["visit", "late.predicted", "cost.predicted"]
    wanted = pd.read_parquet(folder / "predictions.parquet")
    assert _bits(got) == _bits(wanted)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_predictions_do_not_depend_on_the_batch_size(run: Path, size: int) -> None:
    model, frames = specc.load(run), _unlabelled(_frames())
    table = model.prediction(frames, batch_size=size).table
    assert table is not None
    assert np.allclose(table["predicted"], model.predict(frames)["predicted"], rtol=0, atol=1e-6)


def test_predictions_do_not_depend_on_the_order_of_rows(run: Path) -> None:
    model, frames = specc.load(run), _unlabelled(_frames())
    wanted = model.predict(frames)
    order = np.random.default_rng(3).permutation(len(wanted))
    got = model.predict({**frames, "index": frames["index"].iloc[order]})
    assert list(got["visit"]) == list(wanted["visit"].iloc[order])
    assert np.allclose(got["predicted"], wanted["predicted"].iloc[order], rtol=0, atol=1e-6)


def test_a_row_is_predicted_alone_as_among_others(run: Path) -> None:
    model, frames = specc.load(run), _unlabelled(_frames())
    wanted = model.predict(frames)["predicted"].to_numpy()
    for place in (0, 5, 39):
        alone = model.predict({**frames, "index": frames["index"].iloc[[place]]})
        assert np.allclose(alone["predicted"], wanted[place], rtol=0, atol=1e-6)


def _all_null(frames: Frames) -> Frames:
    """Every column that a transformer reads is null, keys and times of samples too."""
    return {name: frame.assign(**dict.fromkeys(frame.columns))
            for name, frame in frames.items()}


def _all_unseen(frames: Frames) -> Frames:
    index = frames["index"]
    rows = len(index)
    index = index.assign(kind="zz", item="zz", person="zz", value=1e6, positive=1e6,
                         time=pd.Timestamp("2051-01-01"), tags=[["zz"]] * rows,
                         vector=[[1e6, -1e6]] * rows)
    events = frames["events"].assign(kind="zz", value=-1e6, person="zz")
    return {**frames, "index": index, "events": events}


def _one_row(frames: Frames) -> Frames:
    return {name: frame.iloc[:1] for name, frame in frames.items()}


def _empty(frames: Frames) -> Frames:
    return {name: frame.iloc[:0] for name, frame in frames.items()}


def _empty_beside(frames: Frames) -> Frames:
    return {**_empty(frames), "index": frames["index"]}


@pytest.mark.parametrize("change", [_all_null, _all_unseen, _one_row, _empty, _empty_beside])
def test_odd_bundles_are_predicted(run: Path, change: Callable[[Frames], Frames]) -> None:
    frames = change(_unlabelled(_frames()))
    got = specc.load(run).predict(frames)
    assert len(got) == len(frames["index"])
    assert list(got.columns) == ["visit", "predicted"]
    assert got["predicted"].dtype == "float64"
    assert got["predicted"].between(0, 1).all()


def test_an_empty_bundle_of_files_gives_an_empty_file(run: Path, tmp_path: Path,
                                                      specc: Specc) -> None:
    write_bundle(tmp_path / "empty", _empty(_unlabelled(_frames())))
    for name in ("out.parquet", "out.csv"):
        told = specc("predict", str(run), "empty", "--out", name)
        assert told.exit_code == 0, told.output
    assert pd.read_parquet(tmp_path / "out.parquet").shape == (0, 2)
    assert pd.read_csv(tmp_path / "out.csv").columns.to_list() == ["visit", "predicted"]


def test_other_storage_of_the_same_values_gives_the_same_bits(run: Path) -> None:
    frames = _unlabelled(_frames())
    wanted = specc.load(run).predict(frames)
    index = frames["index"].assign(
        kind=frames["index"]["kind"].astype("category"), shop=frames["index"]["shop"].astype(float),
        step=frames["index"]["step"].astype("int16"), unknown="extra",
        time=frames["index"]["time"].astype("datetime64[s]"))
    got = specc.load(run).predict({**frames, "index": index, "more": frames["items"]})
    assert _bits(got) == _bits(wanted)


def test_the_report_counts_what_training_did_not_see(run: Path) -> None:
    frames = _unlabelled(_frames())
    index = frames["index"].copy()
    index.iloc[:3, index.columns.get_loc("kind")] = ["new", "newer", None]
    index["value"] = [100.0, -100.0, *[0.5] * 38]
    told = specc.load(run).predict({**frames, "index": index}).attrs["report"]
    facts = {(entry["extractor"], entry["column"]): entry for entry in told["columns"]}
    trained = _frames()["index"].query("split == 'train'")
    assert told["rows"] == 40
    own = facts["own", "kind"]
    assert own["unseen"] == 2
    assert own["nulls"] == index["kind"].isna().sum()
    assert own["training_null_share"] == pytest.approx(trained["kind"].isna().mean())
    assert facts["own", "value"]["outside"] == 2
    assert facts["own", "value"]["unseen"] is None
    assert facts["hashed", "kind"]["unseen"] == facts["ids", "kind"]["unseen"] == 2
    assert facts["tags", "tags"]["unseen"] == 0
    assert facts["past", "kind"]["rows"] > 0


def test_the_model_folder_alone_is_enough(run: Path, tmp_path: Path, specc: Specc) -> None:
    write_bundle(tmp_path / "new", _unlabelled(_frames(5)))
    shutil.copytree(run / "model", tmp_path / "elsewhere")
    for place, out in ((str(run), "here.parquet"), ("elsewhere", "there.parquet")):
        told = specc("predict", place, "new", "--out", out)
        assert told.exit_code == 0, told.output
        assert told.output.endswith(f"predictions: {out}\n")
    assert (tmp_path / "here.parquet").read_bytes() == (tmp_path / "there.parquet").read_bytes()
    report = json.loads((tmp_path / "there.parquet.json").read_text("utf-8"))
    assert report["rows"] == 40


def test_evaluation_of_the_training_bundle_gives_its_metrics(run: Path, tmp_path: Path,
                                                             specc: Specc) -> None:
    write_bundle(tmp_path / "old", _frames())
    told = specc("evaluate", str(run), "old", "--split", "test", "--out", "metrics.json")
    assert told.exit_code == 0, told.output
    wanted = json.loads((run / "metrics.json").read_text("utf-8"))["splits"]["test"]
    assert json.loads((tmp_path / "metrics.json").read_text("utf-8")) == {
        "format": 1, "splits": {"test": wanted}}
    assert told.output == f"test: loss {wanted['loss']:.4f}  roc_auc_score " \
        f"{wanted['roc_auc_score']:.4f}\n"


def test_rows_with_a_label_are_evaluated_without_splits(run: Path) -> None:
    frames = _frames()
    index = frames["index"].drop(columns="split")
    index["late"] = index["late"].astype("Int64")
    index.iloc[:5, index.columns.get_loc("late")] = None
    found = specc.load(run).evaluate({**frames, "index": index})
    assert list(found) == ["all"]
    whole = specc.load(run).evaluate({**frames, "index": index.iloc[5:]})
    assert found["all"]["loss"] == pytest.approx(whole["all"]["loss"], abs=1e-6)


def test_unknown_split(run: Path) -> None:
    with pytest.raises(specc.Refused, match="SC660") as refused:
        specc.load(run).evaluate(_frames(), ["tets"])
    assert refused.value.diagnostics[0].help == "did you mean 'test'? known splits: test, train"


def test_nothing_to_evaluate(run: Path) -> None:
    frames = _frames()
    index = frames["index"].drop(columns="split").assign(late=pd.array([None] * 40, "Int64"))
    with pytest.raises(specc.Refused, match="SC660"):
        specc.load(run).evaluate({**frames, "index": index})


def _without(frames: Frames, frame: str, *columns: str) -> Frames:
    return {**frames, frame: frames[frame].drop(columns=list(columns))}


@pytest.mark.parametrize(("code", "change", "says"), [
    ("SC656", lambda frames: {name: frame for name, frame in frames.items() if name != "items"},
     "the model reads the frame 'items'"),
    ("SC657", lambda frames: _without(frames, "index", "kind"),
     "the model reads the column 'kind' of 'index'"),
    ("SC657", lambda frames: _without(frames, "events", "person"), "'person' of 'events'"),
    ("SC658", lambda frames: {**frames, "index": frames["index"].assign(kind=7)},
     "the column 'kind' of 'index' holds int64, the model was trained on"),
    ("SC658", lambda frames: {**frames, "index": frames["index"].assign(
        time=frames["index"]["time"].dt.tz_localize("UTC"))}, "'time' of 'index'"),
    ("SC659", lambda frames: {**frames, "events": frames["events"].assign(
        time=pd.Timestamp("2024-03-01 00:00:00.000000001"))}, "'time' of 'events' does not fit"),
    ("SC612", lambda frames: {**frames, "items": pd.concat([frames["items"]] * 2)}, "'item'"),
    ("SC709", lambda frames: {**frames, "index": frames["index"].assign(
        vector=[[1.0]] * len(frames["index"]))}, "vector"),
])
def test_a_bundle_that_does_not_fit_is_refused(run: Path, code: str, says: str,
                                               change: Callable[[Frames], Frames]) -> None:
    with pytest.raises(specc.Refused, match=code) as refused:
        specc.load(run).predict(change(_unlabelled(_frames())))
    assert says in str(refused.value)
    assert all(found.help for found in refused.value.diagnostics if found.code == code)


@pytest.mark.parametrize(("transformer", "column", "value", "code"), [
    ({"type": "categorical", "on_unseen": "error"}, "kind", "zz", "SC702"),
    ({"type": "categorical", "on_null": "error"}, "item", None, "SC615"),
    ({"type": "standard"}, "value", None, "SC615"),
])
def test_values_that_the_spec_refuses_are_refused(
        transformer: Any, column: str, value: Any, code: str, tmp_path: Path) -> None:
    frames = _frames()
    index = frames["index"]
    index[column] = index[column].bfill().ffill()
    spec = reading({"own": {"type": "plain", "take_columns": [column],
                            "transformer": transformer}}, training={"epochs": 1})
    folder = _run(spec, frames, tmp_path)
    specc.load(folder).predict(frames)
    index[column] = [value, *index[column].iloc[1:]]
    with pytest.raises(specc.Refused, match=code):
        specc.load(folder).predict(frames)


def test_steps_of_the_spec_are_taken_without_the_label(tmp_path: Path) -> None:
    frames = _frames()
    frames["index"]["delay"] = np.where(np.arange(40) % 9 == 8, np.nan, np.arange(40.0) - 18)
    spec = reading({"own": {"type": "plain", "take_columns": ["double", "kind"],
                            "transformer": AUTO},
                    "past": EXTRACTORS["past"]},
                   label={"type": "plain", "take_columns": ["is_late"]}, training={"epochs": 1})
    spec["bundle"] = {"prepare": [
        {"type": "filter", "where": [{"column": "delay", "is": "not_null"}]},
        {"type": "filter", "where": [{"column": "step", "is": "above", "value": 2}]},
        {"type": "filter", "frame": "events", "where": [{"column": "fine", "is": "equal",
                                                        "value": True}]},
        {"type": "derive", "column": "is_late", "operation": {
            "type": "compare", "left": "delay", "is": "above", "right": 0}},
        {"type": "derive", "column": "double", "operation": {
            "type": "add", "operands": ["value", "value"]}},
    ]}
    checked = specc.validate(spec, frames)
    assert checked.ok, str(checked)
    folder = _run(spec, frames, tmp_path)
    wanted = pd.read_parquet(folder / "predictions.parquet").set_index("visit")
    given = _unlabelled(frames)
    given["index"] = given["index"].drop(columns="delay")
    got = specc.load(folder).predict(given).set_index("visit")
    # The filter by a feature counts, the one by the label does not.
    assert len(got) == (frames["index"]["step"] > 2).sum() > len(wanted)
    assert np.allclose(got.loc[wanted.index, "predicted"], wanted["predicted"], rtol=0, atol=1e-6)
    metrics = specc.load(folder).evaluate(frames)
    assert metrics["test"]["loss"] == pytest.approx(
        json.loads((folder / "metrics.json").read_text("utf-8"))["splits"]["test"]["loss"])


def test_budgets_for_missing_rows_are_for_training(run: Path) -> None:
    frames = _unlabelled(_frames())
    frames["index"]["item"] = "zz"
    assert len(specc.load(run).predict(frames)) == 40


def test_keys_of_training_hold_where_the_bundle_names_none(run: Path) -> None:
    frames = _unlabelled(_frames())
    wanted = specc.load(run).predict(frames)
    got = specc.load(run).predict({name: frame.reset_index() for name, frame in frames.items()})
    assert list(got.columns) == ["row", "predicted"]
    assert _bits(got) == _bits(wanted)


def test_out_of_another_kind_is_a_usage_error(run: Path, specc: Specc) -> None:
    assert specc("predict", str(run), "bundle", "--out", "x.xlsx").exit_code == 2


def test_out_that_cannot_be_written(run: Path, tmp_path: Path, specc: Specc) -> None:
    write_bundle(tmp_path / "new", _unlabelled(_frames()))
    (tmp_path / "file").write_text("")
    told = specc("predict", str(run), "new", "--out", "file/x.csv")
    assert told.exit_code == 1
    assert "SC646" in told.output


def test_predict_prints_findings_as_json(run: Path, specc: Specc) -> None:
    told = specc("predict", str(run), "nowhere", "--out", "x.csv", "--format", "json")
    assert told.exit_code == 1
    assert json.loads(told.output)["diagnostics"][0]["code"] == "SC601"


def test_a_model_predicts_one_bundle_after_another(run: Path) -> None:
    model = specc.load(run)
    first, second = _unlabelled(_frames(1)), _unlabelled(_frames(2))
    wanted = model.predict(first)
    model.predict(second)
    assert _bits(model.predict(first)) == _bits(wanted)
